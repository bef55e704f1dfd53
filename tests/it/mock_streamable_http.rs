//! The mock over Streamable HTTP: a correct and strict remote of each revision.

use mcp_tether::protocol::ProtocolVersion;
use mcp_tether_mock::{AnswerFormat, ExchangeEnd, MockOptions, Mode, Served};
use reqwest::Method;
use serde_json::{Value, json};

use crate::raw_host::{Events, LONG, RawHost, call, initialize, json_of, lab, request};

const VERSIONS: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

fn with(answers: AnswerFormat, mode: Mode) -> RawHost {
    RawHost::new(MockOptions { answers, mode, ..MockOptions::default() })
}

#[tokio::test]
async fn every_legacy_revision_is_negotiated_in_both_forms_and_modes() {
    for answers in [AnswerFormat::Json, AnswerFormat::Sse] {
        for mode in [Mode::Sessions, Mode::Stateless] {
            for version in VERSIONS {
                let mut host = with(answers, mode);
                let opened = host.open(version).await;
                assert_eq!(opened["protocolVersion"], version);
                let has_session = host.headers.contains_key("mcp-session-id");
                assert_eq!(has_session, mode == Mode::Sessions);
                let sum = host.call("add", json!({ "a": 2, "b": 3 })).await;
                assert_eq!(sum["content"][0]["text"], r#"{"sum":5}"#);
            }
        }
    }
}

#[tokio::test]
async fn a_pinned_revision_is_answered_whatever_is_asked() {
    let protocol = Served::Only(ProtocolVersion::V2025_06_18);
    let mut host = RawHost::new(MockOptions { protocol, ..MockOptions::default() });
    assert_eq!(host.open("2025-11-25").await["protocolVersion"], "2025-06-18");
}

#[tokio::test]
async fn echo_returns_numbers_and_unknown_fields_byte_for_byte() {
    let mut host = lab(&[]);
    host.open("2025-06-18").await;
    let arguments =
        r#"{"big":123456789012345678901234567890,"x":1.10,"e":1E+2,"z":null,"a":"\u00e9"}"#;
    let params = format!(r#"{{"name":"echo","arguments":{arguments}}}"#);
    let body = format!(r#"{{"jsonrpc":"2.0","id":"q","method":"tools/call","params":{params}}}"#);
    let url = host.mock.url();
    let text = host.builder(Method::POST, url.as_str()).body(body).send().await.unwrap();
    let text = text.text().await.unwrap();
    assert!(text.contains(&format!("\"structuredContent\":{arguments}")), "{text}");
    assert!(text.contains("\"id\":\"q\""));
}

/// T-30
#[tokio::test]
async fn a_missing_or_different_version_header_is_refused_since_2025_06_18() {
    for (version, expected) in [("2025-03-26", 200), ("2025-06-18", 400), ("2025-11-25", 400)] {
        let mut host = lab(&[]);
        host.open(version).await;
        let ping = request(1, "ping", json!({}));
        host.set("mcp-protocol-version", "2024-11-05");
        assert_eq!(host.post(&ping).await.status(), expected, "{version}, another one");
        host.headers.remove("mcp-protocol-version");
        assert_eq!(host.post(&ping).await.status(), expected, "{version}, none");
        assert_eq!(host.get().await.status(), expected, "{version}, GET");
    }
}

/// T-20
#[tokio::test]
async fn accept_and_content_type_are_checked() {
    let mut host = lab(&[]);
    host.headers.insert("accept", "application/json".parse().unwrap());
    assert_eq!(host.post(&initialize("2025-06-18")).await.status(), 406);
    host.headers.insert("accept", "text/event-stream, application/json;q=0.5".parse().unwrap());
    host.headers.insert("content-type", "text/plain".parse().unwrap());
    assert_eq!(host.post(&initialize("2025-06-18")).await.status(), 415);
    host.headers.insert("content-type", "Application/JSON; charset=utf-8".parse().unwrap());
    assert_eq!(host.post(&initialize("2025-06-18")).await.status(), 200);
}

/// S-14
#[tokio::test]
async fn foreign_hosts_and_origins_are_refused() {
    let host = lab(&[]);
    let url = host.mock.url();
    let send = |name: &'static str, value: &'static str| {
        let body = initialize("2025-06-18").to_string();
        host.builder(Method::POST, url.as_str()).header(name, value).body(body).send()
    };
    for (name, value) in [("host", "evil.example"), ("origin", "https://evil.example")] {
        let response = send(name, value).await.unwrap();
        assert_eq!(response.status(), 403, "{name}");
        let body = json_of(response).await;
        assert!(body["error"]["code"].is_i64() && body.get("id").is_none());
    }
    assert_eq!(send("origin", "http://localhost:1234").await.unwrap().status(), 200);
}

/// T-31, T-32, T-33
#[tokio::test]
async fn a_session_is_needed_known_and_ended_by_delete() {
    let mut host = lab(&[]);
    host.open("2025-06-18").await;
    let ping = request(1, "ping", json!({}));
    assert_eq!(host.ask(&ping).await["result"], json!({}));
    assert_eq!(host.post(&initialize("2025-06-18")).await.status(), 400, "initialize with an id");
    let id = host.headers.remove("mcp-session-id").unwrap();
    assert_eq!(host.post(&ping).await.status(), 400, "no id");
    host.headers.insert("mcp-session-id", id);
    let url = host.mock.url();
    let delete = host.builder(Method::DELETE, url.as_str()).send().await.unwrap();
    assert_eq!(delete.status(), 200);
    assert_eq!(host.post(&ping).await.status(), 404, "ended");

    host.headers.remove("mcp-session-id");
    host.open("2025-06-18").await;
    host.mock.forget_sessions();
    assert_eq!(host.post(&ping).await.status(), 404, "forgotten");
}

/// T-34
#[tokio::test]
async fn without_sessions_get_and_delete_are_not_served() {
    let mut host = with(AnswerFormat::Json, Mode::Stateless);
    host.open("2025-06-18").await;
    assert_eq!(host.get().await.status(), 405);
    let url = host.mock.url();
    let delete = host.builder(Method::DELETE, url.as_str()).send().await.unwrap();
    assert_eq!(delete.status(), 405);
}

#[tokio::test]
async fn the_get_stream_carries_what_is_pushed_and_answers_come_back() {
    let mut host = lab(&[]);
    host.open("2025-06-18").await;
    let method = "notifications/tools/list_changed";
    assert_eq!(host.mock.push_notification(method, &Value::Null), 0, "nobody listens");
    let mut events = Events::of(host.get().await);
    assert_eq!(host.mock.push_notification(method, &Value::Null), 1);
    assert_eq!(events.next().await.unwrap().json()["method"], method);

    let asked = host.mock.push_request("roots/list", &Value::Null).pop().unwrap();
    let question = events.next().await.unwrap().json();
    assert_eq!(question["method"], "roots/list");
    let answer = json!({ "jsonrpc": "2.0", "id": question["id"], "result": { "roots": [] } });
    assert_eq!(host.post(&answer).await.status(), 202);
    assert_eq!(asked.answer().await, Some(Ok(json!({ "roots": [] }))));

    host.mock.drop_streams();
    assert_eq!(events.next().await, None);
    assert!(events.broke_off);
}

/// T-36
#[tokio::test]
async fn messages_missed_on_the_get_stream_are_replayed_after_the_last_event() {
    let mut host = lab(&[]);
    host.open("2025-11-25").await;
    let mut events = Events::of(host.get().await);
    host.mock.push_notification("notifications/a", &Value::Null);
    let first = events.next().await.unwrap();
    host.mock.drop_streams();
    while events.next().await.is_some() {}
    host.mock.push_notification("notifications/b", &Value::Null);
    host.set("last-event-id", &first.id.unwrap());
    let mut events = Events::of(host.get().await);
    assert_eq!(events.next().await.unwrap().json()["method"], "notifications/b");
}

#[tokio::test]
async fn progress_comes_on_the_stream_of_its_request() {
    let mut host = lab(&[]);
    host.open("2025-06-18").await;
    let mut slow = call(3, "slow", json!({ "ms": 20 }));
    slow["params"]["_meta"] = json!({ "progressToken": "p" });
    let messages = host.messages(host.post(&slow).await).await;
    assert_eq!(messages.len(), 11);
    assert_eq!(messages[0]["params"]["progressToken"], "p");
    assert_eq!(messages[9]["params"]["progress"], 10);
    assert_eq!(messages[10]["result"]["structuredContent"], json!({ "ms": 20 }));
}

/// T-35
#[tokio::test]
async fn a_cancelled_request_gets_no_answer_and_a_disconnect_cancels_nothing() {
    let mut host = lab(&["answer=sse"]);
    host.open("2025-06-18").await;
    let response = host.post(&call(5, "slow", json!({ "ms": 60_000 }))).await;
    let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled",
        "params": { "requestId": 5, "reason": "tired" } });
    assert_eq!(host.post(&cancel).await.status(), 202);
    assert!(Events::of(response).all().await.is_empty());

    let response = host.post(&call(6, "slow", json!({ "ms": 100 }))).await;
    let mut events = Events::of(response);
    let id = {
        let mut slow = call(8, "slow", json!({ "ms": 200 }));
        slow["params"]["_meta"] = json!({ "progressToken": 1 });
        let mut other = Events::of(host.post(&slow).await);
        other.next().await.unwrap().id.unwrap()
    };
    let gone = |all: &[mcp_tether_mock::RecordedRequest]| {
        all.iter().any(|r| r.ending == ExchangeEnd::Disconnected)
    };
    assert!(host.mock.recorder().wait_until(gone, LONG).await);
    assert!(events.next().await.is_some());
    host.set("last-event-id", &id);
    let rest = Events::of(host.get().await).all().await;
    assert_eq!(rest.last().unwrap().json()["id"], 8, "the work went on");
}

#[tokio::test]
async fn the_remote_asks_user_model_and_roots_on_the_stream_of_the_call() {
    let mut host = lab(&[]);
    host.open("2025-06-18").await;
    for (tool, method) in [
        ("ask_user", "elicitation/create"),
        ("ask_model", "sampling/createMessage"),
        ("ask_roots", "roots/list"),
    ] {
        let mut events = Events::of(host.post(&call(1, tool, json!({}))).await);
        let question = events.next().await.unwrap().json();
        assert_eq!(question["method"], method);
        let answer = json!({ "jsonrpc": "2.0", "id": question["id"], "result": { "x": tool } });
        host.post(&answer).await;
        let result = events.next().await.unwrap().json()["result"].clone();
        assert_eq!(result["structuredContent"], json!({ "x": tool }));
    }
}

#[tokio::test]
async fn lists_come_in_pages() {
    let mut host = RawHost::new(MockOptions { page_size: 4, ..MockOptions::default() });
    host.open("2025-06-18").await;
    let mut names = Vec::new();
    let mut cursor = json!({});
    loop {
        let page = host.ask(&request(1, "tools/list", cursor)).await["result"].clone();
        let tools = page["tools"].as_array().unwrap();
        assert!(tools.len() <= 4);
        names.extend(tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()));
        match page.get("nextCursor") {
            Some(next) => cursor = json!({ "cursor": next }),
            None => break,
        }
    }
    assert!(names.len() > 8 && names.contains(&"echo".to_owned()));
    let wrong = host.ask(&request(1, "tools/list", json!({ "cursor": "" }))).await;
    assert_eq!(wrong["error"]["code"], -32602);
}

