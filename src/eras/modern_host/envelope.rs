//! Reads what a request of 2026-07-28 declares in `_meta` (E-13), and removes it for a legacy
//! server (E-15). All other bytes stay unchanged.

use std::ops::Range;

use serde_json::{Value, json};

use super::refusal::RequestRefusal;
use crate::jsonrpc::{Change, Edit, Member, Message, Object};
use crate::protocol::{Era, LogLevel, ProtocolVersion, codes, meta};

/// A request's declarations in `_meta`.
#[derive(Clone, Debug)]
pub(super) struct RequestEnvelope {
    /// Name and version of the host, as it wrote them.
    pub(super) host_info: Option<String>,
    /// The host's capabilities for this request.
    pub(super) capabilities: Value,
    /// The lowest level of log messages that it wants.
    pub(super) level: Option<LogLevel>,
    /// Its progress token, as it wrote it.
    pub(super) token: Option<String>,
}

impl RequestEnvelope {
    /// Reads what a request declares.
    ///
    /// # Errors
    /// A required key is missing or wrong, or the revision is not supported (E-13).
    pub(super) fn read(message: &Message) -> Result<Self, RequestRefusal> {
        let params = message.params().and_then(Object::parse);
        let Some(meta) = params.as_ref().and_then(|params| params.get("_meta")) else {
            return Err(missing("_meta"));
        };
        let meta = Object::parse(meta).ok_or_else(|| missing("_meta"))?;
        let version = meta.text(meta::PROTOCOL_VERSION);
        let version = version.ok_or_else(|| missing(meta::PROTOCOL_VERSION))?;
        let served = ProtocolVersion::from_name(&version);
        if served.is_none_or(|version| version.era() != Era::Modern) {
            return Err(unsupported(&version));
        }
        let capabilities: Option<Value> = meta
            .get(meta::CLIENT_CAPABILITIES)
            .and_then(|text| serde_json::from_str(text).ok())
            .filter(Value::is_object);
        Ok(Self {
            capabilities: capabilities.ok_or_else(|| missing(meta::CLIENT_CAPABILITIES))?,
            host_info: meta.get(meta::CLIENT_INFO).map(str::to_owned),
            level: level(&meta)?,
            token: meta
                .get(meta::PROGRESS_TOKEN)
                .filter(|token| is_token(token))
                .map(str::to_owned),
        })
    }
}

/// The revisions that are declared to a host, newest first (E-12).
pub(super) fn supported_versions() -> Vec<&'static str> {
    ProtocolVersion::ALL.iter().rev().map(|version| version.name()).collect()
}

fn level(meta: &Object<'_>) -> Result<Option<LogLevel>, RequestRefusal> {
    let Some(text) = meta.get(meta::LOG_LEVEL) else { return Ok(None) };
    let level = serde_json::from_str::<String>(text).ok();
    match level.as_deref().and_then(LogLevel::from_name) {
        Some(level) => Ok(Some(level)),
        // `server/utilities/logging`, error handling (E-60).
        None => Err(RequestRefusal::invalid(format!("{text} is not a log level"))),
    }
}

/// Returns whether this is a progress token: a string or an integer (`basic/patterns/progress`).
fn is_token(text: &str) -> bool {
    crate::jsonrpc::RequestId::from_json(text).is_some()
}

fn missing(what: &str) -> RequestRefusal {
    RequestRefusal::invalid(format!(
        "the request lacks `{what}`, which revision 2026-07-28 requires"
    ))
}

fn unsupported(requested: &str) -> RequestRefusal {
    RequestRefusal {
        code: codes::UNSUPPORTED_PROTOCOL_VERSION,
        message: "this revision is not served in requests of this form".to_owned(),
        data: json!({ "supported": supported_versions(), "requested": requested }),
    }
}

/// The edits that turn a request into a legacy one: they remove the envelope (E-15) and the members
/// of input rounds, replace the host's progress token by `token` (E-63), and add the members
/// `added`.
pub(super) fn legacy(message: &Message, token: Option<u64>, added: &[(&str, String)]) -> Vec<Edit> {
    let (Some(text), Some(range)) = (message.params(), message.params_range()) else {
        return Vec::new();
    };
    let Some(params) = Object::parse(text) else { return Vec::new() };
    let change = |member: &Member<'_>| match member.name.as_str() {
        "_meta" => meta_of_legacy(member.value, at(&params, member.value, &range), token),
        meta::rounds::RESPONSES | meta::rounds::STATE => Change::Remove,
        _ => Change::Keep,
    };
    params.rewrite(range.start, change, added)
}

fn at(params: &Object<'_>, value: &str, range: &Range<usize>) -> usize {
    range.start + params.range_of(value).start
}

