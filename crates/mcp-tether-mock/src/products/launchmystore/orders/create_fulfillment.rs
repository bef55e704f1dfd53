//! The tool `create_fulfillment`: sends goods of a paid order, all that is left of it or chosen
//! lines.

use super::fulfilment;
use crate::product::ToolKind;
use crate::products::launchmystore::entry::{AdminArea, Does, Entry, ResultShape};

pub(super) const TOOL: Entry = Entry {
    name: "create_fulfillment",
    title: "Create a fulfillment",
    domain: AdminArea::Orders,
    kind: ToolKind::Write,
    about: "Sends goods of a paid order, all that is left of it or chosen lines",
    example: r#"{"id":"LMS1118","carrier":"UPS","trackingNumber":"1Z999AA10123456784"}"#,
    does: Does::Change(
        &[fulfilment::CREATE],
        ResultShape::Members(&["order", "fulfillment"]),
        fulfilment::create,
    ),
};
