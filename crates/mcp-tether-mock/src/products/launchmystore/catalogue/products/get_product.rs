//! The tool `get_product`: gets a product with all its variants.

use super::{ID, shown};
use crate::product::ToolKind;
use crate::product::field::ToolInput;
use crate::products::launchmystore::entry::{AdminArea, Does, Entry, ResultShape};
use crate::products::launchmystore::shop::Shop;
use crate::products::launchmystore::shop_error::ShopResult;

pub(super) const TOOL: Entry = Entry {
    name: "get_product",
    title: "Get a product",
    domain: AdminArea::Products,
    kind: ToolKind::Read,
    about: "Gets a product with all its variants",
    example: r#"{"id":"classic-t-shirt"}"#,
    does: Does::Look(&[&[ID]], ResultShape::One("product"), get),
};

fn get(shop: &Shop, input: ToolInput<'_>) -> ShopResult {
    shown(shop, input.needed("id"))
}
