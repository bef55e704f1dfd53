//! Views of orders, and helpers of all order tools.

use serde_json::{Value, json};

use super::super::customers::name;
use super::super::model::{Order, TimelineEvent};
use super::super::shop::Shop;
use super::super::shop_error::ShopResult;
use crate::product::field::{Field, Shape, need};

/// Returns an order as an entry of a list.
pub(super) fn order_line(shop: &Shop, order: &Order) -> Value {
    json!({
        "id": order.id,
        "number": order.number,
        "customer": customer(shop, order),
        "status": order.status,
        "paymentStatus": order.payment_status(),
        "fulfillmentStatus": order.fulfillment_status(),
        "itemCount": order.lines.iter().map(|line| line.quantity).sum::<i64>(),
        "total": order.total(),
        "refundedAmount": order.refunded(),
        "currency": shop.setting("store", "currency"),
        "createdAt": order.created_at,
    })
}

/// Returns an order with all details.
fn order_in_full(shop: &Shop, order: &Order) -> Value {
    let mut full = order_line(shop, order);
    let all = serde_json::to_value(order).expect("an order can be written");
    if let (Value::Object(full), Value::Object(all)) = (&mut full, all) {
        full.extend(all);
        full.remove("customerId");
        full.remove("itemCount");
    }
    full["subtotal"] = order.subtotal().into();
    full["refundable"] = order.kept().into();
    for (shown, line) in full["lines"].as_array_mut().into_iter().flatten().zip(&order.lines) {
        shown["total"] = line.total().into();
        shown["toFulfill"] = line.to_fulfil().into();
    }
    full
}

pub(super) fn customer(shop: &Shop, order: &Order) -> Value {
    let all = shop.records("customers");
    match all.iter().find(|customer| customer["id"] == order.customer_id.as_str()) {
        Some(found) => json!({
            "id": found["id"],
            "name": name(found),
            "email": found["email"],
        }),
        None => json!({ "id": order.customer_id }),
    }
}

impl Shop {
    /// Adds an entry to the timeline of an order.
    pub(super) fn note_on(&mut self, order: &str, what: impl Into<String>) {
        let at = self.tick();
        if let Ok(order) = self.order_mut(order) {
            order.updated_at = at;
            order.timeline.push(TimelineEvent { at, what: what.into() });
        }
    }

    pub(super) fn shown_order(&self, id: &str) -> ShopResult {
        Ok(json!({ "order": order_in_full(self, self.order(id)?) }))
    }
}

pub(super) const ID: Field = need("id", Shape::Text, "number or id of the order");
