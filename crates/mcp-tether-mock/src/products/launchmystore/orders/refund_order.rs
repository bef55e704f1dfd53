//! The tool `refund_order`: gives money back for chosen lines, for shipping or for a whole
//! order, and puts goods back on the shelf if asked; the amount follows from what was paid.

use super::refunding;
use crate::product::ToolKind;
use crate::products::launchmystore::entry::{AdminArea, Does, Entry, ResultShape};

pub(super) const TOOL: Entry = Entry {
    name: "refund_order",
    title: "Refund an order",
    domain: AdminArea::Orders,
    kind: ToolKind::Destructive,
    about: "Gives money back for chosen lines, for shipping or for a whole order, and puts \
        goods back on the shelf if asked; the amount follows from what was paid",
    example: concat!(
        r#"{"id":"LMS1003","lines":[{"line":"MUG-WHI","quantity":1}],"#,
        r#""reason":"arrived broken","restock":false}"#,
    ),
    does: Does::Change(
        &[refunding::REFUND],
        ResultShape::Members(&["order", "refund"]),
        refunding::refund,
    ),
};
