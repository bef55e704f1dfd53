//! The tool `find_categories`: lists or searches the categories of products.

use crate::product::field::{Shape, ToolInput, may};
use crate::products::egrow::desk::Desk;
use crate::products::egrow::desk_error::DeskResult;
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::search::{PAGE, Query, page};
use crate::products::egrow::shapes::CATEGORY;
use crate::products::egrow::views::category_in_full;

pub(super) const TOOL: Entry = Entry {
    name: "find_categories",
    title: "Find categories",
    domain: Domain::Products,
    class: Class::Read,
    about: "Lists or searches the categories of products",
    when_to_use: "you need a category for a new product or a search",
    when_not_to_use: "you look for products: use `find_products`",
    example: r#"{"query":"kitchen"}"#,
    fields: &[&[may("query", Shape::Text, "words to look for")], PAGE],
    gives: OutputShape::List(&CATEGORY),
    run: Run::Read(find_categories),
};

fn find_categories(desk: &Desk, input: ToolInput<'_>) -> DeskResult {
    let query = Query::of(input);
    let found: Vec<_> = desk.categories.iter().filter(|c| query.matches(&[&c.name])).collect();
    Ok(page(input, &found, |category| category_in_full(desk, category)))
}
