//! Sessions behind a host of 2026-07-28: opened, lost, larger ones beside, hosts that mix eras,
//! slow servers, and the end.

use std::time::{Duration, Instant};

use mcp_tether::bridge::Ended;
use mcp_tether::protocol::ProtocolVersion;
use mcp_tether_mock::MockOptions;
use serde_json::{Value, json};

use super::support::harness::{Harness, kind, modern, text};

async fn call_as(harness: &mut Harness, tool: &str, capabilities: Value) -> Value {
    let params = modern(json!({ "name": tool, "arguments": {} }), capabilities);
    harness.request("tools/call", params).await
}

/// E-14, E-38
#[tokio::test]
async fn a_larger_set_of_capabilities_gets_a_second_session() {
    for version in [ProtocolVersion::V2024_11_05, ProtocolVersion::V2025_11_25] {
        let mut harness =
            Harness::new(MockOptions { protocol: version.into(), ..MockOptions::default() });
        call_as(&mut harness, "echo", json!({})).await;
        // HTTP+SSE is found by a POST that fails.
        let first = harness.count("initialize");
        let round = call_as(&mut harness, "ask_roots", json!({ "roots": {} })).await;
        assert_eq!(round["result"]["resultType"], "input_required", "{version} {round:#}");
        assert_eq!(harness.count("initialize"), first + 1);
        call_as(&mut harness, "echo", json!({})).await;
        // This request did not declare roots, so nobody asks for them, although the session could.
        let refused = call_as(&mut harness, "ask_roots", json!({})).await;
        assert_eq!(refused["result"]["resultType"], "complete", "{refused:#}");
        assert_eq!(harness.count("initialize"), first + 1);
        harness.leave().await;
        let ended = harness.mock.recorder().of_http_method("DELETE").len();
        let sessions = if version == ProtocolVersion::V2024_11_05 { 0 } else { 2 };
        assert_eq!(ended, sessions, "{version}: every session is ended once");
    }
}

