//! Copies the W3C trace context in `_meta` (SEP-414) to HTTP headers: gateways in front of a server
//! see only headers. The message itself stays unchanged (O-20).

use std::sync::LazyLock;

use http::{HeaderMap, HeaderName, HeaderValue};
use memchr::memmem::Finder;

use crate::jsonrpc::{Message, Object};

/// How much of long parameters is searched, at their beginning and at their end, in bytes.
const SEARCHED: usize = 16 * 1024;
/// The most characters of a `traceparent`, to which later versions may append fields.
const MAX_PARENT: usize = 128;
/// The most characters of a `tracestate` (W3C Trace Context §3.3.1.5).
const MAX_STATE: usize = 512;

static KEY: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("traceparent"));

/// The headers of this message's trace context. For a message without one, this searches a bounded
/// part of the text for a rare word and parses nothing.
pub fn trace_headers(message: &Message) -> Option<Box<HeaderMap>> {
    let params = message.params()?;
    if !may_have_context(params.as_bytes()) {
        return None;
    }
    let params = Object::parse(params)?;
    let meta = Object::parse(params.get("_meta")?)?;
    let parent = meta.text("traceparent").filter(|text| is_traceparent(text))?;
    let mut headers = HeaderMap::new();
    headers.insert(HeaderName::from_static("traceparent"), HeaderValue::from_str(&parent).ok()?);
    let state = meta.text("tracestate").filter(|text| is_tracestate(text));
    if let Some(state) = state.and_then(|state| HeaderValue::from_str(&state).ok()) {
        headers.insert(HeaderName::from_static("tracestate"), state);
    }
    Some(Box::new(headers))
}

fn may_have_context(params: &[u8]) -> bool {
    if params.len() <= 2 * SEARCHED {
        return KEY.find(params).is_some();
    }
    let (head, tail) = (&params[..SEARCHED], &params[params.len() - SEARCHED..]);
    KEY.find(head).is_some() || KEY.find(tail).is_some()
}

/// Whether this is a `traceparent`: `version-trace id-parent id-flags` in lower-case hexadecimal,
/// with ids that are not all zero (W3C Trace Context §3.2.2). Later versions may append fields.
fn is_traceparent(text: &str) -> bool {
    let is_hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_id = |part: &str, length| is_hex(part, length) && part.bytes().any(|b| b != b'0');
    let parts: Vec<&str> = text.split('-').collect();
    let [version, trace, parent, flags, ref more @ ..] = parts[..] else { return false };
    let is_known = version == "00" && more.is_empty() || version != "00" && version != "ff";
    let is_short = text.len() <= MAX_PARENT && text.bytes().all(|b| b.is_ascii_graphic());
    is_known
        && is_short
        && is_hex(version, 2)
        && is_id(trace, 32)
        && is_id(parent, 16)
        && is_hex(flags, 2)
}

fn is_tracestate(text: &str) -> bool {
    (1..=MAX_STATE).contains(&text.len()) && text.bytes().all(|b| (0x20..=0x7e).contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn headers(params: &str) -> Option<(String, Option<String>)> {
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
        let headers = trace_headers(&Message::parse(text).unwrap())?;
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        Some((text("traceparent").unwrap(), text("tracestate")))
    }

    /// O-20
    #[test]
    fn only_a_context_of_the_standard_becomes_a_header() {
        let with = |parent: &str| headers(&format!(r#"{{"_meta":{{"traceparent":"{parent}"}}}}"#));
        assert_eq!(with(PARENT), Some((PARENT.to_owned(), None)));
        for odd in [
            "",
            "00",
            &PARENT.to_uppercase(),
            &PARENT.replace("00-4b", "ff-4b"),
            &PARENT.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            &PARENT.replace("00f067aa0ba902b7", &"0".repeat(16)),
            &format!("{PARENT}-more"),
            &format!("{PARENT}\\r\\nX: 1"),
            &format!(" {PARENT}"),
        ] {
            assert_eq!(with(odd), None, "{odd}");
        }
        let state = |text: &str| {
            let params =
                format!(r#"{{"_meta":{{"traceparent":"{PARENT}","tracestate":"{text}"}}}}"#);
            headers(&params).unwrap().1
        };
        assert_eq!(state("a=1,b=2").as_deref(), Some("a=1,b=2"));
        assert_eq!(state("a\\nb"), None);
        assert_eq!(state(&"x".repeat(513)), None);
        assert_eq!(headers(&format!(r#"{{"arguments":{{"traceparent":"{PARENT}"}}}}"#)), None);
        assert_eq!(headers(r#"{"_meta":{"traceparent":7}}"#), None);
        let long = "x".repeat(100_000);
        let at_end = format!(r#"{{"arguments":"{long}","_meta":{{"traceparent":"{PARENT}"}}}}"#);
        assert!(headers(&at_end).is_some());
    }
}
