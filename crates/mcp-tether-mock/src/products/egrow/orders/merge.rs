//! `merge_orders`.

use serde_json::json;

use super::super::desk::{Desk, money};
use super::super::desk_error::{DeskError, DeskResult};
use super::super::model::{Order, OrderLine};
use crate::product::field::ToolInput;

/// Returns the order that stays and those merged into it, all of them open and of one customer.
fn merging(desk: &Desk, input: ToolInput<'_>) -> Result<(Order, Vec<Order>), DeskError> {
    let primary = desk.order(input.needed("primary"))?.clone();
    let names = input.texts("duplicates").into_iter();
    let orders: Vec<Order> =
        names.map(|name| desk.order(name).cloned()).collect::<Result<_, _>>()?;
    for (position, order) in orders.iter().enumerate() {
        let again = orders[..position].iter().any(|before| before.id == order.id);
        if again || order.id == primary.id {
            let message = format!("`{}` is named twice", order.number);
            return Err(DeskError::invalid(message, "name each order once"));
        }
        if order.customer_id != primary.customer_id || order.customer_id.is_none() {
            let message =
                format!("`{}` and `{}` have different customers", primary.number, order.number);
            return Err(DeskError::state(message, "merge the customers first, if they are one"));
        }
        if order.paid() > 0 {
            let message = format!("`{}` was paid", order.number);
            return Err(DeskError::state(message, "make it the primary, or refund and cancel it"));
        }
    }
    for order in orders.iter().chain([&primary]) {
        if !desk.is_unfulfilled(order) || desk.is_cancelled(order) {
            let stage = &desk.stage_of(order).name;
            let message = format!("`{}` is {stage} and cannot be merged", order.number);
            return Err(DeskError::state(message, "only orders that are still open can be"));
        }
    }
    Ok((primary, orders))
}

pub(super) fn preview(desk: &Desk, input: ToolInput<'_>) -> Result<String, DeskError> {
    let (primary, orders) = merging(desk, input)?;
    let numbers: Vec<_> = orders.iter().map(|order| order.number.as_str()).collect();
    let lines = if input.flag("addLines") == Some(true) { ", with their lines," } else { "" };
    let total = money(orders.iter().map(Order::total).sum());
    let (numbers, into) = (numbers.join(", "), &primary.number);
    Ok(format!("Merge {numbers} ({total}){lines} into {into} and cancel what was merged"))
}

pub(super) fn apply(desk: &mut Desk, input: ToolInput<'_>) -> DeskResult {
    let (primary, orders) = merging(desk, input)?;
    let adds = input.flag("addLines") == Some(true);
    let cancelled = desk.stage("Cancelled", Some(&primary.pipeline_id))?.1.id.clone();
    for order in &orders {
        for line in &order.lines {
            if adds {
                add(desk.order_mut(&primary.id)?, line);
            } else {
                desk.restock(&line.variant_id, line.taken());
            }
        }
        let gone = desk.order_mut(&order.id)?;
        gone.stage_id.clone_from(&cancelled);
        gone.merged_into = Some(primary.number.clone());
        desk.note(&order.id, format!("merged into {}", primary.number))?;
        desk.note(&primary.id, format!("took over {}", order.number))?;
    }
    let numbers: Vec<_> = orders.iter().map(|order| &order.number).collect();
    let order = desk.order_in_full(desk.order(&primary.id)?);
    Ok(json!({ "merged": numbers, "order": order }))
}

/// Adds a line to an order, combined with a line of the same goods at the same price if there is
/// one.
fn add(order: &mut Order, line: &OrderLine) {
    let same = order
        .lines
        .iter_mut()
        .find(|known| known.variant_id == line.variant_id && known.unit_price == line.unit_price);
    match same {
        Some(known) => known.quantity += line.quantity,
        None => order.lines.push(line.clone()),
    }
}
