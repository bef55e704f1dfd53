//! The metadata that each request must have, and that each result has.

use mcp_tether::protocol::ProtocolVersion;
use mcp_tether_mock::{AnswerFormat, ExchangeEnd, MockOptions, ProductName, Served};
use reqwest::Method;
use serde_json::{Value, json};

use super::{call, code, everything, modern, request, serving};
use crate::raw_host::{Events, LONG, RawHost, initialize, json_of, modern_request};

/// T-58, E-13
#[tokio::test]
async fn a_request_without_its_metadata_is_refused_and_host_info_is_optional() {
    let host = modern(&[]);
    for missing in ["protocolVersion", "clientCapabilities"] {
        let mut body = request("tools/list", json!({}));
        let key = format!("io.modelcontextprotocol/{missing}");
        body["params"]["_meta"].as_object_mut().unwrap().remove(&key);
        let response = host.post_modern(&body).await;
        assert_eq!(response.status(), 400);
        let answer = json_of(response).await;
        assert_eq!((code(&answer), &answer["id"]), (-32602, &json!(7)), "{missing}");
    }
    let mut body = request("tools/list", json!({}));
    body["params"]["_meta"].as_object_mut().unwrap().remove("io.modelcontextprotocol/clientInfo");
    assert_eq!(host.post_modern(&body).await.status(), 200);
}

/// T-50, T-62
#[tokio::test]
async fn an_unknown_revision_is_answered_with_the_known_ones() {
    let host = serving(Served::Dual, &[]);
    let mut body = request("server/discover", json!({}));
    body["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = "1900-01-01".into();
    let mut sent = host.modern(&body).build().unwrap();
    sent.headers_mut().insert("mcp-protocol-version", "1900-01-01".parse().unwrap());
    let response = host.http.execute(sent).await.unwrap();
    assert_eq!(response.status(), 400);
    let answer = json_of(response).await;
    assert_eq!(code(&answer), -32022);
    assert_eq!(answer["error"]["data"]["requested"], "1900-01-01");
    assert_eq!(answer["error"]["data"]["supported"][0], "2026-07-28");
    assert_eq!(answer["error"]["data"]["supported"].as_array().unwrap().len(), 5);
}

/// T-50, T-51, T-52, T-62
#[tokio::test]
async fn missing_and_mismatched_headers_are_refused() {
    let host = modern(&[]);
    let body = call("add", json!({ "a": 1, "b": 2 }));
    for (name, value) in [
        ("mcp-protocol-version", None),
        ("mcp-protocol-version", Some("2025-11-25")),
        ("mcp-method", None),
        ("mcp-method", Some("TOOLS/CALL")),
        ("mcp-name", None),
        ("mcp-name", Some("sub")),
        ("mcp-name", Some("=?base64?YWRk=?=")),
    ] {
        let mut sent = host.modern(&body).build().unwrap();
        sent.headers_mut().remove(name);
        if let Some(value) = value {
            sent.headers_mut().insert(name, value.parse().unwrap());
        }
        let response = host.http.execute(sent).await.unwrap();
        assert_eq!(response.status(), 400, "{name} {value:?}");
        assert_eq!(code(&json_of(response).await), -32020, "{name} {value:?}");
    }
    let mut sent = host.modern(&body).build().unwrap();
    sent.headers_mut().insert("mcp-name", "=?base64?YWRk?=".parse().unwrap());
    assert_eq!(host.http.execute(sent).await.unwrap().status(), 200, "the encoded form");
}

/// T-57, E-16, T-62
#[tokio::test]
async fn removed_methods_are_unknown() {
    let host = modern(&[]);
    for method in [
        "initialize",
        "ping",
        "logging/setLevel",
        "resources/subscribe",
        "resources/unsubscribe",
        "tasks/result",
        "tasks/list",
        "no/such",
    ] {
        let response = host.post_modern(&request(method, json!({}))).await;
        assert_eq!(response.status(), 404, "{method}");
        assert_eq!(code(&json_of(response).await), -32601, "{method}");
    }
    let url = host.mock.url();
    for method in [Method::GET, Method::DELETE] {
        let response = host.builder(method, url.as_str()).send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["allow"]),
            (405, &"POST".parse().unwrap())
        );
    }
    let answer = json!({ "jsonrpc": "2.0", "id": 1, "result": {} });
    assert_eq!(host.post(&answer).await.status(), 400);
    let batch = json!([request("tools/list", json!({}))]);
    assert_eq!(host.post(&batch).await.status(), 400);
    let note = json!({ "jsonrpc": "2.0", "method": "notifications/x" });
    assert_eq!(host.post(&note).await.status(), 202);
}

/// T-85
#[tokio::test]
async fn a_legacy_handshake_is_answered_with_the_known_revisions() {
    let host = modern(&[]);
    let response = host.post(&initialize("2025-06-18")).await;
    assert_eq!(response.status(), 400);
    let answer = json_of(response).await;
    assert_eq!(code(&answer), -32020);
    assert!(answer["error"]["message"].as_str().unwrap().contains("2026-07-28"), "{answer}");
}

