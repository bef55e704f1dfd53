//! Starts the detection of the remote's era. The first probe is sent after the current event was
//! handled, because its outcome may lead back to the code that started the detection.

use super::ongoing_detection::{OngoingDetection, Opens};
use crate::bridge::Bridge;
use crate::bridge::effects::Effect;
use crate::bridge::session::slots::SlotId;
use crate::jsonrpc::Message;

impl Bridge {
    /// Opens a legacy host's session with this `initialize`, in whichever era the remote has.
    pub(in crate::bridge) fn detect_for_session(
        &mut self,
        slot: SlotId,
        number: u64,
        initialize: Message,
    ) {
        self.detect(slot, Opens::Session(number, initialize));
    }

    /// Detects the remote's era for a modern host's first request.
    pub(in crate::bridge) fn detect_for_request(&mut self, slot: SlotId, request: Message) {
        self.detect(slot, Opens::Request(request));
    }

    fn detect(&mut self, slot: SlotId, opens: Opens) {
        let state = &mut self.slots[slot];
        state.adapter.end();
        let order = self.choices.probe_order(opens.host(), state.remote.transport());
        state.detection = Some(OngoingDetection::new(order, opens));
        self.effects.push(Effect::Probe(slot));
    }
}
