//! The page on which tokens are made, as a browser without scripts sees it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{COOKIE, SET_COOKIE};
use reqwest::{Method, Response};
use sha2::{Digest, Sha256};

use super::{OWNER, PASSWORD, TOKEN, web, with_token};
use crate::raw_host::{RawHost, initialize};

const PAGE: &str = "/admin/ai-connector";

/// A browser that has signed in.
struct Browser<'a> {
    host: &'a RawHost,
    cookie: String,
}

impl<'a> Browser<'a> {
    async fn sign_in(host: &'a RawHost, email: &str, role: &str) -> Self {
        let response = submitted(host, "/sign-in", "", &sign_in(email, PASSWORD, role)).await;
        assert_eq!(response.status(), 303);
        let cookie = response.headers()[SET_COOKIE].to_str().unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
        Self { host, cookie: cookie.split(';').next().unwrap().to_owned() }
    }

    async fn page(&self) -> String {
        let (page, policy) = self.page_and_policy().await;
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        page
    }

    async fn page_and_policy(&self) -> (String, String) {
        let get = web(self.host, Method::GET, PAGE).header(COOKIE, &self.cookie);
        let response = get.send().await.unwrap();
        let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
        (response.text().await.unwrap(), policy)
    }

    /// Sends a form of the page and gives the page after it.
    async fn send(&self, form: &str, fields: &[(&str, &str)]) -> String {
        let page = self.page().await;
        let secret = value_of(&page, "name=\"form\" value=\"");
        let fields = [&[("form", secret.as_str())], fields].concat();
        let response = submitted(self.host, form, &self.cookie, &fields).await;
        assert_eq!(response.status(), 303);
        self.page().await
    }
}

fn sign_in<'a>(email: &'a str, password: &'a str, role: &'a str) -> [(&'a str, &'a str); 3] {
    [("email", email), ("password", password), ("role", role)]
}

