//! The tool `given_up`, which tells how many calls of `act_late` were cancelled before they
//! acted.

use serde_json::json;

use crate::product::entry::{NO_ARGUMENTS, NOTHING, now};
use crate::product::{ToolKind, ToolResult};
use crate::products::lab::state::Entry;
use crate::tasks::TaskSupport;

pub(super) const TOOL: Entry = Entry {
    name: "given_up",
    description: "tells how many calls of `act_late` were cancelled before they acted",
    kind: ToolKind::Read,
    input: NOTHING,
    example: NO_ARGUMENTS,
    tasks: TaskSupport::Forbidden,
    run: |lab, _, _| now(ToolResult::value(&json!({ "given_up": lab.given_up() }))),
};
