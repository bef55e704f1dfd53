//! Fulfilling orders.

use serde_json::json;

use super::super::model::{Fulfillment, LineItem, Order, OrderStatus, Quantity};
use super::super::shop::Shop;
use super::super::shop_error::{ShopError, ShopResult};
use super::shown::ID;
use crate::product::field::{Field, Shape, ToolInput, may, need};

const LINE: &[Field] = &[
    need("line", Shape::Text, "id or SKU of a line of the order"),
    may("quantity", Shape::Whole(1, 1000), "how many of it, all that is left if left out"),
];

pub(super) const CREATE: &[Field] = &[
    ID,
    may("lines", Shape::Objects(LINE), "which goods, everything that is left if left out"),
    may("carrier", Shape::Text, "who carries it"),
    may("trackingNumber", Shape::Text, "the carrier's number"),
];

pub(super) fn create(shop: &mut Shop, input: ToolInput<'_>) -> ShopResult {
    let order = shop.order(input.needed("id"))?;
    let (id, number) = (order.id.clone(), order.number.clone());
    if order.status == OrderStatus::Cancelled {
        return Err(ShopError::state(format!("order {number} is cancelled")));
    }
    if order.paid_at.is_none() {
        let message = format!("order {number} is not paid: see `update_order_status`");
        return Err(ShopError::state(message));
    }
    let lines = chosen(order, input, LineItem::to_fulfil, "to be sent")?;
    if lines.is_empty() {
        return Err(ShopError::state(format!("nothing of order {number} is left to be sent")));
    }
    let fulfillment = Fulfillment {
        id: shop.new_id("ful"),
        lines,
        carrier: input.owned("carrier").unwrap_or_else(|| "own delivery".to_owned()),
        tracking_number: input.owned("trackingNumber"),
        created_at: shop.tick(),
    };
    let shown = json!(fulfillment);
    let carrier = fulfillment.carrier.clone();
    shop.order_mut(&id)?.send(fulfillment);
    shop.note_on(&id, format!("goods handed to {carrier}"));
    let mut reply = shop.shown_order(&id)?;
    reply["fulfillment"] = shown;
    Ok(reply)
}

/// Returns the requested quantities of lines; everything that `left` returns if no line is named.
pub(super) fn chosen(
    order: &Order,
    input: ToolInput<'_>,
    left: fn(&LineItem) -> i64,
    what: &str,
) -> Result<Vec<Quantity>, ShopError> {
    let all = |line: &LineItem| Quantity { line_id: line.id.clone(), quantity: left(line) };
    if !input.has("lines") {
        return Ok(order.lines.iter().map(all).filter(|line| line.quantity > 0).collect());
    }
    let mut chosen: Vec<Quantity> = Vec::new();
    for given in input.objects("lines") {
        let name = given.needed("line");
        let is = |line: &&LineItem| line.id == name || line.sku.eq_ignore_ascii_case(name);
        let Some(line) = order.lines.iter().find(is) else {
            let message = format!("order {} has no line `{name}`", order.number);
            return Err(ShopError::invalid("lines", message));
        };
        if chosen.iter().any(|other| other.line_id == line.id) {
            return Err(ShopError::invalid("lines", format!("the line `{name}` comes twice")));
        }
        let quantity = given.whole("quantity").unwrap_or_else(|| left(line));
        if quantity > left(line) || quantity == 0 {
            let message = format!("only {} of `{name}` are left {what}", left(line));
            return Err(ShopError::state(message));
        }
        chosen.push(Quantity { line_id: line.id.clone(), quantity });
    }
    Ok(chosen)
}

impl Order {
    /// Stores a shipment, and marks the order as sent once every line is.
    pub(crate) fn send(&mut self, fulfillment: Fulfillment) {
        for sent in &fulfillment.lines {
            for line in self.lines.iter_mut().filter(|line| line.id == sent.line_id) {
                line.fulfilled += sent.quantity;
            }
        }
        self.fulfillments.push(fulfillment);
        let all = self.fulfillment_status() == "fulfilled";
        self.status = if all { OrderStatus::Shipped } else { OrderStatus::Processing };
    }
}
