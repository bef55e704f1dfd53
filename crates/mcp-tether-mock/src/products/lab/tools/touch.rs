//! The tool `touch`, which changes the resource `lab://watched` and tells its subscribers.

use serde_json::json;

use crate::product::entry::{NO_ARGUMENTS, NOTHING, now};
use crate::product::{CallContext, ToolKind, ToolResult};
use crate::products::lab::contents;
use crate::products::lab::state::{Entry, Lab};
use crate::tasks::TaskSupport;

pub(super) const TOOL: Entry = Entry {
    name: "touch",
    description: "changes the resource `lab://watched` and tells its subscribers",
    kind: ToolKind::Write,
    input: NOTHING,
    example: NO_ARGUMENTS,
    tasks: TaskSupport::Forbidden,
    run: |lab, call, _| now(touch(lab, call)),
};

fn touch(lab: &Lab, call: &CallContext) -> ToolResult {
    let touches = lab.touch();
    let uri = contents::WATCHED;
    let params = json!({ "uri": uri });
    let method = "notifications/resources/updated";
    let told = call.connections.broadcast_to(|session| session.is_subscribed(uri), method, &params);
    ToolResult::value(&json!({ "touches": touches, "told": told }))
}
