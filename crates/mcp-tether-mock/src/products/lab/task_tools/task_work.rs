//! The tool `task_work`, which works for a while and tells how it stands, as a task where it
//! can.

use std::time::Duration;

use serde_json::json;

use crate::product::{Arguments, CallContext, ToolKind, ToolOutcome, ToolResult};
use crate::products::lab::state::Entry;
use crate::tasks::TaskSupport;

pub(super) const TOOL: Entry = Entry {
    name: "task_work",
    description: "works for a while and tells how it stands, as a task where it can",
    kind: ToolKind::Read,
    input: r#"{"type":"object","required":["ms"],
        "properties":{"ms":{"type":"integer","minimum":0}}}"#,
    example: r#"{"ms":10}"#,
    tasks: TaskSupport::Optional,
    run: |_, call, arguments| Box::pin(work(call, arguments)),
};

async fn work(call: &CallContext, arguments: Arguments<'_>) -> ToolOutcome {
    let ms = arguments.number_of("ms").unwrap_or_default();
    call.tell("half of it is to do");
    tokio::time::sleep(Duration::from_millis(ms)).await;
    Ok(ToolResult::value(&json!({ "ms": ms })))
}
