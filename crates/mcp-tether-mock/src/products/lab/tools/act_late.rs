//! The tool `act_late`, which has the side effect of `act` after a while.

use std::time::Duration;

use serde_json::json;

use crate::product::{Arguments, ToolKind, ToolOutcome, ToolResult};
use crate::products::lab::state::{Entry, Lab};
use crate::tasks::TaskSupport;

pub(super) const TOOL: Entry = Entry {
    name: "act_late",
    description: "has the side effect of `act` after a while",
    kind: ToolKind::Destructive,
    input: r#"{"type":"object","required":["ms"],
        "properties":{"ms":{"type":"integer","minimum":0}}}"#,
    example: r#"{"ms":10}"#,
    tasks: TaskSupport::Forbidden,
    run: |lab, _, arguments| Box::pin(act_late(lab, arguments)),
};

/// Counts a call that is dropped before it acted.
struct GivesUp<'a>(Option<&'a Lab>);

impl Drop for GivesUp<'_> {
    fn drop(&mut self) {
        if let Some(lab) = self.0 {
            lab.give_up();
        }
    }
}

async fn act_late(lab: &Lab, arguments: Arguments<'_>) -> ToolOutcome {
    let mut guard = GivesUp(Some(lab));
    let ms = arguments.number_of("ms").unwrap_or_default();
    tokio::time::sleep(Duration::from_millis(ms)).await;
    guard.0 = None;
    Ok(ToolResult::value(&json!({ "acts": lab.act() })))
}
