//! Sessions of a legacy host with a modern remote, with whatever messages come.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use mcp_tether::eras::{
    AdapterContext, AdapterOptions, Exchange, ModernRemote, Numbers, RemoteEffect,
};
use mcp_tether::error::{Failure, FailureKind};
use mcp_tether::jsonrpc::{Message, MessageKind};

const DISCOVERED: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete",
"supportedVersions":["2026-07-28"],"capabilities":{"tools":{"listChanged":true},"resources":
{"subscribe":true},"logging":{},"extensions":{"io.modelcontextprotocol/tasks":{}}},"_meta":{}}}"#;
const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{
"protocolVersion":"2025-11-25","capabilities":{"roots":{},"sampling":{},"elicitation":{}},
"clientInfo":{"name":"h","version":"1"}}}"#;

/// Each line is a step: `h` a message of the host, `a` an answer of the remote to its oldest
/// exchange, `z` to the newest, `n` a notification on the newest, `q` the host's answer to the
/// oldest question, `e` the newest exchange breaks, `x` the host gives its oldest request up, `t`
/// time passes. Each request of the host ends exactly once unless it was given up, and nothing that
/// is sent is malformed (E-05, E-06, S-08).
pub fn modern_remote(input: &[u8]) {
    let Some(mut play) = Play::open() else { panic!("the remote is one") };
    for line in input.split(|byte| *byte == b'\n').take(64) {
        let Some((step, text)) = line.split_first() else { continue };
        play.step(*step, text);
    }
    play.end();
}

struct Play {
    remote: ModernRemote,
    numbers: Numbers,
    now: Instant,
    /// Requests of the host that have not ended, oldest first.
    owed: Vec<u64>,
    /// Exchanges of ours that the remote may still answer, oldest first.
    open: Vec<u64>,
    used: HashSet<u64>,
    questions: Vec<u64>,
}

impl Play {
    fn open() -> Option<Self> {
        let options = AdapterOptions {
            host_name: "host".to_owned(),
            limit: Some(Duration::from_secs(600)),
            extensions: Vec::new(),
        };
        let remote = ModernRemote::new(&Message::parse(DISCOVERED).ok()?, options)?;
        let mut play = Self {
            remote,
            numbers: Numbers::default(),
            now: Instant::now(),
            owed: Vec::new(),
            open: Vec::new(),
            used: HashSet::new(),
            questions: Vec::new(),
        };
        play.step(b'h', INITIALIZE.as_bytes());
        Some(play)
    }

    fn step(&mut self, step: u8, text: &[u8]) {
        match step {
            b't' => {
                self.now += Duration::from_secs(text.len() as u64);
                return self.turn(|remote, turn| remote.handle_timers(turn));
            }
            b'x' if !self.owed.is_empty() => {
                let number = self.owed.remove(0);
                return self.turn(|remote, turn| remote.cancel(number, turn));
            }
            b'e' if !self.open.is_empty() => return self.breaks(self.open.len() - 1),
            _ => {}
        }
        let Ok(message) = Message::parse(Bytes::copy_from_slice(text)) else { return };
        let is_answer =
            matches!(message.kind(), MessageKind::Response | MessageKind::ErrorResponse);
        match step {
            b'h' if message.kind() == MessageKind::Request => {
                let number = self.numbers.fresh();
                self.owed.push(number);
                self.turn(|remote, turn| remote.handle_request(number, &message, turn));
            }
            b'h' if message.kind() == MessageKind::Notification => {
                let number = self.numbers.fresh();
                self.turn(|remote, turn| remote.handle_notification(number, &message, turn));
            }
            b'a' | b'z' if is_answer && !self.open.is_empty() => {
                let exchange = self.open.remove(if step == b'a' { 0 } else { self.open.len() - 1 });
                self.turn(|remote, turn| remote.handle_message(exchange, &message, turn));
            }
            b'n' if !is_answer => {
                let Some(exchange) = self.open.last().copied() else { return };
                self.turn(|remote, turn| remote.handle_message(exchange, &message, turn));
            }
            b'q' if is_answer && !self.questions.is_empty() => {
                let id = self.questions.remove(0);
                self.turn(|remote, turn| remote.handle_host_answer(id, &message, turn));
            }
            _ => {}
        }
    }

    fn breaks(&mut self, at: usize) {
        let exchange = self.open.remove(at);
        let failure = Failure::new(FailureKind::Lost, "it broke").hint("");
        self.turn(|remote, turn| remote.handle_end(exchange, Some(failure), turn));
    }

    /// Everything breaks, nobody answers, time passes: then no request may be left.
    fn end(&mut self) {
        for _ in 0..64 {
            while !self.open.is_empty() {
                self.breaks(0);
            }
            while !self.questions.is_empty() {
                self.step(b'q', br#"{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"no"}}"#);
            }
            if self.owed.is_empty() {
                return;
            }
            self.now += Duration::from_secs(700);
            self.turn(|remote, turn| remote.handle_timers(turn));
        }
        panic!("{} requests never ended", self.owed.len());
    }

    fn turn(
        &mut self,
        work: impl FnOnce(&mut ModernRemote, &mut AdapterContext<'_, RemoteEffect>),
    ) {
        let mut effects = Vec::new();
        let mut turn =
            AdapterContext { now: self.now, numbers: &mut self.numbers, effects: &mut effects };
        work(&mut self.remote, &mut turn);
        for effect in effects {
            self.take(effect);
        }
    }

    fn take(&mut self, effect: RemoteEffect) {
        let told = |bytes: Bytes| {
            assert!(!bytes.contains(&b'\n'), "one line");
            Message::parse(bytes).expect("what is told is a message")
        };
        match effect {
            RemoteEffect::Answer { number, answer, edits } => {
                told(answer.edited(&edits).unwrap().into_bytes());
                self.ended(number);
            }
            RemoteEffect::Fail { number, .. }
            | RemoteEffect::Doubted { number, .. }
            | RemoteEffect::Forget(number) => self.ended(number),
            RemoteEffect::Accepted(_) => {}
            RemoteEffect::Notify(frame) => {
                assert_eq!(told(frame.into_bytes()).kind(), MessageKind::Notification);
            }
            RemoteEffect::Ask { question, .. } => {
                let id = question.id().expect("a question has an id").to_json();
                self.questions.push(id.parse().expect("a number of ours"));
            }
            RemoteEffect::Withdraw(id) => self.questions.retain(|question| *question != id),
            RemoteEffect::Exchange(exchange) => self.sent(exchange),
            RemoteEffect::Close(exchange) => self.open.retain(|open| *open != exchange),
        }
    }

    fn ended(&mut self, number: u64) {
        let at = self.owed.iter().position(|owed| *owed == number);
        self.owed.remove(at.expect("a request ends once"));
    }

    fn sent(&mut self, exchange: Exchange) {
        assert!(self.used.insert(exchange.number), "a number is used once");
        let sent = Message::parse(exchange.frame.into_bytes()).expect("what is sent is a message");
        if exchange.is_request {
            assert_eq!(sent.id().map(|id| id.to_json()), Some(exchange.number.to_string()));
        }
        self.open.push(exchange.number);
        for (name, value) in exchange.headers {
            assert!(HeaderName::from_bytes(name.as_bytes()).is_ok(), "{name:?}");
            assert!(HeaderValue::from_str(&value).is_ok(), "{value:?}");
        }
    }
}
