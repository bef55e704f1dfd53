//! Scripts: what the host and the loop give goes in, what is said and sent is read back as values.
//! The clock is moved by hand.

mod duplicate_members;
mod listens;
mod logs_and_progress;
mod pages;
mod property;
mod rounds;
mod sessions;
mod tasks;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{HostContext, HostEffect, ModernHost};
use crate::eras::Numbers;
use crate::jsonrpc::{Message, MessageKind, RequestId};

/// A modern host that is put through its paces.
struct Script {
    host: ModernHost,
    now: Instant,
    numbers: Numbers,
    said: VecDeque<Value>,
    sent: VecDeque<Value>,
}

/// What a host that can do everything declares.
fn everything() -> Value {
    json!({ "roots": {}, "sampling": {}, "elicitation": { "form": {}, "url": {} } })
}

impl Script {
    fn new() -> Self {
        let (said, sent) = (VecDeque::new(), VecDeque::new());
        let (host, numbers) = (ModernHost::new(), Numbers::default());
        Self { host, now: Instant::now(), numbers, said, sent }
    }

    /// With the session open at a server that has these capabilities, for a host that can do
    /// everything.
    fn open(capabilities: Value) -> Self {
        let mut script = Self::new();
        script.discover("open");
        script.answer_initialize(capabilities);
        script.said();
        script
    }

    /// What the server says to `initialize`; the confirmation is taken as well.
    fn answer_initialize(&mut self, capabilities: Value) -> Value {
        let initialize = self.sent_one("initialize");
        self.result(
            &initialize,
            json!({
                "protocolVersion": "2025-11-25", "capabilities": capabilities,
                "serverInfo": { "name": "old", "version": "1" },
            }),
        );
        self.sent_one("notifications/initialized");
        initialize
    }

    fn line(&mut self, line: Value) {
        let message = Message::parse(line.to_string()).unwrap();
        self.work(|host, cx| host.handle(message, cx));
    }

    /// A request of a host that can do everything.
    fn request(&mut self, id: impl Into<Value>, method: &str, params: Value) {
        self.request_with(id, method, params, json!({}), everything());
    }

    fn request_with(
        &mut self,
        id: impl Into<Value>,
        method: &str,
        mut params: Value,
        meta: Value,
        capabilities: Value,
    ) {
        let mut all = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": { "name": "vscode", "version": "1" },
            "io.modelcontextprotocol/clientCapabilities": capabilities,
        });
        for (name, value) in meta.as_object().unwrap() {
            all[name] = value.clone();
        }
        params["_meta"] = all;
        let id: Value = id.into();
        self.line(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
    }

    fn call(&mut self, id: impl Into<Value>, tool: &str) {
        self.request(id, "tools/call", json!({ "name": tool, "arguments": { "n": 1 } }));
    }

    fn discover(&mut self, id: &str) {
        self.request(id, "server/discover", json!({}));
    }

    fn cancel(&mut self, id: impl Into<Value>) {
        let id: Value = id.into();
        self.line(json!({
            "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id },
        }));
    }

    /// The loop brings the result of a request of ours.
    fn result(&mut self, request: &Value, result: Value) {
        self.outcome(request, "result", result);
    }

    fn error(&mut self, request: &Value, error: Value) {
        self.outcome(request, "error", error);
    }

    fn outcome(&mut self, request: &Value, kind: &str, outcome: Value) {
        let line = json!({ "jsonrpc": "2.0", "id": request["id"], kind: outcome });
        let message = Message::parse(line.to_string()).unwrap();
        let id = message.id().unwrap().clone();
        self.work(|host, cx| host.handle_answer(&id, &message, cx));
    }

    /// The remote asks on the stream of `owner`, or on one of its own.
    fn ask(&mut self, number: u64, method: &str, params: Value, owner: Option<&Value>) {
        self.bring(
            json!({ "jsonrpc": "2.0", "id": number, "method": method, "params": params }),
            owner,
        );
    }

    fn notify(&mut self, method: &str, params: Value, owner: Option<&Value>) {
        self.bring(json!({ "jsonrpc": "2.0", "method": method, "params": params }), owner);
    }

    fn bring(&mut self, line: Value, owner: Option<&Value>) {
        let message = Message::parse(line.to_string()).unwrap();
        let owner = owner.map(|request| RequestId::from_json(&request["id"].to_string()).unwrap());
        self.work(|host, cx| host.handle_remote_message(&message, owner.as_ref(), cx));
    }

    fn after(&mut self, time: Duration) {
        self.now += time;
        self.work(|host, cx| host.handle_timers(cx));
    }

    /// Lets pass what is waited for questions of the server.
    fn after_collecting(&mut self) {
        self.after(Duration::from_millis(30));
    }

    /// Lets the adapter handle one event and reads what comes of it.
    fn work(&mut self, event: impl FnOnce(&mut ModernHost, &mut HostContext<'_>)) {
        let (now, mut effects) = (self.now, Vec::new());
        let numbers = &mut self.numbers;
        event(&mut self.host, &mut HostContext { now, numbers, effects: &mut effects });
        for effect in effects {
            match effect {
                HostEffect::Say(frame) => {
                    self.said.push_back(serde_json::from_slice(&frame.into_bytes()).unwrap());
                }
                HostEffect::Send(message) => {
                    self.sent.push_back(serde_json::from_slice(message.raw()).unwrap());
                }
            }
        }
    }

    /// All that the host was told since.
    fn said(&mut self) -> Vec<Value> {
        self.said.drain(..).collect()
    }

    /// The one thing that the host was told since.
    fn said_one(&mut self) -> Value {
        let mut said = self.said();
        assert_eq!(said.len(), 1, "{said:#?}");
        said.remove(0)
    }

    /// All that was sent since.
    fn sent(&mut self) -> Vec<Value> {
        self.sent.drain(..).collect()
    }

    /// The next thing that was sent, which has this method.
    fn sent_one(&mut self, method: &str) -> Value {
        let next = self.sent.pop_front().unwrap_or_else(|| panic!("nothing, not `{method}`"));
        assert_eq!(next["method"], method, "{next:#}");
        next
    }

    fn nothing_more(&mut self) {
        assert_eq!(self.said(), Vec::<Value>::new());
        assert_eq!(self.sent(), Vec::<Value>::new());
    }
}
