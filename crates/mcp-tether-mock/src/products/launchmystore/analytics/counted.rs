//! Selects the orders that a report counts.

use super::super::model::Order;
use super::super::period::Period;
use super::super::shop::Shop;

/// Returns the orders of a period that count.
pub(super) fn orders_in(shop: &Shop, span: Period) -> impl Iterator<Item = &Order> {
    shop.orders.iter().filter(move |order| order.counts() && span.has(order.created_at))
}
