//! The data of the order desk, and lookups in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::desk_error::DeskError;
use super::model::{
    AuditEntry, CURRENCY, Category, Confirmation, Customer, CustomerGroup, FulfillmentState, Order,
    OrderChange, Pipeline, Product, Stage, Variant,
};
use crate::date::Date;
use crate::product::moment::Moment;
use crate::product::money::decimal;

/// The data of the order desk.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Desk {
    /// Not stored: data from a file is read on another day.
    #[serde(skip, default = "Date::today")]
    pub(super) today: Date,
    /// Advances with every change, so that the same calls give the same data.
    pub(super) clock: Moment,
    pub(super) customers: Vec<Customer>,
    /// The ids of merged customers, and the ids of the customers they were merged into.
    pub(super) merged_customers: BTreeMap<String, String>,
    pub(super) groups: Vec<CustomerGroup>,
    pub(super) categories: Vec<Category>,
    pub(super) products: Vec<Product>,
    pub(super) orders: Vec<Order>,
    pub(super) pipelines: Vec<Pipeline>,
    pub(super) next_id: u64,
    #[serde(default)]
    pub(super) audit: Vec<AuditEntry>,
}

/// The agents: id and name.
pub(super) const AGENTS: [(&str, &str); 4] = [
    ("agt_1", "Nadia Lahlou"),
    ("agt_2", "Omar Tazi"),
    ("agt_3", "Imane Berrada"),
    ("agt_4", "Hamza Idrissi"),
];

impl Desk {
    /// Begins a new day. The clock never goes back.
    pub(super) fn begin(&mut self, today: Date) {
        self.today = today;
        self.clock = self.clock.max(Moment::on(today, 10 * 3600));
    }

    /// Returns an id that was never used.
    pub(super) fn new_id(&mut self, prefix: &str) -> String {
        self.next_id += 1;
        format!("{prefix}_{}", self.next_id)
    }

    /// Advances the time for the next change, and returns it.
    pub(super) fn tick(&mut self) -> Moment {
        self.clock = Moment(self.clock.0 + 1);
        self.clock
    }

    /// Returns the first and the last second of a range of days; an open end has no bound.
    pub(super) fn span(
        &self,
        from: Option<&str>,
        to: Option<&str>,
    ) -> Result<(Moment, Moment), DeskError> {
        let start = match from {
            Some(day) => Moment::on(self.day(day)?, 0),
            None => Moment(i64::MIN),
        };
        let end = match to {
            Some(day) => Moment::on(self.day(day)?.plus_days(1), -1),
            None => Moment(i64::MAX),
        };
        if start > end {
            return Err(DeskError::invalid("`from` is after `to`", "swap them"));
        }
        Ok((start, end))
    }

    pub(super) fn day(&self, name: &str) -> Result<Date, DeskError> {
        match name {
            "today" => Ok(self.today),
            "yesterday" => Ok(self.today.plus_days(-1)),
            other => other.parse().map_err(|reason: String| {
                DeskError::invalid(reason, "write a day as YYYY-MM-DD, `today` or `yesterday`")
            }),
        }
    }

    // Customers

    pub(super) fn customer(&self, name: &str) -> Result<&Customer, DeskError> {
        self.customer_position(name).map(|at| &self.customers[at])
    }

    pub(super) fn customer_mut(&mut self, name: &str) -> Result<&mut Customer, DeskError> {
        self.customer_position(name).map(|at| &mut self.customers[at])
    }

    /// Finds a customer by id or phone number.
    fn customer_position(&self, name: &str) -> Result<usize, DeskError> {
        if let Some(into) = self.merged_customers.get(name) {
            let hint = format!("it was merged into `{into}`: use that id");
            return Err(DeskError::not_found("customer", name, hint));
        }
        let phone = normal_phone(name);
        let found = self.customers.iter().position(|customer| {
            customer.id == name || phone.as_deref() == Some(customer.phone.as_str())
        });
        found.ok_or_else(|| {
            DeskError::not_found("customer", name, "look for the right id with `find_customers`")
        })
    }

    pub(super) fn customer_with_phone(&self, phone: &str) -> Option<&Customer> {
        self.customers.iter().find(|customer| customer.phone == phone)
    }

