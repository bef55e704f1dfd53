//! The only place that answers the host's requests. An answer consumes the request, so none is
//! answered twice; [`Bridge::answer_dropped`] answers those that a bug in the bridge drops.

use std::sync::Arc;

use super::Bridge;
use super::host_side::request::{HostRequest, Recipient, Requester};
use super::remote_side::in_flight::Purpose;
use super::session::slots::SlotId;
use crate::eras::modern_host::translate_answer;
use crate::error::{Failure, FailureKind};
use crate::jsonrpc::{Edit, Frame, Message, Overlap, RequestId, error_response, result_response};
use crate::protocol::methods;
use crate::remote::ProbeRefusal;

impl Bridge {
    /// Replies with a line that already has the id of the request.
    pub(super) fn reply(&mut self, request: HostRequest, line: Frame) {
        self.answer_recipient(request.answered(), line);
    }

    /// Replies with a failure of the bridge, or with the pages of a list received before it.
    pub(super) fn refuse(&mut self, request: HostRequest, failure: &Failure) {
        let Some(request) = self.reply_pages(request) else { return };
        tracing::info!(
            method = request.method(),
            milliseconds = request.milliseconds(),
            kind = failure.kind.name(),
            "{}",
            failure.message
        );
        if !request.is_from_adapter() {
            self.counters.error(Some(failure.kind));
        }
        let line = Frame::from(failure.to_response(request.id()));
        self.reply(request, line);
    }

    /// Replies with the remote's refusal of the request.
    pub(super) fn reply_refusal(&mut self, request: HostRequest, refusal: &ProbeRefusal) {
        let Some(request) = self.reply_pages(request) else { return };
        match &refusal.answer {
            Some(answer) => {
                let line = answer.with_id(&request.id().to_json());
                self.counters.error(None);
                self.reply(request, line);
            }
            None => self.refuse(request, &refusal.failure),
        }
    }

    /// Replies with an error of the bridge, because the request is invalid.
    pub(super) fn reply_error(&mut self, request: HostRequest, code: i64, text: &str) {
        self.reply_error_with(request, code, text, serde_json::Value::Null);
    }

    /// Like [`Self::reply_error`], with `data`.
    pub(super) fn reply_error_with(
        &mut self,
        request: HostRequest,
        code: i64,
        text: &str,
        data: serde_json::Value,
    ) {
        let line = Frame::from(error_response(request.id(), code, text, data));
        self.reply(request, line);
    }

    /// Replies with an empty result.
    pub(super) fn reply_empty(&mut self, request: HostRequest) {
        let line = Frame::from(result_response(request.id(), serde_json::json!({})));
        self.reply(request, line);
    }

    /// Replies with a result of the bridge, without hidden items. `result` is JSON text without
    /// line breaks.
    pub(super) fn reply_result(&mut self, request: HostRequest, result: &str) {
        let answer = Message::result(&RequestId::from(0), result);
        self.reply_answer(request, &answer, &[]);
    }

    /// Replies with the remote's answer, after `edits` to its bytes and without hidden items.
    pub(super) fn reply_answer(&mut self, request: HostRequest, answer: &Message, edits: &[Edit]) {
        self.compare_with_pins(&request, answer);
        // An adapter rebuilds lists, so its lists have no edits.
        let is_cut = !self.offer.is_open() && methods::names_offers(request.method());
        let cuts = if is_cut { self.offer.cuts(request.method(), answer) } else { Vec::new() };
        let edits = if is_cut { &cuts } else { edits };
        let recipient = request.answered();
        if recipient.requester == Requester::Adapter {
            return self.answer_adapter(recipient, answer, edits);
        }
        let id = recipient.id.to_json();
        let line =
            if edits.is_empty() { Ok(answer.with_id(&id)) } else { answer.with_edits(&id, edits) };
        let line = line.unwrap_or_else(|overlap| untranslatable(&recipient.id, overlap));
        match recipient.batch {
            None => self.host.writer.push(line),
            Some(batch) if self.batches.has_room(batch, line.len()) => {
                self.add_to_batch(batch, Some(line));
            }
            Some(batch) => self.add_to_batch(batch, Some(too_large(&recipient.id))),
        }
    }

    fn answer_adapter(&mut self, recipient: Recipient, answer: &Message, edits: &[Edit]) {
        if edits.is_empty() {
            return self.with_host_adapter(|host, context| {
                host.handle_answer(&recipient.id, answer, context)
            });
        }
        match answer.rewritten(None, edits) {
            Ok(answer) => {
                self.with_host_adapter(|host, context| {
                    host.handle_answer(&recipient.id, &answer, context)
                });
            }
            Err(overlap) => {
                let line = untranslatable(&recipient.id, overlap);
                self.answer_recipient(recipient, line);
            }
        }
    }

