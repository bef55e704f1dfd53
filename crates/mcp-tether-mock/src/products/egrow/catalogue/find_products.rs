//! The tool `find_products`: searches products by words, category, status or low stock.

use super::{STATUS, STOCK};
use crate::product::field::{Field, Shape, ToolInput, may};
use crate::products::egrow::desk::Desk;
use crate::products::egrow::desk_error::DeskResult;
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::model::Product;
use crate::products::egrow::search::{PAGE, Query, page};
use crate::products::egrow::shapes::PRODUCT;
use crate::products::egrow::views::product_line;

const FIND: &[Field] = &[
    may("query", Shape::Text, "words to look for in titles, descriptions and SKUs"),
    may("category", Shape::Text, "id or name of a category"),
    may("status", STATUS, "only products of this status"),
    may("stockBelow", STOCK, "only products with a variant of which fewer than this are in stock"),
];

pub(super) const TOOL: Entry = Entry {
    name: "find_products",
    title: "Find products",
    domain: Domain::Products,
    class: Class::Read,
    about: "Searches products by words, category, status or low stock",
    when_to_use: "you need products by a description, or want to know which run low",
    when_not_to_use: "you know the product: use `get_product`",
    example: r#"{"stockBelow":10}"#,
    fields: &[FIND, PAGE],
    gives: OutputShape::List(&PRODUCT),
    run: Run::Read(find_products),
};

fn find_products(desk: &Desk, input: ToolInput<'_>) -> DeskResult {
    let query = Query::of(input);
    let category = input.text("category").map(|name| desk.category(name)).transpose()?;
    let below = input.whole("stockBelow");
    let wanted = |product: &&Product| {
        let skus = product.variants.iter().map(|variant| variant.sku.as_str());
        let texts: Vec<_> = skus.chain([product.title.as_str(), &product.description]).collect();
        query.matches(&texts)
            && category.is_none_or(|category| category.id == product.category_id)
            && input.text("status").is_none_or(|status| status == product.status)
            && below.is_none_or(|limit| product.variants.iter().any(|v| v.stock < limit))
    };
    let found: Vec<_> = desk.products.iter().filter(wanted).collect();
    Ok(page(input, &found, |product| product_line(desk, product, below)))
}
