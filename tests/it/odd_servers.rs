//! Servers that deviate from the specification: no answer is lost, no slot stays occupied, and no
//! storm of requests starts.

use std::time::Duration;

use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::routing::{any, post};
use mcp_tether::bridge::BridgeOptions;
use mcp_tether::recording::Recorder;
use mcp_tether::remote::TransportChoice;
use mcp_tether_mock::{MockOptions, MockRemote};
use serde_json::{Value, json};

use crate::support::fakes::Tape;
use crate::support::harness::{Harness, initialize, kind, parsed};
use crate::support::process::Program;
use crate::support::waiting::until_seen;

/// T-29: a server that leaves the streams of answered calls open holds no places with them
#[tokio::test]
async fn answered_streams_that_stay_open_hold_no_places() {
    let mut harness =
        Harness::faulty(&["stay-open:tool=echo", "answer=sse", "heartbeat=50"]).open().await;
    let ids: Vec<Value> = {
        let mut ids = Vec::new();
        for _ in 0..300 {
            ids.push(harness.start_call("echo", json!({})).await);
        }
        ids
    };
    for id in ids {
        assert!(harness.answer(id).await["result"].is_object());
    }
}

/// T-87, T-80: what opens a session is tried again after what may pass
#[tokio::test]
async fn a_server_that_comes_up_is_waited_for() {
    for status in [502, 503, 504, 500] {
        let fault = format!("status={status}:body=html:times=2:method=initialize");
        let mut harness = Harness::faulty(&[&fault]).open().await;
        assert!(harness.call("echo", json!({})).await["result"].is_object(), "{status}");
        let ids: Vec<_> = harness
            .mock
            .recorder()
            .requests()
            .iter()
            .filter(|one| one.rpc_method() == "initialize")
            .map(|one| one.rpc_id().cloned())
            .collect();
        assert_eq!(ids.len(), 3, "{status}");
        assert!(ids[0] != ids[1] && ids[1] != ids[2], "each attempt has an id of its own");
    }
    let tape = Tape::default();
    let recorder = Recorder::start(tape.clone()).unwrap();
    let mut harness = Harness::with(MockOptions::default(), |options| {
        options.remote.recorder = Some(recorder);
    });
    harness.mock.stop();
    harness.send(&initialize("2025-11-25")).await;
    // There is a second attempt only if the first one has failed.
    let attempts = || tape.text().matches(r#""to":"server""#).count();
    until_seen("a second attempt", || (attempts() > 1).then_some(())).await;
    harness.mock.start_again().unwrap();
    assert!(harness.answer(json!("init")).await["result"].is_object());
}

/// T-80: a person who types a command is told at once
#[test]
fn a_command_reports_a_refused_connection_at_once() {
    let mut mock = MockRemote::start(MockOptions::default()).unwrap();
    let url = mock.url();
    mock.stop();
    let started = std::time::Instant::now();
    let finished = Program::new(["tools", url.as_str()]).run();
    assert_ne!(finished.code, Some(0));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

/// T-86: 502, 504 and a bare 503 prove nothing, so a call is not repeated after them
#[tokio::test]
async fn a_call_is_repeated_only_after_a_proof_that_it_did_not_run() {
    for (status, more, posts) in [
        (429, "", 2),
        (429, ":retry-after=0", 2),
        (503, ":retry-after=0", 2),
        (503, "", 1),
        (502, ":retry-after=0", 1),
        (504, "", 1),
    ] {
        let fault = format!("status={status}:body=html{more}:times=1:tool=act");
        let mut harness = Harness::faulty(&[&fault]).open().await;
        let answer = harness.call("act", json!({})).await;
        assert_eq!(harness.count("tools/call"), posts, "{fault}: {answer}");
        assert_eq!(answer["result"].is_object(), posts == 2, "{fault}: {answer}");
    }
    // An answer under the request's own id is its answer, whatever the status.
    let fault = "status=429:body=error:code=-32000:message=slow down:tool=act";
    let mut harness = Harness::faulty(&[fault]).open().await;
    let answer = harness.call("act", json!({})).await;
    assert_eq!(answer["error"]["message"], "slow down");
    assert_eq!(harness.count("tools/call"), 1);
}

/// T-91: a standalone stream that brings nothing is not opened again and again
#[tokio::test]
async fn a_server_that_asks_for_no_pause_starts_no_storm() {
    let mut harness =
        Harness::faulty(&["retry=0", "disconnect=after-headers:http=GET"]).open().await;
    harness.call("echo", json!({})).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let streams = harness.mock.recorder().of_http_method("GET").len();
    assert!((2..=8).contains(&streams), "{streams} in two seconds");
}

/// T-90: a first 409 may come from a stream that an earlier run left behind
#[tokio::test]
async fn a_stream_that_is_taken_at_first_is_asked_for_again() {
    for status in ["408", "409", "425"] {
        let fault = format!("status={status}:body=text:http=GET:times=2");
        let mut harness = Harness::faulty(&[&fault]).open().await;
        harness.call("echo", json!({})).await;
        harness
            .seen(|all| all.iter().any(|one| one.http_method == "GET" && one.status == Some(200)))
            .await;
        harness.mock.push_notification("notifications/tools/list_changed", &json!({}));
        harness.of_method("notifications/tools/list_changed").await;
    }
}

/// T-100: without a stream on which the answer could come, 202 is the end of a request
#[tokio::test]
async fn an_accepted_request_without_a_stream_for_its_answer_fails_at_once() {
    let faults = ["status=202:body=empty:tool=act", "status=405:http=GET"];
    let mut harness = Harness::faulty(&faults).open().await;
    harness.seen(|all| all.iter().any(|one| one.status == Some(405))).await;
    harness.call("echo", json!({})).await;
    let answer = harness.call("act", json!({})).await;
    assert_eq!(kind(&answer), "protocol", "{answer}");
    assert!(harness.call("echo", json!({})).await["result"].is_object());
}

/// T-70: events before the endpoint are no reason to give the stream up
#[tokio::test]
async fn events_before_the_endpoint_are_skipped_or_kept() {
    let options = MockOptions {
        protocol: mcp_tether::protocol::ProtocolVersion::V2024_11_05.into(),
        faults: parsed(&["endpoint=wrong-first"]),
        ..MockOptions::default()
    };
    let change = |options: &mut BridgeOptions| options.remote.transport = TransportChoice::SseOnly;
    let mut harness = Harness::with(options, change).open().await;
    assert!(harness.call("echo", json!({})).await["result"].is_object());
    harness.of_method("notifications/message").await;
}

/// T-75: an `endpoint` event on the answer to a POST can only be an old server
#[tokio::test]
async fn a_post_that_is_answered_with_the_old_stream_is_not_waited_for() {
    async fn old_stream() -> impl IntoResponse {
        let first = bytes::Bytes::from_static(b"event: endpoint\ndata: /messages\n\n: beat\n\n");
        let first = futures_util::stream::once(async { Ok::<_, std::convert::Infallible>(first) });
        let endless = futures_util::StreamExt::chain(first, futures_util::stream::pending());
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "text/event-stream".parse().unwrap());
        (headers, axum::body::Body::from_stream(endless))
    }
    let url = serve(axum::Router::new().route("/sse", post(old_stream))).await;
    let answer = first_answer(url + "/sse").await;
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("HTTP+SSE"), "the first step says the most: {answer}");
}

/// E-59: the server's one-line reason is shown whatever its media type
#[tokio::test]
async fn a_reason_in_plain_text_reaches_the_host() {
    let refuse = || async { (axum::http::StatusCode::FORBIDDEN, "this key has expired\n") };
    let url = serve(axum::Router::new().route("/mcp", any(refuse))).await;
    let answer = first_answer(url + "/mcp").await;
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.ends_with("this key has expired"), "{answer}");
}

async fn serve(router: axum::Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn first_answer(url: String) -> Value {
    let mock = MockRemote::start(MockOptions::default()).unwrap();
    let mut harness = Harness::reaching(mock, url.parse().unwrap(), |_| {});
    harness.send(&initialize("2025-11-25")).await;
    harness.answer(json!("init")).await
}
