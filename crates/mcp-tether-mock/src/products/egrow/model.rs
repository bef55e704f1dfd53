//! The data model of the order desk: customers, products, orders, pipelines. Amounts are in minor
//! units.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::product::moment::Moment;

/// The currency of the account.
pub(super) const CURRENCY: &str = "MAD";

/// A shipping or billing address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Address {
    pub(super) id: String,
    /// `shipping` or `billing`.
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) phone: String,
    pub(super) line1: String,
    pub(super) city: String,
    pub(super) postal_code: String,
    pub(super) country: String,
    pub(super) is_default: bool,
}

/// A customer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Customer {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) phone: String,
    pub(super) email: Option<String>,
    pub(super) marketing_opt_in: bool,
    pub(super) blacklisted: bool,
    pub(super) blacklist_reason: Option<String>,
    pub(super) addresses: Vec<Address>,
    /// Ids of groups.
    pub(super) groups: Vec<String>,
    /// Ids of customers that were flagged as the same person.
    pub(super) flagged_duplicates: Vec<String>,
    pub(super) created_at: Moment,
}

impl Customer {
    /// Returns the city of the customer's main shipping address.
    pub(super) fn city(&self) -> &str {
        let default = self.addresses.iter().find(|address| address.is_default);
        default.or(self.addresses.first()).map_or("", |address| &address.city)
    }
}

/// A named set of customers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CustomerGroup {
    pub(super) id: String,
    pub(super) name: String,
}

/// A category of products.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Category {
    pub(super) id: String,
    pub(super) name: String,
}

/// A product.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Product {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) description: String,
    /// `active`, `draft` or `archived`.
    pub(super) status: String,
    pub(super) category_id: String,
    pub(super) options: Vec<ProductOption>,
    pub(super) variants: Vec<Variant>,
    pub(super) media: Vec<String>,
    pub(super) created_at: Moment,
}

/// An option in which variants differ.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProductOption {
    pub(super) name: String,
    pub(super) values: Vec<String>,
}

/// A variant of a product.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Variant {
    pub(super) id: String,
    pub(super) sku: String,
    pub(super) title: String,
    pub(super) options: BTreeMap<String, String>,
    pub(super) price: i64,
    pub(super) stock: i64,
}

/// A pipeline of orders.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pipeline {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) stages: Vec<Stage>,
}

/// A stage of a pipeline.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stage {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) confirmation: Confirmation,
    pub(super) fulfillment: FulfillmentState,
}

/// Whether the customer confirmed the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Confirmation {
    Pending,
    Confirmed,
    Cancelled,
}

/// The location of the goods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum FulfillmentState {
    Unfulfilled,
    Shipped,
    Delivered,
    Returned,
}

/// An order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Order {
    pub(super) id: String,
    pub(super) number: String,
    pub(super) store_order_id: String,
    pub(super) tracking_number: Option<String>,
    pub(super) customer_id: Option<String>,
    pub(super) pipeline_id: String,
    pub(super) stage_id: String,
    pub(super) lines: Vec<OrderLine>,
    pub(super) shipping_fee: i64,
    pub(super) discount: i64,
    pub(super) payments: Vec<Payment>,
    pub(super) refunds: Vec<Refund>,
    pub(super) shipping_address: Address,
    pub(super) billing_address: Option<Address>,
    pub(super) courier: Option<String>,
    pub(super) delivery_attempts: Vec<DeliveryAttempt>,
    pub(super) confirmation_agent: Option<String>,
    pub(super) shipping_agent: Option<String>,
    pub(super) notes: String,
    pub(super) custom_attributes: BTreeMap<String, String>,
    /// The advertisement it came from.
    #[serde(default)]
    pub(super) utm: Option<Utm>,
    pub(super) merged_into: Option<String>,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
    pub(super) history: Vec<OrderChange>,
}

/// The advertisement that an order came from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Utm {
    pub(super) source: String,
    pub(super) medium: String,
    pub(super) campaign: String,
}

/// A quantity of one variant, at the price of that day.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrderLine {
    pub(super) id: String,
    pub(super) product_id: String,
    pub(super) variant_id: String,
    pub(super) sku: String,
    pub(super) title: String,
    pub(super) quantity: i64,
    pub(super) unit_price: i64,
    pub(super) refunded_quantity: i64,
    /// How many of the refunded ones are back in stock.
    #[serde(default)]
    pub(super) restocked_quantity: i64,
}

impl OrderLine {
    /// Returns how many of them left the stock.
    pub(super) fn taken(&self) -> i64 {
        self.quantity - self.restocked_quantity
    }

    pub(super) fn total(&self) -> i64 {
        self.unit_price * self.quantity
    }
}

/// A payment.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Payment {
    pub(super) id: String,
    /// `card` or `cash_on_delivery`.
    pub(super) method: String,
    pub(super) amount: i64,
    pub(super) paid_at: Moment,
}

/// A refund.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Refund {
    pub(super) id: String,
    pub(super) amount: i64,
    pub(super) reason: String,
    pub(super) line_ids: Vec<String>,
    pub(super) at: Moment,
}

/// A delivery attempt.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeliveryAttempt {
    pub(super) at: Moment,
    /// `delivered` or `failed`.
    pub(super) outcome: String,
    pub(super) reason: Option<String>,
}

/// A change of an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrderChange {
    pub(super) at: Moment,
    pub(super) by: String,
    pub(super) what: String,
}

impl Order {
    pub(super) fn subtotal(&self) -> i64 {
        self.lines.iter().map(OrderLine::total).sum()
    }

    pub(super) fn total(&self) -> i64 {
        self.subtotal() + self.shipping_fee - self.discount
    }

    pub(super) fn paid(&self) -> i64 {
        self.payments.iter().map(|payment| payment.amount).sum()
    }

    pub(super) fn refunded(&self) -> i64 {
        self.refunds.iter().map(|refund| refund.amount).sum()
    }

    /// Returns `pending`, `partially_paid`, `paid`, `partially_refunded` or `refunded`.
    pub(super) fn financial_status(&self) -> &'static str {
        let (paid, refunded) = (self.paid(), self.refunded());
        if paid == 0 {
            "pending"
        } else if refunded >= paid {
            "refunded"
        } else if refunded > 0 {
            "partially_refunded"
        } else if paid < self.total() {
            "partially_paid"
        } else {
            "paid"
        }
    }
}

/// A call that changed something.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuditEntry {
    pub(super) id: String,
    pub(super) at: Moment,
    pub(super) tool: String,
    /// The kind of credential that was used.
    pub(super) credential: String,
    pub(super) arguments: Value,
}
