//! One random conversation.

use std::time::Duration;

use mcp_tether::bridge::Ended;
use mcp_tether::protocol::{Era, ProtocolVersion};
use mcp_tether::remote::TransportChoice;
use mcp_tether_mock::{AnswerFormat, MockOptions};
use serde_json::{Value, json};

use super::checker::{Checker, Expected};
use super::draw::Draw;
use super::mutations::{Lines, Mutation};
use crate::support::harness::{Harness, PATIENCE, initialize, modern};

/// The number of actions of a host in one conversation.
const STEPS: u64 = 60;
/// How long the host waits for a line before it does the next thing.
const GLANCE: Duration = Duration::from_millis(2);

/// Right answers in odd forms.
const FORMS: [&str; 17] = [
    "chunk=1",
    "chunk=7",
    "pretty",
    "comments",
    "dataless",
    "retry=10",
    "bom",
    "line-ending=cr",
    "line-ending=crlf",
    "gzip",
    "noise",
    "heartbeat=5",
    "duplicate",
    "no-ids",
    "answer=sse",
    "event-delay=3",
    "delay=5",
];

/// Temporary mistakes of a server. Damaged content is not compared.
const FAULTS: [&str; 20] = [
    "status=500:times=2",
    "status=503:retry-after=0:times=2",
    "status=429:retry-after=0:times=1",
    "status=404:body=html:times=1",
    "status=400:body=null-id:times=1",
    "disconnect=before-work:times=2",
    "disconnect=before-headers:times=2",
    "disconnect=after-headers:times=2",
    "disconnect=mid-body:times=2",
    "disconnect=mid-event:times=2",
    "disconnect=before-response:times=2",
    "never:times=1",
    "twice:times=2",
    "wrong-id:times=1",
    "truncated:times=2",
    "html:times=1",
    "empty-body:times=1",
    "silent=body:times=1",
    "forget:times=1",
    "drop-stream:times=2",
];

/// A host, a bridge and a server, and the expectations so far.
pub struct Session {
    draw: Draw,
    is_rough: bool,
    host: Era,
    remote: ProtocolVersion,
    harness: Harness,
    checker: Checker,
    lines: Lines,
    last_id: u64,
}

impl Session {
    /// Plays one conversation to its end.
    ///
    /// # Errors The bridge broke a rule.
    pub async fn play(seed: u64, is_rough: bool, mutation: Option<Mutation>) -> Result<(), String> {
        let mut session = Self::new(seed, is_rough, mutation);
        let pair = format!("{:?} host, server of {}", session.host, session.remote);
        let kept = session.converse().await;
        kept.map_err(|what| format!("{pair}: {what}; the server saw {:?}", session.harness.trail()))
    }

    fn new(seed: u64, is_rough: bool, mutation: Option<Mutation>) -> Self {
        let mut draw = Draw::new(seed);
        let host = *draw.one_of(&[Era::Legacy, Era::Modern]);
        let remote = *draw.one_of(&[
            ProtocolVersion::V2024_11_05,
            ProtocolVersion::V2025_11_25,
            ProtocolVersion::V2026_07_28,
        ]);
        let answers = *draw.one_of(&[AnswerFormat::Json, AnswerFormat::Sse]);
        let options = MockOptions { protocol: remote.into(), answers, ..MockOptions::default() };
        // Nothing is silent for long but a server that misbehaves.
        let limit = Some(if is_rough { Duration::from_secs(3) } else { PATIENCE });
        let harness = Harness::with(options, |options| {
            options.remote.limits.headers = limit;
            options.remote.limits.body = limit;
            options.remote.limits.opening = Duration::from_secs(3);
            if remote == ProtocolVersion::V2024_11_05 {
                options.remote.transport = TransportChoice::SseOnly;
            }
        });
        let (checker, lines) = (Checker::new(is_rough), Lines::new(mutation, seed));
        Self { draw, is_rough, host, remote, harness, checker, lines, last_id: 0 }
    }

    async fn converse(&mut self) -> Result<(), String> {
        self.open().await?;
        for _ in 0..STEPS {
            self.step().await;
            while let Ok(Some(line)) =
                tokio::time::timeout(GLANCE, self.harness.host.receive()).await
            {
                self.take(line).await?;
            }
        }
        self.harness.fault(&[]);
        self.settle().await?;
        self.works_again().await?;
        let ended = self.harness.leave().await;
        self.lines.finish();
        self.check().await?;
        for message in self.harness.set_aside() {
            self.checker.take(message.to_string().as_bytes())?;
        }
        if ended == Ended::HostLeft { Ok(()) } else { Err(format!("ended: {ended:?}")) }
    }

    async fn open(&mut self) -> Result<(), String> {
        if self.host == Era::Modern {
            return Ok(());
        }
        self.checker.ask(json!("init"), Expected::Anything);
        self.harness.send(&initialize("2025-11-25")).await;
        self.settle().await?;
        self.harness.notify("notifications/initialized", json!({})).await;
        Ok(())
    }

