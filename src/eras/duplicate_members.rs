//! Refuses requests with duplicates of a member that the bridge reads: two parsers could see
//! different requests, so a header or filter could judge one while the server runs the other.
//! Duplicates of other members pass unchanged (T-03, T-14).

use crate::jsonrpc::{Message, Object};
use crate::protocol::headers::name_member;

/// Members of `params` that the translation reads for every method.
const ALWAYS_READ: [&str; 2] = ["_meta", "arguments"];

/// A duplicate member of `params` that the bridge reads: for every method, or because it is in
/// `also`.
pub(super) fn find_duplicate_member(
    request: &Message,
    also: &[&'static str],
) -> Option<&'static str> {
    let params = Object::parse(request.params()?)?;
    let read = ALWAYS_READ.iter().chain(also).copied().chain(name_member(request.method()));
    read.into_iter().find(|name| params.has_duplicate(name))
}

/// The error message for such a request.
pub(super) fn refusal(member: &str) -> String {
    format!("the parameters hold `{member}` twice: send it once")
}

/// JSON texts with duplicate members at any place, for the property tests of both adapters.
#[cfg(test)]
pub(in crate::eras) mod texts {
    use proptest::prelude::*;

    /// Names that occur in rules, some of them escaped.
    const NAMES: [&str; 40] = [
        "_meta",
        "\\u005fmeta",
        "tools",
        "content",
        "messages",
        "structuredContent",
        "resultType",
        "ttlMs",
        "name",
        "arguments",
        "uri",
        "progressToken",
        "progress",
        "io.modelcontextprotocol/serverInfo",
        "io.modelcontextprotocol/subscriptionId",
        "io.modelcontextprotocol\\/subscriptionId",
        "io.modelcontextprotocol/protocolVersion",
        "io.modelcontextprotocol/clientCapabilities",
        "io.modelcontextprotocol/related-task",
        "requestState",
        "inputRequests",
        "inputResponses",
        "taskId",
        "status",
        "task",
        "result",
        "error",
        "outputSchema",
        "inputSchema",
        "type",
        "data",
        "execution",
        "code",
        "message",
        "method",
        "params",
        "notifications",
        "capabilities",
        "extensions",
        "\\ud800",
    ];
    const LEAVES: [&str; 18] = [
        "null",
        "true",
        "1",
        "-32002",
        "-32602",
        "1e400",
        "\"object\"",
        "\"array\"",
        "\"complete\"",
        "\"input_required\"",
        "\"task\"",
        "\"completed\"",
        "\"working\"",
        "\"resource_link\"",
        "\"audio\"",
        "\"2026-07-28\"",
        "\"elicitation/create\"",
        "\"\\ud800\"",
    ];

    fn object_of(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
        // Few names in one object, so that many are duplicates.
        let names = prop::sample::subsequence(NAMES.to_vec(), 1..4);
        let members = prop::collection::vec((any::<prop::sample::Index>(), value), 0..6);
        (names, members).prop_map(|(names, members)| {
            let members =
                members.iter().map(|(at, value)| format!("\"{}\":{value}", at.get(&names)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(" , "))
        })
    }

    fn value() -> impl Strategy<Value = String> {
        let leaf = prop::sample::select(LEAVES.to_vec()).prop_map(str::to_owned);
        leaf.prop_recursive(5, 48, 6, |inner| {
            prop_oneof![
                3 => object_of(inner.clone()),
                1 => prop::collection::vec(inner, 0..3)
                    .prop_map(|elements| format!("[{}]", elements.join(","))),
            ]
        })
    }

    /// An object.
    pub(in crate::eras) fn object() -> impl Strategy<Value = String> {
        object_of(value())
    }

    /// One to three answers: results in most cases, otherwise errors.
    pub(in crate::eras) fn answers() -> impl Strategy<Value = Vec<String>> {
        let one = prop_oneof![
            5 => object().prop_map(|text| format!(r#""result":{text}"#)),
            1 => object().prop_map(|text| format!(r#""error":{text}"#)),
        ];
        prop::collection::vec(one, 1..4)
    }

    /// Checks that these bytes are JSON.
    pub(in crate::eras) fn check_json(bytes: &[u8]) {
        // Not a `Value`, which cannot hold every number that JSON allows.
        let read: Result<serde::de::IgnoredAny, _> = serde_json::from_slice(bytes);
        assert!(read.is_ok(), "{}", String::from_utf8_lossy(bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn duplicate(method: &str, params: &str) -> Option<&'static str> {
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
        find_duplicate_member(&Message::parse(text).unwrap(), &["requestState"])
    }

    /// T-14
    #[test]
    fn a_member_that_is_read_must_not_be_there_twice_however_it_is_escaped() {
        let cases = [
            ("tools/call", r#"{"name":"a","name":"b"}"#, Some("name")),
            ("tools/call", r#"{"name":"a","\u006eame":"a"}"#, Some("name")),
            ("tools/call", r#"{"_meta":{},"x":1,"\u005fmeta":{}}"#, Some("_meta")),
            ("tools/call", r#"{"name":"a","arguments":{},"arguments":{}}"#, Some("arguments")),
            ("resources/read", r#"{"uri":"a","uri":"b"}"#, Some("uri")),
            ("prompts/get", r#"{"requestState":"","requestState":""}"#, Some("requestState")),
            ("tools/list", r#"{"name":1,"name":2}"#, None),
            ("tools/call", r#"{"name":"a","x":1,"x":2,"arguments":{"a":1,"a":2}}"#, None),
            ("tools/call", "[]", None),
        ];
        for (method, params, expected) in cases {
            assert_eq!(duplicate(method, params), expected, "{method} {params}");
        }
    }
}