/// E-01
#[tokio::test]
async fn a_host_that_discovers_and_then_initializes_is_served_and_so_is_one_that_mixes() {
    let mut harness = Harness::new(MockOptions::default());
    let discovered = harness.request_modern("server/discover", json!({})).await;
    assert_eq!(discovered["result"]["resultType"], "complete");
    assert_eq!(harness.initialize("2025-11-25").await["protocolVersion"], "2025-11-25");
    let legacy = harness.call("echo", json!({ "era": "legacy" })).await;
    assert_eq!(text(&legacy), r#"{"era":"legacy"}"#);
    assert!(legacy["result"]["resultType"].is_null());
    let modern = harness.call_modern("echo", json!({ "era": "modern" })).await;
    assert_eq!(text(&modern), r#"{"era":"modern"}"#);
    assert_eq!(modern["result"]["resultType"], "complete");
    // A question goes to whoever made the call.
    let asks = harness.start_call("ask_roots", json!({})).await;
    let question = harness.of_method("roots/list").await;
    let round = harness.call_modern("ask_roots", json!({})).await;
    assert_eq!(round["result"]["resultType"], "input_required");
    let answer = json!({ "jsonrpc": "2.0", "id": question["id"], "result": { "roots": [] } });
    harness.send(&answer.to_string()).await;
    assert!(harness.answer(asks).await["result"].is_object());
    // The session of the probe made way for the host's own one, and came back for its modern call.
    assert_eq!(harness.count("initialize"), 3);
}

/// E-01
#[tokio::test]
async fn a_legacy_host_that_sends_a_modern_request_is_served_that_too() {
    let mut harness = Harness::new(MockOptions::default()).open().await;
    harness.call("echo", json!({})).await;
    let modern = harness.call_modern("echo", json!({})).await;
    assert_eq!(modern["result"]["resultType"], "complete", "{modern:#}");
    let legacy = harness.call("echo", json!({})).await;
    assert!(legacy["result"]["resultType"].is_null());
}

/// T-09
#[tokio::test]
async fn a_modern_host_is_never_asked_and_its_answers_are_ignored() {
    let mut harness = Harness::new(MockOptions::default());
    let round = harness.call_modern("ask_roots", json!({})).await;
    assert_eq!(round["result"]["resultType"], "input_required");
    for id in 0..20 {
        let line = json!({ "jsonrpc": "2.0", "id": id, "result": { "roots": [] } });
        harness.send(&line.to_string()).await;
    }
    harness.call_modern("echo", json!({})).await;
    let answers = |request: &mcp_tether_mock::RecordedRequest| {
        request.http_method == "POST" && request.rpc_method().is_empty()
    };
    assert_eq!(harness.mock.recorder().count(answers), 0, "{:?}", harness.trail());
    assert!(harness.set_aside().iter().all(|line| line["method"] != "roots/list"));
}

/// T-32: for a modern host too
#[tokio::test]
async fn a_lost_session_is_replaced_and_the_host_only_hears_of_changes() {
    let mut harness = Harness::new(MockOptions::default());
    let filter = json!({ "toolsListChanged": true, "resourceSubscriptions": ["lab://watched"] });
    let id = harness.ask_modern("subscriptions/listen", json!({ "notifications": filter })).await;
    harness.of_method("notifications/subscriptions/acknowledged").await;
    harness.mock.forget_sessions();
    let echo = harness.call_modern("echo", json!({})).await;
    assert_eq!(text(&echo), "{}");
    assert_eq!(harness.count("initialize"), 2);
    let changed = harness.of_method("notifications/tools/list_changed").await;
    assert_eq!(changed["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], id);
    harness
        .seen(|seen| {
            seen.iter().filter(|request| request.rpc_method() == "resources/subscribe").count() == 2
        })
        .await;
}

/// T-32, E-37: the exchange of a suspended call died with its session
#[tokio::test]
async fn a_suspended_call_whose_session_is_lost_fails_when_the_host_comes_back() {
    let options =
        MockOptions { protocol: ProtocolVersion::V2024_11_05.into(), ..MockOptions::default() };
    let mut harness = Harness::new(options);
    let round = harness.call_modern("ask_roots", json!({})).await;
    let state = &round["result"]["requestState"];
    harness.mock.drop_streams();
    harness.seen(|seen| seen.iter().filter(|r| r.rpc_method() == "initialize").count() == 2).await;
    let params = json!({
        "name": "ask_roots", "arguments": {}, "requestState": state,
        "inputResponses": { "q0": { "roots": [] } },
    });
    let answer = harness.request_modern("tools/call", params).await;
    assert_eq!(kind(&answer), "lost", "{answer:#}");
    assert_eq!(harness.count("tools/call"), 1, "a call is never run twice");
}

/// E-02: a host that waits too long for this takes the bridge for an older server
#[tokio::test]
async fn discover_is_answered_within_a_second_or_so_when_the_server_is_slow() {
    for slow in ["initialize", "server/discover"] {
        let mut harness = Harness::faulty(&[&format!("delay=60000:method={slow}")]);
        let asked = Instant::now();
        let answer = harness.request_modern("server/discover", json!({})).await;
        assert!(asked.elapsed() < Duration::from_secs(10), "only a safety net");
        assert_eq!(answer["result"]["resultType"], "complete", "{slow} {answer:#}");
        assert_eq!(answer["result"]["ttlMs"], 0);
        assert!(answer["result"]["capabilities"]["tools"]["listChanged"].is_null());
    }
}

/// T-08
#[tokio::test]
async fn a_host_that_leaves_keeps_nothing_alive() {
    let mut harness = Harness::new(MockOptions::default());
    harness.ask_modern("subscriptions/listen", json!({ "notifications": {} })).await;
    harness.call_modern("ask_roots", json!({})).await;
    let closed = Instant::now();
    assert_eq!(harness.leave().await, Ended::HostLeft);
    assert!(closed.elapsed() < Duration::from_secs(10), "only a safety net");
    assert_eq!(harness.mock.recorder().of_http_method("DELETE").len(), 1);
}

/// E-46, O-7: a graceful end of what was listened to, an answer for everything else
#[tokio::test]
async fn a_bridge_that_is_told_to_end_answers_what_is_open() {
    let mut harness = Harness::new(MockOptions::default());
    let listen = harness.ask_modern("subscriptions/listen", json!({ "notifications": {} })).await;
    harness.of_method("notifications/subscriptions/acknowledged").await;
    let params = json!({ "name": "slow", "arguments": { "ms": 60_000 } });
    let call = harness.ask_modern("tools/call", params).await;
    harness.seen(|seen| seen.iter().any(|r| r.rpc_method() == "tools/call")).await;
    harness.stop().await;
    let said = harness.set_aside();
    let of = |id: &Value| said.iter().filter(|line| line["id"] == *id).collect::<Vec<_>>();
    assert_eq!(of(&listen).len(), 1);
    assert_eq!(of(&listen)[0]["result"]["resultType"], "complete");
    assert_eq!(of(&call).len(), 1);
    assert_eq!(kind(of(&call)[0]), "lost");
}
