//! Handles the host's lines: requests, notifications, answers, batches, and lines that are not
//! messages.

use serde_json::Value;

use crate::bridge::Bridge;
use crate::bridge::host_side::request::{HostRequest, Requester};
use crate::bridge::remote_side::in_flight::Purpose;
use crate::bridge::session::slots::SlotId;
use crate::budget::Budget;
use crate::eras;
use crate::error::{Failure, FailureKind};
use crate::host::longest_line;
use crate::jsonrpc::{
    Change, Frame, Invalid, Line, Member, Message, MessageKind, Object, Received, RequestId,
    error_object, error_response, error_response_without_id,
};
use crate::protocol::{ProtocolVersion, codes, methods};
use crate::remote::Post;

impl Bridge {
    /// Handles a line from the host: a message, a batch, or something invalid.
    pub(in crate::bridge) fn handle_line(&mut self, line: Line) {
        let text = match line {
            Line::Text(text) => text,
            Line::TooLong(opening) => return self.refuse_long_line(&opening),
        };
        match Received::parse(text) {
            Ok(Received::One(message)) => self.handle_message(message, None),
            Ok(Received::Batch(members)) => self.handle_batch(members),
            Err(invalid) => self.refuse_line(&invalid, None),
        }
    }

    fn handle_batch(&mut self, members: Vec<Result<Message, Invalid>>) {
        let version = self.slots[self.slots.for_host()].lifecycle.version();
        let allowed = !self.slots.serve_only_the_adapter()
            && version.is_some_and(ProtocolVersion::has_batches);
        if !allowed {
            let text = "JSON-RPC batches are only part of revision 2025-03-26";
            let line = error_response_without_id(codes::INVALID_REQUEST, text);
            return self.host.writer.push(Frame::from(line));
        }
        let batch = self.numbers.fresh();
        let is_owed = |member: &&Result<Message, Invalid>| match member {
            Ok(message) => message.kind() == MessageKind::Request,
            Err(_) => true,
        };
        self.batches.begin(batch, members.iter().filter(is_owed).count());
        for member in members {
            match member {
                Ok(message) => self.handle_message(message, Some(batch)),
                Err(invalid) => self.refuse_line(&invalid, Some(batch)),
            }
        }
    }

    fn handle_message(&mut self, message: Message, batch: Option<u64>) {
        let slot = self.slots.for_host();
        self.slots[slot].timers.traffic();
        match message.kind() {
            MessageKind::Request => {
                let request = HostRequest::new(message, batch, &self.unanswered);
                self.counters.request();
                if request.method() != methods::PING && Budget::of_process().refuses_host() {
                    return self.refuse(request, &failure_of_exhausted_budget());
                }
                self.handle_request(slot, request);
            }
            MessageKind::Notification => self.handle_notification(slot, message),
            MessageKind::Response | MessageKind::ErrorResponse => {
                self.handle_host_answer(&message, Requester::Host);
            }
        }
    }

    /// Handles a request from the host, or from a modern host's adapter: answers it here, refuses
    /// it, or forwards it.
    pub(in crate::bridge) fn handle_request(&mut self, slot: SlotId, request: HostRequest) {
        let requester = request.requester();
        let is_open = self.in_flight.number_of(requester, request.id()).is_some();
        if is_open || self.slots[slot].lifecycle.holds(requester, request.id()) {
            let text = "this id belongs to a request that is still open";
            return self.reply_error(request, codes::INVALID_REQUEST, text);
        }
        if requester == Requester::Host && eras::speaks_modern(request.message()) {
            if request.is_in_batch() {
                let text = "a request with a revision in `_meta` must not be part of a batch";
                return self.reply_error(request, codes::INVALID_REQUEST, text);
            }
            return self.handle_modern_request(slot, request.by(Requester::ModernHost));
        }
        match request.method() {
            methods::INITIALIZE => self.handle_initialize(slot, request),
            // The host is modern: this request lacks its required metadata (E-13).
            _ if requester == Requester::Host && self.slots.serve_only_the_adapter() => {
                self.translate(request);
            }
            methods::PING => self.reply_empty(request),
            _ if self.slots[slot].lifecycle.is_idle() => self.refuse_uninitialized(request),
            _ => {
                if let Some(request) = self.answer_here(slot, request) {
                    self.forward(slot, request);
                }
            }
        }
    }

