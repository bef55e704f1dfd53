//! The tool `big`, which gives a text of this many bytes.

use crate::product::entry::now;
use crate::product::{Arguments, ToolKind, ToolResult};
use crate::products::lab::state::Entry;
use crate::tasks::TaskSupport;

pub(super) const TOOL: Entry = Entry {
    name: "big",
    description: "gives a text of this many bytes",
    kind: ToolKind::Read,
    input: r#"{"type":"object","required":["bytes"],
        "properties":{"bytes":{"type":"integer","minimum":0,"maximum":1000000000}}}"#,
    example: r#"{"bytes":100}"#,
    tasks: TaskSupport::Forbidden,
    run: |_, _, arguments| now(big(arguments)),
};

fn big(arguments: Arguments<'_>) -> ToolResult {
    let bytes = usize::try_from(arguments.number_of("bytes").unwrap_or_default()).unwrap_or(0);
    ToolResult::text("0123456789abcdef".repeat(bytes / 16 + 1)[..bytes].to_owned())
}
