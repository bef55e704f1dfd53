//! A message: its kind, id and method are parsed, its bytes stay as they came (T-03).
//!
//! The whole text is checked once to be JSON in UTF-8, in linear time and without building values, so
//! that no text that is passed on can break the other side's framing.

use std::borrow::Cow;
use std::ops::Range;

use bytes::{Bytes, BytesMut};
use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::value::RawValue;

use super::frame::{Frame, Overlap};
use super::id::RequestId;
use super::object::Object;
use super::slice_range::range_in;
use crate::protocol::codes;

/// The kind of a message, by its members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Has `method` and `id`; must be answered exactly once.
    Request,
    /// Has `method` and no `id`.
    Notification,
    /// Has `result`.
    Response,
    /// Has `error`; its id may be absent.
    ErrorResponse,
}

/// One JSON-RPC message. Cheap to clone: the bytes are shared.
#[derive(Clone, Debug)]
pub struct Message {
    kind: Kind,
    raw: Bytes,
    id: Option<(RequestId, Range<usize>)>,
    method: Option<Box<str>>,
    params: Option<Range<usize>>,
    outcome: Option<Range<usize>>,
}

/// Where an id goes that a message is given.
enum IdPlace {
    /// In the place of the value of its member `id`.
    Value(Range<usize>),
    /// There is no such member: it is inserted here.
    Missing(usize),
}

/// A text that is not a message, as the JSON-RPC error that answers it (T-05).
#[derive(Clone, Debug)]
pub struct Invalid {
    /// `-32700` for text that is not JSON, `-32600` for JSON that is not a message.
    pub code: i64,
    /// The id, if it could be read.
    pub id: Option<RequestId>,
    /// What is wrong, in words for the sender. Never quotes the text.
    pub reason: String,
}

/// The content of one line, body or event.
#[derive(Debug)]
pub enum Received {
    /// A single message.
    One(Message),
    /// A JSON-RPC batch (revision 2025-03-26): its members, each parsed on its own.
    Batch(Vec<Result<Message, Invalid>>),
}

#[derive(serde::Deserialize)]
struct TopLevel<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    jsonrpc: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    method: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    params: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    error: Option<&'a RawValue>,
}

/// Distinguishes `null` from an absent member.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

impl Received {
    /// Parses one line, body or event payload. Line breaks between tokens are removed (T-01).
    ///
    /// # Errors
    /// The text is not JSON in UTF-8, not a message, or an empty batch. Errors in the members of a
    /// batch are in [`Received::Batch`].
    pub fn parse(raw: Bytes) -> Result<Self, Invalid> {
        let raw = compact(raw);
        let text = std::str::from_utf8(&raw).map_err(|error| {
            Invalid::not_json(format!("invalid UTF-8 at byte {}", error.valid_up_to()))
        })?;
        if !text.trim_start().starts_with('[') {
            return Message::parse_text(&raw, text).map(Self::One);
        }
        let members: Vec<&RawValue> =
            serde_json::from_str(text).map_err(Invalid::from_json_error)?;
        if members.is_empty() {
            return Err(Invalid::not_message(None, "an empty batch"));
        }
        let parse = |member: &&RawValue| {
            let range = range_in(text, member.get());
            Message::parse_text(&raw.slice(range), member.get())
        };
        Ok(Self::Batch(members.iter().map(parse).collect()))
    }
}

impl Message {
    /// Parses exactly one message.
    ///
    /// # Errors
    /// As for [`Received::parse`], or the text is a batch.
    pub fn parse(raw: impl Into<Bytes>) -> Result<Self, Invalid> {
        match Received::parse(raw.into())? {
            Received::One(message) => Ok(message),
            Received::Batch(_) => {
                Err(Invalid::not_message(None, "a batch where one message belongs"))
            }
        }
    }

