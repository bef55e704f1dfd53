//! The escape hatch: GraphQL over the same data. Every tool that reads is also a query, every tool
//! that changes something is also a mutation, and objects link to each other. Nothing is defined
//! twice: `schema` derives it from the tables of tools and types.

mod execute;
mod resolve;
mod schema;

use serde_json::json;

use self::execute::{Operation, OperationKind};
pub(super) use self::schema::offer;
use super::desk::Desk;
use super::desk_error::{DeskError, DeskResult};
use super::entry::{Class, Domain, Entry, OutputShape, Run};
use super::shapes::{GRAPHQL_RESULT, GRAPHQL_SCHEMA};
use crate::product::field::{Field, Shape, ToolInput, may, need};

const DOCUMENT: &[Field] = &[
    need("query", Shape::Short(20_000), "the GraphQL document"),
    may("variables", Shape::Data, "values of its variables"),
    may("operationName", Shape::Text, "which operation, if the document has several"),
];

pub(super) const TOOLS: &[Entry] = &[
    Entry {
        name: "graphql_schema",
        title: "Look at the GraphQL schema",
        domain: Domain::EscapeHatch,
        class: Class::Discovery,
        about: "Gives the GraphQL schema, or one type of it, in the schema language",
        when_to_use: "you are about to write a GraphQL document and need the exact names",
        when_not_to_use: "a tool does what you want: see `describe_capabilities`",
        example: r#"{"type":"Order"}"#,
        fields: &[&[may("type", Shape::Text, "only this type")]],
        gives: OutputShape::One(&GRAPHQL_SCHEMA),
        run: Run::Read(|_, input| look(input)),
    },
    Entry {
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
    },
    Entry {
        name: "graphql_mutation",
        title: "Run a GraphQL mutation",
        domain: Domain::EscapeHatch,
        class: Class::Escape,
        about: "Runs a GraphQL mutation after a confirmation, as a whole or not at all; it is \
            noted in the audit log",
        when_to_use: "several changes belong together and no tool makes them at once",
        when_not_to_use: "one tool does it: use that",
        example: concat!(
            r#"{"query":"mutation { updateCustomer(customer: \"+212661000101\", "#,
            r#"marketingOptIn: true) { id marketingOptIn } }"}"#,
        ),
        fields: &[DOCUMENT],
        gives: OutputShape::One(&GRAPHQL_RESULT),
        run: Run::Confirmed { preview, apply },
    },
];

/// Returns whether a query can be answered, and how many types there are.
pub(super) fn health(desk: &Desk) -> serde_json::Value {
    let asked = json!({ "query": "{ __typename }" });
    match query(desk, ToolInput(&asked)) {
        Ok(_) => json!({ "reachable": true, "types": types(&schema::schema().sdl()).len() }),
        Err(problem) => json!({ "reachable": false, "reason": problem.to_json() }),
    }
}

fn look(input: ToolInput<'_>) -> DeskResult {
    let whole = schema::schema().sdl();
    let types = types(&whole);
    let sdl = match input.text("type") {
        None => whole,
        Some(name) => declaration(&whole, name).ok_or_else(|| {
            let hint = format!("the types are {}", types.join(", "));
            DeskError::not_found("type", name, hint)
        })?,
    };
    Ok(json!({ "sdl": sdl, "types": types }))
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

/// Returns the lines that declare one type.
fn declaration(sdl: &str, name: &str) -> Option<String> {
    let lines: Vec<_> = sdl.lines().collect();
    let start = lines.iter().position(|line| declares(line) == Some(name))?;
    let ends = |line: &&str| line.starts_with('}');
    let length = if lines[start].trim_end().ends_with('{') {
        lines[start..].iter().position(ends)? + 1
    } else {
        1
    };
    Some(lines[start..start + length].join("\n"))
}

fn query(desk: &Desk, input: ToolInput<'_>) -> DeskResult {
    let operation = Operation::read(input, OperationKind::Query)?;
    let (given, _) = operation.execute(desk.clone())?;
    Ok(given)
}

/// Runs the operation on a copy first, so that a person only confirms one that works.
fn preview(desk: &Desk, input: ToolInput<'_>) -> Result<String, DeskError> {
    let operation = Operation::read(input, OperationKind::Mutation)?;
    let summary = operation.summary(input.needed("query"));
    operation.execute(desk.clone())?;
    Ok(summary)
}

fn apply(desk: &mut Desk, input: ToolInput<'_>) -> DeskResult {
    let operation = Operation::read(input, OperationKind::Mutation)?;
    let (given, changed) = operation.execute(desk.clone())?;
    *desk = changed;
    Ok(given)
}
