//! Tools of 2025-11-25 that run only as tasks, for a host that does not support those: the bridge
//! runs the task and gives the host its result (E-74).

use std::time::Duration;

use serde_json::json;

use super::calls::CallStage;
use super::refusal::fault_of_server;
use super::timers::Timer;
use super::{HostContext, ModernHost, RequestPurpose};
use crate::jsonrpc::{Message, MessageKind};
use crate::pace::TASK_POLL;
use crate::protocol::methods;

/// The polling interval of a task if the server names none.
const PAUSE: Duration = Duration::from_secs(1);

/// The task behind a call.
#[derive(Debug, Default)]
pub(super) struct LegacyTask {
    /// The server's id of the task, once it was created.
    pub(super) id: Option<String>,
    pause: Option<u64>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct TaskState {
    task_id: String,
    status: String,
    #[serde(default)]
    poll_interval: Option<u64>,
}

#[derive(serde::Deserialize)]
struct CreatedTask {
    task: TaskState,
}

impl ModernHost {
    /// Returns whether a tool call that the server refused may have to run as a task: the server
    /// then answers `-32601` and does nothing (2025-11-25 `basic/utilities/tasks`, tool-level
    /// negotiation).
    pub(super) fn may_run_as_task(&self, number: u64) -> bool {
        let offered = self.session.setting("tasks").is_some_and(|tasks| {
            tasks.pointer("/requests/tools/call").is_some_and(serde_json::Value::is_object)
        });
        let fits =
            |call: &super::HostCall| call.method() == methods::TOOLS_CALL && call.task.is_none();
        offered && self.calls.get(&number).is_some_and(fits)
    }

    /// Sends a call once more, as a task, because the tool only runs as one.
    pub(super) fn run_as_task(&mut self, number: u64, cx: &mut HostContext<'_>) {
        if let Some(call) = self.calls.get_mut(&number) {
            call.task = Some(LegacyTask::default());
            self.send_call(number, cx);
        }
    }

    /// The member `task` of a call that has to run as a task.
    pub(super) fn task_parameter(&self, number: u64) -> Option<String> {
        self.calls.get(&number)?.task.as_ref().map(|_| "{}".to_owned())
    }

    /// Records the task that the server created for a call; returns whether the answer is one.
    pub(super) fn handle_task(
        &mut self,
        number: u64,
        answer: &Message,
        cx: &mut HostContext<'_>,
    ) -> bool {
        let Some(call) = self.calls.get_mut(&number) else { return false };
        let Some(task) = call.task.as_mut().filter(|task| task.id.is_none()) else { return false };
        let Some(CreatedTask { task: state }) = answer.outcome_as() else { return false };
        task.id = Some(state.task_id.clone());
        call.stage = CallStage::Paused;
        self.follow_task(number, &state, cx);
        true
    }

    /// Continues by the task's status: fetches the result when it is finished, and also when it has
    /// questions, which arrive on the stream of that request.
    fn follow_task(&mut self, number: u64, state: &TaskState, cx: &mut HostContext<'_>) {
        let Some(call) = self.calls.get_mut(&number).filter(|call| call.is_paused()) else {
            return;
        };
        let Some(task) = &mut call.task else { return };
        task.pause = state.poll_interval.or(task.pause);
        if state.status == "working" {
            let named = task.pause.map_or(PAUSE, Duration::from_millis);
            let at = cx.now + TASK_POLL.clamp(named);
            return self.timers.set(at, Timer::Poll { call: number });
        }
        let params = json!({ "taskId": state.task_id });
        let ours = self.ask(RequestPurpose::Call(number), methods::TASKS_RESULT, &params, cx);
        if let Some(call) = self.calls.get_mut(&number) {
            call.stage = CallStage::Sent(ours);
        }
    }

    /// Requests the status of this call's task.
    pub(super) fn poll_task(&mut self, number: u64, cx: &mut HostContext<'_>) {
        let Some(call) = self.calls.get(&number).filter(|call| call.is_paused()) else { return };
        let Some(id) = call.task.as_ref().and_then(|task| task.id.clone()) else { return };
        self.ask(
            RequestPurpose::TaskStatus(number),
            methods::TASKS_GET,
            &json!({ "taskId": id }),
            cx,
        );
    }

    /// Handles the answer to a status request.
    pub(super) fn task_status(&mut self, number: u64, answer: &Message, cx: &mut HostContext<'_>) {
        match answer.outcome_as::<TaskState>() {
            Some(state) if answer.kind() == MessageKind::Response => {
                self.follow_task(number, &state, cx)
            }
            None if answer.kind() == MessageKind::Response => {
                let text = "server's answer about the task of this call is not a task";
                self.end_with(number, &fault_of_server(text), cx);
            }
            _ if self.calls.contains_key(&number) => self.conclude(number, answer, cx),
            _ => {}
        }
    }

    /// Handles a notification about the state of a task.
    pub(super) fn task_changed(&mut self, message: &Message, cx: &mut HostContext<'_>) {
        let Some(state) = message.params_as::<TaskState>() else { return };
        let behind = |call: &&super::HostCall| {
            call.task.as_ref().is_some_and(|task| task.id.as_deref() == Some(&state.task_id))
        };
        let found = self.calls.iter().find(|(_, call)| behind(call)).map(|(number, _)| *number);
        if let Some(number) = found.filter(|_| state.status != "working") {
            self.follow_task(number, &state, cx);
        }
    }
}
