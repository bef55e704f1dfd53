//! A host of 2026-07-28 in front of a legacy server: towards the loop it looks like a
//! legacy host that opens sessions, subscribes and answers the server's questions.
//!
//! It does no I/O and keeps no clock; what has to happen comes out as [`HostEffect`]s. Whether a
//! message waits for a session, is lost with it, or goes out once more is the loop's business.

mod calls;
mod cancellation;
mod capabilities;
mod discover;
mod envelope;
mod filter;
mod inputs;
mod listens;
mod logs;
mod notifications;
mod progress;
mod refusal;
mod results;
mod retries;
mod session;
mod tasks;
mod timers;
mod urls;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use serde_json::Value;

use self::calls::Call;
use self::envelope::Envelope;
use self::listens::Listens;
use self::logs::Logs;
use self::refusal::Refusal;
use self::session::Session;
use self::timers::{Timer, Timers};
use crate::eras::doubled;
use crate::error::Failure;
use crate::jsonrpc::{Frame, Kind, Message, RequestId};
use crate::protocol::{LogLevel, meta, methods};

pub use discover::{conservative_discover, discover_result};
pub use results::shown;

/// Methods that went away with 2026-07-28, or that legacy tasks have and the extension has not
/// (E-16), and those of the extension, which is not carried (E-73).
const REFUSED: [&str; 9] = [
    methods::PING,
    methods::SET_LEVEL,
    methods::SUBSCRIBE,
    methods::UNSUBSCRIBE,
    methods::TASKS_RESULT,
    methods::TASKS_LIST,
    methods::TASKS_GET,
    methods::TASKS_UPDATE,
    methods::TASKS_CANCEL,
];

/// What has to happen, in this order.
#[derive(Debug)]
pub enum HostEffect {
    /// One line for the host.
    Say(Frame),
    /// What a legacy host would write: a request with an id of ours, a notification, or an answer
    /// to a request of the remote under the id that it was given to us with.
    Send(Message),
}

/// Why a request of ours is open.
#[derive(Debug)]
enum Asked {
    /// It opens a session.
    Initialize,
    /// It sets the log level of the session.
    Level(LogLevel),
    /// It subscribes to this resource.
    Subscribe(String),
    /// It ends such a subscription.
    Unsubscribe(String),
    /// It carries a call of the host.
    Call(u64),
    /// It asks how the task behind a call stands.
    TaskStatus(u64),
    /// Nobody waits for its answer.
    Own,
}

/// The stream on which a message of the remote came (E-38).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stream {
    /// The one that answers this call.
    OfCall(u64),
    /// One that answers something else.
    OfOther,
    /// One that answers nothing.
    Own,
}

/// What the host waits for under one id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// What the server can do.
    Discover,
    /// The session; the request has not begun.
    Waiting,
    /// The answer to a call.
    Call(u64),
    /// Nothing in particular: a stream of notifications.
    Listen(u64),
}

/// The host's side of the translation.
#[derive(Debug, Default)]
pub struct ModernHost {
    effects: Vec<HostEffect>,
    /// Numbers our requests, the calls and the listens: none is used twice (E-05).
    last_number: u64,
    asked: HashMap<u64, Asked>,
    host_ids: HashMap<RequestId, Place>,
    calls: BTreeMap<u64, Call>,
    /// Calls that the host may take up again, by `requestState`.
    handles: HashMap<String, u64>,
    session: Session,
    logs: Logs,
    listens: Listens,
    timers: Timers,
}

impl ModernHost {
    /// A host of which nothing is known yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A request or notification of the host. It has no answers to give (T-09).
    pub fn take(&mut self, message: Message, now: Instant) {
        match message.kind() {
            Kind::Request => self.take_request(message, now),
            Kind::Notification => self.take_notification(message),
            Kind::Response | Kind::ErrorResponse => {
                tracing::warn!("ignored an answer: hosts of this revision are asked nothing");
            }
        }
    }

    fn take_request(&mut self, message: Message, now: Instant) {
        let Some(id) = message.id().cloned() else { return };
        if self.host_ids.contains_key(&id) {
            let code = crate::protocol::codes::INVALID_REQUEST;
            let text = "this id belongs to a request that is still open";
            return self.refuse(&id, &Refusal::plain(code, text));
        }
        if REFUSED.contains(&message.method()) {
            return self.refuse(&id, &Refusal::unknown_method(message.method()));
        }
        let also = [meta::rounds::RESPONSES, meta::rounds::STATE];
        if let Some(member) = doubled::doubled_member(&message, &also) {
            return self.refuse(&id, &Refusal::invalid(doubled::refusal(member)));
        }
        match Envelope::read(&message) {
            Ok(envelope) if message.method() == methods::DISCOVER => self.discover(id, &envelope),
            Ok(envelope) => self.serve(id, message, envelope, now),
            Err(refusal) => self.refuse(&id, &refusal),
        }
    }

    /// Serves a request now if the session is open, and lets it wait else.
    fn serve(&mut self, id: RequestId, message: Message, envelope: Envelope, now: Instant) {
        // A retry goes on with a call that has its session already.
        if retries::is_retry(&message) {
            return self.retry(id, message, envelope, now);
        }
        if !self.has_session_for(&envelope) {
            return self.wait_for_session(id, message, envelope);
        }
        match message.method() {
            methods::LISTEN => self.listen(id, &message, now),
            _ => self.call(id, message, envelope),
        }
    }

