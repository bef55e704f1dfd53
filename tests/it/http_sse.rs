//! HTTP+SSE of 2024-11-05, and the choice between the transports (T-70 to T-83).

use mcp_tether::bridge::BridgeOptions;
use mcp_tether::protocol::ProtocolVersion;
use mcp_tether::remote::TransportChoice;
use mcp_tether_mock::{MockOptions, MockRemote};
use serde_json::json;

use crate::support::harness::{Harness, initialize, kind, parsed, text};
use crate::support::process::Program;

fn old(faults: &[&str]) -> MockOptions {
    MockOptions {
        protocol: ProtocolVersion::V2024_11_05.into(),
        faults: parsed(faults),
        ..MockOptions::default()
    }
}

const INITIALIZED: &str = "notifications/initialized";

fn sse_only(options: &mut BridgeOptions) {
    options.remote.transport = TransportChoice::SseOnly;
}

/// T-70, T-73
#[tokio::test]
async fn messages_go_to_the_endpoint_and_answers_come_on_the_stream() {
    for post in [&[][..], &["post=200"], &["post=json"], &["post=both"], &["post=note"]] {
        let mut harness = Harness::new(old(post));
        let result = harness.initialize("2025-11-25").await;
        assert_eq!(result["protocolVersion"], "2024-11-05");
        assert_eq!(text(&harness.call("echo", json!({ "a": 1 })).await), r#"{"a":1}"#, "{post:?}");
        assert!(harness.set_aside().is_empty(), "{post:?}: exactly one answer");
        assert_eq!(harness.mock.recorder().of_http_method("GET").len(), 1);
    }
}

/// T-71
#[tokio::test]
async fn every_form_of_the_endpoint_is_resolved() {
    for form in ["absolute", "relative", "query"] {
        let mut harness = Harness::new(old(&[&format!("endpoint={form}")])).open().await;
        assert!(harness.call("echo", json!({})).await["result"].is_object(), "{form}");
    }
}

/// T-72, T-70
#[tokio::test]
async fn a_hostile_or_missing_endpoint_is_refused() {
    let cases = [
        ("endpoint=cross-host", "another origin"),
        ("endpoint=cross-port", "another origin"),
        ("endpoint=javascript", "refused"),
    ];
    for (fault, word) in cases {
        let mut harness = Harness::with(old(&[fault]), sse_only);
        harness.send(&initialize("2024-11-05")).await;
        let answer = harness.answer(json!("init")).await;
        assert_eq!(kind(&answer), "protocol", "{fault}: {answer}");
        assert!(answer["error"]["message"].as_str().unwrap().contains(word), "{answer}");
        assert_eq!(harness.count("initialize"), 0, "{fault}: nothing was posted anywhere");
    }
}

/// T-89
#[tokio::test]
async fn an_initialize_that_the_endpoint_refuses_without_json_is_answered() {
    for refusal in ["status=404:body=html", "status=410:body=empty", "status=405:body=text"] {
        let fault = format!("{refusal}:method=initialize");
        let mut harness = Harness::with(old(&[&fault]), sse_only);
        harness.send(&initialize("2025-11-25")).await;
        let answer = harness.answer(json!("init")).await;
        assert_eq!(kind(&answer), "http", "{refusal}: {answer}");
    }
}

/// T-74
#[tokio::test]
async fn a_lost_stream_is_opened_again_with_a_new_session() {
    let mut harness = Harness::with(old(&["silent:tool=act"]), sse_only).open().await;
    harness.request("resources/subscribe", json!({ "uri": "lab://watched" })).await;
    let id = harness.start_call("act", json!({})).await;
    harness.seen(|all| all.iter().any(|r| r.rpc_method() == "tools/call")).await;
    harness.fault(&[]);
    harness.mock.drop_streams();
    assert_eq!(kind(&harness.answer(id).await), "lost");
    assert_eq!(text(&harness.call("echo", json!({ "a": 1 })).await), r#"{"a":1}"#);
    assert_eq!(harness.count("initialize"), 2, "{:?}", harness.trail());
    assert_eq!(harness.count("resources/subscribe"), 2);
    let streams = harness.mock.recorder().of_http_method("GET");
    assert!(streams.iter().all(|r| r.header("last-event-id").is_none()));
}

/// T-74
#[tokio::test]
async fn a_restart_of_an_old_server_is_survived_without_a_request() {
    let mut harness = Harness::with(old(&[]), sse_only).open().await;
    harness.call("echo", json!({})).await;
    harness.mock.restart().unwrap();
    harness.seen(|all| all.iter().filter(|r| r.rpc_method() == INITIALIZED).count() == 2).await;
    let answer = harness.call("echo", json!({})).await;
    assert!(answer["result"].is_object(), "{answer}");
}

/// T-70: requests of the server and progress over the old stream
#[tokio::test]
async fn everything_else_works_over_the_old_stream_too() {
    let mut harness = Harness::new(old(&[])).open().await;
    let id = harness.start_call("ask_model", json!({ "prompt": "ok?" })).await;
    let question = harness.of_method("sampling/createMessage").await;
    let content = json!({ "type": "text", "text": "fine" });
    let result = json!({ "role": "assistant", "content": content, "model": "m" });
    harness
        .send(&json!({ "jsonrpc": "2.0", "id": question["id"], "result": result }).to_string())
        .await;
    assert!(harness.answer(id).await["result"].to_string().contains("fine"));
}

/// T-80, T-81, T-83
#[tokio::test]
async fn an_old_server_is_found_by_the_hosts_own_initialize_and_a_get() {
    for status in [400, 404, 405, 406, 410, 411, 413, 415, 422, 426, 431, 501, 200, 202] {
        // The URL of the stream, where a POST is refused in one of the ways that servers do.
        let fault = format!("status={status}:body=html:http=POST:path=/sse");
        let mut harness = Harness::new(old(&[&fault])).open().await;
        assert!(harness.call("echo", json!({})).await["result"].is_object(), "{status}");
        let steps = ["initialize", "server/discover", "GET"];
        assert_eq!(harness.trail()[..3], steps, "{status}");
    }
}

/// T-83
#[tokio::test]
async fn other_refusals_are_no_sign_of_an_old_server() {
    for status in [401, 403, 408, 500] {
        let fault = format!("status={status}:body=html:method=initialize");
        let mut harness = Harness::faulty(&[&fault]);
        harness.send(&initialize("2025-11-25")).await;
        let answer = harness.answer(json!("init")).await;
        assert_eq!(answer["error"]["data"]["bridge"]["status"], status);
        assert_eq!(harness.mock.recorder().of_http_method("GET").len(), 0, "{status}");
    }
}

/// T-83: the refusal of the POST says more than the absence of a stream
#[tokio::test]
async fn a_url_without_any_server_is_told_with_a_hint() {
    let mut harness = Harness::faulty(&["status=404:body=html"]);
    harness.send(&initialize("2025-11-25")).await;
    let answer = harness.answer(json!("init")).await;
    assert_eq!(answer["error"]["message"], "the server answered HTTP 404");
    assert!(answer["error"]["data"]["bridge"]["hint"].as_str().unwrap().contains("/sse"));
    assert_eq!(harness.trail(), ["initialize", "server/discover", "GET"]);
}

/// T-75
#[test]
fn the_old_transport_is_warned_about_once() {
    let mock = MockRemote::start(old(&[])).unwrap();
    let mut bridge = Program::new([mock.url().as_str()]).spawn();
    bridge.send(initialize("2025-11-25"));
    assert!(bridge.next_json()["result"].is_object());
    bridge.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    bridge.send(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#);
    assert_eq!(bridge.next_json()["id"], 1);
    let stderr = bridge.finish().stderr;
    let warnings = stderr.lines().filter(|line| line.contains("HTTP+SSE, which is deprecated"));
    assert_eq!(warnings.count(), 1, "{stderr}");
}

/// T-80: the flag pins or reorders
#[tokio::test]
async fn the_transport_can_be_chosen() {
    let cases = [
        (TransportChoice::SseFirst, "GET", 1),
        (TransportChoice::SseOnly, "GET", 1),
        (TransportChoice::HttpOnly, "initialize", 0),
    ];
    for (choice, first, streams) in cases {
        let mut harness = Harness::with(MockOptions::default(), |options| {
            options.remote.transport = choice;
            if choice != TransportChoice::HttpOnly {
                options.remote.url = options.remote.url.join("/sse").unwrap();
            }
        });
        harness.initialize("2025-06-18").await;
        harness.request("ping", json!({})).await;
        assert!(harness.call("echo", json!({})).await["result"].is_object(), "{choice:?}");
        assert_eq!(harness.trail()[0], first, "{choice:?}");
        assert!(harness.mock.recorder().of_http_method("GET").len() >= streams);
    }
}

/// T-80
#[tokio::test]
async fn sse_first_falls_back_to_streamable_http() {
    let options =
        MockOptions { protocol: ProtocolVersion::V2025_06_18.into(), ..MockOptions::default() };
    let mut harness = Harness::with(options, |options| {
        options.remote.transport = TransportChoice::SseFirst;
    })
    .open()
    .await;
    assert!(harness.call("echo", json!({})).await["result"].is_object());
}