    fn parse_text(raw: &Bytes, text: &str) -> Result<Self, Invalid> {
        let envelope: TopLevel<'_> =
            serde_json::from_str(text).map_err(|_| Invalid::classify(text))?;
        let id = envelope.id.and_then(RequestId::from_raw);
        if envelope.jsonrpc.map(RawValue::get) != Some("\"2.0\"") {
            return Err(Invalid::not_message(id, "`jsonrpc` is not \"2.0\""));
        }
        let span = |value: &RawValue| range_in(text, value.get());
        let method =
            match envelope.method.map(|raw| serde_json::from_str::<Cow<'_, str>>(raw.get())) {
                Some(Ok(method)) => Some(Box::from(method.as_ref())),
                Some(Err(_)) => return Err(Invalid::not_message(id, "`method` is not a string")),
                None => None,
            };
        let kind = kind_of(&envelope, method.is_some(), &id)?;
        Ok(Self {
            kind,
            raw: raw.clone(),
            id: id.zip(envelope.id.map(span)),
            method,
            params: envelope.params.map(span),
            outcome: envelope.result.or(envelope.error).map(span),
        })
    }

    /// A message of which everything is known already: `raw` is not read.
    pub(super) fn from_parts(
        kind: Kind,
        raw: Bytes,
        id: Option<(RequestId, Range<usize>)>,
        method: Option<&str>,
        params: Option<Range<usize>>,
        outcome: Option<Range<usize>>,
    ) -> Self {
        Self { kind, raw, id, method: method.map(Box::from), params, outcome }
    }

    /// The kind of this message.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The id of a request or an answer.
    pub fn id(&self) -> Option<&RequestId> {
        self.id.as_ref().map(|(id, _)| id)
    }

    /// The method of a request or notification, `""` for answers.
    pub fn method(&self) -> &str {
        self.method.as_deref().unwrap_or_default()
    }

    /// The bytes as they came, without line breaks.
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// The JSON text of `params`.
    pub fn params(&self) -> Option<&str> {
        self.text(self.params.clone()?)
    }

    /// The JSON text of `result`, or of `error` in an error answer.
    pub fn outcome(&self) -> Option<&str> {
        self.text(self.outcome.clone()?)
    }

    /// The byte range of `params` in [`Message::raw`].
    pub fn params_range(&self) -> Option<Range<usize>> {
        self.params.clone()
    }

    /// The byte range of `result` or `error` in [`Message::raw`].
    pub fn outcome_range(&self) -> Option<Range<usize>> {
        self.outcome.clone()
    }

    /// Reads chosen members of `params`, the last of each name; `None` if absent or of another
    /// shape.
    pub fn params_as<T: DeserializeOwned>(&self) -> Option<T> {
        last_members(self.params()?)
    }

    /// Reads chosen members of `result` or `error`, the last of each name; `None` if absent or of
    /// another shape.
    pub fn outcome_as<T: DeserializeOwned>(&self) -> Option<T> {
        last_members(self.outcome()?)
    }

    /// This message with another id and otherwise the same bytes. An error answer without an id
    /// gains one.
    pub fn with_id(&self, id: &str) -> Frame {
        let inserted;
        let edit = match self.id_place() {
            IdPlace::Value(range) => (range, id),
            IdPlace::Missing(at) => {
                inserted = format!("\"id\":{id},");
                (at..at, inserted.as_str())
            }
        };
        // A single edit within the message cannot overlap anything.
        Frame::spliced(&self.raw, &[edit]).unwrap_or_default()
    }

    /// This message with another id and further edits, which must be sorted.
    ///
    /// # Errors
    /// Edits that overlap each other or the id.
    pub fn with_edits<With: AsRef<[u8]>>(
        &self,
        id: &str,
        edits: &[(Range<usize>, With)],
    ) -> Result<Frame, Overlap> {
        let inserted;
        let (range, with) = match self.id_place() {
            IdPlace::Value(range) => (range, id.as_bytes()),
            IdPlace::Missing(at) => {
                inserted = format!("\"id\":{id},");
                (at..at, inserted.as_bytes())
            }
        };
        let edits = edits.iter().map(|(range, with)| (range.clone(), with.as_ref()));
        let mut all: Vec<(Range<usize>, &[u8])> = edits.collect();
        all.push((range, with));
        all.sort_by_key(|(range, _)| range.start);
        Frame::spliced(&self.raw, &all)
    }

    /// This message with edits to anything but its id; they must be sorted.
    ///
    /// # Errors
    /// Edits that overlap.
    pub fn edited<With: AsRef<[u8]>>(
        &self,
        edits: &[(Range<usize>, With)],
    ) -> Result<Frame, Overlap> {
        Frame::spliced(&self.raw, edits)
    }

