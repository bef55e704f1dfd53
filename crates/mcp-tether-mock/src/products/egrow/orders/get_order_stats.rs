//! The tool `get_order_stats`: counts orders and adds up total, paid, pending and refunded
//! amounts.

use super::{FILTER, figures, grouped, matching};
use crate::product::field::{DAYS, Field, Shape, ToolInput, may};
use crate::products::egrow::desk::Desk;
use crate::products::egrow::desk_error::DeskResult;
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::model::Order;
use crate::products::egrow::shapes::ORDER_STATS;

const GROUP_BY: Field = may(
    "groupBy",
    Shape::OneOf(&["stage", "city", "courier", "day", "customer"]),
    "adds the same figures for each of these",
);

pub(super) const TOOL: Entry = Entry {
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
};

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
