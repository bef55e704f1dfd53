//! Handles events from the remote: answers, the ends of exchanges, and the loss of sessions. The
//! remote's own requests are handled in `ask_host`.

use crate::bridge::Bridge;
use crate::bridge::effects::Effect;
use crate::bridge::eras::era_doubt::is_modern_refusal;
use crate::bridge::remote_side::in_flight::Purpose;
use crate::bridge::session::slots::SlotId;
use crate::eras::RemoteEffect;
use crate::error::{Failure, FailureKind};
use crate::jsonrpc::{Message, MessageKind};
use crate::protocol::{Era, methods};
use crate::remote::{
    Outcome, ProbeRefusal, RemoteEvent, casts_doubt, number_of, refusal_casts_doubt,
};

impl Bridge {
    /// Handles an event from an exchange or a stream. An answer is matched by its id, whichever
    /// stream it arrived on (T-37).
    pub(in crate::bridge) fn handle_event(&mut self, event: RemoteEvent) {
        let slot = self.slots.of_generation(event.generation());
        self.slots[slot].timers.traffic();
        let Some(event) = self.handle_doubt_event(slot, event) else { return };
        match event {
            RemoteEvent::Message { exchange: Some(exchange), message, .. }
                if self.slots[slot].adapter.sent(exchange) =>
            {
                self.handle_modern_message(slot, exchange, &message);
            }
            RemoteEvent::Message { exchange, generation, message, .. } => match message.kind() {
                MessageKind::Response | MessageKind::ErrorResponse => {
                    match number_answered(&message, exchange) {
                        Some(number) if self.slots[slot].is_probing(number) => {
                            self.handle_probe_answer(slot, &message);
                        }
                        Some(number) if casts_doubt(&message) && self.close_check(number) => {
                            self.handle_session_loss(slot, generation);
                        }
                        Some(number) => self.handle_answer(number, &message, &[]),
                        None => tracing::warn!(
                            "ignored an answer of the server: its id is not one of ours"
                        ),
                    }
                }
                MessageKind::Request => {
                    self.handle_remote_request(slot, generation, exchange, &message);
                }
                MessageKind::Notification => {
                    self.handle_remote_notification(slot, generation, exchange, &message);
                }
            },
            RemoteEvent::Opened { exchange, transport, session_id, .. } => {
                self.note_opened(slot, exchange, transport, session_id);
            }
            RemoteEvent::Ended { exchange, outcome, .. }
                if self.slots[slot].adapter.sent(exchange) =>
            {
                self.handle_modern_end(slot, exchange, outcome);
            }
            RemoteEvent::Ended { exchange, generation, outcome } => {
                self.handle_end(slot, exchange, generation, outcome);
            }
            RemoteEvent::Listening { generation, offered } => {
                self.handle_listening(slot, generation, offered);
            }
            RemoteEvent::SessionLost { generation } => self.handle_session_loss(slot, generation),
            RemoteEvent::SessionDoubted { generation } => {
                self.handle_session_doubt(slot, generation)
            }
        }
    }

    fn handle_listening(&mut self, slot: SlotId, generation: u32, offered: bool) {
        if generation == self.slots[slot].session.generation {
            self.note_pushes(slot, offered);
        }
    }

    fn handle_session_loss(&mut self, slot: SlotId, generation: u32) {
        if self.slots[slot].pushes_by_transport() {
            self.stream_lost(slot, generation);
        }
        self.session_lost_unasked(slot, generation);
    }

    fn handle_end(&mut self, slot: SlotId, number: u64, generation: u32, outcome: Outcome) {
        self.in_flight.end_own_answer(number);
        match &self.slots[slot].detection {
            Some(detection) if detection.is_at(number) => {
                return self.handle_probe_end(slot, outcome);
            }
            // A probe that did not settle the era; another one is under way.
            Some(detection) if detection.waits_for(number) => return,
            _ => {}
        }
        if let Some(waiting) = self.in_flight.end_host_answer(number)
            && !matches!(outcome, Outcome::Done)
        {
            self.answer_undelivered(slot, waiting, &outcome);
        }
        match outcome {
            Outcome::Refused(refusal) => self.refused(slot, number, generation, *refusal),
            Outcome::SessionLost(refusal)
                if self.was_refused_again_in_new_session(slot, number, &refusal) =>
            {
                self.slots[slot].lifecycle.note_misleading(refusal_text(&refusal));
                self.handle_refusal(number, &refusal);
            }
            Outcome::SessionLost(refusal) => {
                self.retry_in_new_session(slot, number, generation, &refusal);
            }
            // The usual case: the answer arrived first.
            Outcome::Done if self.in_flight.get(number).is_none() => {}
            Outcome::Done => self.handle_failure(number, &unanswered()),
            Outcome::Failed(failure) => self.handle_failure(number, &failure),
        }
        self.handle_confirmation(slot, number);
    }

