//! Answers the host from the cache while the remote is slow, unreachable, or waits for a sign-in.

use serde::Deserialize;

use crate::bridge::Bridge;
use crate::bridge::host_side::request::HostRequest;
use crate::bridge::remote_side::in_flight::{OpenRequest, Purpose};
use crate::bridge::session::slots::SlotId;
use crate::jsonrpc::{Frame, Message, MessageKind, RequestId, notification};
use crate::protocol::{Era, ProtocolVersion};

#[derive(Deserialize)]
struct Hello {
    #[serde(rename = "protocolVersion", default)]
    version: String,
}

impl Bridge {
    /// Answers an `initialize` that the remote has not answered in time: from the last session or,
    /// some time later, minimally if a sign-in is pending.
    pub(in crate::bridge) fn answer_early(&mut self, slot: SlotId) {
        let state = &mut self.slots[slot];
        let Some(number) = state.lifecycle.first_number() else { return self.offer_sign_in(slot) };
        if let Some(result) = state.cache.answer_early() {
            tracing::info!("the server is slow: answered from the last session");
            return self.answer_first(slot, number, &result);
        }
        if !state.timers.grace_is_over() {
            return state.timers.answer_after_grace();
        }
        if self.slots.sign_in_waits() {
            self.answer_minimal(slot);
        }
    }

    /// Answers the `initialize` with this number, if the host waits for it: the remote requires a
    /// sign-in, and the host must not wait for that.
    pub(in crate::bridge) fn answer_without_remote(&mut self, number: u64) {
        let Some(open) = self.in_flight.get(number) else { return };
        let slot = self.slots.of_generation(open.generation);
        if self.slots[slot].lifecycle.first_number() != Some(number) || !self.slots.sign_in_waits()
        {
            return;
        }
        match self.slots[slot].cache.answer_early() {
            Some(result) => self.answer_first(slot, number, &result),
            None => self.answer_minimal(slot),
        }
    }

    /// Answers the host's `initialize` although nothing is known of the server except that it wants
    /// a sign-in.
    pub(in crate::bridge) fn answer_minimal(&mut self, slot: SlotId) {
        let state = &self.slots[slot];
        if !state.cache.is_on() {
            return;
        }
        let Some(number) = state.lifecycle.first_number() else { return };
        let Some(initialize) = state.lifecycle.initialize() else { return };
        let version =
            initialize.params_as::<Hello>().and_then(|h| ProtocolVersion::from_name(&h.version));
        let version = version
            .filter(|version| version.era() == Era::Legacy)
            .unwrap_or(ProtocolVersion::NEWEST_LEGACY);
        let result =
            self.minimal_result(version, "The tools appear automatically once it is done.");
        self.cache_minimal_lists(slot);
        self.answer_first(slot, number, &result);
    }

    /// Answers the host's own `initialize`. From now on the bridge opens the session for itself.
    pub(in crate::bridge) fn answer_first(&mut self, slot: SlotId, number: u64, result: &str) {
        let Some(open) = self.in_flight.close(number) else { return };
        let Purpose::Host(request) = open.purpose else { return };
        let behind = OpenRequest { purpose: Purpose::Reopen, ..open };
        self.in_flight.open(number, behind);
        self.slots[slot].lifecycle.continue_in_background();
        self.reply_result(request, result);
        self.note_initialize_answer(slot, &Message::result(&RequestId::from(0), result));
    }

    /// Answers a list from the cache while the remote has not answered, and gives back any other
    /// request.
    pub(in crate::bridge) fn answer_from_cache(
        &mut self,
        slot: SlotId,
        request: HostRequest,
    ) -> Option<HostRequest> {
        if !self.slots[slot].lifecycle.is_answered_early() {
            return Some(request);
        }
        let Some(result) = self.slots[slot].cache.list(request.message()) else {
            return Some(request);
        };
        if self.slots[slot].cache.is_minimal() {
            // The tool `sign_in` is the bridge's own, so filters do not apply.
            self.reply_in_its_era(request, &result);
        } else {
            self.reply_result(request, &result);
        }
        None
    }

    /// Compares the remote's list with the one that the host was given from the cache.
    pub(in crate::bridge) fn compare_list(
        &mut self,
        slot: SlotId,
        list: &Message,
        answer: &Message,
    ) {
        let Some(result) = answer.outcome().filter(|_| answer.kind() == MessageKind::Response)
        else {
            return;
        };
        if let Some(changed) = self.slots[slot].cache.compare(list.method(), result) {
            self.tell_host(slot, Frame::from(notification(changed, None)), None);
        }
        self.slots[slot].cache.keep_list(list, answer);
    }
}
