//! A legacy host with a remote that speaks only 2026-07-28.

use mcp_tether::protocol::ProtocolVersion;
use mcp_tether_mock::{ExchangeEnd, MockOptions, Served};
use serde_json::{Value, json};

use super::{initialize, modern, reply};
use crate::support::harness::{Harness, kind, text};

fn names(answer: &Value) -> Vec<String> {
    let tools = answer["result"]["tools"].as_array().expect("tools");
    tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

fn accept(content: Value) -> Value {
    json!({ "action": "accept", "content": content })
}

/// E-10
#[tokio::test]
async fn initialize_fails_where_discovering_does() {
    let fault = "status=400:body=error:code=-32603:message=no:method=server/discover";
    let mut harness = modern(&[fault]);
    let answer = initialize(&mut harness, "2025-11-25", json!({})).await;
    assert!(answer["error"].is_object() && answer["result"].is_null(), "{answer}");
    assert!(harness.count("server/discover") > 0);
}

/// E-10, E-29
#[tokio::test]
async fn every_legacy_revision_opens_and_gets_its_own_back() {
    for revision in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let mut harness = modern(&[]);
        let answer = initialize(&mut harness, revision, json!({})).await;
        assert_eq!(answer["result"]["protocolVersion"], revision);
        assert!(answer["result"]["serverInfo"]["name"].is_string());
        assert!(answer["result"]["capabilities"]["tools"].is_object());
        assert!(answer["result"].get("resultType").is_none());
        assert!(answer["result"].get("ttlMs").is_none());
    }
}

/// E-20, E-22, E-23, T-53, E-24
#[tokio::test]
async fn lists_look_like_those_of_a_legacy_server_and_leave_invalid_tools_out() {
    let mut harness = modern(&[]).open().await;
    for method in ["tools/list", "prompts/list", "resources/list", "resources/templates/list"] {
        let answer = harness.request(method, json!({})).await;
        let result = answer["result"].as_object().unwrap_or_else(|| panic!("{method} {answer}"));
        for member in ["resultType", "ttlMs", "cacheScope", "_meta"] {
            assert!(!result.contains_key(member), "{method}: {member}");
        }
    }
    let names = names(&harness.request("tools/list", json!({})).await);
    assert!(names.contains(&"echo".to_owned()) && names.contains(&"locate".to_owned()));
    let invalid = [
        "header_empty",
        "header_no_token",
        "header_control",
        "header_twice",
        "header_number",
        "header_object",
        "header_items",
        "header_composed",
    ];
    assert!(invalid.iter().all(|name| !names.contains(&(*name).to_owned())), "{names:?}");
}

/// T-54, T-56: the mock refuses a call whose headers are missing or differ
#[tokio::test]
async fn a_call_without_a_list_before_it_carries_all_its_headers() {
    let mut harness = modern(&[]).open().await;
    let arguments = json!({ "region": "Zürich ", "count": 42, "urgent": false,
        "place": { "room": "" }, "note": "x" });
    let answer = harness.call("locate", arguments).await;
    assert!(answer["result"]["content"].is_array(), "{answer}");
    let calls = harness.mock.recorder().of_method("tools/call");
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].header("mcp-param-count"), Some("42"));
    assert_eq!(calls[0].header("mcp-param-room"), Some(""));
    assert_eq!(calls[0].header("mcp-name"), Some("locate"));
}

/// T-55
#[tokio::test]
async fn a_schema_that_changed_between_list_and_call_is_looked_up_again() {
    let mut harness = modern(&[]).open().await;
    harness.request("tools/list", json!({})).await;
    harness.call("relabel", json!({ "header": "Area", "quietly": true })).await;
    let lists = harness.count("tools/list");
    let answer = harness.call("locate", json!({ "region": "eu" })).await;
    assert!(answer["result"]["content"].is_array(), "{answer}");
    assert_eq!(harness.count("tools/list"), lists + 1);
}

/// E-51
#[tokio::test]
async fn a_remote_that_insists_on_other_headers_is_a_failure_of_its_own_kind() {
    let mut harness = modern(&["status=400:body=error:code=-32020:method=tools/call"]).open().await;
    let answer = harness.call("echo", json!({})).await;
    assert_eq!((kind(&answer), &answer["error"]["code"]), ("header_mismatch", &json!(-32603)));
    assert_eq!(harness.count("tools/call"), 2);
}

