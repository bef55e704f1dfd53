//! The tool `get_variant`: gives one variant with its product.

use crate::product::field::{Shape, ToolInput, need};
use crate::products::egrow::desk::Desk;
use crate::products::egrow::desk_error::DeskResult;
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::shapes::VARIANT;
use crate::products::egrow::views::variant_in_full;

pub(super) const TOOL: Entry = Entry {
    name: "get_variant",
    title: "Get a variant",
    domain: Domain::Products,
    class: Class::Read,
    about: "Gives one variant with its product",
    when_to_use: "you know the id or SKU",
    when_not_to_use: "you do not: use `find_variants`",
    example: r#"{"variant":"SHI-BLU"}"#,
    fields: &[&[need("variant", Shape::Text, "id or SKU")]],
    gives: OutputShape::One(&VARIANT),
    run: Run::Read(get_variant),
};

fn get_variant(desk: &Desk, input: ToolInput<'_>) -> DeskResult {
    let (product, variant) = desk.variant(input.needed("variant"))?;
    Ok(variant_in_full(product, variant))
}
