//! The tool `count`, which tells how many side effects `act` had.

use serde_json::json;

use crate::product::entry::{NO_ARGUMENTS, NOTHING, now};
use crate::product::{ToolKind, ToolResult};
use crate::products::lab::state::Entry;
use crate::tasks::TaskSupport;

pub(super) const TOOL: Entry = Entry {
    name: "count",
    description: "tells how many side effects `act` had",
    kind: ToolKind::Read,
    input: NOTHING,
    example: NO_ARGUMENTS,
    tasks: TaskSupport::Forbidden,
    run: |lab, _, _| now(ToolResult::value(&json!({ "acts": lab.acts() }))),
};
