//! The tool `get_order`: gets an order with its lines, parcels, refunds and everything that was
//! done to it.

use super::{listing, shown};
use crate::product::ToolKind;
use crate::products::launchmystore::entry::{AdminArea, Does, Entry, ResultShape};

pub(super) const TOOL: Entry = Entry {
    name: "get_order",
    title: "Get an order",
    domain: AdminArea::Orders,
    kind: ToolKind::Read,
    about: "Gets an order with its lines, parcels, refunds and everything that was done to it",
    example: r#"{"id":"LMS1003"}"#,
    does: Does::Look(&[&[shown::ID]], ResultShape::One("order"), listing::get),
};
