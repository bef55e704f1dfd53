//! An answer among thousands of other items, which a host must not store, log or pass on without
//! limit.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Value, json};

use super::{encode, reply};
use crate::faults::{Flood, FloodOf, Style};
use crate::response_batch::join_array;
use mcp_tether_wire::protocol::headers;

/// The length of an event's id or name, in bytes.
const LONG: usize = 64 * 1024;

/// Answers with these texts and the flood around them.
pub(super) fn response(texts: &[Bytes], flood: Flood, style: &Style) -> Response {
    let answer = join_array(texts);
    let answer = if texts.len() == 1 { &texts[0] } else { &answer };
    let (kind, body) = match flood.of {
        FloodOf::Members => (headers::JSON, array(answer, flood.count, |_| "1".to_owned())),
        FloodOf::Notes => (headers::JSON, array(answer, flood.count, |_| change())),
        FloodOf::Depth => (headers::JSON, deep(answer, flood.count)),
        FloodOf::Cookies | FloodOf::Headers => (headers::JSON, answer.to_vec()),
        of => (headers::EVENT_STREAM, stream(answer, of, flood.count)),
    };
    let body = encode::body(body.into(), &Style { bom: false, ..style.clone() });
    let mut response = Response::new(Body::from(body));
    reply::set(&mut response, "content-type", kind);
    if style.gzip {
        reply::set(&mut response, "content-encoding", "gzip");
    }
    let map = response.headers_mut();
    for number in 0..flood.count {
        match flood.of {
            FloodOf::Cookies => {
                let cookie = format!("c{number}={}; Path=/", "v".repeat(1000));
                map.append(header::SET_COOKIE, HeaderValue::try_from(cookie).expect("legal"));
            }
            FloodOf::Headers => {
                let name = HeaderName::try_from(format!("x-{number}")).expect("legal");
                map.append(name, HeaderValue::from_static("1"));
            }
            _ => break,
        }
    }
    response
}

fn array(answer: &[u8], count: usize, member: impl Fn(usize) -> String) -> Vec<u8> {
    let mut out = b"[".to_vec();
    for number in 0..count {
        out.extend_from_slice(member(number).as_bytes());
        out.push(b',');
    }
    out.extend_from_slice(answer);
    out.push(b']');
    out
}

/// Returns the answer with a deeply nested member added to its result.
fn deep(answer: &[u8], count: usize) -> Vec<u8> {
    let nested = format!("{}{}", "[".repeat(count), "]".repeat(count));
    let text = String::from_utf8_lossy(answer);
    text.replacen("\"result\":{", &format!("\"result\":{{\"deep\":{nested},"), 1).into_bytes()
}

fn stream(answer: &[u8], of: FloodOf, count: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for number in 0..count {
        out.extend_from_slice(&piece(of, number));
    }
    if of == FloodOf::Lines {
        out.push(b'\n');
    }
    out.extend_from_slice(&encode::event(&Style::default(), None, "message", answer));
    out
}

fn piece(of: FloodOf, number: usize) -> Vec<u8> {
    let request = |method: &str, params: Value| {
        let id = format!("q{number}");
        json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
    };
    let note = |method: &str, params: Value| {
        let method = Value::from(method);
        json!({ "jsonrpc": "2.0", "method": method, "params": params })
    };
    let message = match of {
        FloodOf::Noise => return b"data:x\n\n".to_vec(),
        FloodOf::Lines => return b"data:\n".to_vec(),
        FloodOf::Comments => return b": x\n\n".to_vec(),
        FloodOf::Retries => return b"retry: 0\n\n".to_vec(),
        FloodOf::Ids => return format!("id: {number}{}\ndata: x\n\n", long()).into_bytes(),
        FloodOf::Names => return format!("event: {}\ndata: x\n\n", long()).into_bytes(),
        FloodOf::Questions => request("roots/list", json!({})),
        FloodOf::Prompts => request(
            "elicitation/create",
            json!({ "message": "?", "requestedSchema": { "type": "object", "properties": {} } }),
        ),
        FloodOf::Pings => request("ping", json!({})),
        FloodOf::Cancellations => {
            note("notifications/cancelled", json!({ "requestId": format!("q{number}") }))
        }
        FloodOf::LogMessages => {
            note("notifications/message", json!({ "level": "error", "data": "x" }))
        }
        FloodOf::Progress => {
            note("notifications/progress", json!({ "progressToken": number, "progress": number }))
        }
        FloodOf::Answers => json!({ "jsonrpc": "2.0", "id": 1_000_000 + number, "result": {} }),
        _ => return format!("data: {}\n\n", change()).into_bytes(),
    };
    format!("data: {message}\n\n").into_bytes()
}

fn change() -> String {
    r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#.to_owned()
}

fn long() -> String {
    "x".repeat(LONG)
}
