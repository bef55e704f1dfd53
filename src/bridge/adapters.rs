//! Carries out the effects that the adapters in `crate::eras` emit, once the current event is
//! handled.

use serde_json::json;

use super::Bridge;
use super::effects::Effect;
use super::host_side::request::{HostRequest, Requester};
use super::remote_side::in_flight::Purpose;
use super::session::slots::SlotId;
use crate::eras::RemoteEffect;
use crate::eras::modern_host::HostEffect;
use crate::jsonrpc::{Frame, Message, MessageKind, RequestId, notification};
use crate::protocol::methods;
use crate::remote::ProbeRefusal;

impl Bridge {
    /// Carries out all queued effects, including those queued meanwhile.
    pub(super) fn carry_out_effects(&mut self) {
        while let Some(effect) = self.effects.waiting.pop_front() {
            match effect {
                Effect::OfRemote(slot, effect) => self.carry_out_for_remote(slot, effect),
                Effect::OfHost(HostEffect::Say(line)) => self.host.writer.push(line),
                Effect::OfHost(HostEffect::Send(message)) => self.send_for_host_adapter(message),
                Effect::Probe(slot) => self.send_first_probe(slot),
                Effect::Fail(number, failure) => self.fail(number, &failure),
            }
        }
    }

    /// Carries out an effect of a modern remote's adapter.
    fn carry_out_for_remote(&mut self, slot: SlotId, effect: RemoteEffect) {
        match effect {
            RemoteEffect::Answer { number, answer, edits } => {
                self.handle_answer(number, &answer, &edits);
            }
            RemoteEffect::Fail { number, failure } => self.handle_failure(number, &failure),
            RemoteEffect::Forget(number) => {
                let open = self.in_flight.close(number);
                if let Some(Purpose::Host(request)) = open.map(|open| open.purpose) {
                    self.forget(request);
                }
            }
            RemoteEffect::Doubted { number, failure, answer } => {
                let status = failure.status;
                self.doubt_era(slot, number, ProbeRefusal { status, failure, answer });
            }
            RemoteEffect::Accepted(number) => self.handle_confirmation(slot, number),
            RemoteEffect::Notify(frame) => self.host.writer.push(frame),
            RemoteEffect::Ask { number, question } => {
                let generation = self.slots[slot].session.generation;
                self.handle_remote_request(slot, generation, Some(number), &question);
            }
            RemoteEffect::Withdraw(id) => self.withdraw_question(slot, id),
            RemoteEffect::Exchange(exchange) => {
                let slot = &mut self.slots[slot];
                let post = slot.compose_modern_post(exchange);
                slot.adapter.note_sent(&post);
                slot.remote.post(post);
            }
            RemoteEffect::Close(exchange) => self.slots[slot].adapter.abandon(exchange),
        }
    }

    /// Cancels a question that the host no longer needs to answer (E-65).
    fn withdraw_question(&mut self, slot: SlotId, id: u64) {
        let generation = self.slots[slot].session.generation;
        let id = RequestId::from(id);
        let Some(number) = self.in_flight.of_remote.number_of(&id, generation) else { return };
        self.close_remote_request(number);
        let params = json!({ "requestId": number }).to_string();
        self.host.writer.push(Frame::from(notification(methods::CANCELLED, Some(&params))));
    }

    /// Handles a message that a modern host's adapter sends in the place of a legacy host.
    fn send_for_host_adapter(&mut self, message: Message) {
        match message.kind() {
            MessageKind::Request => {
                let slot = if message.method() == methods::INITIALIZE {
                    self.slot_for_new_adapter_session()
                } else {
                    self.slots.for_adapter()
                };
                let request = HostRequest::new(message, None, &self.unanswered);
                self.handle_request(slot, request.by(Requester::Adapter));
            }
            MessageKind::Notification => {
                let slot = self.slots.for_adapter();
                if message.method() == methods::CANCELLED {
                    self.cancel(slot, &message, Requester::Adapter);
                } else {
                    self.handle_session_notification(slot, message);
                }
            }
            MessageKind::Response | MessageKind::ErrorResponse => {
                self.handle_host_answer(&message, Requester::Adapter);
            }
        }
    }
}
