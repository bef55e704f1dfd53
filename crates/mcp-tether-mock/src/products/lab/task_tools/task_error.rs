//! The tool `task_error`, which fails as a protocol, inside a task.

use crate::product::ToolKind;
use crate::product::entry::{NO_ARGUMENTS, NOTHING, at_once};
use crate::products::lab::state::Entry;
use crate::rpc_error::RpcError;
use crate::tasks::TaskSupport;

pub(super) const TOOL: Entry = Entry {
    name: "task_error",
    description: "fails as a protocol, inside a task",
    kind: ToolKind::Read,
    input: NOTHING,
    example: NO_ARGUMENTS,
    tasks: TaskSupport::Optional,
    run: |_, _, _| at_once(Err(RpcError::internal("the work broke down"))),
};
