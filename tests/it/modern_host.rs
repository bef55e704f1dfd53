//! A host of 2026-07-28 in front of every legacy revision and transport, feature by feature.

use mcp_tether::protocol::{Era, ProtocolVersion};
use mcp_tether_mock::{AnswerFormat, MockOptions, RecordedRequest};
use serde_json::{Value, json};

use super::support::harness::{Harness, modern, text};

/// Each legacy revision; the oldest one is HTTP+SSE.
fn legacy() -> impl Iterator<Item = ProtocolVersion> {
    ProtocolVersion::ALL.into_iter().filter(|version| version.era() == Era::Legacy)
}

/// Returns how often `initialize` is posted for one session: HTTP+SSE is found by a POST that fails
/// (T-80).
fn openings(version: ProtocolVersion) -> usize {
    1 + usize::from(version == ProtocolVersion::V2024_11_05)
}

fn remote(version: ProtocolVersion) -> MockOptions {
    MockOptions { protocol: version.into(), ..MockOptions::default() }
}

/// Goes on with a call that needs input: answers every question.
async fn answered(harness: &mut Harness, tool: &str, round: &Value) -> Value {
    let result = &round["result"];
    assert_eq!(result["resultType"], "input_required", "{round:#}");
    let mut answers = json!({});
    for (key, request) in result["inputRequests"].as_object().unwrap() {
        answers[key] = match request["method"].as_str().unwrap() {
            "elicitation/create" => json!({ "action": "accept", "content": { "answer": "Ada" } }),
            "sampling/createMessage" => json!({
                "role": "assistant", "model": "m", "content": { "type": "text", "text": "hm" },
            }),
            "roots/list" => json!({ "roots": [{ "uri": "file:///home" }] }),
            other => panic!("{other}"),
        };
    }
    let params = json!({
        "name": tool, "arguments": {}, "inputResponses": answers,
        "requestState": result["requestState"],
    });
    harness.request_modern("tools/call", params).await
}

/// E-73
#[tokio::test]
async fn tasks_of_the_extension_are_neither_declared_nor_carried_to_a_legacy_remote() {
    let mut harness = Harness::new(remote(ProtocolVersion::V2025_11_25));
    let extension = json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } });
    let listed = harness.request("tools/list", modern(json!({}), extension.clone())).await;
    assert!(listed["result"]["tools"].is_array(), "{listed}");
    let opened = harness.mock.recorder().of_method("initialize").remove(0).json();
    assert!(opened["params"]["capabilities"].get("extensions").is_none(), "{opened}");
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let params = modern(json!({ "taskId": "t" }), extension.clone());
        let answer = harness.request(method, params).await;
        assert_eq!(answer["error"]["code"], -32601, "{method}: {answer}");
        assert_eq!(harness.count(method), 0, "{method}");
    }
}

