//! The tool `find_orders`: searches orders by words, stage, customer, financial status and days.

use std::cmp::Reverse;

use super::{FILTER, matching};
use crate::product::field::{DAYS, Field, Shape, ToolInput, may};
use crate::products::egrow::desk::Desk;
use crate::products::egrow::desk_error::DeskResult;
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::search::{PAGE, page};
use crate::products::egrow::shapes::ORDER;

const SORT: Field =
    may("sort", Shape::OneOf(&["newest", "oldest", "total"]), "`newest` if left out");

pub(super) const TOOL: Entry = Entry {
    name: "find_orders",
    title: "Find orders",
    domain: Domain::Orders,
    class: Class::Read,
    about: "Searches orders by words, stage, customer, financial status and days",
    when_to_use: "you need orders by what they have in common",
    when_not_to_use: "you have a number: use `get_order`; you only need counts: use \
        `get_order_stats`",
    example: r#"{"stage":"Pending","from":"yesterday","to":"yesterday"}"#,
    fields: &[FILTER, DAYS, &[SORT], PAGE],
    gives: OutputShape::List(&ORDER),
    run: Run::Read(find),
};

fn find(desk: &Desk, input: ToolInput<'_>) -> DeskResult {
    let mut found = matching(desk, input)?;
    match input.text("sort") {
        Some("oldest") => found.sort_by_key(|order| order.created_at),
        Some("total") => found.sort_by_key(|order| Reverse(order.total())),
        _ => found.sort_by_key(|order| Reverse(order.created_at)),
    }
    Ok(page(input, &found, |order| desk.order_line(order)))
}
