//! Texts of a server that no JSON-RPC parser takes as they are, although they can mean one thing
//! only (T-43): bytes that are not UTF-8, a guard in front, several messages one after another, a
//! message that does not name its version. Only what was refused comes here.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::value::RawValue;

use crate::http::json_text;
use crate::jsonrpc::{Change, Invalid, MAX_BATCH_MEMBERS, Member, Message, Object, Received};

/// The character that begins each text of a sequence (RFC 7464 §2.2).
const RECORD_SEPARATOR: char = '\u{1e}';

/// Parses what was refused with `invalid`.
///
/// # Errors
/// `invalid`, or what is still wrong with the text.
pub(super) fn parse_unusual(
    data: &Bytes,
    has_batches: bool,
    invalid: Invalid,
) -> Result<Received, Invalid> {
    let text = json_text(data);
    if std::str::from_utf8(data).is_err() {
        tracing::warn!("the server sent invalid UTF-8; replaced the invalid bytes");
    }
    let is_changed = text.len() != data.len() || matches!(text, Cow::Owned(_));
    let invalid = match is_changed.then(|| Received::parse(copied(&text))) {
        Some(Ok(Received::Batch(_))) if !has_batches => return Err(Invalid::unexpected_batch()),
        Some(Ok(received)) => return Ok(received),
        Some(Err(invalid)) => invalid,
        None => invalid,
    };
    // Some gateways write the text of the answer as a JSON string.
    let quoted = serde_json::from_str::<String>(&text).ok();
    let text = quoted.as_deref().unwrap_or(&text);
    let mut messages = messages_in(text).ok_or(invalid)?;
    match messages.len() {
        1 => Ok(Received::One(messages.remove(0))),
        _ => Ok(Received::Batch(messages.into_iter().map(Ok).collect())),
    }
}

/// Messages one after another: one, lines of them as `application/x-ndjson` has them, or a sequence
/// of RFC 7464. They arrive one by one. `None` unless each is a message.
fn messages_in(text: &str) -> Option<Vec<Message>> {
    let parts = text.split(RECORD_SEPARATOR);
    let texts = parts.flat_map(|part| serde_json::Deserializer::from_str(part).into_iter());
    let mut messages = Vec::new();
    for text in texts {
        let text: &RawValue = text.ok()?;
        if messages.len() == MAX_BATCH_MEMBERS || !text.get().starts_with('{') {
            return None;
        }
        let message = Message::parse(copied(text.get())).ok();
        messages.push(message.or_else(|| with_version(text.get()))?);
    }
    (!messages.is_empty()).then_some(messages)
}

/// A message that names no version of JSON-RPC, or another one: the answer to a request of ours,
/// whose ids are numbers, or a method of MCP.
fn with_version(text: &str) -> Option<Message> {
    let whole = Object::parse(text)?;
    let is_number = |id: &str| id.trim_matches('"').parse::<u64>().is_ok();
    let has_code = |error| Object::parse(error).is_some_and(|error| error.get("code").is_some());
    let is_answer = whole.get("id").is_some_and(is_number)
        && (whole.get("result").is_some() || whole.get("error").is_some_and(has_code));
    let is_method = || whole.text("method").is_some_and(|name| name.contains('/'));
    if !is_answer && !is_method() {
        return None;
    }
    let version = |member: &Member<'_>| match member.name.as_str() {
        "jsonrpc" => Change::Remove,
        _ => Change::Keep,
    };
    let named = whole.rewritten(version, &[("jsonrpc", "\"2.0\"".to_owned())]);
    Message::parse(named).ok()
}

fn copied(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote::received::parse_received;

    fn raws(text: &str) -> Option<Vec<String>> {
        let raw = |message: Message| String::from_utf8(message.raw().to_vec()).unwrap();
        match parse_received(&Bytes::copy_from_slice(text.as_bytes()), false) {
            Ok(Received::One(message)) => Some(vec![raw(message)]),
            Ok(Received::Batch(messages)) => {
                Some(messages.into_iter().map(|message| raw(message.unwrap())).collect())
            }
            Err(_) => None,
        }
    }

    /// T-43, T-38
    #[test]
    fn messages_one_after_another_arrive_one_by_one() {
        let note = r#"{"jsonrpc":"2.0","method":"notifications/progress"}"#;
        let answer = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;
        for between in ["\n", "\r\n", "", "\n\u{1e}"] {
            let text = format!("{note}{between}{answer}\n");
            assert_eq!(raws(&text).unwrap(), [note, answer], "{between:?}");
        }
        assert_eq!(raws(&format!("\u{1e}{answer}\n")).unwrap(), [answer]);
        let quoted = serde_json::to_string(answer).unwrap();
        assert_eq!(raws(&quoted).unwrap(), [answer]);
        assert_eq!(raws("\"connected\""), None);
        for broken in [format!("{note}\n{{"), format!("{answer}\n[{answer}]"), String::new()] {
            assert_eq!(raws(&broken), None, "{broken}");
        }
        let too_many = format!("{note}\n").repeat(MAX_BATCH_MEMBERS + 1);
        assert_eq!(raws(&too_many), None);
    }

    /// T-43
    #[test]
    fn a_message_may_lack_its_version() {
        let answer = r#"{"jsonrpc":"2.0","id":7,"result":{}}"#;
        for text in [
            r#"{"id":7,"result":{}}"#,
            r#"{"jsonrpc":"1.0","id":7,"result":{}}"#,
            r#"{"jsonrpc":2.0,"id":7,"result":{}}"#,
        ] {
            assert_eq!(raws(text).unwrap(), [answer], "{text}");
        }
        assert!(raws(r#"{"id":7,"error":{"code":-32602,"message":"no"}}"#).is_some());
        assert!(raws(r#"{"method":"notifications/progress","params":{}}"#).is_some());
        for other in [
            r#"{"id":"req_1","error":{"message":"quota exceeded"}}"#,
            r#"{"error":"quota exceeded"}"#,
            r#"{"status":"ok"}"#,
            r#"{"method":"GET"}"#,
        ] {
            assert_eq!(raws(other), None, "{other}");
        }
    }
}
