//! The tool `task_only`, which runs as a task or not at all.

use crate::product::entry::{NO_ARGUMENTS, NOTHING, at_once};
use crate::product::{ToolKind, ToolResult};
use crate::products::lab::state::Entry;
use crate::tasks::TaskSupport;

pub(super) const TOOL: Entry = Entry {
    name: "task_only",
    description: "runs as a task or not at all",
    kind: ToolKind::Read,
    input: NOTHING,
    example: NO_ARGUMENTS,
    tasks: TaskSupport::Required,
    run: |_, _, _| at_once(Ok(ToolResult::text("done as a task"))),
};
