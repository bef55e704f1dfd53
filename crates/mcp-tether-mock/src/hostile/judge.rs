//! Judges what an attacker obtained, from the requests to its servers.

use axum::http::HeaderValue;

use super::attacks::Aim;
use crate::recorder::RecordedRequest;

/// Describes the attacker's gain; `None` if it missed its goal.
pub(super) fn find_obtained(
    aim: Aim,
    remote: &[RecordedRequest],
    trap: &[RecordedRequest],
) -> Option<String> {
    let found = match aim {
        Aim::Reach => trap.first().map(|request| format!("a request: {}", line(request))),
        Aim::Credential => trap.iter().find_map(credential),
        Aim::SignIn => remote.iter().find(|request| signs_in(request)).map(line),
        Aim::Code => remote.iter().find(|request| redeems(request)).map(line),
        Aim::Requests(most) => {
            (remote.len() > most).then(|| format!("{} requests, more than {most}", remote.len()))
        }
        Aim::Start => remote.first().map(line),
        Aim::Trace => remote.iter().find_map(trace),
        Aim::Inside => None,
    };
    // Whatever the attack aims at, a credential sent to another origin always counts.
    found.or_else(|| trap.iter().find_map(credential))
}

fn line(request: &RecordedRequest) -> String {
    let path = request.path.split('?').next().unwrap_or_default();
    format!("{} {path}", request.http_method)
}

/// Returns whether the request registers a client, asks a person, or asks for tokens.
fn signs_in(request: &RecordedRequest) -> bool {
    matches!(line(request).rsplit('/').next(), Some("register" | "authorize" | "token"))
}

fn redeems(request: &RecordedRequest) -> bool {
    let body = String::from_utf8_lossy(&request.body);
    body.contains("grant_type=authorization_code")
}

/// Describes a trace header that the bridge must not send: one that breaks the W3C's Trace Context,
/// or `baggage`.
fn trace(request: &RecordedRequest) -> Option<String> {
    let is_odd = |name: &str, text: &str| match name {
        "traceparent" => text.len() > 128 || text.split('-').count() < 4,
        "tracestate" => text.len() > 512,
        "baggage" | "x-owned" => true,
        _ => false,
    };
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut headers = request.headers.iter();
    let (name, _) = headers.find(|(name, value)| is_odd(name.as_str(), &text(value)))?;
    Some(format!("`{name}` in {}", line(request)))
}

/// Describes a secret in the request that only the legitimate server may see.
fn credential(request: &RecordedRequest) -> Option<String> {
    let mut names = request.headers.keys().map(|name| name.as_str());
    let header = names.find(|name| {
        matches!(*name, "authorization" | "cookie" | "mcp-session-id" | "proxy-authorization")
            || name.starts_with("x-")
    });
    let body = String::from_utf8_lossy(&request.body);
    let members = ["code", "code_verifier", "refresh_token", "client_secret"];
    let member = members
        .iter()
        .find(|name| body.split('&').any(|pair| pair.split('=').next() == Some(**name)));
    let what = header.or(member.copied())?;
    Some(format!("`{what}` in {}", line(request)))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use axum::http::HeaderMap;
    use bytes::Bytes;

    use super::*;
    use crate::recorder::ExchangeEnd;

    fn request(method: &str, path: &str, body: &'static str) -> RecordedRequest {
        RecordedRequest {
            number: 0,
            at: SystemTime::UNIX_EPOCH,
            http_method: method.to_owned(),
            path: path.to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::from_static(body.as_bytes()),
            messages: Vec::new(),
            status: None,
            ending: ExchangeEnd::Completed,
        }
    }

    #[test]
    fn every_aim_can_be_reached() {
        let redeemed = request("POST", "/oauth/token", "grant_type=authorization_code&code=x");
        let asked = request("GET", "/oauth/authorize?client_id=x", "");
        let mut shown = request("GET", "/x", "");
        shown.headers.insert("authorization", HeaderValue::from_static("Bearer x"));
        let mut traced = request("POST", "/mcp", "");
        traced.headers.insert("baggage", HeaderValue::from_static("b=1"));
        for (aim, remote, trap) in [
            (Aim::Reach, vec![], vec![request("GET", "/x", "")]),
            (Aim::Credential, vec![], vec![shown.clone()]),
            (Aim::Credential, vec![], vec![redeemed.clone()]),
            (Aim::SignIn, vec![asked.clone()], vec![]),
            (Aim::Code, vec![redeemed.clone()], vec![]),
            (Aim::Requests(1), vec![asked.clone(), asked.clone()], vec![]),
            (Aim::Start, vec![asked.clone()], vec![]),
            (Aim::Trace, vec![traced], vec![]),
            (Aim::Inside, vec![], vec![shown]),
        ] {
            assert!(find_obtained(aim, &remote, &trap).is_some(), "{aim:?}");
            assert_eq!(find_obtained(aim, &[], &[]), None, "{aim:?}");
        }
        let harmless = [request("GET", "/.well-known/oauth-authorization-server", "")];
        assert_eq!(find_obtained(Aim::SignIn, &harmless, &[]), None);
        assert_eq!(find_obtained(Aim::Code, &[asked], &harmless), None);
    }
}
