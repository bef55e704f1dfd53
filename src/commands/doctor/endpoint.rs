//! Sends one harmless request: checks TLS, the status, redirects, what kind of server answers, and
//! whether its clock agrees with this machine's. Follows no redirect and does not sign in.

use std::time::{Duration, Instant};

use http::response::Parts;
use http::{HeaderMap, HeaderName, Method, StatusCode, header};
use url::Url;

use super::STEP_TIMEOUT;
use super::certificate;
use super::check::{Check, CheckVerdict, Subject};
use crate::auth::Challenge;
use crate::commands::ping::ping_through;
use crate::error::FailureKind;
use crate::http::{
    Outbound, Request, Response, Target, failure_for_login_page, is_login_address, shows_login_page,
};
use crate::platform::{Clock, SystemClock};
use crate::redact::SafeUrl;
use crate::remote::{
    RemoteOptions, failure_for_media_type, failure_for_network_error, failure_for_redirect,
    failure_for_status,
};
use crate::shell_words::safe_url_argument;

/// The largest difference between two clocks, in seconds, that does not make a valid token look
/// expired.
const MAX_CLOCK_SKEW: u64 = 60;

/// The server's response.
pub(super) struct EndpointResponse {
    status: StatusCode,
    /// The headers, which may contain a challenge.
    pub(super) headers: HeaderMap,
    /// Whether it refuses the user's key, so that no sign-in is missing.
    pub(super) refuses_key: bool,
}

impl EndpointResponse {
    /// Returns whether the server requires authorization.
    pub(super) fn asks_for_a_sign_in(&self) -> bool {
        let asks = Challenge::asks_for_a_sign_in(self.status, &self.headers);
        !self.refuses_key && (asks || self.status == StatusCode::FORBIDDEN)
    }
}

/// Returns the user's header that carries a key, judging by its name.
fn key_header(remote: &RemoteOptions) -> Option<&HeaderName> {
    const WORDS: [&str; 7] = ["auth", "key", "token", "secret", "password", "credential", "cookie"];
    let is_key = |name: &HeaderName| WORDS.iter().any(|word| name.as_str().contains(word));
    remote.headers.iter().map(|(name, _)| name).find(|name| is_key(name))
}

