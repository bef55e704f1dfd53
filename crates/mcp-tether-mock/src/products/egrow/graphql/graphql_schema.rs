//! The tool `graphql_schema`: gives the GraphQL schema, or one type of it, in the schema
//! language.

use serde_json::json;

use super::{declares, schema, types};
use crate::product::field::{Shape, ToolInput, may};
use crate::products::egrow::desk_error::{DeskError, DeskResult};
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::shapes::GRAPHQL_SCHEMA;

pub(super) const TOOL: Entry = Entry {
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
};

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
