//! The tool `ask_model`, which asks the model of the host for a completion.

use super::{ask, sample};
use crate::product::entry::NO_ARGUMENTS;
use crate::product::{Arguments, CallContext, ToolKind, ToolOutcome};
use crate::products::lab::state::Entry;
use crate::tasks::TaskSupport;
use mcp_tether_wire::protocol::methods;

pub(super) const TOOL: Entry = Entry {
    name: "ask_model",
    description: "asks the model of the host for a completion",
    kind: ToolKind::Read,
    input: r#"{"type":"object","properties":{"prompt":{"type":"string"}}}"#,
    example: NO_ARGUMENTS,
    tasks: TaskSupport::Forbidden,
    run: |_, call, arguments| Box::pin(ask_model(call, arguments)),
};

async fn ask_model(call: &CallContext, arguments: Arguments<'_>) -> ToolOutcome {
    let prompt = arguments.text_of("prompt").unwrap_or("say something");
    ask(call, methods::SAMPLE, sample(prompt)).await
}
