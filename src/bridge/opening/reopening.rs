//! A session that the remote has forgotten is opened again with the same `initialize`, once for
//! everyone who notices (T-32, T-74); what the old one was told, the new one is told too.

use super::super::Bridge;
use super::super::in_flight::Purpose;
use super::Phase;
use crate::error::{Failure, FailureKind};
use crate::jsonrpc::{Frame, Message};
use crate::protocol::methods;
use crate::remote::{ExchangeHandle, Session};

/// How often in a row a session may be lost before it was of any use.
const LOSSES_IN_A_ROW: u32 = 3;

impl Bridge {
    /// The remote does not know the session any more. One new session serves everyone who notices.
    pub(in crate::bridge) fn session_lost(&mut self, generation: u32) {
        if !self.has_session(generation) {
            return;
        }
        self.opening.losses += 1;
        if self.opening.losses > LOSSES_IN_A_ROW {
            let failure = Failure::new(FailureKind::Lost, "server forgets every session");
            return self.reopen_failed(&failure.hint("report this fault of the server there"));
        }
        tracing::info!("the server forgot the session, opening a new one");
        self.reopen();
    }

    /// The session was lost while the host asked for nothing: its stream ended, or a `ping` of ours
    /// met a 404. Where sessions live for seconds only, the next one waits for the host or for the
    /// end of a pause, or a server would be given one session after the other for ever.
    pub(in crate::bridge) fn session_lost_unasked(&mut self, generation: u32) {
        if !self.has_session(generation) {
            return;
        }
        match self.timers.pause_after_loss() {
            Some(pause) if self.opening.holds_nothing() => {
                tracing::info!(?pause, "the server forgets its sessions within seconds, waiting");
                self.remote.stop_listening();
                self.timers.lost();
                self.timers.reopen_after(pause);
                self.opening.phase = Phase::Lost;
                self.opening.paused = true;
            }
            _ => self.session_lost(generation),
        }
    }

    /// Whether this session is the present one, and open.
    fn has_session(&self, generation: u32) -> bool {
        let is_away = matches!(
            self.opening.phase,
            Phase::Idle | Phase::Opening | Phase::Reopening | Phase::Lost
        );
        generation == self.session.generation && !is_away
    }

    /// Opens a new session with the host's `initialize`, without a session id (T-32).
    pub(in crate::bridge) fn reopen(&mut self) {
        let Some(initialize) = self.opening.initialize.clone() else { return };
        self.opening.paused = false;
        self.counters.reopened();
        self.timers.lost();
        self.remote.stop_listening();
        self.opening.phase = Phase::Reopening;
        self.session = Session::unopened(self.lanes.new_generation());
        let number = self.number();
        self.record(number, &ExchangeHandle::default(), Purpose::Reopen);
        self.search_for_session(number, initialize);
    }

    /// Opening again failed: whoever waits hears why; the next request or a timer tries once more.
    pub(in crate::bridge) fn reopen_failed(&mut self, failure: &Failure) {
        self.initialize_failed();
        for held in self.opening.release() {
            self.refuse(&held, failure);
        }
    }

    pub(in crate::bridge) fn reconfirm(&mut self) {
        let Ok(initialized) =
            Message::parse(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#)
        else {
            return;
        };
        let number = self.number();
        self.opening.phase = Phase::Reconfirming(number);
        self.send_notification(number, &initialized);
    }

    /// Tells the new session what the old one was told.
    pub(in crate::bridge) fn restore(&mut self) {
        let level = self.opening.log_level.clone();
        let subscriptions: Vec<Message> = self.opening.subscriptions.values().cloned().collect();
        for message in level.iter().chain(&subscriptions) {
            self.ask(message, Purpose::Own);
        }
    }

    /// Changes may have been missed: the host is told to list again.
    fn announce_changes(&mut self) {
        for (capability, method) in methods::LIST_CHANGED {
            let announces = self
                .opening
                .capabilities
                .0
                .get(capability)
                .is_some_and(|capability| capability["listChanged"] == true);
            if announces {
                let line = format!(r#"{{"jsonrpc":"2.0","method":"{method}"}}"#);
                self.tell_host(Frame::from(line), None);
            }
        }
    }

    /// An `initialize` got an error or none at all.
    pub(in crate::bridge) fn initialize_failed(&mut self) {
        match self.opening.phase {
            Phase::Opening => self.opening.phase = Phase::Idle,
            _ => {
                self.opening.phase = Phase::Lost;
                self.timers.reopen_later();
            }
        }
    }

    /// What may have changed for the host: after an answer from memory the lists that it was given,
    /// else all of them.
    pub(in crate::bridge) fn tell_changes(&mut self) {
        if !self.opening.answered_early {
            return self.announce_changes();
        }
        for method in self.remembered.finish() {
            let line = format!(r#"{{"jsonrpc":"2.0","id":0,"method":"{method}"}}"#);
            if let Ok(list) = Message::parse(line) {
                self.ask(&list, Purpose::Compare(list.clone()));
            }
        }
        self.opening.answered_early = false;
    }
}
