//! The network as companies have it: proxies, own certificate authorities, cookies of load
//! balancers (S-13, T-27, docs/hosts/README.md#environment).

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::routing::post;
use mcp_tether_mock::{MockOptions, MockRemote};
use serde_json::{Value, json};

use crate::support::harness::{initialize, kind};
use crate::support::process::{Finished, Program};
use crate::support::tls::TlsFront;

fn opened(program: Program) -> (Value, Finished) {
    let mut bridge = program.spawn();
    bridge.send(initialize("2025-11-25"));
    let answer = bridge.next_json();
    (answer, bridge.finish())
}

/// S-13
#[test]
fn a_certificate_that_nobody_vouches_for_is_refused_with_the_way_out() {
    let mock = MockRemote::start(MockOptions::default()).unwrap();
    let front = TlsFront::start(mock.url().port().unwrap());
    let (answer, _) = opened(Program::new([front.url("/mcp")]));
    assert_eq!(kind(&answer), "network", "{answer}");
    let hint = answer["error"]["data"]["bridge"]["hint"].as_str().unwrap();
    assert!(hint.contains("--ca-cert"), "{answer}");
    assert!(mock.recorder().requests().is_empty());
}

/// S-13, docs/hosts/README.md#environment: by flag, by variable and by the settings file
#[test]
fn an_own_authority_can_be_named_in_every_place() {
    let mock = MockRemote::start(MockOptions::default()).unwrap();
    let front = TlsFront::start(mock.url().port().unwrap());
    let url = front.url("/mcp");
    let authority = front.authority();
    let by_flag = Program::new([url.as_str(), "--ca-cert", authority.to_str().unwrap()]);
    let by_node = Program::new([&url]).env("NODE_EXTRA_CA_CERTS", &authority);
    let by_system = Program::new([&url]).env("SSL_CERT_FILE", &authority);
    let settings = format!("[defaults]\nca-cert = [{:?}]\n", authority.to_str().unwrap());
    let by_file = Program::new([&url]).settings(&settings);
    for program in [by_flag, by_node, by_system, by_file] {
        mock.recorder().clear();
        let (answer, finished) = opened(program);
        // The mock knows itself under another port and says so; what counts is that it was reached.
        assert_eq!(mock.recorder().requests().len(), 1, "{answer} {}", finished.stderr);
    }
}

/// The mock stands in for the proxy: what matters is who was asked for which host.
#[test]
fn a_proxy_is_used_for_other_hosts_and_never_for_this_machine() {
    let proxy = MockRemote::start(MockOptions::default()).unwrap();
    let proxy_url = format!("http://127.0.0.1:{}", proxy.url().port().unwrap());
    let url = "http://mcp.example.invalid/mcp";
    let by_flag = Program::new([url, "--allow-http", "--proxy", &proxy_url]);
    let by_variable = Program::new([url, "--allow-http"]).env("HTTP_PROXY", &proxy_url);
    let settings = format!("[server.\"{url}\"]\nallow-http = true\nproxy = {proxy_url:?}\n");
    let by_file = Program::new([url]).settings(&settings);
    for program in [by_flag, by_variable, by_file] {
        proxy.recorder().clear();
        opened(program);
        let requests = proxy.recorder().requests();
        assert_eq!(requests[0].header("host"), Some("mcp.example.invalid"));
    }
    proxy.recorder().clear();
    let off = Program::new([url, "--allow-http", "--no-proxy"]).env("HTTP_PROXY", &proxy_url);
    assert_eq!(kind(&opened(off).0), "network");
    let bypassed =
        Program::new([url, "--allow-http"]).env("HTTP_PROXY", &proxy_url).env("NO_PROXY", "*");
    assert_eq!(kind(&opened(bypassed).0), "network");
    assert!(proxy.recorder().requests().is_empty());

    let mock = MockRemote::start(MockOptions::default()).unwrap();
    let direct = Program::new([mock.url().as_str()]).env("HTTP_PROXY", "http://127.0.0.1:1");
    assert!(opened(direct).0["result"].is_object(), "loopback is always direct");
}

/// Load balancers keep a session on one machine with a cookie.
#[tokio::test(flavor = "multi_thread")]
async fn cookies_come_back_unless_they_are_switched_off() {
    type Seen = Arc<Mutex<Vec<Option<String>>>>;
    async fn answer(
        State(seen): State<Seen>,
        headers: HeaderMap,
        body: String,
    ) -> impl IntoResponse {
        let cookie = headers.get("cookie").and_then(|v| v.to_str().ok()).map(str::to_owned);
        seen.lock().unwrap().push(cookie);
        let request: Value = serde_json::from_str(&body).unwrap_or_default();
        let result =
            json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": {} });
        let answer = json!({ "jsonrpc": "2.0", "id": request["id"], "result": result });
        (
            [("set-cookie", "lb=machine-7; Path=/"), ("content-type", "application/json")],
            answer.to_string(),
        )
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let seen = Seen::default();
    let router = axum::Router::new().route("/mcp", post(answer)).with_state(Arc::clone(&seen));
    tokio::spawn(async move { axum::serve(listener, router).await });
    for (flag, expected) in [(None, Some("lb=machine-7")), (Some("--disable-cookies"), None)] {
        seen.lock().unwrap().clear();
        let words: Vec<String> = [url.clone()].into_iter().chain(flag.map(str::to_owned)).collect();
        tokio::task::spawn_blocking(move || {
            let mut bridge = Program::new(words).spawn();
            bridge.send(initialize("2025-06-18"));
            bridge.next_json();
            bridge.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
            bridge.send(r#"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#);
            bridge.next_json();
            bridge.finish();
        })
        .await
        .unwrap();
        let seen = seen.lock().unwrap().clone();
        assert_eq!(seen[0], None);
        assert_eq!(seen.last().unwrap().as_deref(), expected, "{flag:?}");
    }
}

/// `--ipv4` reaches a host whose IPv6 address leads nowhere, and says so for one that has no other
#[test]
fn ipv4_alone_can_be_asked_for() {
    let mock = MockRemote::start(MockOptions::default()).unwrap();
    let port = mock.url().port().unwrap();
    let (answer, _) =
        opened(Program::new([format!("http://127.0.0.1:{port}/mcp"), "--ipv4".into()]));
    assert!(answer["result"].is_object(), "{answer}");
    let (answer, _) = opened(Program::new([format!("http://[::1]:{port}/mcp"), "--ipv4".into()]));
    assert_eq!(kind(&answer), "network", "{answer}");
}
