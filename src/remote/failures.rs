//! Turns HTTP responses, network errors and timeouts into failures with a next step (E-59, T-24).

use std::time::Duration;

use http::StatusCode;
use serde_json::Value;
use url::Url;

use crate::error::{Failure, FailureKind};
use crate::http::{
    HttpError, MAX_HEADER_LINES, TlsFailure, failure_for_login_page, is_login_address,
    is_login_page,
};
use crate::redact::{SafeUrl, plain, shown_words};
use crate::shell_words::safe_url_argument;

/// The failure for an HTTP status; `body` may say more.
pub fn failure_for_status(status: StatusCode, url: &Url, body: &[u8]) -> Failure {
    let kind = match status {
        StatusCode::UNAUTHORIZED => FailureKind::AuthRequired,
        StatusCode::FORBIDDEN => FailureKind::Forbidden,
        _ => FailureKind::Http,
    };
    let reason = reason_in(body).map_or_else(String::new, |reason| format!(": {reason}"));
    let who = if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED { "proxy" } else { "server" };
    let message = format!("the {who} answered HTTP {}{reason}", status.as_u16());
    Failure::new(kind, message).status(status.as_u16()).hint(hint_for_status(status, url))
}

fn hint_for_status(status: StatusCode, url: &Url) -> String {
    let url = SafeUrl::new(url);
    match status.as_u16() {
        401 => "the server wants an API key or a sign-in: pass a key with \
                `--header 'Authorization: Bearer KEY'` or the header that the server documents"
            .to_owned(),
        403 => "the credential is not allowed to do this, or the server refuses this address; \
                check the API key and its permissions"
            .to_owned(),
        404 | 405 | 410 => {
            format!("check the URL `{url}`: MCP endpoints often end in `/mcp` or `/sse`")
        }
        407 => PROXY_WANTS_PASSWORD.to_owned(),
        413 => "the message is larger than the server accepts: send less at once".to_owned(),
        431 => {
            "the headers are larger than the server accepts; send fewer with `--header`".to_owned()
        }
        429 => "the server limits the rate of requests; try again later".to_owned(),
        500..=599 => "the server or something in front of it failed; try again later".to_owned(),
        _ => format!(
            "`mcp-tether doctor {}` checks the server step by step",
            safe_url_argument(&url)
        ),
    }
}

/// The members of an error body that hold its message, matched case-insensitively.
const WORDS: [&str; 9] = [
    "message",
    "error_description",
    "detail",
    "error",
    "errors",
    "title",
    "msg",
    "reason",
    "description",
];
/// The largest body, in bytes, that is searched for a message.
const MAX_REASON_BODY_BYTES: usize = 64 << 10;
/// How deep the search goes.
const MAX_DEPTH: u8 = 3;

/// The server's own words, from the usual members of a JSON error body, the message of an XML one,
/// or the one line of a text.
pub(super) fn reason_in(body: &[u8]) -> Option<String> {
    // Parsed values take many times the memory of their text (S-37).
    if body.len() > MAX_REASON_BODY_BYTES {
        return None;
    }
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return one_line(body) };
    let text = words_in(&value, MAX_DEPTH).filter(|_| !value.is_string())?;
    // Truncated last: part of a key would not be recognized as a secret.
    Some(shown_words(text).chars().take(200).collect())
}

fn words_in(value: &Value, depth: u8) -> Option<&str> {
    match value {
        Value::String(text) => Some(text.trim()).filter(|text| !text.is_empty()),
        Value::Array(items) if depth > 0 => items.iter().find_map(|it| words_in(it, depth - 1)),
        Value::Object(object) if depth > 0 => WORDS.iter().find_map(|name| {
            let (_, value) = object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
            words_in(value, depth - 1)
        }),
        _ => None,
    }
}

/// A body that is one short line of text, whatever its media type; HTML pages are longer.
fn one_line(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?.trim_start_matches('\u{feff}').trim();
    let text = xml_message(text).unwrap_or(text);
    let is_reason = (1..=200).contains(&text.len())
        && !text.starts_with(['<', '{', '['])
        && !text.contains(['\n', '\r']);
    is_reason.then(|| shown_words(text))
}

