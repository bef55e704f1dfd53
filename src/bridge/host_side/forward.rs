//! Forwards the host's messages, or holds them until the session is open (T-07).

use super::request::{HostRequest, Requester};
use crate::bridge::Bridge;
use crate::bridge::remote_side::in_flight::Purpose;
use crate::bridge::session::lifecycle::HeldMessage;
use crate::bridge::session::slots::SlotId;
use crate::error::{Failure, FailureKind};
use crate::jsonrpc::Message;

impl Bridge {
    /// Sends a host's request to the remote. One that belongs to a session is held until the
    /// session is open (T-07).
    pub(in crate::bridge) fn forward(&mut self, slot: SlotId, request: HostRequest) {
        if request.requester() != Requester::ModernHost && !self.may_send(slot) {
            return self.hold(slot, HeldMessage::Request(request));
        }
        let number = self.numbers.fresh();
        if self.slots[slot].adapter.is_on() {
            let message = request.message().clone();
            return self.send_through_adapter(slot, number, &message, Purpose::Host(request));
        }
        let message = request.message();
        let post =
            self.slots[slot].compose_post(number, message.with_id(&number.to_string()), message);
        self.record(slot, number, &post.handle, Purpose::Host(request));
        self.slots[slot].remote.post(post);
    }

    /// Sends a host's notification to the remote, or holds it until the session is open (T-07).
    pub(in crate::bridge) fn forward_notification(&mut self, slot: SlotId, message: Message) {
        if !self.may_send(slot) {
            return self.hold(slot, HeldMessage::Notification(message, Requester::Host));
        }
        let number = self.numbers.fresh();
        self.send_notification(slot, number, &message);
    }

    /// Whether the session is open. Starts to reopen a lost one.
    fn may_send(&mut self, slot: SlotId) -> bool {
        if self.slots[slot].lifecycle.is_lost() {
            self.reopen(slot);
        }
        self.slots[slot].lifecycle.sends_at_once()
    }

    /// Holds a message until the session is open, unless too many wait already (S-12).
    pub(in crate::bridge) fn hold(&mut self, slot: SlotId, message: HeldMessage) {
        let refused = self.slots[slot].lifecycle.hold(message).and_then(HeldMessage::into_request);
        if let Some(request) = refused {
            let failure =
                Failure::new(FailureKind::NotSent, "too many messages wait for the server");
            self.refuse(request, &failure.hint("wait for answers, then send it again"));
        }
    }
}
