//! The stdio side: framing, ids, order, bad lines (T-01 to T-11).

use mcp_tether::bridge::{NamePatterns, OfferFilter};
use mcp_tether_mock::MockOptions;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::harness::{Harness, initialize, text};

/// T-01
#[tokio::test]
async fn a_pretty_printed_answer_becomes_one_line() {
    for form in ["answer=json", "answer=sse"] {
        let mut harness = Harness::faulty(&["pretty", form]).open().await;
        let answer = harness.call("echo", json!({ "a": [1, { "b": "x\ny" }] })).await;
        let echoed: Value = serde_json::from_str(text(&answer)).expect("JSON");
        assert_eq!(echoed, json!({ "a": [1, { "b": "x\ny" }] }), "{form}");
    }
}

/// T-03
#[tokio::test]
async fn numbers_escapes_and_key_order_arrive_as_they_were_written() {
    let mut harness = Harness::new(MockOptions::default()).open().await;
    let arguments =
        r#"{"z":1.10,"a":1E+2,"big":123456789012345678901234567890,"u":"\u00e9\/\ud83d\ude00"}"#;
    let line = format!(
        r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{{"name":"echo","arguments":{arguments}}},"_x":1.0}}"#
    );
    harness.send(&line).await;
    let answer = harness.answer(json!(7)).await;
    assert_eq!(text(&answer), arguments);
    let sent = harness.mock.recorder().of_method("tools/call")[0].body.clone();
    let number = sent.iter().position(|b| *b == b',').expect("a member") + 1;
    let sent = String::from_utf8(sent.to_vec()).expect("UTF-8");
    let (_, after) = sent[number..].split_once(',').expect("more members");
    assert!(line.ends_with(after), "{sent}");
}

