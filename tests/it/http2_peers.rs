//! Odd peers over HTTP/2: streams that are refused or reset, a server that wants HTTP/1.1, windows
//! that let a few bytes through, connections that are left. A call is repeated where it certainly
//! did not run (T-86), and nothing else is lost.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use h2::Reason;
use h2::server::{Builder, SendResponse};
use mcp_tether::bridge::BridgeOptions;
use mcp_tether_mock::{MockOptions, MockRemote};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::support::harness::{Harness, kind};

/// The peer's reaction to a message. The script gets the number of messages with the same method so
/// far.
#[derive(Clone, Copy)]
enum Turn {
    Answer,
    Reset(Reason),
    /// A graceful `GOAWAY`, and then the answer.
    Leave,
}

type Script = dyn Fn(&str, usize) -> Turn + Send + Sync;

struct Peer {
    port: u16,
    authority: PathBuf,
    _folder: tempfile::TempDir,
    seen: Arc<Mutex<Vec<(String, &'static str)>>>,
}

#[derive(Clone)]
struct Handler {
    script: Arc<Script>,
    seen: Arc<Mutex<Vec<(String, &'static str)>>>,
    leave: mpsc::UnboundedSender<()>,
}

impl Peer {
    /// Returns a server with this script and these settings.
    async fn start(
        settings: Builder,
        script: impl Fn(&str, usize) -> Turn + Send + Sync + 'static,
    ) -> Self {
        let (acceptor, authority) = certified();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("authority.pem");
        std::fs::write(&file, authority).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (script, seen): (Arc<Script>, _) = (Arc::new(script), Arc::default());
        let known = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, seen) = (Arc::clone(&script), Arc::clone(&known));
                let (acceptor, settings) = (acceptor.clone(), settings.clone());
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    match stream.get_ref().1.alpn_protocol() {
                        Some(b"h2") => serve_http2(stream, settings, script, seen).await,
                        _ => serve_http1(stream, seen).await,
                    }
                });
            }
        });
        Self { port, authority: file, _folder: folder, seen }
    }

    /// Returns an open session.
    async fn opened(&self) -> Harness {
        let mock = MockRemote::start(MockOptions::default()).unwrap();
        let url = format!("https://localhost:{}/mcp", self.port).parse().unwrap();
        let authority = self.authority.clone();
        let change = |options: &mut BridgeOptions| {
            options.remote.http.extra_ca_files = vec![authority];
        };
        let mut harness = Harness::reaching(mock, url, change);
        harness.initialize("2025-06-18").await;
        harness
    }

    /// Over which version of HTTP this method came.
    fn versions(&self, method: &str) -> Vec<&'static str> {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|(name, _)| name == method).map(|(_, version)| *version).collect()
    }
}

