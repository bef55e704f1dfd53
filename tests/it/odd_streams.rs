//! Refusals and answers in forms that only some servers have: errors without an id on an event
//! stream as in a body, 202 to a request, pauses that nobody waits for, very many header lines.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::http::Method;
use axum::response::Response;
use mcp_tether::remote::TransportChoice;
use serde_json::{Value, json};

use crate::support::harness::{Harness, kind};
use crate::support::scripted::{
    Asked, Scripted, body, error, events, json_body, open_events, status, with_header,
};
use crate::support::waiting::until_seen;

/// Answers the first call in this way, and all others plainly.
fn first_call(answer: impl Fn(&Asked) -> Response + Send + Sync + 'static) -> Scripted {
    let calls = AtomicUsize::new(0);
    Scripted::new(move |asked| {
        (asked.is_call() && calls.fetch_add(1, Ordering::Relaxed) == 0).then(|| answer(asked))
    })
}

async fn opened(server: &Scripted) -> Harness {
    server.harness(|_| {}).await.open().await
}

/// T-32, T-93: in a body and on a stream, whatever the status
#[tokio::test]
async fn an_error_without_an_id_that_names_the_session_reopens_it_in_every_form() {
    let unknown = || error(Value::Null, -32001, "Session not found");
    let words = || error(Value::Null, -32000, "Bad Request: Server not initialized");
    let absent = || json!({ "jsonrpc": "2.0", "error": { "code": -32001, "message": "who?" } });
    type Refusal = Box<dyn Fn(&Asked) -> Response + Send + Sync>;
    let refusals: Vec<(&str, Refusal)> = vec![
        ("body", Box::new(move |_| json_body(200, &unknown()))),
        ("stream", Box::new(move |_| events(&[unknown()]))),
        ("words on a stream", Box::new(move |_| events(&[words()]))),
        ("no id on a stream that stays open", Box::new(move |_| open_events(&[absent()]))),
        ("401", Box::new(move |_| json_body(401, &unknown()))),
        ("403", Box::new(move |_| json_body(403, &unknown()))),
        ("502", Box::new(move |_| json_body(502, &words()))),
    ];
    for (form, refusal) in refusals {
        let server = first_call(refusal);
        let mut harness = opened(&server).await;
        let answer = harness.call("echo", json!({})).await;
        assert!(answer["result"].is_object(), "{form}: {answer}");
        assert_eq!((server.count("initialize"), server.count("tools/call")), (2, 2), "{form}");
    }
}

/// T-93, T-28: after a message of the call it may have run, so it is not sent again
#[tokio::test]
async fn a_session_that_ends_while_a_call_runs_costs_that_call() {
    let progress = json!({
        "jsonrpc": "2.0", "method": "notifications/message",
        "params": { "level": "info", "data": "half done" },
    });
    let server =
        first_call(move |_| events(&[progress.clone(), error(Value::Null, -32001, "gone")]));
    let mut harness = opened(&server).await;
    let answer = harness.call("echo", json!({})).await;
    assert_eq!(answer["error"]["message"], "gone", "{answer}");
    assert_eq!(server.count("tools/call"), 1);
}

/// T-37, T-39: an error under the id of another request of ours is the answer to that one
#[tokio::test]
async fn an_error_on_the_stream_of_another_call_loses_no_session() {
    let server = first_call(|asked| {
        let other = asked.message["id"].as_u64().unwrap() + 1;
        let text = "unknown session_name";
        events(&[error(json!(other), -32602, text), asked.result(json!({ "content": [] }))])
    });
    let mut harness = opened(&server).await;
    assert!(harness.call("echo", json!({})).await["result"].is_object());
    assert_eq!(server.count("initialize"), 1);
}

/// T-25, T-32: what has no session loses none, redirected or not
#[tokio::test]
async fn a_route_that_is_gone_behind_a_redirect_is_no_lost_session() {
    let server = Scripted::new(|asked| match asked.path.as_str() {
        "/mcp" => Some(with_header(status(307), "location", "/mcp/")),
        _ => asked.is_call().then(|| body(404, "text/plain", "no such tool")),
    })
    .stateless();
    let mut harness = opened(&server).await;
    let answer = harness.call("echo", json!({})).await;
    assert_eq!(answer["error"]["data"]["bridge"]["status"], 404, "{answer}");
    // Posted to the old and to the new URL.
    assert_eq!(server.asked().iter().filter(|one| one.path == "/mcp/" && one.is_call()).count(), 2);
    let opened = server.asked();
    let opened = opened.iter().filter(|one| one.path == "/mcp/" && one.method() == "initialize");
    assert_eq!(opened.count(), 1);
}

