//! Tools for whole products.

mod create_product;
mod delete_product;
mod get_product;
mod list_products;
mod update_product;

use std::collections::BTreeMap;

use serde_json::json;

use super::shown::product_in_full;
use crate::product::field::{Field, Shape, ToolInput, need};
use crate::products::launchmystore::categories::CATEGORIES;
use crate::products::launchmystore::entry::Entry;
use crate::products::launchmystore::model::Product;
use crate::products::launchmystore::record::text;
use crate::products::launchmystore::shop::Shop;
use crate::products::launchmystore::shop_error::{ShopError, ShopResult};

const STATUS: Shape = Shape::OneOf(&["active", "draft", "archived"]);

const ID: Field = need("id", Shape::Text, "id, slug or title of the product");

pub(crate) const TOOLS: &[Entry] = &[
    list_products::TOOL,
    get_product::TOOL,
    create_product::TOOL,
    update_product::TOOL,
    delete_product::TOOL,
];

fn shown(shop: &Shop, name: &str) -> ShopResult {
    Ok(json!({ "product": product_in_full(shop, shop.product(name)?) }))
}

fn category_ids(shop: &Shop, input: ToolInput<'_>) -> Result<Vec<String>, ShopError> {
    let names = input.texts("categories").into_iter();
    let ids = names.map(|name| CATEGORIES.find(shop, name).map(|found| text(found, "id")));
    // Two names for one category count once.
    let ids: Result<BTreeMap<&str, ()>, ShopError> = ids.map(|id| id.map(|id| (id, ()))).collect();
    Ok(ids?.into_keys().map(str::to_owned).collect())
}

fn unused_slug(shop: &Shop, slug: &str, own: Option<&str>) -> Result<(), ShopError> {
    let taken = |product: &Product| product.slug == slug && own != Some(product.id.as_str());
    if slug.is_empty() {
        return Err(ShopError::invalid("slug", "a slug needs a letter or a digit"));
    }
    if shop.products.iter().any(taken) {
        Err(ShopError::conflict("slug", format!("another product has the slug `{slug}`")))
    } else {
        Ok(())
    }
}
