//! The tool `echo`, which gives its arguments back, byte for byte.

use crate::product::entry::{ANYTHING, now};
use crate::product::{ToolKind, ToolResult};
use crate::products::lab::state::Entry;
use crate::tasks::TaskSupport;

pub(super) const TOOL: Entry = Entry {
    name: "echo",
    description: "gives its arguments back, byte for byte",
    kind: ToolKind::Read,
    input: ANYTHING,
    example: r#"{"text":"hello"}"#,
    tasks: TaskSupport::Forbidden,
    run: |_, _, arguments| now(ToolResult::json_text(arguments.text)),
};