    pub(super) fn orders_of<'a>(&'a self, customer: &'a str) -> impl Iterator<Item = &'a Order> {
        self.orders.iter().filter(move |order| order.customer_id.as_deref() == Some(customer))
    }

    // Products

    pub(super) fn category(&self, name: &str) -> Result<&Category, DeskError> {
        let found = self.categories.iter().find(|c| c.id == name || same_text(&c.name, name));
        found.ok_or_else(|| {
            DeskError::not_found("category", name, "look for the right one with `find_categories`")
        })
    }

    pub(super) fn product(&self, name: &str) -> Result<&Product, DeskError> {
        let found = self.products.iter().find(|product| product.id == name);
        found.ok_or_else(|| unknown_product(name))
    }

    pub(super) fn product_mut(&mut self, name: &str) -> Result<&mut Product, DeskError> {
        let found = self.products.iter_mut().find(|product| product.id == name);
        found.ok_or_else(|| unknown_product(name))
    }

    /// Finds a variant by id or SKU.
    pub(super) fn variant(&self, name: &str) -> Result<(&Product, &Variant), DeskError> {
        let found = self.variants().find(|(_, v)| v.id == name || same_text(&v.sku, name));
        found.ok_or_else(|| {
            DeskError::not_found("variant", name, "look for the right id with `find_variants`")
        })
    }

    pub(super) fn variants(&self) -> impl Iterator<Item = (&Product, &Variant)> {
        self.products.iter().flat_map(|product| product.variants.iter().map(move |v| (product, v)))
    }

    /// Adds goods to the stock, or removes them if negative.
    pub(super) fn restock(&mut self, variant: &str, by: i64) {
        let all = self.products.iter_mut().flat_map(|product| &mut product.variants);
        for found in all.filter(|found| found.id == variant) {
            found.stock += by;
        }
    }

    // Orders

    pub(super) fn order(&self, name: &str) -> Result<&Order, DeskError> {
        self.order_position(name).map(|at| &self.orders[at])
    }

    pub(super) fn order_mut(&mut self, name: &str) -> Result<&mut Order, DeskError> {
        self.order_position(name).map(|at| &mut self.orders[at])
    }

    /// Finds an order by id, number, tracking number or the shop's number.
    fn order_position(&self, name: &str) -> Result<usize, DeskError> {
        let bare = name.trim_start_matches('#');
        let found = self.orders.iter().position(|order| {
            let tracking = order.tracking_number.as_deref().unwrap_or_default();
            [order.id.as_str(), &order.number, &order.store_order_id, tracking]
                .iter()
                .any(|known| same_text(known, bare))
        });
        found.ok_or_else(|| {
            DeskError::not_found("order", name, "look for the right number with `find_orders`")
        })
    }

    /// Finds a stage by name or id, in one pipeline or in all.
    pub(super) fn stage(
        &self,
        name: &str,
        pipeline: Option<&str>,
    ) -> Result<(&Pipeline, &Stage), DeskError> {
        let wanted =
            |p: &&Pipeline| pipeline.is_none_or(|name| p.id == name || same_text(&p.name, name));
        let mut all = self
            .pipelines
            .iter()
            .filter(wanted)
            .flat_map(|pipeline| pipeline.stages.iter().map(move |stage| (pipeline, stage)));
        all.find(|(_, stage)| stage.id == name || same_text(&stage.name, name)).ok_or_else(|| {
            let names: Vec<_> = self
                .pipelines
                .iter()
                .flat_map(|p| &p.stages)
                .map(|stage| format!("`{}`", stage.name))
                .collect();
            DeskError::not_found("stage", name, format!("the stages are {}", names.join(", ")))
        })
    }

    /// Finds a pipeline by id or name.
    pub(super) fn pipeline(&self, name: &str) -> Result<&Pipeline, DeskError> {
        let found = self.pipelines.iter().find(|p| p.id == name || same_text(&p.name, name));
        found.ok_or_else(|| {
            DeskError::not_found("pipeline", name, "look for the right one with `list_pipelines`")
        })
    }

    pub(super) fn stage_of(&self, order: &Order) -> &Stage {
        let all = self.pipelines.iter().flat_map(|pipeline| &pipeline.stages);
        all.into_iter()
            .find(|stage| stage.id == order.stage_id)
            .expect("orders only ever get stages of a pipeline")
    }