fn certified() -> (TlsAcceptor, String) {
    let names = vec!["localhost".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    (TlsAcceptor::from(Arc::new(config)), made.cert.pem())
}

async fn serve_http2(
    stream: TlsStream<TcpStream>,
    settings: Builder,
    script: Arc<Script>,
    seen: Arc<Mutex<Vec<(String, &'static str)>>>,
) {
    let Ok(mut connection) = settings.handshake::<_, Bytes>(stream).await else { return };
    let (leave, mut leaving) = mpsc::unbounded_channel();
    let handler = Handler { script, seen, leave };
    loop {
        tokio::select! {
            Some(()) = leaving.recv() => connection.graceful_shutdown(),
            accepted = connection.accept() => match accepted {
                Some(Ok((request, respond))) => {
                    tokio::spawn(handler.clone().handle(request, respond));
                }
                _ => return,
            },
        }
    }
}

impl Handler {
    async fn handle(
        self,
        request: http::Request<h2::RecvStream>,
        mut respond: SendResponse<Bytes>,
    ) {
        let is_post = request.method() == http::Method::POST;
        let mut body = request.into_body();
        let mut text = Vec::new();
        while let Some(Ok(piece)) = body.data().await {
            let _ = body.flow_control().release_capacity(piece.len());
            text.extend_from_slice(&piece);
        }
        let message: Value = serde_json::from_slice(&text).unwrap_or_default();
        let method = message["method"].as_str().unwrap_or_default().to_owned();
        let count = {
            let mut seen = self.seen.lock().unwrap();
            seen.push((method.clone(), "2"));
            seen.iter().filter(|(name, _)| *name == method).count()
        };
        match (self.script)(&method, count) {
            Turn::Reset(reason) => return respond.send_reset(reason),
            Turn::Leave => self.leave.send(()).unwrap(),
            Turn::Answer => {}
        }
        let (status, answer) = answer_to(&message, is_post);
        let head = http::Response::builder().status(status);
        let head = head.header("content-type", "application/json").body(()).unwrap();
        // The host may have left.
        if let Ok(mut stream) = respond.send_response(head, answer.is_empty())
            && !answer.is_empty()
        {
            let _ = stream.send_data(answer.into(), true);
        }
    }
}

fn answer_to(message: &Value, is_post: bool) -> (u16, String) {
    let result = match message["method"].as_str().unwrap_or_default() {
        "initialize" => json!({
            "protocolVersion": "2025-06-18", "capabilities": { "tools": {} },
            "serverInfo": { "name": "peer", "version": "1" },
        }),
        "tools/list" => json!({ "tools": [] }),
        _ => json!({ "content": [] }),
    };
    match message["id"].is_null() {
        true => (if is_post { 202 } else { 405 }, String::new()),
        false => {
            let answer = json!({ "jsonrpc": "2.0", "id": message["id"], "result": result });
            (200, answer.to_string())
        }
    }
}

/// Answers over HTTP/1.1 what comes with a length.
async fn serve_http1(
    mut stream: TlsStream<TcpStream>,
    seen: Arc<Mutex<Vec<(String, &'static str)>>>,
) {
    let mut text = Vec::new();
    loop {
        let Some((head, length)) = head_of(&text) else {
            match stream.read_buf(&mut text).await {
                Ok(1..) => continue,
                _ => return,
            }
        };
        if text.len() < head + length {
            match stream.read_buf(&mut text).await {
                Ok(1..) => continue,
                _ => return,
            }
        }
        let is_post = text.starts_with(b"POST");
        let message: Value = serde_json::from_slice(&text[head..head + length]).unwrap_or_default();
        text.drain(..head + length);
        let method = message["method"].as_str().unwrap_or_default().to_owned();
        seen.lock().unwrap().push((method, "1.1"));
        let (status, answer) = answer_to(&message, is_post);
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            answer.len()
        );
        if stream.write_all(format!("{head}{answer}").as_bytes()).await.is_err() {
            return;
        }
    }
}

/// How long the head of a request is, and its body.
fn head_of(text: &[u8]) -> Option<(usize, usize)> {
    let end = text.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&text[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    Some((end, length.map_or(0, |length| length.trim().parse().unwrap())))
}

fn on_call(turn: Turn, times: usize) -> impl Fn(&str, usize) -> Turn + Send + Sync {
    move |method, count| match method {
        "tools/call" if count <= times => turn,
        _ => Turn::Answer,
    }
}

/// T-86: RFC 9113 §8.7
#[tokio::test]
async fn a_refused_stream_is_asked_for_once_more() {
    for (times, is_answered) in [(1, true), (2, false)] {
        let script = on_call(Turn::Reset(Reason::REFUSED_STREAM), times);
        let peer = Peer::start(Builder::new(), script).await;
        let mut harness = peer.opened().await;
        let answer = harness.call("act", json!({})).await;
        assert_eq!(answer["result"].is_object(), is_answered, "{answer}");
        assert_eq!(peer.versions("tools/call").len(), 2);
    }
}

/// T-86: RFC 9113 §7
#[tokio::test]
async fn a_server_that_wants_http_1_1_gets_it() {
    let script = on_call(Turn::Reset(Reason::HTTP_1_1_REQUIRED), usize::MAX);
    let peer = Peer::start(Builder::new(), script).await;
    let mut harness = peer.opened().await;
    for _ in 0..2 {
        let answer = harness.call("act", json!({})).await;
        assert!(answer["result"].is_object(), "{answer}");
    }
    assert_eq!(peer.versions("tools/call"), ["2", "1.1", "1.1"]);
}

/// T-86: a stream that is reset may have been processed
#[tokio::test]
async fn a_stream_that_is_reset_proves_nothing() {
    let reset = |method: &str, count: usize| match method {
        "tools/call" | "tools/list" if count == 1 => Turn::Reset(Reason::CANCEL),
        _ => Turn::Answer,
    };
    let peer = Peer::start(Builder::new(), reset).await;
    let mut harness = peer.opened().await;
    let answer = harness.call("act", json!({})).await;
    assert_eq!(kind(&answer), "lost", "{answer}");
    assert_eq!(peer.versions("tools/call").len(), 1);
    assert!(harness.request("tools/list", json!({})).await["result"].is_object());
}

/// T-29: whatever the windows of a server are, and however few streams it allows
#[tokio::test]
async fn small_windows_and_few_streams_only_slow_a_call_down() {
    let mut settings = Builder::new();
    settings.initial_window_size(16).max_concurrent_streams(1);
    let peer = Peer::start(settings, |_, _| Turn::Answer).await;
    let mut harness = peer.opened().await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(harness.start_call("act", json!({ "text": "x".repeat(5000) })).await);
    }
    for id in ids {
        assert!(harness.answer(id).await["result"].is_object());
    }
}

/// T-86: RFC 9113 §6.8
#[tokio::test]
async fn a_connection_that_the_server_leaves_still_brings_its_answers() {
    let peer = Peer::start(Builder::new(), on_call(Turn::Leave, 3)).await;
    let mut harness = peer.opened().await;
    for _ in 0..4 {
        let answer = harness.call("act", json!({})).await;
        assert!(answer["result"].is_object(), "{answer}");
    }
    assert_eq!(peer.versions("tools/call").len(), 4);
}
