//! A server that answers what a test says, byte for byte, and otherwise like a plain one of
//! 2025-06-18.

use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use mcp_tether::bridge::BridgeOptions;
use mcp_tether_mock::{MockOptions, MockRemote};
use serde_json::{Value, json};
use url::Url;

use super::harness::Harness;

/// A request to the server.
#[derive(Clone, Debug)]
pub struct Asked {
    pub http: Method,
    pub path: String,
    pub headers: HeaderMap,
    /// The message, or null.
    pub message: Value,
}

/// The script of a test; `None` leaves the answer to the plain server.
type Script = dyn Fn(&Asked) -> Option<Response> + Send + Sync;

/// A running server.
#[derive(Clone)]
pub struct Scripted {
    script: Arc<Script>,
    asked: Arc<Mutex<Vec<Asked>>>,
    session: Option<&'static str>,
}

impl Asked {
    /// Returns the method of the message; empty without one.
    pub fn method(&self) -> &str {
        self.message["method"].as_str().unwrap_or_default()
    }

    /// Returns whether it calls a tool.
    pub fn is_call(&self) -> bool {
        self.method() == "tools/call"
    }

    /// Returns a result under the id of the request.
    pub fn result(&self, result: Value) -> Value {
        json!({ "jsonrpc": "2.0", "id": self.message["id"], "result": result })
    }
}

impl Scripted {
    /// Returns a server whose sessions have an id.
    pub fn new(script: impl Fn(&Asked) -> Option<Response> + Send + Sync + 'static) -> Self {
        Self { script: Arc::new(script), asked: Arc::default(), session: Some("s1") }
    }

    /// Returns the same without sessions.
    pub fn stateless(self) -> Self {
        Self { session: None, ..self }
    }

    /// Listens; returns the URL of the endpoint.
    pub async fn start(&self) -> Url {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let router = axum::Router::new().fallback(answer).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url.parse().unwrap()
    }

    /// Returns a bridge to it.
    pub async fn harness(&self, change: impl FnOnce(&mut BridgeOptions)) -> Harness {
        let mock = MockRemote::start(MockOptions::default()).unwrap();
        Harness::reaching(mock, self.start().await, change)
    }

    /// Returns the requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Returns how often it was asked this method.
    pub fn count(&self, method: &str) -> usize {
        self.asked().iter().filter(|one| one.method() == method).count()
    }

    /// Returns how many requests of this HTTP method there were.
    pub fn count_http(&self, method: &Method) -> usize {
        self.asked().iter().filter(|one| one.http == *method).count()
    }

    fn plain(&self, asked: &Asked) -> Response {
        let result = match (asked.http.as_str(), asked.method()) {
            ("GET", _) => return status(405),
            ("DELETE", _) => return status(200),
            (_, "initialize") => json!({
                "protocolVersion": "2025-06-18",
                "capabilities": { "tools": { "listChanged": true } },
                "serverInfo": { "name": "scripted", "version": "1" },
            }),
            (_, "tools/list") => json!({
                "tools": [{ "name": "echo", "inputSchema": { "type": "object" } }],
            }),
            _ if asked.message["id"].is_null() => return status(202),
            _ => json!({ "content": [] }),
        };
        let mut response = json_body(200, &asked.result(result));
        if let Some(id) = self.session.filter(|_| asked.method() == "initialize") {
            response.headers_mut().insert("mcp-session-id", HeaderValue::from_static(id));
        }
        response
    }
}

async fn answer(
    State(server): State<Scripted>,
    http: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let message = serde_json::from_slice(&body).unwrap_or_default();
    let asked = Asked { http, path: uri.path().to_owned(), headers, message };
    server.asked.lock().unwrap().push(asked.clone());
    (server.script)(&asked).unwrap_or_else(|| server.plain(&asked))
}

/// Returns a status and nothing else.
pub fn status(code: u16) -> Response {
    StatusCode::from_u16(code).unwrap().into_response()
}

/// Returns a body of this media type.
pub fn body(code: u16, media_type: &str, text: impl Into<Body>) -> Response {
    let mut response = (StatusCode::from_u16(code).unwrap(), text.into()).into_response();
    response.headers_mut().insert("content-type", media_type.parse().unwrap());
    response
}

/// Returns a JSON body.
pub fn json_body(code: u16, value: &Value) -> Response {
    body(code, "application/json", value.to_string())
}

/// Returns an event stream with these messages, which ends after them.
pub fn events(messages: &[Value]) -> Response {
    body(200, "text/event-stream", text_of(messages))
}

/// Returns an event stream with these messages, which stays open.
pub fn open_events(messages: &[Value]) -> Response {
    let first = Bytes::from(text_of(messages));
    let first = futures_util::stream::once(async { Ok::<_, std::convert::Infallible>(first) });
    let endless = futures_util::StreamExt::chain(first, futures_util::stream::pending());
    body(200, "text/event-stream", Body::from_stream(endless))
}

fn text_of(messages: &[Value]) -> String {
    messages.iter().map(|message| format!("data: {message}\n\n")).collect()
}

/// Returns the response with one more header.
pub fn with_header(mut response: Response, name: &'static str, value: &str) -> Response {
    let name = HeaderName::from_static(name);
    response.headers_mut().append(name, value.parse().unwrap());
    response
}

/// Returns a JSON-RPC error.
pub fn error(id: Value, code: i64, message: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
}