/// E-20, E-22, E-23
#[tokio::test]
async fn results_have_a_type_server_info_and_caching_hints() {
    let host = modern(&[]);
    let result = async |method: &str, params: Value| {
        host.ask_modern(&request(method, params)).await["result"].clone()
    };
    let uri = json!({ "uri": "lab://greeting" });
    for (method, params, cacheable) in [
        ("server/discover", json!({}), true),
        ("tools/list", json!({}), true),
        ("prompts/list", json!({}), true),
        ("resources/list", json!({}), true),
        ("resources/templates/list", json!({}), true),
        ("resources/read", uri, true),
        ("tools/call", json!({ "name": "count" }), false),
        ("prompts/get", json!({ "name": "hello" }), false),
    ] {
        let result = result(method, params).await;
        assert_eq!(result["resultType"], "complete", "{method}: {result}");
        assert_eq!(result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "lab");
        assert_eq!(result["ttlMs"].is_u64(), cacheable, "{method}");
        assert_eq!(result["cacheScope"].is_string(), cacheable, "{method}");
    }
    let discovered = result("server/discover", json!({})).await;
    assert_eq!(discovered["supportedVersions"], json!(["2026-07-28"]));
    assert_eq!(discovered["capabilities"]["tools"]["listChanged"], true);
    assert!(discovered["instructions"].is_string());
    let missing = host.ask_modern(&request("resources/read", json!({ "uri": "lab://no" }))).await;
    assert_eq!((code(&missing), &missing["error"]["data"]["uri"]), (-32602, &json!("lab://no")));
}

/// T-31, T-36
#[tokio::test]
async fn sessions_and_event_ids_mean_nothing() {
    let mut host = modern(&["answer=sse"]);
    host.set("mcp-session-id", "stale");
    host.set("last-event-id", "1-1");
    let response = host.post_modern(&call("slow", json!({ "ms": 0 }))).await;
    assert!(response.headers().get("mcp-session-id").is_none());
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    let events = Events::of(response).all().await;
    assert!(events.iter().all(|event| event.id.is_none()));
}

/// E-61
#[tokio::test]
async fn log_messages_need_a_level_and_progress_a_token() {
    let host = modern(&[]);
    let mut body = call("log", json!({ "level": "warning" }));
    let said = async |body: &Value| host.messages(host.post_modern(body).await).await.len();
    assert_eq!(said(&body).await, 1);
    body["params"]["_meta"]["io.modelcontextprotocol/logLevel"] = "error".into();
    assert_eq!(said(&body).await, 1);
    body["params"]["_meta"]["io.modelcontextprotocol/logLevel"] = "info".into();
    assert_eq!(said(&body).await, 2);
    body["params"]["_meta"]["io.modelcontextprotocol/logLevel"] = "trace".into();
    assert_eq!(code(&host.ask_modern(&body).await), -32602);
    let mut slow = call("slow", json!({ "ms": 0 }));
    slow["params"]["_meta"]["progressToken"] = "p".into();
    assert_eq!(said(&slow).await, 11);
}

/// T-59
#[tokio::test]
async fn a_host_that_closes_the_stream_cancels_the_work_before_and_after_the_head() {
    for answers in [AnswerFormat::Json, AnswerFormat::Sse] {
        let protocol = Served::Only(ProtocolVersion::V2026_07_28);
        let host = RawHost::new(MockOptions { answers, protocol, ..MockOptions::default() });
        let body = call("act_late", json!({ "ms": 60_000 }));
        let request = host.modern(&body).send();
        let started = host.mock.recorder().clone();
        // With JSON the head comes after the work.
        let is_json = answers == AnswerFormat::Json;
        tokio::select! {
            response = request => {
                assert!(!is_json);
                drop(response.unwrap());
            }
            _ = started.wait_until(|all| !all.is_empty(), LONG), if is_json => {}
        }
        let gone = |all: &[mcp_tether_mock::RecordedRequest]| {
            all.iter().any(|request| request.ending == ExchangeEnd::Disconnected)
        };
        assert!(host.mock.recorder().wait_until(gone, LONG).await);
        let stopped = host.ask_modern(&call("given_up", json!({}))).await;
        let expected = json!({ "given_up": 1 });
        assert_eq!(stopped["result"]["structuredContent"], expected, "{answers:?}");
    }
}

/// E-01
#[tokio::test]
async fn both_eras_live_on_one_endpoint() {
    for served in [Served::Dual, Served::All] {
        let mut host = serving(served, &[]);
        let opened = host.open("2025-06-18").await;
        assert_eq!(opened["protocolVersion"], "2025-06-18");
        let sum = host.call("add", json!({ "a": 2, "b": 3 })).await;
        assert!(sum.get("resultType").is_none());
        host.headers.remove("mcp-session-id");
        host.headers.remove("mcp-protocol-version");
        let sum = host.ask_modern(&call("add", json!({ "a": 2, "b": 3 }))).await;
        assert_eq!(sum["result"]["resultType"], "complete");
        assert_eq!(host.get().await.status(), 400, "a legacy GET without its session");
        // A host of both eras may send the headers of one with the handshake of the other.
        host.set("mcp-method", "initialize");
        host.set("mcp-protocol-version", "2025-11-25");
        assert_eq!(host.post(&initialize("2025-11-25")).await.status(), 200);
    }
}

#[tokio::test]
async fn the_era_can_change_at_run_time() {
    let mut host = serving(Served::AllLegacy, &[]);
    host.open("2025-06-18").await;
    let discover = modern_request(1, "server/discover", json!({}), everything());
    assert_eq!(host.post_modern(&discover).await.status(), 400);
    host.mock.set_protocol(Served::Only(ProtocolVersion::V2026_07_28));
    let answer = host.ask_modern(&discover).await;
    assert_eq!(answer["result"]["supportedVersions"], json!(["2026-07-28"]));
}

#[tokio::test]
async fn every_product_speaks_it() {
    for product in ProductName::ALL {
        let protocol = Served::Only(ProtocolVersion::V2026_07_28);
        let host = RawHost::new(MockOptions { product, protocol, ..MockOptions::default() });
        let listed = host.ask_modern(&request("tools/list", json!({}))).await;
        assert!(!listed["result"]["tools"].as_array().unwrap().is_empty(), "{product}");
    }
}
