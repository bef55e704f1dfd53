//! The page that the browser shows at the end: static text, for dark and light mode, with nothing
//! from the request in it (S-03).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{self, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;
use sha2::{Digest, Sha256};
use url::Url;

/// The style of the page. Its picture is drawn in CSS, because the content security policy permits
/// no images.
const STYLE: &str = "\
:root{color-scheme:light dark;--back:#f4f5f7;--card:#fff;--text:#1d2129;--soft:#5b6472;\
--line:#d9dde3;--good:#1d7f3c;--bad:#c8402f}\
@media(prefers-color-scheme:dark){:root{--back:#14171c;--card:#1e2229;--text:#e8eaee;\
--soft:#9aa3b2;--line:#363c47;--good:#5fce83;--bad:#ff8a7a}}\
*{box-sizing:border-box}\
body{margin:0;min-height:100vh;display:grid;grid-template-columns:minmax(0,1fr);\
place-items:center;padding:1rem;background:var(--back);color:var(--text);\
font:1rem/1.5 system-ui,sans-serif}\
main{width:100%;max-width:27rem;padding:2rem;background:var(--card);\
border:1px solid var(--line);border-radius:12px;overflow-wrap:anywhere}\
.mark{display:grid;place-items:center;width:3rem;height:3rem;margin:0 0 1rem;border-radius:50%;\
border:2px solid;font:700 1.5rem/1 system-ui,sans-serif}\
.good{color:var(--good)}\
.bad{color:var(--bad)}\
h1{font-size:1.35rem;line-height:1.3;margin:0 0 .5rem}\
p{margin:0 0 1rem;color:var(--soft)}\
dl{margin:0 0 1.25rem;padding:.75rem 1rem;border:1px solid var(--line);border-radius:8px}\
dt{color:var(--soft);font-size:.875rem}\
dd{margin:0 0 .5rem}\
dd:last-child{margin:0}\
code{display:block;margin-top:.5rem;font:.9em/1.5 ui-monospace,monospace;color:var(--text)}\
small{display:block;color:var(--soft)}";

/// The subject of the page, in our own words, never in the request's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PageSubject {
    /// The MCP endpoint, safe to show.
    pub(crate) server: String,
    /// The local name of the account; empty for the default one.
    pub(crate) account: String,
    /// The command that signs in.
    pub(crate) login_command: String,
    /// The user's own success page, to redirect to.
    pub(crate) success_url: Option<Url>,
}

/// The ending of a sign-in that the page shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The tokens are stored.
    SignedIn,
    /// The user or the server refused.
    Denied,
    /// The response came from an unexpected issuer.
    WrongIssuer,
    /// The authorization server issued no tokens for the code.
    NotRedeemed,
    /// The tokens could not be stored.
    NotStored,
    /// The response does not belong to a sign-in in progress.
    Unknown,
    /// The response has already been used.
    Over,
}

impl Ending {
    fn status(self) -> StatusCode {
        match self {
            Self::SignedIn => StatusCode::OK,
            Self::Over => StatusCode::GONE,
            Self::NotRedeemed => StatusCode::BAD_GATEWAY,
            Self::NotStored => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Denied | Self::WrongIssuer | Self::Unknown => StatusCode::BAD_REQUEST,
        }
    }

    fn reason(self) -> &'static str {
        match self {
            Self::SignedIn => "",
            Self::Denied => "The sign-in was denied. Nothing was stored.",
            Self::WrongIssuer => {
                "The answer did not come from the authorization server that was asked. It was not \
                 used."
            }
            Self::NotRedeemed => "The authorization server did not complete the sign-in.",
            Self::NotStored => "The sign-in worked, but it could not be stored on this machine.",
            Self::Unknown => {
                "No sign-in is waiting for this page: it has timed out, or it belongs to another \
                 program. Start again in your app."
            }
            Self::Over => "This sign-in has already finished. Nothing more is needed here.",
        }
    }
}

/// The whole response: the page, or a redirect to the user's own success page.
pub(crate) fn response(ending: Ending, subject: &PageSubject) -> Response<Full<bytes::Bytes>> {
    let target = subject.success_url.as_ref().filter(|_| ending == Ending::SignedIn);
    let body = if target.is_some() { String::new() } else { html(ending, subject) };
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = ending.status();
    let headers = response.headers_mut();
    let location = target.and_then(|url| HeaderValue::from_str(url.as_str()).ok());
    if let Some(location) = location {
        headers.insert(header::LOCATION, location);
        *response.status_mut() = StatusCode::SEE_OTHER;
    }
    protect(response)
}

