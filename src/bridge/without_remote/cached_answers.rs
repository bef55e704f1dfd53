//! Answering the host from the cache while the remote is slow, away, or waits for a sign-in.

use crate::bridge::Bridge;
use crate::bridge::host_side::request::HostRequest;
use crate::bridge::remote_side::in_flight::{OpenRequest, Purpose};
use crate::bridge::session::slots::SlotId;
use crate::jsonrpc::{Frame, Kind, Message};

impl Bridge {
    /// The remote took too long to answer `initialize`: the host gets what the last session said,
    /// or after some more time, if a sign-in waits, a minimal answer.
    pub(in crate::bridge) fn answer_early(&mut self, slot: SlotId) {
        let state = &mut self.slots[slot];
        let Some(number) = state.opening.first_number() else { return self.offer_sign_in(slot) };
        if let Some(result) = state.cache.answer_early() {
            tracing::info!("the server is slow, answered from the last session");
            return self.answer_first(slot, number, &result);
        }
        if !state.timers.grace_is_over() {
            return state.timers.answer_after_grace();
        }
        if self.sign_in_waits() {
            self.answer_minimal(slot);
        }
    }

    /// The remote wants a sign-in that is not to be waited for: answers the `initialize` of this
    /// number, if it is one that the host waits for.
    pub(in crate::bridge) fn answer_without_remote(&mut self, number: u64) {
        let Some(open) = self.in_flight.get(number) else { return };
        let slot = self.slots.of_generation(open.generation);
        if self.slots[slot].opening.first_number() != Some(number) || !self.sign_in_waits() {
            return;
        }
        match self.slots[slot].cache.answer_early() {
            Some(result) => self.answer_first(slot, number, &result),
            None => self.answer_minimal(slot),
        }
    }

    /// Answers the host's own `initialize`. From then on the bridge opens the session for itself.
    pub(in crate::bridge) fn answer_first(&mut self, slot: SlotId, number: u64, result: &str) {
        let Some(open) = self.in_flight.close(number) else { return };
        let Purpose::Host(request) = open.purpose else { return };
        let behind = OpenRequest { purpose: Purpose::Reopen, ..open };
        self.in_flight.open(number, behind);
        self.slots[slot].opening.go_on_behind();
        self.reply_result(request, result);
    }

    /// Answers a list from the cache while the remote is not there. Gives back what it cannot
    /// answer.
    pub(in crate::bridge) fn answer_from_cache(
        &mut self,
        slot: SlotId,
        request: HostRequest,
    ) -> Option<HostRequest> {
        if !self.slots[slot].opening.is_answered_early() {
            return Some(request);
        }
        let Some(result) = self.slots[slot].cache.list(request.message()) else {
            return Some(request);
        };
        self.reply_result(request, &result);
        None
    }

    /// What the remote says to a list that the host was answered from the cache.
    pub(in crate::bridge) fn compare_list(
        &mut self,
        slot: SlotId,
        list: &Message,
        answer: &Message,
    ) {
        let Some(result) = answer.outcome().filter(|_| answer.kind() == Kind::Response) else {
            return;
        };
        if let Some(notification) = self.slots[slot].cache.compare(list.method(), result) {
            let line = format!(r#"{{"jsonrpc":"2.0","method":"{notification}"}}"#);
            self.tell_host(slot, Frame::from(line), None);
        }
        self.slots[slot].cache.keep_list(list, answer);
    }
}
