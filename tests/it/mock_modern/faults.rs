//! The mistakes that a remote of 2026-07-28 can make.

use mcp_tether_mock::Served;
use serde_json::{Value, json};

use super::{call, code, modern, request, serving};
use crate::raw_host::{json_of, parsed};

const ADD: &str = "method=tools/call";

fn add() -> Value {
    call("add", json!({ "a": 1, "b": 2 }))
}

/// E-20, E-21
#[tokio::test]
async fn the_result_type_can_be_another_one_or_missing() {
    let host = modern(&["result-type=none"]);
    assert!(host.ask_modern(&add()).await["result"].get("resultType").is_none());
    host.mock.set_faults(parsed(&["result-type=surprise"]));
    assert_eq!(host.ask_modern(&add()).await["result"]["resultType"], "surprise");
}

/// E-17, E-22
#[tokio::test]
async fn caching_hints_can_be_chosen_or_left_out() {
    let host = modern(&["cache=60000:scope=public"]);
    let list = request("tools/list", json!({}));
    let result = host.ask_modern(&list).await["result"].clone();
    assert_eq!((&result["ttlMs"], &result["cacheScope"]), (&json!(60_000), &json!("public")));
    host.mock.set_faults(parsed(&["cache=none"]));
    let result = host.ask_modern(&list).await["result"].clone();
    assert!(result.get("ttlMs").is_none() && result.get("cacheScope").is_none());
    host.mock.set_faults(parsed(&["cache=-1"]));
    assert_eq!(host.ask_modern(&list).await["result"]["ttlMs"], -1);
}

/// T-55, E-51
#[tokio::test]
async fn headers_can_be_stale_until_the_tools_are_listed_or_for_ever() {
    let host = modern(&["stale-headers"]);
    for _ in 0..2 {
        let response = host.post_modern(&add()).await;
        assert_eq!(response.status(), 400);
        assert_eq!(code(&json_of(response).await), -32020);
    }
    host.ask_modern(&request("tools/list", json!({}))).await;
    assert_eq!(host.post_modern(&add()).await.status(), 200);
    host.mock.set_faults(parsed(&[&format!("status=400:body=error:code=-32020:{ADD}")]));
    host.ask_modern(&request("tools/list", json!({}))).await;
    assert_eq!(code(&host.ask_modern(&add()).await), -32020, "a stubborn one");
}

/// T-53, T-54
#[tokio::test]
async fn a_tool_wants_its_arguments_in_the_headers_that_its_newest_schema_names() {
    let host = modern(&[]);
    let body = call("locate", json!({ "region": "us", "count": 42.0, "urgent": true }));
    let send = async |headers: &[(&'static str, &str)]| {
        let mut sent = host.modern(&body).build().unwrap();
        for (name, value) in headers {
            sent.headers_mut().append(*name, value.parse().unwrap());
        }
        json_of(host.http.execute(sent).await.unwrap()).await
    };
    let region = ("mcp-param-region", "us");
    let count = ("mcp-param-count", "42");
    let urgent = ("mcp-param-urgent", "true");
    assert_eq!(code(&send(&[region, count, urgent]).await), 0);
    for wrong in [
        vec![count, urgent],
        vec![region, count],
        vec![("mcp-param-region", "eu"), count, urgent],
        vec![region, region, count, urgent],
        vec![region, count, urgent, ("mcp-param-room", "7")],
        vec![("mcp-param-region", "=?base64?dXM?="), count, urgent],
    ] {
        assert_eq!(code(&send(&wrong).await), -32020, "{wrong:?}");
    }
    assert_eq!(code(&send(&[("mcp-param-region", "=?base64?dXM=?="), count, urgent]).await), 0);
    host.ask_modern(&call("relabel", json!({ "header": "Area" }))).await;
    assert_eq!(code(&send(&[region, count, urgent]).await), -32020);
    assert_eq!(code(&send(&[("mcp-param-area", "us"), count, urgent]).await), 0);
}

/// T-82, T-85
#[tokio::test]
async fn every_verdict_on_a_probe_can_be_provoked() {
    let discover = request("server/discover", json!({}));
    let host = modern(&["versions=2027-01-01,2025-11-25"]);
    let answer = host.ask_modern(&discover).await;
    assert_eq!(answer["result"]["supportedVersions"], json!(["2027-01-01", "2025-11-25"]));
    for (fault, status, expected) in [
        (
            r#"status=400:body=error:code=-32022:data={"supported":["2025-06-18"],"requested":"x"}"#,
            400,
            -32022,
        ),
        ("status=400:body=error:code=-32021", 400, -32021),
        ("status=404:body=error:code=-32601", 404, -32601),
        ("status=200:body=error:code=-32000", 200, -32000),
        ("status=400:body=error:code=-32602", 400, -32602),
    ] {
        host.mock.set_faults(parsed(&[&format!("{fault}:method=server/discover")]));
        let response = host.post_modern(&discover).await;
        assert_eq!(response.status(), status, "{fault}");
        let answer = json_of(response).await;
        assert_eq!(code(&answer), expected, "{fault}");
        if expected == -32022 {
            assert_eq!(answer["error"]["data"]["supported"], json!(["2025-06-18"]));
        }
    }
}

/// T-84
#[tokio::test]
async fn a_remote_can_change_its_era_after_some_requests() {
    let mut host = serving(Served::AllLegacy, &["serve=2026-07-28:skip=3"]);
    host.open("2025-11-25").await;
    host.call("add", json!({ "a": 1, "b": 2 })).await;
    let answer = host.post(&crate::raw_host::call(9, "add", json!({ "a": 1, "b": 2 }))).await;
    assert_eq!(answer.status(), 400);
    assert_eq!(code(&json_of(answer).await), -32022);
}

/// E-35, T-61
#[tokio::test]
async fn input_can_be_asked_for_where_it_must_not_and_requests_can_stand_on_a_stream() {
    let host = modern(&["needs-input=roots"]);
    let asked = host.ask_modern(&request("tools/list", json!({}))).await["result"].clone();
    assert_eq!(asked["resultType"], "input_required");
    assert_eq!(asked["inputRequests"]["q1"]["method"], "roots/list");
    host.mock.set_faults(parsed(&["ask=roots"]));
    let messages = host.messages(host.post_modern(&add()).await).await;
    assert_eq!(messages[0]["method"], "roots/list");
    assert_eq!(messages[1]["result"]["structuredContent"], json!({ "sum": 3 }));
}
