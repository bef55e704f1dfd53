//! Event streams of Streamable HTTP: the standalone one, and those that end before their answer.

use crate::support::harness::{Harness, initialize, kind, parsed};
use mcp_tether_mock::{MockOptions, Mode};
use serde_json::json;

/// T-34
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
    for status in ["405", "404", "401", "400"] {
        let options = MockOptions {
            mode: if status == "404" { Mode::Stateless } else { Mode::Sessions },
            faults: parsed(&[&format!("status={status}:http=GET")]),
            ..MockOptions::default()
        };
        let mut harness = Harness::new(options).open().await;
        for _ in 0..5 {
            assert!(harness.call("echo", json!({})).await["result"].is_object(), "{status}");
        }
        assert_eq!(harness.mock.recorder().of_http_method("GET").len(), 1, "{status}");
        assert_eq!(harness.count("initialize"), 1, "{status}");
    }
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

/// T-36: an id without data in front of an event that breaks off leads nowhere, again and again
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
