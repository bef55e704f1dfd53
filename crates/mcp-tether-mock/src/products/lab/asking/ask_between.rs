//! The tool `ask_between`, which tells how far it is, asks the user half-way, and goes on
//! telling.

use super::{ask, form};
use crate::product::entry::{NO_ARGUMENTS, NOTHING};
use crate::product::{CallContext, ToolKind, ToolOutcome};
use crate::products::lab::state::Entry;
use crate::tasks::TaskSupport;
use mcp_tether_wire::protocol::methods;

pub(super) const TOOL: Entry = Entry {
    name: "ask_between",
    description: "tells how far it is, asks the user half-way, and goes on telling",
    kind: ToolKind::Read,
    input: NOTHING,
    example: NO_ARGUMENTS,
    tasks: TaskSupport::Forbidden,
    run: |_, call, _| Box::pin(ask_between(call)),
};

async fn ask_between(call: &CallContext) -> ToolOutcome {
    for step in 1..=5 {
        call.progress(step, 10, "before the question");
    }
    let answer = ask(call, methods::ELICIT, form("go on?")).await?;
    for step in 6..=10 {
        call.progress(step, 10, "after the question");
    }
    Ok(answer)
}