fn meta_of_legacy(text: &str, offset: usize, token: Option<u64>) -> Change {
    let Some(meta) = Object::parse(text) else { return Change::Remove };
    let goes = |member: &Member<'_>| {
        meta::OF_REQUEST.contains(&member.name.as_str())
            || member.name == meta::PROGRESS_TOKEN && token.is_none()
    };
    if meta.members().iter().all(goes) {
        return Change::Remove;
    }
    let change = |member: &Member<'_>| match token {
        _ if goes(member) => Change::Remove,
        Some(token) if member.name == meta::PROGRESS_TOKEN => Change::Replace(token.to_string()),
        _ => Change::Keep,
    };
    Change::Within(meta.rewrite(offset, change, &[]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &str = r#""io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"roots":{}}"#;

    fn request(params: &str) -> Message {
        let line = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
        Message::parse(line).unwrap()
    }

    fn params_after(params: &str, token: Option<u64>) -> String {
        let message = request(params);
        let edits = legacy(&message, token, &[]);
        message.rewritten(None, &edits).unwrap().params().unwrap().to_owned()
    }

    /// E-13
    #[test]
    fn a_request_without_the_required_keys_is_refused() {
        let version = r#""io.modelcontextprotocol/protocolVersion":"2026-07-28""#;
        let cases = [
            "{}".to_owned(),
            r#"{"_meta":7}"#.to_owned(),
            r#"{"_meta":{}}"#.to_owned(),
            format!(r#"{{"_meta":{{{version}}}}}"#),
            format!(r#"{{"_meta":{{{version},"io.modelcontextprotocol/clientCapabilities":[]}}}}"#),
            r#"{"_meta":{"io.modelcontextprotocol/clientCapabilities":{}}}"#.to_owned(),
        ];
        for params in cases {
            let refusal = RequestEnvelope::read(&request(&params)).expect_err(&params);
            assert_eq!(refusal.code, codes::INVALID_PARAMS, "{params}");
        }
    }

    /// E-13
    #[test]
    fn a_revision_that_is_not_served_is_refused_with_those_that_are() {
        for version in ["1900-01-01", "2025-11-25", ""] {
            let params = format!(
                r#"{{"_meta":{{"io.modelcontextprotocol/protocolVersion":"{version}","io.modelcontextprotocol/clientCapabilities":{{}}}}}}"#
            );
            let refusal = RequestEnvelope::read(&request(&params)).expect_err(version);
            assert_eq!(refusal.code, codes::UNSUPPORTED_PROTOCOL_VERSION);
            assert_eq!(refusal.data["requested"], version);
            assert_eq!(refusal.data["supported"][0], "2026-07-28");
        }
    }

    /// E-60
    #[test]
    fn an_unknown_log_level_is_refused() {
        for level in ["\"trace\"", "3", "null"] {
            let params =
                format!(r#"{{"_meta":{{{KEYS},"io.modelcontextprotocol/logLevel":{level}}}}}"#);
            let refusal = RequestEnvelope::read(&request(&params)).expect_err(level);
            assert_eq!(refusal.code, codes::INVALID_PARAMS);
        }
    }

    /// E-15
    #[test]
    fn the_envelope_goes_and_every_other_byte_stays() {
        let cases = [
            (
                format!(r#"{{"name":"x","arguments":{{"n": 1.10}},"_meta":{{{KEYS}}}}}"#),
                None,
                r#"{"name":"x","arguments":{"n": 1.10}}"#,
            ),
            (
                format!(r#"{{"_meta":{{{KEYS},"traceparent":"00"}},"uri":"a"}}"#),
                None,
                r#"{"_meta":{"traceparent":"00"},"uri":"a"}"#,
            ),
            (
                format!(r#"{{"_meta":{{"progressToken":"t",{KEYS}}},"uri":"a"}}"#),
                Some(7),
                r#"{"_meta":{"progressToken":7},"uri":"a"}"#,
            ),
            (format!(r#"{{"_meta":{{{KEYS}}}}}"#), None, "{}"),
            (
                format!(
                    r#"{{"requestState":"s","_meta":{{{KEYS}}},"inputResponses":{{}},"uri":"a"}}"#
                ),
                None,
                r#"{"uri":"a"}"#,
            ),
        ];
        for (params, token, expected) in cases {
            assert_eq!(params_after(&params, token), expected, "{params}");
        }
    }

    #[test]
    fn what_the_host_says_is_read() {
        let params = format!(
            r#"{{"_meta":{{{KEYS},"io.modelcontextprotocol/logLevel":"error","progressToken":"p"}}}}"#
        );
        let envelope = RequestEnvelope::read(&request(&params)).unwrap();
        assert_eq!(envelope.level.map(LogLevel::name), Some("error"));
        assert_eq!(envelope.token.as_deref(), Some("\"p\""));
        assert_eq!(envelope.capabilities, json!({ "roots": {} }));
        assert_eq!(envelope.host_info, None);
    }
}