/// E-30, E-31: form, sampling and roots at once
#[tokio::test]
async fn the_host_is_asked_everything_that_a_call_needs() {
    let mut harness = modern(&[]).open().await;
    let id = harness.start_call("ask_all", json!({})).await;
    reply(&mut harness, "roots/list", json!({ "roots": [{ "uri": "file:///r" }] })).await;
    reply(&mut harness, "elicitation/create", accept(json!({ "answer": "me" }))).await;
    let content = json!({ "type": "text", "text": "ok" });
    let sampled = json!({ "role": "assistant", "content": content, "model": "m" });
    reply(&mut harness, "sampling/createMessage", sampled).await;
    let answer = harness.answer(id).await;
    let said: Value = serde_json::from_str(text(&answer)).unwrap();
    assert_eq!(said["user"]["content"]["answer"], "me");
    assert_eq!(said["folders"]["roots"][0]["uri"], "file:///r");
    assert_eq!(said["model"]["model"], "m");
}

/// E-30, E-05: two rounds, one act, three ids
#[tokio::test]
async fn a_call_may_take_several_rounds_and_acts_once() {
    let mut harness = modern(&[]).open().await;
    let id = harness.start_call("ask_twice", json!({})).await;
    reply(&mut harness, "elicitation/create", accept(json!({ "answer": "ann" }))).await;
    reply(&mut harness, "elicitation/create", accept(json!({ "answer": "red" }))).await;
    let answer = harness.answer(id).await;
    let said: Value = serde_json::from_str(text(&answer)).unwrap();
    assert_eq!(said, json!({ "answers": ["ann", "red"], "acts": 1 }));
    let calls = harness.mock.recorder().of_method("tools/call");
    let mut ids: Vec<String> = calls.iter().map(|call| call.rpc_id().unwrap().to_json()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 3, "{ids:?}");
}

/// E-06
#[tokio::test]
async fn two_calls_of_the_same_tool_do_not_mix_their_rounds() {
    let mut harness = modern(&[]).open().await;
    let first = harness.start_call("ask_user", json!({ "question": "one?" })).await;
    let second = harness.start_call("ask_user", json!({ "question": "two?" })).await;
    for _ in 0..2 {
        let question = harness.of_method("elicitation/create").await;
        let asked = question["params"]["message"].clone();
        let result = accept(json!({ "answer": asked }));
        let answer = json!({ "jsonrpc": "2.0", "id": question["id"], "result": result });
        harness.send(&answer.to_string()).await;
    }
    assert!(text(&harness.answer(first).await).contains("one?"));
    assert!(text(&harness.answer(second).await).contains("two?"));
}

/// E-34
#[tokio::test]
async fn a_person_visits_a_url_once_though_the_server_asks_three_times() {
    let mut harness = modern(&[]);
    initialize(&mut harness, "2025-11-25", json!({ "elicitation": { "form": {}, "url": {} } }))
        .await;
    let id = harness.start_call("ask_url", json!({ "times": 3 })).await;
    let question = reply(&mut harness, "elicitation/create", json!({ "action": "accept" })).await;
    assert!(question["params"]["elicitationId"].is_string());
    let answer = harness.answer(id).await;
    assert!(text(&answer).contains("3"), "{answer}");
    assert!(harness.set_aside().iter().all(|m| m["method"] != "elicitation/create"));
}

/// E-33
#[tokio::test]
async fn a_call_that_is_put_off_goes_on_by_itself_and_endless_asking_ends() {
    let mut harness = modern(&[]).open().await;
    let answer = harness.call("put_off", json!({ "times": 3 })).await;
    assert!(text(&answer).contains('3'), "{answer}");
    let id = harness.start_call("ask_endless", json!({})).await;
    let answer = loop {
        let message = harness.find(|m| m["id"] == id || m["method"] == "elicitation/create").await;
        if message["method"].is_null() {
            break message;
        }
        let result = accept(json!({ "answer": "again" }));
        let reply = json!({ "jsonrpc": "2.0", "id": message["id"], "result": result });
        harness.send(&reply.to_string()).await;
    };
    assert_eq!(kind(&answer), "protocol", "{answer}");
}

/// E-31, E-35: what the remote may not ask
#[tokio::test]
async fn questions_that_have_no_place_fail_the_request() {
    let mut harness = modern(&[]);
    initialize(&mut harness, "2025-11-25", json!({})).await;
    assert_eq!(kind(&harness.call("ask_regardless", json!({})).await), "protocol");
    harness.fault(&["needs-input=unknown:tool=echo", "needs-input=roots:method=prompts/list"]);
    assert_eq!(kind(&harness.call("echo", json!({})).await), "protocol");
    assert_eq!(kind(&harness.request("prompts/list", json!({})).await), "protocol");
    assert!(harness.set_aside().iter().all(|message| message["id"].is_null()));
}

