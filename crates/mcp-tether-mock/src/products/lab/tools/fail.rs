//! The tool `fail`, which fails as a tool, not as a protocol.

use crate::product::entry::{NO_ARGUMENTS, now};
use crate::product::{ToolKind, ToolResult};
use crate::products::lab::state::Entry;
use crate::tasks::TaskSupport;

pub(super) const TOOL: Entry = Entry {
    name: "fail",
    description: "fails as a tool, not as a protocol",
    kind: ToolKind::Read,
    input: r#"{"type":"object","properties":{"message":{"type":"string"}}}"#,
    example: NO_ARGUMENTS,
    tasks: TaskSupport::Forbidden,
    run: |_, _, arguments| {
        now(ToolResult::error(arguments.text_of("message").unwrap_or("it went wrong")))
    },
};
