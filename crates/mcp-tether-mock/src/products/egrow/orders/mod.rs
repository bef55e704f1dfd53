//! The tools that read orders, and what several of them use; those that change them are in
//! `changing`.

mod changing;
mod create;
mod find_duplicate_orders;
mod find_orders;
mod get_confirmation_stats;
mod get_order;
mod get_order_stats;
mod lines;
mod merge;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::desk::{Desk, same_text};
use super::desk_error::DeskError;
use super::entry::Entry;
use super::model::{CURRENCY, Confirmation, Order};
use super::search::Query;
use crate::product::field::{Field, Shape, ToolInput, may, need};

pub(super) use changing::CHANGING;

const WHICH: Field =
    need("order", Shape::Text, "id, number, tracking number or number of the shop");

/// The filter arguments of all order tools.
const FILTER: &[Field] = &[
    may("query", Shape::Text, "words to look for in numbers, customer, city, items, stage, notes"),
    may("stage", Shape::Text, "id or name of a stage, such as Pending"),
    may("customer", Shape::Text, "id or phone number of a customer"),
    may(
        "financialStatus",
        Shape::OneOf(&["pending", "partially_paid", "paid", "partially_refunded", "refunded"]),
        "only orders of this financial status",
    ),
];

pub(super) const TOOLS: &[Entry] = &[
    find_orders::TOOL,
    get_order::TOOL,
    find_duplicate_orders::TOOL,
    get_confirmation_stats::TOOL,
    get_order_stats::TOOL,
];

/// Returns the orders that match the filter and the days.
fn matching<'a>(desk: &'a Desk, input: ToolInput<'_>) -> Result<Vec<&'a Order>, DeskError> {
    let query = Query::of(input);
    let stage = match input.text("stage") {
        Some(name) => Some(desk.stage(name, None)?.1.id.clone()),
        None => None,
    };
    let customer = match input.text("customer") {
        Some(name) => Some(desk.customer(name)?.id.clone()),
        None => None,
    };
    let (start, end) = desk.span(input.text("from"), input.text("to"))?;
    let status = input.text("financialStatus");
    let wanted = |order: &&Order| {
        (start..=end).contains(&order.created_at)
            && stage.as_ref().is_none_or(|stage| order.stage_id == *stage)
            && (customer.is_none() || order.customer_id == customer)
            && status.is_none_or(|status| order.financial_status() == status)
            && found_in(desk, order, &query)
    };
    Ok(desk.orders.iter().filter(wanted).collect())
}

fn found_in(desk: &Desk, order: &Order, query: &Query) -> bool {
    let customer = order.customer_id.as_deref().and_then(|id| desk.customer(id).ok());
    let mut texts = vec![
        order.number.as_str(),
        &order.store_order_id,
        order.tracking_number.as_deref().unwrap_or_default(),
        &order.shipping_address.city,
        &order.notes,
        &desk.stage_of(order).name,
        order.courier.as_deref().unwrap_or_default(),
    ];
    texts.extend(customer.iter().flat_map(|c| [c.name.as_str(), &c.phone]));
    texts.extend(order.lines.iter().flat_map(|line| [line.title.as_str(), &line.sku]));
    query.matches(&texts)
}

/// Returns how many orders are pending, confirmed and cancelled.
pub(super) fn confirmations(desk: &Desk, orders: &[&Order]) -> Value {
    let count = |wanted: Confirmation| {
        orders.iter().filter(|order| desk.stage_of(order).confirmation == wanted).count()
    };
    let [pending, confirmed, cancelled] =
        [Confirmation::Pending, Confirmation::Confirmed, Confirmation::Cancelled].map(count);
    json!({
        "total": orders.len(),
        "pending": pending,
        "confirmed": confirmed,
        "cancelled": cancelled,
        "confirmationRate": percent(confirmed, orders.len()),
    })
}

/// Groups orders by the value of `key`.
pub(super) fn grouped<'a>(
    orders: &[&'a Order],
    key: impl Fn(&Order) -> String,
) -> BTreeMap<String, Vec<&'a Order>> {
    let mut groups: BTreeMap<String, Vec<&Order>> = BTreeMap::new();
    for order in orders {
        groups.entry(key(order)).or_default().push(order);
    }
    groups
}

/// Returns a share in percent; null if the whole is 0.
pub(super) fn percent(part: usize, whole: usize) -> Value {
    if whole == 0 {
        return Value::Null;
    }
    let tenths = part * 1000 / whole;
    format!("{}.{}%", tenths / 10, tenths % 10).into()
}

/// Returns the figures of these orders. The amounts of cancelled orders do not count.
pub(super) fn figures(desk: &Desk, orders: &[&Order]) -> Value {
    let live = || orders.iter().filter(|order| !desk.is_cancelled(order));
    let total: i64 = live().map(|order| order.total()).sum();
    let paid: i64 = live().map(|order| order.paid()).sum();
    let delivered = |order: &&&Order| same_text(&desk.stage_of(order).name, "delivered");
    let count = i64::try_from(live().count()).unwrap_or(i64::MAX);
    json!({
        "orders": orders.len(),
        "cancelledOrders": orders.len() - live().count(),
        "deliveredOrders": live().filter(delivered).count(),
        "totalAmount": total,
        "paidAmount": paid,
        "pendingAmount": live().map(|order| (order.total() - order.paid()).max(0)).sum::<i64>(),
        "refundedAmount": orders.iter().map(|order| order.refunded()).sum::<i64>(),
        "averageAmount": if count == 0 { 0 } else { total / count },
        "currency": CURRENCY,
    })
}
