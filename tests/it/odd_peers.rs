//! Odd servers and hosts, as the bridge meets them: errors whose words mislead, sessions that are
//! forgotten in every way of saying so, courtesies that never come, second handshakes, lists in
//! pages. Nothing of it loses an answer or sends a call twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use axum::http::Method;
use mcp_tether::bridge::{BridgeOptions, MergePages};
use mcp_tether::protocol::{ProtocolVersion, codes};
use mcp_tether::remote::TransportChoice;
use mcp_tether_mock::{MockOptions, Served};
use serde_json::{Value, json};

use crate::support::harness::{Harness, PATIENCE, initialize, modern, parsed};
use crate::support::scripted::{Scripted, error, json_body, open_events, with_header};
use crate::support::waiting::until_seen;

fn serving(served: impl Into<Served>, faults: &[&str]) -> MockOptions {
    MockOptions { protocol: served.into(), faults: parsed(faults), ..MockOptions::default() }
}

fn modern_remote(faults: &[&str]) -> Harness {
    Harness::new(serving(ProtocolVersion::V2026_07_28, faults))
}

fn names(list: &Value, member: &str) -> usize {
    list["result"][member].as_array().map_or(0, Vec::len)
}

/// T-24, T-39: JSON-RPC 2.0 §5
#[tokio::test]
async fn an_error_under_the_requests_own_id_reaches_the_host_whatever_its_words() {
    for status in [400, 404, 410, 422, 500] {
        let fault = format!(
            "status={status}:body=error:code=-32602:message=session_name must be a string\
             :method=tools/call:times=2"
        );
        let mut harness = Harness::faulty(&[&fault]).open().await;
        for _ in 0..2 {
            let answer = harness.call("echo", json!({})).await;
            assert_eq!(answer["error"]["code"], codes::INVALID_PARAMS, "{status} {answer}");
        }
        assert!(harness.call("echo", json!({})).await["result"].is_object());
        assert_eq!((harness.count("tools/call"), harness.count("initialize")), (3, 1), "{status}");
    }
}

/// T-32, T-39
#[tokio::test]
async fn a_server_that_was_restarted_gets_a_new_session() {
    for (status, body, text) in [
        (400, "null-id", "Bad Request: Server not initialized"),
        (410, "html", "Session expired"),
        (503, "null-id", "unknown or expired mcp-session-id"),
        (404, "null-id", "Method not found"),
    ] {
        let fault = format!(
            "status={status}:body={body}:code=-32000:message={text}:method=tools/call:times=1"
        );
        let mut harness = Harness::faulty(&[&fault]).open().await;
        let answer = harness.call("echo", json!({})).await;
        assert!(answer["result"].is_object(), "{status} {text}: {answer}");
        assert_eq!((harness.count("tools/call"), harness.count("initialize")), (2, 2));
    }
}

/// T-44: such an error is the answer, and may also mean that the session is gone for good
#[tokio::test]
async fn an_answer_that_speaks_of_the_session_leads_to_one_check() {
    for (status, code) in [(200, -32001), (404, -32603), (410, -32000), (500, -32001)] {
        let is_forgotten = Arc::new(AtomicBool::new(false));
        let forgotten = Arc::clone(&is_forgotten);
        let server = Scripted::new(move |asked| {
            if asked.method() == "initialize" {
                forgotten.store(false, Ordering::Relaxed);
            }
            let words = if status == 410 { "gone" } else { "Session not found" };
            let refusal = error(asked.message["id"].clone(), code, words);
            let is_refused = forgotten.load(Ordering::Relaxed) && asked.http == "POST";
            is_refused.then(|| json_body(status, &refusal))
        });
        let mut harness = server.harness(|_| {}).await.open().await;
        assert!(harness.call("echo", json!({})).await["result"].is_object());
        is_forgotten.store(true, Ordering::Relaxed);
        let answer = harness.call("echo", json!({})).await;
        assert_eq!(answer["error"]["code"], code, "{status}: {answer}");
        let reopened = || (server.count("initialize") == 2).then_some(());
        until_seen("a new session", reopened).await;
        let answer = harness.call("echo", json!({})).await;
        assert!(answer["result"].is_object(), "{status}: {answer}");
        assert_eq!((server.count("ping"), server.count("tools/call")), (1, 3), "{status}");
    }
}

/// T-44: where the session is there, the check changes nothing and is not repeated at once
#[tokio::test]
async fn a_tool_that_speaks_of_sessions_costs_none() {
    let server = Scripted::new(|asked| {
        let refusal = || error(asked.message["id"].clone(), -32602, "unknown session of the shop");
        asked.is_call().then(|| json_body(200, &refusal()))
    });
    let mut harness = server.harness(|_| {}).await.open().await;
    for _ in 0..3 {
        assert_eq!(harness.call("echo", json!({})).await["error"]["code"], codes::INVALID_PARAMS);
    }
    until_seen("the check", || (server.count("ping") == 1).then_some(())).await;
    assert_eq!((server.count("initialize"), server.count("ping")), (1, 1));
}

