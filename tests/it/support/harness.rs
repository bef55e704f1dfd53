//! The real bridge between a scripted host and the mock, all in one process. Waits are bounded and
//! nothing sleeps: tests wait for the mock's recorder or for lines on the host's end.

#![allow(dead_code, reason = "not every topic needs everything")]

use std::collections::VecDeque;

use bytes::Bytes;
use mcp_tether::bridge::{self, BridgeOptions, Ended};
use mcp_tether::host::{HostEnd, in_process};
use mcp_tether::platform::Shutdown;
use mcp_tether::remote::RemoteOptions;
use mcp_tether_mock::{Fault, MockOptions, MockRemote, RecordedRequest};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use url::Url;

pub use crate::support::waiting::PATIENCE;

/// A host, a bridge and a mock.
pub struct Harness {
    pub mock: MockRemote,
    pub host: HostEnd,
    bridge: Option<JoinHandle<Ended>>,
    stop: Option<oneshot::Sender<()>>,
    aside: VecDeque<Value>,
    last_id: i64,
}

impl Harness {
    /// Starts a bridge with default options in front of this mock.
    pub fn new(options: MockOptions) -> Self {
        Self::with(options, |_| {})
    }

    /// Starts a bridge in front of a mock with these faults.
    pub fn faulty(faults: &[&str]) -> Self {
        Self::new(MockOptions { faults: parsed(faults), ..MockOptions::default() })
    }

    /// Starts a bridge with changed options in front of this mock.
    pub fn with(options: MockOptions, change: impl FnOnce(&mut BridgeOptions)) -> Self {
        show_logs_if_asked();
        let sse_only = !options.protocol.has_streamable_http();
        let mock = MockRemote::start(options).expect("the mock starts");
        let url = if sse_only { mock.sse_url() } else { mock.url() };
        Self::reaching(mock, url, change)
    }

    /// Starts a bridge to this URL, in front of a mock that runs already.
    pub fn reaching(mock: MockRemote, url: Url, change: impl FnOnce(&mut BridgeOptions)) -> Self {
        let mut options = BridgeOptions::new(RemoteOptions::new(url));
        change(&mut options);
        let (host, end) = in_process();
        let (stop, shutdown) = Shutdown::when_asked();
        let bridge = tokio::spawn(async move {
            bridge::run(host, options, shutdown).await.expect("options that can be used")
        });
        let aside = VecDeque::new();
        Self { mock, host: end, bridge: Some(bridge), stop: Some(stop), aside, last_id: 100 }
    }

    /// Creates the same with a session open in this revision.
    pub async fn open(mut self) -> Self {
        self.initialize("2025-11-25").await;
        self
    }

    /// Opens the session; returns the result of `initialize`.
    pub async fn initialize(&mut self, revision: &str) -> Value {
        self.send(&initialize(revision)).await;
        let answer = self.answer(json!("init")).await;
        self.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
        answer["result"].clone()
    }

    /// Writes one line.
    pub async fn send(&mut self, line: &str) {
        self.host.send(Bytes::copy_from_slice(line.as_bytes())).await;
    }

