//! The tool `create_variant`: adds a variant to a product.

use serde_json::json;

use super::{NEW, New, shown};
use crate::product::ToolKind;
use crate::product::field::{Field, Shape, ToolInput, need};
use crate::products::launchmystore::entry::{AdminArea, Does, Entry, ResultShape};
use crate::products::launchmystore::shop::Shop;
use crate::products::launchmystore::shop_error::ShopResult;

const PRODUCT: &[Field] = &[need("product", Shape::Text, "id, slug or title of the product")];

pub(super) const TOOL: Entry = Entry {
    name: "create_variant",
    title: "Create a variant",
    domain: AdminArea::Products,
    kind: ToolKind::Write,
    about: "Adds a variant to a product",
    example: concat!(
        r#"{"product":"classic-t-shirt","sku":"TSH-XXL","price":2599,"stock":25,"#,
        r#""options":{"Size":"XXL"}}"#,
    ),
    does: Does::Change(&[PRODUCT, NEW], ResultShape::One("variant"), create),
};

fn create(shop: &mut Shop, input: ToolInput<'_>) -> ShopResult {
    let product = shop.product(input.needed("product"))?;
    let product_id = product.id.clone();
    let variant = New::of(input).check(shop, &product.options, &product.variants)?;
    let id = shop.add_variant(&product_id, variant)?;
    Ok(json!({ "variant": shown(shop, &id)? }))
}
