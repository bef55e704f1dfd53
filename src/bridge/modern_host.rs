//! Requests of a modern host: where they belong depends on what the remote is. To a modern remote
//! they are relayed, for a legacy one they are translated, and until that is known they wait (T-80,
//! E-01).

use serde_json::json;

use super::Bridge;
use super::in_flight::Held;
use crate::eras;
use crate::error::{Failure, FailureKind};
use crate::jsonrpc::{Frame, Message, RequestId, error_response};
use crate::protocol::{Era, ProtocolVersion, codes, methods};

impl Bridge {
    /// A request that shows by itself that its host is a modern one.
    pub(super) fn take_modern_request(&mut self, held: Held) {
        let Some(id) = held.message.id().cloned() else { return };
        self.choices.host_is_modern = true;
        if eras::is_removed(held.message.method()) {
            let text = "this method is not part of 2026-07-28";
            return self.answer_error(&held, codes::METHOD_NOT_FOUND, text);
        }
        let era = self.choices.era;
        if era == Some(Era::Modern) {
            return self.relay(held);
        }
        if !self.knows_revision(&id, &held) {
            return;
        }
        match era {
            Some(_) => self.translate(held),
            None => self.hold_modern(held),
        }
    }

    /// Sends a modern host's request to a modern remote.
    fn relay(&mut self, held: Held) {
        if self.may_begin(&held) {
            self.forward(held);
        }
    }

    /// Whether nothing forbids this request; answers it else.
    fn may_begin(&mut self, held: &Held) -> bool {
        held.message.method() != methods::TOOLS_CALL || self.may_call(held)
    }

    /// Holds a request until the remote's era is known; the first one starts finding out.
    fn hold_modern(&mut self, held: Held) {
        if self.tell_of_sign_in(&held) || !self.may_begin(&held) {
            return;
        }
        let first = (!self.is_searching()).then(|| held.clone());
        if held.message.method() == methods::DISCOVER {
            self.discover_is_asked();
        }
        if let Some(held) = self.opening.hold(held) {
            let failure =
                Failure::new(FailureKind::Network, "too many messages wait for the server");
            self.refuse(&held, &failure.hint("wait for answers before sending more"));
        }
        if let Some(first) = first {
            self.timers.look_after_grace();
            self.search_for_request(first);
        }
    }

    /// The remote is modern too: what waited goes on. A waiting `server/discover` was asked
    /// already.
    pub(super) fn relay_all(&mut self, discovered: &Message) {
        let mut discovered = Some(discovered);
        for held in self.opening.release() {
            let asked = held.message.method() == methods::DISCOVER;
            match (discovered.take_if(|_| asked), held.message.id().map(RequestId::to_json)) {
                (Some(answer), Some(id)) => {
                    let (method, milliseconds) = (methods::DISCOVER, held.milliseconds());
                    tracing::info!(method, milliseconds, is_error = false, "answered");
                    self.answer(&held, answer.with_id(&id));
                }
                _ => self.take_modern_request(held),
            }
        }
    }

    /// `-32022` with what is served instead.
    fn refuse_revision(
        &mut self,
        id: &RequestId,
        held: &Held,
        text: &str,
        served: impl Fn(&&ProtocolVersion) -> bool,
    ) {
        let versions = ProtocolVersion::ALL.iter().rev().filter(served);
        let supported: Vec<&str> = versions.map(|version| version.name()).collect();
        let data =
            json!({ "supported": supported, "requested": eras::named_version(&held.message) });
        let code = codes::UNSUPPORTED_PROTOCOL_VERSION;
        self.answer(held, Frame::from(error_response(id, code, text, data)));
    }

    /// Whether the bridge knows the revision that a request names; answers it if not (E-13).
    fn knows_revision(&mut self, id: &RequestId, held: &Held) -> bool {
        let modern = |version: &ProtocolVersion| version.era() == Era::Modern;
        let Some(requested) = eras::named_version(&held.message) else { return true };
        if ProtocolVersion::from_name(&requested).as_ref().is_some_and(modern) {
            return true;
        }
        self.refuse_revision(id, held, "this revision is not served here", |_| true);
        false
    }
}
