//! Changing the status of orders.

use super::super::coupons;
use super::super::model::{Order, OrderStatus};
use super::super::shop::Shop;
use super::super::shop_error::{ShopError, ShopResult};
use super::shown::ID;
use crate::product::field::{Field, Shape, ToolInput, may};

pub(super) const UPDATE: &[Field] = &[
    ID,
    may("status", Shape::OneOf(OrderStatus::NAMES), "how far it has come now"),
    may("paid", Shape::Flag, "true once the money is there"),
    may("note", Shape::Text, "a note for the timeline"),
];

pub(crate) fn update(shop: &mut Shop, input: ToolInput<'_>) -> ShopResult {
    if !["status", "paid", "note"].into_iter().any(|name| input.has(name)) {
        return Err(ShopError::invalid("status", "give a `status`, `paid` or a `note`"));
    }
    let order = shop.order(input.needed("id"))?;
    let id = order.id.clone();
    let pays = input.flag("paid");
    if pays == Some(false) && order.paid_at.is_some() {
        let message = "money that is there goes back with `refund_order`";
        return Err(ShopError::state(message));
    }
    let becomes_paid = pays == Some(true) && order.paid_at.is_none();
    if becomes_paid && order.status == OrderStatus::Cancelled {
        return Err(ShopError::state(format!("order {} is cancelled", order.number)));
    }
    let next = match input.text("status") {
        Some(name) => reached(order, name, becomes_paid)?,
        None => order.status,
    };
    let changes = next != order.status;
    if becomes_paid {
        let now = shop.tick();
        shop.order_mut(&id)?.paid_at = Some(now);
        shop.note_on(&id, "marked as paid");
    }
    if changes && next == OrderStatus::Cancelled {
        take_back(shop, &id)?;
    }
    if changes {
        shop.order_mut(&id)?.status = next;
        shop.note_on(&id, format!("status is now {}", next.name()));
    }
    if let Some(note) = input.text("note") {
        shop.note_on(&id, format!("note: {note}"));
    }
    shop.shown_order(&id)
}

/// Returns the status with this name, if the order can change to it.
fn reached(order: &Order, name: &str, becomes_paid: bool) -> Result<OrderStatus, ShopError> {
    use OrderStatus::{Cancelled, Delivered, Pending, Processing, Shipped};
    let all = [Pending, Processing, Shipped, Delivered, Cancelled];
    let next = all.into_iter().find(|status| status.name() == name).unwrap_or(order.status);
    let sent = order.fulfillment_status() == "fulfilled" && !order.fulfillments.is_empty();
    match (order.status, next) {
        (now, next) if now == next => Ok(next),
        (Pending, Processing) => Ok(next),
        (Pending | Processing, Shipped) if !sent => {
            let message = "not everything was sent: send it with `create_fulfillment`";
            Err(ShopError::state(message))
        }
        (Pending | Processing, Shipped) | (Shipped, Delivered) => Ok(next),
        (Pending | Processing, Cancelled) if !order.fulfillments.is_empty() => {
            Err(ShopError::state("a part of it was sent: refund the rest with `refund_order`"))
        }
        (Pending | Processing, Cancelled) if order.kept() > 0 || becomes_paid => {
            Err(ShopError::state("it is paid: give the money back with `refund_order` first"))
        }
        (Pending | Processing, Cancelled) => Ok(next),
        (now, next) => {
            let (now, next) = (now.name(), next.name());
            Err(ShopError::state(format!("an order that is {now} cannot become {next}")))
        }
    }
}

/// Returns unsent goods to the stock, and makes the coupon unused.
fn take_back(shop: &mut Shop, id: &str) -> Result<(), ShopError> {
    let order = shop.order(id)?.clone();
    let restocked = |line: &str| -> i64 {
        let refunds = order.refunds.iter().filter(|refund| refund.restocked);
        let lines = refunds.flat_map(|refund| &refund.lines);
        lines.filter(|refunded| refunded.line_id == line).map(|refunded| refunded.quantity).sum()
    };
    for line in &order.lines {
        let back = line.quantity - restocked(&line.id);
        if back > 0 {
            shop.move_stock(&line.variant_id, back, &format!("order {} cancelled", order.number));
        }
    }
    if let Some(code) = &order.coupon_code {
        coupons::used(shop, code, -1);
    }
    Ok(())
}