/// E-32
#[tokio::test]
async fn a_host_that_refuses_ends_the_call_without_another_round() {
    let mut harness = modern(&[]).open().await;
    let id = harness.start_call("ask_model", json!({})).await;
    let question = harness.of_method("sampling/createMessage").await;
    let error = json!({ "code": -1, "message": "user rejected" });
    let refusal = json!({ "jsonrpc": "2.0", "id": question["id"], "error": error });
    harness.send(&refusal.to_string()).await;
    let answer = harness.answer(id).await;
    assert_eq!(kind(&answer), "declined", "{answer}");
    assert!(answer["error"]["message"].as_str().unwrap().contains("user rejected"));
    assert_eq!(harness.count("tools/call"), 1);
}

/// E-21, E-20
#[tokio::test]
async fn unknown_result_types_are_failures_and_missing_ones_are_complete() {
    let mut harness = modern(&["result-type=surprise:tool=echo"]).open().await;
    assert_eq!(kind(&harness.call("echo", json!({})).await), "protocol");
    harness.fault(&["result-type=none"]);
    assert!(harness.call("echo", json!({})).await["result"]["content"].is_array());
}

/// E-50, T-62
#[tokio::test]
async fn a_missing_resource_has_the_code_of_the_legacy_era() {
    let mut harness = modern(&[]).open().await;
    let answer = harness.request("resources/read", json!({ "uri": "lab://none" })).await;
    assert_eq!(answer["error"]["code"], -32002, "{answer}");
    let answer = harness.request("vendor/unknown", json!({})).await;
    assert_eq!(answer["error"]["code"], -32601, "T-62: a 404 with -32601 is an unknown method");
}

/// E-63, E-64: over the rounds of one call
#[tokio::test]
async fn progress_grows_over_all_rounds_under_the_hosts_token() {
    let mut harness = modern(&[]).open().await;
    let params = json!({ "name": "ask_between", "_meta": { "progressToken": "mine" } });
    let id = harness.ask("tools/call", params).await;
    reply(&mut harness, "elicitation/create", accept(json!({ "answer": "y" }))).await;
    harness.answer(id).await;
    let aside = harness.set_aside();
    let progress: Vec<f64> = aside
        .iter()
        .filter(|m| m["method"] == "notifications/progress")
        .map(|m| {
            assert_eq!(m["params"]["progressToken"], "mine");
            m["params"]["progress"].as_f64().unwrap()
        })
        .collect();
    assert!(progress.windows(2).all(|pair| pair[0] < pair[1]), "{progress:?}");
    assert_eq!(progress.last(), Some(&10.0));
}

/// E-60, E-61
#[tokio::test]
async fn log_messages_come_once_a_level_is_set() {
    let mut harness = modern(&[]).open().await;
    harness.call("log", json!({ "level": "error" })).await;
    assert!(harness.set_aside().iter().all(|m| m["method"] != "notifications/message"));
    let answer = harness.request("logging/setLevel", json!({ "level": "warning" })).await;
    assert_eq!(answer["result"], json!({}));
    harness.call("log", json!({ "level": "info" })).await;
    harness.call("log", json!({ "level": "error", "message": "seen" })).await;
    let message = harness.of_method("notifications/message").await;
    assert_eq!(message["params"]["data"], "seen");
    assert_eq!(harness.count("logging/setLevel"), 0);
    let answer = harness.request("logging/setLevel", json!({ "level": "trace" })).await;
    assert_eq!(answer["error"]["code"], -32602);
}

/// E-65, T-59
#[tokio::test]
async fn cancelling_closes_that_calls_connection_and_nothing_else() {
    let mut harness = modern(&[]).open().await;
    harness.request("tools/list", json!({})).await;
    let id = harness.start_call("act_late", json!({ "ms": 30_000 })).await;
    harness.seen(|all| all.iter().any(|r| r.header("mcp-name") == Some("act_late"))).await;
    harness.notify("notifications/cancelled", json!({ "requestId": id })).await;
    harness
        .seen(|all| {
            all.iter().any(|r| {
                r.header("mcp-name") == Some("act_late") && r.ending == ExchangeEnd::Disconnected
            })
        })
        .await;
    assert!(harness.call("echo", json!({})).await["result"].is_object());
    assert_eq!(harness.count("notifications/cancelled"), 0);
    assert!(harness.set_aside().iter().all(|message| message["id"] != id));
}

