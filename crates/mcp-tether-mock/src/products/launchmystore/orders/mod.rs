//! The tools for orders.

mod create_fulfillment;
mod create_order;
mod creating;
mod fulfilment;
mod get_order;
mod list_orders;
mod listing;
mod refund_order;
mod refunding;
mod shown;
mod status;
mod update_order_status;

pub(super) use creating::price;
pub(super) use status::update;

use super::entry::Entry;

pub(super) const TOOLS: &[Entry] = &[
    list_orders::TOOL,
    get_order::TOOL,
    create_order::TOOL,
    update_order_status::TOOL,
    create_fulfillment::TOOL,
    refund_order::TOOL,
];
