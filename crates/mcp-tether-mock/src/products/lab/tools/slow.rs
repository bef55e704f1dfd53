//! The tool `slow`, which takes its time and tells how far it is in steps of a tenth.

use std::time::Duration;

use serde_json::json;

use crate::product::{Arguments, CallContext, ToolKind, ToolOutcome, ToolResult};
use crate::products::lab::state::Entry;
use crate::tasks::TaskSupport;

pub(super) const TOOL: Entry = Entry {
    name: "slow",
    description: "takes its time and tells how far it is in steps of a tenth",
    kind: ToolKind::Read,
    input: r#"{"type":"object","required":["ms"],
        "properties":{"ms":{"type":"integer","minimum":0}}}"#,
    example: r#"{"ms":10}"#,
    tasks: TaskSupport::Forbidden,
    run: |_, call, arguments| Box::pin(slow(call, arguments)),
};

async fn slow(call: &CallContext, arguments: Arguments<'_>) -> ToolOutcome {
    let ms = arguments.number_of("ms").unwrap_or_default();
    for step in 1..=10 {
        // Before the step, so that the last message does not race with the answer.
        call.progress(step, 10, &format!("step {step} of 10"));
        tokio::time::sleep(Duration::from_millis(ms * step / 10 - ms * (step - 1) / 10)).await;
    }
    Ok(ToolResult::value(&json!({ "ms": ms })))
}
