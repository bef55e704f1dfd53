//! Orders: what they are, what follows from their lines, and how they are shown. Amounts are in
//! cents.

mod creating;
mod fulfilment;
mod listing;
mod refunding;
mod status;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(super) use creating::{ADDRESS, price};
pub(super) use status::update;

use super::entry::{Does, Domain, Entry, Gives, PAGE};
use super::shop::Shop;
use crate::product::field::{Field, Shape, need};
use crate::product::money::{portion, shared};
use crate::product::{Kind, Moment};

/// An order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Order {
    pub(super) id: String,
    pub(super) number: String,
    pub(super) customer_id: String,
    pub(super) status: Status,
    pub(super) lines: Vec<Line>,
    pub(super) coupon_code: Option<String>,
    pub(super) discount: i64,
    pub(super) shipping_method: String,
    pub(super) shipping_fee: i64,
    pub(super) tax: i64,
    pub(super) paid_at: Option<Moment>,
    pub(super) shipping_address: Value,
    pub(super) note: String,
    /// `online` or `manual`.
    pub(super) source: String,
    pub(super) fulfillments: Vec<Fulfillment>,
    pub(super) refunds: Vec<Refund>,
    pub(super) timeline: Vec<Event>,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
}

/// How far an order has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Pending,
    Processing,
    Shipped,
    Delivered,
    Cancelled,
}

impl Status {
    pub(super) const NAMES: &'static [&'static str] =
        &["pending", "processing", "shipped", "delivered", "cancelled"];

    pub(super) fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// So many of one variant, at the price of that day.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line {
    pub(super) id: String,
    pub(super) product_id: String,
    pub(super) variant_id: String,
    pub(super) sku: String,
    pub(super) title: String,
    pub(super) quantity: i64,
    pub(super) unit_price: i64,
    pub(super) fulfilled: i64,
    pub(super) refunded: i64,
}

impl Line {
    pub(super) fn total(&self) -> i64 {
        self.unit_price * self.quantity
    }

    /// What is still to be sent: whatever was refunded counts first against that.
    pub(super) fn to_fulfil(&self) -> i64 {
        (self.quantity - self.refunded - self.fulfilled).max(0)
    }
}

/// A parcel.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Fulfillment {
    pub(super) id: String,
    pub(super) lines: Vec<Quantity>,
    pub(super) carrier: String,
    pub(super) tracking_number: Option<String>,
    pub(super) created_at: Moment,
}

/// Money that went back.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Refund {
    pub(super) id: String,
    pub(super) amount: i64,
    pub(super) lines: Vec<Quantity>,
    /// The part of the amount that is shipping.
    pub(super) shipping: i64,
    pub(super) reason: String,
    pub(super) restocked: bool,
    pub(super) created_at: Moment,
}

/// So many of one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Quantity {
    pub(super) line_id: String,
    pub(super) quantity: i64,
}

/// Something that was done.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event {
    pub(super) at: Moment,
    pub(super) what: String,
}

impl Order {
    pub(super) fn subtotal(&self) -> i64 {
        self.lines.iter().map(Line::total).sum()
    }

    pub(super) fn total(&self) -> i64 {
        self.subtotal() - self.discount + self.shipping_fee + self.tax
    }

    pub(super) fn refunded(&self) -> i64 {
        self.refunds.iter().map(|refund| refund.amount).sum()
    }

    /// What was paid and not given back.
    pub(super) fn kept(&self) -> i64 {
        if self.paid_at.is_some() { self.total() - self.refunded() } else { 0 }
    }

    /// What was paid for each line: its price, less its share of the discount, with its share of
    /// the tax. The shares add up.
    pub(super) fn paid_for_lines(&self) -> Vec<i64> {
        let totals: Vec<i64> = self.lines.iter().map(Line::total).collect();
        let discounts = shared(self.discount, &totals);
        let taxes = shared(self.tax, &totals);
        let parts = totals.iter().zip(discounts).zip(taxes);
        parts.map(|((total, discount), tax)| total - discount + tax).collect()
    }

    /// What goes back for so many more of a line, so that all of them together give back exactly
    /// what was paid.
    pub(super) fn worth(&self, at: usize, quantity: i64) -> i64 {
        let (line, paid) = (&self.lines[at], self.paid_for_lines()[at]);
        let upto = |count: i64| portion(paid, count, line.quantity);
        upto(line.refunded + quantity) - upto(line.refunded)
    }

