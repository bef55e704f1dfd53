//! Its two transports, and the bridge over both of them.

use mcp_tether::protocol::{Era, ProtocolVersion};
use mcp_tether::remote::TransportChoice;
use mcp_tether_mock::{MockOptions, RecordedRequest};
use reqwest::Method;
use serde_json::{Value, json};

use super::{TOKEN, options, store, with_token};
use crate::raw_host::{
    Events, RawHost, call, initialize, json_of, modern_request, parsed, request,
};
use crate::support::harness::Harness;

#[tokio::test]
async fn three_revisions_are_echoed_and_any_other_becomes_the_default() {
    let host = with_token();
    for (asked, expected) in [
        ("2024-11-05", "2024-11-05"),
        ("2025-03-26", "2025-03-26"),
        ("2025-06-18", "2025-06-18"),
        ("2025-11-25", "2025-06-18"),
        ("1999-01-01", "2025-06-18"),
    ] {
        let response = host.post(&initialize(asked)).await;
        assert_eq!(response.headers().get("mcp-session-id"), None, "stateless");
        assert_eq!(response.headers()["content-type"], "application/json");
        let answer = json_of(response).await;
        assert_eq!(answer["result"]["protocolVersion"], expected, "{asked}");
    }
}

#[tokio::test]
async fn streamable_http_is_json_alone_without_sessions() {
    let host = store().await;
    assert_eq!(host.get().await.status(), 405);
    let url = host.mock.url();
    for headers in [true, false] {
        let leave = match headers {
            true => host.builder(Method::DELETE, url.as_str()),
            false => host.http.delete(url.clone()),
        };
        let response = leave.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert!(response.bytes().await.unwrap().is_empty());
    }
    assert!(!host.call("list_themes", json!({})).await["content"].is_null(), "nothing has ended");
    let note = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled" });
    let response = host.post(&note).await;
    assert_eq!(response.status(), 202);
    assert!(response.bytes().await.unwrap().is_empty());
    // Only JSON is ever answered, so nobody has to accept anything else.
    let only_json = host.http.post(url).bearer_auth(TOKEN).header("accept", "application/json");
    let ping = request(1, "ping", json!({})).to_string();
    let response =
        only_json.header("content-type", "application/json").body(ping).send().await.unwrap();
    assert_eq!(json_of(response).await, json!({ "jsonrpc": "2.0", "id": 1, "result": {} }));
}

#[tokio::test]
async fn arrays_of_messages_are_answered_by_arrays_in_every_revision() {
    for revision in ["2025-03-26", "2025-06-18"] {
        let mut host = with_token();
        host.open(revision).await;
        let note = json!({ "jsonrpc": "2.0", "method": "notifications/progress" });
        let batch = json!([
            request(1, "ping", json!({})),
            note,
            call(2, "get_order", json!({ "id": "LMS1003" })),
            call(3, "get_order", json!({ "id": "LMS9" })),
        ]);
        let answers = json_of(host.post(&batch).await).await;
        let mut ids: Vec<_> = answers.as_array().unwrap().iter().map(|a| &a["id"]).collect();
        ids.sort_by_key(|id| id.as_u64());
        assert_eq!(ids, [1, 2, 3], "{answers}");
        assert_eq!(host.post(&json!([note])).await.status(), 202);
    }
}