    /// Answers the host or the adapter that waits.
    fn answer_recipient(&mut self, recipient: Recipient, line: Frame) {
        if recipient.requester != Requester::Adapter {
            return self.write_answer(recipient.batch, line);
        }
        // The bridge's own lines always parse; if one does not, the request must still be answered
        // (T-17).
        let answer = Message::parse(line.into_bytes())
            .unwrap_or_else(|_| Failure::internal().to_answer(&recipient.id));
        self.with_host_adapter(|host, context| host.handle_answer(&recipient.id, &answer, context));
    }

    /// Writes an answer to the host, at once or with the rest of its batch.
    pub(super) fn write_answer(&mut self, batch: Option<u64>, answer: Frame) {
        match batch {
            None => self.host.writer.push(answer),
            Some(batch) => self.add_to_batch(batch, Some(answer)),
        }
    }

    /// Ends a request that the host cancelled: it gets no answer.
    pub(super) fn forget(&mut self, request: HostRequest) {
        let batch = request.cancelled();
        self.write_no_answer(batch);
    }

    /// Counts a member of a batch, if it is in one, that gets no answer.
    pub(super) fn write_no_answer(&mut self, batch: Option<u64>) {
        if let Some(batch) = batch {
            self.add_to_batch(batch, None);
        }
    }

    fn add_to_batch(&mut self, batch: u64, answer: Option<Frame>) {
        if let Some(line) = self.batches.add(batch, answer) {
            self.host.writer.push(line);
        }
    }

    /// Answers requests that were dropped, which only a bug in the bridge can cause. Returns how
    /// many there were.
    pub(super) fn answer_dropped(&mut self) -> usize {
        let dropped = Arc::clone(&self.unanswered).take();
        let count = dropped.len();
        for recipient in dropped {
            tracing::error!("a request was dropped without an answer");
            self.counters.error(Some(FailureKind::Internal));
            let line = Frame::from(Failure::internal().to_response(&recipient.id));
            self.answer_recipient(recipient, line);
        }
        count
    }

    /// Replies with the pages received so far, because a further one failed. Gives back a request
    /// that is not a paginated list.
    pub(super) fn reply_pages(&mut self, mut request: HostRequest) -> Option<HostRequest> {
        let Some(pages) = request.pages.take() else { return Some(request) };
        tracing::warn!(method = request.method(), "could not read all pages of a list");
        let answer = pages.merged().unwrap_or(pages.first);
        self.reply_answer(request, &answer, &[]);
        None
    }

    /// Answers a pending request of the host with a failure.
    pub(super) fn fail(&mut self, number: u64, failure: &Failure) {
        let Some(request) = self.in_flight.close(number) else { return };
        request.handle.settle();
        if let Purpose::Host(request) = request.purpose {
            self.refuse(request, failure);
        }
    }

    /// Fails all of the host's requests in this slot.
    pub(super) fn fail_everything(&mut self, slot: SlotId, failure: &Failure) {
        for number in self.in_flight.host_numbers() {
            let generation = self.in_flight.get(number).map(|request| request.generation);
            if generation.is_some_and(|of| self.slots.of_generation(of) == slot) {
                self.fail(number, failure);
            }
        }
        let repetitions = self.slots[slot].lifecycle.take_repetitions();
        let held = self.slots[slot].lifecycle.release_requests();
        for request in held.into_iter().chain(repetitions) {
            self.refuse(request, failure);
        }
        for call in std::mem::take(&mut self.sign_in_calls) {
            self.refuse(call, failure);
        }
    }

    /// Fails all of the host's requests.
    pub(super) fn fail_all_slots(&mut self, failure: &Failure) {
        for slot in self.slots.ids() {
            self.fail_everything(slot, failure);
        }
    }

    /// Replies with a result of the bridge in the form of the host's era.
    pub(super) fn reply_in_its_era(&mut self, request: HostRequest, result: &str) {
        let id = request.id();
        let answer = Message::result(id, result);
        let line = if request.requester() == Requester::ModernHost {
            translate_answer(id, request.method(), &answer, None)
        } else {
            Frame::from(answer.raw().clone())
        };
        self.reply(request, line);
    }
}

/// The answer that replaces one whose edits overlap.
fn untranslatable(id: &RequestId, overlap: Overlap) -> Frame {
    Frame::from(Failure::from(overlap).to_response(id))
}

/// The answer that replaces one that does not fit into its batch.
fn too_large(id: &RequestId) -> Frame {
    let text = "the answer does not fit into the batch response, which has a size limit";
    let failure = Failure::new(FailureKind::Lost, text)
        .hint("the server may have acted on the request: check, then send it again on its own");
    Frame::from(failure.to_response(id))
}

#[cfg(test)]
mod tests;
