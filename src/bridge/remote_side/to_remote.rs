//! Sends messages to the remote: directly to a legacy one, through the adapter to a modern one.

use crate::bridge::Bridge;
use crate::bridge::host_side::request::Requester;
use crate::bridge::remote_side::in_flight::{OpenRequest, Purpose};
use crate::bridge::session::slots::SlotId;
use crate::jsonrpc::{Frame, Message, RequestId};
use crate::protocol::methods;
use crate::remote::ExchangeHandle;

impl Bridge {
    /// Sends a request that the bridge composed, for itself or for the host.
    pub(in crate::bridge) fn ask(&mut self, slot: SlotId, message: &Message, purpose: Purpose) {
        let number = self.numbers.fresh();
        if self.slots[slot].adapter.is_on() {
            return self.send_through_adapter(slot, number, message, purpose);
        }
        let post =
            self.slots[slot].compose_post(number, message.with_id(&number.to_string()), message);
        self.record(slot, number, &post.handle, purpose);
        self.slots[slot].remote.post(post);
    }

    pub(in crate::bridge) fn send_through_adapter(
        &mut self,
        slot: SlotId,
        number: u64,
        message: &Message,
        purpose: Purpose,
    ) {
        let relays = purpose
            .host_request()
            .is_some_and(|request| request.requester() == Requester::ModernHost);
        self.record(slot, number, &ExchangeHandle::default(), purpose);
        self.with_remote_adapter(slot, |remote, context| {
            if relays {
                remote.relay_request(number, message, context);
            } else {
                remote.handle_request(number, message, context);
            }
        });
    }

    /// Sends a notification in an exchange with this number.
    pub(in crate::bridge) fn send_notification(
        &mut self,
        slot: SlotId,
        number: u64,
        message: &Message,
    ) {
        if self.slots[slot].adapter.is_on() {
            return self.with_remote_adapter(slot, |remote, context| {
                remote.handle_notification(number, message, context);
            });
        }
        let slot = &mut self.slots[slot];
        let post = slot.compose_post(number, Frame::from(message.raw().clone()), message);
        slot.remote.post(post);
    }

    /// Opens the stream on which the remote announces changes.
    pub(in crate::bridge) fn listen(&mut self, slot: SlotId) {
        if self.slots[slot].adapter.is_on() {
            return self.with_remote_adapter(slot, |remote, context| remote.listen(context));
        }
        if self.slots[slot].pushes_by_transport() {
            self.note_pushes(slot, true);
        }
        let slot = &mut self.slots[slot];
        slot.remote.listen(&slot.session);
    }

    /// Records a request that the remote has to answer.
    pub(in crate::bridge) fn record(
        &mut self,
        slot: SlotId,
        number: u64,
        handle: &ExchangeHandle,
        purpose: Purpose,
    ) {
        let generation = self.slots[slot].session.generation;
        self.in_flight.open(number, OpenRequest { purpose, handle: handle.clone(), generation });
    }

    /// Checks that the remote is alive; the outcome shows whether the session is lost.
    pub(in crate::bridge) fn ping(&mut self, slot: SlotId) {
        let ping = Message::request(&RequestId::from(0), methods::PING, None);
        self.ask(slot, &ping, Purpose::Own);
    }
}