#[tokio::test]
async fn members_unknown_to_a_revision_are_not_sent() {
    for (version, annotated, titled) in
        [("2024-11-05", false, false), ("2025-03-26", true, false), ("2025-06-18", true, true)]
    {
        let mut host = lab(&[]);
        host.open(version).await;
        let tools = host.ask(&request(1, "tools/list", json!({}))).await;
        let tool = &tools["result"]["tools"][0];
        assert_eq!(tool.get("annotations").is_some(), annotated, "{version}");
        assert_eq!(tool.get("title").is_some(), titled, "{version}");
        let result = host.call("add", json!({ "a": 1, "b": 1 })).await;
        assert_eq!(result.get("structuredContent").is_some(), titled, "{version}");
    }
}

#[tokio::test]
async fn resources_are_listed_read_and_watched() {
    let mut host = lab(&[]);
    host.open("2025-06-18").await;
    let listed = host.ask(&request(1, "resources/list", json!({}))).await;
    assert_eq!(listed["result"]["resources"].as_array().unwrap().len(), 4);
    let templates = host.ask(&request(1, "resources/templates/list", json!({}))).await;
    assert_eq!(templates["result"]["resourceTemplates"][0]["name"], "substance");
    let read = |uri: &str| request(1, "resources/read", json!({ "uri": uri }));
    let argon = host.ask(&read("lab://substances/argon")).await;
    assert_eq!(argon["result"]["contents"][0]["text"], r#"{"name":"argon","shelf":3}"#);
    let missing = host.ask(&read("lab://nothing")).await;
    assert_eq!(missing["error"]["code"], -32002);
    assert_eq!(missing["error"]["data"]["uri"], "lab://nothing");

    let mut events = Events::of(host.get().await);
    let watched = json!({ "uri": "lab://watched" });
    assert_eq!(host.call("touch", json!({})).await["structuredContent"]["told"], 0);
    host.ask(&request(1, "resources/subscribe", watched.clone())).await;
    assert_eq!(host.call("touch", json!({})).await["structuredContent"]["told"], 1);
    let told = events.next().await.unwrap().json();
    assert_eq!(told["method"], "notifications/resources/updated");
    assert_eq!(told["params"], watched);
    host.ask(&request(1, "resources/unsubscribe", watched)).await;
    assert_eq!(host.call("touch", json!({})).await["structuredContent"]["told"], 0);
}

#[tokio::test]
async fn prompts_completions_and_log_levels_work() {
    let mut host = lab(&[]);
    host.open("2025-06-18").await;
    let get = |arguments: Value| {
        request(1, "prompts/get", json!({ "name": "compare", "arguments": arguments }))
    };
    let prompt = host.ask(&get(json!({ "first": "argon" }))).await;
    let text = &prompt["result"]["messages"][0]["content"]["text"];
    assert_eq!(text, "Compare argon with water.");
    assert_eq!(host.ask(&get(json!({}))).await["error"]["code"], -32602);

    let complete = json!({
        "ref": { "type": "ref/prompt", "name": "compare" },
        "argument": { "name": "first", "value": "b" },
    });
    let completion = host.ask(&request(1, "completion/complete", complete)).await;
    assert_eq!(completion["result"]["completion"]["values"], json!(["benzene", "boron"]));

    host.ask(&request(1, "logging/setLevel", json!({ "level": "error" }))).await;
    let log = |level: &str| call(1, "log", json!({ "level": level }));
    let quiet = host.messages(host.post(&log("info")).await).await;
    assert_eq!(quiet.len(), 1);
    let loud = host.messages(host.post(&log("critical")).await).await;
    assert_eq!(loud[0]["method"], "notifications/message");
}

#[tokio::test]
async fn tools_appear_and_vanish_with_an_announcement() {
    let mut host = lab(&[]);
    host.open("2025-06-18").await;
    let mut events = Events::of(host.get().await);
    host.call("add_tool", json!({ "name": "fresh" })).await;
    let told = events.next().await.unwrap().json();
    assert_eq!(told["method"], "notifications/tools/list_changed");
    assert_eq!(host.call("fresh", json!({})).await["content"][0]["text"], "fresh");
    host.call("remove_tool", json!({ "name": "fresh" })).await;
    let gone = host.ask(&call(1, "fresh", json!({}))).await;
    assert_eq!(gone["error"]["code"], -32602);
    let kept = host.call("remove_tool", json!({ "name": "echo" })).await;
    assert_eq!(kept["isError"], true);
}

/// T-11, T-38
#[tokio::test]
async fn batches_are_served_in_2025_03_26_only() {
    let batch = json!([request(1, "ping", json!({})), request(2, "ping", json!({}))]);
    let mut host = lab(&[]);
    host.open("2025-03-26").await;
    let answer = json_of(host.post(&batch).await).await;
    let mut ids: Vec<_> = answer.as_array().unwrap().iter().map(|a| a["id"].as_u64()).collect();
    ids.sort_unstable();
    assert_eq!(ids, [Some(1), Some(2)]);
    host.headers.remove("mcp-session-id");
    host.open("2025-06-18").await;
    assert_eq!(host.post(&batch).await.status(), 400);
}

#[tokio::test]
async fn bad_bodies_and_bad_arguments_get_errors() {
    let mut host = lab(&[]);
    host.open("2025-06-18").await;
    let url = host.mock.url();
    let raw = |body: &'static str| host.builder(Method::POST, url.as_str()).body(body).send();
    for (body, code) in [("{", -32700), ("{}", -32600), (r#"{"jsonrpc":"1.0","id":1}"#, -32600)] {
        let response = raw(body).await.unwrap();
        assert_eq!(response.status(), 400, "{body}");
        let answer = json_of(response).await;
        assert_eq!(answer["error"]["code"], code, "{body}");
    }
    let code = |answer: Value| answer["error"]["code"].as_i64();
    assert_eq!(code(host.ask(&request(1, "no/such", json!({}))).await), Some(-32601));
    assert_eq!(code(host.ask(&call(1, "add", json!({ "a": "x" }))).await), Some(-32602));
    assert_eq!(code(host.ask(&call(1, "nothing", json!({}))).await), Some(-32602));
    assert_eq!(code(host.ask(&request(1, "tools/call", json!({}))).await), Some(-32602));
}

#[tokio::test]
async fn side_effects_are_counted() {
    let mut host = lab(&[]);
    host.open("2025-06-18").await;
    host.call("act", json!({})).await;
    host.call("act", json!({})).await;
    assert_eq!(host.call("count", json!({})).await["structuredContent"], json!({ "acts": 2 }));
}

#[tokio::test]
async fn a_stopped_mock_is_unreachable_and_restarts_on_the_same_port() {
    let mut host = lab(&[]);
    host.open("2025-06-18").await;
    let url = host.mock.url();
    let mut events = Events::of(host.get().await);
    host.mock.stop();
    assert_eq!(events.next().await, None);
    assert!(host.try_post(&request(1, "ping", json!({}))).await.is_err());
    host.mock.start_again().unwrap();
    assert_eq!(host.mock.url(), url);
    assert_eq!(host.post(&request(1, "ping", json!({}))).await.status(), 404, "sessions are gone");
    let stream = &host.mock.recorder().of_http_method("GET")[0];
    assert_eq!(stream.ending, ExchangeEnd::Cut);
}

#[tokio::test]
async fn a_mock_on_the_callers_runtime_closes_its_connections_when_told_to_stop() {
    let (told, address) = tokio::sync::oneshot::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let ready = |address: &mcp_tether_mock::MockAddress| told.send(address.clone()).unwrap();
    let stopped = async { stopped.await.unwrap() };
    let options = MockOptions::default();
    let using = async {
        let address = address.await.unwrap();
        let host = lab(&[]);
        let get = host.builder(Method::GET, address.sse_url.as_str()).send().await.unwrap();
        let mut events = Events::of(get);
        assert!(events.next().await.is_some());
        stop.send(()).unwrap();
        (events, host, address)
    };
    let (served, (mut events, host, address)) =
        tokio::join!(mcp_tether_mock::serve(options, ready, stopped), using);
    served.unwrap();
    assert_eq!(events.next().await, None);
    assert!(host.builder(Method::GET, address.url.as_str()).send().await.is_err());
}

#[tokio::test]
async fn every_request_is_recorded_with_its_ending() {
    let mut host = lab(&[]);
    host.set("x-test", "yes");
    host.open("2025-06-18").await;
    host.call("big", json!({ "bytes": 100_000 })).await;
    let all_ended = |all: &[mcp_tether_mock::RecordedRequest]| {
        all.len() == 3 && all.iter().all(|request| request.ending == ExchangeEnd::Completed)
    };
    assert!(host.mock.recorder().wait_until(all_ended, LONG).await);
    let recorded = host.mock.recorder().requests();
    let methods: Vec<_> = recorded.iter().map(|request| request.rpc_method()).collect();
    assert_eq!(methods, ["initialize", "notifications/initialized", "tools/call"]);
    assert_eq!(recorded[2].rpc_id().unwrap().to_json(), "7");
    assert_eq!(recorded[2].header("x-test"), Some("yes"));
    assert_eq!(recorded[1].status, Some(202));
    assert_eq!(recorded[2].json()["params"]["name"], "big");
}
