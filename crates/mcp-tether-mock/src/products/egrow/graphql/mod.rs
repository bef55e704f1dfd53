//! The escape hatch: GraphQL over the same data. Every tool that reads is also a query, every tool
//! that changes something is also a mutation, and objects link to each other. Nothing is defined
//! twice: `schema` derives it from the tables of tools and types.

mod execute;
mod graphql_mutation;
mod graphql_query;
mod graphql_schema;
mod resolve;
mod schema;

use serde_json::json;

use super::desk::Desk;
use super::desk_error::DeskResult;
use super::entry::Entry;
use super::graphql::execute::{Operation, OperationKind};
use crate::product::field::{Field, Shape, ToolInput, may, need};

pub(super) use self::schema::offer;

const DOCUMENT: &[Field] = &[
    need("query", Shape::Short(20_000), "the GraphQL document"),
    may("variables", Shape::Data, "values of its variables"),
    may("operationName", Shape::Text, "which operation, if the document has several"),
];

pub(super) const TOOLS: &[Entry] =
    &[graphql_schema::TOOL, graphql_query::TOOL, graphql_mutation::TOOL];

/// Returns whether a query can be answered, and how many types there are.
pub(super) fn health(desk: &Desk) -> serde_json::Value {
    let asked = json!({ "query": "{ __typename }" });
    match query(desk, ToolInput(&asked)) {
        Ok(_) => json!({ "reachable": true, "types": types(&schema::schema().sdl()).len() }),
        Err(problem) => json!({ "reachable": false, "reason": problem.to_json() }),
    }
}

/// Returns the name that a line of the schema language declares, if it declares one.
fn declares(line: &str) -> Option<&str> {
    let (kind, rest) = line.split_once(' ')?;
    let known = ["type", "input", "enum", "scalar"].contains(&kind);
    known.then(|| rest.split([' ', '{', '@']).next().unwrap_or_default())
}

fn types(sdl: &str) -> Vec<String> {
    sdl.lines().filter_map(declares).map(str::to_owned).collect()
}

fn query(desk: &Desk, input: ToolInput<'_>) -> DeskResult {
    let operation = Operation::read(input, OperationKind::Query)?;
    let (given, _) = operation.execute(desk.clone())?;
    Ok(given)
}
