//! The tool `ask_user`, which asks the user a question through the host.

use super::{ask, form};
use crate::product::entry::NO_ARGUMENTS;
use crate::product::{Arguments, CallContext, ToolKind, ToolOutcome};
use crate::products::lab::state::Entry;
use crate::tasks::TaskSupport;
use mcp_tether_wire::protocol::methods;

pub(super) const TOOL: Entry = Entry {
    name: "ask_user",
    description: "asks the user a question through the host",
    kind: ToolKind::Read,
    input: r#"{"type":"object","properties":{"question":{"type":"string"}}}"#,
    example: NO_ARGUMENTS,
    tasks: TaskSupport::Forbidden,
    run: |_, call, arguments| Box::pin(ask_user(call, arguments)),
};

async fn ask_user(call: &CallContext, arguments: Arguments<'_>) -> ToolOutcome {
    let question = arguments.text_of("question").unwrap_or("what is your name?");
    ask(call, methods::ELICIT, form(question)).await
}