/// A response without a page, for unrelated requests.
pub(crate) fn bare(status: StatusCode) -> Response<Full<bytes::Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET"));
    }
    protect(response)
}

fn protect(mut response: Response<Full<bytes::Bytes>>) -> Response<Full<bytes::Bytes>> {
    let fixed = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CONNECTION, "close"),
    ];
    let headers = response.headers_mut();
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    let policy = HeaderValue::from_str(&policy).expect("a hash in base64 is header text");
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

fn html(ending: Ending, subject: &PageSubject) -> String {
    let title = match ending {
        Ending::SignedIn => "Signed in",
        Ending::Over => "Already done",
        _ => "Not signed in",
    };
    let (kind, mark) = if matches!(ending, Ending::SignedIn | Ending::Over) {
        ("good", "✓")
    } else {
        ("bad", "!")
    };
    let is_of_sign_in = !matches!(ending, Ending::Over | Ending::Unknown);
    let about = if is_of_sign_in { about(subject) } else { String::new() };
    let (first, next) = match ending {
        Ending::SignedIn => {
            (String::new(), "You can close this tab and go back to your app.".to_owned())
        }
        Ending::Over | Ending::Unknown => (format!("<p>{}</p>", ending.reason()), String::new()),
        _ => {
            let command = escape(subject.login_command.trim_matches('`'));
            let next =
                format!("Try again in your app, or run this in a terminal:<code>{command}</code>");
            (format!("<p>{}</p>", ending.reason()), next)
        }
    };
    let next = if next.is_empty() { next } else { format!("<p>{next}</p>") };
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <title>{title} – mcp-tether</title><style>{STYLE}</style></head>\
         <body><main><div class=\"mark {kind}\" aria-hidden=\"true\">{mark}</div>\
         <h1>{title}</h1>{first}{about}{next}<small>mcp-tether</small></main></body></html>\n"
    )
}

/// The server and the account.
fn about(subject: &PageSubject) -> String {
    let server = escape(&subject.server);
    let account = match subject.account.as_str() {
        "" => String::new(),
        account => format!("<dt>Account</dt><dd>{}</dd>", escape(account)),
    };
    format!("<dl><dt>Server</dt><dd>{server}</dd>{account}</dl>")
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject() -> PageSubject {
        PageSubject {
            server: "https://mcp.example/mcp".to_owned(),
            account: "<work>".to_owned(),
            login_command: "`mcp-tether login https://mcp.example/mcp`".to_owned(),
            success_url: None,
        }
    }

    /// S-03
    #[test]
    fn every_page_is_protected_and_names_what_it_is_about() {
        for ending in [Ending::SignedIn, Ending::Denied, Ending::Unknown, Ending::Over] {
            let response = response(ending, &subject());
            let header = |name| response.headers().get(name).unwrap().to_str().unwrap();
            assert!(header("content-security-policy").starts_with("default-src 'none'; "));
            assert_eq!(header("cache-control"), "no-store");
            assert_eq!(header("referrer-policy"), "no-referrer");
        }
        let page = html(Ending::SignedIn, &subject());
        assert!(page.contains("<h1>Signed in</h1>"), "{page}");
        assert!(
            page.contains("https://mcp.example/mcp") && page.contains("&lt;work&gt;"),
            "{page}"
        );
        let page = html(Ending::Denied, &subject());
        assert!(page.contains("denied") && page.contains("mcp-tether login"), "{page}");
        assert!(!page.contains("Signed in"), "{page}");
    }

    #[test]
    fn the_page_of_success_may_be_elsewhere_and_only_that() {
        let elsewhere = Url::parse("https://app.example/done").unwrap();
        let subject = PageSubject { success_url: Some(elsewhere), ..subject() };
        let success = response(Ending::SignedIn, &subject);
        assert_eq!(success.status(), StatusCode::SEE_OTHER);
        assert_eq!(success.headers()["location"], "https://app.example/done");
        let failure = response(Ending::Denied, &subject);
        assert_eq!(failure.status(), StatusCode::BAD_REQUEST);
        assert!(!failure.headers().contains_key("location"));
    }
}
