//! The tool `ask_openly`, which asks the user, and needs no state to know the answer.

use super::form;
use crate::product::entry::{NO_ARGUMENTS, NOTHING};
use crate::product::{CallContext, ToolKind, ToolOutcome, ToolResult};
use crate::products::lab::state::Entry;
use crate::tasks::TaskSupport;
use mcp_tether_wire::protocol::methods;

pub(super) const TOOL: Entry = Entry {
    name: "ask_openly",
    description: "asks the user, and needs no state to know the answer",
    kind: ToolKind::Read,
    input: NOTHING,
    example: NO_ARGUMENTS,
    tasks: TaskSupport::Forbidden,
    run: |_, call, _| Box::pin(ask_openly(call)),
};

async fn ask_openly(call: &CallContext) -> ToolOutcome {
    let params = form("what is your name?");
    let asked = call.ask(methods::ELICIT, &params).named("name").unguarded();
    match asked.answer().await {
        Some(Ok(answer)) => Ok(ToolResult::value(&answer)),
        _ => Ok(ToolResult::error("no answer")),
    }
}
