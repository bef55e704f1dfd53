//! A few bytes from a server never cost gigabytes of memory, megabytes of log, or endless requests
//! (S-37, S-39, S-40). The server is written by hand, because the mock cannot send such things.

use std::io::Write;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::support::harness::{initialize, kind};
use crate::support::process::{Program, Running};

/// The posted messages that are not requests of the host.
type Answers = Arc<Mutex<Vec<Value>>>;

async fn bridge_at_lavish_server() -> (Running, Answers) {
    bridge_with(&[]).await
}

async fn bridge_with(flags: &[&str]) -> (Running, Answers) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let answers = Answers::default();
    let router = axum::Router::new().route("/mcp", post(lavish)).with_state(Arc::clone(&answers));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let mut bridge = Program::new([&[url.as_str()][..], flags].concat()).spawn();
    bridge.send(initialize("2025-03-26"));
    assert!(bridge.next_json()["result"].is_object());
    bridge.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    (bridge, answers)
}

async fn lavish(State(answers): State<Answers>, body: String) -> Response {
    let request: Value = serde_json::from_str(&body).unwrap();
    let id = &request["id"];
    let (json, stream) = ("application/json", "text/event-stream");
    match (request["method"].as_str(), request["params"]["name"].as_str()) {
        (Some("initialize"), _) => {
            let result = json!({ "protocolVersion": "2025-03-26", "capabilities": { "tools": {} },
                "serverInfo": { "name": "lavish", "version": "1" } });
            let answer = json!({ "jsonrpc": "2.0", "id": id, "result": result });
            compressed(json, answer.to_string().as_bytes())
        }
        (_, Some("batch")) => {
            let mut body = b"[1".to_vec();
            body.extend(b",1".repeat(1_000_000));
            body.push(b']');
            compressed(json, &body)
        }
        (_, Some("noise")) => {
            let mut body = b"data:x\n\n".repeat(20_000);
            body.extend(event(&json!({ "jsonrpc": "2.0", "id": id, "result": {} })));
            compressed(stream, &body)
        }
        (_, Some("large")) => {
            let size = request["params"]["arguments"]["size"].as_u64().unwrap() as usize;
            let text = "x".repeat(size);
            let answer = json!({ "jsonrpc": "2.0", "id": id, "result": { "text": text } });
            compressed(json, answer.to_string().as_bytes())
        }
        (_, Some("lines")) => {
            let mut body = b"data:\n".repeat(4_000_000);
            body.extend(event(&json!({ "jsonrpc": "2.0", "id": id, "result": {} })));
            compressed(stream, &body)
        }
        (_, Some("ask")) => {
            let ask = |n: usize| json!({ "jsonrpc": "2.0", "id": n, "method": "roots/list" });
            let mut body: Vec<u8> = (0..1100).flat_map(|n| event(&ask(n))).collect();
            body.extend(event(&json!({ "jsonrpc": "2.0", "id": id, "result": {} })));
            compressed(stream, &body)
        }
        (None, _) => {
            answers.lock().unwrap().push(request);
            StatusCode::ACCEPTED.into_response()
        }
        _ => StatusCode::ACCEPTED.into_response(),
    }
}

fn event(message: &Value) -> Vec<u8> {
    format!("data: {message}\n\n").into_bytes()
}

fn compressed(kind: &'static str, body: &[u8]) -> Response {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_ENCODING, "gzip")];
    (headers, encoder.finish().unwrap()).into_response()
}

fn call(bridge: &mut Running, tool: &str) {
    call_with(bridge, tool, tool, json!({}));
}

fn call_with(bridge: &mut Running, id: &str, tool: &str, arguments: Value) {
    let params = json!({ "name": tool, "arguments": arguments });
    let request = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params });
    bridge.send(request.to_string());
}