fn refuses_key(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

/// Checks TLS, HTTP and clock. Returns the response, unless it cannot come from an MCP server.
pub(super) async fn checks(
    remote: &RemoteOptions,
    subject: &mut Subject<'_>,
) -> Option<EndpointResponse> {
    let started = Instant::now();
    let mut response = ask(remote, subject).await?;
    let took = started.elapsed();
    let is_login_page = response.status().is_success() && shows_login_page(&mut response).await;
    if is_tls(remote) {
        subject.add(certificate::check(&presented(remote).await, SystemClock.now()));
    }
    let http = if is_login_page {
        login_page(&remote.url).took(took)
    } else {
        http(response.head(), remote, took)
    };
    let is_failed = http.verdict == CheckVerdict::Fail;
    subject.add(http);
    clock(response.headers(), SystemClock.now()).into_iter().for_each(|check| subject.add(check));
    let refuses_key = refuses_key(response.status()) && key_header(remote).is_some();
    let (status, headers) = (response.status(), response.headers().clone());
    let answered = EndpointResponse { status, headers, refuses_key };
    Some(answered).filter(|_| refuses_key || !is_failed)
}

fn is_tls(remote: &RemoteOptions) -> bool {
    remote.url.scheme() == "https"
}

/// Sends the request, or adds the check that says why there is no answer.
async fn ask(remote: &RemoteOptions, subject: &mut Subject<'_>) -> Option<Response> {
    let name = if is_tls(remote) { "TLS" } else { "HTTP" };
    let asked = async {
        let outbound = Outbound::new(&remote.http, &remote.url)?;
        Ok(tokio::time::timeout(STEP_TIMEOUT, ping_through(&outbound, remote)).await)
    };
    let unreached = match asked.await {
        Ok(Ok(Ok(response))) => return Some(response),
        Ok(Err(_)) => {
            let says = format!("no answer within {} s", STEP_TIMEOUT.as_secs());
            subject.add(Check::fail("HTTP", says).next("try again later"));
            return None;
        }
        Err(error) => Check::error(name, &error),
        Ok(Ok(Err(error))) => {
            let failure = failure_for_network_error(&error, &remote.url);
            if failure.kind != FailureKind::Network {
                subject.add(Check::failure("HTTP", &failure));
                return None;
            }
            Check::failure(name, &failure)
        }
    };
    subject.add(unreached);
    if is_tls(remote) {
        let chain = presented(remote).await;
        let refused = certificate::check_refused(&chain, SystemClock.now());
        refused.into_iter().for_each(|check| subject.add(check));
        subject.add(Check::skipped("HTTP", "there is no connection"));
    }
    None
}

/// The certificates that the server presents, trusted or not; empty if that fails. Sends neither
/// the user's headers nor the path, which may contain a key.
async fn presented(remote: &RemoteOptions) -> Vec<Vec<u8>> {
    let looking = Outbound::recording_certificates(&remote.http, &remote.url);
    let (Ok((outbound, presented)), Ok(root)) = (looking, remote.url.join("/")) else {
        return Vec::new();
    };
    let Ok(target) = Target::new(root) else { return Vec::new() };
    let request = Request::new(Method::HEAD, target, outbound.default_headers().clone());
    let asked = outbound.send(request);
    // The certificates are known even if the request fails.
    let _ = tokio::time::timeout(STEP_TIMEOUT, asked).await;
    presented.certificates()
}

fn http(head: &Parts, remote: &RemoteOptions, took: Duration) -> Check {
    let (status, url) = (head.status, &remote.url);
    let version = format!("{:?}", head.version);
    let says = format!("{version}, the server answers with status {}", status.as_u16());
    if status.is_redirection() {
        return redirect(head, url).took(took);
    }
    if let Some(name) = key_header(remote).filter(|_| refuses_key(status)) {
        let says = format!("the server answers HTTP {} to the key in `{name}`", status.as_u16());
        let check = Check::fail("HTTP", says);
        return check.next("check the key and what it is allowed to do").took(took);
    }
    let kind = head.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_page = kind.is_some_and(|kind| kind.starts_with("text/html"));
    let check = match status.as_u16() {
        200..=299 if is_page => {
            Check::failure("HTTP", &failure_for_media_type("text/html", url, b""))
        }
        401 => Check::ok("HTTP", format!("{says}: it requires a sign-in or a key")),
        // The usual answer of HTTP+SSE servers (2024-11-05); the session check will show.
        405 => Check::ok("HTTP", format!("{says}: it takes no POST, as with HTTP+SSE")),
        403 | 404 | 429 => Check::failure("HTTP", &failure_for_status(status, url, b""))
            .with_verdict(CheckVerdict::Warn),
        500..=599 => Check::failure("HTTP", &failure_for_status(status, url, b"")),
        _ => Check::ok("HTTP", says),
    };
    check.took(took)
}

/// The check for a sign-in page with HTTP 200, which never asks a program for a token.
fn login_page(url: &Url) -> Check {
    let message =
        format!("`{}` answers with a login page, which is for browsers", SafeUrl::new(url));
    Check::failure("HTTP", &failure_for_login_page(FailureKind::Http, message))
}

/// The check for a redirect. The bridge follows redirects within the origin (T-25), which cost a
/// round trip per message.
fn redirect(head: &Parts, url: &Url) -> Check {
    let location = head.headers.get(header::LOCATION);
    let target = location.and_then(|target| url.join(target.to_str().ok()?).ok());
    match target {
        Some(target) if target.origin() == url.origin() && !is_login_address(&target) => {
            let target = SafeUrl::new(&target);
            let next = format!("use that URL: `mcp-tether doctor {}`", safe_url_argument(&target));
            Check::warn("HTTP", format!("the server redirects to `{target}`")).next(next)
        }
        target => Check::failure("HTTP", &failure_for_redirect(head.status, url, target.as_ref())),
    }
}

/// Compares the clocks, if the server sends its time.
fn clock(headers: &HeaderMap, now: u64) -> Option<Check> {
    let date = headers.get(header::DATE)?.to_str().ok()?;
    let theirs = httpdate::parse_http_date(date).ok()?;
    let theirs = theirs.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
    let skew = now.abs_diff(theirs);
    if skew <= MAX_CLOCK_SKEW {
        return Some(Check::ok("clock", "agrees with the server's"));
    }
    let direction = if now > theirs { "ahead of" } else { "behind" };
    let says = format!(
        "this machine's clock is {skew} s {direction} the server's, so tokens expire too early or \
         too late"
    );
    Some(Check::warn("clock", says).next("set this machine's clock, or tell the server's operator"))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const URL: &str = "https://mcp.example.com/mcp";

    fn head(status: u16, headers: &[(&str, &str)]) -> Parts {
        let mut response = http::Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        response.body(()).unwrap().into_parts().0
    }

    fn remote(headers: &[(&'static str, &'static str)]) -> RemoteOptions {
        let own = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let headers = headers.iter().map(own).collect();
        RemoteOptions { headers, ..RemoteOptions::new(Url::parse(URL).unwrap()) }
    }

    /// The verdict, what was found and what to do.
    fn shown(check: &Check) -> String {
        let next = check.next.as_deref().unwrap_or("-");
        format!("{}: {} | {next}", check.verdict.word(), check.says)
    }

    #[test]
    fn a_status_says_whether_the_bridge_can_work_with_the_server() {
        let page = [("content-type", "text/html; charset=utf-8")];
        for (status, headers, verdict, words) in [
            (200, &[][..], "ok", "HTTP/1.1, the server answers with status 200"),
            (202, &[("content-type", "application/json")], "ok", "status 202"),
            (200, &page, "fail", "text/html"),
            (400, &page, "ok", "status 400"),
            (401, &[], "ok", "status 401: it requires a sign-in or a key"),
            (405, &[], "ok", "status 405: it takes no POST, as with HTTP+SSE"),
            (403, &[], "warn", "403"),
            (404, &[], "warn", "404"),
            (429, &[], "warn", "429"),
            (500, &[], "fail", "500"),
            (599, &[], "fail", "599"),
        ] {
            let check = http(&head(status, headers), &remote(&[]), Duration::from_millis(7));
            assert_eq!(check.verdict.word(), verdict, "{status}: {}", check.says);
            assert!(check.says.contains(words), "{status}: {}", check.says);
            assert_eq!(check.took, Some(Duration::from_millis(7)), "{status}");
        }
    }

    #[test]
    fn a_refused_key_is_named_by_its_header_and_never_shown() {
        for name in ["authorization", "x-api-key", "x-access-token", "cookie", "x-secret"] {
            let remote = remote(&[("x-tenant", "a"), (name, "canary")]);
            for status in [401, 403] {
                let shown = shown(&http(&head(status, &[]), &remote, Duration::ZERO));
                let words = format!("the server answers HTTP {status} to the key in `{name}`");
                assert!(shown.starts_with(&format!("fail: {words}")), "{shown}");
                assert!(!shown.contains("canary"), "{shown}");
            }
            // Any other status says nothing about the key.
            let other = http(&head(405, &[]), &remote, Duration::ZERO);
            assert_eq!(other.verdict, CheckVerdict::Ok);
        }
        assert_eq!(key_header(&remote(&[("x-tenant", "a")])), None);
    }

    #[test]
    fn a_sign_in_is_missing_only_where_no_key_was_refused() {
        let bearer = [("www-authenticate", "Bearer realm=\"a\"")];
        for (status, headers, refuses_key, asks) in [
            (401, &bearer[..], false, true),
            (401, &[], false, true),
            (403, &[], false, true),
            (200, &[], false, false),
            (404, &[], false, false),
            (401, &bearer, true, false),
            (403, &[], true, false),
        ] {
            let Parts { status, headers, .. } = head(status, headers);
            let answered = EndpointResponse { status, headers, refuses_key };
            assert_eq!(answered.asks_for_a_sign_in(), asks, "{status} {refuses_key}");
        }
    }

    /// T-25
    #[test]
    fn a_redirect_within_the_origin_costs_time_and_any_other_is_not_followed() {
        for (location, verdict, words) in [
            (Some("/mcp/"), "warn", "`mcp-tether doctor https://mcp.example.com/mcp/`"),
            (Some("https://mcp.example.com:443/new"), "warn", "https://mcp.example.com/new"),
            (Some("https://other.example.com/mcp"), "fail", "other.example.com"),
            (Some("http://mcp.example.com/mcp"), "fail", "http://mcp.example.com"),
            (Some("https://mcp.example.com:8443/mcp"), "fail", "8443"),
            (Some("/login?next=mcp"), "fail", "login"),
            (Some("https://["), "fail", "without a usable `Location`"),
            (None, "fail", "without a usable `Location`"),
        ] {
            let headers: Vec<_> =
                location.map(|location| ("location", location)).into_iter().collect();
            let check = http(&head(308, &headers), &remote(&[]), Duration::ZERO);
            let shown = shown(&check);
            assert_eq!(check.verdict.word(), verdict, "{location:?}: {shown}");
            assert!(shown.contains(words), "{location:?}: {shown}");
        }
    }

    #[test]
    fn clocks_may_differ_by_a_minute() {
        const NOW: u64 = 1_000_000_000;
        let check = |theirs: u64| {
            let date = httpdate::fmt_http_date(std::time::UNIX_EPOCH + Duration::from_secs(theirs));
            let found = clock(&head(200, &[("date", &date)]).headers, NOW).unwrap();
            format!("{}: {}", found.verdict.word(), found.says)
        };
        for theirs in [NOW, NOW - 60, NOW + 60] {
            assert_eq!(check(theirs), "ok: agrees with the server's");
        }
        assert!(check(NOW - 61).starts_with("warn: this machine's clock is 61 s ahead of the"));
        assert!(check(NOW + 3600).starts_with("warn: this machine's clock is 3600 s behind the"));
        for headers in [&[][..], &[("date", "yesterday")], &[("date", "")]] {
            assert!(clock(&head(200, headers).headers, NOW).is_none(), "{headers:?}");
        }
    }
}
