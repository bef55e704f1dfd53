//! A modern host with a modern remote: a transparent pipe.

use mcp_tether_mock::ExchangeEnd;
use serde_json::{Value, json};

use super::{modern, with_meta};
use crate::support::harness::{Harness, kind, text};

const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

async fn call(harness: &mut Harness, tool: &str, arguments: Value) -> Value {
    let params = with_meta(json!({ "name": tool, "arguments": arguments }));
    harness.request("tools/call", params).await
}

/// E-04: both wires differ in the id only
#[tokio::test]
async fn requests_and_answers_pass_unchanged() {
    let mut harness = modern(&[]);
    let discovered = harness.request("server/discover", with_meta(json!({}))).await;
    assert!(discovered["result"]["supportedVersions"].is_array());
    assert_eq!(harness.count("server/discover"), 1, "the host's own is the probe");
    let params = with_meta(json!({ "name": "echo", "arguments": { "n": [1, null, "é"] } }));
    let answer = harness.request("tools/call", params.clone()).await;
    assert_eq!(answer["result"]["resultType"], "complete");
    assert!(answer["result"]["_meta"]["io.modelcontextprotocol/serverInfo"].is_object());
    let sent = harness.mock.recorder().of_method("tools/call").remove(0).json();
    assert_eq!(sent["params"], params);
    assert_eq!(harness.trail().iter().filter(|m| *m == "initialize").count(), 0);
}

/// E-17: the hints are the host's to use
#[tokio::test]
async fn caching_hints_are_relayed_and_every_list_is_fetched() {
    let mut harness = modern(&["cache=60000:scope=public"]);
    for count in 1..=2 {
        let listed = harness.request("prompts/list", with_meta(json!({}))).await;
        let hints = (&listed["result"]["ttlMs"], &listed["result"]["cacheScope"]);
        assert_eq!(hints, (&json!(60_000), &json!("public")), "{listed}");
        assert_eq!(harness.count("prompts/list"), count);
    }
}

/// E-04: rounds are the host's business
#[tokio::test]
async fn input_required_is_relayed_and_so_is_the_retry() {
    let mut harness = modern(&[]);
    let answer = call(&mut harness, "ask_user", json!({ "question": "who?" })).await;
    let result = &answer["result"];
    assert_eq!(result["resultType"], "input_required", "{answer}");
    let asked = result["inputRequests"].as_object().unwrap();
    let reply = json!({ "action": "accept", "content": { "answer": "me" } });
    let responses: Value = asked.keys().map(|key| (key.clone(), reply.clone())).collect();
    let params = with_meta(json!({ "name": "ask_user", "arguments": { "question": "who?" },
        "inputResponses": responses, "requestState": result["requestState"] }));
    let answer = harness.request("tools/call", params).await;
    assert!(text(&answer).contains("me"), "{answer}");
}

/// E-13: exactly these codes
#[tokio::test]
async fn a_request_that_lacks_what_it_must_say_is_told_so() {
    let mut harness = modern(&[]);
    harness.request("server/discover", with_meta(json!({}))).await;
    let mut params = with_meta(json!({}));
    params["_meta"].as_object_mut().unwrap().remove("io.modelcontextprotocol/clientCapabilities");
    assert_eq!(harness.request("tools/list", params).await["error"]["code"], -32602);
    let mut params = with_meta(json!({}));
    params["_meta"]["io.modelcontextprotocol/protocolVersion"] = "1900-01-01".into();
    let answer = harness.request("tools/list", params).await;
    assert_eq!(answer["error"]["code"], -32022);
    assert_eq!(answer["error"]["data"]["requested"], "1900-01-01");
    assert_eq!(harness.request("tools/list", json!({})).await["error"]["code"], -32602);
}

/// E-16
#[tokio::test]
async fn methods_removed_in_2026_07_28_are_unknown() {
    let mut harness = modern(&[]);
    for method in [
        "ping",
        "logging/setLevel",
        "resources/subscribe",
        "resources/unsubscribe",
        "tasks/result",
        "tasks/list",
    ] {
        let answer = harness.request(method, with_meta(json!({}))).await;
        assert_eq!(answer["error"]["code"], -32601, "{method}");
    }
    assert_eq!(harness.mock.recorder().requests().len(), 0);
}

/// T-53, T-55, T-56: what the transport owes is done for a modern host too
#[tokio::test]
async fn headers_and_invalid_tools_are_the_bridges_business() {
    let mut harness = modern(&[]);
    let answer = call(&mut harness, "locate", json!({ "region": "eu" })).await;
    assert!(answer["result"]["content"].is_array(), "{answer}");
    call(&mut harness, "relabel", json!({ "header": "Area", "quietly": true })).await;
    let answer = call(&mut harness, "locate", json!({ "region": "eu" })).await;
    assert!(answer["result"]["content"].is_array(), "{answer}");
    let listed = harness.request("tools/list", with_meta(json!({}))).await;
    let tools = listed["result"]["tools"].as_array().unwrap();
    assert!(tools.iter().all(|tool| tool["name"] != "header_empty"));
    harness.fault(&["status=400:body=error:code=-32020:method=tools/call"]);
    assert_eq!(kind(&call(&mut harness, "echo", json!({})).await), "header_mismatch");
}

/// E-44, E-46
#[tokio::test]
async fn a_subscription_has_the_hosts_id_and_survives_a_lost_stream() {
    let mut harness = modern(&["listen-end=silent:method=subscriptions/listen:times=1"]);
    let filter = json!({ "notifications": { "toolsListChanged": true } });
    let id = harness.ask("subscriptions/listen", with_meta(filter)).await;
    let granted = harness.of_method("notifications/subscriptions/acknowledged").await;
    assert_eq!(granted["params"]["_meta"][SUBSCRIPTION], id);
    let missed = harness.of_method("notifications/tools/list_changed").await;
    assert_eq!(missed["params"]["_meta"][SUBSCRIPTION], id);
    call(&mut harness, "add_tool", json!({ "name": "new" })).await;
    let changed = harness.of_method("notifications/tools/list_changed").await;
    assert_eq!(changed["params"]["_meta"][SUBSCRIPTION], id);
    let acknowledged = "notifications/subscriptions/acknowledged";
    assert!(harness.set_aside().iter().all(|m| m["method"] != acknowledged), "said once");
}

/// T-59: a cancellation on stdio is a closed stream over HTTP
#[tokio::test]
async fn cancelling_a_listen_closes_its_stream() {
    let mut harness = modern(&[]);
    let filter = json!({ "notifications": { "toolsListChanged": true } });
    let id = harness.ask("subscriptions/listen", with_meta(filter)).await;
    harness.of_method("notifications/subscriptions/acknowledged").await;
    harness.notify("notifications/cancelled", json!({ "requestId": id })).await;
    harness
        .seen(|all| {
            all.iter().any(|r| {
                r.rpc_method() == "subscriptions/listen" && r.ending == ExchangeEnd::Disconnected
            })
        })
        .await;
    assert_eq!(harness.count("notifications/cancelled"), 0);
}

/// T-08: a subscription does not hold the bridge back when its host leaves
#[tokio::test]
async fn a_host_that_leaves_ends_its_subscriptions() {
    let mut harness = modern(&[]);
    let filter = json!({ "notifications": { "toolsListChanged": true } });
    harness.ask("subscriptions/listen", with_meta(filter)).await;
    harness.of_method("notifications/subscriptions/acknowledged").await;
    harness.leave().await;
}
