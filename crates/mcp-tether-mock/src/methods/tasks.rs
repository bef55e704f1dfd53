//! Tasks on the wire: how a call becomes one, and the methods that look after them, in the words of
//! 2025-11-25 (`basic/utilities/tasks`) and of the extension of 2026-07-28 (SEP-2663).

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::lists;
use super::params::read_params;
use crate::product::{Call, Tool};
use crate::rpc_error::{Outcome, RpcError};
use crate::state::Shared;
use crate::tasks::{Form, Task, TaskSupport, Terms};
use mcp_tether_wire::jsonrpc::Message;
use mcp_tether_wire::protocol::meta::{self, extensions};
use mcp_tether_wire::protocol::{Era, ProtocolVersion, codes, methods};

/// Whether this host knows tasks of the extension.
fn declares_extension(call: &Call) -> bool {
    call.session.host_has(&format!("/extensions/{}", extensions::TASKS.replace('/', "~1")))
}

/// Makes a task of a call before it begins, or refuses it, as its tool and its host want it.
pub(super) fn enter(call: &Call, tool: &Tool, request: &Message) -> Result<(), RpcError> {
    match call.session.version() {
        ProtocolVersion::V2025_11_25 => enter_legacy(call, tool, request),
        version if version.era() == Era::Modern => enter_modern(call, tool),
        _ => Ok(()),
    }
}

/// The host decides, by a parameter.
fn enter_legacy(call: &Call, tool: &Tool, request: &Message) -> Result<(), RpcError> {
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
                Form::Legacy,
                Terms { ttl: ttl.unwrap_or(call.terms.ttl), ..call.terms },
            );
            Ok(())
        }
    }
}

/// The remote decides, if the host knows tasks.
fn enter_modern(call: &Call, tool: &Tool) -> Result<(), RpcError> {
    let known = declares_extension(call);
    match tool.tasks {
        TaskSupport::Required | TaskSupport::Late if !known => {
            Err(RpcError::needs_tasks_extension())
        }
        TaskSupport::Optional | TaskSupport::Required if known => {
            call.continue_as_task(Form::Extension, call.terms);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The methods of the extension.
pub(super) fn extension(call: &Call, request: &Message) -> Outcome {
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

/// The methods of 2025-11-25.
pub(super) async fn legacy(shared: &Shared, call: &Call, request: &Message) -> Outcome {
    match request.method() {
        methods::TASKS_LIST => {
            let all = call.tasks.of(&call.credential);
            let all = all.iter().map(|task| task.handle(Form::Legacy).into()).collect();
            lists::page(shared, request, "tasks", all)
        }
        methods::TASKS_RESULT => result(call, &*named(call, request)?).await,
        methods::TASKS_CANCEL => {
            let task = named(call, request)?;
            if !task.cancel() {
                return Err(RpcError::invalid_params("the task has ended already"));
            }
            Ok(Value::from(task.handle(Form::Legacy)).to_string())
        }
        _ => Ok(Value::from(named(call, request)?.handle(Form::Legacy)).to_string()),
    }
}

/// Waits for the end of a task, and meanwhile puts its questions to the host on this stream.
async fn result(call: &Call, task: &Task) -> Outcome {
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

fn named(call: &Call, request: &Message) -> Result<Arc<Task>, RpcError> {
    #[derive(Deserialize)]
    struct Params {
        #[serde(rename = "taskId")]
        task_id: String,
    }
    let params: Params = read_params(request, "`taskId` must be a string")?;
    let found = call.tasks.find(&params.task_id, &call.credential);
    found.ok_or_else(|| RpcError::invalid_params("there is no such task, or no longer"))
}
