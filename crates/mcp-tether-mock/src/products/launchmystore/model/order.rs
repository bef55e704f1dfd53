//! Orders, and the amounts computed from their lines. Amounts are in cents.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::product::Moment;
use crate::product::money::{portion, shared};

/// An order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) customer_id: String,
    pub(crate) status: OrderStatus,
    pub(crate) lines: Vec<LineItem>,
    pub(crate) coupon_code: Option<String>,
    pub(crate) discount: i64,
    pub(crate) shipping_method: String,
    pub(crate) shipping_fee: i64,
    pub(crate) tax: i64,
    pub(crate) paid_at: Option<Moment>,
    pub(crate) shipping_address: Value,
    pub(crate) note: String,
    /// `online` or `manual`.
    pub(crate) source: String,
    pub(crate) fulfillments: Vec<Fulfillment>,
    pub(crate) refunds: Vec<Refund>,
    pub(crate) timeline: Vec<TimelineEvent>,
    pub(crate) created_at: Moment,
    pub(crate) updated_at: Moment,
}

/// The status of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OrderStatus {
    Pending,
    Processing,
    Shipped,
    Delivered,
    Cancelled,
}

impl OrderStatus {
    pub(crate) const NAMES: &'static [&'static str] =
        &["pending", "processing", "shipped", "delivered", "cancelled"];

    pub(crate) fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// A quantity of one variant, at the price of that day.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LineItem {
    pub(crate) id: String,
    pub(crate) product_id: String,
    pub(crate) variant_id: String,
    pub(crate) sku: String,
    pub(crate) title: String,
    pub(crate) quantity: i64,
    pub(crate) unit_price: i64,
    pub(crate) fulfilled: i64,
    pub(crate) refunded: i64,
}

impl LineItem {
    pub(crate) fn total(&self) -> i64 {
        self.unit_price * self.quantity
    }

    /// Returns the quantity still to be sent. Refunds count against it first.
    pub(crate) fn to_fulfil(&self) -> i64 {
        (self.quantity - self.refunded - self.fulfilled).max(0)
    }
}

/// A shipment.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Fulfillment {
    pub(crate) id: String,
    pub(crate) lines: Vec<Quantity>,
    pub(crate) carrier: String,
    pub(crate) tracking_number: Option<String>,
    pub(crate) created_at: Moment,
}

/// A refund.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Refund {
    pub(crate) id: String,
    pub(crate) amount: i64,
    pub(crate) lines: Vec<Quantity>,
    /// The part of the amount that is shipping.
    pub(crate) shipping: i64,
    pub(crate) reason: String,
    pub(crate) restocked: bool,
    pub(crate) created_at: Moment,
}

/// A quantity of one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Quantity {
    pub(crate) line_id: String,
    pub(crate) quantity: i64,
}

/// An entry of the timeline.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TimelineEvent {
    pub(crate) at: Moment,
    pub(crate) what: String,
}

impl Order {
    pub(crate) fn subtotal(&self) -> i64 {
        self.lines.iter().map(LineItem::total).sum()
    }

    pub(crate) fn total(&self) -> i64 {
        self.subtotal() - self.discount + self.shipping_fee + self.tax
    }

    pub(crate) fn refunded(&self) -> i64 {
        self.refunds.iter().map(|refund| refund.amount).sum()
    }

    /// Returns the amount paid and not refunded.
    pub(crate) fn kept(&self) -> i64 {
        if self.paid_at.is_some() { self.total() - self.refunded() } else { 0 }
    }

    /// Returns the amount paid for each line: its price, less its share of the discount, plus its
    /// share of the tax. The shares add up exactly.
    pub(crate) fn paid_for_lines(&self) -> Vec<i64> {
        let totals: Vec<i64> = self.lines.iter().map(LineItem::total).collect();
        let discounts = shared(self.discount, &totals);
        let taxes = shared(self.tax, &totals);
        let parts = totals.iter().zip(discounts).zip(taxes);
        parts.map(|((total, discount), tax)| total - discount + tax).collect()
    }

    /// Returns the refund for `quantity` more of a line, such that all refunds add up to the exact
    /// amount paid.
    pub(crate) fn worth(&self, at: usize, quantity: i64) -> i64 {
        let (line, paid) = (&self.lines[at], self.paid_for_lines()[at]);
        let upto = |count: i64| portion(paid, count, line.quantity);
        upto(line.refunded + quantity) - upto(line.refunded)
    }

    /// Returns whether it is neither cancelled nor delivered.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.status, OrderStatus::Pending | OrderStatus::Processing | OrderStatus::Shipped)
    }

    pub(crate) fn counts(&self) -> bool {
        self.status != OrderStatus::Cancelled
    }

    /// Returns `pending`, `paid`, `partially_refunded` or `refunded`.
    pub(crate) fn payment_status(&self) -> &'static str {
        match (self.paid_at, self.refunded()) {
            (None, _) => "pending",
            (Some(_), 0) => "paid",
            (Some(_), refunded) if refunded < self.total() => "partially_refunded",
            _ => "refunded",
        }
    }

    /// Returns `unfulfilled`, `partial` or `fulfilled`.
    pub(crate) fn fulfillment_status(&self) -> &'static str {
        let open: i64 = self.lines.iter().map(LineItem::to_fulfil).sum();
        match (open, self.fulfillments.is_empty()) {
            (0, _) => "fulfilled",
            (_, true) => "unfulfilled",
            _ => "partial",
        }
    }
}
