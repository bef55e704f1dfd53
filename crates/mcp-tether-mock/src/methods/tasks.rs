//! Tasks in MCP messages: how a call becomes one, and the methods that manage them, in the terms of
//! 2025-11-25 (`basic/utilities/tasks`) and of the extension of 2026-07-28 (SEP-2663).

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::lists;
use super::params::read_params;
use crate::product::{CallContext, ToolSpec};
use crate::rpc_error::{MethodResult, RpcError};
use crate::state::MockState;
use crate::tasks::{CallTask, TaskForm, TaskSupport, Terms};
use mcp_tether_wire::jsonrpc::Message;
use mcp_tether_wire::protocol::meta::{self, extensions};
use mcp_tether_wire::protocol::{Era, ProtocolVersion, codes, methods};

/// Returns whether this host declared the tasks extension.
fn declares_extension(call: &CallContext) -> bool {
    call.session.host_has(&format!("/extensions/{}", extensions::TASKS.replace('/', "~1")))
}

/// Turns a call into a task before it begins, or refuses it, as its tool and its host require.
pub(super) fn enter(
    call: &CallContext,
    tool: &ToolSpec,
    request: &Message,
) -> Result<(), RpcError> {
    match call.session.version() {
        ProtocolVersion::V2025_11_25 => enter_legacy(call, tool, request),
        version if version.era() == Era::Modern => enter_modern(call, tool),
        _ => Ok(()),
    }
}

/// Turns a call into a task if its host asks for one: in 2025-11-25 the host decides, with a
/// parameter.
fn enter_legacy(call: &CallContext, tool: &ToolSpec, request: &Message) -> Result<(), RpcError> {
    #[derive(Deserialize)]
    struct Wanted {
        ttl: Option<u64>,
    }
    #[derive(Deserialize)]
    struct Params {
        task: Option<Wanted>,
    }
    let wanted = request.params_as::<Params>().and_then(|params| params.task);
    let refused = |message: &str| Err(RpcError::new(codes::METHOD_NOT_FOUND, message));
    match (wanted, tool.tasks) {
        (None, TaskSupport::Required | TaskSupport::Late) => {
            refused("this tool runs as a task only")
        }
        (None, _) => Ok(()),
        (Some(_), TaskSupport::Forbidden) => refused("this tool cannot run as a task"),
        (Some(wanted), _) => {
            let ttl = wanted.ttl.map(Duration::from_millis);
            call.continue_as_task(
                TaskForm::Legacy,
                Terms { ttl: ttl.unwrap_or(call.terms.ttl), ..call.terms },
            );
            Ok(())
        }
    }
}

/// Turns a call into a task if its tool wants one: in 2026-07-28 the remote decides, provided that
/// the host declared tasks.
fn enter_modern(call: &CallContext, tool: &ToolSpec) -> Result<(), RpcError> {
    let known = declares_extension(call);
    match tool.tasks {
        TaskSupport::Required | TaskSupport::Late if !known => {
            Err(RpcError::needs_tasks_extension())
        }
        TaskSupport::Optional | TaskSupport::Required if known => {
            call.continue_as_task(TaskForm::Extension, call.terms);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Answers the methods of the extension.
pub(super) fn extension(call: &CallContext, request: &Message) -> MethodResult {
    #[derive(Deserialize)]
    struct Update {
        #[serde(rename = "inputResponses")]
        responses: Map<String, Value>,
    }
    if !declares_extension(call) {
        return Err(RpcError::needs_tasks_extension());
    }
    let task = named(call, request)?;
    match request.method() {
        methods::TASKS_GET => return Ok(Value::from(task.details()).to_string()),
        methods::TASKS_UPDATE => {
            let update: Update = read_params(request, "`inputResponses` must be an object")?;
            task.answer(update.responses);
        }
        _ => {
            task.cancel();
        }
    }
    Ok("{}".to_owned())
}

/// Answers the methods of 2025-11-25.
pub(super) async fn legacy(
    shared: &MockState,
    call: &CallContext,
    request: &Message,
) -> MethodResult {
    match request.method() {
        methods::TASKS_LIST => {
            let all = call.tasks.of(&call.credential);
            let all = all.iter().map(|task| task.handle(TaskForm::Legacy).into()).collect();
            lists::page(shared, request, "tasks", all)
        }
        methods::TASKS_RESULT => result(call, &*named(call, request)?).await,
        methods::TASKS_CANCEL => {
            let task = named(call, request)?;
            if !task.cancel() {
                return Err(RpcError::invalid_params("the task has ended already"));
            }
            Ok(Value::from(task.handle(TaskForm::Legacy)).to_string())
        }
        _ => Ok(Value::from(named(call, request)?.handle(TaskForm::Legacy)).to_string()),
    }
}

/// Waits for the end of a task, and meanwhile asks its questions on this stream.
async fn result(call: &CallContext, task: &CallTask) -> MethodResult {
    let related = json!({ meta::RELATED_TASK: { "taskId": task.id() } });
    let mut changes = task.changes();
    loop {
        changes.mark_unchanged();
        if let Some(outcome) = task.outcome() {
            return outcome.map(|text| with_meta(&text, &related));
        }
        let questions = task.questions();
        if questions.is_empty() {
            if changes.changed().await.is_err() {
                return Err(RpcError::internal("the task is gone"));
            }
            continue;
        }
        let asked = questions.iter().map(async |(key, question)| {
            let mut params = question.get("params").cloned().unwrap_or_else(|| json!({}));
            params["_meta"] = related.clone();
            let method = question["method"].as_str().unwrap_or_default();
            let answer = call.session.ask(&call.streams.related, method, &params).answer().await;
            if let Some(answer) = answer {
                task.settle(key, answer);
            }
        });
        join_all(asked).await;
    }
}

fn with_meta(text: &str, related: &Value) -> String {
    match text.strip_prefix('{').unwrap_or(text) {
        "}" => format!("{{\"_meta\":{related}}}"),
        rest => format!("{{\"_meta\":{related},{rest}"),
    }
}

fn named(call: &CallContext, request: &Message) -> Result<Arc<CallTask>, RpcError> {
    #[derive(Deserialize)]
    struct Params {
        #[serde(rename = "taskId")]
        task_id: String,
    }
    let params: Params = read_params(request, "`taskId` must be a string")?;
    let found = call.tasks.find(&params.task_id, &call.credential);
    found.ok_or_else(|| RpcError::invalid_params("there is no such task, or no longer"))
}
