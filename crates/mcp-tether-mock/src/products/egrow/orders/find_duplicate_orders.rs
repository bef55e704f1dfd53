//! The tool `find_duplicate_orders`: finds groups of orders of one customer with the same items
//! close together.

use std::collections::BTreeMap;

use serde_json::json;

use super::matching;
use crate::product::field::{DAYS, Shape, ToolInput, may};
use crate::products::egrow::desk::Desk;
use crate::products::egrow::desk_error::DeskResult;
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::model::Order;
use crate::products::egrow::search::{PAGE, page};
use crate::products::egrow::shapes::DUPLICATE_ORDERS;

pub(super) const TOOL: Entry = Entry {
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
};

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
