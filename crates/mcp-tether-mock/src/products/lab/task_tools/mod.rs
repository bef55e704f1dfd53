//! The tools of the lab that run as tasks: one for each way in which a task can go.

mod task_ask;
mod task_ask_two;
mod task_error;
mod task_fail;
mod task_given_up;
mod task_late;
mod task_only;
mod task_work;

use serde_json::{Value, json};

use super::asking::form;
use super::state::Entry;
use crate::product::{CallContext, ToolOutcome, ToolResult};
use mcp_tether_wire::protocol::methods;

pub(super) const TABLE: &[Entry] = &[
    task_work::TOOL,
    task_only::TOOL,
    task_fail::TOOL,
    task_error::TOOL,
    task_ask::TOOL,
    task_ask_two::TOOL,
    task_given_up::TOOL,
    task_late::TOOL,
];

async fn ask(call: &CallContext, questions: &[&str]) -> ToolOutcome {
    if !call.can_ask(methods::ELICIT) {
        return Ok(ToolResult::error("this host cannot ask its user"));
    }
    let asked = questions.iter().map(async |question| {
        let params = form(question);
        match call.ask(methods::ELICIT, &params).answer().await {
            Some(Ok(answer)) => answer,
            Some(Err(error)) => error,
            None => Value::Null,
        }
    });
    let answers = futures_util::future::join_all(asked).await;
    Ok(ToolResult::value(&json!({ "answers": answers })))
}
