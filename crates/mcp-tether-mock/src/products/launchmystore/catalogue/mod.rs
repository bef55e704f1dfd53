//! Products, their variants and what is on the shelf: the things themselves and how they are shown.

mod products;
mod variants;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(super) use products::{TOOLS as PRODUCT_TOOLS, count_in};
pub(super) use variants::TOOLS as VARIANT_TOOLS;

use super::problem::Problem;
use super::shop::Shop;
use crate::product::Moment;

/// Something that is sold.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Product {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) slug: String,
    pub(super) description: String,
    /// `active`, `draft` or `archived`.
    pub(super) status: String,
    pub(super) vendor: String,
    pub(super) category_ids: Vec<String>,
    pub(super) tags: Vec<String>,
    /// What its variants differ in.
    pub(super) options: Vec<String>,
    pub(super) variants: Vec<Variant>,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
}

/// One form of a product, with its own price and shelf. Prices are in cents.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Variant {
    pub(super) id: String,
    pub(super) sku: String,
    pub(super) title: String,
    pub(super) options: BTreeMap<String, String>,
    pub(super) price: i64,
    /// The price before a sale.
    pub(super) compare_at_price: Option<i64>,
    pub(super) stock: i64,
}

/// A change of a stock.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Movement {
    pub(super) at: Moment,
    pub(super) variant_id: String,
    pub(super) change: i64,
    pub(super) stock_after: i64,
    pub(super) reason: String,
}

impl Product {
    pub(super) fn stock(&self) -> i64 {
        self.variants.iter().map(|variant| variant.stock).sum()
    }
}

/// A product in a list.
fn product_line(shop: &Shop, product: &Product) -> Value {
    let prices = || product.variants.iter().map(|variant| variant.price);
    json!({
        "id": product.id,
        "title": product.title,
        "slug": product.slug,
        "status": product.status,
        "vendor": product.vendor,
        "categories": categories(shop, product),
        "priceFrom": prices().min(),
        "priceTo": prices().max(),
        "currency": shop.setting("store", "currency"),
        "totalStock": product.stock(),
        "variantCount": product.variants.len(),
    })
}

fn product_in_full(shop: &Shop, product: &Product) -> Value {
    let mut full = product_line(shop, product);
    full["description"] = product.description.as_str().into();
    full["tags"] = json!(product.tags);
    full["options"] = json!(product.options);
    full["variants"] = json!(product.variants);
    full["createdAt"] = json!(product.created_at);
    full["updatedAt"] = json!(product.updated_at);
    full
}

fn categories(shop: &Shop, product: &Product) -> Value {
    let all = shop.records("categories").iter();
    let own = all.filter(|category| product.category_ids.iter().any(|id| category["id"] == **id));
    own.map(|category| json!({ "id": category["id"], "name": category["name"] })).collect()
}

/// A variant with what it is a variant of.
fn variant_line(shop: &Shop, product: &Product, variant: &Variant) -> Value {
    let mut line = json!(variant);
    line["currency"] = shop.setting("store", "currency").clone();
    line["product"] = json!({
        "id": product.id, "title": product.title, "slug": product.slug, "status": product.status,
    });
    line
}

/// Refuses where somebody still waits for one of these variants.
fn nobody_waits_for(shop: &Shop, variants: &[&str]) -> Result<(), Problem> {
    let waits = shop.orders.iter().find(|order| {
        order.is_open()
            && order
                .lines
                .iter()
                .any(|line| variants.contains(&line.variant_id.as_str()) && line.to_fulfil() > 0)
    });
    match waits {
        Some(order) => {
            let message = format!("order {} still waits for it: archive it instead", order.number);
            Err(Problem::state(message))
        }
        None => Ok(()),
    }
}

/// Refuses a SKU that something else has.
fn free_sku(shop: &Shop, sku: &str, own: Option<&str>) -> Result<(), Problem> {
    match shop.variant(sku) {
        Ok((_, other)) if own != Some(other.id.as_str()) => {
            Err(Problem::conflict("sku", format!("another variant has the SKU `{sku}`")))
        }
        _ => Ok(()),
    }
}