/// The message of an XML error, as gateways and object stores write it.
fn xml_message(text: &str) -> Option<&str> {
    if !text.starts_with("<?xml") && !text.starts_with("<Error") {
        return None;
    }
    let (_, rest) = text.split_once("<Message>").or_else(|| text.split_once("<message>"))?;
    rest.split_once("</").map(|(message, _)| message.trim())
}

/// The failure for a redirect that is not followed (T-25).
pub fn failure_for_redirect(status: StatusCode, from: &Url, target: Option<&Url>) -> Failure {
    let failure = |message| Failure::new(FailureKind::Http, message).status(status.as_u16());
    match target {
        Some(target) if is_login_address(target) => {
            let shown = SafeUrl::new(target);
            let message =
                format!("the server redirects to the login page `{shown}`, which is for browsers");
            failure_for_login_page(FailureKind::Http, message).status(status.as_u16())
        }
        Some(target) => {
            let shown = SafeUrl::new(target);
            let failure =
                failure(format!("the server redirects to `{shown}`, which is not followed"));
            let mut encrypted = target.clone();
            // A server behind a proxy that terminates TLS often redirects to plain HTTP by mistake:
            // nobody is told to send credentials unencrypted.
            if from.scheme() == "https" && target.scheme() == "http" {
                // An explicit port stays.
                let _ = encrypted.set_scheme("https");
            }
            // No command, which an agent that reads the hint might run (S-31).
            let shown = SafeUrl::new(&encrypted);
            failure.hint(format!("if you trust it, use `{shown}` instead of the URL that you gave"))
        }
        None => failure("the server redirects without a usable `Location`".to_owned())
            .hint("check the URL; if it is right, report this to the server's operator"),
    }
}

/// The failure for a pause that is too long, or after a request that must not be repeated (T-28).
pub(super) fn failure_for_wait(status: StatusCode, wait: Duration) -> Failure {
    let seconds = wait.as_secs().max(1);
    Failure::new(FailureKind::Http, format!("the server answered HTTP {}", status.as_u16()))
        .status(status.as_u16())
        .hint(format!("the server asks to try again in {seconds} s"))
}

/// The failure for a response that is neither JSON nor an event stream; `body` is its beginning.
pub fn failure_for_media_type(media_type: &str, url: &Url, body: &[u8]) -> Failure {
    if is_login_page(media_type, body) {
        let message =
            "the server answered with a login page, which is for browsers, instead of JSON";
        return failure_for_login_page(FailureKind::Protocol, message.to_owned());
    }
    let media_type = if media_type.is_empty() { "no content type" } else { media_type };
    let media_type = plain(media_type);
    let reason = reason_in(body).map_or_else(String::new, |reason| format!(": {reason}"));
    Failure::new(
        FailureKind::Protocol,
        format!(
            "the server answered with `{media_type}` instead of JSON or an event stream{reason}"
        ),
    )
    .hint(format!(
        "check that `{}` is an MCP endpoint and not a web page; if it is a login page, the server \
         offers no sign-in for programs: pass an API key with `--header 'Authorization: Bearer \
         KEY'`",
        SafeUrl::new(url)
    ))
}