    /// The answer to the request of ours that has this id.
    pub fn take_answer(&mut self, id: &RequestId, answer: &Message, now: Instant) {
        let asked = number_of(Some(id)).and_then(|number| self.asked.remove(&number));
        let Some(asked) = asked else {
            return tracing::debug!("ignored an answer to a request that is not open");
        };
        match asked {
            Asked::Initialize => self.session_answered(answer, now),
            Asked::Level(level) => self.level_answered(level, answer),
            Asked::Subscribe(uri) => self.subscribed(&uri, answer.kind() == Kind::Response),
            Asked::Unsubscribe(uri) => self.unsubscribed(&uri),
            Asked::Call(call) => self.call_answered(call, answer, now),
            Asked::TaskStatus(call) => self.task_status(call, answer, now),
            Asked::Own => {}
        }
    }

    /// A request or notification of the remote. A request has the id under which it is to be
    /// answered; `owner` is our id of the request on whose stream it came, if it came on one
    /// (E-38).
    pub fn take_remote(&mut self, message: &Message, owner: Option<&RequestId>, now: Instant) {
        let stream = match number_of(owner).and_then(|number| self.asked.get(&number)) {
            Some(Asked::Call(call)) => Stream::OfCall(*call),
            Some(_) => Stream::OfOther,
            None if owner.is_some() => Stream::OfOther,
            None => Stream::Own,
        };
        match message.kind() {
            Kind::Request => self.take_remote_request(message, stream, now),
            Kind::Notification => self.take_remote_notification(message, stream, now),
            Kind::Response | Kind::ErrorResponse => {}
        }
    }

    /// The next point in time that matters.
    pub fn due(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// It is `now`: what was due is done.
    pub fn take_time(&mut self, now: Instant) {
        while let Some(timer) = self.timers.take_due(now) {
            match timer {
                Timer::Round { call, round } => self.end_collecting(call, round, now),
                Timer::Expire { call, round } => self.expire(call, round),
                Timer::Resend { call, round } => self.resend(call, round),
                Timer::Poll { call } => self.poll_task(call),
                Timer::Acknowledge { listen } => self.acknowledge(listen),
            }
        }
    }

    /// What has to happen since the last time this was asked.
    pub fn effects(&mut self) -> Vec<HostEffect> {
        std::mem::take(&mut self.effects)
    }

    /// Whether a request of this id is open.
    pub fn knows(&self, id: &RequestId) -> bool {
        self.host_ids.contains_key(id)
    }

    /// Whether the host waits for an answer; a stream of notifications is none.
    pub fn waits(&self) -> bool {
        self.host_ids.values().any(|place| !matches!(place, Place::Listen(_)))
    }

    /// The host has closed its end: calls that only it could take up again are given up.
    pub fn leave(&mut self) {
        let suspended: Vec<u64> = self.suspended().collect();
        for call in suspended {
            self.abandon(call, "the host has left");
        }
    }

    /// Nothing more will come: who waits is told so, and streams end gracefully
    /// (`basic/patterns/subscriptions`, graceful closure).
    pub fn finish(&mut self, failure: &Failure) {
        let mut ids: Vec<(RequestId, Place)> = self.host_ids.drain().collect();
        ids.sort_by_key(|(id, _)| id.to_json());
        for (id, place) in ids {
            let line = match place {
                Place::Listen(_) => filter::farewell(&id, self.session.server_info()),
                _ => failure.to_response(&id),
            };
            self.effects.push(HostEffect::Say(Frame::from(line)));
        }
        self.calls.clear();
        self.asked.clear();
    }

    fn number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// Answers the host's request of this id.
    fn answer(&mut self, id: &RequestId, line: Frame) {
        self.host_ids.remove(id);
        self.effects.push(HostEffect::Say(line));
    }

    fn refuse(&mut self, id: &RequestId, refusal: &Refusal) {
        self.effects.push(HostEffect::Say(Frame::from(refusal.to_response(id))));
    }

    fn fail(&mut self, id: &RequestId, failure: &Failure) {
        tracing::info!(kind = failure.kind.name(), "{}", failure.message);
        self.answer(id, Frame::from(failure.to_response(id)));
    }

    /// Sends a request of ours.
    fn ask(&mut self, purpose: Asked, method: &str, params: &Value) -> u64 {
        let number = self.number();
        self.asked.insert(number, purpose);
        let line = serde_json::json!({
            "jsonrpc": "2.0", "id": number, "method": method, "params": params,
        });
        self.send(&line);
        number
    }

    fn send(&mut self, line: &Value) {
        let message = Message::parse(line.to_string()).expect("what we write is a message");
        self.effects.push(HostEffect::Send(message));
    }
}

/// Our own ids are numbers.
fn number_of(id: Option<&RequestId>) -> Option<u64> {
    match id? {
        RequestId::Integer(digits) => digits.parse().ok(),
        RequestId::Text(_) => None,
    }
}
