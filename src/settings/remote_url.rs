//! Parses and checks the URL of a remote. Messages never contain credentials from a URL.

use url::Url;

use crate::error::{Error, Result};
use crate::http::is_loopback;
use crate::redact::{SafeUrl, display_identifier, plain, shown_words};

/// Parses the URL that the user gave; returns it with a warning about dropped parts.
///
/// # Errors
/// The text is not an http or https URL, or it contains a user name or password.
pub fn parse(text: &str) -> Result<(Url, Option<String>)> {
    let text = text.trim();
    let mut url = Url::parse(text).map_err(|reason| not_a_url(text, reason))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong_scheme(text, &url));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::usage("the URL contains a user name or password")
            .hint("remove them, and send them with `--header 'Authorization: Basic ${NAME}'`"));
    }
    let fragment = url.fragment().is_some();
    url.set_fragment(None);
    Ok((
        url,
        fragment.then(|| "the part of the URL after `#` is never sent and was dropped".into()),
    ))
}

/// Refuses plain http to other machines unless `--allow-http` permits it (S-13).
///
/// # Errors
/// The URL is plain http to another machine, and `allow_http` is false.
pub fn check_encryption(url: &Url, allow_http: bool) -> Result<()> {
    if url.scheme() == "https" || allow_http || is_loopback(url) {
        return Ok(());
    }
    let message = format!("`{}` is not encrypted", SafeUrl::new(url));
    Err(Error::usage(message)
        .hint("use `https://`, or add `--allow-http` if you trust the network"))
}

fn not_a_url(text: &str, reason: url::ParseError) -> Error {
    let shown = display_text(text);
    if reason != url::ParseError::RelativeUrlWithoutBase {
        return Error::usage(format!("`{shown}` is not a URL: {reason}")).hint(EXAMPLE);
    }
    let error = Error::usage(format!("`{shown}` is neither a command nor a URL"));
    match with_scheme(text) {
        Some(suggestion) => error.hint(suggestion),
        None => error.hint(EXAMPLE),
    }
}

const EXAMPLE: &str = "a URL looks like `https://mcp.example.com/mcp`; see `mcp-tether --help`";

/// The error for a wrong scheme; `localhost:8080/mcp` parses as a URL with the scheme `localhost`.
fn wrong_scheme(text: &str, url: &Url) -> Error {
    if let (false, Some(suggestion)) = (text.contains("://"), with_scheme(text)) {
        return Error::usage(format!("`{}` has no scheme", display_text(text))).hint(suggestion);
    }
    Error::usage(format!("`{}` URLs are not supported", plain(url.scheme())))
        .hint("use an `https://` URL")
}

/// A suggestion for a text that looks like a host without a scheme.
fn with_scheme(text: &str) -> Option<String> {
    let host = text.split(['/', ':', '?']).next().unwrap_or(text);
    let local = host == "localhost" || host.starts_with("127.");
    let looks_like_host =
        !text.contains(['@', ' ']) && (local || host.trim_matches('.').contains('.'));
    let scheme = if local { "http" } else { "https" };
    looks_like_host
        .then(|| format!("did you mean `{}`?", display_identifier(&format!("{scheme}://{text}"))))
}

/// The text, unless it may contain a password.
fn display_text(text: &str) -> String {
    if text.contains('@') { "…".to_owned() } else { shown_words(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        match parse(text).and_then(|(url, _)| check_encryption(&url, false)) {
            Ok(()) => "accepted".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    /// S-13
    #[test]
    fn https_and_loopback_http_are_accepted() {
        for url in [
            "https://mcp.example.com/mcp",
            " https://mcp.example.com?x=1 ",
            "http://localhost:3000/mcp",
            "http://LOCALHOST/mcp",
            "http://127.0.0.1:8080",
            "http://127.8.9.10",
            "http://[::1]:8080/mcp",
        ] {
            assert_eq!(message(url), "accepted", "{url}");
        }
    }

    /// S-13
    #[test]
    fn plain_http_to_other_machines_needs_a_flag() {
        for url in ["http://example.com/", "http://localhost.example.com/", "http://128.0.0.1/"] {
            assert!(message(url).contains("--allow-http"), "{url}");
            let (url, _) = parse(url).unwrap();
            assert!(check_encryption(&url, true).is_ok());
        }
    }

    #[test]
    fn a_forgotten_scheme_is_suggested() {
        for (text, suggestion) in [
            ("mcp.example.com/mcp", "https://mcp.example.com/mcp"),
            ("mcp.example.com:8443/mcp", "https://mcp.example.com:8443/mcp"),
            ("localhost:3000/mcp", "http://localhost:3000/mcp"),
            ("localhost/mcp", "http://localhost/mcp"),
            ("127.0.0.1:80", "http://127.0.0.1:80"),
        ] {
            let message = message(text);
            assert!(message.contains(&format!("did you mean `{suggestion}`?")), "{message}");
        }
    }

    #[test]
    fn other_schemes_and_credentials_in_the_url_are_refused() {
        assert!(message("ftp://example.com/").contains("`ftp` URLs are not supported"));
        assert!(message("javascript:alert(1)").contains("`javascript` URLs are not supported"));
        assert!(message("https://").contains("is not a URL: empty host"));
        let credentials = message("https://sara:hunter2@example.com/");
        assert!(credentials.contains("user name or password"), "{credentials}");
        assert!(!credentials.contains("hunter2"), "{credentials}");
        assert!(!message("sara.b:hunter2@example.com").contains("hunter2"));
        assert!(!message("hunter2@example.com").contains("hunter2"));
    }

    #[test]
    fn a_fragment_is_dropped_with_a_warning() {
        let (url, warning) = parse("https://example.com/mcp#top").unwrap();
        assert_eq!(url.as_str(), "https://example.com/mcp");
        assert!(warning.is_some());
        assert!(parse("https://example.com/mcp").unwrap().1.is_none());
    }
}
