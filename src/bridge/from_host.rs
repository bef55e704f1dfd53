//! What the host writes: requests, notifications, answers, batches, and lines that are none of
//! these.

use serde_json::json;

use super::Bridge;
use super::in_flight::{Asker, Held, Purpose};
use crate::eras;
use crate::error::{Failure, FailureKind};
use crate::host::MAX_LINE;
use crate::jsonrpc::{
    Change, Frame, Invalid, Kind, Line, Member, Message, Object, Received, RequestId,
    error_response, error_response_without_id, result_response,
};
use crate::protocol::{ProtocolVersion, codes, methods};

impl Bridge {
    pub(super) fn take_line(&mut self, line: Line) {
        self.enter_for_host();
        let text = match line {
            Line::Text(text) => text,
            Line::TooLong(opening) => return self.refuse_long_line(&opening),
        };
        match Received::parse(text) {
            Ok(Received::One(message)) => self.take_message(message, None),
            Ok(Received::Batch(members)) => self.take_batch(members),
            Err(invalid) => self.refuse_line(&invalid, None),
        }
    }

    fn take_batch(&mut self, members: Vec<Result<Message, Invalid>>) {
        let allowed = !self.lanes.are_only_translators()
            && self.opening.version().is_some_and(ProtocolVersion::has_batches);
        if !allowed {
            let text = "JSON-RPC batches are only part of revision 2025-03-26";
            let line = error_response_without_id(codes::INVALID_REQUEST, text);
            return self.host.writer.push(Frame::from(line));
        }
        let batch = self.number();
        let is_owed = |member: &&Result<Message, Invalid>| match member {
            Ok(message) => message.kind() == Kind::Request,
            Err(_) => true,
        };
        self.batches.begin(batch, members.iter().filter(is_owed).count());
        for member in members {
            match member {
                Ok(message) => self.take_message(message, Some(batch)),
                Err(invalid) => self.refuse_line(&invalid, Some(batch)),
            }
        }
    }

    fn take_message(&mut self, message: Message, batch: Option<u64>) {
        self.timers.traffic();
        match message.kind() {
            Kind::Request => self.take_request(Held::new(message, batch)),
            Kind::Notification => self.take_notification(message),
            Kind::Response | Kind::ErrorResponse => {
                self.take_host_answer(&message, Asker::Host);
            }
        }
    }

    pub(super) fn take_request(&mut self, held: Held) {
        let Some(id) = held.message.id().cloned() else { return };
        if !held.is_translators() {
            self.counters.request();
        }
        let is_open = self.in_flight.number_of(held.asker, &id).is_some();
        if is_open || self.opening.holds(held.asker, &id) {
            let text = "this id belongs to a request that is still open";
            return self.answer_error(&held, codes::INVALID_REQUEST, text);
        }
        if !held.is_translators() && eras::speaks_modern(&held.message) {
            return self.take_modern_request(Held { asker: Asker::ModernHost, ..held });
        }
        if held.asker == Asker::Host && self.lanes.are_only_translators() {
            if held.message.method() != methods::INITIALIZE {
                // The host is a modern one: this request lacks what it must say of itself (E-13).
                return self.translate(held);
            }
            self.open_for_host();
        }
        match held.message.method() {
            methods::PING => self.answer(&held, Frame::from(result_response(&id, &json!({})))),
            methods::INITIALIZE if held.batch.is_some() => {
                let text = "`initialize` must not be part of a batch";
                self.answer_error(&held, codes::INVALID_REQUEST, text);
            }
            methods::INITIALIZE if self.opening.is_idle() => {
                if held.asker == Asker::Host {
                    self.open_for_host();
                }
                self.open_session(held);
            }
            methods::INITIALIZE => {
                let text = "the session is open already";
                self.answer_error(&held, codes::INVALID_REQUEST, text);
            }
            _ if self.opening.is_idle() => self.refuse_uninitialized(&held),
            methods::TOOLS_CALL if self.take_sign_in_call(&held) => {}
            methods::TOOLS_CALL => self.take_call(held),
            _ if self.answer_from_memory(&held) => {}
            _ => self.pass(held),
        }
    }

