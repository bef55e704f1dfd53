//! The tool `ask_regardless`, which asks the model whether or not the host said that it has one.

use super::{put, sample};
use crate::product::ToolKind;
use crate::product::entry::{NO_ARGUMENTS, NOTHING};
use crate::products::lab::state::Entry;
use crate::tasks::TaskSupport;
use mcp_tether_wire::protocol::methods;

pub(super) const TOOL: Entry = Entry {
    name: "ask_regardless",
    description: "asks the model whether or not the host said that it has one",
    kind: ToolKind::Read,
    input: NOTHING,
    example: NO_ARGUMENTS,
    tasks: TaskSupport::Forbidden,
    run: |_, call, _| Box::pin(put(call, methods::SAMPLE, sample("say something"))),
};
