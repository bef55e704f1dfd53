//! The tool `burst`, which sends this many notifications on the way to its answer.

use serde_json::json;

use crate::product::entry::now;
use crate::product::{Arguments, CallContext, ToolKind, ToolResult};
use crate::products::lab::state::Entry;
use crate::tasks::TaskSupport;

pub(super) const TOOL: Entry = Entry {
    name: "burst",
    description: "sends this many notifications on the way to its answer",
    kind: ToolKind::Read,
    input: r#"{"type":"object","required":["count"],"properties":{
        "count":{"type":"integer","minimum":0,"maximum":1000000}}}"#,
    example: r#"{"count":3}"#,
    tasks: TaskSupport::Forbidden,
    run: |_, call, arguments| now(burst(call, arguments)),
};

fn burst(call: &CallContext, arguments: Arguments<'_>) -> ToolResult {
    let count = arguments.number_of("count").unwrap_or_default();
    for number in 1..=count {
        let params = json!({ "level": "info", "logger": "burst", "data": number });
        call.notify("notifications/message", &params);
    }
    ToolResult::value(&json!({ "sent": count }))
}
