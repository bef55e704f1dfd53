//! The tool `delete_variant`: deletes a variant for good; refused for the last one of a product
//! and while an order waits for it.

use serde_json::json;

use super::ID;
use crate::product::ToolKind;
use crate::product::field::ToolInput;
use crate::products::launchmystore::catalogue::shown::nobody_waits_for;
use crate::products::launchmystore::entry::{AdminArea, DELETED, Does, Entry, ResultShape};
use crate::products::launchmystore::shop::Shop;
use crate::products::launchmystore::shop_error::{ShopError, ShopResult};

pub(super) const TOOL: Entry = Entry {
    name: "delete_variant",
    title: "Delete a variant",
    domain: AdminArea::Products,
    kind: ToolKind::Destructive,
    about: "Deletes a variant for good; refused for the last one of a product and while an \
        order waits for it",
    example: r#"{"id":"APR-SAN"}"#,
    does: Does::Change(&[&[ID]], ResultShape::Members(DELETED), delete),
};

fn delete(shop: &mut Shop, input: ToolInput<'_>) -> ShopResult {
    let (product, variant) = shop.variant(input.needed("id"))?;
    let (product_id, id, sku) = (product.id.clone(), variant.id.clone(), variant.sku.clone());
    if product.variants.len() == 1 {
        return Err(ShopError::state("it is the only variant: delete or archive the product"));
    }
    nobody_waits_for(shop, &[id.as_str()])?;
    shop.tick();
    shop.product_mut(&product_id)?.variants.retain(|variant| variant.id != id);
    Ok(json!({ "deleted": true, "id": id, "sku": sku }))
}
