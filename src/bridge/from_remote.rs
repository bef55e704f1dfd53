//! What the remote brings: answers to match, notifications to pass on, requests for the host, and
//! the ends of exchanges. Every request of the host is answered exactly once, here or in `fail`.

use serde::Deserialize;
use serde_json::json;

use super::Bridge;
use super::from_host::{cancelled_id, with_cancelled_id};
use super::in_flight::{Held, Purpose, RemoteRequest, asks_a_person};
use crate::error::{Failure, FailureKind};
use crate::jsonrpc::{Edit, Frame, Kind, Message, Overlap, RequestId, result_response};
use crate::protocol::{Era, codes, methods};
use crate::remote::{Outcome, RemoteEvent, Transport, number_of};

impl Bridge {
    pub(super) fn take_event(&mut self, event: RemoteEvent) {
        self.enter(self.lanes.of_generation(event.generation()));
        self.timers.traffic();
        match event {
            RemoteEvent::Opened { exchange, transport, session_id, .. } => {
                let is_step = self.search.as_ref().is_some_and(|search| search.is_at(exchange));
                if is_step || self.in_flight.get(exchange).is_some() {
                    self.take_opened(transport, session_id);
                }
            }
            RemoteEvent::Message { exchange: Some(exchange), message, .. }
                if self.modern.sent(exchange) =>
            {
                self.take_modern_message(exchange, &message);
            }
            RemoteEvent::Ended { exchange, outcome, .. } if self.modern.sent(exchange) => {
                self.take_modern_end(exchange, outcome);
            }
            RemoteEvent::Message { exchange, generation, message } => {
                self.take_remote_message(exchange, generation, &message);
            }
            RemoteEvent::Ended { exchange, generation, outcome } => {
                self.take_end(exchange, generation, outcome);
            }
            RemoteEvent::Listening { generation, offered } => {
                if generation == self.session.generation {
                    self.take_pushes(offered);
                }
            }
            RemoteEvent::SessionLost { generation } => {
                if matches!(self.remote.transport(), Some(Transport::HttpSse { .. })) {
                    self.stream_lost(generation);
                }
                self.session_lost_unasked(generation);
            }
            RemoteEvent::SessionDoubted { generation } => {
                if generation == self.session.generation && self.opening.is_ready() {
                    self.ping();
                }
            }
        }
    }

    fn take_remote_message(&mut self, exchange: Option<u64>, generation: u32, message: &Message) {
        match message.kind() {
            Kind::Response | Kind::ErrorResponse => self.take_answer(exchange, message),
            Kind::Request if generation != self.session.generation => {
                tracing::debug!("dropped a request of a session that is gone");
            }
            Kind::Request => self.take_remote_request(message, exchange),
            Kind::Notification => self.take_remote_notification(generation, exchange, message),
        }
    }

    /// Matches an answer by id, from whatever stream it came (T-37).
    fn take_answer(&mut self, exchange: Option<u64>, answer: &Message) {
        let number = match answer.id() {
            Some(RequestId::Integer(digits)) => digits.parse().ok().map(number_of),
            Some(RequestId::Text(_)) => None,
            None => exchange,
        };
        let Some(number) = number else {
            return tracing::warn!("ignored an answer of the server under an id of its own");
        };
        if self.search.as_ref().is_some_and(|search| search.is_at(number)) {
            return self.take_step_answer(answer);
        }
        let is_error = answer.kind() == Kind::ErrorResponse;
        if is_error && self.choices.era == Some(Era::Legacy) && is_modern_error(answer) {
            return self.contradicted(number);
        }
        self.settle(number, answer, &[]);
    }

    /// An answer to the request of this number; the edits come on top of its own bytes.
    pub(super) fn settle(&mut self, number: u64, answer: &Message, edits: &[Edit]) {
        let Some(request) = self.in_flight.close(number) else {
            tracing::warn!("ignored an answer of the server to a request that is not open");
            return;
        };
        request.flight.settle();
        match request.purpose {
            Purpose::Own => {}
            Purpose::Compare(list) => self.compare_list(&list, answer),
            Purpose::Reopen if answer.kind() == Kind::ErrorResponse => {
                let failure = Failure::new(FailureKind::Lost, "server refused a new session");
                self.reopen_failed(&failure.hint("restart the server entry in your host"));
            }
            Purpose::Reopen => self.take_initialize_answer(answer),
            Purpose::Host(held) => self.answer_host(&held, answer, edits),
        }
    }

