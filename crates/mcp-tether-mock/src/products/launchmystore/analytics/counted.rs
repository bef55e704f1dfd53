//! Which orders a report counts.

use super::super::model::Order;
use super::super::period::Span;
use super::super::shop::Shop;

/// The orders of a span of days that count.
pub(super) fn orders_in(shop: &Shop, span: Span) -> impl Iterator<Item = &Order> {
    shop.orders.iter().filter(move |order| order.counts() && span.has(order.created_at))
}
