//! The tool `ask_twice`, which asks the user something, and then something else; acts in the
//! end.

use serde_json::json;

use super::form;
use crate::product::entry::{NO_ARGUMENTS, NOTHING};
use crate::product::{CallContext, ToolKind, ToolOutcome, ToolResult};
use crate::products::lab::state::{Entry, Lab};
use crate::tasks::TaskSupport;
use mcp_tether_wire::protocol::methods;

pub(super) const TOOL: Entry = Entry {
    name: "ask_twice",
    description: "asks the user something, and then something else; acts in the end",
    kind: ToolKind::Destructive,
    input: NOTHING,
    example: NO_ARGUMENTS,
    tasks: TaskSupport::Forbidden,
    run: |lab, call, _| Box::pin(ask_twice(lab, call)),
};

async fn ask_twice(lab: &Lab, call: &CallContext) -> ToolOutcome {
    let mut answers = Vec::new();
    for (key, question) in [("name", "what is your name?"), ("color", "what color do you like?")] {
        match call.ask(methods::ELICIT, &form(question)).named(key).answer().await {
            Some(Ok(answer)) if answer["action"] == "accept" => {
                answers.push(answer["content"]["answer"].clone());
            }
            _ => return Ok(ToolResult::error(format!("no answer to `{key}`"))),
        }
    }
    Ok(ToolResult::value(&json!({ "answers": answers, "acts": lab.act() })))
}
