//! The tool `task_ask_two`, which asks the user two things at once from inside a task.

use super::ask;
use crate::product::ToolKind;
use crate::product::entry::{NO_ARGUMENTS, NOTHING};
use crate::products::lab::state::Entry;
use crate::tasks::TaskSupport;

pub(super) const TOOL: Entry = Entry {
    name: "task_ask_two",
    description: "asks the user two things at once from inside a task",
    kind: ToolKind::Read,
    input: NOTHING,
    example: NO_ARGUMENTS,
    tasks: TaskSupport::Optional,
    run: |_, call, _| Box::pin(ask(call, &["what is your name?", "what is your color?"])),
};
