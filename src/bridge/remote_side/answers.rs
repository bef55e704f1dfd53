//! Handles an answer of the remote, or its absence, for the request that waits for it and for the
//! session. Answers come from `from_remote`, and from the detection of the era, whose probe may be
//! the host's own `initialize`.

use serde_json::json;

use crate::bridge::Bridge;
use crate::bridge::effects::Effect;
use crate::bridge::host_side::request::HostRequest;
use crate::bridge::remote_side::in_flight::Purpose;
use crate::bridge::session::slots::SlotId;
use crate::error::{Failure, FailureKind};
use crate::jsonrpc::{Edit, Frame, Message, MessageKind, notification};
use crate::protocol::methods;
use crate::remote::casts_doubt;

impl Bridge {
    /// Handles the answer to the request with this number; `edits` apply to its bytes.
    pub(in crate::bridge) fn handle_answer(
        &mut self,
        number: u64,
        answer: &Message,
        edits: &[Edit],
    ) {
        let Some(request) = self.in_flight.close(number) else {
            tracing::warn!("ignored an answer of the server to a request that is not open");
            return;
        };
        request.handle.settle();
        let slot = self.slots.of_generation(request.generation);
        match request.purpose {
            Purpose::Check | Purpose::Own => {}
            Purpose::Compare(list) => self.compare_list(slot, &list, answer),
            Purpose::Reopen if answer.kind() == MessageKind::ErrorResponse => {
                let failure =
                    Failure::new(FailureKind::NotSent, "the server refused a new session");
                let failure = failure.hint("restart the server entry in your host");
                self.reopen_failed(slot, &failure);
            }
            Purpose::Reopen => self.handle_initialize_answer(slot, answer),
            // Lists are rare and may be merged; other answers are not copied.
            Purpose::Host(request) if methods::is_list(request.method()) => {
                self.handle_list_answer(slot, request, answer, edits);
            }
            Purpose::Host(request) => {
                self.note_answer(slot, &request, answer);
                self.reply_answer(request, answer, edits);
            }
        }
    }

    /// Replies with a list, once all pages that are to be merged have arrived.
    fn handle_list_answer(
        &mut self,
        slot: SlotId,
        request: HostRequest,
        answer: &Message,
        edits: &[Edit],
    ) {
        let page =
            if edits.is_empty() { Ok(answer.clone()) } else { answer.rewritten(None, edits) };
        let page = match page {
            Ok(page) => page,
            Err(overlap) => return self.refuse(request, &overlap.into()),
        };
        if let Some((request, list)) = self.handle_list_page(slot, request, page) {
            self.note_answer(slot, &request, &list);
            self.reply_answer(request, &list, &[]);
        }
    }

    /// Updates the session after the answer to a host's request.
    pub(in crate::bridge) fn note_answer(
        &mut self,
        slot: SlotId,
        request: &HostRequest,
        answer: &Message,
    ) {
        let method = request.method();
        let is_error = answer.kind() == MessageKind::ErrorResponse;
        if is_error {
            self.counters.error(None);
            if casts_doubt(answer) {
                self.doubt_session(slot);
            }
        }
        tracing::info!(method, milliseconds = request.milliseconds(), is_error, "answered");
        if method == methods::INITIALIZE {
            self.handle_initialize_answer(slot, answer);
            self.note_initialize_answer(slot, answer);
        } else if !is_error {
            let slot = &mut self.slots[slot];
            slot.lifecycle.remember(request.message());
            slot.cache.keep_list(request.message(), answer);
        }
        let state = &mut self.slots[slot];
        if state.lifecycle.is_ready() && state.timers.listen_now() {
            self.listen(slot);
        }
    }

    /// Handles a request that the remote did not answer.
    pub(in crate::bridge) fn handle_failure(&mut self, number: u64, failure: &Failure) {
        if failure.kind == FailureKind::AuthRequired {
            // The host's `initialize` need not fail while a person has not signed in yet.
            self.answer_without_remote(number);
        }
        let Some(request) = self.in_flight.get(number) else {
            if failure.kind != FailureKind::Lost && failure.kind != FailureKind::Protocol {
                tracing::warn!("a message did not reach the server: {}", failure.message);
            }
            return;
        };
        let slot = self.slots.of_generation(request.generation);
        match &request.purpose {
            Purpose::Reopen => {
                self.in_flight.close(number);
                self.reopen_failed(slot, failure);
            }
            Purpose::Own | Purpose::Check | Purpose::Compare(_) => {
                self.in_flight.close(number);
                tracing::debug!("a request of the bridge failed: {}", failure.message);
            }
            Purpose::Host(request) if request.method() == methods::INITIALIZE => {
                self.fail(number, failure);
                self.initialize_failed(slot);
                self.fail_everything(slot, failure);
            }
            Purpose::Host(_) if failure.kind == FailureKind::Timeout => {
                self.cancel_at_remote(slot, number, "the time limit has passed");
                self.effects.push(Effect::Fail(number, failure.clone()));
            }
            Purpose::Host(_) => self.fail(number, failure),
        }
    }

    /// Tells the remote to stop working on a request that the host no longer waits for (T-26).
    pub(in crate::bridge) fn cancel_at_remote(&mut self, slot: SlotId, request: u64, reason: &str) {
        if self.slots[slot].adapter.is_on() {
            return self
                .with_remote_adapter(slot, |remote, context| remote.cancel(request, context));
        }
        let id = self.in_flight.get(request).map_or(request, |open| open.handle.remote_id(request));
        let params = json!({ "requestId": id, "reason": reason }).to_string();
        let line = notification(methods::CANCELLED, Some(&params));
        let number = self.numbers.fresh();
        let slot = &mut self.slots[slot];
        let post = slot.compose_bare_post(number, Frame::from(line));
        slot.remote.post(post);
    }
}
