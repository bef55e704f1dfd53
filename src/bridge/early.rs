//! Answering the host from memory while the remote is slow, away, or waits for a sign-in.

use super::Bridge;
use super::from_remote::untranslatable;
use super::in_flight::{Held, OpenRequest, Purpose};
use crate::jsonrpc::{Frame, Kind, Message};

impl Bridge {
    /// The remote took too long to answer `initialize`: the host gets what the last session said,
    /// or after some more time, if a sign-in waits, a minimal answer.
    pub(super) fn answer_early(&mut self) {
        let Some(number) = self.opening.first_number() else { return self.offer_sign_in() };
        if let Some(result) = self.remembered.answer_early() {
            tracing::info!("the server is slow, answered from the last session");
            return self.answer_first(number, &result);
        }
        if !self.timers.grace_is_over() {
            return self.timers.answer_after_grace();
        }
        if self.sign_in_waits() {
            self.answer_minimal();
        }
    }

    /// The remote wants a sign-in that is not to be waited for. Says whether the host was answered.
    pub(super) fn answer_without_remote(&mut self, number: u64) -> bool {
        if self.opening.first_number() != Some(number) || !self.sign_in_waits() {
            return false;
        }
        match self.remembered.answer_early() {
            Some(result) => self.answer_first(number, &result),
            None => self.answer_minimal(),
        }
        self.opening.is_answered_early()
    }

    /// Answers the host's own `initialize`. From then on the bridge opens the session for itself.
    pub(super) fn answer_first(&mut self, number: u64, result: &str) {
        let Some(request) = self.in_flight.close(number) else { return };
        let Purpose::Host(held) = request.purpose else { return };
        let behind = OpenRequest { purpose: Purpose::Reopen, ..request };
        self.in_flight.open(number, behind);
        self.opening.go_on_behind();
        self.answer_with(&held, result);
    }

    /// Answers a list from memory while the remote is not there. Says whether it did.
    pub(super) fn answer_from_memory(&mut self, held: &Held) -> bool {
        if !self.opening.is_answered_early() {
            return false;
        }
        match self.remembered.list(&held.message) {
            Some(result) => {
                self.answer_with(held, &result);
                true
            }
            None => false,
        }
    }

    /// What the remote says to a list that the host was answered from memory.
    pub(super) fn compare_list(&mut self, list: &Message, answer: &Message) {
        let Some(result) = answer.outcome().filter(|_| answer.kind() == Kind::Response) else {
            return;
        };
        if let Some(notification) = self.remembered.compare(list.method(), result) {
            let line = format!(r#"{{"jsonrpc":"2.0","method":"{notification}"}}"#);
            self.tell_host(Frame::from(line), None);
        }
        self.remembered.keep_list(list, answer);
    }

    fn answer_with(&mut self, held: &Held, result: &str) {
        let Some(id) = held.message.id().map(|id| id.to_json()) else { return };
        let answer = Message::parse(format!(r#"{{"jsonrpc":"2.0","id":0,"result":{result}}}"#));
        if let Ok(answer) = answer {
            let line = self.shown(held.message.method(), &id, &answer, &[]);
            self.answer(held, line.unwrap_or_else(|overlap| untranslatable(held, overlap)));
        }
    }
}
