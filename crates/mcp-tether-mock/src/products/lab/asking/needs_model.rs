//! The tool `needs_model`, which refuses a host that cannot sample, in the way of the protocol.

use futures_util::future::BoxFuture;

use crate::product::entry::{NO_ARGUMENTS, NOTHING, at_once};
use crate::product::{CallContext, ToolKind, ToolOutcome, ToolResult};
use crate::products::lab::state::Entry;
use crate::tasks::TaskSupport;
use mcp_tether_wire::protocol::methods;

pub(super) const TOOL: Entry = Entry {
    name: "needs_model",
    description: "refuses a host that cannot sample, in the way of the protocol",
    kind: ToolKind::Read,
    input: NOTHING,
    example: NO_ARGUMENTS,
    tasks: TaskSupport::Forbidden,
    run: |_, call, _| needs_model(call),
};

fn needs_model<'a>(call: &'a CallContext) -> BoxFuture<'a, ToolOutcome> {
    let able = call.require(methods::SAMPLE);
    at_once(able.map(|()| ToolResult::text("this host can sample")))
}
