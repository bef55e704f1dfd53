//! A host that speaks plain HTTP to the mock, so that the mock is judged by what is on the wire and
//! not by code of ours.

use std::time::Duration;

use futures_util::StreamExt;
use mcp_tether_mock::{MockOptions, MockRemote};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

/// Waits are bounded by this, only so that a failing test ends.
pub const LONG: Duration = Duration::from_secs(20);

/// A running mock and what is needed to talk to it.
pub struct RawHost {
    pub mock: MockRemote,
    pub http: reqwest::Client,
    /// Sent with every request.
    pub headers: HeaderMap,
}

/// Returns a running lab with these faults.
pub fn lab(faults: &[&str]) -> RawHost {
    RawHost::new(MockOptions { faults: parsed(faults), ..MockOptions::default() })
}

pub fn parsed(faults: &[&str]) -> Vec<mcp_tether_mock::Fault> {
    faults.iter().map(|fault| fault.parse().unwrap()).collect()
}

pub fn request(id: u64, method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

pub fn call(id: u64, tool: &str, arguments: Value) -> Value {
    request(id, "tools/call", json!({ "name": tool, "arguments": arguments }))
}

pub fn initialize(version: &str) -> Value {
    let host = json!({ "name": "raw", "version": "1" });
    let capabilities = json!({ "roots": {}, "sampling": {}, "elicitation": {} });
    let params =
        json!({ "protocolVersion": version, "capabilities": capabilities, "clientInfo": host });
    request(0, "initialize", params)
}

/// Returns a request of 2026-07-28, from a host with these capabilities.
pub fn modern_request(id: u64, method: &str, mut params: Value, capabilities: Value) -> Value {
    params["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2026-07-28".into();
    params["_meta"]["io.modelcontextprotocol/clientInfo"] =
        json!({ "name": "raw", "version": "1" });
    params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = capabilities;
    request(id, method, params)
}

/// Returns the body of an answer as JSON.
pub async fn json_of(response: Response) -> Value {
    let bytes = response.bytes().await.unwrap();
    serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{error}: {bytes:?}"))
}

impl RawHost {
    pub fn new(options: MockOptions) -> Self {
        // Only the first of several tests in one process can install it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .tls_certs_only([])
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .no_gzip()
            .build()
            .unwrap();
        let mut headers = HeaderMap::new();
        let both = HeaderValue::from_static("application/json, text/event-stream");
        headers.insert(ACCEPT, both);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Self { mock: MockRemote::start(options).unwrap(), http, headers }
    }

    pub fn set(&mut self, name: &'static str, value: &str) {
        self.headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }

    pub fn builder(&self, method: Method, url: &str) -> RequestBuilder {
        self.http.request(method, url).headers(self.headers.clone())
    }

    pub async fn post(&self, body: &Value) -> Response {
        self.try_post(body).await.unwrap()
    }

    pub async fn try_post(&self, body: &Value) -> reqwest::Result<Response> {
        let url = self.mock.url();
        self.builder(Method::POST, url.as_str()).body(body.to_string()).send().await
    }

    pub async fn get(&self) -> Response {
        self.builder(Method::GET, self.mock.url().as_str()).send().await.unwrap()
    }

    /// Opens a session of this revision and carries its headers from now on.
    pub async fn open(&mut self, version: &str) -> Value {
        let response = self.post(&initialize(version)).await;
        assert_eq!(response.status(), 200);
        if let Some(id) = response.headers().get("mcp-session-id") {
            self.headers.insert("mcp-session-id", id.clone());
        }
        let answer = self.messages(response).await.pop().unwrap();
        let negotiated = answer["result"]["protocolVersion"].as_str().unwrap().to_owned();
        self.set("mcp-protocol-version", &negotiated);
        let note = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        assert_eq!(self.post(&note).await.status(), 202);
        answer["result"].clone()
    }

    /// Posts a request of 2026-07-28 with the headers that go with it.
    pub async fn post_modern(&self, body: &Value) -> Response {
        self.modern(body).send().await.unwrap()
    }

    /// Returns the same, to be changed before it is sent. A later header of the same name replaces
    /// one.
    pub fn modern(&self, body: &Value) -> RequestBuilder {
        let url = self.mock.url();
        let method = body["method"].as_str().unwrap();
        let params = &body["params"];
        let mut headers = HeaderMap::new();
        let mut set = |name: &'static str, value: &str| {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        };
        set("mcp-protocol-version", "2026-07-28");
        set("mcp-method", method);
        let named = ["name", "uri", "taskId"].iter().find_map(|name| params[*name].as_str());
        if let Some(named) = named {
            set("mcp-name", named);
        }
        self.builder(Method::POST, url.as_str()).headers(headers).body(body.to_string())
    }

    /// Posts a request of 2026-07-28 and gives its answer, whatever the status.
    pub async fn ask_modern(&self, body: &Value) -> Value {
        self.messages(self.post_modern(body).await).await.pop().unwrap()
    }

    /// Returns all messages of an answer, whatever its form.
    pub async fn messages(&self, response: Response) -> Vec<Value> {
        let kind = response.headers()[CONTENT_TYPE].to_str().unwrap().to_owned();
        if kind.starts_with("text/event-stream") {
            return Events::of(response).all().await.into_iter().map(|e| e.json()).collect();
        }
        vec![json_of(response).await]
    }

    /// Posts a request and gives its answer.
    pub async fn ask(&self, body: &Value) -> Value {
        let response = self.post(body).await;
        assert_eq!(response.status(), 200, "{body}");
        self.messages(response).await.pop().unwrap()
    }

    /// Calls a tool and gives its result.
    pub async fn call(&self, tool: &str, arguments: Value) -> Value {
        self.ask(&call(7, tool, arguments)).await["result"].clone()
    }
}

/// One event of a stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Event {
    pub id: Option<String>,
    pub kind: Option<String>,
    pub retry: Option<String>,
    pub data: String,
}

impl Event {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Reads a stream event by event: a few lines that know only what the mock sends.
pub struct Events {
    body: futures_util::stream::BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    text: String,
    pub broke_off: bool,
}

impl Events {
    pub fn of(response: Response) -> Self {
        Self { body: response.bytes_stream().boxed(), text: String::new(), broke_off: false }
    }

    /// Returns the next event with data; `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            let event = self.next_block().await?;
            if !event.data.is_empty() {
                return Some(event);
            }
        }
    }

    /// Returns the next block, with data or without.
    pub async fn next_block(&mut self) -> Option<Event> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let block: String = self.text.drain(..end + 2).collect();
                return Some(block_of(&block));
            }
            match tokio::time::timeout(LONG, self.body.next()).await.expect("an event in time") {
                Some(Ok(bytes)) => self.text.push_str(std::str::from_utf8(&bytes).unwrap()),
                Some(Err(_)) => {
                    self.broke_off = true;
                    return None;
                }
                None => return None,
            }
        }
    }

    pub async fn all(mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }
}

fn block_of(block: &str) -> Event {
    let mut event = Event::default();
    let mut data = Vec::new();
    for line in block.lines() {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
        match field {
            "id" => event.id = Some(value),
            "event" => event.kind = Some(value),
            "retry" => event.retry = Some(value),
            "data" => data.push(value),
            _ => {}
        }
    }
    event.data = data.join("\n");
    event
}