    fn answer_host(&mut self, held: &Held, answer: &Message, edits: &[Edit]) {
        let Some(id) = held.message.id().map(RequestId::to_json) else { return };
        let method = held.message.method();
        let is_error = answer.kind() == Kind::ErrorResponse;
        if is_error {
            self.counters.error(None);
        }
        tracing::info!(method, milliseconds = held.milliseconds(), is_error, "answered");
        if method == methods::INITIALIZE {
            self.take_initialize_answer(answer);
        } else if answer.kind() == Kind::Response {
            self.opening.remember(&held.message);
            self.remembered.keep_list(&held.message, answer);
        }
        if held.is_translators() {
            self.show_translator(held, answer);
        } else {
            let line = self.shown(method, &id, answer, edits);
            let line = line.unwrap_or_else(|overlap| untranslatable(held, overlap));
            self.write_answer(held.batch, line);
        }
        if self.opening.is_ready() && self.timers.listen_now() {
            self.listen();
        }
    }

    /// An answer as the host gets it.
    ///
    /// # Errors
    /// Edits that overlap.
    pub(super) fn shown(
        &self,
        method: &str,
        id: &str,
        answer: &Message,
        edits: &[Edit],
    ) -> Result<Frame, Overlap> {
        if method != methods::TOOLS_LIST || self.hidden_tools.is_empty() {
            return answer.with_edits(id, edits);
        }
        // Lists come without edits of an adapter: it builds them anew.
        answer.with_edits(id, &self.hidden_tools.cuts(answer))
    }

    /// An answer as the adapter of a modern host gets it.
    fn show_translator(&mut self, held: &Held, answer: &Message) {
        if held.message.method() != methods::TOOLS_LIST || self.hidden_tools.is_empty() {
            return self.answer_translator(held, answer);
        }
        match answer.rewritten(None, &self.hidden_tools.cuts(answer)) {
            Ok(answer) => self.answer_translator(held, &answer),
            Err(overlap) => self.answer_translator_with(held, untranslatable(held, overlap)),
        }
    }

    pub(super) fn take_remote_request(&mut self, request: &Message, exchange: Option<u64>) {
        let Some(id) = request.id().cloned() else { return };
        if request.method() == methods::PING {
            let number = self.number();
            let pong = Frame::from(result_response(&id, &json!({})));
            let post = self.post_frame(number, pong);
            return self.remote.post(post);
        }
        let number = self.number();
        let asks_a_person = asks_a_person(request.method());
        let generation = self.session.generation;
        let request_of_remote = RemoteRequest { id, generation, behind: exchange, asks_a_person };
        self.in_flight.open_to_host(number, request_of_remote);
        self.remote.open_prompts().set_count(self.in_flight.questions());
        self.tell_host(request.with_id(&number.to_string()), exchange);
    }

    fn take_remote_notification(
        &mut self,
        generation: u32,
        exchange: Option<u64>,
        message: &Message,
    ) {
        if message.method() != methods::CANCELLED {
            return self.tell_host(Frame::from(message.raw().clone()), exchange);
        }
        if let Some(frame) = self.withdrawn(generation, message) {
            self.tell_host(frame, exchange);
        }
    }

    /// The remote gives up a request to the host, which knows it under another id.
    fn withdrawn(&mut self, generation: u32, message: &Message) -> Option<Frame> {
        let id = cancelled_id(message)?;
        let number = self.in_flight.host_side_number(&id, generation)?;
        self.in_flight.close_to_host(&RequestId::from(number));
        self.remote.open_prompts().set_count(self.in_flight.questions());
        with_cancelled_id(message, number)
    }

    fn take_end(&mut self, number: u64, generation: u32, outcome: Outcome) {
        match &self.search {
            Some(search) if search.is_at(number) => return self.take_step_end(outcome),
            // A step that led no further; another one is under way.
            Some(search) if search.waits_for(number) => return,
            _ => {}
        }
        if let Some(waiting) = self.in_flight.answer_left(number)
            && !matches!(outcome, Outcome::Done)
        {
            self.answer_undelivered(waiting, &outcome);
        }
        match outcome {
            Outcome::Refused(refused) => self.take_failure(number, &refused.failure),
            Outcome::SessionLost => self.not_executed(number, generation),
            // The usual end: the answer came before it.
            Outcome::Done if self.in_flight.get(number).is_none() => {}
            Outcome::Done => self.take_failure(number, &unanswered()),
            Outcome::Failed(failure) => self.take_failure(number, &failure),
        }
        self.take_confirmation(number);
    }

    /// The host's answer to a question of the remote did not arrive. The request behind the
    /// question would wait for it as long as the remote keeps its stream alive.
    fn answer_undelivered(&mut self, waiting: u64, outcome: &Outcome) {
        if self.in_flight.get(waiting).is_none() {
            return; // answered or given up meanwhile: there is nothing to cancel
        }
        let why = match outcome {
            Outcome::Failed(failure) => failure.message.as_str(),
            _ => "server forgot the session",
        };
        let text = format!("the answer to a question of the server did not arrive: {why}");
        let failure = Failure::new(FailureKind::Lost, text)
            .hint("the server may have acted on the request in part; check before repeating it");
        self.cancel_upstream(waiting);
        self.take_failure(waiting, &failure);
    }

