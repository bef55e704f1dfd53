//! Begins to detect the era of the remote. The first probe is sent once the event at hand is dealt
//! with: what it finds may lead back to whatever began the detection.

use super::ongoing_detection::{OngoingDetection, Opens};
use crate::bridge::Bridge;
use crate::bridge::effects::Effect;
use crate::bridge::session::slots::SlotId;
use crate::jsonrpc::Message;

impl Bridge {
    /// Opens a legacy host's session with this `initialize`, whatever the remote's era.
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
