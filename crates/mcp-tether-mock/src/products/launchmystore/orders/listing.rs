//! Finding orders.

use super::super::customers::CUSTOMERS;
use super::super::model::{Order, OrderStatus};
use super::super::period::{self, PERIOD};
use super::super::record::text;
use super::super::resource::page;
use super::super::shop::Shop;
use super::super::shop_error::ShopResult;
use super::shown::{customer, order_line};
use crate::product::field::{Field, Shape, ToolInput, may};
use crate::product::query::Query;

pub(super) const LIST: &[Field] = &[
    may("query", Shape::Text, "words to look for in numbers, names, e-mail addresses and goods"),
    may("status", Shape::OneOf(OrderStatus::NAMES), "only orders that have come this far"),
    may(
        "paymentStatus",
        Shape::OneOf(&["pending", "paid", "partially_refunded", "refunded"]),
        "only orders whose money is there, or is not",
    ),
    may(
        "fulfillmentStatus",
        Shape::OneOf(&["unfulfilled", "partial", "fulfilled"]),
        "only orders that were sent, or were not; cancelled ones never count",
    ),
    may("customer", Shape::Text, "only orders of this customer: id or e-mail address"),
    PERIOD,
    period::FROM,
    period::TO,
];

pub(super) fn list(shop: &Shop, input: ToolInput<'_>) -> ShopResult {
    let words = Query::of(input);
    let span = period::asked(shop, input)?;
    let customer = input.text("customer").map(|name| CUSTOMERS.find(shop, name)).transpose()?;
    let customer = customer.map(|customer| text(customer, "id"));
    let wanted = |order: &&Order| {
        span.is_none_or(|span| span.has(order.created_at))
            && input.text("status").is_none_or(|status| status == order.status.name())
            && input.text("paymentStatus").is_none_or(|status| status == order.payment_status())
            && input
                .text("fulfillmentStatus")
                .is_none_or(|status| order.counts() && status == order.fulfillment_status())
            && customer.is_none_or(|id| id == order.customer_id)
            && is_about(shop, order, &words)
    };
    let found: Vec<_> = shop.orders.iter().rev().filter(wanted).collect();
    Ok(page(input, "orders", &found, |order| order_line(shop, order)))
}

fn is_about(shop: &Shop, order: &Order, words: &Query) -> bool {
    let who = customer(shop, order);
    let goods = order.lines.iter().flat_map(|line| [line.title.as_str(), &line.sku]);
    let who = ["name", "email"].into_iter().filter_map(|name| who[name].as_str());
    let texts: Vec<&str> = goods.chain(who).chain([order.number.as_str()]).collect();
    words.matches(&texts)
}

pub(super) fn get(shop: &Shop, input: ToolInput<'_>) -> ShopResult {
    shop.shown_order(input.needed("id"))
}