    /// Neither cancelled nor delivered.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.status, Status::Pending | Status::Processing | Status::Shipped)
    }

    pub(super) fn counts(&self) -> bool {
        self.status != Status::Cancelled
    }

    /// `pending`, `paid`, `partially_refunded` or `refunded`.
    pub(super) fn payment_status(&self) -> &'static str {
        match (self.paid_at, self.refunded()) {
            (None, _) => "pending",
            (Some(_), 0) => "paid",
            (Some(_), refunded) if refunded < self.total() => "partially_refunded",
            _ => "refunded",
        }
    }

    /// `unfulfilled`, `partial` or `fulfilled`.
    pub(super) fn fulfillment_status(&self) -> &'static str {
        let open: i64 = self.lines.iter().map(Line::to_fulfil).sum();
        match (open, self.fulfillments.is_empty()) {
            (0, _) => "fulfilled",
            (_, true) => "unfulfilled",
            _ => "partial",
        }
    }
}

/// An order in a list.
fn order_line(shop: &Shop, order: &Order) -> Value {
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

/// An order with everything in it.
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

fn customer(shop: &Shop, order: &Order) -> Value {
    let all = shop.records("customers");
    match all.iter().find(|customer| customer["id"] == order.customer_id.as_str()) {
        Some(found) => json!({
            "id": found["id"],
            "name": super::customers::name(found),
            "email": found["email"],
        }),
        None => json!({ "id": order.customer_id }),
    }
}

impl Shop {
    /// Notes what was done to an order.
    fn note_on(&mut self, order: &str, what: impl Into<String>) {
        let at = self.tick();
        if let Ok(order) = self.order_mut(order) {
            order.updated_at = at;
            order.timeline.push(Event { at, what: what.into() });
        }
    }

    fn shown_order(&self, id: &str) -> super::problem::Reply {
        Ok(json!({ "order": order_in_full(self, self.order(id)?) }))
    }
}

const ID: Field = need("id", Shape::Text, "number or id of the order");

pub(super) const TOOLS: &[Entry] = &[
    Entry {
        name: "list_orders",
        title: "List orders",
        domain: Domain::Orders,
        kind: Kind::Read,
        about: "Lists or searches orders, the newest first; `fulfillmentStatus: unfulfilled` with \
            `paymentStatus: paid` finds what is to be sent",
        example: r#"{"fulfillmentStatus":"unfulfilled","paymentStatus":"paid"}"#,
        does: Does::Look(&[listing::LIST, PAGE], Gives::List("orders"), listing::list),
    },
    Entry {
        name: "get_order",
        title: "Get an order",
        domain: Domain::Orders,
        kind: Kind::Read,
        about: "Gets an order with its lines, parcels, refunds and everything that was done to it",
        example: r#"{"id":"LMS1003"}"#,
        does: Does::Look(&[&[ID]], Gives::One("order"), listing::get),
    },
    Entry {
        name: "create_order",
        title: "Create an order",
        domain: Domain::Orders,
        kind: Kind::Write,
        about: "Creates an order by hand for a known customer: takes the goods off the shelf, \
            applies a coupon, adds shipping and tax",
        example: concat!(
            r#"{"customer":"lily.park@mail.example","lines":[{"variant":"TSH-M","quantity":2}],"#,
            r#""couponCode":"WELCOME10"}"#,
        ),
        does: Does::Change(&[creating::CREATE], Gives::One("order"), creating::create),
    },
    Entry {
        name: "update_order_status",
        title: "Update the status of an order",
        domain: Domain::Orders,
        kind: Kind::Write,
        about: "Moves an order on, cancels it, or marks it paid; sending goods has \
            `create_fulfillment`",
        example: r#"{"id":"LMS1119","status":"processing","paid":true}"#,
        does: Does::Change(&[status::UPDATE], Gives::One("order"), status::update),
    },
    Entry {
        name: "create_fulfillment",
        title: "Create a fulfillment",
        domain: Domain::Orders,
        kind: Kind::Write,
        about: "Sends goods of a paid order, all that is left of it or chosen lines",
        example: r#"{"id":"LMS1118","carrier":"UPS","trackingNumber":"1Z999AA10123456784"}"#,
        does: Does::Change(
            &[fulfilment::CREATE],
            Gives::Members(&["order", "fulfillment"]),
            fulfilment::create,
        ),
    },
    Entry {
        name: "refund_order",
        title: "Refund an order",
        domain: Domain::Orders,
        kind: Kind::Destructive,
        about: "Gives money back for chosen lines, for shipping or for a whole order, and puts \
            goods back on the shelf if asked; the amount follows from what was paid",
        example: concat!(
            r#"{"id":"LMS1003","lines":[{"line":"MUG-WHI","quantity":1}],"#,
            r#""reason":"arrived broken","restock":false}"#,
        ),
        does: Does::Change(
            &[refunding::REFUND],
            Gives::Members(&["order", "refund"]),
            refunding::refund,
        ),
    },
];
