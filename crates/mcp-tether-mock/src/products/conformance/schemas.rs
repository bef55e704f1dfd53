//! Tools that only exist for their schemas.

use super::state::Entry;
use crate::product::ToolKind;
use crate::product::ToolResult;
use crate::product::entry::{NO_ARGUMENTS, now};
use crate::tasks::TaskSupport;

const fn tool(name: &'static str, description: &'static str, input: &'static str) -> Entry {
    Entry {
        name,
        description,
        kind: ToolKind::Read,
        input,
        example: NO_ARGUMENTS,
        tasks: TaskSupport::Forbidden,
        run: |_, _, arguments| now(ToolResult::text(arguments.text)),
    }
}

pub(super) const TOOLS: &[Entry] = &[
    tool(
        "json_schema_2020_12_tool",
        "Tool with JSON Schema 2020-12 features",
        r##"{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object",
            "$defs":{"address":{"$anchor":"addressDef","type":"object","properties":{
                "street":{"type":"string"},"city":{"type":"string"}}}},
            "properties":{"name":{"type":"string"},"address":{"$ref":"#/$defs/address"},
                "contactMethod":{"type":"string","enum":["phone","email"]},
                "phone":{"type":"string"},"email":{"type":"string"}},
            "allOf":[{"anyOf":[{"required":["phone"]},{"required":["email"]}]}],
            "if":{"properties":{"contactMethod":{"const":"phone"}},"required":["contactMethod"]},
            "then":{"required":["phone"]},"else":{"required":["email"]},
            "additionalProperties":false}"##,
    ),
    tool(
        "test_custom_headers",
        "wants its arguments repeated in headers",
        r#"{"type":"object","required":["region"],"properties":{
            "region":{"type":"string","x-mcp-header":"Region"},
            "priority":{"type":"integer","x-mcp-header":"Priority"},
            "urgent":{"type":"boolean","x-mcp-header":"Urgent"}}}"#,
    ),
];