/// The failure for a request without a response.
pub fn failure_for_network_error(error: &HttpError, url: &Url) -> Failure {
    let reason = error.reason();
    if wants_certificate(&reason) {
        let message = format!("`{}` refuses the connection: {reason}", SafeUrl::new(url));
        return Failure::new(FailureKind::Network, message).hint(
            "the server wants a client certificate that it trusts: `--client-cert FILE \
             --client-key FILE`",
        );
    }
    if let Some(proxy) = error.unreached_proxy() {
        let message = format!("cannot connect to the proxy `{proxy}`: {reason}");
        return Failure::new(FailureKind::Network, message).hint(
            "check the proxy's name and port; `mcp-tether config show URL` shows a setting, and \
             `HTTPS_PROXY` and `ALL_PROXY` count too",
        );
    }
    if error.is_connect() && error.tls_failure() == Some(TlsFailure::NotTls) {
        let plain_url = SafeUrl::new(url).to_string().replacen("https://", "http://", 1);
        return Failure::new(
            FailureKind::Network,
            format!("cannot connect to `{}`: this port does not speak TLS", SafeUrl::new(url)),
        )
        .hint(format!("did you mean `{plain_url}`?"));
    }
    if error.is_connect() {
        let failure = Failure::new(
            FailureKind::Network,
            format!("cannot connect to `{}`: {reason}", SafeUrl::new(url)),
        );
        return failure.hint(hint_for_connect_error(&reason, url));
    }
    if error.is_large_head() {
        let text = format!(
            "the server's response has more than {MAX_HEADER_LINES} header lines, or one that is \
             too long"
        );
        return Failure::new(FailureKind::Protocol, text).hint(
            "the server may or may not have acted on the request; report this to its operator",
        );
    }
    Failure::new(
        FailureKind::Lost,
        format!("the connection broke before the answer came: {reason}"),
    )
    .hint("the server may or may not have acted on the request; check before repeating it")
}

/// Whether the reason is a TLS alert about our certificate or the lack of one (RFC 8446 §6.2). The
/// server has not processed the request.
fn wants_certificate(reason: &str) -> bool {
    let reason = reason.to_ascii_lowercase();
    let is_alert = reason.contains("fatal alert");
    let about_ours = ["certificate", "unknownca", "decrypterror", "accessdenied"];
    is_alert && about_ours.iter().any(|alert| reason.contains(alert))
}

const PROXY_WANTS_PASSWORD: &str = "the proxy wants a user name and password: `--proxy-auth \
     'USER:${keyring:NAME}'`, or `--proxy-auth-command COMMAND`";

fn hint_for_connect_error(reason: &str, url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let reason = reason.to_ascii_lowercase();
    if reason.contains("http 407") {
        PROXY_WANTS_PASSWORD.to_owned()
    } else if reason.starts_with("the proxy") {
        format!(
            "ask who runs the proxy whether it lets you reach `{host}`; `--no-proxy` goes past it"
        )
    } else if reason.contains("certificate") || reason.contains("unknownissuer") {
        "if a company proxy inspects TLS, add its authority with `--ca-cert FILE`".to_owned()
    } else if reason.contains("dns")
        || reason.contains("name or service")
        || reason.contains("look")
    {
        format!("check the name `{host}`, the network and the proxy settings")
    } else if let Some(port) = url.port_or_known_default().filter(|_| reason.contains("refused")) {
        format!(
            "nothing listens on port {port} of `{host}`: check the URL, and that the server runs"
        )
    } else if reason.contains("no connection within") {
        format!(
            "check that `{host}` is reachable from this machine, and the proxy settings; if it is \
             only slow, raise `--connect-timeout`"
        )
    } else {
        format!("check that `{host}` is up and reachable from this machine, and the proxy settings")
    }
}

/// The failure for a response that did not begin within this limit.
pub(super) fn no_response(limit: Option<Duration>) -> Failure {
    Failure::timed_out("--headers-timeout", limit, |limit| format!("no answer within {limit}"))
}

/// The failure for a lost answer; `what` says how it was lost.
pub(super) fn lost_failure(what: &str) -> Failure {
    Failure::new(FailureKind::Lost, what)
        .hint("the server may or may not have acted on the request; check before repeating it")
}

