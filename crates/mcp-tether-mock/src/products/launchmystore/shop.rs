//! The data of one store, and lookups in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::model::{Movement, Order, Product, Theme, Variant};
use super::record::Record;
use super::shop_error::ShopError;
use super::traffic::Visits;
use crate::date::Date;
use crate::product::Moment;

/// The data of the store.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Shop {
    /// The current day, which is not part of the stored data.
    #[serde(skip, default = "Date::today")]
    pub(super) today: Date,
    /// Advances with every change, so that the same calls give the same data.
    pub(super) clock: Moment,
    pub(super) next_id: u64,
    pub(super) products: Vec<Product>,
    /// Every change of a stock, the first of each included.
    pub(super) movements: Vec<Movement>,
    pub(super) orders: Vec<Order>,
    pub(super) next_order: u64,
    pub(super) visits: Vec<Visits>,
    pub(super) themes: Vec<Theme>,
    /// Groups of settings by name.
    pub(super) settings: BTreeMap<String, Record>,
    /// Records by the plural name of their resource.
    pub(super) records: BTreeMap<String, Vec<Record>>,
}

impl Shop {
    pub(super) fn new(today: Date) -> Self {
        Self {
            today,
            clock: opening(today),
            next_id: 1000,
            products: Vec::new(),
            movements: Vec::new(),
            orders: Vec::new(),
            next_order: 1001,
            visits: Vec::new(),
            themes: Vec::new(),
            settings: BTreeMap::new(),
            records: BTreeMap::new(),
        }
    }

    /// Returns an id that was never used.
    pub(super) fn new_id(&mut self, prefix: &str) -> String {
        self.next_id += 1;
        format!("{prefix}_{}", self.next_id)
    }

    /// Returns the time of the next change: later than the last one, and not before today.
    pub(super) fn tick(&mut self) -> Moment {
        let next = Moment(self.clock.0 + 1);
        self.clock = if next.day() < self.today { opening(self.today) } else { next };
        self.clock
    }

    pub(super) fn records(&self, plural: &str) -> &[Record] {
        self.records.get(plural).map_or(&[], Vec::as_slice)
    }

    pub(super) fn records_mut(&mut self, plural: &str) -> &mut Vec<Record> {
        self.records.entry(plural.to_owned()).or_default()
    }

    /// Returns one setting of a group.
    pub(super) fn setting(&self, group: &str, name: &str) -> &Value {
        self.settings.get(group).and_then(|group| group.get(name)).unwrap_or(&Value::Null)
    }

    /// Finds a product by id, slug or title.
    pub(super) fn product(&self, name: &str) -> Result<&Product, ShopError> {
        self.product_at(name).map(|at| &self.products[at])
    }

    pub(super) fn product_mut(&mut self, name: &str) -> Result<&mut Product, ShopError> {
        self.product_at(name).map(|at| &mut self.products[at])
    }

    fn product_at(&self, name: &str) -> Result<usize, ShopError> {
        let is = |product: &Product| {
            product.id == name
                || [&product.slug, &product.title].iter().any(|own| own.eq_ignore_ascii_case(name))
        };
        let found = self.products.iter().position(is);
        found.ok_or_else(|| ShopError::not_found("product", name, "list_products"))
    }

    /// Returns the number of products in this category.
    pub(super) fn count_in(&self, category: &Value) -> usize {
        let is_in = |product: &&Product| product.category_ids.iter().any(|id| *category == **id);
        self.products.iter().filter(is_in).count()
    }

    pub(super) fn variants(&self) -> impl Iterator<Item = (&Product, &Variant)> {
        self.products.iter().flat_map(|product| product.variants.iter().map(move |v| (product, v)))
    }

    /// Finds a variant by id or SKU.
    pub(super) fn variant(&self, name: &str) -> Result<(&Product, &Variant), ShopError> {
        let mut all = self.variants();
        let found = all.find(|(_, v)| v.id == name || v.sku.eq_ignore_ascii_case(name));
        found.ok_or_else(|| ShopError::not_found("variant", name, "list_variants"))
    }

    pub(super) fn variant_mut(&mut self, id: &str) -> Result<&mut Variant, ShopError> {
        let mut all = self.products.iter_mut().flat_map(|product| &mut product.variants);
        let found = all.find(|variant| variant.id == id);
        found.ok_or_else(|| ShopError::not_found("variant", id, "list_variants"))
    }

    /// Adds goods to the stock, or removes them if negative. A variant that is no longer sold has
    /// no stock.
    pub(super) fn move_stock(&mut self, variant: &str, by: i64, reason: &str) {
        let at = self.tick();
        let Ok(found) = self.variant_mut(variant) else {
            return;
        };
        found.stock += by;
        let movement = Movement {
            at,
            variant_id: variant.to_owned(),
            change: by,
            stock_after: found.stock,
            reason: reason.to_owned(),
        };
        self.movements.push(movement);
    }

    /// Finds an order by id or number.
    pub(super) fn order(&self, name: &str) -> Result<&Order, ShopError> {
        self.order_at(name).map(|at| &self.orders[at])
    }

    pub(super) fn order_mut(&mut self, name: &str) -> Result<&mut Order, ShopError> {
        self.order_at(name).map(|at| &mut self.orders[at])
    }

    fn order_at(&self, name: &str) -> Result<usize, ShopError> {
        let bare = name.trim_start_matches('#');
        let is = |order: &Order| order.id == bare || order.number.eq_ignore_ascii_case(bare);
        let found = self.orders.iter().position(is);
        found.ok_or_else(|| ShopError::not_found("order", name, "list_orders"))
    }

    pub(super) fn orders_of<'a>(&'a self, customer: &'a str) -> impl Iterator<Item = &'a Order> {
        self.orders.iter().filter(move |order| order.customer_id == customer)
    }
}

/// Returns the time at which the day of a store begins.
fn opening(today: Date) -> Moment {
    Moment::on(today, 10 * 3600)
}
