//! Event streams of Streamable HTTP: the standalone one, and those that end before their answer.

use crate::support::harness::{Harness, initialize, kind, parsed};
use mcp_tether::protocol::ProtocolVersion;
use mcp_tether_mock::{MockOptions, Mode, RecordedRequest};
use serde_json::json;

/// T-34, T-91
#[tokio::test]
async fn the_standalone_stream_brings_what_the_server_says_unasked() {
    let mut harness = Harness::new(MockOptions::default()).open().await;
    harness.request("tools/list", json!({})).await;
    harness.seen(|all| all.iter().any(|r| r.http_method == "GET" && r.status == Some(200))).await;
    harness.mock.push_notification("notifications/tools/list_changed", &json!({}));
    harness.of_method("notifications/tools/list_changed").await;
    // A dropped stream is opened again behind what was seen.
    harness.mock.drop_streams();
    harness.seen(|all| all.iter().filter(|r| r.http_method == "GET").count() == 2).await;
    let again = harness.mock.recorder().of_http_method("GET")[1].clone();
    assert!(again.header("last-event-id").is_some());
}

/// T-34
#[tokio::test]
async fn a_server_without_a_standalone_stream_is_not_asked_again() {
    for mode in [Mode::Sessions, Mode::Stateless] {
        for status in ["405", "404", "410", "401", "400"] {
            let faults = parsed(&[&format!("status={status}:http=GET")]);
            let options = MockOptions { mode, faults, ..MockOptions::default() };
            let mut harness = Harness::new(options).open().await;
            for _ in 0..5 {
                assert!(harness.call("echo", json!({})).await["result"].is_object(), "{status}");
            }
            harness.seen(|all| all.iter().any(|r| r.http_method == "GET")).await;
            assert!(harness.call("echo", json!({})).await["result"].is_object(), "{status}");
            assert_eq!(harness.mock.recorder().of_http_method("GET").len(), 1, "{status}");
            assert_eq!(harness.count("initialize"), 1, "{status}");
            assert_eq!(harness.set_aside(), [] as [serde_json::Value; 0], "{status}");
        }
    }
}

fn streams(all: &[RecordedRequest]) -> usize {
    all.iter().filter(|r| r.http_method == "GET" && r.status == Some(200)).count()
}

/// T-32, T-34: a session is lost only if a POST says so
#[tokio::test]
async fn a_stream_that_is_refused_later_is_no_lost_session_and_comes_back() {
    for status in ["404", "400", "410", "409"] {
        let mut harness = Harness::new(MockOptions::default()).open().await;
        harness.call("act", json!({})).await;
        harness.seen(|all| streams(all) == 1).await;
        harness.fault(&[&format!("status={status}:body=text:http=GET:times=2")]);
        harness.mock.drop_streams();
        harness.seen(|all| streams(all) == 2).await;
        assert_eq!(harness.count("initialize"), 1, "{status}");
        assert_eq!(harness.count("ping"), usize::from(status != "409"), "{status}: asked once");
        harness.mock.push_notification("notifications/tools/list_changed", &json!({}));
        harness.of_method("notifications/tools/list_changed").await;
    }
}

/// T-32, T-39
#[tokio::test]
async fn a_lost_session_is_noticed_by_its_stream_while_the_host_is_silent() {
    for fault in ["session=400", "comments"] {
        let mut harness = Harness::faulty(&[fault]).open().await;
        harness.call("echo", json!({})).await;
        for sessions in 2..4 {
            harness.seen(|all| streams(all) + 1 == sessions).await;
            harness.mock.forget_sessions();
            harness.mock.drop_streams();
            harness.seen(|all| streams(all) == sessions).await;
            assert_eq!(harness.count("initialize"), sessions, "{fault}: one for each loss");
            harness.mock.push_notification("notifications/tools/list_changed", &json!({}));
            harness.of_method("notifications/tools/list_changed").await;
        }
        assert!(harness.call("echo", json!({})).await["result"].is_object());
    }
}

