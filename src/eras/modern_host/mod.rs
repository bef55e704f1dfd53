//! A modern host with a legacy server: towards the loop this adapter looks like a legacy host that
//! opens sessions, subscribes, and answers the server's questions.
//!
//! It does no I/O and has no clock; it emits [`HostEffect`]s. The loop decides whether a message
//! waits for a session, is lost with it, or is sent again.

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

use self::calls::HostCall;
use self::envelope::RequestEnvelope;
use self::listens::Listens;
use self::logs::SessionLogLevel;
use self::refusal::RequestRefusal;
use self::session::LegacySession;
use self::timers::{Timer, TimerQueue};
use crate::eras::adapter_context::AdapterContext;
use crate::eras::duplicate_members;
use crate::eras::host::is_refused_before_legacy;
use crate::error::Failure;
use crate::jsonrpc::{Frame, Message, MessageKind, RequestId};
use crate::protocol::{LogLevel, meta, methods};

pub use discover::{conservative_discover, discover_result};
pub use results::translate_answer;

/// An effect for the loop.
#[derive(Debug)]
pub enum HostEffect {
    /// Write one line to the host.
    Say(Frame),
    /// Handle this like a legacy host's message: a request with our own id, a notification, or an
    /// answer to a request of the remote under the id that the loop gave it.
    Send(Message),
}

/// The context for handling one event.
pub type HostContext<'a> = AdapterContext<'a, HostEffect>;

/// The purpose of one of our requests.
#[derive(Debug)]
enum RequestPurpose {
    /// It opens a session.
    Initialize,
    /// It sets the log level of the session.
    Level(LogLevel),
    /// It subscribes to this resource.
    Subscribe(String),
    /// It ends a subscription.
    Unsubscribe(String),
    /// It carries this call of the host.
    Call(u64),
    /// It asks for the state of the task behind this call.
    TaskStatus(u64),
    /// Its answer is ignored.
    Own,
}

/// The stream on which the remote sent a message (E-38).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RemoteStream {
    /// The one that answers this call.
    OfCall(u64),
    /// One that answers something else.
    OfOther,
    /// One that answers nothing.
    Own,
}

/// What an open request of the host waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OpenHostRequest {
    /// The answer to `server/discover`.
    Discover,
    /// The session; the request has not been sent yet.
    Waiting,
    /// The answer to a call.
    Call(u64),
    /// Nothing: it is this stream of notifications.
    Listen(u64),
}

/// The adapter for a modern host.
#[derive(Debug, Default)]
pub struct ModernHost {
    asked: HashMap<u64, RequestPurpose>,
    host_ids: HashMap<RequestId, OpenHostRequest>,
    calls: BTreeMap<u64, HostCall>,
    /// The calls that the host may continue, by `requestState`.
    handles: HashMap<String, u64>,
    session: LegacySession,
    logs: SessionLogLevel,
    listens: Listens,
    timers: TimerQueue,
}

impl ModernHost {
    /// An adapter for a host that has sent nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Handles a request or notification from the host. Answers are ignored, because the host is
    /// never asked anything (T-09).
    pub fn handle(&mut self, message: Message, cx: &mut HostContext<'_>) {
        match message.kind() {
            MessageKind::Request => self.handle_request(message, cx),
            MessageKind::Notification => self.handle_notification(message, cx),
            MessageKind::Response | MessageKind::ErrorResponse => {
                tracing::warn!("ignored an answer: hosts of this revision are never asked");
            }
        }
    }

    fn handle_request(&mut self, message: Message, cx: &mut HostContext<'_>) {
        let Some(id) = message.id().cloned() else { return };
        if self.host_ids.contains_key(&id) {
            let code = crate::protocol::codes::INVALID_REQUEST;
            let text = "this id belongs to a request that is still open";
            return self.refuse(&id, &RequestRefusal::plain(code, text), cx);
        }
        if is_refused_before_legacy(message.method()) {
            return self.refuse(&id, &RequestRefusal::unknown_method(message.method()), cx);
        }
        let also = [meta::rounds::RESPONSES, meta::rounds::STATE];
        if let Some(member) = duplicate_members::find_duplicate_member(&message, &also) {
            return self.refuse(
                &id,
                &RequestRefusal::invalid(duplicate_members::refusal(member)),
                cx,
            );
        }
        match RequestEnvelope::read(&message) {
            Ok(envelope) if message.method() == methods::DISCOVER => {
                self.discover(id, &envelope, cx)
            }
            Ok(envelope) => self.serve(id, message, envelope, cx),
            Err(refusal) => self.refuse(&id, &refusal, cx),
        }
    }

    /// Serves a request if the session is open; otherwise holds it.
    fn serve(
        &mut self,
        id: RequestId,
        message: Message,
        envelope: RequestEnvelope,
        cx: &mut HostContext<'_>,
    ) {
        // A retry continues a call, which has a session already.
        if retries::is_retry(&message) {
            return self.retry(id, message, envelope, cx);
        }
        if !self.has_session_for(&envelope, cx) {
            return self.wait_for_session(id, message, envelope, cx);
        }
        match message.method() {
            methods::LISTEN => self.listen(id, &message, cx),
            _ => self.call(id, message, envelope, cx),
        }
    }