    /// A legacy server might act on a call that comes before `initialize` (T-81).
    fn refuse_uninitialized(&mut self, held: &Held) {
        if self.choices.host_is_modern {
            // E-13
            let text = "`_meta` lacks `io.modelcontextprotocol/protocolVersion`";
            return self.answer_error(held, codes::INVALID_PARAMS, text);
        }
        let text = "the first request must be `initialize`";
        self.answer_error(held, codes::INVALID_REQUEST, text);
    }

    fn take_call(&mut self, held: Held) {
        if self.may_call(&held) {
            self.pass(held);
        }
    }

    /// Whether this call may go to the remote; answers it if not.
    pub(super) fn may_call(&mut self, held: &Held) -> bool {
        if let Err(text) = self.hidden_tools.allows(&held.message) {
            self.answer_error(held, codes::INVALID_PARAMS, text);
            return false;
        }
        // Somebody waits for this: time for what `--login on-demand` puts off.
        self.remote.authorizer().demand();
        true
    }

    fn take_notification(&mut self, message: Message) {
        if self.take_modern_notification(&message) {
            return;
        }
        match message.method() {
            methods::CANCELLED => self.cancel(&message, Asker::Host),
            _ => self.take_session_notification(message),
        }
    }

    /// A notification that belongs to the session of the entered lane.
    pub(super) fn take_session_notification(&mut self, message: Message) {
        match message.method() {
            methods::INITIALIZED if self.opening.awaits_confirmation() => {
                self.confirm_session(&message);
            }
            methods::INITIALIZED if self.remembered.is_answering() => {}
            _ if self.opening.is_idle() => {
                tracing::debug!(method = message.method(), "dropped, there is no session yet");
            }
            _ => self.pass(Held::new(message, None)),
        }
    }

    /// The host gives up a request (T-35). What waits here never leaves; what left is cancelled
    /// upstream under the id it has there, never before it left (T-07), and never `initialize`.
    pub(super) fn cancel(&mut self, message: &Message, asker: Asker) {
        let Some(id) = cancelled_id(message) else { return };
        let number = self.in_flight.number_of(asker, &id);
        match number.and_then(|number| self.in_flight.get(number)) {
            Some(request) => self.enter(self.lanes.of_generation(request.generation)),
            None if asker == Asker::Translator => self.enter_for_translator(),
            None => {}
        }
        if let Some(held) = self.opening.withdraw(asker, &id) {
            return self.forget(held.batch);
        }
        let Some(number) = number else {
            tracing::debug!("ignored the cancellation of a request that is not open");
            return;
        };
        if self.in_flight.get(number).is_some_and(|request| is_initialize(&request.purpose)) {
            return;
        }
        let Some(request) = self.in_flight.close(number) else { return };
        if let Purpose::Host(held) = &request.purpose {
            self.forget(held.batch);
        }
        if self.modern.is_on() {
            return self.with_modern(|modern, turn| modern.cancel(number, turn));
        }
        let upstream = request.flight.upstream_id(number);
        let Some(frame) = with_cancelled_id(message, upstream) else { return };
        let cancellation = self.number();
        let post = self.post_frame(cancellation, frame);
        self.remote.post_after(&request.flight, post);
        request.flight.settle();
    }

    /// A request of a batch that gets no answer.
    fn forget(&mut self, batch: Option<u64>) {
        if let Some(line) = batch.and_then(|batch| self.batches.add(batch, None)) {
            self.host.writer.push(line);
        }
    }

