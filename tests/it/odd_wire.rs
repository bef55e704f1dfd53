//! Odd answers below the messages: labels that are missing or wrong, streams without their last
//! blank line, header lines that are none, codings that no coding is called. What is clear is read
//! (T-21, T-23, T-29).

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use mcp_tether::bridge::{BridgeOptions, Pin};
use mcp_tether::protocol::Era;
use mcp_tether::remote::TransportChoice;
use mcp_tether_mock::{MockOptions, MockRemote};
use serde_json::{Value, json};

use crate::support::harness::{Harness, kind};
use crate::support::scripted::{Asked, Scripted, body, error, status, with_header};

fn called(asked: &Asked) -> String {
    asked.result(json!({ "content": [{ "type": "text", "text": "called" }] })).to_string()
}

/// Writes the text of an answer in another form.
type Form = Box<dyn Fn(&str) -> Vec<u8> + Send + Sync>;

/// Returns the answer to a call that is answered like this.
async fn answered(
    make: impl Fn(&Asked) -> axum::response::Response + Send + Sync + 'static,
) -> Value {
    let server = Scripted::new(move |asked| asked.is_call().then(|| make(asked)));
    let mut harness = server.harness(|_| {}).await.open().await;
    harness.call("echo", json!({})).await
}

/// T-97
#[tokio::test]
async fn an_answer_is_read_whatever_its_label() {
    for label in [
        "text/plain",
        "application/vnd.mcp+json",
        "application/json-rpc; charset=utf-8",
        "application/json, application/json",
        "application/octet-stream",
    ] {
        let answer = answered(move |asked| body(200, label, called(asked))).await;
        assert!(answer["result"].is_object(), "{label}: {answer}");
        let stream = move |asked: &Asked| body(200, label, format!("data: {}\n\n", called(asked)));
        let answer = answered(stream).await;
        assert!(answer["result"].is_object(), "{label}, a stream: {answer}");
    }
    let unlabelled = |asked: &Asked| {
        let mut response = body(200, "text/plain", called(asked));
        response.headers_mut().remove("content-type");
        response
    };
    assert!(answered(unlabelled).await["result"].is_object());
    let json_as_stream = |asked: &Asked| body(200, "text/event-stream", called(asked));
    assert!(answered(json_as_stream).await["result"].is_object());
    let page = answered(|_| body(200, "text/plain", "welcome")).await;
    assert_eq!(kind(&page), "protocol", "{page}");
    assert!(page["error"]["message"].as_str().unwrap().contains("text/plain"), "{page}");
}