    /// Handles the answer to our request with this id.
    pub fn handle_answer(&mut self, id: &RequestId, answer: &Message, cx: &mut HostContext<'_>) {
        let asked = number_of(Some(id)).and_then(|number| self.asked.remove(&number));
        let Some(asked) = asked else {
            return tracing::debug!("ignored an answer to a request that is not open");
        };
        match asked {
            RequestPurpose::Initialize => self.session_answered(answer, cx),
            RequestPurpose::Level(level) => self.level_answered(level, answer, cx),
            RequestPurpose::Subscribe(uri) => {
                self.subscribed(&uri, answer.kind() == MessageKind::Response, cx)
            }
            RequestPurpose::Unsubscribe(uri) => self.unsubscribed(&uri, cx),
            RequestPurpose::Call(call) => self.call_answered(call, answer, cx),
            RequestPurpose::TaskStatus(call) => self.task_status(call, answer, cx),
            RequestPurpose::Own => {}
        }
    }

    /// Handles a request or notification from the remote. A request has the id under which it is to
    /// be answered; `owner` is our id of the request on whose stream it arrived, if there is one
    /// (E-38).
    pub fn handle_remote_message(
        &mut self,
        message: &Message,
        owner: Option<&RequestId>,
        cx: &mut HostContext<'_>,
    ) {
        let stream = match number_of(owner).and_then(|number| self.asked.get(&number)) {
            Some(RequestPurpose::Call(call)) => RemoteStream::OfCall(*call),
            Some(_) => RemoteStream::OfOther,
            None if owner.is_some() => RemoteStream::OfOther,
            None => RemoteStream::Own,
        };
        match message.kind() {
            MessageKind::Request => self.handle_remote_request(message, stream, cx),
            MessageKind::Notification => self.handle_remote_notification(message, stream, cx),
            MessageKind::Response | MessageKind::ErrorResponse => {}
        }
    }

    /// When [`Self::handle_timers`] has to be called next.
    pub fn due(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Runs the timers that are due.
    pub fn handle_timers(&mut self, cx: &mut HostContext<'_>) {
        while let Some(timer) = self.timers.take_due(cx.now) {
            match timer {
                Timer::Round { call, round } => self.end_collecting(call, round, cx),
                Timer::Expire { call, round } => self.expire(call, round, cx),
                Timer::Resend { call, round } => self.resend(call, round, cx),
                Timer::Poll { call } => self.poll_task(call, cx),
                Timer::Acknowledge { listen } => self.acknowledge(listen, cx),
            }
        }
    }

    /// Returns whether a request with this id is open.
    pub fn knows(&self, id: &RequestId) -> bool {
        self.host_ids.contains_key(id)
    }

    /// Returns whether the host waits for an answer, other than the end of a stream of
    /// notifications.
    pub fn waits(&self) -> bool {
        self.host_ids.values().any(|place| !matches!(place, OpenHostRequest::Listen(_)))
    }

    /// Returns whether the host has open requests or streams, or calls to continue.
    pub fn is_used(&self) -> bool {
        !self.host_ids.is_empty() || !self.calls.is_empty()
    }

    /// Cancels the calls that only the host could continue, because it has closed its input.
    pub fn leave(&mut self, cx: &mut HostContext<'_>) {
        let suspended: Vec<u64> = self.suspended().collect();
        for call in suspended {
            self.abandon(call, "the host has left", cx);
        }
    }

    /// Answers all open requests with `failure`, because nothing more will arrive. Streams end
    /// gracefully (`basic/patterns/subscriptions`, graceful closure).
    pub fn finish(&mut self, failure: &Failure, cx: &mut HostContext<'_>) {
        let mut ids: Vec<(RequestId, OpenHostRequest)> = self.host_ids.drain().collect();
        ids.sort_by_key(|(id, _)| id.to_json());
        for (id, place) in ids {
            let line = match place {
                OpenHostRequest::Listen(_) => {
                    filter::closing_response(&id, self.session.server_info())
                }
                _ => failure.to_response(&id),
            };
            cx.emit(HostEffect::Say(Frame::from(line)));
        }
        self.calls.clear();
        self.asked.clear();
    }

    /// Answers the host's request with this id.
    fn answer(&mut self, id: &RequestId, line: Frame, cx: &mut HostContext<'_>) {
        self.host_ids.remove(id);
        cx.emit(HostEffect::Say(line));
    }

    fn refuse(&mut self, id: &RequestId, refusal: &RequestRefusal, cx: &mut HostContext<'_>) {
        cx.emit(HostEffect::Say(Frame::from(refusal.to_response(id))));
    }

    fn fail(&mut self, id: &RequestId, failure: &Failure, cx: &mut HostContext<'_>) {
        tracing::info!(kind = failure.kind.name(), "{}", failure.message);
        self.answer(id, Frame::from(failure.to_response(id)), cx);
    }

    /// Sends one of our requests; returns its id.
    fn ask(
        &mut self,
        purpose: RequestPurpose,
        method: &str,
        params: &Value,
        cx: &mut HostContext<'_>,
    ) -> u64 {
        let number = cx.numbers.fresh();
        self.asked.insert(number, purpose);
        let message = Message::request(&number.into(), method, Some(&params.to_string()));
        cx.emit(HostEffect::Send(message));
        number
    }

    /// Sends one of our notifications; `params` is JSON text.
    fn notify(&mut self, method: &str, params: Option<&str>, cx: &mut HostContext<'_>) {
        cx.emit(HostEffect::Send(Message::notification(method, params)));
    }
}

/// The number of one of our requests, from its id.
fn number_of(id: Option<&RequestId>) -> Option<u64> {
    id?.as_own_number()
}
