//! The tool `modify_line_items`: removes lines from an order that was not sent, or refunds lines
//! that were paid.

use crate::product::field::{Field, Shape, may, need};
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::orders::{WHICH, lines};
use crate::products::egrow::shapes::CHANGED_LINES;

const LINE: &[Field] = &[
    need("line", Shape::Text, "id or SKU of a line of the order"),
    may("quantity", Shape::Whole(1, 1000), "how many of it, all if left out"),
];

const MODIFY_LINES: &[Field] = &[
    WHICH,
    need("operation", Shape::OneOf(&["remove", "refund"]), "what to do with the lines"),
    need("lines", Shape::Objects(LINE), "which lines"),
    may("reason", Shape::Text, "why, for the history"),
    may("restock", Shape::Flag, "whether refunded goods go back on the shelf, no if left out"),
];

pub(super) const TOOL: Entry = Entry {
    name: "modify_line_items",
    title: "Remove or refund line items",
    domain: Domain::Orders,
    class: Class::Destructive,
    about: "Removes lines from an order that was not sent, or refunds lines that were paid",
    when_to_use: "an item is broken, missing or not wanted any more",
    when_not_to_use: "another colour or size is wanted: use `modify_order`",
    example: concat!(
        r#"{"order":"EGW100","operation":"refund","lines":[{"line":"SPE-BLA"}],"#,
        r#""reason":"broken"}"#,
    ),
    fields: &[MODIFY_LINES],
    gives: OutputShape::One(&CHANGED_LINES),
    run: Run::Confirmed { preview: lines::preview, apply: lines::apply },
};
