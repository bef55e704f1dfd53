//! Offers a sign-in to a modern host before the remote's era is known (A-63, E-02): it gets the
//! same answers as a legacy host, in the form of its era. It has no session in which changes could
//! be announced, so it must list again once the sign-in is done.

use std::collections::VecDeque;

use crate::bridge::Bridge;
use crate::bridge::host_side::request::HostRequest;
use crate::bridge::session::lifecycle::HeldMessage;
use crate::bridge::session::slots::SlotId;
use crate::eras::modern_host::{conservative_discover, discover_result};
use crate::jsonrpc::{Frame, result_response};
use crate::protocol::{ProtocolVersion, methods};
use crate::redact::SafeUrl;

impl Bridge {
    /// Answers those of a modern host's requests that need no remote, once it has waited long
    /// enough for a person, or at once if it must not wait.
    pub(in crate::bridge) fn offer_sign_in(&mut self, slot: SlotId) {
        if self.choices.era.is_some() || !self.choices.host_is_modern || !self.slots.sign_in_waits()
        {
            return;
        }
        self.answer_discovers();
        if !self.slots[slot].cache.is_on() {
            return;
        }
        self.cache_minimal_lists(slot);
        let mut others = VecDeque::new();
        for held in self.slots[slot].lifecycle.release() {
            others.extend(match held {
                HeldMessage::Request(request) => {
                    self.answer_with_offer(slot, request).map(HeldMessage::Request)
                }
                notification @ HeldMessage::Notification(..) => Some(notification),
            });
        }
        self.slots[slot].lifecycle.hold_again(others);
    }

    /// Answers a modern host's request while a sign-in is pending, if the host was already told so,
    /// and gives back any other. If no sign-in is in progress, the remote is asked first: somebody
    /// may have signed in since.
    pub(in crate::bridge) fn try_answer_with_sign_in_offer(
        &mut self,
        slot: SlotId,
        request: HostRequest,
    ) -> Option<HostRequest> {
        let is_call = request.method() == methods::TOOLS_CALL;
        if is_call || self.slots.authorizer().waits() {
            self.answer_with_offer(slot, request)
        } else {
            Some(request)
        }
    }

    /// Answers a request with the offer to sign in, and gives back any that it cannot answer.
    fn answer_with_offer(&mut self, slot: SlotId, request: HostRequest) -> Option<HostRequest> {
        if !self.waits_for_era(&request) || !self.slots[slot].cache.is_minimal() {
            return Some(request);
        }
        let result = match request.method() {
            methods::TOOLS_CALL => return self.handle_sign_in_call(slot, request),
            methods::DISCOVER => Some(self.conservative_discover()),
            _ => self.slots[slot].cache.list(request.message()),
        };
        let Some(result) = result else { return Some(request) };
        self.reply_in_its_era(request, &result);
        None
    }

    /// The `DiscoverResult` for a server that has not answered yet (E-02).
    pub(in crate::bridge) fn conservative_discover(&self) -> String {
        let first = &self.slots[SlotId::FIRST];
        let offers_sign_in = first.cache.is_on() && self.slots.sign_in_waits();
        let minimal = offers_sign_in.then(|| {
            let after = "List the tools again once it is done.";
            self.minimal_result(ProtocolVersion::NEWEST_LEGACY, after)
        });
        // The bridge cannot push yet, so no change notifications are promised.
        minimal.and_then(|result| discover_result(&result, Some(false))).unwrap_or_else(|| {
            conservative_discover(&SafeUrl::new(first.remote.endpoint()).to_string())
        })
    }

    /// Answers each open `server/discover` with what any server may offer (E-02), during detection
    /// or while the server does not respond.
    pub(in crate::bridge) fn answer_discovers(&mut self) {
        let result = self.conservative_discover();
        self.with_host_adapter(|host, context| host.answer_discovers_with(&result, context));
        for slot in self.slots.ids() {
            for request in self.slots[slot].lifecycle.withdraw_discovers() {
                let line = result_response(request.id(), &result);
                self.reply(request, Frame::from(line));
            }
        }
    }
}
