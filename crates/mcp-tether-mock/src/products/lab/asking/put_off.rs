//! The tool `put_off`, which puts the call off this many times without asking anything
//! (2026-07-28).

use serde_json::json;

use super::TIMES;
use crate::product::entry::NO_ARGUMENTS;
use crate::product::{Arguments, CallContext, ToolKind, ToolOutcome, ToolResult};
use crate::products::lab::state::Entry;
use crate::tasks::TaskSupport;

pub(super) const TOOL: Entry = Entry {
    name: "put_off",
    description: "puts the call off this many times without asking anything (2026-07-28)",
    kind: ToolKind::Read,
    input: TIMES,
    example: NO_ARGUMENTS,
    tasks: TaskSupport::Forbidden,
    run: |_, call, arguments| Box::pin(put_off(call, arguments)),
};

async fn put_off(call: &CallContext, arguments: Arguments<'_>) -> ToolOutcome {
    let times = arguments.number_of("times").unwrap_or(1);
    call.put_off(times).await;
    Ok(ToolResult::value(&json!({ "put_off": times })))
}
