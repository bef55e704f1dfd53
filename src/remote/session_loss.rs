//! Decides whether a refusal means that the remote has forgotten the session (T-32, T-39, T-74).
//! The status, the id and a short list of known shapes decide. An error under the request's own id
//! is its answer, whatever its words (JSON-RPC 2.0 §5).

use http::StatusCode;
use serde::Deserialize;

use super::failures::protocol_failure;
use super::post::Post;
use super::remote_event::is_answer_to;
use super::{Outcome, ProbeRefusal};
use crate::jsonrpc::{Message, MessageKind, RequestId};
use crate::protocol::codes;

/// The error code that servers use for an unknown session ("Session not found").
const SESSION_NOT_FOUND: i64 = -32001;

#[derive(Default, Deserialize)]
struct RefusalError {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
}

/// Returns whether this response says that the session is unknown. `error` is the JSON-RPC error in
/// `body`, if there is one. With `on_stream`, the transport is HTTP+SSE, whose session is
/// its stream.
pub(super) fn is_lost(
    post: &Post,
    on_stream: bool,
    status: StatusCode,
    error: Option<&Message>,
    body: &[u8],
) -> bool {
    if !has_session(post) || error.is_some_and(|error| answers(error, post)) {
        return false;
    }
    let is_identified = post.session.id.is_some() || on_stream;
    match (status, error) {
        (StatusCode::NOT_FOUND | StatusCode::GONE, _) => is_identified,
        (StatusCode::BAD_REQUEST, None) => names_a_session(&String::from_utf8_lossy(body)),
        (status, None) if may_refuse_a_session(status) => {
            says_session_is_gone(&String::from_utf8_lossy(body))
        }
        // The TypeScript SDK answers like this, before it reads the message, when the endpoint's
        // stream is gone.
        (StatusCode::INTERNAL_SERVER_ERROR, None) => {
            on_stream && String::from_utf8_lossy(body).contains("SSE connection not established")
        }
        // The session exists, but is in use or rate-limited.
        (StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS, _) | (_, None) => false,
        (status, Some(error)) if status.is_client_error() => is_unknown_session(error),
        (_, Some(error)) => is_session_gone(error),
    }
}

/// Returns whether this error in a successful response says that the session is unknown. An error
/// with one of our ids answers that request, on whichever stream it arrives (T-37).
pub(super) fn is_lost_by(post: &Post, error: &Message) -> bool {
    has_session(post) && says_lost(error)
}

/// Returns whether this message is an error that says that the session is unknown. A mere mention
/// of a session is not enough: the request may have run.
pub(super) fn says_lost(error: &Message) -> bool {
    error.kind() == MessageKind::ErrorResponse
        && error.id().and_then(RequestId::as_own_number).is_none()
        && is_session_gone(error)
}

/// The outcome for a message that was answered by such an error.
pub(super) fn outcome_of(error: Message) -> Outcome {
    let failure = protocol_failure("the server forgot the session");
    Outcome::SessionLost(Box::new(ProbeRefusal { status: None, failure, answer: Some(error) }))
}

/// Returns whether the message belongs to a session, with or without an id; modern remotes have
/// none.
fn has_session(post: &Post) -> bool {
    let opened = post.session.id.is_some() || post.session.version.is_some();
    opened && post.modern.is_none()
}

/// Returns whether the error has the id of a request that was sent.
fn answers(error: &Message, post: &Post) -> bool {
    post.is_request && is_answer_to(error, post.number)
}

/// Returns whether the answer to a request, an error under its own id, may mean that the session is
/// unknown: then a `ping` shows it (T-44).
pub(crate) fn casts_doubt(answer: &Message) -> bool {
    answer.kind() == MessageKind::ErrorResponse && is_unknown_session(answer)
}

/// Returns whether a refusal with an HTTP error may mean that the session is unknown.
pub(crate) fn refusal_casts_doubt(refusal: &ProbeRefusal) -> bool {
    match &refusal.answer {
        Some(answer) if matches!(refusal.status, Some(404 | 410)) => {
            let error: RefusalError = answer.outcome_as().unwrap_or_default();
            error.code != codes::METHOD_NOT_FOUND
        }
        Some(answer) => casts_doubt(answer),
        None => names_a_session(&refusal.failure.message),
    }
}

fn is_unknown_session(error: &Message) -> bool {
    let error: RefusalError = error.outcome_as().unwrap_or_default();
    error.code == SESSION_NOT_FOUND || names_a_session(&error.message)
}

/// Narrower than [`is_unknown_session`], for errors that do not prove that the request was refused:
/// sending it again must not repeat what it did (T-28).
fn is_session_gone(error: &Message) -> bool {
    const REFUSED: [&str; 6] = [
        "invalid session",
        "no valid session",
        "missing session",
        "session id required",
        "session id is required",
        "session-id header",
    ];
    let error: RefusalError = error.outcome_as().unwrap_or_default();
    let text = error.message.to_ascii_lowercase();
    error.code == SESSION_NOT_FOUND
        || says_session_is_gone(&text)
        || text.contains("not initialized")
        || REFUSED.iter().any(|refused| text.contains(refused))
}

/// Returns whether an error's text is about the session. The TypeScript SDK says "Server not
/// initialized" after a restart; others mention the session.
fn names_a_session(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("session") || text.contains("not initialized")
}

