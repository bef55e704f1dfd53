//! Detects sign-in pages for people in the place of a response for programs (A-16), by their
//! address or content.

use std::time::Duration;

use http::header::CONTENT_TYPE;
use tokio::time::timeout;
use url::Url;

use super::response::Response;
use crate::error::{Failure, FailureKind};

/// How much of a page is read, in bytes: its title and form are near the beginning.
const MAX_PAGE: usize = 64 * 1024;
/// How long a page may take.
const PAGE_TIMEOUT: Duration = Duration::from_secs(5);

/// Whether a redirect leads to a sign-in page, judging by its path.
pub fn is_login_address(target: &Url) -> bool {
    const SEGMENTS: [&str; 10] = [
        "login",
        "log-in",
        "log_in",
        "signin",
        "sign-in",
        "sign_in",
        "sso",
        "saml",
        "authorize",
        "oauth2",
    ];
    let path = target.path().to_ascii_lowercase();
    path.split(['/', '.']).any(|segment| SEGMENTS.contains(&segment))
}

/// Whether a page asks a person to sign in: it has a field for a password, or its title says so.
pub fn is_login_page(media_type: &str, page: &[u8]) -> bool {
    let kind = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !matches!(kind.as_str(), "text/html" | "application/xhtml+xml") {
        return false;
    }
    let page = String::from_utf8_lossy(&page[..page.len().min(MAX_PAGE)]).to_ascii_lowercase();
    let password = ["type=\"password\"", "type='password'", "type=password"];
    if password.iter().any(|field| page.contains(field)) {
        return true;
    }
    let title = page.split_once("<title").and_then(|(_, rest)| rest.split_once('>'));
    let title = title.and_then(|(_, rest)| rest.split_once("</title")).map_or("", |(it, _)| it);
    const WORDS: [&str; 9] = [
        "log in",
        "login",
        "log-in",
        "sign in",
        "signin",
        "sign-in",
        "sign on",
        "single sign-on",
        "authentication required",
    ];
    WORDS.iter().any(|word| title.contains(word))
}

/// Whether a response is such a page; reads its beginning.
pub async fn shows_login_page(response: &mut Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().to_owned();
    let mut page = Vec::new();
    if kind.to_ascii_lowercase().contains("html") {
        let reading = async {
            while let Ok(Some(chunk)) = response.chunk().await {
                page.extend_from_slice(&chunk);
                if page.len() >= MAX_PAGE {
                    break;
                }
            }
        };
        // After a timeout, the part that has arrived is examined.
        let _ = timeout(PAGE_TIMEOUT, reading).await;
    }
    is_login_page(&kind, &page)
}

/// The failure for a server that shows a login page; `message` says how.
pub fn failure_for_login_page(kind: FailureKind, message: String) -> Failure {
    Failure::new(kind, message).hint(
        "check the URL of the MCP endpoint; if it is right, the server offers no sign-in for \
         programs: pass an API key with `--header 'Authorization: Bearer KEY'`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A-16
    #[test]
    fn a_page_with_a_password_or_a_title_about_it_is_a_login_page() {
        for (page, is_login) in [
            (r#"<form><input name=p type="password"></form>"#, true),
            ("<FORM><INPUT TYPE=PASSWORD>", true),
            ("<html><head><title>Sign in - Example</title>", true),
            ("<title lang='en'>\n Login \u{b7} Cloudflare Access</title>", true),
            ("<title>Single Sign-On</title>", true),
            ("<title>Welcome</title><a href='/login'>log in</a>", false),
            ("<title>Our blog</title>", false),
            ("<title>login", false),
            ("", false),
        ] {
            assert_eq!(
                is_login_page("text/html; charset=utf-8", page.as_bytes()),
                is_login,
                "{page}"
            );
            assert!(!is_login_page("text/plain", page.as_bytes()), "{page}");
        }
        let late = format!("{}<input type=password>", " ".repeat(MAX_PAGE));
        assert!(!is_login_page("text/html", late.as_bytes()), "only the beginning is looked at");
        assert!(!is_login_page("text/html", b"<title>\xff\xfe</title>"));
    }
}
