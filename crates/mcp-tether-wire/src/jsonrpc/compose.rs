//! Composes the messages that the bridge or the mock writes itself. `params`, results and errors
//! are JSON text without line breaks, and are inserted unchanged.

use std::fmt;

use bytes::Bytes;
use serde_json::{Value, json};

use super::id::RequestId;
use super::kind::MessageKind;
use super::message::Message;

/// The beginning of every composed message with an id.
const BEFORE_ID: &str = r#"{"jsonrpc":"2.0","id":"#;

/// A JSON-RPC error answer to `id`. `data` is left out when it is null.
pub fn error_response(id: &RequestId, code: i64, message: &str, data: Value) -> String {
    format!("{BEFORE_ID}{id},\"error\":{}}}", error_object(code, message, data))
}

/// A JSON-RPC error answer to a message whose id could not be read. It has no member `id`, because
/// MCP allows no `null` there (T-05, O-1).
pub fn error_response_without_id(code: i64, message: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","error":{}}}"#, error_object(code, message, Value::Null))
}

/// A JSON-RPC result answer to `id`.
pub fn result_response(id: &RequestId, result: impl fmt::Display) -> String {
    format!("{BEFORE_ID}{id},\"result\":{result}}}")
}

/// A JSON-RPC request.
pub fn request(id: &RequestId, method: &str, params: Option<&str>) -> String {
    let method = JsonString(method);
    match params {
        Some(params) => format!("{BEFORE_ID}{id},\"method\":{method},\"params\":{params}}}"),
        None => format!("{BEFORE_ID}{id},\"method\":{method}}}"),
    }
}

/// A JSON-RPC notification.
pub fn notification(method: &str, params: Option<&str>) -> String {
    let method = JsonString(method);
    match params {
        Some(params) => format!(r#"{{"jsonrpc":"2.0","method":{method},"params":{params}}}"#),
        None => format!(r#"{{"jsonrpc":"2.0","method":{method}}}"#),
    }
}

/// The value of `error` in an error answer. `data` is left out when it is null.
pub fn error_object(code: i64, message: &str, data: Value) -> Value {
    match data {
        Value::Null => json!({ "code": code, "message": message }),
        data => json!({ "code": code, "message": message, "data": data }),
    }
}

impl Message {
    /// Composes a request.
    pub fn request(id: &RequestId, method: &str, params: Option<&str>) -> Self {
        let text = request(id, method, params);
        Self::composed(MessageKind::Request, text, Some(id), Some(method), params.map(str::len))
    }

    /// Composes a notification.
    pub fn notification(method: &str, params: Option<&str>) -> Self {
        let text = notification(method, params);
        Self::composed(MessageKind::Notification, text, None, Some(method), params.map(str::len))
    }

    /// Composes a result answer.
    pub fn result(id: &RequestId, result: &str) -> Self {
        let text = result_response(id, result);
        Self::composed(MessageKind::Response, text, Some(id), None, Some(result.len()))
    }

    /// Composes an error answer; `error` is the error object.
    pub fn error(id: &RequestId, error: &str) -> Self {
        let text = format!("{BEFORE_ID}{id},\"error\":{error}}}");
        Self::composed(MessageKind::ErrorResponse, text, Some(id), None, Some(error.len()))
    }

    /// The message in `text`, whose last member is its `params` or outcome, of this many bytes.
    fn composed(
        kind: MessageKind,
        text: String,
        id: Option<&RequestId>,
        method: Option<&str>,
        last: Option<usize>,
    ) -> Self {
        let end = text.len() - 1;
        let last = last.map(|length| end - length..end);
        let start = BEFORE_ID.len();
        let id = id.map(|id| (id.clone(), start..start + id.to_json().len()));
        let (params, outcome) = if method.is_some() { (last, None) } else { (None, last) };
        Self::from_parts(kind, Bytes::from(text), id, method, params, outcome)
    }
}

/// Text as a JSON string.
struct JsonString<'a>(&'a str);

impl fmt::Display for JsonString<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |byte: u8| byte >= 0x20 && !matches!(byte, b'"' | b'\\');
        if self.0.bytes().all(plain) {
            write!(f, "\"{}\"", self.0)
        } else {
            Value::from(self.0).fmt(f)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_composed_message_reads_like_one_that_was_parsed() {
        let messages = [
            Message::request(&RequestId::from(12), "tools/list", None),
            Message::request(&RequestId::Text("a\"b".into()), "x", Some(r#"{"n":[1.10]}"#)),
            Message::notification("notifications/\"x\"\u{e9}\n", Some("{}")),
            Message::notification("notifications/initialized", None),
            Message::result(&RequestId::from(0), "{}"),
            Message::error(&RequestId::from(0), r#"{"code":1,"message":"m"}"#),
        ];
        for composed in messages {
            let parsed = Message::parse(composed.raw().clone()).unwrap();
            assert_eq!(format!("{composed:?}"), format!("{parsed:?}"));
        }
    }

    #[test]
    fn members_stand_in_the_usual_order() {
        let id = RequestId::from(7);
        let cases = [
            (request(&id, "m", Some("{}")), r#"{"jsonrpc":"2.0","id":7,"method":"m","params":{}}"#),
            (request(&id, "m", None), r#"{"jsonrpc":"2.0","id":7,"method":"m"}"#),
            (notification("m", Some("{}")), r#"{"jsonrpc":"2.0","method":"m","params":{}}"#),
            (notification("m", None), r#"{"jsonrpc":"2.0","method":"m"}"#),
            (result_response(&id, "{}"), r#"{"jsonrpc":"2.0","id":7,"result":{}}"#),
        ];
        for (text, expected) in cases {
            assert_eq!(text, expected);
        }
    }
}
