//! The tool `merge_customers`: merges duplicates into one customer, with their orders, addresses
//! and groups.

use crate::product::field::{Shape, need};
use crate::products::egrow::customers::merge;
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::shapes::MERGED_CUSTOMERS;

pub(super) const TOOL: Entry = Entry {
    name: "merge_customers",
    title: "Merge customers",
    domain: Domain::Customers,
    class: Class::Destructive,
    about: "Merges duplicates into one customer, with their orders, addresses and groups",
    when_to_use: "several profiles are surely one person",
    when_not_to_use: "you are not sure: use `flag_customers_as_duplicate`",
    example: r#"{"primary":"+212661000101","duplicates":["+212661000374"]}"#,
    fields: &[&[
        need("primary", Shape::Text, "id or phone number of the one that stays"),
        need("duplicates", Shape::Texts, "ids or phone numbers of those that go"),
    ]],
    gives: OutputShape::One(&MERGED_CUSTOMERS),
    run: Run::Confirmed { preview: merge::preview, apply: merge::apply },
};
