//! Passes the remote's requests to the host or answers them here, and cancels them once nobody
//! waits for the answer.

use serde_json::{Value, json};

use super::remote_requests::{MAX_ID_BYTES, RemoteRequest};
use crate::bridge::Bridge;
use crate::bridge::host_side::from_host::{cancelled_id, with_cancelled_id};
use crate::bridge::session::slots::SlotId;
use crate::jsonrpc::{
    Frame, Message, RequestId, error_object, error_response, notification, result_response,
};
use crate::protocol::{codes, methods};

impl Bridge {
    /// Passes a request from the remote to the host.
    pub(in crate::bridge) fn handle_remote_request(
        &mut self,
        slot: SlotId,
        generation: u32,
        exchange: Option<u64>,
        request: &Message,
    ) {
        let Some(id) = request.id().cloned() else { return };
        if generation != self.slots[slot].session.generation {
            return tracing::debug!("dropped a request of a session that is gone");
        }
        if id.text_length() > MAX_ID_BYTES {
            // Not answered, because an answer would have to repeat the id.
            let bytes = id.text_length();
            return tracing::warn!("ignored a request of the server: its id has {bytes} bytes");
        }
        let number = self.numbers.fresh();
        if request.method() == methods::PING {
            let pong = Frame::from(result_response(&id, json!({})));
            return self.answer_remote(slot, number, pong);
        }
        let asks_a_person = asks_a_person(request.method());
        let asked =
            RemoteRequest { id: id.clone(), generation, caused_by: exchange, asks_a_person };
        if !self.in_flight.of_remote.open(number, asked) {
            tracing::warn!("refused a request of the server: too many are open");
            return self.refuse_remote_request(slot, number, &id);
        }
        if asks_a_person {
            self.count_questions();
        }
        self.tell_host(slot, request.with_id(&number.to_string()), exchange);
    }

    fn refuse_remote_request(&mut self, slot: SlotId, number: u64, id: &RequestId) {
        let reason = "too many requests are waiting for the host";
        if !self.slots[slot].adapter.is_on() {
            let refusal = error_response(id, codes::INTERNAL_ERROR, reason, Value::Null);
            return self.answer_remote(slot, number, Frame::from(refusal));
        }
        let error = error_object(codes::INTERNAL_ERROR, reason, Value::Null).to_string();
        let Some(own) = id.as_own_number() else { return };
        self.with_remote_adapter(slot, |remote, context| {
            remote.handle_host_answer(own, &Message::error(id, &error), context);
        });
    }

    /// Answers a request from the remote without asking the host. A server that does not accept its
    /// answers gets no more for now (S-40).
    fn answer_remote(&mut self, slot: SlotId, number: u64, answer: Frame) {
        if !self.in_flight.begin_own_answer(number) {
            return tracing::warn!(
                "left a request of the server unanswered: too many answers wait"
            );
        }
        let slot = &mut self.slots[slot];
        let mut post = slot.compose_bare_post(number, answer);
        post.session = slot.session_so_far();
        slot.remote.post(post);
    }

    /// Tells the remote side which questions to a person are open. They suspend the time limits of
    /// the requests that caused them.
    pub(in crate::bridge) fn count_questions(&self) {
        self.slots[SlotId::FIRST]
            .remote
            .open_prompts()
            .set_open(self.in_flight.of_remote.questions());
    }

    /// Cancels questions to the host whose request has ended: nothing waits for their answers
    /// (T-26).
    pub(in crate::bridge) fn withdraw_orphans(&mut self) {
        let orphans = self.in_flight.take_orphans();
        if orphans.is_empty() {
            return;
        }
        self.count_questions();
        for (number, generation) in orphans {
            let params = json!({ "requestId": number }).to_string();
            let line = Frame::from(notification(methods::CANCELLED, Some(&params)));
            self.tell_host(self.slots.of_generation(generation), line, None);
        }
    }

    /// Passes the remote's notification on to the host; a cancellation gets the id that the host
    /// knows.
    pub(in crate::bridge) fn handle_remote_notification(
        &mut self,
        slot: SlotId,
        generation: u32,
        exchange: Option<u64>,
        message: &Message,
    ) {
        if message.method() != methods::CANCELLED {
            return self.tell_host(slot, Frame::from(message.raw().clone()), exchange);
        }
        if let Some(frame) = self.withdrawn(generation, message) {
            self.tell_host(slot, frame, exchange);
        }
    }

    /// Returns the cancellation of a remote's request with the id that the host knows.
    fn withdrawn(&mut self, generation: u32, message: &Message) -> Option<Frame> {
        let id = cancelled_id(message)?;
        let number = self.in_flight.of_remote.number_of(&id, generation)?;
        self.close_remote_request(number);
        with_cancelled_id(message, number)
    }

    /// Removes a remote's request that is answered or cancelled.
    pub(in crate::bridge) fn close_remote_request(&mut self, number: u64) -> Option<RemoteRequest> {
        let request = self.in_flight.of_remote.close(number)?;
        if request.asks_a_person {
            self.count_questions();
        }
        Some(request)
    }
}

/// Whether a person may have to answer this request from the remote.
fn asks_a_person(method: &str) -> bool {
    matches!(method, methods::ELICIT | methods::SAMPLE)
}