/// The statuses besides 400 and 404 that servers give an unknown session, with words only: 401
/// (rmcp), 403, 412, 419, 422 (rmcp), 440.
fn may_refuse_a_session(status: StatusCode) -> bool {
    matches!(status.as_u16(), 401 | 403 | 412 | 419 | 422 | 440)
}

/// Narrower than [`names_a_session`]: these statuses are meant for other refusals.
fn says_session_is_gone(text: &str) -> bool {
    const GONE: [&str; 6] =
        ["not found", "expired", "unknown", "no such", "not exist", "terminated"];
    let text = text.to_ascii_lowercase();
    text.contains("session") && GONE.iter().any(|gone| text.contains(gone))
        || text.contains("expect initialize request")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::HeaderValue;

    use super::*;
    use crate::jsonrpc::Frame;
    use crate::remote::{ExchangeHandle, Session};

    fn post(id: Option<&'static str>) -> Post {
        let version = Some(HeaderValue::from_static("2025-11-25"));
        let session = Session::new(1, id.map(HeaderValue::from_static), version);
        Post {
            number: 7,
            frame: Frame::default(),
            is_request: true,
            urgent: false,
            repeatable: false,
            session: Arc::new(session),
            stays_open: false,
            handle: ExchangeHandle::default(),
            modern: None,
            trace: None,
        }
    }

    fn judge(post: &Post, on_stream: bool, status: u16, body: &str) -> bool {
        let error = Message::parse(body.to_owned()).ok();
        let status = StatusCode::from_u16(status).unwrap();
        is_lost(post, on_stream, status, error.as_ref(), body.as_bytes())
    }

    fn error(id: &str, code: i64, text: &str) -> String {
        format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{code},"message":"{text}"}}}}"#)
    }

    /// T-39, T-93
    #[test]
    fn each_known_shape_of_a_forgotten_session_is_known() {
        let post = post(Some("s1"));
        let shapes = [
            (404, "Cannot POST /mcp".to_owned()),
            (410, "gone".to_owned()),
            (404, error("null", -32601, "Method not found")),
            (404, error("\"server-error\"", -32600, "Session not found")),
            (400, error("null", -32000, "Bad Request: Server not initialized")),
            (400, error("null", -32000, "Bad Request: No valid session ID provided")),
            (400, error("\"server-error\"", -32600, "Bad Request: Missing session ID")),
            (400, r#"{"error":{"message":"Invalid session id."}}"#.to_owned()),
            (422, error("null", -32001, "x")),
            (500, error("null", -32603, "unknown session")),
            (503, error("null", -32000, "unknown or expired mcp-session-id")),
            (401, "Unauthorized: Session not found".to_owned()),
            (422, "Unexpected message, expect initialize request".to_owned()),
            (403, r#"{"error":"the session has expired"}"#.to_owned()),
            (412, "session expired".to_owned()),
            (419, "Session not found".to_owned()),
            (440, "unknown session".to_owned()),
        ];
        for (status, body) in shapes {
            assert!(judge(&post, false, status, &body), "{status} {body}");
        }
    }

    /// T-24, T-93: JSON-RPC 2.0 §5
    #[test]
    fn an_error_under_the_requests_own_id_is_its_answer() {
        let post = post(Some("s1"));
        for status in [400, 404, 410, 422, 500, 503] {
            for id in ["7", "\"7\"", "281474976710663"] {
                let body = error(id, -32001, "Session not found: session_date must be a date");
                assert!(!judge(&post, false, status, &body), "{status} {body}");
            }
        }
        for (status, body) in [
            (400, error("null", -32602, "Invalid params")),
            (400, "bad request".to_owned()),
            (409, "session in use".to_owned()),
            (500, "session store is down".to_owned()),
            (401, "invalid session token".to_owned()),
            (409, error("null", -32000, "the session is in use")),
            (429, error("null", -32000, "too many requests in this session")),
            (500, error("null", -32603, "database session is in a failed transaction")),
            (200, error("null", -32603, "could not commit the session")),
            (500, error("\"server-error\"", -32603, "duplicate key value: session id")),
            (422, r#"{"detail":[{"loc":["session_date"],"msg":"invalid"}]}"#.to_owned()),
        ] {
            assert!(!judge(&post, false, status, &body), "{status} {body}");
        }
    }

    /// T-93: it is in use, or its requests are limited; it exists
    #[test]
    fn a_conflict_and_too_many_requests_lose_no_session() {
        let post = post(Some("s1"));
        for status in [409, 429] {
            for (code, text) in [(-32001, "Session not found"), (-32000, "unknown session")] {
                assert!(
                    !judge(&post, false, status, &error("null", code, text)),
                    "{status} {code}"
                );
            }
        }
    }

    /// T-32, T-74
    #[test]
    fn only_what_has_a_session_loses_one() {
        let without_id = post(None);
        assert!(!judge(&without_id, false, 404, "not found"), "a route that is gone");
        assert!(judge(&without_id, false, 400, &error("null", -32000, "Server not initialized")));
        assert!(judge(&without_id, true, 404, "Invalid session id."), "HTTP+SSE");
        assert!(judge(&without_id, true, 500, "SSE connection not established"));
        assert!(!judge(&without_id, false, 500, "SSE connection not established"));
        assert!(!judge(&without_id, true, 500, "the session store is down"));
        let unopened = Post { session: Session::unopened(0), ..post(None) };
        assert!(!judge(&unopened, true, 404, "not found"), "the first `initialize`");
        let modern = Post { modern: Some(Box::default()), ..post(None) };
        assert!(!judge(&modern, false, 400, "no session"));
    }
}
