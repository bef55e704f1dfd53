//! Makes the lines of a recording. A message is included verbatim, or as a string if it is not
//! JSON; secrets in it are replaced.

use std::time::Duration;

use http::HeaderMap;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use super::secrets::{KnownSecrets, REDACTED};
use super::{Edge, EntryContent};

/// One line, without a line ending.
pub(super) fn line(at: Duration, content: EntryContent, known: &mut KnownSecrets) -> Vec<u8> {
    let mut out = format!("{{\"at\":{:.6}", at.as_secs_f64()).into_bytes();
    match content {
        EntryContent::Message { edge, exchange, message } => {
            let (key, party) = match edge {
                Edge::FromHost => ("from", "host"),
                Edge::ToHost => ("to", "host"),
                Edge::FromServer => ("from", "server"),
            };
            add(&mut out, key, &json!(party), known);
            add_exchange(&mut out, exchange);
            add_text(&mut out, "message", &message.into_bytes(), known);
        }
        EntryContent::Request { exchange, method, headers, message } => {
            known.learn(&headers);
            add(&mut out, "to", &json!("server"), known);
            add_exchange(&mut out, exchange);
            add(&mut out, "http", &json!(method.as_str()), known);
            add(&mut out, "headers", &shown(&headers), known);
            if !message.is_empty() {
                add_text(&mut out, "message", &message.into_bytes(), known);
            }
        }
        EntryContent::Response { exchange, status, headers } => {
            known.learn_from_response(&headers);
            add(&mut out, "from", &json!("server"), known);
            add_exchange(&mut out, exchange);
            add(&mut out, "status", &json!(status.as_u16()), known);
            add(&mut out, "headers", &shown(&headers), known);
        }
        EntryContent::Refusal { exchange, body } => {
            add(&mut out, "from", &json!("server"), known);
            add_exchange(&mut out, Some(exchange));
            add_text(&mut out, "body", &body, known);
        }
        EntryContent::Failure { exchange, kind, text } => {
            add_exchange(&mut out, Some(exchange));
            add(&mut out, "failed", &json!(kind), known);
            add(&mut out, "why", &json!(text), known);
        }
        EntryContent::Known(_) | EntryContent::End(_) => {}
    }
    out.push(b'}');
    out
}

/// The line that says how many reports are missing before it.
pub(super) fn line_of_gap(at: Duration, left_out: u64) -> Vec<u8> {
    format!("{{\"at\":{:.6},\"left_out\":{left_out}}}", at.as_secs_f64()).into_bytes()
}

/// Headers as an object; those that could identify the sender are redacted.
fn shown(headers: &HeaderMap) -> Value {
    let mut members = Map::new();
    for (name, value) in headers {
        let shown = if KnownSecrets::is_open(name) {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        } else {
            REDACTED.to_owned()
        };
        members.insert(name.as_str().to_owned(), shown.into());
    }
    members.into()
}

fn add_exchange(out: &mut Vec<u8>, exchange: Option<u64>) {
    if let Some(exchange) = exchange {
        out.extend_from_slice(format!(",\"exchange\":{exchange}").as_bytes());
    }
}

fn add(out: &mut Vec<u8>, name: &str, value: &Value, known: &KnownSecrets) {
    out.extend_from_slice(format!(",\"{name}\":").as_bytes());
    out.extend_from_slice(&known.without(value.to_string().as_bytes()));
}

/// Adds single-line JSON verbatim, and other text as a string.
fn add_text(out: &mut Vec<u8>, name: &str, text: &[u8], known: &KnownSecrets) {
    let text = known.without(text);
    let is_line = !text.iter().any(|byte| matches!(byte, b'\n' | b'\r'));
    if is_line && serde_json::from_slice::<IgnoredAny>(&text).is_ok() {
        out.extend_from_slice(format!(",\"{name}\":").as_bytes());
        out.extend_from_slice(&text);
        return;
    }
    // Multi-line JSON only loses its line breaks.
    let value = serde_json::from_slice(&text)
        .unwrap_or_else(|_| json!({ "text": String::from_utf8_lossy(&text) }));
    out.extend_from_slice(format!(",\"{name}\":{value}").as_bytes());
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::jsonrpc::Frame;

    fn said(content: EntryContent) -> String {
        let line = line(Duration::from_millis(1500), content, &mut KnownSecrets::default());
        String::from_utf8(line).unwrap()
    }

    fn of_host(text: &'static str) -> String {
        let message = Frame::from(Bytes::from_static(text.as_bytes()));
        said(EntryContent::Message { edge: Edge::FromHost, exchange: None, message })
    }

    /// O-30
    #[test]
    fn a_message_keeps_its_bytes_and_other_text_is_a_string() {
        let message = r#"{"id":1, "params":{"a":1.50}}"#;
        let expected = format!(r#"{{"at":1.500000,"from":"host","message":{message}}}"#);
        assert_eq!(of_host(r#"{"id":1, "params":{"a":1.50}}"#), expected);
        assert!(of_host("no \"json").ends_with(r#""message":{"text":"no \"json"}}"#));
        assert!(of_host("{\n\"a\":1}").ends_with(r#""message":{"a":1}}"#));
        assert!(of_host("").ends_with(r#""message":{"text":""}}"#));
    }

    /// O-30
    #[test]
    fn a_number_that_is_a_secret_leaves_a_line_that_can_be_read() {
        let mut known = KnownSecrets::default();
        let headers = [("x-api-key", "12345678")];
        let headers = headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let (method, exchange) = (http::Method::POST, Some(1));
        let message = Frame::from(Bytes::from_static(br#"{"id":12345678}"#));
        let headers = headers.into_iter().collect();
        let request = EntryContent::Request { exchange, method, headers, message };
        let line = String::from_utf8(line(Duration::ZERO, request, &mut known)).unwrap();
        assert!(!line.contains("12345678"), "{line}");
        assert!(serde_json::from_str::<Value>(&line).is_ok(), "{line}");
    }
}
