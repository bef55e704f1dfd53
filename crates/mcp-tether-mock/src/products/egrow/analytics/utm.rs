//! `get_utm_analytics`: orders and revenue by advertisement.

use serde_json::{Value, json};

use super::super::desk::{Desk, same_text};
use super::super::desk_error::DeskResult;
use super::super::model::{Confirmation, Order, Utm};
use super::super::orders::{figures, grouped, percent};
use super::date_range::DateRange;
use super::reports::{envelope, previous};
use crate::product::field::ToolInput;

/// The source of orders without an advertisement.
const DIRECT: &str = "direct";

pub(super) fn get(desk: &Desk, input: ToolInput<'_>) -> DeskResult {
    let breakdown = input.text("breakdown").unwrap_or("total");
    let (span, before) = DateRange::of(desk, input)?;
    let wanted = |orders: Vec<_>| -> Vec<&Order> {
        let source = input.text("source");
        let fits =
            |order: &&Order| source.is_none_or(|name| same_text(name, named(order, source_of)));
        orders.into_iter().filter(fits).collect()
    };
    let orders = wanted(span.orders(desk));
    let key = |order: &Order| match breakdown {
        "source" => named(order, source_of).to_owned(),
        "medium" => named(order, |utm| &utm.medium).to_owned(),
        "campaign" => named(order, |utm| &utm.campaign).to_owned(),
        _ => desk.stage_of(order).name.clone(),
    };
    let mut rows: Vec<Value> = Vec::new();
    if breakdown != "total" {
        for (name, orders) in grouped(&orders, key) {
            let mut row = summarize(desk, &orders);
            row[breakdown] = name.into();
            rows.push(row);
        }
        rows.sort_by_key(|row| -row["totalAmount"].as_i64().unwrap_or_default());
    }
    let report = format!("utm_{breakdown}");
    let mut given = envelope(&report, span, summarize(desk, &orders), rows);
    if input.flag("comparePrevious") == Some(true) {
        given["previous"] = previous(before, summarize(desk, &wanted(before.orders(desk))));
    }
    Ok(given)
}

fn source_of(utm: &Utm) -> &str {
    &utm.source
}

fn named(order: &Order, part: fn(&Utm) -> &str) -> &str {
    order.utm.as_ref().map_or(DIRECT, part)
}

/// Returns how many orders there are, what became of them, and their amounts.
fn summarize(desk: &Desk, orders: &[&Order]) -> Value {
    let figures = figures(desk, orders);
    let confirmed = orders
        .iter()
        .filter(|order| desk.stage_of(order).confirmation == Confirmation::Confirmed)
        .count();
    json!({
        "orders": orders.len(),
        "confirmedOrders": confirmed,
        "cancelledOrders": figures["cancelledOrders"],
        "deliveredOrders": figures["deliveredOrders"],
        "confirmationRate": percent(confirmed, orders.len()),
        "totalAmount": figures["totalAmount"],
        "paidAmount": figures["paidAmount"],
    })
}
