//! The tool `ask_roots`, which asks the host for its folders.

use serde_json::Value;

use super::ask;
use crate::product::ToolKind;
use crate::product::entry::{NO_ARGUMENTS, NOTHING};
use crate::products::lab::state::Entry;
use crate::tasks::TaskSupport;
use mcp_tether_wire::protocol::methods;

pub(super) const TOOL: Entry = Entry {
    name: "ask_roots",
    description: "asks the host for its folders",
    kind: ToolKind::Read,
    input: NOTHING,
    example: NO_ARGUMENTS,
    tasks: TaskSupport::Forbidden,
    run: |_, call, _| Box::pin(ask(call, methods::LIST_ROOTS, Value::Null)),
};