/// E-12, E-20, E-22, E-23
#[tokio::test]
async fn every_legacy_revision_is_used_in_full_by_a_modern_host() {
    for version in legacy() {
        let mut harness = Harness::new(remote(version));
        let discovered = harness.request_modern("server/discover", json!({})).await;
        let result = &discovered["result"];
        assert_eq!(result["resultType"], "complete", "{version} {discovered:#}");
        assert_eq!(result["supportedVersions"][0], "2026-07-28");
        let info = &result["_meta"]["io.modelcontextprotocol/serverInfo"];
        assert_eq!(info["name"], "lab", "{version}");
        let tools = harness.request_modern("tools/list", json!({})).await;
        assert_eq!(tools["result"]["ttlMs"], 0);
        assert_eq!(tools["result"]["cacheScope"], "private");
        assert!(tools["result"]["tools"].as_array().unwrap().len() > 10);
        let echo = harness.call_modern("echo", json!({ "n": 1.5, "s": "\u{e9}" })).await;
        assert_eq!(text(&echo), r#"{"n":1.5,"s":"é"}"#, "{version}");
        assert_eq!(echo["result"]["_meta"]["io.modelcontextprotocol/serverInfo"], *info);
        let read =
            harness.request_modern("resources/read", json!({ "uri": "lab://greeting" })).await;
        assert_eq!(read["result"]["cacheScope"], "private");
        let prompt = harness.request_modern("prompts/get", json!({ "name": "hello" })).await;
        assert!(prompt["result"]["messages"].is_array());
        let reference = json!({ "type": "ref/prompt", "name": "compare" });
        let argument = json!({ "name": "first", "value": "a" });
        let params = json!({ "ref": reference, "argument": argument });
        let completed = harness.request_modern("completion/complete", params).await;
        assert_eq!(completed["result"]["completion"]["values"][0], "acetone");
        assert_eq!(harness.count("initialize"), openings(version), "{version}");
        let probe = |sent: &&RecordedRequest| sent.rpc_method() == "server/discover";
        for sent in harness.mock.recorder().requests().iter().filter(|sent| !probe(sent)) {
            let meta = &sent.json()["params"]["_meta"];
            assert!(meta.is_null(), "E-15: {meta}");
        }
    }
}

/// E-12
#[tokio::test]
async fn ten_first_requests_at_once_open_one_session() {
    let mut harness = Harness::faulty(&["delay=50:method=initialize"]);
    let mut ids = Vec::new();
    for n in 0..10 {
        let params = json!({ "name": "echo", "arguments": { "n": n } });
        ids.push(harness.ask_modern("tools/call", params).await);
    }
    for (n, id) in ids.into_iter().enumerate() {
        assert_eq!(text(&harness.answer(id).await), format!(r#"{{"n":{n}}}"#));
    }
    assert_eq!(harness.count("initialize"), 1);
    assert_eq!(harness.count("tools/call"), 10);
    assert_eq!(harness.count("server/discover"), 1, "what the server is was asked once");
}

/// E-36
#[tokio::test]
async fn every_question_of_the_server_is_asked_in_rounds() {
    for version in legacy() {
        for answers in [AnswerFormat::Json, AnswerFormat::Sse] {
            let mut harness = Harness::new(MockOptions { answers, ..remote(version) });
            for tool in ["ask_user", "ask_model", "ask_roots", "ask_all"] {
                let elicits = version >= ProtocolVersion::V2025_06_18;
                if tool == "ask_user" && !elicits {
                    continue;
                }
                let round = harness.call_modern(tool, json!({})).await;
                let asked = round["result"]["inputRequests"].as_object().unwrap().len();
                let expected = if tool == "ask_all" { 2 + usize::from(elicits) } else { 1 };
                assert_eq!(asked, expected, "{version} {tool} {round:#}");
                let answer = answered(&mut harness, tool, &round).await;
                assert_eq!(answer["result"]["resultType"], "complete", "{answer:#}");
                assert!(!answer["result"]["isError"].as_bool().unwrap_or_default(), "{answer:#}");
            }
            assert_eq!(harness.count("initialize"), openings(version), "{version}");
        }
    }
}

/// E-36, E-37: a second round, and a call that acts exactly once
#[tokio::test]
async fn a_call_with_two_rounds_acts_once() {
    let mut harness = Harness::new(remote(ProtocolVersion::V2025_11_25));
    let first = harness.call_modern("ask_twice", json!({})).await;
    let second = answered(&mut harness, "ask_twice", &first).await;
    assert_ne!(first["result"]["requestState"], second["result"]["requestState"]);
    // A replay of the first round is refused and runs nothing.
    let replay = answered(&mut harness, "ask_twice", &first).await;
    assert_eq!(replay["error"]["code"], -32602);
    assert_eq!(replay["error"]["data"]["bridge"]["kind"], "input_expired");
    let answer = answered(&mut harness, "ask_twice", &second).await;
    assert_eq!(answer["result"]["resultType"], "complete", "{answer:#}");
    let count = harness.call_modern("count", json!({})).await;
    assert_eq!(text(&count), r#"{"acts":1}"#);
    assert_eq!(harness.mock.recorder().of_method("tools/call").len(), 2);
}

/// E-39
#[tokio::test]
async fn a_page_that_must_be_visited_first_is_a_round_of_its_own() {
    let mut harness = Harness::new(remote(ProtocolVersion::V2025_11_25));
    let round = harness.call_modern("url_first", json!({})).await;
    let request = &round["result"]["inputRequests"]["e0"];
    assert_eq!(request["method"], "elicitation/create", "{round:#}");
    assert_eq!(request["params"]["mode"], "url");
    assert!(request["params"]["elicitationId"].is_null());
    let answer = answered(&mut harness, "url_first", &round).await;
    assert_eq!(answer["result"]["resultType"], "complete", "{answer:#}");
    let incapable =
        modern(json!({ "name": "url_first", "arguments": { "key": "other" } }), json!({}));
    let refused = harness.request("tools/call", incapable).await;
    assert_eq!(refused["error"]["code"], -32021, "{refused:#}");
}

/// E-43, E-44
#[tokio::test]
async fn changes_reach_the_listens_that_asked_for_them() {
    for version in legacy() {
        let mut harness = Harness::new(remote(version));
        let filter =
            json!({ "toolsListChanged": true, "resourceSubscriptions": ["lab://watched"] });
        let id =
            harness.ask_modern("subscriptions/listen", json!({ "notifications": filter })).await;
        let tag = |message: &Value| {
            message["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"].clone()
        };
        let first = harness.next().await;
        assert_eq!(first["method"], "notifications/subscriptions/acknowledged", "{version}");
        assert_eq!(first["params"]["notifications"], filter, "{version}");
        assert_eq!(tag(&first), id);
        harness.call_modern("touch", json!({})).await;
        let updated = harness.of_method("notifications/resources/updated").await;
        assert_eq!(
            (&updated["params"]["uri"], tag(&updated)),
            (&json!("lab://watched"), id.clone())
        );
        harness.call_modern("add_tool", json!({ "name": "new" })).await;
        let changed = harness.of_method("notifications/tools/list_changed").await;
        assert_eq!(tag(&changed), id);
        harness.notify("notifications/cancelled", json!({ "requestId": id })).await;
        let ended = |requests: &[RecordedRequest]| {
            requests.iter().any(|request| request.rpc_method() == "resources/unsubscribe")
        };
        harness.seen(ended).await;
        assert_eq!(harness.set_aside(), Vec::<Value>::new());
    }
}

/// E-61, E-62
#[tokio::test]
async fn log_messages_come_only_for_requests_that_want_them() {
    let mut harness = Harness::new(remote(ProtocolVersion::V2025_11_25));
    let mut wants = json!({ "name": "log", "arguments": { "level": "error" } });
    harness.request_modern("tools/call", wants.clone()).await;
    assert_eq!(harness.set_aside(), Vec::<Value>::new());
    wants["_meta"] = json!({ "io.modelcontextprotocol/logLevel": "warning" });
    let id = harness.ask_modern("tools/call", wants.clone()).await;
    let log = harness.of_method("notifications/message").await;
    assert_eq!(log["params"]["level"], "error");
    harness.answer(id).await;
    wants["arguments"]["level"] = "info".into();
    harness.request_modern("tools/call", wants).await;
    assert_eq!(harness.set_aside(), Vec::<Value>::new());
    assert_eq!(harness.count("logging/setLevel"), 1);
}

/// E-63
#[tokio::test]
async fn progress_comes_under_the_hosts_token_and_grows() {
    for version in legacy() {
        let mut harness = Harness::new(remote(version));
        let mut params = json!({ "name": "slow", "arguments": { "ms": 20 } });
        params["_meta"]["progressToken"] = "mine".into();
        let id = harness.ask_modern("tools/call", params).await;
        harness.answer(id).await;
        let told = harness.set_aside();
        assert_eq!(told.len(), 10, "{version}");
        let mut last = 0.0;
        for message in told {
            assert_eq!(message["params"]["progressToken"], "mine");
            let progress = message["params"]["progress"].as_f64().unwrap();
            assert!(progress > last);
            last = progress;
        }
    }
}

/// E-66
#[tokio::test]
async fn a_cancelled_call_is_cancelled_at_the_server_under_its_id_there() {
    for version in legacy() {
        let mut harness = Harness::new(remote(version));
        let params = json!({ "name": "slow", "arguments": { "ms": 60_000 } });
        let id = harness.ask_modern("tools/call", params).await;
        harness.seen(|seen| seen.iter().any(|r| r.rpc_method() == "tools/call")).await;
        harness.notify("notifications/cancelled", json!({ "requestId": id })).await;
        harness.seen(|seen| seen.iter().any(|r| r.rpc_method() == "notifications/cancelled")).await;
        let call = harness.mock.recorder().of_method("tools/call")[0].json()["id"].clone();
        let cancelled = harness.mock.recorder().of_method("notifications/cancelled")[0].json();
        assert_eq!(cancelled["params"]["requestId"], call, "{version}");
        harness.call_modern("echo", json!({})).await;
        assert_eq!(harness.set_aside(), Vec::<Value>::new());
    }
}

/// E-50
#[tokio::test]
async fn a_missing_resource_has_the_code_of_the_hosts_revision() {
    let mut harness = Harness::new(remote(ProtocolVersion::V2025_11_25));
    let answer = harness.request_modern("resources/read", json!({ "uri": "lab://none" })).await;
    assert_eq!(answer["error"]["code"], -32602);
    assert_eq!(answer["error"]["data"]["uri"], "lab://none");
}

/// E-13, E-16
#[tokio::test]
async fn forbidden_requests_of_a_modern_host_are_refused_locally() {
    let mut harness = Harness::new(remote(ProtocolVersion::V2025_11_25));
    for method in ["ping", "logging/setLevel", "resources/subscribe", "tasks/list"] {
        let answer = harness.request_modern(method, json!({})).await;
        assert_eq!(answer["error"]["code"], -32601, "{method}");
    }
    let mut params = modern(json!({}), json!({}));
    params["_meta"]["io.modelcontextprotocol/protocolVersion"] = "1900-01-01".into();
    let answer = harness.request("tools/list", params).await;
    assert_eq!(answer["error"]["code"], -32022);
    harness.call_modern("echo", json!({})).await;
    // Now that the host is known to be modern, a request without its envelope lacks something.
    let answer = harness.request("tools/list", json!({})).await;
    assert_eq!(answer["error"]["code"], -32602);
    for method in ["ping", "logging/setLevel", "resources/subscribe", "tasks/list"] {
        assert_eq!(harness.count(method), 0, "{method}");
    }
}
