//! Two answers to one request.

use crate::faults::plan::AnswerForm;
use crate::faults::row::{FaultRow, FaultScope, effect, plain};

pub(super) const FAULT: FaultRow = plain!("twice", Request, "answers twice", |plan| {
    plan.form = Some(AnswerForm::Sse);
    plan.edits.edit_message(|message| vec![message.clone(), message]);
});

#[cfg(test)]
mod tests {
    use super::super::tests::{WHOLE, sent};

    #[test]
    fn the_answer_is_sent_twice() {
        assert_eq!(sent("twice"), [WHOLE, WHOLE]);
    }
}
