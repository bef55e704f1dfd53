//! Tools of 2025-11-25 that only run as tasks, for a host that has none of those tasks: the bridge
//! runs the task itself and gives the host the result (E-74).

use std::time::{Duration, Instant};

use serde_json::json;

use super::calls::Stage;
use super::refusal::fault_of_server;
use super::timers::Timer;
use super::{Asked, ModernHost};
use crate::jsonrpc::{Kind, Message};
use crate::protocol::methods;

/// The pause between questions how a task stands, where the server names none.
const PAUSE: Duration = Duration::from_secs(1);
/// What a server may name.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(60));

/// The task behind a call.
#[derive(Debug, Default)]
pub(super) struct Task {
    /// The server's name for it, once it has been made.
    pub(super) id: Option<String>,
    pause: Option<u64>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    task_id: String,
    status: String,
    #[serde(default)]
    poll_interval: Option<u64>,
}

#[derive(serde::Deserialize)]
struct Created {
    task: Told,
}

impl ModernHost {
    /// Whether a tool that the server does not run as it was asked may need a task: a server
    /// answers `-32601` then and does nothing (2025-11-25 `basic/utilities/tasks`, tool-level
    /// negotiation).
    pub(super) fn may_run_as_task(&self, number: u64) -> bool {
        let offered = self.session.setting("tasks").is_some_and(|tasks| {
            tasks.pointer("/requests/tools/call").is_some_and(serde_json::Value::is_object)
        });
        let fits = |call: &super::Call| call.method() == methods::TOOLS_CALL && call.task.is_none();
        offered && self.calls.get(&number).is_some_and(fits)
    }

    pub(super) fn run_as_task(&mut self, number: u64) {
        if let Some(call) = self.calls.get_mut(&number) {
            call.task = Some(Task::default());
            self.send_call(number);
        }
    }

    /// The member `task` of a call that is to run as one.
    pub(super) fn task_parameter(&self, number: u64) -> Option<String> {
        self.calls.get(&number)?.task.as_ref().map(|_| "{}".to_owned())
    }

    /// Whether this answers a call by the task that was made of it.
    pub(super) fn take_task(&mut self, number: u64, answer: &Message, now: Instant) -> bool {
        let Some(call) = self.calls.get_mut(&number) else { return false };
        let Some(task) = call.task.as_mut().filter(|task| task.id.is_none()) else { return false };
        let Some(Created { task: told }) = answer.outcome_as() else { return false };
        task.id = Some(told.task_id.clone());
        call.stage = Stage::Paused;
        self.follow_task(number, &told, now);
        true
    }

    /// Goes on as the status of the task says: its result is fetched when it is there, and also
    /// when the task has questions, which come on the stream of that request.
    fn follow_task(&mut self, number: u64, told: &Told, now: Instant) {
        let Some(call) = self.calls.get_mut(&number).filter(|call| call.is_paused()) else {
            return;
        };
        let Some(task) = &mut call.task else { return };
        task.pause = told.poll_interval.or(task.pause);
        if told.status == "working" {
            let named = task.pause.map_or(PAUSE, Duration::from_millis);
            let at = now + named.clamp(PAUSES.0, PAUSES.1);
            return self.timers.set(at, Timer::Poll { call: number });
        }
        let params = json!({ "taskId": told.task_id });
        let ours = self.ask(Asked::Call(number), methods::TASKS_RESULT, &params);
        if let Some(call) = self.calls.get_mut(&number) {
            call.stage = Stage::Sent(ours);
        }
    }

    pub(super) fn poll_task(&mut self, number: u64) {
        let Some(call) = self.calls.get(&number).filter(|call| call.is_paused()) else { return };
        let Some(id) = call.task.as_ref().and_then(|task| task.id.clone()) else { return };
        self.ask(Asked::TaskStatus(number), methods::TASKS_GET, &json!({ "taskId": id }));
    }

    pub(super) fn task_status(&mut self, number: u64, answer: &Message, now: Instant) {
        match answer.outcome_as::<Told>() {
            Some(told) if answer.kind() == Kind::Response => self.follow_task(number, &told, now),
            None if answer.kind() == Kind::Response => {
                self.end_with(number, &fault_of_server("server lost the task of this call"));
            }
            _ if self.calls.contains_key(&number) => self.conclude(number, answer),
            _ => {}
        }
    }

    /// The server says how a task stands, unasked.
    pub(super) fn task_changed(&mut self, message: &Message, now: Instant) {
        let Some(told) = message.params_as::<Told>() else { return };
        let behind = |call: &&super::Call| {
            call.task.as_ref().is_some_and(|task| task.id.as_deref() == Some(&told.task_id))
        };
        let found = self.calls.iter().find(|(_, call)| behind(call)).map(|(number, _)| *number);
        if let Some(number) = found.filter(|_| told.status != "working") {
            self.follow_task(number, &told, now);
        }
    }
}
