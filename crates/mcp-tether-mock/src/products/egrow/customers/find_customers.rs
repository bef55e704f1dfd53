//! The tool `find_customers`: searches customers by words, city, group or blacklist, and ranks
//! them.

use std::cmp::Reverse;

use super::group;
use crate::product::field::{DAYS, Field, Shape, ToolInput, may};
use crate::products::egrow::desk::{Desk, same_text};
use crate::products::egrow::desk_error::DeskResult;
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::model::Customer;
use crate::products::egrow::search::{PAGE, Query, page};
use crate::products::egrow::shapes::CUSTOMER;

const FIND: &[Field] = &[
    may("query", Shape::Text, "words to look for in name, phone, email and city"),
    may("city", Shape::Text, "only customers of this city"),
    may("group", Shape::Text, "id or name of a group"),
    may("blacklisted", Shape::Flag, "only those that are blacklisted, or only those that are not"),
    may(
        "sort",
        Shape::OneOf(&["newest", "name", "orders", "spent"]),
        "`orders` and `spent` count only orders of the given days",
    ),
];

pub(super) const TOOL: Entry = Entry {
    name: "find_customers",
    title: "Find customers",
    domain: Domain::Customers,
    class: Class::Read,
    about: "Searches customers by words, city, group or blacklist, and ranks them",
    when_to_use: "you look for somebody, or for the best customers of a span of days",
    when_not_to_use: "you have an id or a phone number: use `get_customer`",
    example: r#"{"city":"Casablanca","sort":"spent","perPage":5}"#,
    fields: &[FIND, DAYS, PAGE],
    gives: OutputShape::List(&CUSTOMER),
    run: Run::Read(find),
};

fn find(desk: &Desk, input: ToolInput<'_>) -> DeskResult {
    let query = Query::of(input);
    let group = input.text("group").map(|name| group(desk, name)).transpose()?;
    let span = desk.span(input.text("from"), input.text("to"))?;
    let wanted = |customer: &&Customer| {
        let phone = customer.phone.replacen("+212", "0", 1);
        let email = customer.email.as_deref().unwrap_or_default();
        let texts = [customer.name.as_str(), &customer.phone, &phone, email, customer.city()];
        query.matches(&texts)
            && input.text("city").is_none_or(|city| same_text(customer.city(), city))
            && group.as_ref().is_none_or(|group| customer.groups.contains(group))
            && input.flag("blacklisted").is_none_or(|wanted| customer.blacklisted == wanted)
    };
    let mut found: Vec<(&Customer, i64, i64)> = desk
        .customers
        .iter()
        .filter(wanted)
        .map(|customer| {
            let (orders, spent) = worth(desk, customer, span);
            (customer, orders, spent)
        })
        .collect();
    match input.text("sort") {
        Some("name") => found.sort_by_key(|(customer, ..)| customer.name.to_lowercase()),
        Some("orders") => found.sort_by_key(|(_, orders, _)| Reverse(*orders)),
        Some("spent") => found.sort_by_key(|(.., spent)| Reverse(*spent)),
        _ => found.sort_by_key(|(customer, ..)| Reverse(customer.created_at)),
    }
    Ok(page(input, &found, |(customer, orders, spent)| {
        let mut line = desk.customer_line(customer);
        line["orderCount"] = (*orders).into();
        line["totalSpent"] = (*spent).into();
        line
    }))
}

/// Returns the number of orders in a range that were not cancelled, and the revenue from them after
/// refunds.
fn worth(
    desk: &Desk,
    customer: &Customer,
    (start, end): (crate::product::moment::Moment, crate::product::moment::Moment),
) -> (i64, i64) {
    desk.orders_of(&customer.id)
        .filter(|order| (start..=end).contains(&order.created_at) && !desk.is_cancelled(order))
        .fold((0, 0), |(count, sum), order| (count + 1, sum + order.paid() - order.refunded()))
}
