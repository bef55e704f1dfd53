//! `get_analytics`: one report, its totals and its rows.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::desk::{AGENTS, Desk};
use super::super::desk_error::DeskResult;
use super::super::model::{CURRENCY, FulfillmentState, Order};
use super::super::orders::{confirmations, figures, percent};
use super::date_range::DateRange;
use crate::product::field::ToolInput;

pub(super) fn get(desk: &Desk, input: ToolInput<'_>) -> DeskResult {
    let report = input.needed("report");
    let (span, before) = DateRange::of(desk, input)?;
    let orders = span.orders(desk);
    let (totals, rows): (TotalsFunction, Vec<Value>) = match report {
        "orders" => (figures, by_day(desk, span, &orders, figures)),
        "confirmations" => (confirmations, by_day(desk, span, &orders, confirmations)),
        "shipping" => (deliveries, by_courier(desk, &orders)),
        _ => (confirmations, by_agent(desk, &orders)),
    };
    let mut given = envelope(report, span, totals(desk, &orders), rows);
    if input.flag("comparePrevious") == Some(true) {
        given["previous"] = previous(before, totals(desk, &before.orders(desk)));
    }
    Ok(given)
}

/// The figures of a set of orders.
pub(super) type TotalsFunction = fn(&Desk, &[&Order]) -> Value;

pub(super) fn envelope(report: &str, span: DateRange, totals: Value, rows: Vec<Value>) -> Value {
    json!({
        "report": report,
        "from": span.from.to_string(),
        "to": span.to.to_string(),
        "currency": CURRENCY,
        "totals": totals,
        "rows": rows,
    })
}

pub(super) fn previous(span: DateRange, totals: Value) -> Value {
    json!({ "from": span.from.to_string(), "to": span.to.to_string(), "totals": totals })
}

/// Returns a row for each day, including days without orders.
fn by_day(desk: &Desk, span: DateRange, orders: &[&Order], totals: TotalsFunction) -> Vec<Value> {
    let row = |day| {
        let of_day: Vec<_> =
            orders.iter().copied().filter(|order| order.created_at.day() == day).collect();
        let mut row = totals(desk, &of_day);
        row["day"] = day.to_string().into();
        row
    };
    span.days().map(row).collect()
}

/// Returns a row for each courier, the worst delivery rate first: the share of completed deliveries
/// that reached their customer.
pub(super) fn by_courier(desk: &Desk, orders: &[&Order]) -> Vec<Value> {
    let mut by_courier: BTreeMap<&str, Vec<&Order>> = BTreeMap::new();
    for order in orders {
        if let Some(courier) = order.courier.as_deref() {
            by_courier.entry(courier).or_default().push(order);
        }
    }
    let mut rows: Vec<(usize, Value)> = by_courier
        .into_iter()
        .map(|(courier, orders)| {
            let [_, delivered, returned, _] = outcomes(desk, &orders);
            let mut row = deliveries(desk, &orders);
            row["courier"] = courier.into();
            let ended = delivered + returned;
            ((delivered * 10_000).checked_div(ended).unwrap_or(usize::MAX), row)
        })
        .collect();
    rows.sort_by_key(|(rate, _)| *rate);
    rows.into_iter().map(|(_, row)| row).collect()
}

/// Returns the numbers of orders sent, delivered and returned, and of failed attempts.
fn outcomes(desk: &Desk, orders: &[&Order]) -> [usize; 4] {
    let sent = || orders.iter().filter(|order| order.courier.is_some());
    let count = |wanted| sent().filter(|o| desk.stage_of(o).fulfillment == wanted).count();
    let failed = sent().flat_map(|order| &order.delivery_attempts);
    [
        sent().count(),
        count(FulfillmentState::Delivered),
        count(FulfillmentState::Returned),
        failed.filter(|attempt| attempt.outcome == "failed").count(),
    ]
}

fn deliveries(desk: &Desk, orders: &[&Order]) -> Value {
    let [sent, delivered, returned, failed_attempts] = outcomes(desk, orders);
    json!({
        "sent": sent,
        "delivered": delivered,
        "returned": returned,
        "underWay": sent - delivered - returned,
        "failedAttempts": failed_attempts,
        "deliveryRate": percent(delivered, delivered + returned),
    })
}

fn by_agent(desk: &Desk, orders: &[&Order]) -> Vec<Value> {
    let row = |(id, name): (&str, &str)| {
        let own = orders.iter().copied();
        let own = own.filter(|order| order.confirmation_agent.as_deref() == Some(id));
        let mut row = confirmations(desk, &own.collect::<Vec<_>>());
        row["agent"] = json!({ "id": id, "name": name });
        row
    };
    AGENTS.into_iter().map(row).collect()
}