    fn id_place(&self) -> IdPlace {
        let known = self.id.as_ref().map(|(_, range)| range.clone());
        match known.or_else(|| self.unusable_id_range()) {
            Some(range) => IdPlace::Value(range),
            None => {
                let start = self.raw.iter().position(|b| *b == b'{').map_or(0, |at| at + 1);
                IdPlace::Missing(start)
            }
        }
    }

    /// Where an id member stands that is no legal id (`null` in an error answer).
    fn unusable_id_range(&self) -> Option<Range<usize>> {
        let text = std::str::from_utf8(&self.raw).ok()?;
        let envelope: TopLevel<'_> = serde_json::from_str(text).ok()?;
        envelope.id.map(|id| range_in(text, id.get()))
    }

    /// This message with edits inside `params` or the outcome, and with another id, as a message
    /// again. Nothing is read a second time. The edits must be sorted.
    ///
    /// # Errors
    /// Edits that overlap each other or the id.
    pub fn rewritten<Text: AsRef<[u8]>>(
        &self,
        id: Option<&RequestId>,
        edits: &[(Range<usize>, Text)],
    ) -> Result<Self, Overlap> {
        let new_id = self.id.as_ref().zip(id).map(|((_, range), id)| (range.clone(), id.to_json()));
        let mut all: Vec<(Range<usize>, &[u8])> =
            edits.iter().map(|(range, with)| (range.clone(), with.as_ref())).collect();
        all.extend(new_id.iter().map(|(range, id)| (range.clone(), id.as_bytes())));
        all.sort_by_key(|(range, _)| range.start);
        let raw = Frame::spliced(&self.raw, &all)?.into_bytes();
        let shifted = |at: usize| {
            let before = all.iter().filter(|(range, _)| range.end <= at);
            before.fold(at, |to, (range, with)| to + with.len() - range.len())
        };
        let moved = |range: &Range<usize>| shifted(range.start)..shifted(range.end);
        let id = match (id, &self.id) {
            (Some(id), Some((_, range))) => Some((id.clone(), moved(range))),
            (_, known) => known.as_ref().map(|(id, range)| (id.clone(), moved(range))),
        };
        Ok(Self {
            kind: self.kind,
            raw,
            id,
            method: self.method.clone(),
            params: self.params.as_ref().map(moved),
            outcome: self.outcome.as_ref().map(moved),
        })
    }

    fn text(&self, range: Range<usize>) -> Option<&str> {
        std::str::from_utf8(self.raw.get(range)?).ok()
    }
}

fn kind_of(
    envelope: &TopLevel<'_>,
    has_method: bool,
    id: &Option<RequestId>,
) -> Result<Kind, Invalid> {
    let outcomes = usize::from(envelope.result.is_some()) + usize::from(envelope.error.is_some());
    match (has_method, outcomes) {
        (true, 0) => match (&envelope.id, id) {
            (None, _) => Ok(Kind::Notification),
            (Some(_), Some(_)) => Ok(Kind::Request),
            (Some(_), None) => {
                Err(Invalid::not_message(None, "`id` is neither a string nor an integer"))
            }
        },
        (false, 1) if envelope.error.is_some() => Ok(Kind::ErrorResponse),
        (false, 1) if id.is_some() => Ok(Kind::Response),
        (false, 1) => Err(Invalid::not_message(None, "a result without a usable `id`")),
        (true, _) => Err(Invalid::not_message(id.clone(), "both `method` and an outcome")),
        _ => Err(Invalid::not_message(id.clone(), "needs one of `method`, `result` and `error`")),
    }
}

impl Invalid {
    fn not_json(reason: String) -> Self {
        Self { code: codes::PARSE_ERROR, id: None, reason: format!("not JSON: {reason}") }
    }

    fn not_message(id: Option<RequestId>, reason: &str) -> Self {
        Self {
            code: codes::INVALID_REQUEST,
            id,
            reason: format!("not a JSON-RPC message: {reason}"),
        }
    }

    fn from_json_error(error: serde_json::Error) -> Self {
        Self::not_json(format!("{} at column {}", category(&error), error.column()))
    }