/// T-94: what a new session does not change is not the loss of one
#[tokio::test]
async fn a_refusal_that_a_new_session_does_not_change_reaches_the_host() {
    let fault = "status=400:body=null-id:message=no session for this tool:method=tools/call";
    let mut harness = Harness::faulty(&[fault]).open().await;
    for _ in 0..3 {
        let answer = harness.call("echo", json!({})).await;
        assert_eq!(answer["error"]["message"], "no session for this tool", "{answer}");
    }
    assert_eq!((harness.count("tools/call"), harness.count("initialize")), (4, 2));
}

/// T-32, T-74
#[tokio::test]
async fn a_post_that_http_sse_refuses_as_unknown_opens_another_stream() {
    for status in [404, 410] {
        let fault = format!("status={status}:body=json:method=tools/call:times=1");
        let old = serving(ProtocolVersion::V2024_11_05, &[&fault]);
        let mut harness = Harness::with(old, |options: &mut BridgeOptions| {
            options.remote.transport = TransportChoice::SseOnly;
        });
        harness.initialize("2024-11-05").await;
        let answer = harness.call("echo", json!({})).await;
        assert!(answer["result"].is_object(), "{status} {answer}");
        assert_eq!(harness.mock.recorder().of_http_method("GET").len(), 2);
        assert_eq!(harness.count("tools/call"), 2);
    }
}

/// T-84: a suspicion fails nothing that is open
#[tokio::test]
async fn a_gateway_that_refuses_one_request_costs_only_that() {
    for status in [400, 404, 405, 415] {
        let fault = format!("status={status}:body=html:method=prompts/get");
        let mut harness = modern_remote(&[&fault, "delay=800:method=tools/call"]).open().await;
        harness.request("tools/list", json!({})).await;
        let slow = harness.start_call("act", json!({})).await;
        let refused = harness.request("prompts/get", json!({ "name": "x" })).await;
        assert_eq!(refused["error"]["data"]["bridge"]["status"], status, "{refused}");
        assert!(harness.answer(slow).await["result"].is_object());
        let counts = ["prompts/get", "tools/call", "initialize"].map(|name| harness.count(name));
        assert_eq!(counts, [1, 1, 1], "{status}");
    }
}

/// T-82, T-84: a code of a legacy server's own, with a success or under the id of the request
#[tokio::test]
async fn an_error_code_of_a_servers_own_changes_no_era() {
    for status in [200, 400] {
        let fault = format!(
            "status={status}:body=error:code=-32022:message=quota is used up:method=prompts/get"
        );
        let mut harness = Harness::faulty(&[&fault, "delay=800:method=tools/call"]).open().await;
        let slow = harness.start_call("act", json!({})).await;
        let answer = harness.request("prompts/get", json!({ "name": "x" })).await;
        assert_eq!(answer["error"]["code"], -32022, "{status} {answer}");
        assert!(harness.answer(slow).await["result"].is_object());
        let counts = ["prompts/get", "tools/call", "initialize"].map(|name| harness.count(name));
        assert_eq!(counts, [1, 1, 1], "{status}");
    }
}

/// T-41
#[tokio::test]
async fn a_confirmation_that_is_never_answered_holds_nothing_up() {
    let mut harness = Harness::faulty(&["silent:method=notifications/initialized"]).open().await;
    let begun = Instant::now();
    assert!(harness.request("tools/list", json!({})).await["result"].is_object());
    assert!(begun.elapsed() < PATIENCE / 2);
}

/// T-41, T-80
#[tokio::test]
async fn a_server_that_ignores_discover_is_found_by_the_next_probe() {
    let mut harness = Harness::faulty(&["silent:method=server/discover"]);
    let listed = harness.request_modern("tools/list", json!({})).await;
    assert!(listed["result"]["tools"].is_array(), "{listed}");
}

/// T-41, T-56
#[tokio::test]
async fn a_list_of_our_own_that_fails_is_asked_for_once() {
    let fault = "status=200:body=error:code=-32603:method=tools/list";
    let mut harness = modern_remote(&[fault]).open().await;
    for _ in 0..4 {
        assert!(harness.call("echo", json!({})).await["result"].is_object());
    }
    assert_eq!(harness.count("tools/list"), 1);
}

