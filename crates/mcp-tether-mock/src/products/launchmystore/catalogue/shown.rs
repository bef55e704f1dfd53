//! Views of products and variants, and checks of them against all others.

use serde_json::{Value, json};

use super::super::model::{Product, Variant};
use super::super::shop::Shop;
use super::super::shop_error::ShopError;

/// Returns a product as an entry of a list.
pub(super) fn product_line(shop: &Shop, product: &Product) -> Value {
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

pub(super) fn product_in_full(shop: &Shop, product: &Product) -> Value {
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

/// Returns a variant together with its product.
pub(super) fn variant_line(shop: &Shop, product: &Product, variant: &Variant) -> Value {
    let mut line = json!(variant);
    line["currency"] = shop.setting("store", "currency").clone();
    line["product"] = json!({
        "id": product.id, "title": product.title, "slug": product.slug, "status": product.status,
    });
    line
}

/// Returns an error if an open order still waits for one of these variants.
pub(super) fn nobody_waits_for(shop: &Shop, variants: &[&str]) -> Result<(), ShopError> {
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
            Err(ShopError::state(message))
        }
        None => Ok(()),
    }
}

/// Returns an error if another variant has this SKU.
pub(super) fn free_sku(shop: &Shop, sku: &str, own: Option<&str>) -> Result<(), ShopError> {
    match shop.variant(sku) {
        Ok((_, other)) if own != Some(other.id.as_str()) => {
            Err(ShopError::conflict("sku", format!("another variant has the SKU `{sku}`")))
        }
        _ => Ok(()),
    }
}
