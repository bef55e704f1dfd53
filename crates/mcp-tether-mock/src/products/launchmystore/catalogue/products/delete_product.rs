//! The tool `delete_product`: deletes a product and its variants for good; refused while an
//! order waits for it.

use serde_json::json;

use super::ID;
use crate::product::ToolKind;
use crate::product::field::ToolInput;
use crate::products::launchmystore::catalogue::shown::nobody_waits_for;
use crate::products::launchmystore::entry::{AdminArea, DELETED, Does, Entry, ResultShape};
use crate::products::launchmystore::shop::Shop;
use crate::products::launchmystore::shop_error::ShopResult;

pub(super) const TOOL: Entry = Entry {
    name: "delete_product",
    title: "Delete a product",
    domain: AdminArea::Products,
    kind: ToolKind::Destructive,
    about: "Deletes a product and its variants for good; refused while an order waits for it",
    example: r#"{"id":"linen-apron"}"#,
    does: Does::Change(&[&[ID]], ResultShape::Members(DELETED), delete),
};

fn delete(shop: &mut Shop, input: ToolInput<'_>) -> ShopResult {
    let product = shop.product(input.needed("id"))?;
    let (id, title) = (product.id.clone(), product.title.clone());
    let variants: Vec<&str> = product.variants.iter().map(|variant| variant.id.as_str()).collect();
    nobody_waits_for(shop, &variants)?;
    shop.tick();
    shop.products.retain(|product| product.id != id);
    Ok(json!({ "deleted": true, "id": id, "title": title }))
}