/// The failure for a server that breaks the protocol; `what` says how.
pub(super) fn protocol_failure(what: &str) -> Failure {
    Failure::new(FailureKind::Protocol, what).hint("report this to the server's operator")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url() -> Url {
        Url::parse("https://host.example/mcp?key=secret").unwrap()
    }

    /// E-59, S-09
    #[test]
    fn each_status_has_its_kind_and_no_secret() {
        let cases = [(401, "auth_required"), (403, "forbidden"), (404, "http"), (502, "http")];
        for (status, kind) in cases {
            let failure =
                failure_for_status(StatusCode::from_u16(status).unwrap(), &url(), b"<html>");
            assert_eq!(failure.kind.name(), kind);
            assert_eq!(failure.status, Some(status));
            assert!(!failure.hint.contains("secret"));
        }
    }

    /// O-21
    #[test]
    fn a_proxy_that_wants_a_password_is_named() {
        let failure = failure_for_status(StatusCode::PROXY_AUTHENTICATION_REQUIRED, &url(), b"");
        assert_eq!(failure.message, "the proxy answered HTTP 407");
        assert!(failure.hint.contains("--proxy-auth"), "{}", failure.hint);
        let hint = |reason| hint_for_connect_error(reason, &url());
        let told = hint("the proxy wants a user name and password (HTTP 407 to `CONNECT`)");
        assert_eq!(told, failure.hint);
        assert!(hint("the proxy refused the tunnel (HTTP 403)").contains("--no-proxy"));
        assert!(hint("Connection refused").contains("nothing listens"));
    }

    /// T-25, S-31
    #[test]
    fn nobody_is_told_to_use_plain_http_or_to_run_a_servers_url() {
        let target = |text: &str| Url::parse(text).unwrap();
        let hint = |from: &str, to: &str| {
            let status = StatusCode::TEMPORARY_REDIRECT;
            failure_for_redirect(status, &target(from), Some(&target(to))).hint
        };
        let advice = hint("https://h.example/mcp", "http://h.example:8443/mcp/");
        assert!(advice.contains("use `https://h.example:8443/mcp/` instead"), "{advice}");
        let advice = hint("https://h.example/mcp", "http://h.example/mcp/");
        assert!(advice.contains("use `https://h.example/mcp/` instead"), "{advice}");
        let advice = hint("http://127.0.0.1:1/mcp", "http://127.0.0.1:2/mcp");
        assert!(advice.contains("use `http://127.0.0.1:2/mcp` instead"), "{advice}");
        assert!(!advice.contains("mcp-tether"), "{advice}");
    }

    #[test]
    fn a_reason_in_one_line_of_text_is_shown_and_a_page_is_not() {
        for (body, reason) in [
            ("this key has expired\n", Some("this key has expired")),
            ("\u{feff}gone", Some("gone")),
            ("<html>no</html>", None),
            ("two\nlines", None),
            ("", None),
        ] {
            assert_eq!(reason_in(body.as_bytes()).as_deref(), reason, "{body:?}");
        }
    }

    /// A-16
    #[test]
    fn a_login_page_is_called_what_it_is() {
        for (target, is_login) in [
            ("https://h/login?next=/mcp", true),
            ("https://h/users/sign_in", true),
            ("https://sso.h/oauth2/start?rd=x", true),
            ("https://h/Account/Login.aspx", true),
            ("https://h/mcp/", false),
            ("https://h/blogin", false),
        ] {
            let target = Url::parse(target).unwrap();
            assert_eq!(is_login_address(&target), is_login, "{target}");
            let failure = failure_for_redirect(StatusCode::FOUND, &target, Some(&target));
            assert_eq!(failure.message.contains("login page"), is_login, "{}", failure.message);
            let hint = failure.hint;
            assert_eq!(hint.contains("--header"), is_login, "{hint}");
            assert_eq!(hint.contains("instead of the URL"), !is_login, "{hint}");
        }
    }

    #[test]
    fn the_servers_words_are_passed_on_in_short_and_in_one_line() {
        let body = br#"{"error":{"message":"no\nkey"}}"#;
        let failure = failure_for_status(StatusCode::UNAUTHORIZED, &url(), body);
        assert_eq!(
            failure.message,
            "the server answered HTTP 401: no\\\\nkey".replace("\\\\", "\\")
        );
    }
}
