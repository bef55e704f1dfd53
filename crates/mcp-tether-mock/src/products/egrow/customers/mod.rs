//! The tools that read customers; those that change them are in `changing`.

mod changing;
mod merge;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde_json::{Value, json};

pub(super) use changing::{CHANGING, blank_address, fill, new_customer};

use super::desk::{Desk, same_text};
use super::desk_error::{DeskError, DeskResult};
use super::entry::{Class, Domain, Entry, OutputShape, Run};
use super::model::{Customer, FulfillmentState};
use super::search::{PAGE, Query, page};
use super::shapes::{CUSTOMER, DUPLICATE_CUSTOMERS};
use super::views::customer_in_full;
use crate::product::field::{DAYS, Field, Shape, ToolInput, may, need};

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

pub(super) const TOOLS: &[Entry] = &[
    Entry {
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
    },
    Entry {
        name: "get_customer",
        title: "Get a customer",
        domain: Domain::Customers,
        class: Class::Read,
        about: "Gives a customer with addresses, groups and last orders, and the risk if wanted",
        when_to_use: "you know who you mean",
        when_not_to_use: "you only have a name: use `find_customers`",
        example: r#"{"customer":"+212661000101","includeRisk":true}"#,
        fields: &[&[
            need("customer", Shape::Text, "id or phone number"),
            may("includeRisk", Shape::Flag, "adds how reliable they were so far"),
        ]],
        gives: OutputShape::One(&CUSTOMER),
        run: Run::Read(get),
    },
    Entry {
        name: "find_duplicate_customers",
        title: "Find duplicate customers",
        domain: Domain::Customers,
        class: Class::Read,
        about: "Finds groups of customers that look like the same person",
        when_to_use: "you want to tidy up, or suspect that somebody is in twice",
        when_not_to_use: "you know the two already: use `merge_customers`",
        example: "{}",
        fields: &[PAGE],
        gives: OutputShape::List(&DUPLICATE_CUSTOMERS),
        run: Run::Read(find_duplicates),
    },
];

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

fn get(desk: &Desk, input: ToolInput<'_>) -> DeskResult {
    let customer = desk.customer(input.needed("customer"))?;
    let mut full = customer_in_full(desk, customer);
    if input.flag("includeRisk") == Some(true) {
        full["risk"] = risk(desk, customer);
    }
    Ok(full)
}

fn risk(desk: &Desk, customer: &Customer) -> Value {
    let mut counts = [0_usize; 4];
    for order in desk.orders_of(&customer.id) {
        counts[0] += 1;
        counts[1] += usize::from(desk.stage_of(order).fulfillment == FulfillmentState::Returned);
        counts[2] += usize::from(desk.is_cancelled(order));
        counts[3] += usize::from(order.refunded() > 0);
    }
    let [orders, returned, cancelled, refunded] = counts;
    let bad = returned * 2 + cancelled + refunded;
    let level = match bad {
        _ if customer.blacklisted => "blocked",
        _ if orders > 0 && bad * 2 >= orders.max(3) => "high",
        1.. => "medium",
        0 => "low",
    };
    json!({
        "level": level,
        "orders": orders,
        "returned": returned,
        "cancelled": cancelled,
        "refunded": refunded,
    })
}

fn find_duplicates(desk: &Desk, input: ToolInput<'_>) -> DeskResult {
    let mut alike: BTreeMap<(String, String), Vec<&Customer>> = BTreeMap::new();
    for customer in &desk.customers {
        let key = (plain_name(&customer.name), customer.city().to_lowercase());
        alike.entry(key).or_default().push(customer);
    }
    let groups: Vec<_> = alike.into_values().filter(|group| group.len() > 1).collect();
    Ok(page(input, &groups, |group| {
        let best = group.iter().max_by_key(|customer| desk.orders_of(&customer.id).count());
        json!({
            "reason": "same name and city",
            "suggestedPrimary": best.map(|customer| &customer.id),
            "customers": group.iter().map(|c| desk.customer_line(c)).collect::<Vec<_>>(),
        })
    }))
}

/// Normalizes a name: case, hyphens and doubled letters are ignored.
fn plain_name(name: &str) -> String {
    let mut plain: Vec<char> =
        name.to_lowercase().chars().map(|c| if c == '-' { ' ' } else { c }).collect();
    plain.dedup();
    plain.into_iter().collect()
}

/// Returns the id of the group with this id or name.
fn group(desk: &Desk, name: &str) -> Result<String, DeskError> {
    let found = desk.groups.iter().find(|group| group.id == name || same_text(&group.name, name));
    found.map(|group| group.id.clone()).ok_or_else(|| {
        let names: Vec<_> = desk.groups.iter().map(|group| format!("`{}`", group.name)).collect();
        DeskError::not_found("group", name, format!("the groups are {}", names.join(", ")))
    })
}
