//! The tool `update_order_status`: moves an order on, cancels it, or marks it paid; sending
//! goods has `create_fulfillment`.

use super::status;
use crate::product::ToolKind;
use crate::products::launchmystore::entry::{AdminArea, Does, Entry, ResultShape};

pub(super) const TOOL: Entry = Entry {
    name: "update_order_status",
    title: "Update the status of an order",
    domain: AdminArea::Orders,
    kind: ToolKind::Write,
    about: "Moves an order on, cancels it, or marks it paid; sending goods has \
        `create_fulfillment`",
    example: r#"{"id":"LMS1119","status":"processing","paid":true}"#,
    does: Does::Change(&[status::UPDATE], ResultShape::One("order"), status::update),
};