/// E-65: in a round of input
#[tokio::test]
async fn cancelling_in_a_round_takes_the_question_back() {
    let mut harness = modern(&[]).open().await;
    let id = harness.start_call("ask_user", json!({})).await;
    let question = harness.of_method("elicitation/create").await;
    harness.notify("notifications/cancelled", json!({ "requestId": id })).await;
    let back = harness.of_method("notifications/cancelled").await;
    assert_eq!(back["params"]["requestId"], question["id"]);
    let late = json!({ "jsonrpc": "2.0", "id": question["id"], "result": { "action": "cancel" } });
    harness.send(&late.to_string()).await;
    assert!(harness.call("echo", json!({})).await["result"].is_object());
    assert_eq!(harness.count("tools/call"), 2, "the call given up was not sent again");
}

/// E-40, E-45
#[tokio::test]
async fn changes_of_lists_reach_the_host_without_its_asking_and_after_a_loss() {
    let mut harness =
        modern(&["listen-end=silent:method=subscriptions/listen:times=1"]).open().await;
    harness.request("prompts/list", json!({})).await;
    let missed = harness.of_method("notifications/tools/list_changed").await;
    assert!(missed.get("params").is_none(), "told after the loss: changes may have been missed");
    harness.call("add_tool", json!({ "name": "new" })).await;
    harness.of_method("notifications/tools/list_changed").await;
    let names = names(&harness.request("tools/list", json!({})).await);
    assert!(names.contains(&"new".to_owned()));
}

/// E-41, E-42
#[tokio::test]
async fn a_subscription_of_the_session_is_a_listen_at_the_remote() {
    let mut harness = modern(&[]).open().await;
    let watched = json!({ "uri": "lab://watched" });
    let answer = harness.request("resources/subscribe", watched.clone()).await;
    assert_eq!(answer["result"], json!({}), "{answer}");
    harness.call("touch", json!({})).await;
    let updated = harness.of_method("notifications/resources/updated").await;
    assert_eq!(updated["params"], watched);
    assert_eq!(harness.request("resources/unsubscribe", watched).await["result"], json!({}));
    assert_eq!(harness.count("resources/subscribe"), 0);
}

/// E-41
#[tokio::test]
async fn a_subscription_that_is_not_granted_is_an_error() {
    let mut harness = modern(&["grant=lists"]).open().await;
    let answer = harness.request("resources/subscribe", json!({ "uri": "lab://watched" })).await;
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
}

/// T-63: what limits the silence before an answer does not limit a subscription
#[tokio::test]
async fn a_subscription_may_be_silent_for_longer_than_any_answer() {
    let limit = std::time::Duration::from_millis(300);
    let protocol = Served::Only(ProtocolVersion::V2026_07_28);
    let mut harness =
        Harness::with(MockOptions { protocol, ..MockOptions::default() }, |options| {
            options.remote.limits.body = Some(limit);
        })
        .open()
        .await;
    harness.seen(|all| all.iter().any(|r| r.rpc_method() == "subscriptions/listen")).await;
    // Real time has to pass here: twice the limit.
    tokio::time::sleep(limit * 2).await;
    harness.call("add_tool", json!({ "name": "new" })).await;
    harness.of_method("notifications/tools/list_changed").await;
    assert_eq!(harness.count("subscriptions/listen"), 1, "it was opened again");
}

/// T-60: an act is never repeated, a list is
#[tokio::test]
async fn a_lost_answer_is_asked_for_again_only_where_that_does_no_harm() {
    let mut harness = modern(&["never:tool=act", "never:method=prompts/list:times=1"]).open().await;
    assert_eq!(kind(&harness.call("act", json!({})).await), "lost");
    assert_eq!(harness.count("tools/call"), 1);
    assert!(harness.request("prompts/list", json!({})).await["result"].is_object());
    assert_eq!(harness.count("prompts/list"), 2);
}

/// T-61
#[tokio::test]
async fn a_stream_that_stays_open_after_the_answer_is_left() {
    let mut harness = modern(&["answer=sse:tool=echo", "stay-open:tool=echo"]).open().await;
    assert!(harness.call("echo", json!({})).await["result"].is_object());
    harness
        .seen(|all| {
            all.iter()
                .filter(|r| r.rpc_method() == "tools/call")
                .all(|r| r.ending != ExchangeEnd::Open)
        })
        .await;
}