/// T-04
#[tokio::test]
async fn a_32_mib_call_passes_both_ways() {
    let mut harness = Harness::new(MockOptions::default()).open().await;
    let long = "x".repeat(32 * 1024 * 1024);
    let answer = harness.call("echo", json!({ "long": long })).await;
    assert!(text(&answer) == format!(r#"{{"long":"{long}"}}"#), "{}", text(&answer).len());
}

/// T-04
#[tokio::test]
async fn carriage_returns_and_blank_lines_do_not_matter() {
    let mut harness = Harness::new(MockOptions::default()).open().await;
    harness.send("\r").await;
    harness.send("   ").await;
    harness.send("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}\r").await;
    assert!(harness.answer(json!(1)).await["result"]["tools"].is_array());
}

/// T-05, O-1
#[tokio::test]
async fn a_bad_line_gets_one_error_and_the_bridge_lives() {
    let mut harness = Harness::new(MockOptions::default()).open().await;
    let cases = [
        ("{", -32700, Value::Null),
        ("hello", -32700, Value::Null),
        (r#"{"jsonrpc":"2.0","id":5,"method":3}"#, -32600, json!(5)),
        (r#"{"id":6,"method":"tools/list"}"#, -32600, json!(6)),
        (r#"{"jsonrpc":"2.0","id":null,"method":"tools/list"}"#, -32600, Value::Null),
        ("[]", -32600, Value::Null),
    ];
    for (line, code, id) in cases {
        harness.send(line).await;
        let answer = harness.next().await;
        assert_eq!(answer["error"]["code"], code, "{line}");
        assert_eq!(answer["id"], id, "{line}");
        assert_eq!(answer.get("id").is_some(), !id.is_null(), "no `null` id: {line}");
    }
    assert!(harness.call("add", json!({ "a": 1, "b": 2 })).await["result"].is_object());
}

/// T-06, E-05
#[tokio::test]
async fn ids_come_back_with_type_and_value() {
    let mut harness = Harness::new(MockOptions::default()).open().await;
    let long = "i".repeat(300);
    let ids =
        [json!(0), json!(-1), json!("1"), json!(1), json!(9_007_199_254_740_991_i64), json!(long)];
    for id in &ids {
        let params = json!({ "name": "echo", "arguments": { "id": id } });
        let line = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params });
        harness.send(&line.to_string()).await;
    }
    for id in ids {
        let answer = harness.answer(id.clone()).await;
        assert_eq!(text(&answer), json!({ "id": id }).to_string());
    }
    let sent: std::collections::HashSet<_> = harness
        .mock
        .recorder()
        .of_method("tools/call")
        .iter()
        .map(|r| r.rpc_id().cloned())
        .collect();
    assert_eq!(sent.len(), 6, "upstream ids are minted and unique");
}

/// T-06
#[tokio::test]
async fn an_id_that_is_still_open_cannot_be_used_again() {
    let mut harness = Harness::faulty(&["silent:tool=echo"]).open().await;
    let id = harness.start_call("echo", json!({})).await;
    harness.send(&json!({ "jsonrpc": "2.0", "id": id, "method": "tools/list" }).to_string()).await;
    assert_eq!(harness.answer(id).await["error"]["code"], -32600);
}

/// T-07
#[tokio::test]
async fn messages_after_initialized_wait_until_it_is_accepted() {
    let slow = "delay=150:method=notifications/initialized";
    let mut harness = Harness::faulty(&[slow]);
    harness.initialize("2025-06-18").await;
    let listed = harness.ask("tools/list", json!({})).await;
    harness.answer(listed).await;
    let accepted = |requests: &[mcp_tether_mock::RecordedRequest]| {
        requests.iter().any(|r| r.rpc_method() == "notifications/initialized" && r.status.is_some())
    };
    harness.seen(accepted).await;
    let requests = harness.mock.recorder().requests();
    let at = |method: &str| requests.iter().find(|r| r.rpc_method() == method).map(|r| r.at);
    let pause = at("tools/list").unwrap().duration_since(at("notifications/initialized").unwrap());
    assert!(pause.unwrap().as_millis() >= 150, "it was sent before the confirmation was accepted");
}

/// T-07
#[tokio::test]
async fn a_host_may_write_everything_at_once() {
    let mut harness = Harness::new(MockOptions::default());
    harness.send(&initialize("2025-11-25")).await;
    harness.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
    let listed = harness.ask("tools/list", json!({})).await;
    assert!(harness.answer(listed).await["result"]["tools"].is_array());
    assert_eq!(harness.trail()[..3], ["initialize", "notifications/initialized", "tools/list"]);
}

/// T-07
#[tokio::test]
async fn a_slow_call_holds_nobody_up() {
    let mut harness = Harness::faulty(&["silent:tool=slow"]).open().await;
    harness.start_call("slow", json!({ "ms": 0 })).await;
    assert!(harness.call("add", json!({ "a": 1, "b": 1 })).await["result"].is_object());
}

/// T-07
#[tokio::test]
async fn messages_of_one_stream_keep_their_order_and_the_answer_is_last() {
    let mut harness = Harness::new(MockOptions::default()).open().await;
    let id = harness.start_call("burst", json!({ "count": 500 })).await;
    let answer = harness.answer(id).await;
    assert!(answer["result"].is_object(), "{answer}");
    // Messages that came before the answer, in their order.
    let told = harness.set_aside();
    let numbers: Vec<_> = told.iter().filter_map(|m| m["params"]["data"].as_u64()).collect();
    assert!(numbers.iter().copied().eq(1..=500), "{numbers:?}");
}

/// T-35, T-07
#[tokio::test]
async fn a_cancellation_names_the_id_that_the_server_knows_and_comes_after_its_request() {
    let mut harness = Harness::faulty(&["silent:tool=slow"]).open().await;
    harness.call("add", json!({ "a": 1, "b": 1 })).await;
    harness.mock.recorder().clear();
    let id = harness.start_call("slow", json!({ "ms": 1 })).await;
    harness.notify("notifications/cancelled", json!({ "requestId": id, "reason": "user" })).await;
    harness.seen(|all| all.iter().any(|r| r.rpc_method() == "notifications/cancelled")).await;
    let requests = harness.mock.recorder().requests();
    let call = requests.iter().find(|r| r.rpc_method() == "tools/call").expect("it left");
    let cancelled = requests.iter().find(|r| r.rpc_method() == "notifications/cancelled").unwrap();
    assert!(call.number < cancelled.number);
    assert_eq!(cancelled.json()["params"]["requestId"], call.json()["id"]);
    assert_eq!(cancelled.json()["params"]["reason"], "user");
    // Nothing is written for it, and its id is free again.
    let line = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/list" });
    harness.send(&line.to_string()).await;
    assert!(harness.next().await["result"]["tools"].is_array());
}

/// T-35
#[tokio::test]
async fn a_request_that_is_cancelled_while_it_waits_never_leaves() {
    let mut harness = Harness::faulty(&["delay=100:method=notifications/initialized"]);
    harness.initialize("2025-11-25").await;
    let id = harness.start_call("act", json!({})).await;
    harness.notify("notifications/cancelled", json!({ "requestId": id })).await;
    let answer = harness.call("count", json!({})).await;
    assert_eq!(answer["result"]["structuredContent"]["acts"], 0, "{answer}");
    assert_eq!(harness.count("notifications/cancelled"), 0);
}

/// T-35
#[tokio::test]
async fn initialize_is_never_cancelled_and_unknown_requests_are_not_either() {
    let mut harness = Harness::faulty(&["delay=100:method=initialize"]);
    harness.send(&initialize("2025-11-25")).await;
    harness.notify("notifications/cancelled", json!({ "requestId": "init" })).await;
    assert!(harness.answer(json!("init")).await["result"].is_object());
    harness.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
    harness.notify("notifications/cancelled", json!({ "requestId": 4711 })).await;
    harness.request("tools/list", json!({})).await;
    assert_eq!(harness.count("notifications/cancelled"), 0);
}

/// T-11
#[tokio::test]
async fn a_batch_of_a_2025_03_26_host_is_answered_in_one_line() {
    let mut harness = Harness::new(MockOptions::default());
    harness.initialize("2025-03-26").await;
    harness
        .send(
            r#"[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"notifications/x"},
            {"jsonrpc":"2.0","id":2,"method":"tools/list"},{"jsonrpc":"2.0","id":3,"method":"initialize"},4]"#
                .replace('\n', "")
                .as_str(),
        )
        .await;
    let answers = harness.next().await;
    let mut answers = answers.as_array().expect("an array").clone();
    answers.sort_by_key(|answer| answer["id"].as_i64());
    assert_eq!(answers.len(), 4);
    assert!(answers[0].get("id").is_none() && answers[0]["error"]["code"] == -32600);
    assert_eq!(answers[1]["result"], json!({}));
    assert!(answers[2]["result"]["tools"].is_array());
    assert_eq!(answers[3]["error"]["code"], -32600, "`initialize` must not be in a batch");
    harness.send(r#"[{"jsonrpc":"2.0","method":"notifications/y"}]"#).await;
    harness.send(r#"{"jsonrpc":"2.0","id":9,"method":"ping"}"#).await;
    assert_eq!(harness.next().await["id"], 9, "a batch of notifications gets no answer");
}

/// T-11
#[tokio::test]
async fn other_revisions_have_no_batches() {
    for revision in ["2024-11-05", "2025-06-18", "2025-11-25"] {
        let mut harness = Harness::new(MockOptions::default());
        harness.initialize(revision).await;
        harness.send(r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#).await;
        assert_eq!(harness.next().await["error"]["code"], -32600, "{revision}");
    }
}

/// docs/hosts/README.md#discovering-first, T-81
#[tokio::test]
async fn server_discover_only_looks_and_initialize_works_after_it() {
    let mut harness = Harness::faulty(&["delay=50"]);
    harness.request("server/discover", json!({ "_meta": {} })).await;
    let call = json!({ "name": "act", "arguments": {} });
    let answer = harness.request("tools/call", call).await;
    assert_eq!(answer["error"]["code"], -32602);
    assert_eq!(harness.count("tools/call"), 0, "a call before `initialize` might act");
    assert_eq!(harness.initialize("2026-07-28").await["protocolVersion"], "2025-11-25");
}

/// docs/hosts/README.md#discovering-first
#[tokio::test]
async fn a_request_of_a_later_revision_is_told_which_ones_are_served() {
    let mut harness = Harness::new(MockOptions::default());
    let meta = json!({ "io.modelcontextprotocol/protocolVersion": "2099-01-01" });
    let answer = harness.request("tools/list", json!({ "_meta": meta })).await;
    assert_eq!(answer["error"]["code"], -32022);
    assert_eq!(answer["error"]["data"]["requested"], "2099-01-01");
    assert!(
        answer["error"]["data"]["supported"].as_array().unwrap().contains(&json!("2025-11-25"))
    );
}

/// `ping` is local on both sides
#[tokio::test]
async fn pings_are_answered_where_they_arrive() {
    let mut harness = Harness::faulty(&["ask=ping:tool=echo"]);
    assert_eq!(harness.request("ping", json!({})).await["result"], json!({}));
    let mut harness = harness.open().await;
    assert_eq!(harness.request("ping", json!({})).await["result"], json!({}));
    assert!(harness.call("echo", json!({})).await["result"].is_object());
    assert!(harness.set_aside().iter().all(|m| m["method"] != "ping"), "the host is unaware");
    assert_eq!(harness.count("ping"), 0);
}

#[tokio::test]
async fn hidden_tools_are_neither_listed_nor_called() {
    let mut harness = Harness::with(MockOptions::default(), |options| {
        let tools = NamePatterns::new([], ["ACT", "ask_*"]);
        options.offer = OfferFilter::new(tools, Default::default(), Default::default(), false);
    })
    .open()
    .await;
    let listed = harness.request("tools/list", json!({})).await;
    let names: Vec<_> =
        listed["result"]["tools"].as_array().unwrap().iter().map(|t| &t["name"]).collect();
    assert!(names.contains(&&json!("echo")) && names.len() > 5);
    assert!(!names.contains(&&json!("act")) && !names.contains(&&json!("ask_user")));
    assert_eq!(harness.call("act", json!({})).await["error"]["code"], -32602);
    assert_eq!(harness.count("tools/call"), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// T-03
    #[test]
    fn any_arguments_survive_the_round_trip(value in any_json(3)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut harness = Harness::new(MockOptions::default()).open().await;
            let answer = harness.call("echo", json!({ "v": value })).await;
            assert_eq!(text(&answer), json!({ "v": value }).to_string());
        });
    }
}

fn any_json(depth: u32) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        ".{0,12}".prop_map(Into::into),
    ];
    leaf.prop_recursive(depth, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::hash_map(".{1,4}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}
