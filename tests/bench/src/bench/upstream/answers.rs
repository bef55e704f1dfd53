//! The upstream's answers to JSON-RPC messages, as pieces of JSON.

use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;

use crate::envelope;
use crate::payload::Payload;

/// Tools that `tools/list` shows.
pub(crate) const TOOLS: usize = 20;
/// The revision the upstream answers with.
pub(crate) const VERSION: &str = "2025-06-18";

/// The form of an answer.
pub(crate) enum Answer {
    /// A notification: 202.
    Accepted,
    Json(Vec<Bytes>),
    /// One SSE event.
    Event(Vec<Bytes>),
    /// SSE events, one piece each.
    Stream(Vec<Bytes>),
    /// An SSE stream that ends before the answer; whoever resumes it gets that.
    Broken(Bytes),
}

/// Returns the answer, and how long it takes.
pub(crate) fn answer(message: &[u8], payload: &Payload) -> (Answer, Duration) {
    let Some(id) = envelope::member(message, "id") else {
        return (Answer::Accepted, Duration::ZERO);
    };
    let at_once = |result: &str| (Answer::Json(response(id, result)), Duration::ZERO);
    match envelope::string(message, "method") {
        Some(b"initialize") => at_once(&format!(
            r#"{{"protocolVersion":"{VERSION}","capabilities":{{"tools":{{"listChanged":true}},"logging":{{}}}},"serverInfo":{{"name":"bench","version":"1"}}}}"#
        )),
        Some(b"tools/list") => at_once(&tools()),
        Some(b"ping") => at_once("{}"),
        Some(b"tools/call") => {
            call(id, envelope::member(message, "params").unwrap_or(b"{}"), payload)
        }
        _ => {
            let error = r#","error":{"code":-32601,"message":"Method not found"}}"#;
            (Answer::Json(vec![opening(id), error.into()]), Duration::ZERO)
        }
    }
}

/// `json-SIZE`, `sse-SIZE`: a text of that size; `wait-MS`: a late answer; `notify-COUNT`: that
/// many notifications before the answer; `resume`: the answer to whoever resumes the stream;
/// `sink`: tells how much of its argument is as it should be.
fn call(id: &[u8], params: &[u8], payload: &Payload) -> (Answer, Duration) {
    let name = envelope::string(params, "name").unwrap_or_default();
    let name = String::from_utf8_lossy(name);
    let (kind, number) = name.split_once('-').unwrap_or((&name, "0"));
    let number: usize = number.parse().unwrap_or(0);
    let pieces = |text| text_response(id, text);
    match kind {
        "json" => (Answer::Json(pieces(payload.text(number))), Duration::ZERO),
        "sse" => (Answer::Event(pieces(payload.text(number))), Duration::ZERO),
        "wait" => (Answer::Json(pieces("late".into())), Duration::from_millis(number as u64)),
        "notify" => (Answer::Stream(notifications(id, number)), Duration::ZERO),
        "resume" => {
            let opening = [b"retry: 1\nid: ", id, b"\n\n"].concat();
            (Answer::Broken(opening.into()), Duration::ZERO)
        }
        "sink" => (Answer::Json(pieces(sunk(params, payload).into())), Duration::ZERO),
        _ => (Answer::Json(pieces("no such tool".into())), Duration::ZERO),
    }
}

fn opening(id: &[u8]) -> Bytes {
    [br#"{"jsonrpc":"2.0","id":"#, id].concat().into()
}

fn response(id: &[u8], result: &str) -> Vec<Bytes> {
    vec![[&opening(id)[..], br#","result":"#, result.as_bytes(), b"}"].concat().into()]
}

pub(super) fn text_response(id: &[u8], text: Bytes) -> Vec<Bytes> {
    let before = br#","result":{"content":[{"type":"text","text":""#;
    let opening = [&opening(id)[..], before].concat();
    vec![opening.into(), text, Bytes::from_static(br#""}]}}"#)]
}

fn sunk(params: &[u8], payload: &Payload) -> String {
    let argument = envelope::member(params, "arguments").unwrap_or(b"{}");
    let text = envelope::string(argument, "text").unwrap_or_default();
    let equal = text == payload.text(text.len());
    format!("{} bytes, {}", text.len(), if equal { "equal" } else { "altered" })
}

fn tools() -> String {
    let mut tools = String::from(r#"{"tools":["#);
    for number in 0..TOOLS {
        let comma = if number == 0 { "" } else { "," };
        let _ = write!(
            tools,
            r#"{comma}{{"name":"tool-{number}","title":"Tool {number}","description":"Finds products by name, stock and price; the answer is a table as text","inputSchema":{{"type":"object","properties":{{"query":{{"type":"string"}},"limit":{{"type":"integer"}}}},"required":["query"]}}}}"#
        );
    }
    tools + "]}"
}

/// Each event is a piece of its own, as servers write them.
fn notifications(id: &[u8], count: usize) -> Vec<Bytes> {
    let mut text = String::with_capacity(count * 128);
    let mut ends = Vec::with_capacity(count + 1);
    for number in 0..count {
        let _ = write!(
            text,
            "event: message\ndata: \
             {{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\
             \"params\":{{\"level\":\"info\",\"data\":{number}}}}}\n\n"
        );
        ends.push(text.len());
    }
    let mut text = Bytes::from(text);
    let mut start = 0;
    let mut pieces = Vec::with_capacity(count + 1);
    for end in ends {
        pieces.push(text.split_to(end - start));
        start = end;
    }
    let answer = text_response(id, "done".into()).concat();
    pieces.push([b"event: message\ndata: ", &answer[..], b"\n\n"].concat().into());
    pieces
}
