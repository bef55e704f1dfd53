//! The tools of the lab that run as tasks: one for each way in which a task can go.

use std::time::Duration;

use serde_json::{Value, json};

use super::asking::form;
use super::state::Entry;
use crate::product::CallContext;
use crate::product::entry::{NO_ARGUMENTS, NOTHING, at_once};
use crate::product::{Arguments, ToolKind, ToolOutcome, ToolResult};
use crate::rpc_error::RpcError;
use crate::tasks::TaskSupport;
use mcp_tether_wire::protocol::methods;

pub(super) const TABLE: &[Entry] = &[
    Entry {
        name: "task_work",
        description: "works for a while and tells how it stands, as a task where it can",
        kind: ToolKind::Read,
        input: r#"{"type":"object","required":["ms"],
            "properties":{"ms":{"type":"integer","minimum":0}}}"#,
        example: r#"{"ms":10}"#,
        tasks: TaskSupport::Optional,
        run: |_, call, arguments| Box::pin(work(call, arguments)),
    },
    Entry {
        name: "task_only",
        description: "runs as a task or not at all",
        kind: ToolKind::Read,
        input: NOTHING,
        example: NO_ARGUMENTS,
        tasks: TaskSupport::Required,
        run: |_, _, _| at_once(Ok(ToolResult::text("done as a task"))),
    },
    Entry {
        name: "task_fail",
        description: "fails as a tool, inside a task",
        kind: ToolKind::Read,
        input: NOTHING,
        example: NO_ARGUMENTS,
        tasks: TaskSupport::Optional,
        run: |_, _, _| at_once(Ok(ToolResult::error("it went wrong"))),
    },
    Entry {
        name: "task_error",
        description: "fails as a protocol, inside a task",
        kind: ToolKind::Read,
        input: NOTHING,
        example: NO_ARGUMENTS,
        tasks: TaskSupport::Optional,
        run: |_, _, _| at_once(Err(RpcError::internal("the work broke down"))),
    },
    Entry {
        name: "task_ask",
        description: "asks the user something from inside a task",
        kind: ToolKind::Read,
        input: NOTHING,
        example: NO_ARGUMENTS,
        tasks: TaskSupport::Optional,
        run: |_, call, _| Box::pin(ask(call, &["what is your name?"])),
    },
    Entry {
        name: "task_ask_two",
        description: "asks the user two things at once from inside a task",
        kind: ToolKind::Read,
        input: NOTHING,
        example: NO_ARGUMENTS,
        tasks: TaskSupport::Optional,
        run: |_, call, _| Box::pin(ask(call, &["what is your name?", "what is your color?"])),
    },
    Entry {
        name: "task_given_up",
        description: "becomes a task that the remote itself cancels",
        kind: ToolKind::Read,
        input: NOTHING,
        example: NO_ARGUMENTS,
        tasks: TaskSupport::Optional,
        run: |_, call, _| Box::pin(give_up(call)),
    },
    Entry {
        name: "task_late",
        description: "asks the user first, and becomes a task then",
        kind: ToolKind::Read,
        input: NOTHING,
        example: NO_ARGUMENTS,
        tasks: TaskSupport::Late,
        run: |_, call, _| Box::pin(late(call)),
    },
];

async fn work(call: &CallContext, arguments: Arguments<'_>) -> ToolOutcome {
    let ms = arguments.number_of("ms").unwrap_or_default();
    call.tell("half of it is to do");
    tokio::time::sleep(Duration::from_millis(ms)).await;
    Ok(ToolResult::value(&json!({ "ms": ms })))
}

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

async fn give_up(call: &CallContext) -> ToolOutcome {
    // After the handle was sent, so that the task is seen before it ends.
    tokio::task::yield_now().await;
    match call.task() {
        Some(task) => {
            task.cancel();
            std::future::pending().await
        }
        None => Ok(ToolResult::error("there is no task to give up")),
    }
}

async fn late(call: &CallContext) -> ToolOutcome {
    call.require(methods::ELICIT)?;
    let params = form("what is your name?");
    let answer = call.ask(methods::ELICIT, &params).named("user_name").answer().await;
    call.become_task();
    tokio::task::yield_now().await;
    match answer {
        Some(Ok(answer)) => Ok(ToolResult::value(&answer)),
        _ => Ok(ToolResult::error("no answer")),
    }
}
