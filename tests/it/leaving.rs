//! Once the host has left, the process is gone within a second, at every stage and whatever the
//! server does; only an answer that is arriving is waited for (T-08).

use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use mcp_tether::protocol::ProtocolVersion;
use mcp_tether_mock::{MockOptions, MockRemote, RecordedRequest};
use serde_json::{Value, json};

use crate::support::harness::{PATIENCE, initialize, modern, parsed};
use crate::support::process::{Program, Running};
use crate::support::scripted::{Scripted, body};
use crate::support::waiting::until_seen;

/// A second, and something for the end of a process on a busy machine.
const A_SECOND: Duration = Duration::from_millis(1300);

fn mock(protocol: ProtocolVersion, faults: &[&str]) -> MockRemote {
    let options =
        MockOptions { protocol: protocol.into(), faults: parsed(faults), ..Default::default() };
    MockRemote::start(options).unwrap()
}

fn seen(mock: &MockRemote, what: impl Fn(&RecordedRequest) -> bool) {
    let fits = |all: &[RecordedRequest]| all.iter().any(&what);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    assert!(runtime.block_on(mock.recorder().wait_until(fits, PATIENCE)));
}

fn request(method: &str, params: Value) -> String {
    json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params }).to_string()
}

fn call() -> Value {
    json!({ "name": "act", "arguments": {} })
}

/// How long the process takes to end, once its stdin has.
fn time_to_leave(bridge: Running) -> (Duration, String) {
    let started = Instant::now();
    let finished = bridge.finish();
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    (started.elapsed(), finished.stdout)
}

/// T-08
#[test]
fn the_process_is_gone_within_a_second_at_every_stage() {
    use ProtocolVersion::{V2024_11_05, V2025_11_25, V2026_07_28};
    // The server's revision, its faults, and its last request when the host leaves.
    let stages: [(ProtocolVersion, &[&str], &str); 9] = [
        (V2025_11_25, &["silent:tool=act"], "tools/call"),
        (V2025_11_25, &["silent=body:tool=act", "answer=sse"], "tools/call"),
        (V2025_11_25, &["silent:tool=act", "silent:http=DELETE"], "tools/call"),
        (V2025_11_25, &["status=503:retry-after=30:tool=act"], "tools/call"),
        (V2025_11_25, &["status=404:tool=act", "silent:method=initialize:skip=1"], "tools/call"),
        (V2025_11_25, &["silent:method=notifications/initialized"], "notifications/initialized"),
        (V2025_11_25, &["status=502:method=initialize"], "initialize"),
        (V2024_11_05, &["silent:tool=act"], "tools/call"),
        (V2026_07_28, &["silent:tool=act"], "tools/call"),
    ];
    for (protocol, faults, last) in stages {
        let mock = mock(protocol, faults);
        let url = if protocol == V2024_11_05 { mock.sse_url() } else { mock.url() };
        let mut bridge = Program::new([url.as_str()]).spawn();
        bridge.send(initialize("2025-11-25"));
        bridge.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        bridge.send(request("tools/call", call()));
        seen(&mock, |one| one.rpc_method() == last);
        let (took, said) = time_to_leave(bridge);
        assert!(took < A_SECOND, "{protocol} {faults:?}: {took:?}");
        assert_eq!(said.matches("\"id\":7").count(), 1, "{protocol} {faults:?}: {said}");
    }
}

/// T-08
#[test]
fn the_bridge_of_a_modern_host_is_gone_within_a_second_too() {
    for protocol in [ProtocolVersion::V2025_11_25, ProtocolVersion::V2026_07_28] {
        let mock = mock(protocol, &["silent:tool=act"]);
        let mut bridge = Program::new([mock.url().as_str()]).spawn();
        bridge.send(request("tools/call", modern(call(), json!({}))));
        seen(&mock, |one| one.rpc_method() == "tools/call");
        let (took, said) = time_to_leave(bridge);
        assert!(took < A_SECOND, "{protocol}: {took:?}");
        assert_eq!(said.matches("\"id\":7").count(), 1, "{protocol}: {said}");
    }
}

/// T-08: an answer that comes soon is waited for
#[test]
fn an_answer_that_comes_soon_still_arrives() {
    for form in ["answer=json", "answer=sse"] {
        let mock = mock(ProtocolVersion::V2025_11_25, &["late=300:tool=act", form]);
        let mut bridge = Program::new([mock.url().as_str()]).spawn();
        bridge.send(initialize("2025-11-25"));
        bridge.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        bridge.send(request("tools/call", call()));
        seen(&mock, |one| one.rpc_method() == "tools/call");
        let (_, said) = time_to_leave(bridge);
        assert!(said.lines().last().unwrap().contains("\"result\""), "{form}: {said}");
    }
}

/// T-08: the rest of an answer that is arriving is waited for longer
#[tokio::test(flavor = "multi_thread")]
async fn the_rest_of_an_answer_that_is_arriving_still_arrives() {
    for media_type in ["application/json", "text/event-stream"] {
        let server = Scripted::new(move |asked| {
            let text = json!({ "content": [{ "type": "text", "text": "x".repeat(1_000_000) }] });
            let text = asked.result(text).to_string();
            let text =
                if media_type.contains("event") { format!("data: {text}\n\n") } else { text };
            asked.is_call().then(|| body(200, media_type, slowly(text)))
        });
        let url = server.start().await;
        let mut bridge = Program::new([url.as_str()]).spawn();
        bridge.send(initialize("2025-06-18"));
        bridge.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        bridge.send(request("tools/call", call()));
        let is_called = || (server.count("tools/call") > 0).then_some(());
        until_seen("the call", is_called).await;
        let (_, said) = tokio::task::block_in_place(|| time_to_leave(bridge));
        assert!(said.lines().last().unwrap().contains("\"result\""), "{media_type}");
    }
}

/// Returns a body in ten pieces, over more than the time that open requests have.
fn slowly(text: String) -> Body {
    let text = Bytes::from(text);
    let size = text.len().div_ceil(10);
    let pace = tokio::time::interval(Duration::from_millis(90));
    Body::from_stream(futures_util::stream::unfold(
        (text, pace),
        move |(mut left, mut pace)| async move {
            pace.tick().await;
            let piece = left.split_to(size.min(left.len()));
            (!piece.is_empty()).then_some((Ok::<_, std::convert::Infallible>(piece), (left, pace)))
        },
    ))
}

/// T-95: a busy machine may deliver the signal before it lets the bridge read
#[test]
fn requests_written_before_a_signal_are_answered() {
    let mock = mock(ProtocolVersion::V2025_11_25, &["silent:tool=act"]);
    for signal in ["TERM", "INT"] {
        let mut bridge = Program::new([mock.url().as_str()]).spawn();
        bridge.send(initialize("2025-11-25"));
        bridge.next_json();
        bridge.signal("STOP");
        for id in 0..20 {
            let call =
                json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": call() });
            bridge.send(call.to_string());
        }
        bridge.signal(signal);
        bridge.signal("CONT");
        let finished = bridge.finish();
        let answers = finished.stdout.lines().filter(|line| line.contains("shutting down")).count();
        assert_eq!(answers, 20, "{signal}: {}", finished.stdout);
    }
}
