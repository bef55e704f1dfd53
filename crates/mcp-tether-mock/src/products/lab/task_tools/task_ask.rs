//! The tool `task_ask`, which asks the user something from inside a task.

use super::ask;
use crate::product::ToolKind;
use crate::product::entry::{NO_ARGUMENTS, NOTHING};
use crate::products::lab::state::Entry;
use crate::tasks::TaskSupport;

pub(super) const TOOL: Entry = Entry {
    name: "task_ask",
    description: "asks the user something from inside a task",
    kind: ToolKind::Read,
    input: NOTHING,
    example: NO_ARGUMENTS,
    tasks: TaskSupport::Optional,
    run: |_, call, _| Box::pin(ask(call, &["what is your name?"])),
};
