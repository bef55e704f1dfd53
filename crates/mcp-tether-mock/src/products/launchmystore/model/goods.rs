//! Goods: products, their variants, and changes of the stock.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::product::Moment;

/// A product.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Product {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) slug: String,
    pub(crate) description: String,
    /// `active`, `draft` or `archived`.
    pub(crate) status: String,
    pub(crate) vendor: String,
    pub(crate) category_ids: Vec<String>,
    pub(crate) tags: Vec<String>,
    /// The options in which its variants differ.
    pub(crate) options: Vec<String>,
    pub(crate) variants: Vec<Variant>,
    pub(crate) created_at: Moment,
    pub(crate) updated_at: Moment,
}

/// A variant of a product, with its own price and stock. Prices are in cents.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Variant {
    pub(crate) id: String,
    pub(crate) sku: String,
    pub(crate) title: String,
    pub(crate) options: BTreeMap<String, String>,
    pub(crate) price: i64,
    /// The price before a sale.
    pub(crate) compare_at_price: Option<i64>,
    pub(crate) stock: i64,
}

/// A change of the stock.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Movement {
    pub(crate) at: Moment,
    pub(crate) variant_id: String,
    pub(crate) change: i64,
    pub(crate) stock_after: i64,
    pub(crate) reason: String,
}

impl Product {
    pub(crate) fn stock(&self) -> i64 {
        self.variants.iter().map(|variant| variant.stock).sum()
    }
}
