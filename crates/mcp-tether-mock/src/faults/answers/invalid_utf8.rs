//! An answer that is not UTF-8.

use crate::faults::row::{FaultRow, FaultScope, effect, plain};

pub(super) const FAULT: FaultRow =
    plain!("invalid-utf8", Request, "puts a byte that is not UTF-8 into the answer", |plan| {
        plan.edits.edit_message(|mut message| {
            message.pop();
            message.extend_from_slice(b",\"note\":\"\xff\"}");
            vec![message]
        });
    });

#[cfg(test)]
mod tests {
    use super::super::tests::sent;

    #[test]
    fn the_byte_stands_inside_a_string() {
        assert!(sent("invalid-utf8")[0].ends_with(",\"note\":\"\u{fffd}\"}"));
    }
}