#[tokio::test]
async fn http_sse_names_its_endpoint_answers_on_the_stream_and_beats() {
    let mut host = with_token();
    host.mock.set_faults(parsed(&["heartbeat=5"]));
    host.set("accept", "text/event-stream");
    let url = host.mock.sse_url();
    assert_eq!(url.path(), "/mcp/sse");
    let mut response = host.builder(Method::GET, url.as_str()).send().await.unwrap();
    // Comments are for proxies; here they are looked at as they come.
    let mut text = String::new();
    while !text.contains(": heartbeat ") {
        let chunk = response.chunk().await.unwrap().expect("the stream goes on");
        text.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    assert!(text.starts_with("event: endpoint\ndata: /mcp/sse/message?sessionId="), "{text}");
    let (_, beat) = text.split_once(": heartbeat ").unwrap();
    let digits: String = beat.chars().take_while(char::is_ascii_digit).collect();
    assert!(digits.is_empty() || digits.parse::<u64>().is_ok_and(|ms| ms > 1_700_000_000_000));

    host.mock.set_faults(Vec::new());
    let response = host.builder(Method::GET, url.as_str()).send().await.unwrap();
    let mut events = Events::of(response);
    let endpoint = url.join(&events.next().await.unwrap().data).unwrap();
    let post = |body: &Value| host.builder(Method::POST, endpoint.as_str()).body(body.to_string());
    let response = post(&initialize("2024-11-05")).send().await.unwrap();
    assert_eq!(response.status(), 202);
    assert!(response.bytes().await.unwrap().is_empty());
    let event = events.next().await.unwrap();
    assert_eq!(event.kind.as_deref(), Some("message"));
    assert_eq!(event.json()["result"]["protocolVersion"], "2024-11-05");
    let without = host.http.post(endpoint.clone()).body(request(2, "ping", json!({})).to_string());
    assert_eq!(without.send().await.unwrap().status(), 401, "each message shows the token");
}

#[tokio::test]
async fn a_session_of_http_sse_hears_what_changes_if_it_has_subscribed() {
    let host = with_token();
    let url = host.mock.sse_url();
    let response = host.builder(Method::GET, url.as_str()).send().await.unwrap();
    let mut events = Events::of(response);
    let endpoint = url.join(&events.next().await.unwrap().data).unwrap();
    let stock = json!({ "uri": "launchmystore://stock" });
    let messages = [
        initialize("2024-11-05"),
        request(1, "resources/subscribe", stock.clone()),
        call(2, "list_themes", json!({})),
        call(3, "adjust_inventory", json!({ "id": "TSH-M", "change": 1 })),
    ];
    for message in messages {
        let post = host.builder(Method::POST, endpoint.as_str()).body(message.to_string());
        assert_eq!(post.send().await.unwrap().status(), 202);
        let first = events.next().await.unwrap().json();
        if message["id"] != 3 {
            assert_eq!(first["id"], message["id"], "what only looks changes nothing");
            continue;
        }
        assert_eq!(first["method"], "notifications/resources/updated");
        assert_eq!(first["params"], stock);
    }
}

#[tokio::test]
async fn without_a_good_token_nothing_is_answered() {
    let mut host = with_token();
    for (value, challenge) in
        [("Bearer lms_wrong", "Bearer error=\"invalid_token\""), ("Basic eA==", "Bearer")]
    {
        host.set("authorization", value);
        let response = host.post(&initialize("2025-06-18")).await;
        assert_eq!(response.status(), 401);
        assert_eq!(response.headers()["www-authenticate"], challenge);
        let open = host.builder(Method::GET, host.mock.sse_url().as_str());
        assert_eq!(open.send().await.unwrap().status(), 401);
    }
}

/// The real product stops at 2025-06-18; a test of the bridge may want it behind any revision.
#[tokio::test]
async fn it_can_stand_behind_every_revision_of_streamable_http() {
    for revision in &ProtocolVersion::ALL[1..] {
        let protocol = (*revision).into();
        let mut host = RawHost::new(MockOptions { protocol, ..options() });
        host.set("authorization", &format!("Bearer {TOKEN}"));
        let order = json!({ "name": "get_order", "arguments": { "id": "LMS1003" } });
        let answer = if revision.era() == Era::Modern {
            host.ask_modern(&modern_request(1, "tools/call", order, json!({}))).await
        } else {
            host.open(revision.name()).await;
            host.ask(&request(1, "tools/call", order)).await
        };
        let text = answer["result"]["content"][0]["text"].as_str().unwrap();
        assert!(text.contains("LMS1003"), "{revision}: {answer}");
    }
}

async fn through_the_bridge(transport: TransportChoice, at_sse: bool) -> Harness {
    let mut host = Harness::with(options(), |options| {
        let token = format!("Bearer {TOKEN}").parse().unwrap();
        options.remote.headers.push((reqwest::header::AUTHORIZATION, token));
        options.remote.transport = transport;
        if at_sse {
            let path = format!("{}/sse", options.remote.url.path());
            options.remote.url.set_path(&path);
        }
    });
    host.initialize("2025-06-18").await;
    let tools = host.request("tools/list", json!({})).await;
    assert_eq!(tools["result"]["tools"].as_array().unwrap().len(), 63);
    let order = host.call("get_order", json!({ "id": "LMS1003" })).await;
    assert!(crate::support::harness::text(&order).contains("LMS1003"), "{order}");
    host
}

/// T-80, T-70
#[tokio::test]
async fn the_bridge_reaches_it_over_both_transports() {
    let of = |wanted: &str, all: &[RecordedRequest]| {
        all.iter().filter(|request| request.path.split('?').next() == Some(wanted)).count()
    };
    let host = through_the_bridge(TransportChoice::HttpFirst, false).await;
    assert_eq!(of("/mcp/sse", &host.mock.recorder().requests()), 0);

    let host = through_the_bridge(TransportChoice::SseOnly, true).await;
    let requests = host.mock.recorder().requests();
    assert_eq!(of("/mcp", &requests), 0);
    assert!(of("/mcp/sse/message", &requests) >= 4);

    // A user of the older snippet has this, without any flag.
    let host = through_the_bridge(TransportChoice::HttpFirst, true).await;
    assert!(of("/mcp/sse/message", &host.mock.recorder().requests()) >= 4);
}