    /// Fails the request whose question the host has answered, because the answer did not reach the
    /// remote: the request would wait as long as the remote keeps its stream open.
    fn answer_undelivered(&mut self, slot: SlotId, waiting: u64, outcome: &Outcome) {
        if self.in_flight.get(waiting).is_none() {
            return; // answered or cancelled meanwhile
        }
        let why = match outcome {
            Outcome::Failed(failure) => failure.message.as_str(),
            Outcome::Refused(refusal) | Outcome::SessionLost(refusal) => {
                refusal.failure.message.as_str()
            }
            Outcome::Done => "the server ignored it",
        };
        let text = format!("the answer to a question of the server did not arrive: {why}");
        let failure = Failure::new(FailureKind::Lost, text)
            .hint("the server may have acted on the request in part; check before repeating it");
        let reason = "the answer to a question of the server did not arrive";
        self.cancel_at_remote(slot, waiting, reason);
        let fail = RemoteEffect::Fail { number: waiting, failure };
        self.effects.push(Effect::OfRemote(slot, fail));
    }

    /// Handles a message that the remote refused with an HTTP error.
    fn refused(&mut self, slot: SlotId, number: u64, generation: u32, refusal: ProbeRefusal) {
        let is_open = self.in_flight.get(number).is_some();
        if is_open && self.choices.era == Some(Era::Legacy) && is_modern_refusal(&refusal) {
            return self.doubt_era(slot, number, refusal);
        }
        let casts_doubt = refusal_casts_doubt(&refusal);
        if casts_doubt && self.close_check(number) {
            return self.handle_session_loss(slot, generation);
        }
        self.handle_refusal(number, &refusal);
        if casts_doubt && is_open {
            self.doubt_session(slot);
        }
    }

    /// Whether the server refused again in a new session, so its wording did not mean a lost
    /// session (T-39).
    fn was_refused_again_in_new_session(
        &self,
        slot: SlotId,
        number: u64,
        refusal: &ProbeRefusal,
    ) -> bool {
        let open = self.in_flight.get(number).and_then(|open| open.purpose.host_request());
        let is_repeated = open.is_some_and(|request| request.is_repeated);
        let says_so = matches!(refusal.status, Some(404 | 410));
        !says_so && (is_repeated || self.slots[slot].lifecycle.is_misleading(refusal_text(refusal)))
    }

    /// Sends a request once more in a new session, because the remote refused it as one of an
    /// unknown session (T-32). If the remote refuses it there too, the host gets the refusal.
    fn retry_in_new_session(
        &mut self,
        slot: SlotId,
        number: u64,
        generation: u32,
        refusal: &ProbeRefusal,
    ) {
        let Some(request) = self.in_flight.close(number) else {
            return self.session_lost(slot, generation);
        };
        request.handle.settle();
        if self.slots[slot].pushes_by_transport() {
            self.stream_lost(slot, generation);
        }
        match &request.purpose {
            Purpose::Own | Purpose::Check | Purpose::Compare(_) => {
                return self.session_lost_unasked(slot, generation);
            }
            Purpose::Host(_) if self.slots[slot].lifecycle.is_paused() => self.reopen(slot),
            _ => self.session_lost(slot, generation),
        }
        match request.purpose {
            Purpose::Host(request) if request.is_repeated => self.reply_refusal(request, refusal),
            Purpose::Host(request) if self.slots[slot].lifecycle.is_lost() => {
                self.refuse(request, &refusal.failure);
            }
            Purpose::Host(request) if self.slots[slot].lifecycle.sends_at_once() => {
                self.forward(slot, request.repeated());
            }
            Purpose::Host(request) => self.slots[slot].lifecycle.hold_first(request.repeated()),
            Purpose::Reopen => self.reopen_failed(slot, &refusal.failure),
            Purpose::Own | Purpose::Check | Purpose::Compare(_) => {}
        }
    }

    /// Handles the loss of the HTTP+SSE stream, and with it of every answer that was due on it
    /// (T-74). Requests that are safe to repeat are sent again in the new session.
    pub(in crate::bridge) fn stream_lost(&mut self, slot: SlotId, generation: u32) {
        let lost = Failure::new(FailureKind::Lost, "the event stream broke before the answer")
            .hint("the server may or may not have acted on the request; check before repeating it");
        for number in self.in_flight.numbers_in(generation).into_iter().rev() {
            let request = self.in_flight.get(number).and_then(|open| open.purpose.host_request());
            let repeat = request.is_some_and(|request| {
                !request.is_repeated
                    && request.method() != methods::INITIALIZE
                    && methods::is_safe_to_repeat(request.method())
            });
            if !repeat {
                self.handle_failure(number, &lost);
            } else if let Some(request) = self.in_flight.close(number) {
                request.handle.settle();
                if let Purpose::Host(request) = request.purpose {
                    self.slots[slot].lifecycle.hold_first(request.repeated());
                }
            }
        }
    }
}

/// The number of the request that a message answers. An error without an id answers the exchange on
/// which it arrived (T-24).
fn number_answered(answer: &Message, exchange: Option<u64>) -> Option<u64> {
    match answer.id() {
        Some(id) => id.as_own_number().map(number_of),
        None => exchange,
    }
}

/// The remote's words in a refusal.
fn refusal_text(refusal: &ProbeRefusal) -> &str {
    let answer = refusal.answer.as_ref().and_then(Message::outcome);
    answer.unwrap_or(&refusal.failure.message)
}

fn unanswered() -> Failure {
    Failure::new(FailureKind::Protocol, "the server ended the exchange without an answer")
        .hint("report this to the server's operator")
}
