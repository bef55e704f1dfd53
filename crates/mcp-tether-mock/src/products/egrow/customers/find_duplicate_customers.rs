//! The tool `find_duplicate_customers`: finds groups of customers that look like the same
//! person.

use std::collections::BTreeMap;

use serde_json::json;

use crate::product::field::ToolInput;
use crate::products::egrow::desk::Desk;
use crate::products::egrow::desk_error::DeskResult;
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::model::Customer;
use crate::products::egrow::search::{PAGE, page};
use crate::products::egrow::shapes::DUPLICATE_CUSTOMERS;

pub(super) const TOOL: Entry = Entry {
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
};

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