    /// Distinguishes text that is not JSON from JSON that is not a message. The error of parsing the
    /// members does not: it reports a number that is too large for any type as a syntax error.
    fn classify(text: &str) -> Self {
        match serde_json::from_str::<serde::de::IgnoredAny>(text) {
            Err(error) => Self::from_json_error(error),
            Ok(_) => Self::not_message(None, "not an object, or a member is there twice"),
        }
    }
}

fn category(error: &serde_json::Error) -> &'static str {
    if error.is_eof() { "the text ends too early" } else { "a syntax error" }
}

/// Reads a value. Where a member is there twice the last one counts, as for most parsers.
fn last_members<T: DeserializeOwned>(text: &str) -> Option<T> {
    let read = serde_json::from_str(text).ok();
    read.or_else(|| serde_json::from_str(&Object::parse(text)?.undoubled()?).ok())
}

/// Removes the line breaks of pretty-printed JSON, which can only be between tokens. A raw line break
/// inside a string is not JSON and is left for the parser to reject.
fn compact(raw: Bytes) -> Bytes {
    if memchr::memchr2(b'\n', b'\r', &raw).is_none() {
        return raw;
    }
    let mut out = BytesMut::with_capacity(raw.len());
    let mut rest: &[u8] = &raw;
    let mut in_string = false;
    while let Some(at) = memchr::memchr3(b'"', b'\n', b'\r', rest) {
        let (before, after) = rest.split_at(at);
        out.extend_from_slice(before);
        match after[0] {
            b'"' => {
                let escapes = before.iter().rev().take_while(|b| **b == b'\\').count();
                in_string = if in_string { escapes % 2 == 1 } else { true };
                out.extend_from_slice(b"\"");
            }
            _ if in_string => out.extend_from_slice(&after[..1]),
            // It may be all that separates two tokens: `1` and `2` must not become `12`.
            _ if out.last().is_some_and(is_of_word) && separates(after) => {
                out.extend_from_slice(b" ");
            }
            _ => {}
        }
        rest = &after[1..];
    }
    out.extend_from_slice(rest);
    out.freeze()
}

/// Returns whether these line breaks are followed by a byte of a number or a literal name.
fn separates(breaks: &[u8]) -> bool {
    matches!(breaks, [_, next, ..] if is_of_word(next) || matches!(next, b'\n' | b'\r'))
}

/// Returns whether this is a byte of a number or a literal name.
fn is_of_word(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Message, Invalid> {
        Message::parse(text.to_owned())
    }

    #[test]
    fn kinds_are_told_by_members() {
        let kind = |text: &str| parse(text).map(|m| m.kind()).unwrap();
        assert_eq!(kind(r#"{"jsonrpc":"2.0","id":0,"method":"ping"}"#), Kind::Request);
        assert_eq!(kind(r#"{"jsonrpc":"2.0","method":"x","params":{}}"#), Kind::Notification);
        assert_eq!(kind(r#"{"jsonrpc":"2.0","id":"a","result":null}"#), Kind::Response);
        assert_eq!(kind(r#"{"jsonrpc":"2.0","id":null,"error":{}}"#), Kind::ErrorResponse);
        assert_eq!(kind(r#"{"jsonrpc":"2.0","error":{}}"#), Kind::ErrorResponse);
    }

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
            (r#"{"jsonrpc":"2.0","id":1.5,"method":"x"}"#, codes::INVALID_REQUEST, None),
            (r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"x"}"#, codes::INVALID_REQUEST, None),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"x","result":1}"#,
                codes::INVALID_REQUEST,
                Some("1"),
            ),
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
        let text = "{\r\n  \"jsonrpc\": \"2.0\",\n  \"id\": 1,\n  \"result\": {\n \"a\\\\\": \"q\\\" \\n\"\n }\n}\n";
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
        let text =
            r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}, 5 ,{"jsonrpc":"2.0","method":"n"}]"#;
        let Received::Batch(members) = Received::parse(text.into()).unwrap() else {
            panic!("a batch");
        };
        let kinds: Vec<_> = members.iter().map(|m| m.as_ref().map(Message::kind).ok()).collect();
        assert_eq!(kinds, [Some(Kind::Request), None, Some(Kind::Notification)]);
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
}
