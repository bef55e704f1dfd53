//! Messages of every kind, malformed text, and edits to what was parsed.

use super::*;
use crate::protocol::codes;

fn parse(text: &str) -> Result<Message, Invalid> {
    Message::parse(text.to_owned())
}

#[test]
fn kinds_are_told_by_members() {
    let kind = |text: &str| parse(text).map(|m| m.kind()).unwrap();
    assert_eq!(kind(r#"{"jsonrpc":"2.0","id":0,"method":"ping"}"#), MessageKind::Request);
    assert_eq!(kind(r#"{"jsonrpc":"2.0","method":"x","params":{}}"#), MessageKind::Notification);
    assert_eq!(kind(r#"{"jsonrpc":"2.0","id":"a","result":null}"#), MessageKind::Response);
    assert_eq!(kind(r#"{"jsonrpc":"2.0","id":null,"error":{}}"#), MessageKind::ErrorResponse);
    assert_eq!(kind(r#"{"jsonrpc":"2.0","error":{}}"#), MessageKind::ErrorResponse);
}

/// T-19: `null` is how many serializers write a member that is absent.
#[test]
fn members_that_are_null_count_as_absent() {
    let read = |text: &str| {
        let message = parse(text).unwrap();
        let kind = message.kind();
        (kind, message.outcome().map(str::to_owned), message.method().to_owned())
    };
    let outcome = |text: &str| Some(text.to_owned());
    let cases = [
        (
            r#"{"jsonrpc":"2.0","id":1,"result":{},"error":null,"method":null}"#,
            (MessageKind::Response, outcome("{}"), String::new()),
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"result":null,"error":{"code":1}}"#,
            (MessageKind::ErrorResponse, outcome(r#"{"code":1}"#), String::new()),
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1}}"#,
            (MessageKind::ErrorResponse, outcome(r#"{"code":1}"#), String::new()),
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"result":null,"error":null}"#,
            (MessageKind::Response, outcome("null"), String::new()),
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"m","result":null,"error":null}"#,
            (MessageKind::Request, None, "m".to_owned()),
        ),
        (
            r#"{"jsonrpc":"2.0","id":null,"method":"notifications/x"}"#,
            (MessageKind::Notification, None, "notifications/x".to_owned()),
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(read(text), expected, "{text}");
    }
    let text = r#"{"jsonrpc":"2.0","id":1,"method":null,"params":null,"result":{},"error":null}"#;
    let plain = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;
    assert_eq!(parse(text).unwrap().raw(), plain, "strict hosts take it for something else");
    let both = r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1}}"#;
    let error = r#"{"jsonrpc":"2.0","id":1,"error":{"code":1}}"#;
    assert_eq!(parse(both).unwrap().raw(), error, "the result is removed");
}

/// T-19
#[test]
fn a_byte_order_mark_is_ignored() {
    let line = "\u{feff}{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"}";
    assert_eq!(parse(line).unwrap().raw().first(), Some(&b'{'));
}

/// T-19
#[test]
fn bad_text_gets_the_right_code_and_its_id_where_readable() {
    let cases = [
        ("{", codes::PARSE_ERROR, None),
        ("nonsense", codes::PARSE_ERROR, None),
        ("{\"a\":\"\n\"}", codes::PARSE_ERROR, None),
        ("{} {}", codes::PARSE_ERROR, None),
        ("7", codes::INVALID_REQUEST, None),
        ("1e999999", codes::INVALID_REQUEST, None),
        ("{}", codes::INVALID_REQUEST, None),
        (r#"{"jsonrpc":"1.0","id":4,"method":"x"}"#, codes::INVALID_REQUEST, Some("4")),
        (r#"{"jsonrpc":"2.0","id":4,"method":7}"#, codes::INVALID_REQUEST, Some("4")),
        (r#"{"jsonrpc":"2.0","id":null,"method":"x"}"#, codes::INVALID_REQUEST, None),
        (r#"{"jsonrpc":"2.0","id":1.5,"method":"x"}"#, codes::INVALID_REQUEST, Some("1.5")),
        (r#"{"jsonrpc":"2.0","id":[1],"method":"x"}"#, codes::INVALID_REQUEST, None),
        (r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"x"}"#, codes::INVALID_REQUEST, None),
        (r#"{"jsonrpc":"2.0","id":1,"method":"x","result":1}"#, codes::INVALID_REQUEST, Some("1")),
        (r#"{"jsonrpc":"2.0","result":1}"#, codes::INVALID_REQUEST, None),
        ("[]", codes::INVALID_REQUEST, None),
    ];
    for (text, code, id) in cases {
        let invalid = parse(text).expect_err(text);
        assert_eq!(invalid.code, code, "{text}");
        assert_eq!(invalid.id.map(|id| id.to_json()).as_deref(), id, "{text}");
    }
    let invalid = Message::parse(Bytes::from_static(b"{\"a\":\"\xff\"}")).expect_err("utf-8");
    assert_eq!(invalid.code, codes::PARSE_ERROR);
}

#[test]
fn only_the_id_changes_when_it_is_replaced() {
    let text = r#"{ "x":1.10,"id" : "q" ,"big":123456789012345678901234567890,"jsonrpc":"2.0","result":{"e":1E+2,"u":"\u00e9\/"}}"#;
    let frame = parse(text).unwrap().with_id("7");
    assert_eq!(frame.into_bytes(), text.replace("\"q\"", "7"));
}

#[test]
fn an_error_answer_without_id_gains_the_id_of_its_request() {
    let cases = [
        (
            r#"{"jsonrpc":"2.0","error":{"code":1}}"#,
            r#"{"id":5,"jsonrpc":"2.0","error":{"code":1}}"#,
        ),
        (r#"{"jsonrpc":"2.0","id":null,"error":{}}"#, r#"{"jsonrpc":"2.0","id":5,"error":{}}"#),
    ];
    for (text, expected) in cases {
        assert_eq!(parse(text).unwrap().with_id("5").into_bytes(), expected);
    }
}

#[test]
fn a_rewritten_message_reads_like_one_that_was_parsed() {
    let lines = [
        r#"{"jsonrpc":"2.0","id":"long id","method":"m","params":{"a":1,"b":[2]}}"#,
        r#"{"params":{"a":1,"b":[2]},"method":"m","id":3,"jsonrpc":"2.0"}"#,
        r#"{"params":{"a":1,"b":[2]},"method":"m","jsonrpc":"2.0"}"#,
    ];
    for line in lines {
        let message = parse(line).unwrap();
        let start = message.params_range().unwrap().start;
        let edits = [(start + 1..start + 1, "\"new\":{},"), (start + 5..start + 6, "")];
        let id = RequestId::from(12345);
        let rewritten = message.rewritten(Some(&id), &edits).unwrap();
        let text = std::str::from_utf8(rewritten.raw()).unwrap();
        let expected = r#"{"new":{},"a":,"b":[2]}"#;
        assert_eq!(rewritten.params(), Some(expected), "{line}");
        assert_eq!(rewritten.id(), message.id().map(|_| &id), "{line}");
        let wanted = line
            .replace(r#"{"a":1,"b":[2]}"#, expected)
            .replace("\"long id\"", "12345")
            .replace("\"id\":3", "\"id\":12345");
        assert_eq!(text, wanted);
        if rewritten.id().is_some() {
            let again = rewritten.with_id("7").into_bytes();
            assert_eq!(again, wanted.replace("12345", "7"));
        }
    }
}

/// T-13
#[test]
fn the_last_of_two_members_is_read() {
    #[derive(serde::Deserialize)]
    struct Named {
        name: String,
    }
    let read = |params: &str| {
        let text = format!(r#"{{"jsonrpc":"2.0","method":"m","params":{params}}}"#);
        parse(&text).unwrap().params_as::<Named>().map(|named| named.name)
    };
    assert_eq!(read(r#"{"name":"a","x":1,"x":2}"#).as_deref(), Some("a"));
    assert_eq!(read(r#"{"name":"a","\u006eame":"b"}"#).as_deref(), Some("b"));
    assert_eq!(read(r#"{"name":"a","name":7}"#), None);
}

#[test]
fn pretty_printed_text_becomes_one_line_with_equal_content() {
    let text = "{\r\n  \"jsonrpc\": \"2.0\",\n  \"id\": 1,\n  \"result\": {\n \"a\\\\\": \"q\\\" \
                \\n\"\n }\n}\n";
    let message = parse(text).unwrap();
    assert!(!message.raw().contains(&b'\n'));
    let value = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).unwrap();
    assert_eq!(value(message.raw()), value(text.as_bytes()));
}

/// T-05: a line break that stands where a space may not stand is an error like the space.
#[test]
fn a_line_break_never_joins_what_it_parts() {
    for apart in ["\n", "\r", "\r\n", "\n\n", "\r \n"] {
        let number = format!("{{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\":1{apart}2}}");
        let name = format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":tr{apart}ue}}");
        for text in [number, name] {
            assert_eq!(parse(&text).expect_err(&text).code, codes::PARSE_ERROR, "{text}");
        }
    }
}

#[test]
fn a_batch_is_split_and_each_member_judged() {
    let text = r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}, 5 ,{"jsonrpc":"2.0","method":"n"}]"#;
    let Received::Batch(members) = Received::parse(text.into()).unwrap() else {
        panic!("a batch");
    };
    let kinds: Vec<_> = members.iter().map(|m| m.as_ref().map(Message::kind).ok()).collect();
    assert_eq!(kinds, [Some(MessageKind::Request), None, Some(MessageKind::Notification)]);
}

proptest::proptest! {
    #[test]
    fn any_json_survives_an_id_change(value in arbitrary_json(4)) {
        let text = format!(r#"{{"jsonrpc":"2.0","result":{value},"id":"old","_x":{value}}}"#);
        let frame = parse(&text).unwrap().with_id("1").into_bytes();
        proptest::prop_assert_eq!(frame, text.replace("\"id\":\"old\"", "\"id\":1"));
    }

    #[test]
    fn compacting_pretty_json_changes_no_value(value in arbitrary_json(4)) {
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        let out = compact(Bytes::from(pretty.clone()));
        proptest::prop_assert!(!out.contains(&b'\n'));
        let back: serde_json::Value = serde_json::from_slice(&out).unwrap();
        proptest::prop_assert_eq!(back, value);
    }

    #[test]
    fn no_text_panics(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let _ = Received::parse(Bytes::from(bytes));
    }
}

fn arbitrary_json(depth: u32) -> impl proptest::strategy::Strategy<Value = serde_json::Value> {
    use proptest::prelude::*;
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        "[a-z\"\\\\\n\r\u{e9}]{0,8}".prop_map(Into::into),
    ];
    leaf.prop_recursive(depth, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::hash_map("[a-z]{1,4}", inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}
