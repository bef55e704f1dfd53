//! Doubts about a session (T-44): an answer may say that the remote has forgotten it, and reaches
//! the host as it is, because it names the host's request. A `ping` beside the traffic shows
//! whether the session is lost; nothing that is open fails before.

use super::slots::SlotId;
use crate::bridge::Bridge;
use crate::bridge::remote_side::in_flight::Purpose;
use crate::jsonrpc::{Message, RequestId};
use crate::protocol::methods;

impl Bridge {
    /// An answer may mean that the session is lost: finds out.
    pub(in crate::bridge) fn doubt_session(&mut self, slot: SlotId) {
        let state = &mut self.slots[slot];
        if !state.lifecycle.is_ready() || state.adapter.is_on() || !state.timers.begin_check() {
            return;
        }
        tracing::debug!("an answer may mean that the server forgot the session, checking");
        let ping = Message::request(&RequestId::from(0), methods::PING, None);
        self.ask(slot, &ping, Purpose::Check);
    }

    /// The stream of the session was refused: finds out what that means (T-32).
    pub(in crate::bridge) fn handle_session_doubt(&mut self, slot: SlotId, generation: u32) {
        let state = &self.slots[slot];
        if generation == state.session.generation && state.lifecycle.is_ready() {
            self.ping(slot);
        }
    }

    /// Closes the request of this number if it is such a check.
    pub(in crate::bridge) fn close_check(&mut self, number: u64) -> bool {
        let open = self.in_flight.get(number);
        let is_check = open.is_some_and(|open| matches!(open.purpose, Purpose::Check));
        if is_check && let Some(request) = self.in_flight.close(number) {
            request.handle.settle();
        }
        is_check
    }
}
