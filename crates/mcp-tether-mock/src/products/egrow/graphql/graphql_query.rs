//! The tool `graphql_query`: runs a GraphQL query; it can only read.

use super::{DOCUMENT, query};
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::shapes::GRAPHQL_RESULT;

pub(super) const TOOL: Entry = Entry {
    name: "graphql_query",
    title: "Run a GraphQL query",
    domain: Domain::EscapeHatch,
    class: Class::Escape,
    about: "Runs a GraphQL query; it can only read",
    when_to_use: "no tool gives what you need, or it would take many calls",
    when_not_to_use: "a tool does it: tools have larger limits",
    example: concat!(
        r#"{"query":"{ order(order: \"EGW100\") { number total customer { name "#,
        r#"lastOrders { number } } } }"}"#,
    ),
    fields: &[DOCUMENT],
    gives: OutputShape::One(&GRAPHQL_RESULT),
    run: Run::Read(query),
};
