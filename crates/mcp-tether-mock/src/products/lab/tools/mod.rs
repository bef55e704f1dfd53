//! The tools of the lab that ask nothing. Each has its own file with its entry and what it does. To
//! add one, copy `echo.rs` and name it in this file.

mod act;
mod act_late;
mod add;
mod add_tool;
mod big;
mod burst;
mod count;
mod echo;
mod fail;
mod given_up;
mod log;
mod remove_tool;
mod slow;
mod touch;

use serde_json::Value;

use super::state::{Entry, Lab};
use crate::product::{Arguments, CallContext, ToolResult};

const NAME: &str = r#"{"type":"object","required":["name"],
    "properties":{"name":{"type":"string","minLength":1}}}"#;

pub(super) const TABLE: &[Entry] = &[
    echo::TOOL,
    add::TOOL,
    slow::TOOL,
    fail::TOOL,
    big::TOOL,
    act::TOOL,
    act_late::TOOL,
    given_up::TOOL,
    count::TOOL,
    log::TOOL,
    burst::TOOL,
    touch::TOOL,
    add_tool::TOOL,
    remove_tool::TOOL,
];

pub(super) fn change_tools(
    lab: &Lab,
    call: &CallContext,
    arguments: Arguments<'_>,
    change: impl Fn(&Lab, &str) -> bool,
) -> ToolResult {
    let name = arguments.text_of("name").unwrap_or_default();
    if !change(lab, name) {
        return ToolResult::error(format!("cannot do that with `{name}`"));
    }
    call.connections.broadcast("notifications/tools/list_changed", &Value::Null);
    ToolResult::text("done")
}
