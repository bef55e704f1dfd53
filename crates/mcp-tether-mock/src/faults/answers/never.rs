//! No answer on a stream that ends.

use crate::faults::plan::AnswerForm;
use crate::faults::row::{FaultRow, FaultScope, effect, plain};

pub(super) const FAULT: FaultRow =
    plain!("never", Request, "ends the stream without an answer", |plan| {
        plan.form = Some(AnswerForm::Sse);
        plan.edits.edit_message(|_| Vec::new());
    });

#[cfg(test)]
mod tests {
    use super::super::tests::sent;

    #[test]
    fn no_answer_is_sent() {
        assert!(sent("never").is_empty());
    }
}