/// T-32, T-34: what the verdict on the stream of one session was is not said of the next one
#[tokio::test]
async fn a_server_without_a_stream_gets_one_new_session_for_each_that_it_forgets() {
    let mut harness = Harness::faulty(&["status=404:http=GET"]).open().await;
    for sessions in 1..6 {
        assert!(harness.call("echo", json!({})).await["result"].is_object());
        let asked = |all: &[RecordedRequest]| {
            all.iter().filter(|r| r.http_method == "GET").count() == sessions
        };
        harness.seen(asked).await;
        assert_eq!(harness.count("initialize"), sessions);
        harness.mock.forget_sessions();
    }
}

/// T-40, T-32, T-74: a server whose sessions live for seconds only does not keep an idle bridge
/// busy
#[tokio::test]
async fn a_session_that_is_lost_again_and_again_waits_before_the_next_one() {
    for protocol in [ProtocolVersion::V2024_11_05, ProtocolVersion::V2025_11_25] {
        let options = MockOptions { protocol: protocol.into(), ..MockOptions::default() };
        let mut harness = Harness::new(options).open().await;
        harness.call("echo", json!({})).await;
        for sessions in 1..5 {
            harness.seen(|all| streams(all) == sessions).await;
            let is_ready = |all: &[RecordedRequest]| {
                all.iter().filter(|r| is_accepted(r, "notifications/initialized")).count()
                    == sessions
            };
            harness.seen(is_ready).await;
            harness.mock.forget_sessions();
            harness.mock.drop_streams();
        }
        harness.seen(|all| all.iter().filter(|r| is_accepted(r, "initialize")).count() == 5).await;
        let asked = harness.mock.recorder().of_method("initialize");
        let opened: Vec<_> = asked.iter().filter(|r| is_accepted(r, "initialize")).collect();
        let pause = opened[4].at.duration_since(opened[3].at).unwrap();
        assert!(pause.as_millis() >= 1000, "{protocol:?}: {pause:?}");
        assert!(harness.call("echo", json!({})).await["result"].is_object(), "{protocol:?}");
    }
}

fn is_accepted(request: &RecordedRequest, method: &str) -> bool {
    request.rpc_method() == method && request.status.is_some_and(|status| status < 300)
}

/// T-34
#[tokio::test]
async fn the_first_requests_do_not_queue_behind_the_standalone_stream() {
    let mut harness = Harness::new(MockOptions::default());
    harness.send(&initialize("2025-11-25")).await;
    harness.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
    harness.request("tools/list", json!({})).await;
    assert_eq!(harness.trail()[..3], ["initialize", "notifications/initialized", "tools/list"]);
}

/// T-36
#[tokio::test]
async fn a_stream_that_ends_before_its_answer_is_resumed_behind_its_last_event() {
    for fault in ["disconnect=before-response", "disconnect=end", "poll=20"] {
        let mut harness =
            Harness::faulty(&[&format!("{fault}:tool=act"), "dataless", "answer=sse"]).open().await;
        let answer = harness.call("act", json!({})).await;
        assert!(answer["result"].is_object(), "{fault}: {answer}");
        let acts = harness.call("count", json!({})).await;
        assert_eq!(acts["result"]["structuredContent"]["acts"], 1, "{fault}: not posted again");
        let resumed = harness.mock.recorder().of_http_method("GET");
        assert!(resumed.iter().any(|r| r.header("last-event-id").is_some()), "{fault}");
    }
}

/// T-35: a connection that breaks off is no cancellation, whether its stream is resumed or lost
#[tokio::test]
async fn a_disconnect_cancels_nothing() {
    for (point, resumes) in [("before-response", true), ("before-headers", false)] {
        let faults = [&*format!("disconnect={point}:tool=act:times=1"), "dataless", "answer=sse"];
        let mut harness = Harness::faulty(&faults).open().await;
        let answer = harness.call("act", json!({})).await;
        assert_eq!(answer["result"].is_object(), resumes, "{point}: {answer}");
        let acts = harness.call("count", json!({})).await;
        assert_eq!(acts["result"]["structuredContent"]["acts"], 1, "{point}: it ran to its end");
        harness.leave().await;
        assert_eq!(harness.count("notifications/cancelled"), 0, "{point}");
    }
}

