//! The tool `merge_orders`: merges duplicate orders into one and cancels the others.

use crate::product::field::{Field, Shape, may, need};
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::orders::merge;
use crate::products::egrow::shapes::MERGED_ORDERS;

const MERGE: &[Field] = &[
    need("primary", Shape::Text, "number of the order that stays"),
    need("duplicates", Shape::Texts, "numbers of the orders that go"),
    may("addLines", Shape::Flag, "adds their lines to the primary, no if left out"),
];

pub(super) const TOOL: Entry = Entry {
    name: "merge_orders",
    title: "Merge orders",
    domain: Domain::Orders,
    class: Class::Destructive,
    about: "Merges duplicate orders into one and cancels the others",
    when_to_use: "somebody ordered the same twice by mistake",
    when_not_to_use: "the orders belong to different customers: merge those first",
    example: r#"{"primary":"EGW240","duplicates":["EGW241"]}"#,
    fields: &[MERGE],
    gives: OutputShape::One(&MERGED_ORDERS),
    run: Run::Confirmed { preview: merge::preview, apply: merge::apply },
};
