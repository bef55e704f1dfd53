//! The tools for products, variants and categories.

mod create_product;
mod find_categories;
mod find_products;
mod find_variants;
mod get_product;
mod get_variant;
mod update_product;

use super::desk::{Desk, same_text};
use super::desk_error::DeskError;
use super::entry::Entry;
use super::model::Product;
use crate::product::field::Shape;

const STATUS: Shape = Shape::OneOf(&["active", "draft", "archived"]);
const STOCK: Shape = Shape::Whole(0, 1_000_000);

pub(super) const TOOLS: &[Entry] = &[
    find_products::TOOL,
    get_product::TOOL,
    find_variants::TOOL,
    get_variant::TOOL,
    find_categories::TOOL,
    create_product::TOOL,
    update_product::TOOL,
];

/// Finds a product by its id or title, or by the SKU or id of one of its variants.
fn named<'a>(desk: &'a Desk, name: &str) -> Result<&'a Product, DeskError> {
    let by_title = desk.products.iter().find(|product| same_text(&product.title, name));
    match by_title {
        Some(product) => Ok(product),
        None => desk
            .product(name)
            .or_else(|problem| desk.variant(name).map(|(product, _)| product).map_err(|_| problem)),
    }
}