/// E-08, T-33: a question of a session that was replaced meanwhile is answered there, and a server
/// that gives both sessions one id keeps the one in force
#[tokio::test]
async fn a_question_of_a_replaced_session_is_answered_in_it() {
    for ids in [["s1", "s2"], ["s1", "s1"]] {
        let opened = AtomicUsize::new(0);
        let server = Scripted::new(move |asked| match asked.method() {
            "initialize" => {
                let id = ids[opened.fetch_add(1, Ordering::Relaxed).min(1)];
                let result = json!({
                    "protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": {},
                });
                Some(with_header(json_body(200, &asked.result(result)), "mcp-session-id", id))
            }
            "tools/call" if !asked.message["params"]["arguments"]["ask"].is_null() => {
                let question = json!({ "jsonrpc": "2.0", "id": "q", "method": "roots/list" });
                Some(open_events(&[question]))
            }
            _ => None,
        });
        let mut harness = server.harness(|_| {}).await.open().await;
        let call = harness.start_call("echo", json!({ "ask": true })).await;
        let question = harness.of_method("roots/list").await;
        let other = initialize("2025-06-18").replace("\"init\"", "1").replace("harness", "another");
        harness.send(&other).await;
        assert!(harness.answer(json!(1)).await["result"].is_object());
        let answer = json!({ "jsonrpc": "2.0", "id": question["id"], "result": { "roots": [] } });
        harness.send(&answer.to_string()).await;
        let answers = || server.asked().into_iter().find(|asked| asked.message["id"] == "q");
        let answer = until_seen("the answer to the question", answers).await;
        assert_eq!(answer.headers["mcp-session-id"], ids[0]);
        harness.notify("notifications/cancelled", json!({ "requestId": call })).await;
        assert!(harness.call("echo", json!({})).await["result"].is_object());
        let ended = || server.count_http(&Method::DELETE);
        if ids[0] != ids[1] {
            until_seen("the end of the first session", || (ended() == 1).then_some(())).await;
        }
        assert_eq!(ended(), usize::from(ids[0] != ids[1]));
    }
}

/// E-01, E-08
#[tokio::test]
async fn a_second_initialize_on_the_same_pipe_is_answered() {
    let mut harness = Harness::faulty(&[]).open().await;
    let first = harness.count("initialize");
    harness.send(&initialize("2025-11-25").replace("\"init\"", "0")).await;
    assert!(harness.answer(json!(0)).await["result"]["capabilities"].is_object());
    harness.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
    assert_eq!(harness.count("initialize"), first, "the same one gets the same answer");
    let other = initialize("2025-06-18").replace("\"init\"", "1").replace("harness", "another");
    harness.send(&other).await;
    assert_eq!(harness.answer(json!(1)).await["result"]["protocolVersion"], "2025-06-18");
    harness.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
    assert!(harness.call("echo", json!({})).await["result"].is_object());
    assert_eq!(harness.count("initialize"), 2);
}

/// E-01: a session that only answered a probe does not stay
#[tokio::test]
async fn a_host_that_probes_first_leaves_no_session_behind() {
    let mut harness = Harness::faulty(&[]);
    harness.request_modern("server/discover", json!({})).await;
    harness
        .seen(|requests| requests.iter().any(|r| r.rpc_method() == "notifications/initialized"))
        .await;
    let mut harness = harness.open().await;
    assert!(harness.call("echo", json!({})).await["result"].is_object());
    harness.seen(|requests| requests.iter().any(|r| r.http_method == "DELETE")).await;
    assert_eq!(harness.count("initialize"), 2);
}

/// E-01
#[tokio::test]
async fn an_initialize_beside_a_running_modern_call_loses_nothing() {
    let mut harness = modern_remote(&["delay=800:method=tools/call"]);
    harness.request_modern("tools/list", json!({})).await;
    let call = json!({ "name": "echo", "arguments": {} });
    let slow = harness.ask_modern("tools/call", call).await;
    let mut harness = harness.open().await;
    assert!(harness.answer(slow).await["result"].is_object());
}

/// E-04
#[tokio::test]
async fn a_notification_of_a_modern_host_reaches_a_modern_remote() {
    let mut harness = modern_remote(&[]);
    harness.request_modern("tools/list", json!({})).await;
    harness.notify("notifications/vendor/x", modern(json!({ "a": 1 }), json!({}))).await;
    harness
        .seen(|requests| requests.iter().any(|r| r.rpc_method() == "notifications/vendor/x"))
        .await;
}

fn pages(merge: MergePages, faults: &[&str]) -> Harness {
    let options = MockOptions { page_size: 3, faults: parsed(faults), ..MockOptions::default() };
    Harness::with(options, move |options: &mut BridgeOptions| options.merge_pages = merge)
}