    pub(super) fn is_unfulfilled(&self, order: &Order) -> bool {
        self.stage_of(order).fulfillment == FulfillmentState::Unfulfilled
    }

    pub(super) fn is_cancelled(&self, order: &Order) -> bool {
        self.stage_of(order).confirmation == Confirmation::Cancelled
    }

    /// Adds an entry to the history of an order.
    pub(super) fn note(&mut self, order: &str, what: impl Into<String>) -> Result<(), DeskError> {
        let at = self.tick();
        let order = self.order_mut(order)?;
        order.updated_at = at;
        order.history.push(OrderChange { at, by: "mcp".to_owned(), what: what.into() });
        Ok(())
    }

    // How things are shown

    /// Returns an order as an entry of a list.
    pub(super) fn order_line(&self, order: &Order) -> Value {
        let stage = self.stage_of(order);
        let customer = order.customer_id.as_deref().and_then(|id| self.customer(id).ok());
        json!({
            "id": order.id,
            "number": order.number,
            "customer": customer.map(|c| json!({ "id": c.id, "name": c.name, "phone": c.phone })),
            "city": order.shipping_address.city,
            "stage": stage.name,
            "confirmation": stage.confirmation,
            "fulfillment": stage.fulfillment,
            "financialStatus": order.financial_status(),
            "total": order.total(),
            "currency": CURRENCY,
            "lineCount": order.lines.len(),
            "createdAt": order.created_at,
        })
    }

    /// Returns an order with all details.
    pub(super) fn order_in_full(&self, order: &Order) -> Value {
        let mut full = self.order_line(order);
        let all = serde_json::to_value(order).expect("an order can be written");
        if let (Value::Object(full), Value::Object(all)) = (&mut full, all) {
            full.extend(all);
            full.remove("customerId");
        }
        full["subtotal"] = order.subtotal().into();
        full["total"] = order.total().into();
        full["paidAmount"] = order.paid().into();
        full["refundedAmount"] = order.refunded().into();
        full["balanceDue"] = (order.total() - order.paid()).max(0).into();
        full
    }

    /// Returns a customer as an entry of a list.
    pub(super) fn customer_line(&self, customer: &Customer) -> Value {
        let live = || self.orders_of(&customer.id).filter(|order| !self.is_cancelled(order));
        json!({
            "id": customer.id,
            "name": customer.name,
            "phone": customer.phone,
            "email": customer.email,
            "city": customer.city(),
            "blacklisted": customer.blacklisted,
            "orderCount": live().count(),
            "totalSpent": live().map(|order| order.paid() - order.refunded()).sum::<i64>(),
            "currency": CURRENCY,
            "createdAt": customer.created_at,
        })
    }
}

fn unknown_product(name: &str) -> DeskError {
    DeskError::not_found("product", name, "look for the right id with `find_products`")
}

pub(super) fn same_text(left: &str, right: &str) -> bool {
    left.to_lowercase() == right.to_lowercase()
}

/// Returns a phone number with its country: `0612…` is Moroccan. `None` if it is not a phone
/// number.
pub(super) fn normal_phone(text: &str) -> Option<String> {
    let kept = |c: &char| !matches!(c, ' ' | '-' | '.' | '(' | ')');
    let plain: String = text.chars().filter(kept).collect();
    let digits = match plain.strip_prefix('+').or_else(|| plain.strip_prefix("00")) {
        Some(international) => international.to_owned(),
        None => format!("212{}", plain.strip_prefix('0')?),
    };
    let fits = (9..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| format!("+{digits}"))
}

/// Formats an amount for people.
pub(super) fn money(amount: i64) -> String {
    format!("{} {CURRENCY}", decimal(amount))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phone_numbers_get_one_form() {
        for text in ["+212 612-345678", "0612345678", "00212612345678", "06 12 34 56 78"] {
            assert_eq!(normal_phone(text).as_deref(), Some("+212612345678"), "{text}");
        }
        for text in ["", "12", "cus_1", "+21261234567x", "+1234567890123456"] {
            assert_eq!(normal_phone(text), None, "{text}");
        }
    }

    #[test]
    fn money_is_whole() {
        assert_eq!(money(49_905), "499.05 MAD");
    }
}