    async fn step(&mut self) {
        match self.draw.below(16) {
            0..=4 => self.echo().await,
            5 => self.burst().await,
            6 => {
                self.ask("tools/call", tool("slow", json!({ "ms": 30 })), Expected::Anything).await
            }
            7 => {
                let tools = ["ask_user", "ask_model", "ask_roots"];
                let name: &str = self.draw.one_of::<&str>(&tools);
                let tool = tool(name, json!({}));
                self.ask("tools/call", tool, Expected::Anything).await;
            }
            8 => self.ask("tools/list", json!({}), Expected::Anything).await,
            9 => self.ask("resources/list", json!({}), Expected::Anything).await,
            10 => {
                let params = json!({ "uri": "lab://greeting" });
                self.ask("resources/read", params, Expected::Anything).await;
            }
            11 => self.cancel().await,
            12 => {
                let method = "notifications/tools/list_changed";
                self.harness.mock.push_notification(method, &json!({}));
            }
            _ => self.change_server(),
        }
    }

    /// Changes how the server behaves from now on.
    fn change_server(&mut self) {
        let mut faults = Vec::new();
        for _ in 0..self.draw.below(4) {
            faults.push(*self.draw.one_of(&FORMS));
        }
        if faults.contains(&"duplicate") {
            // Only its id distinguishes a replay from a second event.
            faults.retain(|fault| !matches!(*fault, "no-ids" | "dataless"));
        }
        if self.is_rough {
            faults.push(*self.draw.one_of(&FAULTS));
        }
        self.harness.fault(&faults);
    }

    async fn echo(&mut self) {
        let arguments = json!({ "n": self.last_id, "text": self.draw.text() });
        let expected = Expected::Text(arguments.to_string());
        self.ask("tools/call", tool("echo", arguments), expected).await;
    }

    async fn burst(&mut self) {
        // A modern host is sent no log messages that it has not asked for.
        if !self.checker.may_number() || self.host == Era::Modern {
            return;
        }
        let is_owed = self.remote != ProtocolVersion::V2026_07_28;
        let count = 1 + self.draw.below(30);
        let expected = if is_owed { Expected::Numbered(count) } else { Expected::Anything };
        self.ask("tools/call", tool("burst", json!({ "count": count })), expected).await;
    }

    async fn cancel(&mut self) {
        let mut open = self.checker.open();
        open.sort_by_key(Value::to_string);
        if open.is_empty() {
            return;
        }
        let id = self.draw.one_of(&open).clone();
        self.checker.cancel(&id);
        let params = json!({ "requestId": id, "reason": "no longer needed" });
        self.harness.notify("notifications/cancelled", params).await;
    }

    async fn ask(&mut self, method: &str, params: Value, expected: Expected) {
        self.last_id += 1;
        let id = if self.draw.one_in(3) {
            json!(format!("id-{}", self.last_id))
        } else {
            json!(self.last_id)
        };
        let everything =
            json!({ "roots": {}, "sampling": {}, "elicitation": { "form": {}, "url": {} } });
        let params = if self.host == Era::Modern { modern(params, everything) } else { params };
        self.checker.ask(id.clone(), expected);
        let line = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.harness.send(&line.to_string()).await;
    }

    /// Waits until nothing is open.
    async fn settle(&mut self) -> Result<(), String> {
        while !self.checker.open().is_empty() {
            match tokio::time::timeout(PATIENCE, self.harness.host.receive()).await {
                Ok(Some(line)) => self.take(line).await?,
                Ok(None) => return Err("the bridge has ended".to_owned()),
                Err(_) => return Err(format!("unanswered: {}", self.checker.describe_open())),
            }
        }
        Ok(())
    }

    /// Checks that a call succeeds once all faults are gone, at the latest at the third attempt:
    /// the first may find a lost session.
    async fn works_again(&mut self) -> Result<(), String> {
        let mut last = Value::Null;
        for _ in 0..3 {
            let params = tool("echo", json!({ "again": true }));
            self.ask("tools/call", params, Expected::Anything).await;
            let asked = self.checker.open();
            last = self.answer_to(&asked[0]).await?;
            if last["result"].is_object() {
                return Ok(());
            }
        }
        Err(format!("does not recover: {last}"))
    }

    async fn answer_to(&mut self, id: &Value) -> Result<Value, String> {
        loop {
            let line = tokio::time::timeout(PATIENCE, self.harness.host.receive()).await;
            let line = line.map_err(|_| "no answer at the end")?.ok_or("the bridge has ended")?;
            let message: Value =
                serde_json::from_slice(&line).map_err(|error| error.to_string())?;
            self.take(line).await?;
            if message["id"] == *id && message["method"].is_null() {
                return Ok(message);
            }
        }
    }

    async fn take(&mut self, line: bytes::Bytes) -> Result<(), String> {
        self.lines.put(line);
        self.check().await
    }

    async fn check(&mut self) -> Result<(), String> {
        while let Some(line) = self.lines.take() {
            if let Some(answer) = self.checker.take(&line)? {
                self.harness.send(&answer.to_string()).await;
            }
        }
        Ok(())
    }
}

fn tool(name: &str, arguments: Value) -> Value {
    json!({ "name": name, "arguments": arguments })
}