    /// Answers a request that the remote need not see, and gives back any other.
    fn answer_here(&mut self, slot: SlotId, request: HostRequest) -> Option<HostRequest> {
        if request.method() == methods::TOOLS_CALL {
            let request = self.handle_sign_in_call(slot, request)?;
            return self.admit(request);
        }
        let request = self.admit(request)?;
        self.answer_from_cache(slot, request)
    }

    fn handle_initialize(&mut self, slot: SlotId, request: HostRequest) {
        if request.is_in_batch() {
            let text = "`initialize` must not be part of a batch";
            return self.reply_error(request, codes::INVALID_REQUEST, text);
        }
        let slot = if request.is_from_adapter() { slot } else { self.slot_for_legacy_host() };
        if self.slots[slot].lifecycle.is_idle() {
            self.open_session(slot, request);
        } else {
            self.initialize_again(slot, request);
        }
    }

    /// Refuses a request before `initialize`: a legacy server might act on it (T-81).
    fn refuse_uninitialized(&mut self, request: HostRequest) {
        if self.choices.host_is_modern {
            // E-13
            let text = "`_meta` lacks `io.modelcontextprotocol/protocolVersion`";
            return self.reply_error(request, codes::INVALID_PARAMS, text);
        }
        let text = "the first request must be `initialize`";
        self.reply_error(request, codes::INVALID_REQUEST, text);
    }

    fn handle_notification(&mut self, slot: SlotId, message: Message) {
        if self.offer.allows(&message).is_err() {
            // A call without an id is a notification, but a server might act on it anyway (S-72).
            return tracing::warn!("dropped a notification that names what is hidden");
        }
        let Some(message) = self.handle_modern_notification(message) else { return };
        match message.method() {
            methods::CANCELLED => self.cancel(slot, &message, Requester::Host),
            _ => self.handle_session_notification(slot, message),
        }
    }

    /// Handles a notification that belongs to the session of this slot.
    pub(in crate::bridge) fn handle_session_notification(
        &mut self,
        slot: SlotId,
        message: Message,
    ) {
        let lifecycle = &self.slots[slot].lifecycle;
        match message.method() {
            methods::INITIALIZED if lifecycle.awaits_confirmation() => {
                self.confirm_session(slot, &message);
            }
            methods::INITIALIZED if self.slots[slot].cache.is_answering() => {}
            methods::INITIALIZED if lifecycle.is_ready() => {
                tracing::debug!("dropped a repeated `notifications/initialized`");
            }
            _ if lifecycle.is_idle() && self.choices.host_is_modern => {
                self.pass_modern_notification(slot, message);
            }
            _ if lifecycle.is_idle() => {
                tracing::debug!(
                    method = message.method(),
                    "dropped a notification: there is no session yet"
                );
            }
            _ => self.forward_notification(slot, message),
        }
    }

    /// Cancels a host's request (T-35). A request that is still held is never sent; one that was
    /// sent is cancelled at the remote, under its id there. The cancellation never overtakes the
    /// request (T-07), and `initialize` is never cancelled. Unsent requests are held in `slot`.
    pub(in crate::bridge) fn cancel(
        &mut self,
        slot: SlotId,
        message: &Message,
        requester: Requester,
    ) {
        let Some(id) = cancelled_id(message) else { return };
        let number = self.in_flight.number_of(requester, &id);
        let open = number.and_then(|number| self.in_flight.get(number));
        let slot = open.map_or(slot, |open| self.slots.of_generation(open.generation));
        let is_initialize = open.is_some_and(|open| open.purpose.is_initialize());
        if let Some(held) = self.slots[slot].lifecycle.withdraw(requester, &id) {
            return self.forget(held);
        }
        let Some(number) = number else {
            tracing::debug!("ignored the cancellation of a request that is not open");
            return;
        };
        if is_initialize {
            return;
        }
        let Some(request) = self.in_flight.close(number) else { return };
        if let Purpose::Host(request) = request.purpose {
            self.forget(request);
        }
        if self.slots[slot].adapter.is_on() {
            return self
                .with_remote_adapter(slot, |remote, context| remote.cancel(number, context));
        }
        let remote_id = request.handle.remote_id(number);
        let Some(frame) = with_cancelled_id(message, remote_id) else { return };
        let cancellation = self.numbers.fresh();
        let slot = &mut self.slots[slot];
        let post = slot.compose_bare_post(cancellation, frame);
        slot.remote.post_after(&request.handle, post);
        request.handle.settle();
    }

