//! Classifies a token endpoint's response: tokens, a refusal of the request, or a problem that says
//! nothing about it (RFC 6749 §5, A-55). Also finds the parameter for which a refresh was refused
//! (A-43). Pure functions of one response.

use url::Url;

use crate::auth::guarded_http::answer_object::object_in;
use crate::auth::guarded_http::client::GuardedResponse;
use crate::auth::guarded_http::error_answer::ErrorAnswer;
use crate::error::{Failure, FailureKind};
use crate::redact::SafeUrl;

/// Error codes that only ask to try again later.
const TRANSIENT_CODES: [&str; 7] = [
    "temporarily_unavailable",
    "slow_down",
    "too_many_requests",
    "rate_limited",
    "ratelimited",
    "rate_limit_exceeded",
    "429",
];

/// Whether this error code only asks to try again later.
pub(crate) fn is_transient_code(code: &str) -> bool {
    TRANSIENT_CODES.contains(&code)
}

/// The kind of a token endpoint's response.
#[derive(Debug)]
pub(crate) enum AnswerKind {
    /// The requested tokens, as far as can be seen here.
    Issued,
    /// A refusal of this request. Without an error code, the status stands for it.
    Refusal { code: String },
    /// Nothing about the request: the server is busy or has a problem, the endpoint is gone, or a
    /// web page is in front of it.
    Trouble(Failure),
}

/// Classifies a response by what it says about the request. `flag` names another endpoint in place
/// of this one.
pub(crate) fn sort(
    url: &Url,
    flag: &str,
    answer: &GuardedResponse,
    error: &ErrorAnswer,
) -> AnswerKind {
    let (status, shown) = (answer.status.as_u16(), SafeUrl::new(url));
    let trouble = |message: String, hint: String| {
        AnswerKind::Trouble(Failure::new(FailureKind::Http, message).status(status).hint(hint))
    };
    let is_gone = matches!(status, 404 | 410) && error.code.is_none();
    // A problem that the server calls temporary is no reason to ask a person.
    let is_transient = error.code.as_deref().is_some_and(is_transient_code);
    let is_in_trouble = answer.status.is_server_error() && !is_transient;
    let is_busy = is_in_trouble || matches!(status, 408 | 425 | 429);
    if is_busy || is_gone {
        let words = error.in_words();
        let words = if words.is_empty() { words } else { format!(": {words}") };
        return trouble(
            format!("`{shown}` answered HTTP {status}{words}"),
            answer.when_to_try_again(),
        );
    }
    match &error.code {
        Some(code) => AnswerKind::Refusal { code: code.clone() },
        None if !answer.status.is_success() => {
            AnswerKind::Refusal { code: format!("HTTP {status}") }
        }
        None if object_in(&answer.body).is_some() => AnswerKind::Issued,
        None => trouble(
            format!(
                "`{shown}` answered HTTP {status} with {}",
                answer.describe_instead_of("a JSON object")
            ),
            format!(
                "this is not the right endpoint, or something is in front of it; tell the \
                 server's operator, or name another with `{flag} URL`"
            ),
        ),
    }
}

/// The optional parameter for which a refresh was refused: `resource` (RFC 8707 §2) or `scope` (RFC
/// 6749 §6). `None` for all other requests.
pub(crate) fn refused_parameter(
    answer: &GuardedResponse,
    form: &[(String, String)],
) -> Option<&'static str> {
    let refreshes =
        form.iter().any(|(name, value)| name == "grant_type" && value == "refresh_token");
    if !refreshes {
        return None;
    }
    let error = ErrorAnswer::of(answer);
    let code = error.code.as_deref()?;
    let is_sent = |wanted: &str| form.iter().any(|(name, _)| name == wanted);
    let mentions = |parameters| ErrorAnswer::mentions(error.description.as_deref(), parameters);
    let is_invalid = matches!(code, "invalid_request" | "invalid_scope");
    // The numbers are Entra ID's error codes for this parameter, alone and together with scopes.
    let about_resource = code == "invalid_target"
        || is_invalid && mentions(&["resource", "aadsts901002", "aadsts9010010"]);
    if about_resource && is_sent("resource") {
        return Some("resource");
    }
    let about_scope = code == "invalid_scope" || is_invalid && mentions(&["scope"]);
    (about_scope && is_sent("scope")).then_some("scope")
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn answer(status: u16, body: &str) -> GuardedResponse {
        GuardedResponse {
            status: StatusCode::from_u16(status).unwrap(),
            body: body.as_bytes().to_vec(),
            ..GuardedResponse::default()
        }
    }

    fn sorted(status: u16, body: &str) -> AnswerKind {
        let answer = answer(status, body);
        let url = Url::parse("https://as/token").unwrap();
        sort(&url, "--token-endpoint", &answer, &ErrorAnswer::of(&answer))
    }

    /// A-55
    #[test]
    fn what_says_nothing_about_the_request_is_told_from_a_refusal() {
        for (status, body, code) in [
            (400, r#"{"error":"invalid_grant"}"#, "invalid_grant"),
            (200, r#"{"ok":false,"error":"ratelimited"}"#, "ratelimited"),
            (403, r#"{"error":{"code":403,"message":"quota"}}"#, "403"),
            (403, r#"{"message":"Forbidden"}"#, "HTTP 403"),
            (400, "", "HTTP 400"),
            (401, "<html>", "HTTP 401"),
            (404, r#"{"error":"invalid_grant"}"#, "invalid_grant"),
            (503, r#"{"error":"temporarily_unavailable"}"#, "temporarily_unavailable"),
        ] {
            match sorted(status, body) {
                AnswerKind::Refusal { code: found } => assert_eq!(found, code, "{status} {body}"),
                other => panic!("{status} {body}: {other:?}"),
            }
        }
        for (status, body) in [
            (500, r#"{"error":"server_error","error_description":"Token refresh failed: 400"}"#),
            (503, ""),
            (429, r#"{"error":"invalid_grant"}"#),
            (408, r#"{"error":"timeout"}"#),
            (425, ""),
            (404, ""),
            (410, "{}"),
            (200, "<html>"),
            (200, ""),
        ] {
            match sorted(status, body) {
                AnswerKind::Trouble(failure) => assert_eq!(failure.status, Some(status)),
                other => panic!("{status} {body}: {other:?}"),
            }
        }
        assert!(matches!(sorted(201, r#"{"access_token":"a"}"#), AnswerKind::Issued));
    }

    /// A-43
    #[test]
    fn only_a_refresh_leaves_out_what_is_refused() {
        let form = |grant: &str| {
            [("grant_type", grant), ("resource", "https://h"), ("scope", "a")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
        };
        let refresh = form("refresh_token");
        for (body, expected) in [
            (r#"{"error":"invalid_target"}"#, Some("resource")),
            (
                r#"{"error":"invalid_request","error_description":"AADSTS901002: no"}"#,
                Some("resource"),
            ),
            (r#"{"error":"invalid_scope"}"#, Some("scope")),
            (r#"{"error":"invalid_request","error_description":"no Scope here"}"#, Some("scope")),
            (r#"{"error":"invalid_request"}"#, None),
            (r#"{"error":"invalid_grant","error_description":"resource"}"#, None),
        ] {
            assert_eq!(refused_parameter(&answer(400, body), &refresh), expected, "{body}");
            assert_eq!(refused_parameter(&answer(400, body), &form("authorization_code")), None);
        }
        let without = &refresh[..1];
        assert_eq!(refused_parameter(&answer(400, r#"{"error":"invalid_target"}"#), without), None);
    }
}
