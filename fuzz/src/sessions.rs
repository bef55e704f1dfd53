//! Sessions of a modern host in front of a legacy server, with whatever messages come.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use bytes::Bytes;
use mcp_tether::eras::Numbers;
use mcp_tether::eras::modern_host::{HostContext, HostEffect, ModernHost};
use mcp_tether::error::{Failure, FailureKind};
use mcp_tether::jsonrpc::{Message, MessageKind, RequestId};

/// Each line is a step: `h` a message of the host, `a` an answer to the oldest request of ours, `z`
/// to the newest, `r` a message of the remote, `t` time passes. Each request of the host is
/// answered exactly once unless it was given up, none of ours uses an id twice, and nothing that is
/// said is malformed (E-05, E-06).
pub fn modern_host(input: &[u8]) {
    let mut play = Play { now: Instant::now(), ..Play::new() };
    for line in input.split(|byte| *byte == b'\n').take(64) {
        let Some((step, text)) = line.split_first() else { continue };
        play.step(*step, text);
        play.look();
    }
    play.work(|host, cx| host.leave(cx));
    let failure = Failure::new(FailureKind::Lost, "the end").hint("");
    play.work(|host, cx| host.finish(&failure, cx));
    play.look();
    for (id, owed) in &play.owed {
        assert!(*owed == 0 || play.given_up.contains(id), "{id:?} was never answered");
    }
}

struct Play {
    host: ModernHost,
    now: Instant,
    numbers: Numbers,
    effects: Vec<HostEffect>,
    /// Requests of the host that have no answer yet.
    owed: HashMap<RequestId, u32>,
    given_up: HashSet<RequestId>,
    /// Requests of ours without an answer, oldest first, and every id that was used.
    open: Vec<RequestId>,
    used: HashSet<RequestId>,
    questions: HashSet<RequestId>,
    last_question: u64,
}

impl Play {
    fn new() -> Self {
        Self {
            host: ModernHost::new(),
            now: Instant::now(),
            numbers: Numbers::default(),
            effects: Vec::new(),
            owed: HashMap::new(),
            given_up: HashSet::new(),
            open: Vec::new(),
            used: HashSet::new(),
            questions: HashSet::new(),
            last_question: 1_000_000,
        }
    }

    fn step(&mut self, step: u8, text: &[u8]) {
        if step == b't' {
            self.now += Duration::from_secs(text.len() as u64);
            return self.work(|host, cx| host.handle_timers(cx));
        }
        let Ok(message) = Message::parse(Bytes::copy_from_slice(text)) else { return };
        let is_answer =
            matches!(message.kind(), MessageKind::Response | MessageKind::ErrorResponse);
        match step {
            b'h' if !is_answer => self.host_says(message),
            b'a' | b'z' if is_answer && !self.open.is_empty() => {
                let at = if step == b'a' { 0 } else { self.open.len() - 1 };
                let id = self.open.remove(at);
                self.work(|host, cx| host.handle_answer(&id, &with_id(&message, &id), cx));
            }
            b'r' if !is_answer => {
                let mut message = message;
                if message.kind() == MessageKind::Request {
                    self.last_question += 1;
                    let id = RequestId::from(self.last_question);
                    message = with_id(&message, &id);
                    self.questions.insert(id);
                }
                let owner = self.open.last().cloned();
                self.work(|host, cx| host.handle_remote_message(&message, owner.as_ref(), cx));
            }
            _ => {}
        }
    }

    fn work(&mut self, event: impl FnOnce(&mut ModernHost, &mut HostContext<'_>)) {
        let (numbers, effects) = (&mut self.numbers, &mut self.effects);
        event(&mut self.host, &mut HostContext { now: self.now, numbers, effects });
    }

    fn host_says(&mut self, message: Message) {
        #[derive(serde::Deserialize)]
        struct Cancelled {
            #[serde(rename = "requestId")]
            id: serde_json::Value,
        }
        if let Some(id) = message.id() {
            // An id that is open twice cannot be told apart in the answers.
            if self.owed.get(id).is_some_and(|owed| *owed > 0) {
                return;
            }
            *self.owed.entry(id.clone()).or_default() += 1;
            self.given_up.remove(id);
        } else if message.method() == "notifications/cancelled" {
            let id = message.params_as::<Cancelled>().map(|cancelled| cancelled.id.to_string());
            self.given_up.extend(id.and_then(|id| RequestId::from_json(&id)));
        }
        self.work(|host, cx| host.handle(message, cx));
    }

    fn look(&mut self) {
        for effect in std::mem::take(&mut self.effects) {
            match effect {
                HostEffect::Say(frame) => {
                    let line = frame.into_bytes();
                    assert!(!line.contains(&b'\n'), "one line");
                    let said = Message::parse(line).expect("what is said is a message");
                    if let (MessageKind::Response | MessageKind::ErrorResponse, Some(id)) =
                        (said.kind(), said.id())
                    {
                        let owed = self.owed.get_mut(id).expect("an answer to what was asked");
                        *owed = owed.checked_sub(1).expect("answered once");
                    }
                }
                HostEffect::Send(message) => self.sent(&message),
            }
        }
    }

    fn sent(&mut self, message: &Message) {
        let again = Message::parse(message.raw().clone()).expect("what is sent is a message");
        assert_eq!(again.params(), message.params());
        match (message.kind(), message.id()) {
            (MessageKind::Request, Some(id)) => {
                assert!(self.used.insert(id.clone()), "an id is used once");
                self.open.push(id.clone());
            }
            (MessageKind::Response | MessageKind::ErrorResponse, Some(id)) => {
                assert!(self.questions.remove(id), "a question is answered once");
            }
            _ => {}
        }
    }
}

fn with_id(message: &Message, id: &RequestId) -> Message {
    Message::parse(message.with_id(&id.to_json()).into_bytes()).expect("still a message")
}
