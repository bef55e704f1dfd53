//! The tool `task_late`, which asks the user first, and becomes a task then.

use crate::product::entry::{NO_ARGUMENTS, NOTHING};
use crate::product::{CallContext, ToolKind, ToolOutcome, ToolResult};
use crate::products::lab::asking::form;
use crate::products::lab::state::Entry;
use crate::tasks::TaskSupport;
use mcp_tether_wire::protocol::methods;

pub(super) const TOOL: Entry = Entry {
    name: "task_late",
    description: "asks the user first, and becomes a task then",
    kind: ToolKind::Read,
    input: NOTHING,
    example: NO_ARGUMENTS,
    tasks: TaskSupport::Late,
    run: |_, call, _| Box::pin(late(call)),
};

async fn late(call: &CallContext) -> ToolOutcome {
    call.require(methods::ELICIT)?;
    let params = form("what is your name?");
    let answer = call.ask(methods::ELICIT, &params).named("user_name").answer().await;
    call.become_task();
    tokio::task::yield_now().await;
    match answer {
        Some(Ok(answer)) => Ok(ToolResult::value(&answer)),
        _ => Ok(ToolResult::error("no answer")),
    }
}
