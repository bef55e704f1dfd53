//! The tool `ask_endless`, which asks the user again as long as they accept.

use serde_json::json;

use super::form;
use crate::product::entry::{NO_ARGUMENTS, NOTHING};
use crate::product::{CallContext, ToolKind, ToolOutcome, ToolResult};
use crate::products::lab::state::Entry;
use crate::tasks::TaskSupport;
use mcp_tether_wire::protocol::methods;

pub(super) const TOOL: Entry = Entry {
    name: "ask_endless",
    description: "asks the user again as long as they accept",
    kind: ToolKind::Read,
    input: NOTHING,
    example: NO_ARGUMENTS,
    tasks: TaskSupport::Forbidden,
    run: |_, call, _| Box::pin(ask_endless(call)),
};

async fn ask_endless(call: &CallContext) -> ToolOutcome {
    let mut asked = 0;
    loop {
        let answer = call.ask(methods::ELICIT, &form("once more?")).answer().await;
        match answer {
            Some(Ok(answer)) if answer["action"] == "accept" => asked += 1,
            _ => return Ok(ToolResult::value(&json!({ "asked": asked }))),
        }
    }
}
