//! Streams of change notifications.

use mcp_tether_mock::ExchangeEnd;
use serde_json::{Value, json};

use super::{call, code, modern, request};
use crate::raw_host::{Event, Events, LONG, RawHost};

fn listen(filter: Value) -> Value {
    let mut body = request("subscriptions/listen", json!({ "notifications": filter }));
    body["id"] = "L".into();
    body
}

async fn opened(host: &RawHost, filter: Value) -> Events {
    let mut events = Events::of(host.post_modern(&listen(filter)).await);
    let first = events.next().await.unwrap().json();
    assert_eq!(first["method"], "notifications/subscriptions/acknowledged");
    assert_eq!(id_of(&first), "L");
    events
}

fn id_of(message: &Value) -> &Value {
    &message["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"]
}

/// E-43, E-44
#[tokio::test]
async fn a_stream_acknowledges_what_it_grants_and_carries_that_alone() {
    let host = modern(&[]);
    let filter = json!({ "toolsListChanged": true, "promptsListChanged": true,
        "resourceSubscriptions": ["lab://watched", "lab://nothing"] });
    let mut events = Events::of(host.post_modern(&listen(filter)).await);
    let first = events.next().await.unwrap().json();
    let granted = json!({ "toolsListChanged": true, "promptsListChanged": true,
        "resourceSubscriptions": ["lab://watched"] });
    assert_eq!(first["params"]["notifications"], granted);
    let mut other = opened(&host, json!({ "promptsListChanged": true })).await;
    host.ask_modern(&call("add_tool", json!({ "name": "fresh" }))).await;
    host.ask_modern(&call("touch", json!({}))).await;
    host.mock.push_notification("notifications/prompts/list_changed", &Value::Null);
    let methods = [
        "notifications/tools/list_changed",
        "notifications/resources/updated",
        "notifications/prompts/list_changed",
    ];
    for method in methods {
        let message = events.next().await.unwrap().json();
        assert_eq!((&message["method"], id_of(&message)), (&json!(method), &json!("L")));
    }
    assert_eq!(other.next().await.unwrap().json()["method"], methods[2]);
}

/// E-45, E-46
#[tokio::test]
async fn a_stream_ends_with_a_result_or_breaks_off() {
    let host = modern(&[]);
    let mut events = opened(&host, json!({ "toolsListChanged": true })).await;
    assert_eq!(host.mock.listen_count(), 1);
    host.mock.end_listens();
    let last = events.next().await.unwrap().json();
    assert_eq!((&last["id"], &last["result"]["resultType"]), (&json!("L"), &json!("complete")));
    assert_eq!(last["result"]["_meta"]["io.modelcontextprotocol/subscriptionId"], "L");
    assert_eq!(events.next().await, None);
    assert!(!events.broke_off);

    let mut events = opened(&host, json!({})).await;
    host.mock.drop_streams();
    assert_eq!(events.next().await, None);
    assert!(events.broke_off);
}

/// T-59
#[tokio::test]
async fn the_stream_of_a_host_that_disconnects_is_removed() {
    let host = modern(&[]);
    drop(opened(&host, json!({ "toolsListChanged": true })).await);
    let gone = |all: &[mcp_tether_mock::RecordedRequest]| {
        all.iter().any(|request| request.ending == ExchangeEnd::Disconnected)
    };
    assert!(host.mock.recorder().wait_until(gone, LONG).await);
    assert_eq!(host.mock.push_notification("notifications/tools/list_changed", &Value::Null), 0);
}

#[tokio::test]
async fn invalid_filters_are_refused_and_tasks_need_their_extension() {
    let host = modern(&[]);
    for wrong in [json!(null), json!({ "toolsListChanged": 1 })] {
        let response = host.post_modern(&listen(wrong)).await;
        assert_eq!(response.status(), 400);
    }
    let answer = host.ask_modern(&listen(json!({ "taskIds": ["t"] }))).await;
    assert_eq!(code(&answer), -32021);
    let needed = &answer["error"]["data"]["requiredCapabilities"]["extensions"];
    assert_eq!(*needed, json!({ "io.modelcontextprotocol/tasks": {} }));
}

/// E-40, E-45
#[tokio::test]
async fn faults_grant_less_end_at_once_and_keep_quiet_streams_alive() {
    let host = modern(&["grant=lists"]);
    let filter = json!({ "toolsListChanged": true, "resourceSubscriptions": ["lab://watched"] });
    let mut events = Events::of(host.post_modern(&listen(filter.clone())).await);
    let granted = events.next().await.unwrap().json()["params"]["notifications"].clone();
    assert_eq!(granted, json!({ "toolsListChanged": true }));

    host.mock.set_faults(crate::raw_host::parsed(&["grant=none"]));
    let mut events = Events::of(host.post_modern(&listen(filter.clone())).await);
    assert_eq!(events.next().await.unwrap().json()["params"]["notifications"], json!({}));

    for (fault, messages) in [
        ("listen-end=graceful", 2),
        ("listen-end=cancelled", 2),
        ("listen-end=silent", 1),
        ("disconnect=after-first-event", 1),
    ] {
        host.mock.set_faults(crate::raw_host::parsed(&[fault]));
        let events = Events::of(host.post_modern(&listen(filter.clone())).await).all().await;
        assert_eq!(events.len(), messages, "{fault}");
    }

    host.mock.set_faults(crate::raw_host::parsed(&["heartbeat=5"]));
    let mut events = opened(&host, filter.clone()).await;
    for _ in 0..3 {
        assert_eq!(events.next_block().await, Some(Event::default()));
    }

    host.mock.set_faults(crate::raw_host::parsed(&["grant=unsaid"]));
    let mut events = Events::of(host.post_modern(&listen(filter)).await);
    host.mock.drop_streams();
    assert_eq!(events.next().await, None, "no acknowledgement ever came");
}

#[tokio::test]
async fn a_remote_can_send_unrequested_notifications() {
    let host = modern(&[]);
    let mut events = opened(&host, json!({})).await;
    assert_eq!(host.mock.push_unasked("notifications/prompts/list_changed", &Value::Null), 1);
    assert_eq!(id_of(&events.next().await.unwrap().json()), "L");
}
