//! The tools that read orders; those that change them are in the other files of this folder.

mod changing;
mod create;
mod lines;
mod merge;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde_json::{Value, json};

pub(super) use changing::CHANGING;

use super::desk::{Desk, same_text};
use super::desk_error::{DeskError, DeskResult};
use super::entry::{Class, Domain, Entry, OutputShape, Run};
use super::model::{CURRENCY, Confirmation, Order};
use super::search::{PAGE, Query, page};
use super::shapes::{CONFIRMATION_STATS, DUPLICATE_ORDERS, ORDER, ORDER_STATS};
use crate::product::field::{DAYS, Field, Shape, ToolInput, may, need};

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

const SORT: Field =
    may("sort", Shape::OneOf(&["newest", "oldest", "total"]), "`newest` if left out");

const GROUP_BY: Field = may(
    "groupBy",
    Shape::OneOf(&["stage", "city", "courier", "day", "customer"]),
    "adds the same figures for each of these",
);

pub(super) const TOOLS: &[Entry] = &[
    Entry {
        name: "find_orders",
        title: "Find orders",
        domain: Domain::Orders,
        class: Class::Read,
        about: "Searches orders by words, stage, customer, financial status and days",
        when_to_use: "you need orders by what they have in common",
        when_not_to_use: "you have a number: use `get_order`; you only need counts: use \
            `get_order_stats`",
        example: r#"{"stage":"Pending","from":"yesterday","to":"yesterday"}"#,
        fields: &[FILTER, DAYS, &[SORT], PAGE],
        gives: OutputShape::List(&ORDER),
        run: Run::Read(find),
    },
    Entry {
        name: "get_order",
        title: "Get an order",
        domain: Domain::Orders,
        class: Class::Read,
        about: "Gives an order in full: lines, payments, refunds, addresses, delivery, history",
        when_to_use: "you have any number of the order",
        when_not_to_use: "you do not: use `find_orders`",
        example: r#"{"order":"EGW100"}"#,
        fields: &[&[WHICH]],
        gives: OutputShape::One(&ORDER),
        run: Run::Read(|desk, input| Ok(desk.order_in_full(desk.order(input.needed("order"))?))),
    },
    Entry {
        name: "find_duplicate_orders",
        title: "Find duplicate orders",
        domain: Domain::Orders,
        class: Class::Read,
        about: "Finds groups of orders of one customer with the same items close together",
        when_to_use: "you suspect that somebody ordered twice by mistake",
        when_not_to_use: "you know the orders: use `merge_orders`",
        example: r#"{"withinHours":48}"#,
        fields: &[
            &[may("withinHours", Shape::Whole(1, 720), "how close together, 48 if left out")],
            DAYS,
            PAGE,
        ],
        gives: OutputShape::List(&DUPLICATE_ORDERS),
        run: Run::Read(find_duplicates),
    },
    Entry {
        name: "get_confirmation_stats",
        title: "Get confirmation statistics",
        domain: Domain::Orders,
        class: Class::Read,
        about: "Counts pending, confirmed and cancelled orders among those that match",
        when_to_use: "you want the confirmation rate of a span of days",
        when_not_to_use: "you want amounts: use `get_order_stats`",
        example: r#"{"from":"yesterday","to":"today"}"#,
        fields: &[FILTER, DAYS],
        gives: OutputShape::One(&CONFIRMATION_STATS),
        run: Run::Read(confirmation_stats),
    },
    Entry {
        name: "get_order_stats",
        title: "Get order statistics",
        domain: Domain::Orders,
        class: Class::Read,
        about: "Counts orders and adds up total, paid, pending and refunded amounts",
        when_to_use: "you want to know how many orders there were or what they brought",
        when_not_to_use: "you need the orders themselves: use `find_orders`",
        example: r#"{"from":"yesterday","groupBy":"stage"}"#,
        fields: &[FILTER, DAYS, &[GROUP_BY]],
        gives: OutputShape::One(&ORDER_STATS),
        run: Run::Read(order_stats),
    },
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

fn find(desk: &Desk, input: ToolInput<'_>) -> DeskResult {
    let mut found = matching(desk, input)?;
    match input.text("sort") {
        Some("oldest") => found.sort_by_key(|order| order.created_at),
        Some("total") => found.sort_by_key(|order| Reverse(order.total())),
        _ => found.sort_by_key(|order| Reverse(order.created_at)),
    }
    Ok(page(input, &found, |order| desk.order_line(order)))
}

/// The customer of an order, and its quantities by SKU.
type Contents<'a> = (&'a str, Vec<(&'a str, i64)>);

fn find_duplicates(desk: &Desk, input: ToolInput<'_>) -> DeskResult {
    let hours = input.whole("withinHours").unwrap_or(48);
    let mut alike: BTreeMap<Contents<'_>, Vec<&Order>> = BTreeMap::new();
    for order in matching(desk, input)? {
        if let Some(customer) = order.customer_id.as_deref()
            && !desk.is_cancelled(order)
        {
            let mut items: Vec<_> =
                order.lines.iter().map(|line| (line.sku.as_str(), line.quantity)).collect();
            items.sort_unstable();
            alike.entry((customer, items)).or_default().push(order);
        }
    }
    let groups: Vec<_> = alike
        .into_values()
        .flat_map(|orders| close_together(orders, hours))
        .filter(|group| group.len() > 1)
        .collect();
    Ok(page(input, &groups, |group| {
        json!({
            "reason": format!("same customer and items within {hours} hours"),
            "suggestedPrimary": group[0].number,
            "orders": group.iter().map(|order| desk.order_line(order)).collect::<Vec<_>>(),
        })
    }))
}

/// Splits orders into runs without a gap of more than `hours`.
fn close_together(mut orders: Vec<&Order>, hours: i64) -> Vec<Vec<&Order>> {
    orders.sort_by_key(|order| order.created_at);
    let mut runs: Vec<Vec<&Order>> = Vec::new();
    for order in orders {
        match runs.last_mut() {
            Some(run)
                if run
                    .last()
                    .is_some_and(|last| last.created_at.plus_hours(hours) >= order.created_at) =>
            {
                run.push(order);
            }
            _ => runs.push(vec![order]),
        }
    }
    runs
}

fn confirmation_stats(desk: &Desk, input: ToolInput<'_>) -> DeskResult {
    Ok(confirmations(desk, &matching(desk, input)?))
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

fn order_stats(desk: &Desk, input: ToolInput<'_>) -> DeskResult {
    let found = matching(desk, input)?;
    let mut stats = figures(desk, &found);
    if let Some(by) = input.text("groupBy") {
        let groups: Vec<_> = grouped(&found, |order| group_name(desk, order, by))
            .iter()
            .map(|(name, orders)| {
                let mut group = figures(desk, orders);
                group["name"] = name.as_str().into();
                group
            })
            .collect();
        stats["groups"] = groups.into();
    }
    Ok(stats)
}

fn group_name(desk: &Desk, order: &Order, by: &str) -> String {
    let customer = || order.customer_id.as_deref().and_then(|id| desk.customer(id).ok());
    match by {
        "stage" => desk.stage_of(order).name.clone(),
        "city" => order.shipping_address.city.clone(),
        "courier" => order.courier.clone().unwrap_or_else(|| "none".to_owned()),
        "customer" => customer().map_or_else(|| "none".to_owned(), |c| c.name.clone()),
        _ => order.created_at.day().to_string(),
    }
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
