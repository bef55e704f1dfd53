//! The tool `update_product`: changes a product, or prices and stock of its variants.

use super::{STATUS, STOCK, named};
use crate::product::field::{Field, Shape, ToolInput, may, need};
use crate::products::egrow::desk::Desk;
use crate::products::egrow::desk_error::{DeskError, DeskResult};
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::shapes::PRODUCT;
use crate::products::egrow::views::product_in_full;

const CHANGED_VARIANT: &[Field] = &[
    need("variant", Shape::Text, "id or SKU"),
    may("price", Shape::Money, "new price in minor units"),
    may("stock", STOCK, "new stock"),
];

const UPDATE: &[Field] = &[
    need("product", Shape::Text, "id, SKU or title"),
    may("title", Shape::Text, "new title"),
    may("description", Shape::Text, "new description"),
    may("category", Shape::Text, "id or name of the new category"),
    may("status", STATUS, "new status"),
    may("variants", Shape::Objects(CHANGED_VARIANT), "new prices and stock"),
];

pub(super) const TOOL: Entry = Entry {
    name: "update_product",
    title: "Update a product",
    domain: Domain::Products,
    class: Class::Write,
    about: "Changes a product, or prices and stock of its variants",
    when_to_use: "a title, text, category, status, price or stock is wrong",
    when_not_to_use: "there is no such product yet: use `create_product`",
    example: r#"{"product":"Portable speaker","variants":[{"variant":"SPE-SAN","stock":25}]}"#,
    fields: &[UPDATE],
    gives: OutputShape::One(&PRODUCT),
    run: Run::Write(update_product),
};

fn update_product(desk: &mut Desk, input: ToolInput<'_>) -> DeskResult {
    let id = named(desk, input.needed("product"))?.id.clone();
    let category = match input.text("category") {
        Some(name) => Some(desk.category(name)?.id.clone()),
        None => None,
    };
    let changes = input.objects("variants");
    let mut positions = Vec::new();
    for change in &changes {
        let name = change.needed("variant");
        let (of, variant) = desk.variant(name)?;
        if of.id != id {
            let message = format!("`{name}` is a variant of another product");
            return Err(DeskError::invalid(message, "find the right one with `find_variants`"));
        }
        positions.push(of.variants.iter().position(|known| known.id == variant.id));
    }
    desk.tick();
    let product = desk.product_mut(&id)?;
    let set = |place: &mut String, name: &str| {
        if let Some(value) = input.owned(name) {
            *place = value;
        }
    };
    set(&mut product.title, "title");
    set(&mut product.description, "description");
    set(&mut product.status, "status");
    product.category_id = category.unwrap_or_else(|| product.category_id.clone());
    for (change, position) in changes.iter().zip(positions) {
        if let Some(variant) = position.and_then(|at| product.variants.get_mut(at)) {
            variant.price = change.whole("price").unwrap_or(variant.price);
            variant.stock = change.whole("stock").unwrap_or(variant.stock);
        }
    }
    Ok(product_in_full(desk, desk.product(&id)?))
}