    /// The request met a forgotten session: it goes out once more in a new one (T-32).
    fn not_executed(&mut self, number: u64, generation: u32) {
        let Some(request) = self.in_flight.close(number) else {
            return self.session_lost(generation);
        };
        request.flight.settle();
        match &request.purpose {
            Purpose::Own | Purpose::Compare(_) => return self.session_lost_unasked(generation),
            Purpose::Host(_) if self.opening.is_paused() => self.reopen(),
            _ => self.session_lost(generation),
        }
        match request.purpose {
            Purpose::Host(held) if held.repeated || self.opening.is_lost() => {
                self.refuse(&held, &forgotten_twice());
            }
            Purpose::Host(held) => {
                let again = Held { repeated: true, ..held };
                if self.opening.lets_through() {
                    self.forward(again);
                } else {
                    self.opening.hold_first(again);
                }
            }
            Purpose::Reopen => self.reopen_failed(&forgotten_twice()),
            Purpose::Own | Purpose::Compare(_) => {}
        }
    }

    pub(super) fn take_failure(&mut self, number: u64, failure: &Failure) {
        if failure.kind == FailureKind::AuthRequired {
            // The host's `initialize` need not fail because a person is not done yet.
            self.answer_without_remote(number);
        }
        let Some(request) = self.in_flight.get(number) else {
            if failure.kind != FailureKind::Lost && failure.kind != FailureKind::Protocol {
                tracing::warn!("a message did not reach the server: {}", failure.message);
            }
            return;
        };
        match &request.purpose {
            Purpose::Reopen => {
                self.in_flight.close(number);
                self.reopen_failed(failure);
            }
            Purpose::Own | Purpose::Compare(_) => {
                self.in_flight.close(number);
                tracing::debug!("a request of the bridge failed: {}", failure.message);
            }
            Purpose::Host(held) if held.message.method() == methods::INITIALIZE => {
                self.fail(number, failure);
                self.initialize_failed();
                self.fail_everything(failure);
            }
            Purpose::Host(_) => {
                if failure.kind == FailureKind::Timeout {
                    self.cancel_upstream(number);
                }
                self.fail(number, failure);
            }
        }
    }

    /// The host no longer waits; the remote need not work on (T-26).
    fn cancel_upstream(&mut self, request: u64) {
        if self.modern.is_on() {
            return self.with_modern(|modern, turn| modern.cancel(request, turn));
        }
        let id =
            self.in_flight.get(request).map_or(request, |open| open.flight.upstream_id(request));
        let params = json!({ "requestId": id, "reason": "the time limit is over" });
        let line = json!({ "jsonrpc": "2.0", "method": methods::CANCELLED, "params": params });
        let number = self.number();
        let post = self.post_frame(number, Frame::from(line.to_string()));
        self.remote.post(post);
    }

    /// The stream of HTTP+SSE is gone, and with it every answer that was to come on it (T-74). What
    /// is safe to repeat is asked again in the new session.
    fn stream_lost(&mut self, generation: u32) {
        let lost = Failure::new(FailureKind::Lost, "the event stream broke before the answer")
            .hint("the server may or may not have acted on the request; check before repeating it");
        for number in self.in_flight.numbers_in(generation).into_iter().rev() {
            let repeat = match self.in_flight.get(number).map(|request| &request.purpose) {
                Some(Purpose::Host(held)) => {
                    let method = held.message.method();
                    !held.repeated
                        && method != methods::INITIALIZE
                        && methods::is_safe_to_repeat(method)
                }
                _ => false,
            };
            if !repeat {
                self.take_failure(number, &lost);
            } else if let Some(request) = self.in_flight.close(number) {
                request.flight.settle();
                if let Purpose::Host(held) = request.purpose {
                    self.opening.hold_first(Held { repeated: true, ..held });
                }
            }
        }
    }
}

/// Whether only a server of the modern era says this (T-82, T-84).
fn is_modern_error(answer: &Message) -> bool {
    #[derive(Deserialize)]
    struct Error {
        #[serde(default)]
        code: i64,
    }
    answer.outcome_as::<Error>().is_some_and(|error| {
        matches!(error.code, codes::HEADER_MISMATCH | codes::UNSUPPORTED_PROTOCOL_VERSION)
    })
}

/// The answer in the place of one that cannot be edited.
pub(super) fn untranslatable(held: &Held, overlap: Overlap) -> Frame {
    let failure = Failure::from(overlap);
    held.message.id().map(|id| Frame::from(failure.to_response(id))).unwrap_or_default()
}

fn unanswered() -> Failure {
    Failure::new(FailureKind::Protocol, "server ended the exchange without an answer")
        .hint("this is a fault of the server; report it there")
}

fn forgotten_twice() -> Failure {
    Failure::new(FailureKind::Lost, "server forgot the session twice in a row")
        .hint("restart the server entry in your host; if it happens again, report it to the server")
}
