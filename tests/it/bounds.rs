//! Limits on a server's data (S-12): the request fails with a hint, and the bridge continues with
//! the next one. Bounds of the eras' adapters are tested beside them.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use mcp_tether_mock::MockOptions;
use serde_json::{Value, json};

use crate::support::harness::{Harness, initialize, kind, parsed, text};
use crate::support::process::{Program, Running};

/// S-12: bodies and events
#[tokio::test]
async fn an_answer_over_the_limit_is_a_failure_and_the_next_one_is_read() {
    let cases = [
        ("answer=json", "the body is larger than 65536 bytes"),
        ("answer=sse", "an event beyond the size limit"),
    ];
    for (form, word) in cases {
        // Far beyond what one read brings: an event is judged while it is under way.
        let faults = parsed(&[form, "oversize=2000000:tool=act"]);
        let mock = MockOptions { faults, ..MockOptions::default() };
        let mut harness = Harness::with(mock, |options| options.remote.limits.size = 65_536);
        harness = harness.open().await;
        let answer = harness.call("act", json!({})).await;
        assert!(matches!(kind(&answer), "protocol" | "lost"), "{form}: {answer}");
        assert!(answer["error"]["message"].as_str().unwrap().contains(word), "{form}: {answer}");
        assert!(answer["error"]["data"]["bridge"]["hint"].is_string(), "{form}: {answer}");
        let echoed = harness.call("echo", json!({ "a": 1 })).await;
        assert_eq!(text(&echoed), r#"{"a":1}"#, "{form}: the bridge goes on");
    }
}

/// S-12: number and size of headers, and what is read of an error's body
#[tokio::test(flavor = "multi_thread")]
async fn heads_and_error_bodies_are_bounded_and_the_process_stays_alive() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let router = axum::Router::new().route("/mcp", post(lavish));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let mut bridge = Program::new([url]).spawn();
    bridge.send(initialize("2025-06-18"));
    assert!(bridge.next_json()["result"].is_object());
    bridge.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    for (tool, expected) in
        [("many-headers", "protocol"), ("large-header", "protocol"), ("error", "http")]
    {
        let refused = call(&mut bridge, tool);
        assert_eq!(kind(&refused), expected, "{tool}: {refused}");
        assert!(refused["error"]["data"]["bridge"]["hint"].is_string(), "{tool}: {refused}");
        assert!(refused.to_string().len() < 4096, "{tool}: nothing of it is passed on");
        assert_eq!(call(&mut bridge, "modest")["result"]["content"], json!([]), "after {tool}");
    }
    assert_eq!(bridge.finish().code, Some(0));
}

/// S-40, S-42: a server's ids are kept until the host has answered, so they count.
#[tokio::test(flavor = "multi_thread")]
async fn ids_of_a_server_that_are_too_long_are_not_kept() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let router = axum::Router::new().route("/mcp", post(lavish));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let mut bridge = Program::new([url]).spawn();
    bridge.send(initialize("2025-06-18"));
    assert!(bridge.next_json()["result"].is_object());
    bridge.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    let answer = call(&mut bridge, "long-ids");
    assert_eq!(answer["result"]["content"], json!([]), "and none of the requests is passed on");
    let memory = bridge.peak_memory();
    assert!(memory < 110 << 20, "{memory} bytes for 200 ids of 256 KiB, each kept twice");
    let finished = bridge.finish();
    assert_eq!(finished.code, Some(0));
    assert!(finished.stderr.contains("its id has"), "{}", finished.stderr);
}

fn call(bridge: &mut Running, tool: &str) -> Value {
    let params = json!({ "name": tool, "arguments": {} });
    let request = json!({ "jsonrpc": "2.0", "id": tool, "method": "tools/call", "params": params });
    bridge.send(request.to_string());
    let answer = bridge.next_json();
    assert_eq!(answer["id"], tool, "{answer}");
    answer
}

/// Returns a server that sends more than anybody needs, as its tools are called.
async fn lavish(body: String) -> Response {
    let request: Value = serde_json::from_str(&body).unwrap();
    let answer = |result: Value| {
        let answer = json!({ "jsonrpc": "2.0", "id": request["id"], "result": result });
        ([("content-type", "application/json")], answer.to_string())
    };
    let mut headers = HeaderMap::new();
    match (request["method"].as_str(), request["params"]["name"].as_str()) {
        (Some("initialize"), _) => {
            let result = json!({ "protocolVersion": "2025-06-18", "capabilities": { "tools": {} },
                "serverInfo": { "name": "lavish", "version": "1" } });
            return answer(result).into_response();
        }
        (_, Some("long-ids")) => {
            let id = "x".repeat(256 * 1024);
            let asked = json!({ "jsonrpc": "2.0", "id": id, "method": "roots/list" }).to_string();
            let ids = (0..200)
                .map(|number| format!("data: {}\n\n", asked.replacen('x', &number.to_string(), 1)));
            let answer =
                json!({ "jsonrpc": "2.0", "id": request["id"], "result": { "content": [] } });
            let events = ids.collect::<String>() + &format!("data: {answer}\n\n");
            return ([("content-type", "text/event-stream")], events).into_response();
        }
        (_, Some("many-headers")) => {
            for number in 0..600 {
                let name = HeaderName::try_from(format!("x-{number}")).unwrap();
                headers.insert(name, HeaderValue::from_static("1"));
            }
        }
        (_, Some("large-header")) => {
            let large = HeaderValue::try_from("x".repeat(1024 * 1024)).unwrap();
            headers.insert("x-large", large);
        }
        (_, Some("error")) => {
            let error = json!({ "code": -32050, "message": "x".repeat(2 * 1024 * 1024) });
            let error = json!({ "jsonrpc": "2.0", "id": request["id"], "error": error });
            return (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response();
        }
        (Some("tools/call"), _) => {}
        _ => return StatusCode::ACCEPTED.into_response(),
    }
    (headers, answer(json!({ "content": [] }))).into_response()
}
