//! Half an answer.

use crate::faults::row::{FaultRow, FaultScope, effect, plain};

pub(super) const FAULT: FaultRow =
    plain!("truncated", Request, "cuts the JSON of the answer in half", |plan| {
        plan.edits.edit_message(|mut message| {
            message.truncate(message.len() / 2);
            vec![message]
        });
    });

#[cfg(test)]
mod tests {
    use super::super::tests::{WHOLE, sent};

    #[test]
    fn half_of_the_answer_is_sent() {
        assert_eq!(sent("truncated"), [&WHOLE[..WHOLE.len() / 2]]);
    }
}
