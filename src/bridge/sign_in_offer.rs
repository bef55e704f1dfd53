//! A sign-in that waits before the remote's era is known, with a modern host in front (A-63, E-02):
//! the host is told what a legacy host is told, in the form of its era. It opens no session that
//! could be told of changes, so it lists again when the sign-in is done.

use std::collections::VecDeque;

use super::Bridge;
use super::in_flight::{Asker, Held};
use crate::eras::modern_host::{conservative_discover, discover_result, translate_answer};
use crate::jsonrpc::{Frame, Message};
use crate::protocol::{ProtocolVersion, methods};
use crate::redact::SafeUrl;

impl Bridge {
    /// Whether this is a request of a modern host and the remote's era is not known yet.
    pub(super) fn waits_for_era(&self, held: &Held) -> bool {
        held.asker == Asker::ModernHost && self.choices.era.is_none()
    }

    /// A modern host has waited for a person for long enough, or the sign-in is not to be waited
    /// for: what can be answered without the remote is.
    pub(super) fn offer_sign_in(&mut self) {
        if self.choices.era.is_some() || !self.choices.host_is_modern || !self.sign_in_waits() {
            return;
        }
        self.answer_discovers();
        if !self.remembered.is_on() {
            return;
        }
        self.remember_minimal_lists();
        let mut others = VecDeque::new();
        for held in self.opening.release() {
            if !self.answer_with_offer(&held) {
                others.push_back(held);
            }
        }
        self.opening.hold_again(others);
    }

    /// Answers a modern host's request that comes while a person is waited for, if it was told so
    /// before. Where nobody is waited for, the remote is asked first: somebody may have signed in
    /// meanwhile.
    pub(super) fn tell_of_sign_in(&mut self, held: &Held) -> bool {
        let is_call = held.message.method() == methods::TOOLS_CALL;
        (is_call || self.remote.authorizer().waits()) && self.answer_with_offer(held)
    }

    fn answer_with_offer(&mut self, held: &Held) -> bool {
        if !self.waits_for_era(held) || !self.remembered.is_minimal() {
            return false;
        }
        let result = match held.message.method() {
            methods::TOOLS_CALL => return self.take_sign_in_call(held),
            methods::DISCOVER => Some(self.cautious_discover()),
            _ => self.remembered.list(&held.message),
        };
        let Some(result) = result else { return false };
        self.answer_in_its_era(held, &result);
        true
    }

    /// Answers with a result of the legacy era in the form that the asker knows.
    pub(super) fn answer_in_its_era(&mut self, held: &Held, result: &str) {
        let Some(id) = held.message.id() else { return };
        let line = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#);
        let answer = match (held.asker, Message::parse(line.clone())) {
            (Asker::ModernHost, Ok(answer)) => {
                translate_answer(id, held.message.method(), &answer, None)
            }
            _ => Frame::from(line),
        };
        self.answer(held, answer);
    }

    /// What a modern host is told of a server that did not answer yet (E-02).
    pub(super) fn cautious_discover(&self) -> String {
        let told = self.remembered.is_on() && self.sign_in_waits();
        let minimal = told.then(|| {
            let after = "List the tools again once it is done.";
            self.minimal_result(ProtocolVersion::NEWEST_LEGACY, after)
        });
        // It cannot push, hence no change is promised.
        minimal.and_then(|result| discover_result(&result, Some(false))).unwrap_or_else(|| {
            conservative_discover(&SafeUrl::new(self.remote.endpoint()).to_string())
        })
    }
}
