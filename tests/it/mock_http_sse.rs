//! The mock over HTTP+SSE of 2024-11-05.

use mcp_tether::protocol::ProtocolVersion;
use mcp_tether_mock::{ExchangeEnd, MockOptions, Served};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use url::Url;

use crate::raw_host::{Event, Events, LONG, RawHost, call, initialize, json_of, lab, request};

/// A host with an open HTTP+SSE stream.
struct SseHost {
    host: RawHost,
    events: Events,
    endpoint: Url,
}

fn oldest(faults: &[&str]) -> RawHost {
    let protocol = Served::Only(ProtocolVersion::V2024_11_05);
    let faults = crate::raw_host::parsed(faults);
    RawHost::new(MockOptions { protocol, faults, ..MockOptions::default() })
}

async fn first_event(host: &RawHost, url: &Url) -> (Option<Event>, Events) {
    let response = host.builder(Method::GET, url.as_str()).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let mut events = Events::of(response);
    (events.next().await, events)
}

impl SseHost {
    async fn open(host: RawHost) -> Self {
        let url = host.mock.sse_url();
        let (first, events) = first_event(&host, &url).await;
        let first = first.unwrap();
        assert_eq!(first.kind.as_deref(), Some("endpoint"));
        let endpoint = url.join(&first.data).unwrap();
        let mut opened = Self { host, events, endpoint };
        opened.ask(&initialize("2024-11-05")).await;
        let note = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        assert_eq!(opened.post(&note).await.status(), 202);
        opened
    }

    async fn post(&self, body: &Value) -> Response {
        let post = self.host.builder(Method::POST, self.endpoint.as_str());
        post.body(body.to_string()).send().await.unwrap()
    }

    /// Posts a request and gives its answer from the stream.
    async fn ask(&mut self, body: &Value) -> Value {
        assert_eq!(self.post(body).await.status(), 202);
        self.events.next().await.unwrap().json()
    }
}