/// T-43: NDJSON, a sequence of RFC 7464, UTF-16, a guard against scripts, a zero byte at the end, a
/// message without its version
#[tokio::test]
async fn an_answer_is_read_in_every_form_that_is_clear() {
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let note = json!({ "jsonrpc": "2.0", "method": "notifications/message", "params": {} });
    let forms: [(&'static str, Form); 8] = [
        ("application/x-ndjson", Box::new(move |text| format!("{note}\n{text}\n").into_bytes())),
        ("application/json", Box::new(|text| format!("{text}{text}").into_bytes())),
        ("application/json-seq", Box::new(|text| format!("\u{1e}{text}\n").into_bytes())),
        ("application/json; charset=utf-16", Box::new(utf16)),
        ("text/plain", Box::new(move |text| [&[0xff, 0xfe][..], &utf16(text)].concat())),
        ("text/plain", Box::new(|text| format!(")]}}',\n{text}").into_bytes())),
        ("application/json", Box::new(|text| format!("{text}\0").into_bytes())),
        ("application/json", Box::new(|text| text.replace("\"2.0\"", "2.0").into_bytes())),
    ];
    for (label, form) in forms {
        let make = move |asked: &Asked| body(200, label, form(&called(asked)));
        let answer = answered(make).await;
        assert_eq!(answer["result"]["content"][0]["text"], "called", "{label}: {answer}");
        assert_eq!(answer["jsonrpc"], "2.0", "{label}: {answer}");
    }
}

/// T-21, T-36: the answer itself where the rest of its stream was asked for
#[tokio::test]
async fn a_stream_may_be_resumed_with_the_answer_alone() {
    let id = Arc::new(Mutex::new(Value::Null));
    let server = Scripted::new(move |asked| {
        if asked.is_call() {
            *id.lock().unwrap() = asked.message["id"].clone();
            return Some(body(200, "text/event-stream", "id: e1\ndata: \n\n"));
        }
        let resumes = asked.headers.contains_key("last-event-id");
        let result = || json!({ "jsonrpc": "2.0", "id": *id.lock().unwrap(), "result": {} });
        resumes.then(|| body(200, "application/json", result().to_string()))
    });
    let mut harness = server.harness(|_| {}).await.open().await;
    let answer = harness.call("echo", json!({})).await;
    assert!(answer["result"].is_object(), "{answer}");
}

/// T-97, T-31
#[tokio::test]
async fn a_session_opens_whatever_the_label_of_its_answer() {
    let server = Scripted::new(|asked| {
        let result = json!({
            "protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": {},
        });
        let text = asked.result(result).to_string();
        let opened = || with_header(body(200, "text/plain", text.clone()), "mcp-session-id", "s7");
        (asked.method() == "initialize").then(opened)
    });
    let mut harness = server.harness(|_| {}).await.open().await;
    assert!(harness.call("echo", json!({})).await["result"].is_object());
    let last = server.asked().into_iter().find(Asked::is_call).unwrap();
    assert_eq!(last.headers["mcp-session-id"], "s7");
}

/// T-21, T-73: over HTTP+SSE an answer in the body of the POST counts as well
#[tokio::test]
async fn over_http_sse_an_answer_is_read_whatever_its_label() {
    let server = Scripted::new(|asked| match (asked.http.as_str(), asked.method()) {
        ("GET", _) => {
            let endpoint = "event: endpoint \ndata: \"/mcp\"\n\n";
            let first = bytes::Bytes::from_static(endpoint.as_bytes());
            let first =
                futures_util::stream::once(async { Ok::<_, std::convert::Infallible>(first) });
            let endless = futures_util::StreamExt::chain(first, futures_util::stream::pending());
            let stream = axum::body::Body::from_stream(endless);
            Some(body(200, "text/event-stream, text/event-stream", stream))
        }
        (_, "tools/call") => Some(body(200, "text/plain", called(asked))),
        _ => None,
    });
    let change = |options: &mut BridgeOptions| options.remote.transport = TransportChoice::SseOnly;
    let mut harness = server.harness(change).await.open().await;
    let answer = harness.call("echo", json!({})).await;
    assert!(answer["result"].is_object(), "{answer}");
}

/// T-23: the end of a stream ends its last event
#[tokio::test]
async fn a_stream_without_its_last_blank_line_has_its_answer() {
    for ending in ["", "\n", "\r\n"] {
        let stream = move |asked: &Asked| {
            let text = format!(": hi\n\nevent: message\ndata: {}{ending}", called(asked));
            body(200, "text/event-stream", text)
        };
        let answer = answered(stream).await;
        assert!(answer["result"].is_object(), "{ending:?}: {answer}");
    }
    let half = |asked: &Asked| {
        let text = called(asked);
        body(200, "text/event-stream", format!("data: {}", &text[..text.len() - 2]))
    };
    assert_eq!(kind(&answered(half).await), "lost");
    let lost = |_: &Asked| {
        let error = error(Value::Null, -32602, "no such tool");
        body(200, "text/event-stream", format!("data: {error}"))
    };
    assert_eq!(answered(lost).await["error"]["message"], "no such tool");
}

/// T-100: some words with 202, and the answer on the standalone stream
#[tokio::test]
async fn words_with_202_are_no_answer() {
    let server = Scripted::new(|asked| match asked.http.as_str() {
        "GET" => Some(status(405)),
        _ if asked.is_call() => Some(body(202, "application/json", r#"{"accepted":true}"#)),
        _ => None,
    });
    let mut harness = server.harness(|_| {}).await.open().await;
    let answer = harness.call("echo", json!({})).await;
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("accepted the request"), "{answer}");
}

/// T-98: an event under another name is read where it is the answer, and one called `error` is a
/// reason
#[tokio::test]
async fn an_event_under_another_name_may_be_the_answer() {
    for name in ["error", "response", "Message"] {
        let stream = move |asked: &Asked| {
            body(200, "text/event-stream", format!("event: {name}\ndata: {}\n\n", called(asked)))
        };
        let answer = answered(stream).await;
        assert!(answer["result"].is_object(), "{name}: {answer}");
    }
    let told = |_: &Asked| body(200, "text/event-stream", "event: error\ndata: quota exceeded\n\n");
    let answer = answered(told).await;
    assert_eq!(kind(&answer), "lost", "{answer}");
    assert!(answer["error"]["message"].as_str().unwrap().ends_with(": quota exceeded"), "{answer}");
}

/// E-59, T-24: the words of a refusal in every shape that servers give it
#[tokio::test]
async fn the_words_of_a_refusal_reach_the_host_in_every_shape() {
    for (status, label, text) in [
        (200, "text/plain", "quota exceeded"),
        (200, "application/json", r#"{"error":"quota exceeded"}"#),
        (422, "application/json", r#"{"detail":[{"loc":["body"],"msg":"quota exceeded"}]}"#),
        (400, "application/json", r#"{"errors":[{"message":"quota exceeded"}]}"#),
        (400, "application/json", r#"{"Message":"quota exceeded"}"#),
        (400, "application/xml", "<Error><Code>X</Code><Message>quota exceeded</Message></Error>"),
    ] {
        let answer = answered(move |_| body(status, label, text)).await;
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains("quota exceeded"), "{status} {text}: {answer}");
    }
    let stream = move |asked: &Asked| {
        let error = error(asked.message["id"].clone(), -32602, "quota exceeded");
        body(400, "text/event-stream", format!("data: {error}\n\n"))
    };
    assert_eq!(answered(stream).await["error"]["code"], -32602);
}

/// T-29: RFC 9110 §8.4.1
#[tokio::test]
async fn unknown_content_codings_leave_the_body_unchanged() {
    for coding in ["none", "utf-8", "UTF-8, identity", "binary"] {
        let plain = move |asked: &Asked| {
            let response = body(200, "application/json", called(asked));
            with_header(response, "content-encoding", coding)
        };
        let answer = answered(plain).await;
        assert!(answer["result"].is_object(), "{coding}: {answer}");
    }
    let unknown = |asked: &Asked| {
        with_header(body(200, "application/json", called(asked)), "content-encoding", "zstd")
    };
    let answer = answered(unknown).await;
    assert!(answer["error"]["message"].as_str().unwrap().contains("zstd"), "{answer}");
}

/// T-29: RFC 9112 §5.1
#[tokio::test]
async fn a_malformed_header_line_loses_no_answer() {
    for line in ["Content-Type : application/json", "X Odd: 1", "nonsense", "X-Name: a\u{1}b"] {
        let url = serve_raw(move |_| format!("{line}\r\n"));
        let mock = MockRemote::start(MockOptions::default()).unwrap();
        let mut harness = Harness::reaching(mock, url.parse().unwrap(), |_| {}).open().await;
        let answer = harness.call("echo", json!({})).await;
        assert!(answer["result"].is_object(), "{line:?}: {answer}");
    }
}

/// T-45: RFC 9110 §15.2
#[tokio::test]
async fn interim_answers_of_a_server_are_passed_over() {
    let url = serve_raw(|_| String::new());
    let mock = MockRemote::start(MockOptions::default()).unwrap();
    let mut harness = Harness::reaching(mock, url.parse().unwrap(), |_| {}).open().await;
    let answer = harness.call("interim", json!({})).await;
    assert!(answer["result"].is_object(), "{answer}");
}

/// T-43: the answer is there, and the end of its body never comes
#[tokio::test]
async fn a_body_that_nothing_ends_is_over_with_the_answer() {
    let unended = |asked: &Asked| {
        let text = bytes::Bytes::from(called(asked));
        let first = futures_util::stream::once(async { Ok::<_, std::convert::Infallible>(text) });
        let parts = futures_util::StreamExt::chain(first, futures_util::stream::pending());
        body(200, "application/json", axum::body::Body::from_stream(parts))
    };
    let answer = answered(unended).await;
    assert!(answer["result"].is_object(), "{answer}");
}

/// T-43: bytes behind the answer that are not a chunk
#[tokio::test]
async fn a_body_that_breaks_off_behind_the_answer_is_over() {
    let url = serve_raw(|message| {
        let answer = json!({ "jsonrpc": "2.0", "id": message["id"], "result": {} }).to_string();
        let head = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
        format!("{head}{:x}\r\n{answer}\r\n", answer.len())
    });
    let mock = MockRemote::start(MockOptions::default()).unwrap();
    let mut harness = Harness::reaching(mock, url.parse().unwrap(), |_| {}).open().await;
    let answer = harness.call("echo", json!({})).await;
    assert!(answer["result"].is_object(), "{answer}");
}

/// T-43: RFC 9112 §6.3 wants such an answer dropped; the host learns what was wrong
#[tokio::test]
async fn a_length_that_is_none_is_named() {
    let url = serve_raw(|_| "Content-Length: +7\r\n".to_owned());
    let mock = MockRemote::start(MockOptions::default()).unwrap();
    let mut harness = Harness::reaching(mock, url.parse().unwrap(), |_| {}).open().await;
    let answer = harness.call("echo", json!({})).await;
    assert_eq!(kind(&answer), "lost", "{answer}");
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("invalid content-length"), "{answer}");
}

/// T-88: a POST that is never answered
#[tokio::test]
async fn an_old_server_that_never_answers_a_post_is_found_by_its_stream() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let events = Arc::new(Mutex::new(None));
        for stream in listener.incoming().map_while(Result::ok) {
            let events = Arc::clone(&events);
            std::thread::spawn(move || while serve_old(&stream, &events).is_some() {});
        }
    });
    let mock = MockRemote::start(MockOptions::default()).unwrap();
    let legacy = |options: &mut BridgeOptions| options.protocol = Pin::Only(Era::Legacy);
    let mut harness = Harness::reaching(mock, url.parse().unwrap(), legacy).open().await;
    assert!(harness.call("echo", json!({})).await["result"].is_object());
}

/// HTTP+SSE at `/mcp`, where POSTs are not answered.
fn serve_old(mut stream: &TcpStream, events: &Mutex<Option<TcpStream>>) -> Option<()> {
    let (head, message) = read_request(stream)?;
    if head.starts_with("get") {
        let endpoint = "event: endpoint\ndata: /messages\n\n";
        let label = "Content-Type: text/event-stream\r\n";
        stream.write_all(format!("HTTP/1.1 200 OK\r\n{label}\r\n{endpoint}").as_bytes()).ok()?;
        *events.lock().unwrap() = stream.try_clone().ok();
        return Some(());
    }
    if head.starts_with("post /mcp") {
        return Some(());
    }
    if message["id"].is_number() {
        let result =
            json!({ "protocolVersion": "2024-11-05", "capabilities": {}, "serverInfo": {} });
        let answer = json!({ "jsonrpc": "2.0", "id": message["id"], "result": result });
        let mut events = events.lock().unwrap();
        events.as_mut()?.write_all(format!("data: {answer}\n\n").as_bytes()).ok()?;
    }
    stream.write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n").ok()
}

/// The head of the next request, in lower case, and its message.
fn read_request(mut stream: &TcpStream) -> Option<(String, Value)> {
    let mut head = String::new();
    // Byte by byte: what follows belongs to the body.
    while !head.ends_with("\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.push(char::from(byte[0]));
    }
    let head = head.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let mut text = vec![0; length.map_or(0, |length| length.trim().parse().unwrap())];
    stream.read_exact(&mut text).ok()?;
    Some((head, serde_json::from_slice(&text).unwrap_or_default()))
}

/// A server whose answers to calls have these header lines more. The tool `interim` is answered
/// behind two interim answers.
fn serve_raw(lines: impl Fn(&Value) -> String + Send + Clone + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let lines = lines.clone();
            std::thread::spawn(move || while answer_raw(&stream, &lines).is_some() {});
        }
    });
    url
}

fn answer_raw(mut stream: &TcpStream, lines: &impl Fn(&Value) -> String) -> Option<()> {
    let (head, message) = read_request(stream)?;
    let result = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": {} });
    let answer = json!({ "jsonrpc": "2.0", "id": message["id"], "result": result }).to_string();
    let more = if message["method"] == "tools/call" { lines(&message) } else { String::new() };
    let (status, answer) = match (message["id"].is_null(), head.starts_with("post")) {
        (false, _) => (200, answer),
        (true, true) => (202, String::new()),
        (true, false) => (405, String::new()),
    };
    let label = match more.starts_with("Content-Type") {
        true => "",
        false => "Content-Type: application/json\r\n",
    };
    let length = answer.len();
    let interim = match message["params"]["name"] == "interim" {
        true => "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n",
        false => "",
    };
    let head = format!("HTTP/1.1 {status} X\r\n{more}{label}Content-Length: {length}\r\n\r\n");
    stream.write_all(format!("{interim}{head}{answer}").as_bytes()).ok()
}
