//! How a session is opened, confirmed, lost, opened again and replaced, step by step. The server
//! notes what it is asked, and each step is taken by hand.

mod losing;
mod opening;
mod replacing;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::Request;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};
use url::Url;

use super::lifecycle::{Capabilities, HeldMessage, Phase};
use super::slots::SlotId;
use crate::bridge::host_side::request::{HostRequest, Requester};
use crate::bridge::remote_side::in_flight::Purpose;
use crate::bridge::without_remote::response_cache::ResponseCache;
use crate::bridge::{Bridge, BridgeOptions, CacheOptions, Connected};
use crate::eras::ModernRemote;
use crate::error::{Failure, FailureKind};
use crate::host::{DriveOutcome, HostEnd, in_process};
use crate::jsonrpc::Message;
use crate::protocol::{ProtocolVersion, methods};
use crate::remote::{Outcome, ProbeRefusal, RemoteOptions, Session, Transport};

const FIRST: SlotId = SlotId::FIRST;

const PATIENCE: Duration = Duration::from_secs(20);

const INITIALIZED: &str = "notifications/initialized";

/// A bridge between a host that is played by hand and a server that accepts everything.
struct Scene {
    bridge: Bridge,
    host: HostEnd,
    asked: mpsc::UnboundedReceiver<String>,
    connected: oneshot::Receiver<Connected>,
    number: u64,
}

impl Scene {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut BridgeOptions)) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let (note, asked) = mpsc::unbounded_channel();
        let server = axum::Router::new().fallback(move |request: Request| {
            let note = note.clone();
            async move {
                // Fails only when the test is over.
                let _ = note.send(describe(request).await);
                StatusCode::ACCEPTED
            }
        });
        tokio::spawn(async move { axum::serve(listener, server).await });
        let (tell, connected) = oneshot::channel();
        let (streams, host) = in_process();
        let mut options = BridgeOptions::new(RemoteOptions::new(Url::parse(&url).unwrap()));
        options.connected = Some(tell);
        change(&mut options);
        let bridge = Bridge::new(streams, options).unwrap();
        Self { bridge, host, asked, connected, number: 0 }
    }

    /// With an `initialize` of the host under way.
    async fn opening() -> Self {
        let mut scene = Self::new().await;
        let initialize = scene.request("initialize", "{}");
        scene.bridge.open_session(FIRST, initialize);
        assert_eq!(scene.asked().await, "POST - initialize");
        scene
    }

    /// With a session under the id `s1` that the host has not confirmed.
    async fn opened() -> Self {
        let mut scene = Self::new().await;
        scene.open().await;
        scene
    }

    /// With a session that is confirmed.
    async fn ready() -> Self {
        let mut scene = Self::opened().await;
        scene.confirm().await;
        scene
    }

    /// A request of the host, under the next id.
    fn request(&mut self, method: &str, params: &str) -> HostRequest {
        self.number += 1;
        let id = self.number;
        let line =
            format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#);
        HostRequest::new(Message::parse(line).unwrap(), None, &self.bridge.unanswered)
    }

    async fn open(&mut self) {
        let initialize = self.request("initialize", r#"{"protocolVersion":"2025-06-18"}"#);
        let id = self.number;
        self.bridge.open_session(FIRST, initialize);
        assert_eq!(self.asked().await, "POST - initialize");
        self.answer_initialize("s1");
        assert_eq!(self.told().await["id"], id);
    }

    /// Answers the `initialize` under way as a server with this session id does.
    fn answer_initialize(&mut self, session: &str) {
        let lifecycle = &self.bridge.slots[FIRST].lifecycle;
        let number = lifecycle.first_number().or_else(|| self.sent_again()).unwrap();
        let id = Some(HeaderValue::from_str(session).unwrap());
        self.bridge.note_opened(FIRST, number, Transport::StreamableHttp, id);
        self.bridge.handle_probe_answer(FIRST, &answer());
    }

    /// The number of the `initialize` with which the bridge opens a session again.
    fn sent_again(&self) -> Option<u64> {
        let generation = self.bridge.slots[FIRST].session.generation;
        let numbers = self.bridge.in_flight.numbers_in(generation);
        numbers.into_iter().find(|number| {
            let open = self.bridge.in_flight.get(*number);
            open.is_some_and(|open| matches!(open.purpose, Purpose::Reopen))
        })
    }

    async fn confirm(&mut self) {
        self.bridge.confirm_session(FIRST, &Message::notification(INITIALIZED, None));
        assert_eq!(self.asked().await, "POST s1 notifications/initialized");
        let Phase::Confirming(number) = self.bridge.slots[FIRST].lifecycle.phase else {
            panic!("{:?}", self.phase())
        };
        self.bridge.handle_confirmation(FIRST, number);
        assert_eq!(self.phase(), Phase::Ready);
    }

    /// The transport HTTP+SSE, at this server.
    fn http_sse(&self) -> Transport {
        Transport::silent_stream(self.bridge.slots[FIRST].remote.endpoint())
    }

    fn phase(&self) -> Phase {
        self.bridge.slots[FIRST].lifecycle.phase
    }

    fn session(&self) -> Arc<Session> {
        Arc::clone(&self.bridge.slots[FIRST].session)
    }

    /// A modern host asks what the server can do.
    fn discover(&mut self) {
        let discover = of_modern_host(self, "server/discover").handed_over();
        self.bridge.with_host_adapter(|host, context| host.handle(discover, context));
        self.bridge.carry_out_effects();
    }

    /// The next request that the server gets.
    async fn asked(&mut self) -> String {
        self.bridge.carry_out_effects();
        timeout(PATIENCE, self.asked.recv()).await.unwrap().unwrap()
    }

    /// The next message that the host gets.
    async fn told(&mut self) -> Value {
        let told = async {
            loop {
                tokio::select! {
                    biased;
                    line = self.host.receive() => return line.unwrap(),
                    drove = self.bridge.host.writer.drive() => {
                        assert_ne!(drove, DriveOutcome::Closed);
                    }
                }
            }
        };
        serde_json::from_slice(&timeout(PATIENCE, told).await.unwrap()).unwrap()
    }

    /// All messages that the host has been sent so far; a request of its own marks the end.
    async fn told_so_far(&mut self) -> Vec<Value> {
        let last = self.request("ping", "{}");
        self.bridge.reply_empty(last);
        let mut told = Vec::new();
        loop {
            let line = self.told().await;
            if line["id"] == self.number {
                return told;
            }
            told.push(line);
        }
    }
}

