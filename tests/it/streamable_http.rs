//! Streamable HTTP with legacy servers (T-20 to T-39).

use std::time::Duration;

use axum::http::Method;
use mcp_tether::bridge::Ended;
use mcp_tether::protocol::ProtocolVersion;
use mcp_tether_mock::{AnswerFormat, MockOptions, Mode, Served};
use serde_json::{Value, json};

use crate::support::harness::{Harness, initialize, kind, parsed, text};
use crate::support::scripted::{Scripted, body, open_events};
use crate::support::waiting::until_seen;

/// T-20: the strict mock answers 406 and 415 otherwise
#[tokio::test]
async fn every_message_is_its_own_post_with_both_media_types_accepted() {
    let mut harness = Harness::new(MockOptions::default()).open().await;
    harness.call("echo", json!({})).await;
    let posts = harness.mock.recorder().of_http_method("POST");
    assert_eq!(posts.len(), 3);
    for post in posts {
        assert_eq!(post.header("content-type"), Some("application/json"));
        assert_eq!(post.header("accept"), Some("application/json, text/event-stream"));
        assert_eq!(post.messages.len(), 1);
    }
}

/// T-21
#[tokio::test]
async fn json_and_event_streams_are_told_apart_for_each_request() {
    let faults = [
        "answer=sse:tool=echo",
        "content-type=Application/JSON; charset=utf-8:tool=add",
        "chunk=1:tool=echo",
    ];
    let mut harness = Harness::faulty(&faults).open().await;
    for _ in 0..2 {
        assert_eq!(text(&harness.call("echo", json!({ "a": "é" })).await), r#"{"a":"é"}"#);
        assert!(harness.call("add", json!({ "a": 1, "b": 2 })).await["result"].is_object());
    }
}

/// T-21, E-59
#[tokio::test]
async fn an_answer_that_is_none_is_one_error_and_the_session_goes_on() {
    let cases = [
        ("html:tool=echo", "login page"),
        ("content-type=text/html:tool=echo", "text/html"),
        ("empty-body:tool=echo", "empty"),
        ("truncated:tool=echo", "not JSON"),
        ("wrong-id:tool=echo", "different id"),
        ("never:tool=echo:no-ids", "ended the event stream"),
    ];
    for (fault, word) in cases {
        let faults: Vec<String> = match fault {
            "never:tool=echo:no-ids" => vec!["never:tool=echo".into(), "no-ids".into()],
            fault => vec![fault.into()],
        };
        let faults: Vec<&str> = faults.iter().map(String::as_str).collect();
        let mut harness = Harness::faulty(&faults).open().await;
        let answer = harness.call("echo", json!({})).await;
        let failure = &answer["error"];
        assert_eq!(failure["code"], -32603, "{fault}: {answer}");
        assert!(matches!(kind(&answer), "protocol" | "lost"), "{fault}: {answer}");
        assert!(failure["message"].as_str().unwrap().contains(word), "{fault}: {answer}");
        assert!(failure["data"]["bridge"]["hint"].is_string(), "{fault}: {answer}");
        assert!(harness.call("add", json!({ "a": 1, "b": 2 })).await["result"].is_object());
    }
}

/// T-22
#[tokio::test]
async fn any_answer_to_a_notification_is_accepted() {
    for status in ["200", "202", "204", "400", "500"] {
        let fault = format!("status={status}:method=notifications/initialized");
        let mut harness = Harness::faulty(&[&fault]).open().await;
        harness
            .notify("notifications/progress", json!({ "progressToken": 1, "progress": 1 }))
            .await;
        let answer = harness.call("add", json!({ "a": 1, "b": 2 })).await;
        assert!(answer["result"].is_object(), "{status}");
        assert!(harness.set_aside().is_empty(), "{status}: no answer to a notification");
    }
}

/// T-23
#[tokio::test]
async fn every_way_to_write_an_event_stream_is_read() {
    for fault in
        ["bom", "comments", "dataless", "noise", "line-ending=cr", "line-ending=crlf", "pretty"]
    {
        for chunk in ["chunk=1", "chunk=7", "chunk=100000"] {
            let mut harness = Harness::faulty(&[fault, chunk, "answer=sse"]).open().await;
            let answer = harness.call("echo", json!({ "ä": "ö" })).await;
            assert_eq!(text(&answer), r#"{"ä":"ö"}"#, "{fault} {chunk}");
        }
    }
}

/// T-24, E-50
#[tokio::test]
async fn a_json_rpc_error_in_an_error_status_is_relayed_with_the_id_of_its_request() {
    for status in [400, 404, 500] {
        for body in ["error", "no-id", "null-id"] {
            let fault = format!("status={status}:body={body}:code=-32050:message=no:tool=echo");
            // 404 would mean a lost session in a session.
            let faults = parsed(&[&fault]);
            let options = MockOptions { mode: Mode::Stateless, faults, ..MockOptions::default() };
            let mut harness = Harness::new(options).open().await;
            let answer = harness.call("echo", json!({})).await;
            assert_eq!(answer["error"]["code"], -32050, "{status} {body}: {answer}");
            assert_eq!(answer["error"]["message"], "no");
        }
    }
}

/// E-59, T-28
#[tokio::test]
async fn a_status_without_json_rpc_is_a_failure_of_the_bridge_with_a_hint() {
    let cases = [
        (401, "auth_required"),
        (403, "forbidden"),
        (405, "http"),
        (413, "http"),
        (431, "http"),
        (500, "http"),
        (502, "http"),
    ];
    for (status, expected) in cases {
        let mut harness =
            Harness::faulty(&[&format!("status={status}:body=html:tool=act")]).open().await;
        let answer = harness.call("act", json!({})).await;
        assert_eq!(kind(&answer), expected, "{answer}");
        assert_eq!(answer["error"]["data"]["bridge"]["status"], status);
        assert!(answer["error"]["data"]["bridge"]["hint"].is_string());
        assert_eq!(harness.count("tools/call"), 1, "a call is not repeated");
    }
}

/// T-25, A-51
#[tokio::test]
async fn redirects_are_followed_only_where_nothing_leaves_the_origin() {
    let canary = mcp_tether_mock::MockRemote::start(MockOptions::default()).unwrap();
    for status in [301, 302, 303, 307, 308] {
        let same = format!("redirect={status}:tool=echo:times=1");
        let mut harness = Harness::faulty(&[&same]).open().await;
        let answer = harness.call("echo", json!({})).await;
        assert_eq!(answer["result"].is_object(), status >= 307, "{status}: {answer}");

        let elsewhere = format!("redirect={status}:to={}:tool=echo", canary.url());
        let mut harness = Harness::faulty(&[&elsewhere]).open().await;
        let answer = harness.call("echo", json!({})).await;
        assert_eq!(kind(&answer), "http", "{status}");
        let hint = answer["error"]["data"]["bridge"]["hint"].as_str().unwrap();
        assert!(hint.contains(canary.url().as_str()), "{hint}");
    }
    assert!(canary.recorder().requests().is_empty(), "the other origin saw nothing");
}

/// T-26
#[tokio::test]
async fn a_silent_server_is_given_up_and_told() {
    let options = MockOptions { faults: parsed(&["silent:tool=echo"]), ..MockOptions::default() };
    let mut harness = Harness::with(options, |options| {
        options.remote.limits.headers = Some(std::time::Duration::from_millis(100));
    })
    .open()
    .await;
    assert_eq!(kind(&harness.call("echo", json!({})).await), "timeout");
    harness.seen(|all| all.iter().any(|r| r.rpc_method() == "notifications/cancelled")).await;
    let call = harness.mock.recorder().of_method("tools/call")[0].json();
    let cancelled = harness.mock.recorder().of_method("notifications/cancelled")[0].json();
    assert_eq!(cancelled["params"]["requestId"], call["id"]);
}

/// T-26: nothing that arrives meanwhile prolongs it
#[tokio::test]
async fn the_limit_for_a_whole_request_is_absolute() {
    let faults = parsed(&["heartbeat=50"]);
    let options = MockOptions { answers: AnswerFormat::Sse, faults, ..MockOptions::default() };
    let mut harness = Harness::with(options, |options| {
        options.remote.limits.request = Some(std::time::Duration::from_millis(500));
        options.remote.limits.body = Some(std::time::Duration::from_millis(400));
    })
    .open()
    .await;
    let answer = harness.call("slow", json!({ "ms": 60_000 })).await;
    assert_eq!(kind(&answer), "timeout", "{answer}");
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("no answer within 0.5 s"), "{message}");
    harness.seen(|all| all.iter().any(|r| r.rpc_method() == "notifications/cancelled")).await;
}

/// T-92
#[tokio::test]
async fn waiting_for_a_person_is_no_hung_request() {
    let options = MockOptions { answers: AnswerFormat::Sse, ..MockOptions::default() };
    let limit = std::time::Duration::from_millis(400);
    let mut harness = Harness::with(options, |options| {
        options.remote.limits.body = Some(limit);
    })
    .open()
    .await;
    let id = harness.start_call("ask_user", json!({ "question": "sure?" })).await;
    let question = harness.of_method("elicitation/create").await;
    // Real time has to pass here: twice the limit.
    tokio::time::sleep(limit * 2).await;
    let result = json!({ "action": "accept", "content": { "answer": "yes" } });
    let line = json!({ "jsonrpc": "2.0", "id": question["id"], "result": result });
    harness.send(&line.to_string()).await;
    let answer = harness.answer(id).await;
    assert!(answer["result"].to_string().contains("yes"), "{answer}");
}

/// T-28: an answer does no harm twice, and none at all would leave the call waiting for ever
#[tokio::test]
async fn an_answer_that_the_network_swallows_goes_out_again_and_a_lost_one_fails_its_call() {
    for (swallowed, arrives) in
        [("silent:times=1", true), ("silent", false), ("status=404:times=1", false)]
    {
        let options = MockOptions { answers: AnswerFormat::Sse, ..MockOptions::default() };
        let mut harness = Harness::with(options, |options| {
            options.remote.limits.headers = Some(std::time::Duration::from_millis(200));
        })
        .open()
        .await;
        harness.seen(|all| all.iter().any(|r| r.http_method == "GET")).await;
        let id = harness.start_call("ask_user", json!({ "question": "sure?" })).await;
        let question = harness.of_method("elicitation/create").await;
        harness.fault(&[swallowed]);
        let result = json!({ "action": "accept", "content": { "answer": "yes" } });
        let line = json!({ "jsonrpc": "2.0", "id": question["id"], "result": result });
        harness.send(&line.to_string()).await;
        let answer = harness.answer(id).await;
        if arrives {
            assert!(answer["result"].to_string().contains("yes"), "{swallowed}: {answer}");
            continue;
        }
        assert_eq!(kind(&answer), "lost", "{swallowed}: {answer}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains("question of the server"), "{swallowed}: {message}");
        harness.fault(&[]);
        assert!(harness.call("echo", json!({})).await["result"].is_object(), "{swallowed}");
    }
}

/// T-27
#[tokio::test]
async fn user_headers_are_on_every_request() {
    let mut harness = Harness::with(MockOptions::default(), |options| {
        let mut key = http::HeaderValue::from_static("k1");
        key.set_sensitive(true);
        options.remote.headers = vec![(http::HeaderName::from_static("x-api-key"), key)];
    })
    .open()
    .await;
    harness.call("echo", json!({})).await;
    harness.seen(|all| all.iter().any(|r| r.http_method == "GET")).await;
    harness.leave().await;
    let requests = harness.mock.recorder().requests();
    assert!(requests.iter().any(|r| r.http_method == "DELETE"));
    assert!(requests.iter().all(|r| r.header("x-api-key") == Some("k1")));
}

/// T-28
#[tokio::test]
async fn a_server_that_asks_to_wait_is_asked_again_only_where_that_does_no_harm() {
    for status in [429, 503] {
        let fault = format!("status={status}:retry-after=0:times=2:method=tools/list,tools/call");
        let mut harness = Harness::faulty(&[&fault]).open().await;
        assert!(harness.request("tools/list", json!({})).await["result"].is_object());
        assert_eq!(harness.count("tools/list"), 3);
        let fault = format!("status={status}:retry-after=61:method=tools/call");
        harness.fault(&[&fault]);
        let answer = harness.call("act", json!({})).await;
        assert_eq!(harness.count("tools/call"), 1, "that is longer than anyone waits");
        let hint = answer["error"]["data"]["bridge"]["hint"].as_str().unwrap();
        assert!(hint.contains("61 s"), "{hint}");
    }
}

/// T-29
#[tokio::test]
async fn fifty_held_calls_do_not_starve_another() {
    let mut harness = Harness::faulty(&["silent=body:tool=slow"]).open().await;
    for _ in 0..50 {
        harness.start_call("slow", json!({ "ms": 1 })).await;
    }
    harness.seen(|all| all.iter().filter(|r| r.rpc_method() == "tools/call").count() == 50).await;
    assert!(harness.call("add", json!({ "a": 1, "b": 2 })).await["result"].is_object());
}

/// T-29
#[tokio::test]
async fn a_compressed_stream_is_read_as_it_comes() {
    let mut harness =
        Harness::faulty(&["gzip", "answer=sse", "ask=elicitation:tool=echo"]).open().await;
    let id = harness.start_call("echo", json!({ "a": 1 })).await;
    // The question arrives although the stream goes on.
    let question = harness.of_method("elicitation/create").await;
    let result = json!({ "action": "decline" });
    let line = json!({ "jsonrpc": "2.0", "id": question["id"], "result": result });
    harness.send(&line.to_string()).await;
    assert_eq!(text(&harness.answer(id).await), r#"{"a":1}"#);
}

/// T-30: the strict mock answers 400 when the header is missing or different
#[tokio::test]
async fn the_negotiated_revision_is_on_every_later_request() {
    for version in &ProtocolVersion::ALL[1..4] {
        let mut harness =
            Harness::new(MockOptions { protocol: (*version).into(), ..MockOptions::default() });
        let result = harness.initialize("2025-11-25").await;
        assert_eq!(
            result["protocolVersion"],
            version.name(),
            "the server's choice reaches the host"
        );
        assert!(harness.call("echo", json!({})).await["result"].is_object());
        harness.seen(|all| all.iter().any(|r| r.http_method == "GET")).await;
        harness.leave().await;
        let requests = harness.mock.recorder().requests();
        assert_eq!(requests[0].header("mcp-protocol-version"), None);
        for request in &requests[1..] {
            assert_eq!(request.header("mcp-protocol-version"), Some(version.name()));
        }
    }
}

/// T-31
#[tokio::test]
async fn the_session_id_of_initialize_is_kept_and_others_are_ignored() {
    let mut harness = Harness::faulty(&["session=changing:method=tools/call"]).open().await;
    harness.call("echo", json!({})).await;
    harness.call("echo", json!({})).await;
    let requests = harness.mock.recorder().requests();
    assert_eq!(requests[0].header("mcp-session-id"), None);
    let ids: std::collections::HashSet<_> =
        requests[1..].iter().map(|r| r.header("mcp-session-id").map(str::to_owned)).collect();
    assert_eq!(ids.len(), 1);
    assert!(ids.iter().all(Option::is_some));
}

/// T-31
#[tokio::test]
async fn an_illegal_session_id_is_not_sent_back() {
    let mut harness = Harness::faulty(&["session=illegal", "lenient"]);
    harness.initialize("2025-11-25").await;
    harness.seen(|all| all.iter().any(|r| r.rpc_method() == "notifications/initialized")).await;
    let requests = harness.mock.recorder().requests();
    assert!(requests.iter().all(|r| r.header("mcp-session-id").is_none()));
}

/// T-32, E-05
#[tokio::test]
async fn a_forgotten_session_is_opened_again_once_for_everyone() {
    let mut harness = Harness::new(MockOptions::default()).open().await;
    harness.request("logging/setLevel", json!({ "level": "warning" })).await;
    harness.request("resources/subscribe", json!({ "uri": "lab://watched" })).await;
    harness.mock.forget_sessions();
    let mut ids = Vec::new();
    for _ in 0..20 {
        ids.push(harness.start_call("act", json!({})).await);
    }
    for id in ids {
        assert!(harness.answer(id).await["result"].is_object());
    }
    assert_eq!(harness.count("initialize"), 2, "{:?}", harness.trail());
    let acts = harness.call("count", json!({})).await;
    assert_eq!(acts["result"]["structuredContent"]["acts"], 20, "each call ran exactly once");

    let initializes = harness.mock.recorder().of_method("initialize");
    assert_eq!(initializes[1].header("mcp-session-id"), None);
    assert_eq!(initializes[0].json()["params"], initializes[1].json()["params"]);
    assert_ne!(initializes[0].json()["id"], initializes[1].json()["id"], "E-05");
    assert_eq!(harness.count("logging/setLevel"), 2);
    assert_eq!(harness.count("resources/subscribe"), 2);
    for list in ["tools", "prompts", "resources"] {
        harness.of_method(&format!("notifications/{list}/list_changed")).await;
    }
}

/// T-39
#[tokio::test]
async fn a_400_that_names_the_session_is_a_forgotten_session_too() {
    let mut harness = Harness::faulty(&["session=400"]).open().await;
    harness.call("echo", json!({})).await;
    harness.mock.forget_sessions();
    assert!(harness.call("echo", json!({})).await["result"].is_object());
    assert_eq!(harness.count("initialize"), 2);
}

/// T-32
#[tokio::test]
async fn a_server_that_forgets_every_session_does_not_keep_us_busy_for_ever() {
    let mut harness = Harness::new(MockOptions::default()).open().await;
    harness.call("echo", json!({})).await;
    harness.fault(&["forget:method=tools/call"]);
    let answer = harness.call("echo", json!({})).await;
    assert_eq!(answer["error"]["message"], "session not found", "what the server says: {answer}");
    assert!(harness.count("initialize") <= 3);
}

/// T-33
#[tokio::test]
async fn leaving_ends_the_session_once_and_only_if_there_is_one() {
    let mut harness = Harness::new(MockOptions::default()).open().await;
    harness.call("echo", json!({})).await;
    harness.leave().await;
    assert_eq!(harness.mock.recorder().of_http_method("DELETE").len(), 1);

    let stateless = MockOptions { mode: Mode::Stateless, ..MockOptions::default() };
    let protocol = Served::Only(ProtocolVersion::V2026_07_28);
    for without in [stateless, MockOptions { protocol, ..MockOptions::default() }] {
        let mut harness = Harness::new(without).open().await;
        harness.call("echo", json!({})).await;
        harness.leave().await;
        assert_eq!(harness.mock.recorder().of_http_method("DELETE").len(), 0);
    }
}

/// T-33: 2025-11-25 basic/transports: a server may refuse to let a client end its session
#[tokio::test]
async fn a_server_that_does_not_end_sessions_is_left_all_the_same() {
    for status in ["405", "404", "500"] {
        let mut harness = Harness::faulty(&[&format!("status={status}:http=DELETE")]).open().await;
        harness.call("echo", json!({})).await;
        assert_eq!(harness.leave().await, Ended::HostLeft, "{status}");
        assert_eq!(harness.mock.recorder().of_http_method("DELETE").len(), 1, "{status}");
        assert!(harness.set_aside().is_empty(), "{status}");
    }
}

/// T-38
#[tokio::test]
async fn batched_answers_are_split() {
    let options = MockOptions {
        protocol: ProtocolVersion::V2025_03_26.into(),
        faults: parsed(&["batch=2:tool=add"]),
        ..MockOptions::default()
    };
    for answers in [AnswerFormat::Json, AnswerFormat::Sse] {
        let mut harness = Harness::new(MockOptions { answers, ..options.clone() }).open().await;
        let first = harness.start_call("add", json!({ "a": 1, "b": 1 })).await;
        let second = harness.start_call("add", json!({ "a": 2, "b": 2 })).await;
        assert!(harness.answer(first).await["result"].to_string().contains('2'));
        assert!(harness.answer(second).await["result"].to_string().contains('4'));
    }
}

/// T-22: the server's question was answered, whatever it says to that
#[tokio::test]
async fn any_answer_to_a_response_is_accepted() {
    for (code, said) in [(200, "hello"), (202, ""), (204, ""), (206, "{"), (400, "no"), (500, "")] {
        let server = Scripted::new(move |asked| {
            if asked.http == Method::GET {
                let question = json!({ "jsonrpc": "2.0", "id": "q", "method": "roots/list" });
                return Some(open_events(&[question]));
            }
            let is_response = asked.message["result"].is_object() && asked.http == Method::POST;
            is_response.then(|| body(code, "text/plain", said))
        });
        let mut harness = server.harness(|_| {}).await.open().await;
        let question = harness.of_method("roots/list").await;
        let line = json!({ "jsonrpc": "2.0", "id": question["id"], "result": { "roots": [] } });
        harness.send(&line.to_string()).await;
        let answered = || {
            let asked = server.asked();
            asked.iter().any(|one| one.message["id"] == "q").then_some(())
        };
        until_seen("the response", answered).await;
        assert!(harness.request("tools/list", json!({})).await["result"].is_object(), "{code}");
        assert!(harness.set_aside().is_empty(), "{code}: {:?}", harness.set_aside());
    }
}

#[tokio::test]
async fn requests_of_the_server_reach_the_host_and_their_answers_the_server() {
    for on in ["post", "get"] {
        let faults = [&*format!("ask=roots:on={on}:tool=echo")];
        let mut harness = Harness::faulty(&faults).open().await;
        harness.request("tools/list", json!({})).await;
        harness.seen(|all| all.iter().any(|r| r.http_method == "GET")).await;
        let id = harness.start_call("echo", json!({ "x": 1 })).await;
        let question = harness.of_method("roots/list").await;
        let line = json!({ "jsonrpc": "2.0", "id": question["id"], "result": { "roots": [] } });
        harness.send(&line.to_string()).await;
        assert_eq!(text(&harness.answer(id).await), r#"{"x":1}"#, "{on}");
    }
}

/// T-06: an answer to a request that nobody made is not passed on
#[tokio::test]
async fn answers_of_the_host_to_unknown_requests_are_ignored() {
    let mut harness = Harness::new(MockOptions::default()).open().await;
    harness.send(r#"{"jsonrpc":"2.0","id":77,"result":{}}"#).await;
    harness.send(r#"{"jsonrpc":"2.0","id":"x","error":{"code":1,"message":"m"}}"#).await;
    harness.call("echo", json!({})).await;
    let answers =
        harness.mock.recorder().count(|r| r.http_method == "POST" && r.rpc_method().is_empty());
    assert_eq!(answers, 0);
}

/// E-03
#[tokio::test]
async fn the_handshake_is_transparent() {
    let mut harness = Harness::new(MockOptions::default());
    let params = r#"{"protocolVersion":"2025-06-18","capabilities":{"x-vendor":{"n":1.0}},"clientInfo":{"name":"h","version":"1"},"extra":[]}"#;
    let line = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"initialize","params":{params}}}"#);
    harness.send(&line).await;
    assert!(harness.answer(json!(1)).await["result"]["capabilities"].is_object());
    let sent = harness.mock.recorder().of_method("initialize")[0].body.clone();
    assert_eq!(sent, line.as_bytes());
}

/// The host is told when the server comes and goes; nothing is lost that can be asked again.
#[tokio::test]
async fn a_server_restart_is_survived() {
    let mut harness = Harness::new(MockOptions::default()).open().await;
    harness.call("echo", json!({})).await;
    harness.mock.restart().unwrap();
    let answer = harness.call("echo", json!({ "a": 1 })).await;
    assert_eq!(text(&answer), r#"{"a":1}"#);
    assert_eq!(harness.count("initialize"), 2);
}

/// E-59
#[tokio::test]
async fn a_server_that_is_away_is_told_as_a_network_failure() {
    let mut harness = Harness::with(MockOptions::default(), |options| {
        options.remote.limits.opening = Duration::from_millis(300);
    });
    harness.mock.stop();
    harness.send(&initialize("2025-11-25")).await;
    let answer = harness.answer(json!("init")).await;
    assert_eq!(kind(&answer), "network", "{answer}");
    harness.mock.start_again().unwrap();
    assert!(harness.initialize("2025-11-25").await.is_object(), "the host may try again");
}

/// T-83
#[tokio::test]
async fn the_error_of_initialize_reaches_the_host() {
    let fault = "status=400:body=error:code=-32602:message=unsupported:method=initialize:times=1";
    let mut harness = Harness::faulty(&[fault]);
    harness.send(&initialize("2025-11-25")).await;
    let answer: Value = harness.answer(json!("init")).await;
    assert_eq!(answer["error"]["message"], "unsupported");
    assert!(harness.initialize("2025-06-18").await.is_object());
}
