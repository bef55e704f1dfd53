//! Reopens a session that the remote has forgotten, with the same `initialize` and once for all
//! requests that notice (T-32, T-74). Log level and subscriptions are restored in the new session.

use super::lifecycle::Phase;
use super::slots::{SessionSlot, SlotId};
use crate::bridge::Bridge;
use crate::bridge::remote_side::in_flight::Purpose;
use crate::error::{Failure, FailureKind};
use crate::jsonrpc::{Frame, Message, RequestId, notification};
use crate::protocol::methods;
use crate::remote::ExchangeHandle;

/// How many sessions in a row may be lost before they have answered anything.
const LOSSES_IN_A_ROW: u32 = 3;

impl Bridge {
    /// Handles a session that the remote no longer knows. One new session serves all requests that
    /// notice.
    pub(in crate::bridge) fn session_lost(&mut self, slot: SlotId, generation: u32) {
        let state = &mut self.slots[slot];
        if !state.has_session(generation) {
            return;
        }
        state.lifecycle.losses += 1;
        if state.lifecycle.losses > LOSSES_IN_A_ROW {
            let failure = Failure::new(FailureKind::NotSent, "the server forgets every session");
            let failure = failure.hint("report this to the server's operator");
            return self.reopen_failed(slot, &failure);
        }
        tracing::info!("the server forgot the session, opening a new one");
        self.reopen(slot);
    }

    /// Handles the loss of a session without a request from the host: its stream ended, or the
    /// bridge's own `ping` got a 404. If sessions last only seconds, the next one is opened when
    /// the host sends something or a pause is over; otherwise the bridge would open sessions
    /// forever.
    pub(in crate::bridge) fn session_lost_unasked(&mut self, slot: SlotId, generation: u32) {
        let state = &mut self.slots[slot];
        if !state.has_session(generation) {
            return;
        }
        match state.timers.pause_after_loss() {
            Some(pause) if state.lifecycle.holds_nothing() => {
                tracing::info!(?pause, "the server forgets its sessions within seconds, waiting");
                state.remote.stop_listening();
                state.timers.lost();
                state.timers.reopen_after(pause);
                state.lifecycle.phase = Phase::Lost;
                state.lifecycle.paused = true;
            }
            _ => self.session_lost(slot, generation),
        }
    }

    /// Opens a new session with the host's `initialize`, without a session id (T-32).
    pub(in crate::bridge) fn reopen(&mut self, slot: SlotId) {
        let state = &mut self.slots[slot];
        let Some(initialize) = state.lifecycle.initialize.clone() else { return };
        state.lifecycle.paused = false;
        self.counters.reopened();
        state.timers.lost();
        state.remote.stop_listening();
        state.lifecycle.phase = Phase::Reopening;
        self.slots.begin_session(slot);
        let number = self.numbers.fresh();
        self.record(slot, number, &ExchangeHandle::default(), Purpose::Reopen);
        self.detect_for_session(slot, number, initialize);
    }

    /// Fails held requests, because the session could not be reopened. The next request or a timer
    /// tries again.
    pub(in crate::bridge) fn reopen_failed(&mut self, slot: SlotId, failure: &Failure) {
        self.initialize_failed(slot);
        for request in self.slots[slot].lifecycle.release_requests() {
            self.refuse(request, failure);
        }
    }

    pub(in crate::bridge) fn reconfirm(&mut self, slot: SlotId) {
        let initialized = Message::notification(methods::INITIALIZED, None);
        let number = self.numbers.fresh();
        self.slots[slot].lifecycle.phase = Phase::Reconfirming(number);
        self.slots[slot].timers.confirming();
        self.send_notification(slot, number, &initialized);
    }

    /// Restores log level and subscriptions in the new session.
    pub(in crate::bridge) fn restore(&mut self, slot: SlotId) {
        let lifecycle = &self.slots[slot].lifecycle;
        let level = lifecycle.log_level.iter();
        let messages: Vec<Message> =
            level.chain(lifecycle.subscriptions.values()).cloned().collect();
        for message in messages {
            self.ask(slot, &message, Purpose::Own);
        }
    }

    /// Tells the host to list again, because it may have missed changes.
    fn announce_changes(&mut self, slot: SlotId) {
        for (capability, method) in methods::LIST_CHANGED {
            if self.slots[slot].lifecycle.announces(capability) {
                self.tell_host(slot, Frame::from(notification(method, None)), None);
            }
        }
    }

    /// Handles an `initialize` that got an error or no answer at all.
    pub(in crate::bridge) fn initialize_failed(&mut self, slot: SlotId) {
        let state = &mut self.slots[slot];
        match state.lifecycle.phase {
            Phase::Opening => state.lifecycle.phase = Phase::Idle,
            _ => {
                state.lifecycle.phase = Phase::Lost;
                state.timers.reopen_later();
            }
        }
    }

    /// Announces lists that may have changed: those answered from the cache, if any were; otherwise
    /// all.
    pub(in crate::bridge) fn tell_changes(&mut self, slot: SlotId) {
        if !self.slots[slot].lifecycle.answered_early {
            return self.announce_changes(slot);
        }
        for method in self.slots[slot].cache.finish() {
            let list = Message::request(&RequestId::from(0), &method, None);
            self.ask(slot, &list, Purpose::Compare(list.clone()));
        }
        self.slots[slot].lifecycle.answered_early = false;
    }
}

impl SessionSlot {
    /// Whether this is the current session and it is open.
    fn has_session(&self, generation: u32) -> bool {
        let is_away = matches!(
            self.lifecycle.phase,
            Phase::Idle | Phase::Opening | Phase::Reopening | Phase::Lost
        );
        generation == self.session.generation && !is_away
    }
}
