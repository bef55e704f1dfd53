//! The tool `update_variant`: changes the price or SKU of a variant; its stock has
//! `adjust_inventory`.

use serde_json::json;

use super::{ID, shown};
use crate::product::ToolKind;
use crate::product::field::{Field, Shape, ToolInput, may};
use crate::products::launchmystore::catalogue::shown::free_sku;
use crate::products::launchmystore::entry::{AdminArea, Does, Entry, ResultShape};
use crate::products::launchmystore::shop::Shop;
use crate::products::launchmystore::shop_error::ShopResult;

const UPDATE: &[Field] = &[
    ID,
    may("sku", Shape::Short(40), "new SKU"),
    may("price", Shape::Money, "new price in cents"),
    may("compareAtPrice", Shape::Money, "price in cents before a sale; 0 ends the sale"),
];

pub(super) const TOOL: Entry = Entry {
    name: "update_variant",
    title: "Update a variant",
    domain: AdminArea::Products,
    kind: ToolKind::Write,
    about: "Changes the price or SKU of a variant; its stock has `adjust_inventory`",
    example: r#"{"id":"TSH-M","price":2299,"compareAtPrice":2499}"#,
    does: Does::Change(&[UPDATE], ResultShape::One("variant"), update),
};

fn update(shop: &mut Shop, input: ToolInput<'_>) -> ShopResult {
    let (product, variant) = shop.variant(input.needed("id"))?;
    let (product, id) = (product.id.clone(), variant.id.clone());
    if let Some(sku) = input.text("sku") {
        free_sku(shop, sku, Some(&id))?;
    }
    let now = shop.tick();
    shop.product_mut(&product)?.updated_at = now;
    let variant = shop.variant_mut(&id)?;
    variant.sku = input.owned("sku").unwrap_or_else(|| variant.sku.clone());
    variant.price = input.whole("price").unwrap_or(variant.price);
    if let Some(price) = input.whole("compareAtPrice") {
        variant.compare_at_price = Some(price).filter(|price| *price > 0);
    }
    Ok(json!({ "variant": shown(shop, &id)? }))
}
