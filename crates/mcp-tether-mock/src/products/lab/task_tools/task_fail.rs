//! The tool `task_fail`, which fails as a tool, inside a task.

use crate::product::entry::{NO_ARGUMENTS, NOTHING, at_once};
use crate::product::{ToolKind, ToolResult};
use crate::products::lab::state::Entry;
use crate::tasks::TaskSupport;

pub(super) const TOOL: Entry = Entry {
    name: "task_fail",
    description: "fails as a tool, inside a task",
    kind: ToolKind::Read,
    input: NOTHING,
    example: NO_ARGUMENTS,
    tasks: TaskSupport::Optional,
    run: |_, _, _| at_once(Ok(ToolResult::error("it went wrong"))),
};