/// T-100: whatever becomes of the standalone stream
#[tokio::test]
async fn an_accepted_request_is_not_waited_for_where_no_stream_comes() {
    type OnGet = fn() -> Response;
    let on_get: [(&str, OnGet); 4] = [
        ("none", || status(405)),
        ("failing", || status(503)),
        ("elsewhere", || with_header(status(302), "location", "https://login.example/")),
        ("a page", || body(200, "text/html", "<html>")),
    ];
    for (what, answer) in on_get {
        for stateless in [false, true] {
            let server = Scripted::new(move |asked| match asked.http {
                Method::GET => Some(answer()),
                _ => asked.is_call().then(|| status(202)),
            });
            let server = if stateless { server.stateless() } else { server };
            let started = Instant::now();
            // The first call, which is posted before the stream is asked for.
            let refused = opened(&server).await.call("echo", json!({})).await;
            assert_eq!(kind(&refused), "protocol", "{what}: {refused}");
            assert!(started.elapsed() < Duration::from_secs(10), "{what}");
        }
    }
}

/// T-34: a redirect that is not followed is no pause but an answer
#[tokio::test]
async fn a_stream_that_redirects_in_a_circle_is_asked_for_once() {
    let server = Scripted::new(|asked| match asked.http {
        Method::GET => Some(with_header(status(307), "location", "/mcp")),
        _ => asked.is_call().then(|| status(202)),
    });
    let mut harness = opened(&server).await;
    // Refused as soon as it is certain that there is no stream.
    assert_eq!(kind(&harness.call("echo", json!({})).await), "protocol");
    assert_eq!(server.count_http(&Method::GET), 6, "the stream, and five redirects");
}

/// T-91: an id that no header can carry resumes nothing, and costs no stream
#[tokio::test]
async fn an_event_id_with_a_control_character_costs_no_stream() {
    let server = Scripted::new(|asked| {
        let change = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;
        let first = format!("id: a\u{1}b\ndata: {change}\n\n");
        (asked.http == Method::GET).then(|| body(200, "text/event-stream", first))
    });
    let mut harness = opened(&server).await;
    harness.call("echo", json!({})).await;
    let reopened = || (server.count_http(&Method::GET) >= 3).then_some(());
    until_seen("the stream once more", reopened).await;
    let streams = server.asked();
    let mut streams = streams.iter().filter(|one| one.http == Method::GET);
    assert!(streams.all(|one| !one.headers.contains_key("last-event-id")));
}

/// T-28: a pause beyond all numbers is a pause that nobody waits for
#[tokio::test]
async fn a_pause_of_very_many_seconds_is_told_at_once() {
    for code in [429, 503] {
        let server = first_call(move |_| {
            with_header(status(code), "retry-after", "99999999999999999999999999999")
        });
        let mut harness = opened(&server).await;
        let started = Instant::now();
        let answer = harness.call("echo", json!({})).await;
        let hint = answer["error"]["data"]["bridge"]["hint"].as_str().unwrap_or_default();
        assert!(hint.contains("try again in"), "{code}: {answer}");
        assert!(started.elapsed() < Duration::from_secs(2), "{code}");
        assert_eq!(server.count("tools/call"), 1);
    }
}

/// T-29: what stands in front of servers adds headers to theirs
#[tokio::test]
async fn many_header_lines_are_read_up_to_a_bound() {
    for (lines, is_read) in [(400, true), (600, false)] {
        let server = first_call(move |asked| {
            let mut response = json_body(200, &asked.result(json!({ "content": [] })));
            for _ in 0..lines {
                response = with_header(response, "x-trace", "abc");
            }
            response
        });
        let mut harness = opened(&server).await;
        let answer = harness.call("echo", json!({})).await;
        assert_eq!(answer["result"].is_object(), is_read, "{lines}: {answer}");
        if !is_read {
            let text = answer["error"]["message"].as_str().unwrap();
            assert!(text.contains("512 header lines"), "{answer}");
        }
        assert!(harness.call("echo", json!({})).await["result"].is_object());
    }
}

/// T-87, T-75: HTTP+SSE is opened as patiently as Streamable HTTP, and tells as much
#[tokio::test]
async fn http_sse_is_tried_again_and_gives_the_reason() {
    let gets = Arc::new(AtomicUsize::new(0));
    for code in [502, 503, 504] {
        let gets = Arc::clone(&gets);
        gets.store(0, Ordering::Relaxed);
        let server = Scripted::new(move |asked| match asked.http {
            Method::GET if gets.fetch_add(1, Ordering::Relaxed) == 0 => Some(status(code)),
            Method::GET => Some(body(403, "text/plain", "not from here")),
            _ => None,
        });
        let only_sse = |options: &mut mcp_tether::bridge::BridgeOptions| {
            options.remote.transport = TransportChoice::SseOnly;
        };
        let mut harness = server.harness(only_sse).await;
        harness.send(&crate::support::harness::initialize("2024-11-05")).await;
        let answer = harness.answer(json!("init")).await;
        let text = answer["error"]["message"].as_str().unwrap();
        assert!(text.ends_with("not from here"), "{code}: {answer}");
    }
}

