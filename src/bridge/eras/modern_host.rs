//! Routes a modern host's requests by the remote's era: relays them to a modern remote, translates
//! them for a legacy one, and holds them until the era is known (T-80, E-01).

use serde_json::json;

use crate::bridge::Bridge;
use crate::bridge::host_side::request::{HostRequest, Requester};
use crate::bridge::session::lifecycle::HeldMessage;
use crate::bridge::session::slots::SlotId;
use crate::eras;
use crate::jsonrpc::Message;
use crate::protocol::{Era, ProtocolVersion, codes, methods};

impl Bridge {
    /// Handles a request from a modern host.
    pub(in crate::bridge) fn handle_modern_request(&mut self, slot: SlotId, request: HostRequest) {
        self.choices.host_is_modern = true;
        if eras::is_removed(request.method()) {
            let text = "this method is not part of 2026-07-28";
            return self.reply_error(request, codes::METHOD_NOT_FOUND, text);
        }
        match self.choices.era {
            Some(Era::Modern) => self.relay(request),
            Some(Era::Legacy) => {
                if let Some(request) = self.require_known_revision(request) {
                    self.translate(request);
                }
            }
            None => {
                if let Some(request) = self.require_known_revision(request) {
                    self.hold_until_era(slot, request);
                }
            }
        }
    }

    /// Passes on a modern host's notification, or holds it until the remote's era is known.
    pub(in crate::bridge) fn pass_modern_notification(&mut self, slot: SlotId, message: Message) {
        match self.choices.era {
            _ if eras::is_removed(message.method()) => {}
            Some(Era::Modern) => {
                let number = self.numbers.fresh();
                self.send_notification(self.slots.for_relay(), number, &message);
            }
            Some(Era::Legacy) => {
                self.with_host_adapter(|host, context| host.handle(message, context));
            }
            None => self.hold(slot, HeldMessage::Notification(message, Requester::ModernHost)),
        }
    }

    /// Handles a message that was held for a modern host.
    pub(in crate::bridge) fn handle_held_of_modern_host(
        &mut self,
        slot: SlotId,
        held: HeldMessage,
    ) {
        match held {
            HeldMessage::Request(request) => self.handle_modern_request(slot, request),
            HeldMessage::Notification(message, _) => self.pass_modern_notification(slot, message),
        }
    }

    /// Sends a modern host's request to a modern remote.
    fn relay(&mut self, request: HostRequest) {
        if let Some(request) = self.admit(request) {
            self.forward(self.slots.for_relay(), request);
        }
    }

    /// Holds a request until the remote's era is known. The first one starts the detection.
    fn hold_until_era(&mut self, slot: SlotId, request: HostRequest) {
        let Some(request) = self.try_answer_with_sign_in_offer(slot, request) else { return };
        let Some(request) = self.admit(request) else { return };
        let is_first = self.slots[slot].detection.is_none();
        let first = is_first.then(|| request.message().clone());
        if request.method() == methods::DISCOVER {
            self.discover_is_asked();
        }
        self.hold(slot, HeldMessage::Request(request));
        if let Some(first) = first {
            self.slots[slot].timers.look_after_grace();
            self.detect_for_request(slot, first);
        }
    }

    /// Relays all held requests to a modern remote. A held `server/discover` gets the answer that
    /// the detection received.
    pub(in crate::bridge) fn relay_all(&mut self, slot: SlotId, discovered: &Message) {
        let mut discovered = Some(discovered);
        for held in self.slots[slot].lifecycle.release() {
            match held {
                HeldMessage::Request(request) if request.method() == methods::DISCOVER => {
                    let Some(answer) = discovered.take() else {
                        self.handle_modern_request(slot, request);
                        continue;
                    };
                    let (method, milliseconds) = (methods::DISCOVER, request.milliseconds());
                    tracing::info!(method, milliseconds, is_error = false, "answered");
                    let line = answer.with_id(&request.id().to_json());
                    self.reply(request, line);
                }
                held => self.handle_held_of_modern_host(slot, held),
            }
        }
    }

    /// Gives a request back if the bridge knows the revision that it names; otherwise replies with
    /// `-32022` and the supported revisions (E-13).
    fn require_known_revision(&mut self, request: HostRequest) -> Option<HostRequest> {
        let modern = |version: &ProtocolVersion| version.era() == Era::Modern;
        let Some(requested) = eras::named_version(request.message()) else { return Some(request) };
        if ProtocolVersion::from_name(&requested).as_ref().is_some_and(modern) {
            return Some(request);
        }
        let versions = ProtocolVersion::ALL.iter().rev();
        let supported: Vec<&str> = versions.map(|version| version.name()).collect();
        let data = json!({ "supported": supported, "requested": requested });
        let (code, text) =
            (codes::UNSUPPORTED_PROTOCOL_VERSION, "this revision is not served here");
        self.reply_error_with(request, code, text, data);
        None
    }
}