/// T-36, T-30: before the revision is known there is none to name
#[tokio::test]
async fn the_answer_to_initialize_is_resumed_too() {
    for fault in ["poll=20", "disconnect=before-response"] {
        let fault = format!("{fault}:method=initialize");
        let mut harness = Harness::faulty(&[&fault, "answer=sse"]);
        assert!(harness.initialize("2025-11-25").await["capabilities"].is_object(), "{fault}");
        assert_eq!(harness.count("initialize"), 1, "{fault}");
        let resumed = harness.mock.recorder().of_http_method("GET")[0].clone();
        assert!(resumed.header("last-event-id").is_some(), "{fault}");
        assert!(resumed.header("mcp-session-id").is_some(), "{fault}");
        assert_eq!(resumed.header("mcp-protocol-version"), None, "{fault}");
        assert!(harness.call("echo", json!({})).await["result"].is_object(), "{fault}");
    }
}

/// T-99: an id without data in front of an event that breaks off leads nowhere, again and again
#[tokio::test]
async fn resuming_without_getting_anywhere_ends() {
    let faults = ["disconnect=mid-event:tool=act", "dataless", "answer=sse"];
    let mut harness = Harness::faulty(&faults).open().await;
    let answer = harness.call("act", json!({})).await;
    assert_eq!(kind(&answer), "lost", "{answer}");
    assert!(harness.mock.recorder().of_http_method("GET").len() < 10);
}

/// T-36, T-60
#[tokio::test]
async fn a_lost_answer_is_told_and_the_call_not_repeated() {
    let cases = [
        ("before-headers", "sse"),
        ("mid-body", "json"),
        ("after-headers", "sse"),
        ("before-response", "sse"),
        ("end", "sse"),
    ];
    for (point, form) in cases {
        let form = format!("answer={form}:tool=act");
        let faults = [&*format!("disconnect={point}:tool=act"), "no-ids", &form];
        let mut harness = Harness::faulty(&faults).open().await;
        let answer = harness.call("act", json!({})).await;
        assert_eq!(kind(&answer), "lost", "{point}: {answer}");
        assert!(answer["error"]["data"]["bridge"]["hint"].as_str().unwrap().contains("check"));
        assert_eq!(harness.count("tools/call"), 1, "{point}");
        assert!(harness.call("add", json!({ "a": 1, "b": 1 })).await["result"].is_object());
    }
}

/// T-28: what only reads is asked again
#[tokio::test]
async fn a_list_whose_answer_got_lost_is_asked_again() {
    let mut harness =
        Harness::faulty(&["disconnect=before-headers:method=tools/list:times=1"]).open().await;
    assert!(harness.request("tools/list", json!({})).await["result"].is_object());
    assert_eq!(harness.count("tools/list"), 2);
}

/// T-37
#[tokio::test]
async fn exact_replays_of_an_event_are_dropped() {
    let mut harness = Harness::faulty(&["duplicate", "answer=sse"]).open().await;
    let id = harness.start_call("burst", json!({ "count": 3 })).await;
    harness.answer(id).await;
    assert_eq!(harness.set_aside().len(), 3);
}

/// T-37: every request gets exactly one answer, even from a server that answers twice
#[tokio::test]
async fn a_second_answer_is_ignored() {
    let mut harness = Harness::faulty(&["twice:tool=echo", "no-ids"]).open().await;
    assert!(harness.call("echo", json!({})).await["result"].is_object());
    assert!(harness.call("add", json!({ "a": 1, "b": 2 })).await["result"].is_object());
    assert!(harness.set_aside().is_empty());
}