/// E-26
#[tokio::test]
async fn a_list_in_pages_reaches_the_host_in_one() {
    let mut harness = pages(MergePages::Never, &[]).open().await;
    let first = harness.request("tools/list", json!({})).await;
    assert_eq!(names(&first, "tools"), 3);
    assert!(first["result"]["nextCursor"].is_string());
    let mut harness = pages(MergePages::Always, &[]).open().await;
    let all = harness.request("tools/list", json!({})).await;
    assert!(names(&all, "tools") > 10, "{all}");
    assert!(all["result"]["nextCursor"].is_null());
    assert!(harness.count("tools/list") > 3);
    let cursor = &first["result"]["nextCursor"];
    let page = harness.request("tools/list", json!({ "cursor": cursor })).await;
    assert_eq!(names(&page, "tools"), 3, "a host that asks for a page gets a page");
}

/// E-26
#[tokio::test]
async fn pages_are_merged_for_hosts_that_read_only_the_first() {
    for (host, merged) in [
        ("gemini-cli-mcp-client", true),
        ("qwen-cli-mcp-client-lab", true),
        ("codex-mcp-client", false),
        ("a-client-of-gemini", false),
    ] {
        let mut harness = pages(MergePages::Auto, &[]);
        harness.send(&initialize("2025-11-25").replace("harness", host)).await;
        harness.answer(json!("init")).await;
        harness.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
        let listed = harness.request("tools/list", json!({})).await;
        assert_eq!(listed["result"]["nextCursor"].is_null(), merged, "{host}");
    }
}

/// E-26: also when a further page fails, hangs or is cancelled
#[tokio::test]
async fn pages_that_do_not_come_cost_only_themselves() {
    for fault in ["status=500:method=tools/list", "silent:method=tools/list"] {
        let mut harness = pages(MergePages::Always, &[]).open().await;
        harness.call("echo", json!({})).await;
        harness.fault(&[&format!("{fault}:skip=1")]);
        let listed = harness.request("tools/list", json!({})).await;
        assert_eq!(names(&listed, "tools"), 3, "{fault} {listed}");
        assert!(listed["result"]["nextCursor"].is_string(), "{fault}");
    }
}

/// T-92
#[tokio::test]
async fn a_question_ends_with_the_request_that_caused_it() {
    let mut harness = Harness::faulty(&["ask=elicitation:on=post:tool=echo"]).open().await;
    let call = harness.start_call("echo", json!({})).await;
    let asked = harness.of_method("elicitation/create").await;
    harness.notify("notifications/cancelled", json!({ "requestId": call })).await;
    let withdrawn = harness.of_method("notifications/cancelled").await;
    assert_eq!(withdrawn["params"]["requestId"], asked["id"]);
}

/// T-19
#[tokio::test]
async fn a_malformed_answer_of_the_host_is_an_error_for_the_server_only() {
    let mut harness = Harness::faulty(&["ask=elicitation:on=post:tool=echo"]).open().await;
    harness.start_call("echo", json!({})).await;
    let asked = harness.of_method("elicitation/create").await;
    let id = &asked["id"];
    harness.send(&json!({ "jsonrpc": "2.0", "id": id, "outcome": 7 }).to_string()).await;
    harness
        .seen(|requests| {
            requests.iter().any(|request| request.json().to_string().contains("malformed"))
        })
        .await;
    assert!(harness.call("add", json!({})).await["id"].is_number());
    assert!(harness.set_aside().iter().all(|line| line["id"] != *id), "nothing under this id");
}

/// T-11, T-17, T-19
#[tokio::test]
async fn a_batch_with_a_malformed_answer_or_a_modern_request_is_answered() {
    let mut harness = Harness::faulty(&["ask=roots:on=post:tool=echo"]);
    harness.initialize("2025-03-26").await;
    harness.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
    harness.start_call("echo", json!({})).await;
    let asked = harness.of_method("roots/list").await;
    let list = json!({ "jsonrpc": "2.0", "id": "l", "method": "tools/list" });
    let broken = json!({ "jsonrpc": "2.0", "id": asked["id"], "outcome": 7 });
    harness.send(&json!([list, broken]).to_string()).await;
    let answers = next_batch(&mut harness).await;
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert!(answers[0]["result"]["tools"].is_array(), "{answers:?}");
    let meta = json!({ "io.modelcontextprotocol/protocolVersion": "2026-07-28" });
    let modern = json!({
        "jsonrpc": "2.0", "id": "m", "method": "tools/list", "params": { "_meta": meta },
    });
    harness.send(&json!([modern, list]).to_string()).await;
    let answers = next_batch(&mut harness).await;
    assert_eq!(answers.len(), 2, "{answers:?}");
    assert_eq!(answers[0]["error"]["code"], -32600, "{answers:?}");
    assert!(answers[1]["result"]["tools"].is_array(), "{answers:?}");
}

/// The answers of the next batch, in the order of their ids from the last to the first.
async fn next_batch(harness: &mut Harness) -> Vec<Value> {
    loop {
        if let Some(answers) = harness.next().await.as_array() {
            let mut answers = answers.clone();
            answers.sort_by_key(|answer| std::cmp::Reverse(answer["id"].to_string()));
            return answers;
        }
    }
}