    /// Passes on the host's answer to a request from the remote: a legacy host's own, or its
    /// adapter's for a modern host. A modern host is never asked anything, so its answers are
    /// ignored (T-09).
    pub(in crate::bridge) fn handle_host_answer(&mut self, answer: &Message, requester: Requester) {
        let id = answer.id().filter(|id| {
            let generation = self.in_flight.of_remote.get(id).map(|asked| asked.generation);
            generation
                .is_some_and(|of| self.slots.is_of_adapter(of) == (requester == Requester::Adapter))
        });
        let number = id.and_then(RequestId::as_own_number);
        let request = number.and_then(|number| self.close_remote_request(number));
        let Some(request) = request else {
            tracing::warn!("ignored an answer of the host to a request that is not open");
            return;
        };
        let slot = self.slots.of_generation(request.generation);
        let Some(session) = self.session_of(slot, request.generation) else {
            tracing::debug!("dropped an answer to a session that is gone");
            return;
        };
        if self.slots[slot].adapter.is_on() {
            let Some(id) = request.id.as_own_number() else { return };
            return self.with_remote_adapter(slot, |remote, context| {
                remote.handle_host_answer(id, answer, context)
            });
        }
        let number = self.numbers.fresh();
        self.in_flight.begin_host_answer(number, request.caused_by);
        let slot = &mut self.slots[slot];
        let post = slot.compose_bare_post(number, answer.with_id(&request.id.to_json()));
        slot.remote.post(Post { session, ..post });
    }

    fn refuse_line(&mut self, invalid: &Invalid, batch: Option<u64>) {
        tracing::warn!("refused a line of the host: {}", invalid.reason);
        if let Some(id) = invalid.id.as_ref().filter(|_| !invalid.names_a_method)
            && self.handle_broken_answer(id)
        {
            return self.write_no_answer(batch);
        }
        let line = match &invalid.id {
            Some(id) => error_response(id, invalid.code, &invalid.reason, Value::Null),
            None => error_response_without_id(invalid.code, &invalid.reason),
        };
        self.write_answer(batch, Frame::from(line));
    }

    /// Handles a malformed line with the id of a question that the host was asked: it can only be
    /// meant as the answer, so the remote gets an error. Sending the host an error under this id
    /// would answer one of its own requests. Returns whether the line was such an answer.
    fn handle_broken_answer(&mut self, id: &RequestId) -> bool {
        let Some(asked) = self.in_flight.of_remote.get(id) else { return false };
        let generation = asked.generation;
        if self.slots.is_of_adapter(generation) {
            return false;
        }
        let error =
            error_object(codes::INTERNAL_ERROR, "the host's answer is malformed", Value::Null);
        self.handle_host_answer(&Message::error(id, &error.to_string()), Requester::Host);
        true
    }

    fn refuse_long_line(&mut self, opening: &[u8]) {
        let text = format!("the line is longer than {} bytes", longest_line());
        tracing::warn!("refused a line of the host: {text}");
        let line = match leading_id(opening) {
            Some(id) => {
                let failure = Failure::new(FailureKind::NotSent, text).hint("send shorter lines");
                failure.to_response(&id)
            }
            None => error_response_without_id(codes::INVALID_REQUEST, &text),
        };
        self.host.writer.push(Frame::from(line));
    }
}

fn failure_of_exhausted_budget() -> Failure {
    let limit = Budget::of_process().per_message() / (1024 * 1024);
    let text = format!("{limit} MiB of messages are still being sent, half of `--memory-budget`");
    Failure::new(FailureKind::NotSent, text).hint("wait for answers, then send it again")
}

/// The id of the request that a `notifications/cancelled` names.
pub(in crate::bridge) fn cancelled_id(message: &Message) -> Option<RequestId> {
    RequestId::from_json(Object::parse(message.params()?)?.get("requestId")?)
}

/// A `notifications/cancelled` of the same request under the id that the other side knows.
pub(in crate::bridge) fn with_cancelled_id(message: &Message, id: u64) -> Option<Frame> {
    let params = Object::parse(message.params()?)?;
    let change = |member: &Member<'_>| match member.name.as_str() {
        "requestId" => Change::Replace(id.to_string()),
        _ => Change::Keep,
    };
    message.edited(&params.rewrite(message.params_range()?.start, change, &[])).ok()
}

/// Finds the id in the beginning of a message. Hosts write `jsonrpc`, `id` and `method` first.
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
