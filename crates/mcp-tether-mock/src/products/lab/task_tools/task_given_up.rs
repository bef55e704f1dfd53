//! The tool `task_given_up`, which becomes a task that the remote itself cancels.

use crate::product::entry::{NO_ARGUMENTS, NOTHING};
use crate::product::{CallContext, ToolKind, ToolOutcome, ToolResult};
use crate::products::lab::state::Entry;
use crate::tasks::TaskSupport;

pub(super) const TOOL: Entry = Entry {
    name: "task_given_up",
    description: "becomes a task that the remote itself cancels",
    kind: ToolKind::Read,
    input: NOTHING,
    example: NO_ARGUMENTS,
    tasks: TaskSupport::Optional,
    run: |_, call, _| Box::pin(give_up(call)),
};

async fn give_up(call: &CallContext) -> ToolOutcome {
    // After the handle was sent, so that the task is seen before it ends.
    tokio::task::yield_now().await;
    match call.task() {
        Some(task) => {
            task.cancel();
            std::future::pending().await
        }
        None => Ok(ToolResult::error("there is no task to give up")),
    }
}
