//! The tools of the lab whose schemas ask for arguments in headers (2026-07-28, SEP-2243):
//! valid ones, invalid ones for which a host must drop the tool, and ones that only look invalid.

use serde_json::{Value, json};

use super::state::{Entry, Lab};
use crate::product::CallContext;
use crate::product::entry::{NO_ARGUMENTS, ToolFunction, now};
use crate::product::{Arguments, ToolKind, ToolResult, ToolSpec};
use crate::tasks::TaskSupport;
use mcp_tether_wire::protocol::headers::PARAMETER_ANNOTATION;

/// Returns its arguments.
const ECHO: ToolFunction<Lab> = |_, _, arguments| now(ToolResult::json_text(arguments.text));

/// Returns a tool that differs from the others only in its schema.
const fn tool(name: &'static str, description: &'static str, input: &'static str) -> Entry {
    let (example, tasks) = (NO_ARGUMENTS, TaskSupport::Forbidden);
    Entry { name, description, kind: ToolKind::Read, input, example, tasks, run: ECHO }
}

pub(super) const TABLE: &[Entry] = &[
    Entry {
        example: r#"{"region":"eu"}"#,
        ..tool(
            "locate",
            "gives its arguments back, which are repeated in headers",
            r#"{"type":"object","required":["region"],"properties":{
                "region":{"type":"string","x-mcp-header":"Region"},
                "count":{"type":"integer","x-mcp-header":"Count"},
                "urgent":{"type":"boolean","x-mcp-header":"Urgent"},
                "note":{"type":"string"},
                "place":{"type":"object","properties":{
                    "zone":{"type":["string"],"description":"not repeated"},
                    "room":{"type":"string","x-mcp-header":"Room"}}}}}"#,
        )
    },
    Entry {
        name: "relabel",
        description: "lets `locate` repeat its region in another header; `quietly` announces \
                      nothing",
        kind: ToolKind::Write,
        input: r#"{"type":"object","required":["header"],"properties":{
            "header":{"type":"string","minLength":1},"quietly":{"type":"boolean"}}}"#,
        example: r#"{"header":"Area"}"#,
        tasks: TaskSupport::Forbidden,
        run: |lab, call, arguments| now(relabel(lab, call, arguments)),
    },
    tool(
        "header_empty",
        "has an annotation that is empty",
        r#"{"type":"object","properties":{"a":{"type":"string","x-mcp-header":""}}}"#,
    ),
    tool(
        "header_no_token",
        "has an annotation that is not a header name",
        r#"{"type":"object","properties":{"a":{"type":"string","x-mcp-header":"My Region"}}}"#,
    ),
    tool(
        "header_control",
        "has an annotation that would end the header",
        r#"{"type":"object","properties":{"a":{"type":"string","x-mcp-header":"A\r\nX: y"}}}"#,
    ),
    tool(
        "header_twice",
        "has two annotations that are equal but for case",
        r#"{"type":"object","properties":{"a":{"type":"string","x-mcp-header":"Same"},
            "b":{"type":"string","x-mcp-header":"SAME"}}}"#,
    ),
    tool(
        "header_number",
        "has an annotation on a number",
        r#"{"type":"object","properties":{"a":{"type":"number","x-mcp-header":"A"}}}"#,
    ),
    tool(
        "header_object",
        "has an annotation on an object",
        r#"{"type":"object","properties":{"a":{"type":"object","x-mcp-header":"A"}}}"#,
    ),
    tool(
        "header_items",
        "has an annotation inside an array",
        r#"{"type":"object","properties":{"a":{"type":"array",
            "items":{"type":"string","x-mcp-header":"A"}}}}"#,
    ),
    tool(
        "header_composed",
        "has an annotation inside `oneOf`",
        r#"{"type":"object","properties":{"a":{
            "oneOf":[{"type":"string","x-mcp-header":"A"},{"type":"integer"}]}}}"#,
    ),
    tool(
        "header_behind_reference",
        "has an annotation inside `$defs`",
        r##"{"type":"object","properties":{"a":{"$ref":"#/$defs/a"}},
            "$defs":{"a":{"type":"string","x-mcp-header":"A"}}}"##,
    ),
    tool(
        "header_in_name_only",
        "has a property with the name of an annotation, and data that looks like one",
        r#"{"type":"object","properties":{"x-mcp-header":{"type":"string"},
            "a":{"type":"object","default":{"x-mcp-header":"A"},
                "examples":[{"x-mcp-header":""}]}}}"#,
    ),
];

fn relabel(lab: &Lab, call: &CallContext, arguments: Arguments<'_>) -> ToolResult {
    let header = arguments.text_of("header").unwrap_or_default();
    let Some(entry) = TABLE.first() else {
        return ToolResult::error("there is no tool to change");
    };
    let mut tool: ToolSpec = entry.to_tool();
    tool.input["properties"]["region"][PARAMETER_ANNOTATION] = header.into();
    lab.replace_tool(tool);
    if arguments.value["quietly"] != true {
        call.connections.broadcast("notifications/tools/list_changed", &Value::Null);
    }
    ToolResult::value(&json!({ "header": header }))
}
