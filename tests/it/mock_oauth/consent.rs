//! The authorization endpoint and the person in front of it.

use mcp_tether_mock::{ConsentPolicy, IssuerOptions, RedirectMatch};
use reqwest::Response;
use serde_json::json;
use url::Url;

use super::signing::{Signing, default, parameter, protected};
use crate::raw_host::json_of;
#[cfg(unix)]
use crate::support::browser_program::BrowserProgram;
use crate::support::browsing_person::{BrowsingPerson, Page};

/// each part of a request is needed; where there is a way back, it is taken.
#[tokio::test]
async fn authorization_requests_are_checked() {
    let host = default();
    let signing = Signing::registered(&host.mock).await;
    let no_way_back: [&[(&str, &str)]; 4] = [
        &[("client_id", "")],
        &[("client_id", "nobody")],
        &[("redirect_uri", "")],
        &[("redirect_uri", "http://127.0.0.1:1/other")],
    ];
    for changes in no_way_back {
        let answer = signing.http.get(signing.page(changes)).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{changes:?}");
    }
    for (name, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("state", "", "invalid_request"),
        ("resource", "", "invalid_target"),
        ("resource", "https://other.example/mcp", "invalid_target"),
    ] {
        let back = signing.back(&[(name, value)]).await;
        assert_eq!(parameter(&back, "error").as_deref(), Some(error), "{name}={value}");
        assert_eq!(parameter(&back, "iss"), Some(host.mock.oauth().issuer()));
    }
    let other_port = [("redirect_uri", "http://127.0.0.1:2/callback")];
    assert!(parameter(&signing.back(&other_port).await, "code").is_some());
    host.mock.oauth().change_issuer(|options| options.redirect_match = RedirectMatch::Exact);
    let answer = signing.http.get(signing.page(&other_port)).send().await.unwrap();
    assert_eq!(answer.status(), 400);
}

/// The page is decided on once, by a person, for one of several accounts.
#[tokio::test]
async fn a_person_approves_denies_and_picks_an_account() {
    let accounts = ["Acme <sales>", "Private \"x\""].map(str::to_owned).to_vec();
    let consent = ConsentPolicy::Page;
    let host = protected(IssuerOptions { consent, accounts, ..IssuerOptions::default() });
    let mut signing = Signing::registered(&host.mock).await;
    signing.redirect = host.mock.url().join("/callback").unwrap().to_string();
    let answer = signing.register(&json!({ "redirect_uris": [signing.redirect] })).await;
    signing.id = json_of(answer).await["client_id"].as_str().unwrap().to_owned();

    let seen = BrowsingPerson::leaves().open(&signing.page(&[])).await;
    assert_eq!(seen.status, 200);
    assert_eq!(seen.accounts(), ["Acme <sales>", "Private \"x\""]);
    assert!(!seen.text.contains("<script") && seen.text.contains("prefers-color-scheme: dark"));
    let policy = seen.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");

    for account in [0, 1] {
        let page = BrowsingPerson::picks(account).open(&signing.page(&[])).await;
        assert_eq!(page.way.len(), 3, "page, form, callback");
        let code = page.parameter("code").unwrap();
        let tokens = signing.exchange(&code, &[]).await.unwrap();
        let token = tokens["access_token"].as_str().unwrap();
        let of = host.mock.oauth().account_of(token);
        assert_eq!(of, seen.accounts().get(account).cloned());
    }
    let denied = BrowsingPerson::denies().open(&signing.page(&[])).await;
    assert_eq!(denied.parameter("error").as_deref(), Some("access_denied"));
    assert_eq!(denied.parameter("state").as_deref(), Some("the-state"));
    let again = send_again(&signing, &seen, "approve").await;
    assert_eq!(again.status(), 303);
    assert_eq!(send_again(&signing, &seen, "approve").await.status(), 400, "answered before");
}

/// Sends the form of a page once more.
async fn send_again(signing: &Signing, page: &Page, decision: &str) -> Response {
    let (_, rest) = page.text.split_once("name=\"request\" value=\"").unwrap();
    let (id, _) = rest.split_once('"').unwrap();
    signing.post("consent", &[("request", id), ("decision", decision)]).send().await.unwrap()
}

#[test]
#[should_panic(expected = "opened at")]
fn a_browser_that_must_not_open_fails_the_test() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let url = Url::parse("http://127.0.0.1:1/").unwrap();
    runtime.block_on(BrowsingPerson::must_not_open().open(&url));
}

#[cfg(unix)]
#[tokio::test]
async fn a_spawned_program_finds_the_browser() {
    let host =
        protected(IssuerOptions { consent: ConsentPolicy::Page, ..IssuerOptions::default() });
    let signing = Signing::registered(&host.mock).await;
    let browser = BrowsingPerson::approves();
    let program = BrowserProgram::of(browser.clone());
    let page = signing.page(&[]);
    let mut command = tokio::process::Command::new("sh");
    command.args(["-c", "exec xdg-open \"$1\"", "sh", page.as_str()]).env("PATH", program.path());
    assert!(command.status().await.unwrap().success());
    let pages = program.finish();
    assert_eq!(browser.opened(), [page]);
    assert!(pages[0].parameter("code").is_some(), "{pages:?}");
    assert_eq!(pages[0].status, 0, "nobody listens at the callback");
    assert_eq!(host.mock.oauth().authorizations().len(), 1);
}

/// S-14
#[tokio::test]
async fn foreign_hosts_and_origins_get_nothing() {
    let host = default();
    let signing = Signing::registered(&host.mock).await;
    for (name, value) in [("host", "evil.example"), ("origin", "https://evil.example")] {
        let request = signing.http.get(signing.page(&[])).header(name, value);
        assert_eq!(request.send().await.unwrap().status(), 403, "{name}");
    }
}
