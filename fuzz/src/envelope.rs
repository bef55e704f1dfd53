//! The envelope of a message, held against a slow reader that keeps every member.

use std::fmt;

use bytes::Bytes;
use mcp_tether::jsonrpc::{Invalid, Message, MessageKind, Received};
use serde_json::Value;
use serde_json::value::RawValue;

const MEMBERS: [&str; 6] = ["jsonrpc", "id", "method", "params", "result", "error"];

/// Same verdict, id, method and values as the oracle; another id changes nothing else.
pub fn json_rpc(input: &[u8]) {
    let received = Received::parse(Bytes::copy_from_slice(input));
    let input = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input);
    let text = std::str::from_utf8(input).ok();
    let Some(text) = text.filter(|t| serde_json::from_str::<serde::de::IgnoredAny>(t).is_ok())
    else {
        assert_eq!(received.expect_err("no JSON").code, -32700);
        return;
    };
    match received {
        Ok(Received::One(message)) => judge(text, Ok(&message)),
        Err(invalid) => {
            assert_eq!(invalid.code, -32600, "JSON was taken for none");
            if text.trim_start().starts_with('[') {
                assert_eq!(elements(text).len(), 0, "only an empty batch is refused whole");
            } else {
                judge(text, Err(&invalid));
            }
        }
        Ok(Received::Batch(members)) => {
            let texts = elements(text);
            assert_eq!(members.len(), texts.len());
            for (member, text) in members.iter().zip(texts) {
                judge(text.get(), member.as_ref());
            }
        }
    }
}

fn elements(text: &str) -> Vec<Box<RawValue>> {
    serde_json::from_str(text).expect("an array")
}

fn judge(text: &str, verdict: Result<&Message, &Invalid>) {
    match (model(text), verdict) {
        (None, Err(invalid)) => assert_eq!(invalid.code, -32600),
        (Some(wanted), Ok(message)) => {
            assert_eq!(message.kind(), wanted.kind);
            assert_eq!(message.id().map(|id| id.to_json()), wanted.id);
            assert_eq!(message.method(), wanted.method);
            assert_eq!(message.params().map(one_line), wanted.params.as_deref().map(one_line));
            assert_eq!(message.outcome().map(one_line), wanted.outcome.as_deref().map(one_line));
            assert!(!message.raw().contains(&b'\n') && !message.raw().contains(&b'\r'));
            let again = Message::parse(message.with_id("\"other\"").into_bytes());
            if message.id().is_some() || message.kind() == MessageKind::ErrorResponse {
                let again = again.expect("still a message");
                assert_eq!(again.id().map(|id| id.to_json()).as_deref(), Some("\"other\""));
                assert_eq!(again.params(), message.params());
                assert_eq!(again.outcome(), message.outcome());
            }
        }
        (model, verdict) => panic!("{} was wanted, {verdict:?} said", model.is_some()),
    }
}

struct Wanted {
    kind: MessageKind,
    id: Option<String>,
    method: String,
    params: Option<String>,
    outcome: Option<String>,
}

/// What JSON-RPC 2.0 and T-06 make of this text; `None` if it is no message.
fn model(text: &str) -> Option<Wanted> {
    let Pairs(pairs) = serde_json::from_str(text).ok()?;
    let count = |name: &str| pairs.iter().filter(|(key, _)| key == name).count();
    if MEMBERS.iter().any(|name| count(name) > 1) {
        return None;
    }
    let get = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, raw)| raw.get());
    if get("jsonrpc") != Some("\"2.0\"") {
        return None;
    }
    let written = |name: &str| get(name).filter(|raw| *raw != "null");
    let method = match written("method") {
        Some(raw) => Some(serde_json::from_str::<String>(raw).ok()?),
        None => None,
    };
    let id = get("id").and_then(usable_id);
    let is_note = method.as_deref().is_some_and(|method| method.starts_with("notifications/"));
    let result = if method.is_some() { written("result") } else { get("result") };
    let kind = match (method.is_some(), result, written("error")) {
        (true, None, None) if get("id").is_none() => MessageKind::Notification,
        (true, None, None) if id.is_some() => MessageKind::Request,
        (true, None, None) if is_note && get("id") == Some("null") => MessageKind::Notification,
        (false, _, Some(_)) => MessageKind::ErrorResponse,
        (false, Some(_), None) if id.is_some() => MessageKind::Response,
        _ => return None,
    };
    let owned = |raw: &str| raw.to_owned();
    let outcome = written("error").or(result).map(owned);
    let params = if method.is_some() { get("params") } else { written("params") };
    let (method, params) = (method.unwrap_or_default(), params.map(owned));
    Some(Wanted { kind, id, method, params, outcome })
}

fn usable_id(raw: &str) -> Option<String> {
    if raw.starts_with('"') {
        return Some(Value::from(serde_json::from_str::<String>(raw).ok()?).to_string());
    }
    let is_number = raw.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    let whole = raw.parse::<f64>().is_ok_and(|number| number.fract() == 0.0);
    (is_number && whole).then(|| raw.to_owned())
}

/// Without the white space between tokens.
fn one_line(json: &str) -> String {
    let (mut out, mut in_string, mut escaped) = (String::new(), false, false);
    for character in json.chars() {
        if in_string || !character.is_ascii_whitespace() {
            out.push(character);
        }
        match character {
            '"' if !escaped => in_string = !in_string,
            _ => {}
        }
        escaped = in_string && character == '\\' && !escaped;
    }
    out
}

struct Pairs(Vec<(String, Box<RawValue>)>);

impl<'de> serde::Deserialize<'de> for Pairs {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Pairs;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}
