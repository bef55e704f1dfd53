//! A host that repeats its `initialize` gets the answer of the first one.

use super::slots::SlotId;
use crate::bridge::Bridge;
use crate::jsonrpc::{Message, MessageKind};

impl Bridge {
    /// Records the answer to the host's `initialize`, which repeated requests also get, now and
    /// later.
    pub(in crate::bridge) fn note_initialize_answer(&mut self, slot: SlotId, answer: &Message) {
        if let Some(result) = answer.outcome().filter(|_| answer.kind() == MessageKind::Response) {
            self.slots[slot].lifecycle.note_result(result);
        }
        self.answer_repetitions(slot, answer);
    }

    /// Answers repeated `initialize` requests like the first one.
    fn answer_repetitions(&mut self, slot: SlotId, answer: &Message) {
        for request in self.slots[slot].lifecycle.take_repetitions() {
            let line = answer.with_id(&request.id().to_json());
            self.reply(request, line);
        }
    }
}
