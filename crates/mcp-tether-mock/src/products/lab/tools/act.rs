//! The tool `act`, which has one side effect and tells how many there were.

use serde_json::json;

use crate::product::entry::{ANYTHING, NO_ARGUMENTS, now};
use crate::product::{ToolKind, ToolResult};
use crate::products::lab::state::Entry;
use crate::tasks::TaskSupport;

pub(super) const TOOL: Entry = Entry {
    name: "act",
    description: "has one side effect and tells how many there were",
    kind: ToolKind::Destructive,
    input: ANYTHING,
    example: NO_ARGUMENTS,
    tasks: TaskSupport::Forbidden,
    run: |lab, _, _| now(ToolResult::value(&json!({ "acts": lab.act() }))),
};
