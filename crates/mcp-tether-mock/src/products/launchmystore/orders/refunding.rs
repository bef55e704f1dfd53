//! Refunding orders.

use serde_json::json;

use super::super::model::{LineItem, Order, Quantity, Refund};
use super::super::shop::Shop;
use super::super::shop_error::{ShopError, ShopResult};
use super::fulfilment::chosen;
use super::shown::ID;
use crate::product::field::{Field, Shape, ToolInput, may, need};
use crate::product::money::decimal;

const LINE: &[Field] = &[
    need("line", Shape::Text, "id or SKU of a line of the order"),
    may("quantity", Shape::Whole(1, 1000), "how many of it, all that is left if left out"),
];

pub(super) const REFUND: &[Field] = &[
    ID,
    may("lines", Shape::Objects(LINE), "which goods; without it the whole order is refunded"),
    may("shipping", Shape::Flag, "whether the shipping fee goes back too, no if left out"),
    may("amount", Shape::Whole(1, 100_000_000), "an amount in cents in the place of `lines`"),
    may("reason", Shape::Text, "why, for the timeline"),
    may("restock", Shape::Flag, "whether the goods go back on the shelf, no if left out"),
];

pub(super) fn refund(shop: &mut Shop, input: ToolInput<'_>) -> ShopResult {
    let order = shop.order(input.needed("id"))?;
    let (id, number) = (order.id.clone(), order.number.clone());
    if order.kept() == 0 {
        let message = match order.paid_at {
            None => format!("order {number} is not paid: there is nothing to give back"),
            Some(_) => format!("everything of order {number} was given back already"),
        };
        return Err(ShopError::state(message));
    }
    let (lines, shipping, amount) = asked(order, input)?;
    if amount > order.kept() {
        let (kept, wanted) = (decimal(order.kept()), decimal(amount));
        let message = format!("{wanted} is more than the {kept} that are left of order {number}");
        return Err(ShopError::state(message));
    }
    if amount == 0 {
        return Err(ShopError::state("that comes to nothing"));
    }
    let restock = input.flag("restock").unwrap_or(false);
    let refund = Refund {
        id: shop.new_id("ref"),
        amount,
        lines,
        shipping,
        reason: input.owned("reason").unwrap_or_default(),
        restocked: restock,
        created_at: shop.tick(),
    };
    let shown = json!(refund);
    give_back(shop, &id, refund)?;
    shop.note_on(&id, format!("{} refunded", decimal(amount)));
    let mut reply = shop.shown_order(&id)?;
    reply["refund"] = shown;
    Ok(reply)
}

/// Returns the requested lines, the part of the refund that is shipping, and the total.
fn asked(order: &Order, input: ToolInput<'_>) -> Result<(Vec<Quantity>, i64, i64), ShopError> {
    if let Some(amount) = input.whole("amount") {
        return match ["lines", "shipping", "restock"].into_iter().find(|name| input.has(name)) {
            Some(name) => {
                let message = format!("give either `amount` or `{name}`");
                Err(ShopError::invalid(name, message))
            }
            None => Ok((Vec::new(), 0, amount)),
        };
    }
    let left = |line: &LineItem| line.quantity - line.refunded;
    let whole_order = !input.has("lines") && !input.has("shipping");
    let lines = if input.has("lines") || whole_order {
        chosen(order, input, left, "to be refunded")?
    } else {
        Vec::new()
    };
    let returned: i64 = order.refunds.iter().map(|refund| refund.shipping).sum();
    let with_shipping = whole_order || input.flag("shipping").unwrap_or(false);
    let shipping = if with_shipping { order.shipping_fee - returned } else { 0 };
    let worth = |asked: &Quantity| {
        let at = order.lines.iter().position(|line| line.id == asked.line_id);
        at.map_or(0, |at| order.worth(at, asked.quantity))
    };
    let amount = if whole_order {
        // A full refund includes any remaining cents.
        order.kept()
    } else {
        lines.iter().map(worth).sum::<i64>() + shipping
    };
    Ok((lines, shipping, amount))
}

fn give_back(shop: &mut Shop, id: &str, refund: Refund) -> Result<(), ShopError> {
    let order = shop.order_mut(id)?;
    let mut returned = Vec::new();
    for asked in &refund.lines {
        for line in order.lines.iter_mut().filter(|line| line.id == asked.line_id) {
            line.refunded += asked.quantity;
            returned.push((line.variant_id.clone(), asked.quantity));
        }
    }
    let reason = format!("refund of order {}", order.number);
    let restocked = refund.restocked;
    order.refunds.push(refund);
    for (variant, quantity) in returned.into_iter().filter(|_| restocked) {
        shop.move_stock(&variant, quantity, &reason);
    }
    Ok(())
}
