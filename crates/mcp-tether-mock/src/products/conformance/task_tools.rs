//! Tools that run as tasks, and one that does not.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::state::{Conformance, Entry};
use crate::product::CallContext;
use crate::product::entry::{NO_ARGUMENTS, NOTHING, at_once, now};
use crate::product::{Arguments, ToolKind, ToolOutcome, ToolResult};
use crate::rpc_error::RpcError;
use crate::tasks::TaskSupport;
use mcp_tether_wire::protocol::methods;

const fn tool(
    name: &'static str,
    tasks: TaskSupport,
    input: &'static str,
    run: crate::product::entry::ToolFunction<Conformance>,
) -> Entry {
    let description = "what the tasks of the suite are made of";
    let example = NO_ARGUMENTS;
    Entry { name, description, kind: ToolKind::Read, input, example, tasks, run }
}

pub(super) const TOOLS: &[Entry] = &[
    tool(
        "greet",
        TaskSupport::Forbidden,
        r#"{"type":"object","properties":{"name":{"type":"string"}}}"#,
        |_, _, arguments| {
            let name = arguments.text_of("name").unwrap_or("World");
            now(ToolResult::text(format!("Hello, {name}!")))
        },
    ),
    tool(
        "slow_compute",
        TaskSupport::Optional,
        r#"{"type":"object","properties":{
            "seconds":{"type":"number","minimum":0},"label":{"type":"string"}}}"#,
        |_, _, arguments| Box::pin(compute(arguments)),
    ),
    tool("failing_job", TaskSupport::Required, NOTHING, |_, _, _| {
        Box::pin(async {
            tokio::task::yield_now().await;
            Ok(ToolResult::error("the job failed"))
        })
    }),
    tool("protocol_error_job", TaskSupport::Required, NOTHING, |_, _, _| {
        at_once(Err(RpcError::internal("the job broke down")))
    }),
    tool(
        "confirm_delete",
        TaskSupport::Optional,
        r#"{"type":"object","properties":{"filename":{"type":"string"}}}"#,
        |_, call, _| Box::pin(confirm(call, &["Really delete it?"])),
    ),
    tool("multi_input", TaskSupport::Optional, NOTHING, |_, call, _| {
        Box::pin(confirm(call, &["What is your name?", "Are you sure?"]))
    }),
    tool("test_tool_with_task", TaskSupport::Late, NOTHING, |_, call, _| Box::pin(late(call))),
];

async fn compute(arguments: Arguments<'_>) -> ToolOutcome {
    let seconds = arguments.value["seconds"].as_f64().unwrap_or_default();
    tokio::time::sleep(Duration::try_from_secs_f64(seconds).unwrap_or_default()).await;
    let label = arguments.text_of("label").unwrap_or("nothing");
    Ok(ToolResult::text(format!("computed {label}")))
}

fn form(message: &str) -> Value {
    let properties = json!({ "name": { "type": "string" }, "confirm": { "type": "boolean" } });
    let schema = json!({ "type": "object", "properties": properties });
    json!({ "message": message, "requestedSchema": schema })
}

async fn confirm(call: &CallContext, questions: &[&str]) -> ToolOutcome {
    if !call.can_ask(methods::ELICIT) {
        return Ok(ToolResult::error("this host cannot ask its user"));
    }
    let asked = questions.iter().map(async |question| {
        let params = form(question);
        call.ask(methods::ELICIT, &params).answer().await.and_then(Result::ok).unwrap_or_default()
    });
    let answers: Vec<Value> = join_all(asked).await;
    Ok(ToolResult::text(json!(answers).to_string()))
}

async fn late(call: &CallContext) -> ToolOutcome {
    call.require(methods::ELICIT)?;
    let params = form("What is your name?");
    let answer = call.ask(methods::ELICIT, &params).named("user_name").answer().await;
    let answer = answer.and_then(Result::ok).unwrap_or_default();
    call.become_task();
    tokio::task::yield_now().await;
    Ok(ToolResult::text(format!("Hello, {}!", answer["content"]["name"])))
}