/// T-70
#[tokio::test]
async fn messages_are_posted_to_the_endpoint_and_answered_on_the_stream() {
    let mut sse = SseHost::open(lab(&[])).await;
    let sum = sse.ask(&call(1, "add", json!({ "a": 1, "b": 2 }))).await;
    assert_eq!(sum["result"]["content"][0]["text"], r#"{"sum":3}"#);

    assert_eq!(sse.post(&call(2, "ask_roots", json!({}))).await.status(), 202);
    let question = sse.events.next().await.unwrap().json();
    assert_eq!(question["method"], "roots/list");
    let answer = json!({ "jsonrpc": "2.0", "id": question["id"], "result": { "roots": [] } });
    let result = sse.ask(&answer).await;
    assert_eq!(result["id"], 2);

    sse.host.mock.push_notification("notifications/tools/list_changed", &Value::Null);
    let pushed = sse.events.next().await.unwrap().json();
    assert_eq!(pushed["method"], "notifications/tools/list_changed");
}

#[tokio::test]
async fn the_oldest_revision_alone_has_its_stream_at_its_one_url_and_takes_no_posts_there() {
    let host = oldest(&[]);
    assert_eq!(host.post(&initialize("2025-06-18")).await.status(), 405);
    let (first, _events) = first_event(&host, &host.mock.url()).await;
    assert_eq!(first.unwrap().kind.as_deref(), Some("endpoint"));
}

#[tokio::test]
async fn a_newer_revision_alone_has_no_http_sse() {
    let protocol = Served::Only(ProtocolVersion::V2025_06_18);
    let host = RawHost::new(MockOptions { protocol, ..MockOptions::default() });
    let url = host.mock.sse_url();
    let response = host.builder(Method::GET, url.as_str()).send().await.unwrap();
    assert_eq!(response.status(), 404);
}

/// T-71, T-72
#[tokio::test]
async fn the_endpoint_is_named_in_every_form() {
    for (form, same_origin) in [
        ("absolute", true),
        ("relative", true),
        ("query", true),
        ("cross-host", false),
        ("cross-port", false),
        ("javascript", false),
        ("elsewhere:to=https://h.example/m", false),
    ] {
        let host = lab(&[&format!("endpoint={form}")]);
        let url = host.mock.sse_url();
        let (first, _events) = first_event(&host, &url).await;
        let endpoint = url.join(&first.unwrap().data).unwrap();
        assert_eq!(endpoint.origin() == url.origin(), same_origin, "{form}: {endpoint}");
        if same_origin {
            let post = host.builder(Method::POST, endpoint.as_str());
            let response = post.body(initialize("2024-11-05").to_string()).send().await.unwrap();
            assert_eq!(response.status(), 202, "{form}");
        }
    }
}

/// T-70
#[tokio::test]
async fn the_endpoint_event_is_missing_late_or_not_the_first() {
    let host = lab(&["endpoint=wrong-first"]);
    let (first, _events) = first_event(&host, &host.mock.sse_url()).await;
    assert_eq!(first.unwrap().kind.as_deref(), Some("open"));

    let host = lab(&["endpoint=missing", "heartbeat=5"]);
    let response = host.builder(Method::GET, host.mock.sse_url().as_str()).send().await.unwrap();
    let mut events = Events::of(response);
    for _ in 0..3 {
        assert_eq!(events.next_block().await, Some(Event::default()), "only comments");
    }

    let host = lab(&["endpoint-delay=50"]);
    let start = std::time::Instant::now();
    let (first, _events) = first_event(&host, &host.mock.sse_url()).await;
    assert_eq!(first.unwrap().kind.as_deref(), Some("endpoint"));
    assert!(start.elapsed().as_millis() >= 50);
}

/// T-73
#[tokio::test]
async fn posts_can_be_answered_in_every_way() {
    let ping = request(4, "ping", json!({}));
    let mut sse = SseHost::open(lab(&[])).await;
    for (style, status, body, on_stream) in [
        ("post=200", 200, Value::Null, true),
        ("post=note", 202, json!({ "accepted": true }), true),
        ("post=json", 200, json!({ "jsonrpc": "2.0", "id": 4, "result": {} }), false),
        ("post=both", 200, json!({ "jsonrpc": "2.0", "id": 4, "result": {} }), true),
    ] {
        sse.host.mock.set_faults(crate::raw_host::parsed(&[style]));
        let response = sse.post(&ping).await;
        assert_eq!(response.status(), status, "{style}");
        if !body.is_null() {
            assert_eq!(json_of(response).await, body, "{style}");
        }
        sse.host.mock.set_faults(Vec::new());
        let other = request(5, "ping", json!({}));
        sse.post(&other).await;
        let first = sse.events.next().await.unwrap().json();
        assert_eq!(first["id"], if on_stream { 4 } else { 5 }, "{style}");
        if on_stream {
            sse.events.next().await;
        }
    }
}

/// T-74
#[tokio::test]
async fn the_stream_is_dropped_in_the_middle_of_a_call_that_was_executed() {
    let mut sse = SseHost::open(lab(&["disconnect=before-response:tool=act"])).await;
    assert_eq!(sse.post(&call(1, "act", json!({}))).await.status(), 202);
    assert_eq!(sse.events.next().await, None);
    assert!(sse.events.broke_off);
    let gone = |all: &[mcp_tether_mock::RecordedRequest]| {
        all.iter().any(|request| request.http_method == "GET" && request.ending == ExchangeEnd::Cut)
    };
    assert!(sse.host.mock.recorder().wait_until(gone, LONG).await);
    assert_eq!(sse.post(&request(2, "ping", json!({}))).await.status(), 404, "with its session");

    let mut again = SseHost::open(sse.host).await;
    let count = again.ask(&call(3, "count", json!({}))).await;
    assert_eq!(count["result"]["content"][0]["text"], r#"{"acts":1}"#);
}

#[tokio::test]
async fn a_session_ends_with_its_stream() {
    let sse = SseHost::open(lab(&[])).await;
    let SseHost { host, events, endpoint } = sse;
    drop(events);
    let gone = |all: &[mcp_tether_mock::RecordedRequest]| {
        all.iter().any(|request| request.ending == ExchangeEnd::Disconnected)
    };
    assert!(host.mock.recorder().wait_until(gone, LONG).await);
    let ping = request(1, "ping", json!({})).to_string();
    let post = host.builder(Method::POST, endpoint.as_str()).body(ping);
    assert_eq!(post.send().await.unwrap().status(), 404);
}