    /// The host answers a request of the remote: a legacy host itself, a modern one through its
    /// adapter. Lines of a modern host are no answers (T-09).
    pub(super) fn take_host_answer(&mut self, answer: &Message, asker: Asker) {
        let id = answer.id().filter(|id| {
            let generation = self.in_flight.generation_to_host(id);
            generation.is_some_and(|of| {
                self.lanes.is_translators_generation(of) == (asker == Asker::Translator)
            })
        });
        if let Some(generation) = id.and_then(|id| self.in_flight.generation_to_host(id)) {
            self.enter(self.lanes.of_generation(generation));
        }
        let request = id.and_then(|id| self.in_flight.close_to_host(id));
        let Some(request) = request else {
            tracing::warn!("ignored an answer of the host to a request that is not open");
            return;
        };
        self.remote.open_prompts().set_count(self.in_flight.questions());
        if request.generation != self.session.generation {
            tracing::debug!("dropped an answer to a session that is gone");
            return;
        }
        if let (true, RequestId::Integer(id)) = (self.modern.is_on(), &request.id) {
            let Ok(id) = id.parse() else { return };
            return self.with_modern(|modern, turn| modern.take_host_answer(id, answer, turn));
        }
        let number = self.number();
        let post = self.post_frame(number, answer.with_id(&request.id.to_json()));
        self.in_flight.answer_leaves(number, request.behind);
        self.remote.post(post);
    }

    fn refuse_line(&mut self, invalid: &Invalid, batch: Option<u64>) {
        tracing::warn!("refused a line of the host: {}", invalid.reason);
        let line = match &invalid.id {
            Some(id) => error_response(id, invalid.code, &invalid.reason, serde_json::Value::Null),
            None => error_response_without_id(invalid.code, &invalid.reason),
        };
        self.write_answer(batch, Frame::from(line));
    }

    fn refuse_long_line(&mut self, opening: &[u8]) {
        let text = format!("the line is longer than {MAX_LINE} bytes");
        tracing::warn!("refused a line of the host: {text}");
        match leading_id(opening) {
            Some(id) => {
                let failure = Failure::new(FailureKind::Protocol, text).hint("send less at a time");
                self.host.writer.push(Frame::from(failure.to_response(&id)));
            }
            None => {
                let line = error_response_without_id(codes::INVALID_REQUEST, &text);
                self.host.writer.push(Frame::from(line));
            }
        }
    }

    pub(super) fn answer_error(&mut self, held: &Held, code: i64, text: &str) {
        let Some(id) = held.message.id() else { return };
        let line = error_response(id, code, text, serde_json::Value::Null);
        self.answer(held, Frame::from(line));
    }
}

fn is_initialize(purpose: &Purpose) -> bool {
    match purpose {
        Purpose::Host(held) => held.message.method() == methods::INITIALIZE,
        Purpose::Reopen => true,
        Purpose::Own | Purpose::Compare(_) => false,
    }
}

/// The id of the request that a `notifications/cancelled` gives up.
pub(super) fn cancelled_id(message: &Message) -> Option<RequestId> {
    RequestId::from_json(Object::parse(message.params()?)?.get("requestId")?)
}

/// A `notifications/cancelled` of the same request under the id that the other side knows.
pub(super) fn with_cancelled_id(message: &Message, id: u64) -> Option<Frame> {
    let params = Object::parse(message.params()?)?;
    let change = |member: &Member<'_>| match member.name.as_str() {
        "requestId" => Change::Replace(id.to_string()),
        _ => Change::Keep,
    };
    message.edited(&params.rewrite(message.params_range()?.start, change, &[])).ok()
}

/// The id of a message whose beginning only is known: hosts write `jsonrpc`, `id` and `method`
/// first.
fn leading_id(opening: &[u8]) -> Option<RequestId> {
    let text = String::from_utf8_lossy(opening);
    let head = text.split("\"params\"").next()?;
    let after = head.split_once("\"id\"")?.1.trim_start().strip_prefix(':')?.trim_start();
    let end = match after.strip_prefix('"') {
        Some(rest) => rest.find('"')? + 2,
        None => after.find([',', '}', ' '])?,
    };
    RequestId::from_json(&after[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_an_oversized_line_is_found_in_its_head() {
        let id = |text: &str| leading_id(text.as_bytes()).map(|id| id.to_json());
        assert_eq!(
            id(r#"{"jsonrpc":"2.0","id":7,"method":"x","params":{"id":9"#).as_deref(),
            Some("7")
        );
        assert_eq!(id(r#"{"id": "a b", "method""#).as_deref(), Some("\"a b\""));
        assert_eq!(id(r#"{"params":{"id":9"#), None);
    }
}