async fn submitted(host: &RawHost, form: &str, cookie: &str, fields: &[(&str, &str)]) -> Response {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    web(host, Method::POST, &format!("{PAGE}{form}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .header(COOKIE, cookie)
        .body(body)
        .send()
        .await
        .unwrap()
}

fn value_of(page: &str, before: &str) -> String {
    let (_, rest) = page.split_once(before).unwrap_or_else(|| panic!("no {before} in {page}"));
    rest.split(['"', '<']).next().unwrap().to_owned()
}

/// Changes the owner's password on the page.
pub async fn change_password(host: &RawHost, new: &str) {
    let browser = Browser::sign_in(host, OWNER, "").await;
    let page = browser.send("/password", &[("old", PASSWORD), ("new", new)]).await;
    assert!(page.contains("The password was changed"), "{page}");
    assert!(page.contains("There are no valid tokens."), "{page}");
}

async fn opens(host: &mut RawHost, token: &str) -> u16 {
    host.set("authorization", &format!("Bearer {token}"));
    host.post(&initialize("2025-06-18")).await.status().as_u16()
}

#[tokio::test]
async fn a_token_is_created_shown_once_and_revoked() {
    let mut host = with_token();
    let token = {
        let browser = Browser::sign_in(&host, OWNER, "manager").await;
        let label = "<script>alert(1)</script>";
        let page = browser.send("/tokens", &[("role", "viewer"), ("label", label)]).await;
        assert!(!page.contains("<script>alert") && page.contains("&lt;script&gt;"), "{page}");
        let token = value_of(&page, "<pre id=\"token\">");
        assert!(page.contains("codex") && page.contains("mcpServers"), "snippets are shown");
        assert!(!browser.page().await.contains(&token), "never again");
        token
    };
    assert_eq!(opens(&mut host, &token).await, 200);

    let browser = Browser::sign_in(&host, OWNER, "").await;
    // The newest stands first.
    let number = value_of(&browser.page().await, "name=\"id\" value=\"");
    let page = browser.send("/tokens/revoke", &[("id", &number)]).await;
    assert!(page.contains("The token was revoked."), "{page}");
    let page = browser.send("/tokens/revoke", &[("id", &number)]).await;
    assert!(page.contains("There is no such token."), "{page}");
    assert_eq!(opens(&mut host, &token).await, 401);
    assert_eq!(opens(&mut host, TOKEN).await, 200);
}

/// S-55: a script runs only on the page that shows a new token, which names it by its hash.
#[tokio::test]
async fn the_page_of_a_new_token_runs_its_own_script_and_no_other() {
    let host = with_token();
    let browser = Browser::sign_in(&host, OWNER, "").await;
    let (_, policy) = browser.page_and_policy().await;
    assert!(!policy.contains("script-src"), "{policy}");
    assert!(!browser.page().await.contains("<script"), "only with a new token");

    let page = browser.page().await;
    let secret = value_of(&page, "name=\"form\" value=\"");
    let fields = [("form", secret.as_str()), ("role", "viewer"), ("label", "laptop")];
    submitted(&host, "/tokens", &browser.cookie, &fields).await;
    let (page, policy) = browser.page_and_policy().await;
    let scripts: Vec<&str> = page.split("<script>").skip(1).collect();
    assert_eq!(scripts.len(), 1, "{page}");
    let script = scripts[0].split("</script>").next().unwrap();
    let hash = STANDARD.encode(Sha256::digest(script));
    assert!(policy.ends_with(&format!("; script-src 'sha256-{hash}'")), "{policy}");
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    // Without scripts there is no button that does nothing.
    assert!(page.contains("id=\"copy\" class=\"main\" hidden>"), "{page}");
}

#[tokio::test]
async fn a_new_password_revokes_every_token_and_ends_other_sessions() {
    let mut host = with_token();
    let cookie = {
        let other = Browser::sign_in(&host, OWNER, "").await;
        change_password(&host, "another password").await;
        assert!(other.page().await.contains("Sign in to give"), "{}", other.page().await);
        other.cookie
    };
    assert!(!cookie.is_empty());
    assert_eq!(opens(&mut host, TOKEN).await, 401);
    let old = submitted(&host, "/sign-in", "", &sign_in(OWNER, PASSWORD, "")).await;
    assert_eq!(old.status(), 401);
}

#[tokio::test]
async fn invalid_forms_are_reported_and_change_nothing() {
    let mut host = with_token();
    {
        let hostile = "\"><script>x</script>@y.example";
        let email = "editor@harborpine.example";
        for (email, password, role) in
            [(hostile, "x", ""), (OWNER, "wrong", ""), (email, PASSWORD, "owner"), (email, "", "x")]
        {
            let response = submitted(&host, "/sign-in", "", &sign_in(email, password, role)).await;
            assert_eq!(response.status(), 401);
            assert_eq!(response.headers().get(SET_COOKIE), None);
            assert!(!response.text().await.unwrap().contains("<script"));
        }
        let browser = Browser::sign_in(&host, email, "").await;
        let page = browser.send("/tokens", &[("role", "owner")]).await;
        assert!(page.contains("You act as editor here."), "{page}");
        let page = browser.send("/tokens/revoke", &[("id", "1")]).await;
        assert!(page.contains("There is no such token."), "of somebody else: {page}");
        let short = [("old", PASSWORD), ("new", "short")];
        assert!(browser.send("/password", &short).await.contains("8 characters"));
        // Without the secret of the page a form is worth nothing.
        for (cookie, form) in [(browser.cookie.as_str(), "guessed"), ("", "")] {
            let fields = [("form", form), ("old", PASSWORD), ("new", "long enough")];
            let response = submitted(&host, "/password", cookie, &fields).await;
            assert_eq!(response.status(), 403);
        }
        browser.send("/sign-out", &[]).await;
        assert!(browser.page().await.contains("Sign in to give"));
    }
    assert_eq!(opens(&mut host, TOKEN).await, 200);
}