/// T-87
#[tokio::test]
async fn the_initialize_of_http_sse_is_tried_again() {
    for code in [500, 502, 503, 504] {
        let fault = format!("status={code}:body=html:times=1:method=initialize");
        let mut harness = Harness::with(
            mcp_tether_mock::MockOptions {
                protocol: mcp_tether::protocol::ProtocolVersion::V2024_11_05.into(),
                faults: crate::support::harness::parsed(&[&fault]),
                ..Default::default()
            },
            |options| options.remote.transport = TransportChoice::SseOnly,
        );
        assert!(harness.initialize("2024-11-05").await["capabilities"].is_object(), "{code}");
    }
}

/// E-05: two questions of a server under one id, in a session and in the one that replaces it, each
/// answered in its own
#[tokio::test]
async fn an_answer_finds_its_session_although_two_use_the_same_id() {
    let sessions = AtomicUsize::new(0);
    let server = Scripted::new(move |asked| match asked.method() {
        "initialize" => {
            let result = json!({
                "protocolVersion": "2025-06-18", "capabilities": { "tools": {} }, "serverInfo": {},
            });
            let id = format!("s{}", sessions.fetch_add(1, Ordering::SeqCst));
            let opened = json_body(200, &asked.result(result));
            Some(with_header(opened, "mcp-session-id", &id))
        }
        "tools/call" => {
            let question = json!({ "jsonrpc": "2.0", "id": "q", "method": "roots/list" });
            Some(open_events(&[question]))
        }
        _ => None,
    });
    let mut harness = opened(&server).await;
    harness.start_call("echo", json!({})).await;
    let one = harness.of_method("roots/list").await["id"].clone();
    let other = crate::support::harness::initialize("2025-06-18").replace("init\"", "two\"");
    harness.send(&other).await;
    assert!(harness.answer(json!("two")).await["result"].is_object());
    harness.notify("notifications/initialized", json!({})).await;
    harness.start_call("echo", json!({})).await;
    let two = harness.of_method("roots/list").await["id"].clone();
    assert_ne!(one, two, "the host sees two ids");
    for (id, root) in [(&two, "file:///two"), (&one, "file:///one")] {
        let result = json!({ "roots": [{ "uri": root }] });
        harness.send(&json!({ "jsonrpc": "2.0", "id": id, "result": result }).to_string()).await;
    }
    let answers = || {
        let asked = server.asked();
        let answers = asked.iter().filter(|one| one.message["id"] == "q");
        let mut answers: Vec<_> = answers
            .map(|one| {
                let root = one.message["result"]["roots"][0]["uri"].as_str().unwrap().to_owned();
                (root, one.headers["mcp-session-id"].to_str().unwrap().to_owned())
            })
            .collect();
        answers.sort();
        (answers.len() == 2).then_some(answers)
    };
    let expected = [("file:///one", "s0"), ("file:///two", "s1")];
    let expected = expected.map(|(root, session)| (root.to_owned(), session.to_owned()));
    assert_eq!(until_seen("both answers", answers).await, expected);
}

/// E-08, T-33: a session that a second `initialize` replaces is ended, once its calls have ended
#[tokio::test]
async fn a_replaced_session_is_ended_after_its_calls() {
    for leaves_first in [false, true] {
        let fault = ["late=300:tool=act"];
        let mut harness = Harness::faulty(&fault).open().await;
        let slow = harness.start_call("act", json!({})).await;
        harness.seen(|all| all.iter().any(|one| one.rpc_method() == "tools/call")).await;
        let other = crate::support::harness::initialize("2025-06-18").replace("init\"", "two\"");
        harness.send(&other).await;
        assert!(harness.answer(json!("two")).await["result"].is_object());
        let deletes = |harness: &Harness| harness.mock.recorder().of_http_method("DELETE").len();
        assert_eq!(deletes(&harness), 0, "a call still runs in the first session");
        if !leaves_first {
            assert!(harness.answer(slow.clone()).await["result"].is_object());
            harness.seen(|all| all.iter().any(|one| one.http_method == "DELETE")).await;
            assert_eq!(deletes(&harness), 1);
        }
        harness.leave().await;
        assert_eq!(deletes(&harness), 2, "each session once");
    }
}
