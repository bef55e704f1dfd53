//! The tool `get_product`: gives a product with its variants, options, pictures and category.

use super::named;
use crate::product::field::{Shape, ToolInput, need};
use crate::products::egrow::desk::Desk;
use crate::products::egrow::desk_error::DeskResult;
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::shapes::PRODUCT;
use crate::products::egrow::views::product_in_full;

pub(super) const TOOL: Entry = Entry {
    name: "get_product",
    title: "Get a product",
    domain: Domain::Products,
    class: Class::Read,
    about: "Gives a product with its variants, options, pictures and category",
    when_to_use: "you know which product you want",
    when_not_to_use: "you only have a vague description: use `find_products`",
    example: r#"{"product":"Portable speaker"}"#,
    fields: &[&[need("product", Shape::Text, "id, SKU or title")]],
    gives: OutputShape::One(&PRODUCT),
    run: Run::Read(get_product),
};

fn get_product(desk: &Desk, input: ToolInput<'_>) -> DeskResult {
    let product = named(desk, input.needed("product"))?;
    Ok(product_in_full(desk, product))
}