/// S-37: two bytes of a member would take hundreds of bytes of memory.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_a_million_members_is_refused_whole() {
    let (mut bridge, _) = bridge_at_lavish_server().await;
    let before = bridge.peak_memory();
    call(&mut bridge, "batch");
    let answer = bridge.next_json();
    assert_eq!(kind(&answer), "protocol", "{answer}");
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("a batch of more than 1000 members"), "{message}");
    let grown = bridge.peak_memory() - before;
    assert!(grown < 8 * 2_000_000, "{grown} bytes more");
    assert!(bridge.finish().stderr.lines().count() < 5);
}

/// S-39: eight bytes of an event would become eighty of a log.
#[tokio::test(flavor = "multi_thread")]
async fn events_that_are_no_messages_do_not_fill_the_log() {
    let (mut bridge, _) = bridge_at_lavish_server().await;
    call(&mut bridge, "noise");
    assert_eq!(bridge.next_json()["result"], json!({}));
    let finished = bridge.finish();
    let warnings = finished.stderr.lines().filter(|line| line.contains("not JSON")).count();
    assert_eq!(warnings, 10, "{}", finished.stderr);
    assert!(finished.stderr.contains("more like this are left out"), "{}", finished.stderr);
}

/// S-40
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_asks_a_thousand_things_is_told_that_it_is_too_much() {
    let (mut bridge, answers) = bridge_at_lavish_server().await;
    call(&mut bridge, "ask");
    let mut asked = 0;
    loop {
        let message = bridge.next_json();
        match message["method"].as_str() {
            Some("roots/list") => asked += 1,
            _ if message["id"] == "ask" => break,
            _ => {}
        }
    }
    assert_eq!(asked, 1000);
    bridge.finish();
    let refused = answers.lock().unwrap();
    assert!(!refused.is_empty() && refused.len() <= 100, "{}", refused.len());
    for answer in refused.iter() {
        let id = answer["id"].as_u64().unwrap();
        assert!((1000..1100).contains(&id), "{answer}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains("too many requests"), "{answer}");
    }
}

const MIB: u64 = 1 << 20;

/// S-42: several bodies of almost half of the budget at once all arrive, one after the other.
#[tokio::test(flavor = "multi_thread")]
async fn large_answers_share_one_budget_and_all_arrive() {
    let (mut bridge, _) = bridge_with(&["--memory-budget", "64"]).await;
    let before = bridge.peak_memory();
    for number in 0..6 {
        let size = 30 * MIB;
        call_with(&mut bridge, &format!("c{number}"), "large", json!({ "size": size }));
    }
    let mut answered: Vec<String> = (0..6)
        .map(|_| {
            let answer = bridge.next_json();
            assert_eq!(answer["result"]["text"].as_str().map(str::len), Some(30 << 20));
            answer["id"].as_str().unwrap().to_owned()
        })
        .collect();
    answered.sort();
    assert_eq!(answered, ["c0", "c1", "c2", "c3", "c4", "c5"]);
    // The budget, one message that is being written, and what a buffer that grows leaves behind.
    let grown = bridge.peak_memory() - before;
    assert!(grown < 160 * MIB, "{} MiB more", grown / MIB);
    assert_eq!(bridge.finish().code, Some(0));
}

/// S-42
#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_more_than_half_of_the_budget_is_refused_with_the_limit() {
    let (mut bridge, _) = bridge_with(&["--memory-budget", "64"]).await;
    call_with(&mut bridge, "a", "large", json!({ "size": 33 * MIB }));
    let answer = bridge.next_json();
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("larger than 33554432 bytes"), "{answer}");
    call_with(&mut bridge, "b", "large", json!({ "size": 10 }));
    assert_eq!(bridge.next_json()["id"], "b");
}

/// S-42: a line of six bytes takes 37.
#[tokio::test(flavor = "multi_thread")]
async fn the_lines_of_an_event_count_with_what_they_cost() {
    let (mut bridge, _) = bridge_with(&["--memory-budget", "64"]).await;
    let before = bridge.peak_memory();
    call(&mut bridge, "lines");
    let answer = bridge.next_json();
    assert!(answer["error"]["message"].as_str().unwrap().contains("size limit"), "{answer}");
    let grown = bridge.peak_memory() - before;
    assert!(grown < 100 * MIB, "{} MiB more", grown / MIB);
}
