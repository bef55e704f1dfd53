//! The tool `create_order`: creates an order by hand for a known customer: takes the goods off
//! the shelf, applies a coupon, adds shipping and tax.

use super::creating;
use crate::product::ToolKind;
use crate::products::launchmystore::entry::{AdminArea, Does, Entry, ResultShape};

pub(super) const TOOL: Entry = Entry {
    name: "create_order",
    title: "Create an order",
    domain: AdminArea::Orders,
    kind: ToolKind::Write,
    about: "Creates an order by hand for a known customer: takes the goods off the shelf, \
        applies a coupon, adds shipping and tax",
    example: concat!(
        r#"{"customer":"lily.park@mail.example","lines":[{"variant":"TSH-M","quantity":2}],"#,
        r#""couponCode":"WELCOME10"}"#,
    ),
    does: Does::Change(&[creating::CREATE], ResultShape::One("order"), creating::create),
};