/// Method, session and JSON-RPC method of a request.
async fn describe(request: Request) -> String {
    let (parts, body) = request.into_parts();
    let session = parts.headers.get("mcp-session-id").map_or("-", |id| id.to_str().unwrap());
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap_or_default();
    let message: Value = serde_json::from_slice(&body).unwrap_or_default();
    format!("{} {session} {}", parts.method, message["method"].as_str().unwrap_or("-"))
}

/// The server's answer to `initialize`.
fn answer() -> Message {
    let result = r#"{"protocolVersion":"2025-03-26","capabilities":{"tools":{"listChanged":true}},
        "serverInfo":{"name":"s","version":"1"}}"#
        .replace('\n', "");
    Message::parse(format!(r#"{{"jsonrpc":"2.0","id":9,"result":{result}}}"#)).unwrap()
}

fn lost() -> Failure {
    Failure::new(FailureKind::Lost, "gone").hint("repeat it")
}

fn ids(told: &[Value]) -> Vec<u64> {
    told.iter().filter_map(|line| line["id"].as_u64()).collect()
}

fn list() -> Message {
    Message::parse(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#.to_owned()).unwrap()
}

/// Runs `act` and returns what it logs.
fn logged(act: impl FnOnce()) -> String {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let collected = Arc::clone(&lines);
    let subscriber =
        tracing_subscriber::fmt().with_writer(move || Collected(Arc::clone(&collected))).finish();
    tracing::subscriber::with_default(subscriber, act);
    let lines = lines.lock().unwrap();
    String::from_utf8(lines.clone()).unwrap()
}

struct Collected(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Collected {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

const OF_MODERN_HOST: &str = r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",
    "io.modelcontextprotocol/clientInfo":{"name":"h","version":"1"},
    "io.modelcontextprotocol/clientCapabilities":{}}}"#;

/// A modern host's request, under the next id.
fn of_modern_host(scene: &mut Scene, method: &str) -> HostRequest {
    scene.request(method, &OF_MODERN_HOST.replace('\n', "")).by(Requester::ModernHost)
}
