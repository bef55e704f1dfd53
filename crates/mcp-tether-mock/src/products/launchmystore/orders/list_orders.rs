//! The tool `list_orders`: lists or searches orders, the newest first; `fulfillmentStatus:
//! unfulfilled` with `paymentStatus: paid` finds what is to be sent.

use super::listing;
use crate::product::ToolKind;
use crate::products::launchmystore::entry::{AdminArea, Does, Entry, PAGE, ResultShape};

pub(super) const TOOL: Entry = Entry {
    name: "list_orders",
    title: "List orders",
    domain: AdminArea::Orders,
    kind: ToolKind::Read,
    about: "Lists or searches orders, the newest first; `fulfillmentStatus: unfulfilled` with \
        `paymentStatus: paid` finds what is to be sent",
    example: r#"{"fulfillmentStatus":"unfulfilled","paymentStatus":"paid"}"#,
    does: Does::Look(&[listing::LIST, PAGE], ResultShape::List("orders"), listing::list),
};
