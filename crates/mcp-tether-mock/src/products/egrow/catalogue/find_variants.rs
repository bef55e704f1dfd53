//! The tool `find_variants`: searches variants by words, product or low stock.

use super::{STOCK, named};
use crate::product::field::{Field, Shape, ToolInput, may};
use crate::products::egrow::desk::Desk;
use crate::products::egrow::desk_error::DeskResult;
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::model::{Product, Variant};
use crate::products::egrow::search::{PAGE, Query, page};
use crate::products::egrow::shapes::VARIANT;
use crate::products::egrow::views::variant_in_full;

const FIND_VARIANTS: &[Field] = &[
    may("query", Shape::Text, "words to look for in titles, option values and SKUs"),
    may("product", Shape::Text, "only variants of this product: id, SKU or title"),
    may("stockBelow", STOCK, "only variants of which fewer than this are in stock"),
];

pub(super) const TOOL: Entry = Entry {
    name: "find_variants",
    title: "Find variants",
    domain: Domain::Products,
    class: Class::Read,
    about: "Searches variants by words, product or low stock",
    when_to_use: "you need a colour or size, its SKU, price or stock",
    when_not_to_use: "you want whole products: use `find_products`",
    example: r#"{"query":"shirt blue"}"#,
    fields: &[FIND_VARIANTS, PAGE],
    gives: OutputShape::List(&VARIANT),
    run: Run::Read(find_variants),
};

fn find_variants(desk: &Desk, input: ToolInput<'_>) -> DeskResult {
    let query = Query::of(input);
    let product = input.text("product").map(|name| named(desk, name)).transpose()?;
    let wanted = |(of, variant): &(&Product, &Variant)| {
        query.matches(&[&of.title, &variant.title, &variant.sku])
            && product.is_none_or(|product| product.id == of.id)
            && input.whole("stockBelow").is_none_or(|limit| variant.stock < limit)
    };
    let found: Vec<_> = desk.variants().filter(wanted).collect();
    Ok(page(input, &found, |(product, variant)| variant_in_full(product, variant)))
}
