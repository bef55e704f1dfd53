//! The tool `add`, which adds two whole numbers.

use serde_json::json;

use crate::product::entry::now;
use crate::product::{Arguments, ToolKind, ToolResult};
use crate::products::lab::state::Entry;
use crate::tasks::TaskSupport;

pub(super) const TOOL: Entry = Entry {
    name: "add",
    description: "adds two whole numbers",
    kind: ToolKind::Read,
    input: r#"{"type":"object","required":["a","b"],"additionalProperties":false,
        "properties":{"a":{"type":"integer"},"b":{"type":"integer"}}}"#,
    example: r#"{"a":2,"b":3}"#,
    tasks: TaskSupport::Forbidden,
    run: |_, _, arguments| now(add(arguments)),
};

fn add(arguments: Arguments<'_>) -> ToolResult {
    let number = |name: &str| arguments.value[name].as_i64().unwrap_or_default();
    match number("a").checked_add(number("b")) {
        Some(sum) => ToolResult::value(&json!({ "sum": sum })),
        None => ToolResult::error("the sum is too large"),
    }
}