    /// Sends a request; returns its id.
    pub async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        let line = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.send(&line.to_string()).await;
        json!(id)
    }

    /// Sends a request and waits for its answer.
    pub async fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.ask(method, params).await;
        self.answer(id).await
    }

    /// Calls a tool and waits for its answer.
    pub async fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.request("tools/call", json!({ "name": tool, "arguments": arguments })).await
    }

    /// Starts a call; returns its id.
    pub async fn start_call(&mut self, tool: &str, arguments: Value) -> Value {
        self.ask("tools/call", json!({ "name": tool, "arguments": arguments })).await
    }

    /// Sends a request as a host of 2026-07-28 that can do everything; returns its id.
    pub async fn ask_modern(&mut self, method: &str, params: Value) -> Value {
        let everything =
            json!({ "roots": {}, "sampling": {}, "elicitation": { "form": {}, "url": {} } });
        self.ask(method, modern(params, everything)).await
    }

    /// Sends a request as a host of 2026-07-28 and waits for its answer.
    pub async fn request_modern(&mut self, method: &str, params: Value) -> Value {
        let id = self.ask_modern(method, params).await;
        self.answer(id).await
    }

    /// Calls a tool as a host of 2026-07-28, and waits for the answer.
    pub async fn call_modern(&mut self, tool: &str, arguments: Value) -> Value {
        self.request_modern("tools/call", json!({ "name": tool, "arguments": arguments })).await
    }

    /// Sends a notification.
    pub async fn notify(&mut self, method: &str, params: Value) {
        let line = json!({ "jsonrpc": "2.0", "method": method, "params": params });
        self.send(&line.to_string()).await;
    }

    /// Returns the next line of the bridge as it came.
    pub async fn line(&mut self) -> Bytes {
        match tokio::time::timeout(PATIENCE, self.host.receive()).await {
            Ok(line) => line.expect("the bridge goes on"),
            Err(_) => panic!("the bridge wrote nothing; the mock saw {:#?}", self.trail()),
        }
    }

    /// Returns the next message, those set aside first.
    pub async fn next(&mut self) -> Value {
        match self.aside.pop_front() {
            Some(message) => message,
            None => serde_json::from_slice(&self.line().await).expect("every line is JSON"),
        }
    }

    /// Returns the answer to this id; what comes before it is set aside.
    pub async fn answer(&mut self, id: Value) -> Value {
        self.find(|message| message["id"] == id && message["method"].is_null()).await
    }

    /// Returns the next message of this method; what comes before it is set aside.
    pub async fn of_method(&mut self, method: &str) -> Value {
        self.find(|message| message["method"] == method).await
    }

    /// Returns the first message that fits; what comes before it is set aside.
    pub async fn find(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        if let Some(position) = self.aside.iter().position(&fits) {
            return self.aside.remove(position).expect("it is there");
        }
        loop {
            let message: Value =
                serde_json::from_slice(&self.line().await).expect("every line is JSON");
            if fits(&message) {
                return message;
            }
            self.aside.push_back(message);
        }
    }

    /// Returns the messages set aside while waiting for others.
    pub fn set_aside(&self) -> Vec<Value> {
        self.aside.iter().cloned().collect()
    }

    /// Waits until the mock's record fits.
    pub async fn seen(&self, fits: impl Fn(&[RecordedRequest]) -> bool) {
        let seen = self.mock.recorder().wait_until(fits, PATIENCE).await;
        assert!(seen, "the mock never saw it; it saw: {:#?}", self.trail());
    }

    /// Returns a summary of the requests to the mock.
    pub fn trail(&self) -> Vec<String> {
        let short = |request: &RecordedRequest| match request.rpc_method() {
            "" => request.http_method.clone(),
            method => method.to_owned(),
        };
        self.mock.recorder().requests().iter().map(short).collect()
    }

    /// Returns how often the mock was asked this method.
    pub fn count(&self, method: &str) -> usize {
        self.mock.recorder().of_method(method).len()
    }

    /// Changes the mock's faults.
    pub fn fault(&self, faults: &[&str]) {
        self.mock.set_faults(parsed(faults));
    }

    /// Tells the bridge to end, and waits until it has.
    pub async fn stop(&mut self) -> Ended {
        drop(self.stop.take());
        self.ended().await
    }

    /// Closes the host's end, and waits until the bridge has ended.
    pub async fn leave(&mut self) -> Ended {
        self.host.close();
        self.ended().await
    }

    /// Waits until the bridge has ended, reading what it still writes.
    pub async fn ended(&mut self) -> Ended {
        let mut bridge = self.bridge.take().expect("the bridge runs");
        let ending = async {
            loop {
                tokio::select! {
                    ended = &mut bridge => return ended.expect("no panic"),
                    Some(line) = self.host.receive() => {
                        self.aside.push_back(serde_json::from_slice(&line).expect("JSON"));
                    }
                }
            }
        };
        let ended = tokio::time::timeout(PATIENCE, ending).await.expect("the bridge ends");
        while let Some(line) = self.host.receive().await {
            self.aside.push_back(serde_json::from_slice(&line).expect("JSON"));
        }
        ended
    }
}

/// `MCP_TETHER_TEST_LOG=1` shows what the bridge logs.
fn show_logs_if_asked() {
    if std::env::var_os("MCP_TETHER_TEST_LOG").is_some() {
        let _ = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::DEBUG)
            .with_test_writer()
            .try_init();
    }
}

/// Returns the host's `initialize`, with the id `"init"`.
pub fn initialize(revision: &str) -> String {
    let params = json!({
        "protocolVersion": revision,
        "capabilities": { "roots": {}, "sampling": {}, "elicitation": {} },
        "clientInfo": { "name": "harness", "version": "1" },
    });
    json!({ "jsonrpc": "2.0", "id": "init", "method": "initialize", "params": params }).to_string()
}

/// Parameters of a request of 2026-07-28 whose host can do this.
pub fn modern(mut params: Value, capabilities: Value) -> Value {
    params["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2026-07-28".into();
    params["_meta"]["io.modelcontextprotocol/clientInfo"] =
        json!({ "name": "harness", "version": "1" });
    params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = capabilities;
    params
}

/// Faults from their texts.
pub fn parsed(faults: &[&str]) -> Vec<Fault> {
    faults.iter().map(|text| text.parse().expect("a fault")).collect()
}

/// Returns the kind of a failure of the bridge (E-59), or what stands in its place.
pub fn kind(answer: &Value) -> &str {
    answer["error"]["data"]["bridge"]["kind"].as_str().unwrap_or("not a failure of the bridge")
}

/// Returns the text of a tool's result.
pub fn text(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"].as_str().unwrap_or("no text")
}
