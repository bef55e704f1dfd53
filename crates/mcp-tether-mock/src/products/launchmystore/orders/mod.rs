//! The tools for orders.

mod creating;
mod fulfilment;
mod listing;
mod refunding;
mod shown;
mod status;

pub(super) use creating::price;
pub(super) use status::update;

use super::entry::{AdminArea, Does, Entry, PAGE, ResultShape};
use crate::product::ToolKind;

pub(super) const TOOLS: &[Entry] = &[
    Entry {
        name: "list_orders",
        title: "List orders",
        domain: AdminArea::Orders,
        kind: ToolKind::Read,
        about: "Lists or searches orders, the newest first; `fulfillmentStatus: unfulfilled` with \
            `paymentStatus: paid` finds what is to be sent",
        example: r#"{"fulfillmentStatus":"unfulfilled","paymentStatus":"paid"}"#,
        does: Does::Look(&[listing::LIST, PAGE], ResultShape::List("orders"), listing::list),
    },
    Entry {
        name: "get_order",
        title: "Get an order",
        domain: AdminArea::Orders,
        kind: ToolKind::Read,
        about: "Gets an order with its lines, parcels, refunds and everything that was done to it",
        example: r#"{"id":"LMS1003"}"#,
        does: Does::Look(&[&[shown::ID]], ResultShape::One("order"), listing::get),
    },
    Entry {
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
    },
    Entry {
        name: "update_order_status",
        title: "Update the status of an order",
        domain: AdminArea::Orders,
        kind: ToolKind::Write,
        about: "Moves an order on, cancels it, or marks it paid; sending goods has \
            `create_fulfillment`",
        example: r#"{"id":"LMS1119","status":"processing","paid":true}"#,
        does: Does::Change(&[status::UPDATE], ResultShape::One("order"), status::update),
    },
    Entry {
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
    },
    Entry {
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
    },
];
