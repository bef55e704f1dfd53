//! Handles further `initialize` requests. A host may send several over one pipe, for example a
//! gateway that shares one bridge between clients. The same `initialize` gets the same answer; a
//! different one gets a new session (E-08).

use std::sync::Arc;

use super::slots::SlotId;
use crate::bridge::Bridge;
use crate::bridge::host_side::request::HostRequest;
use crate::protocol::codes;
use crate::remote::Session;

impl Bridge {
    /// Handles an `initialize` from a host that already has a session in this slot.
    pub(in crate::bridge) fn initialize_again(&mut self, slot: SlotId, request: HostRequest) {
        let lifecycle = &mut self.slots[slot].lifecycle;
        let is_same = lifecycle
            .initialize()
            .is_some_and(|first| first.params() == request.message().params());
        if !is_same {
            return self.open_another(slot, request);
        }
        match lifecycle.result() {
            Some(result) => {
                let result = result.to_owned();
                self.reply_result(request, &result);
            }
            None => lifecycle.hold_repetition(request),
        }
    }

    fn open_another(&mut self, slot: SlotId, request: HostRequest) {
        tracing::info!("the host opens a new session");
        if self.slots[slot].adapter.is_on() {
            // A modern remote has no sessions.
            self.slots[slot].lifecycle.begin_again();
            return self.open_session(slot, request);
        }
        let is_under_way = self.slots[slot].lifecycle.is_under_way();
        if !is_under_way {
            return self.replace_session(slot, request);
        }
        match self.further_slot_for_legacy_host() {
            Some(slot) => self.open_session(slot, request),
            None => {
                let text = "too many sessions are being opened";
                self.reply_error(request, codes::INVALID_REQUEST, text);
            }
        }
    }

    /// Opens a new session in the place of the current one, whose open requests are still answered.
    fn replace_session(&mut self, slot: SlotId, request: HostRequest) {
        let old = Arc::clone(&self.slots[slot].session);
        if self.slots[slot].pushes_by_transport() {
            self.stream_lost(slot, old.generation);
        }
        let is_used = !self.in_flight.numbers_in(old.generation).is_empty();
        let state = &mut self.slots[slot];
        state.remote.stop_listening();
        state.timers.lost();
        if is_used {
            self.replaced.push((slot, old));
        } else {
            state.remote.end_replaced(&old);
        }
        let state = &mut self.slots[slot];
        state.lifecycle.begin_again();
        state.cache.begin_again();
        self.slots.begin_session(slot);
        self.open_session(slot, request);
    }

    /// The session of this generation, if it is in force or was replaced while something was open
    /// in it.
    pub(in crate::bridge) fn session_of(
        &self,
        slot: SlotId,
        generation: u32,
    ) -> Option<Arc<Session>> {
        let replaced = self.replaced.iter().map(|(_, session)| session);
        let mut sessions = replaced.chain([&self.slots[slot].session]);
        sessions.find(|session| session.generation == generation).cloned()
    }

    /// Ends replaced sessions once they have no open requests (T-33).
    pub(in crate::bridge) fn end_replaced_sessions(&mut self) {
        if self.replaced.is_empty() {
            return;
        }
        let is_used = |(_, session): &(SlotId, Arc<Session>)| {
            !self.in_flight.numbers_in(session.generation).is_empty()
        };
        let (used, over) = std::mem::take(&mut self.replaced).into_iter().partition(is_used);
        self.replaced = used;
        let over: Vec<(SlotId, Arc<Session>)> = over;
        for (slot, session) in over {
            // Some servers give each session the same id: ending it would end the one in force.
            if session.id.is_none() || session.id != self.slots[slot].session.id {
                self.slots[slot].remote.end_replaced(&session);
            }
        }
    }
}
