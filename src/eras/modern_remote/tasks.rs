//! Tasks of the extension `io.modelcontextprotocol/tasks`, hidden from the legacy host (E-70 to
//! E-72): polls a task, asks the host for the input that it needs, passes the answers on, and gives
//! the host the final result.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Due, ModernRemote, RemoteContext, Role, own_response, protocol_failure};
use crate::error::{Failure, FailureKind};
use crate::jsonrpc::{Change, Message, MessageKind, Object, RequestId};
use crate::pace::TASK_POLL;
use crate::protocol::meta::rounds::REQUESTS;
use crate::protocol::methods;

/// The first polling interval of a task that names none (E-70). It grows up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// How many polls in a row may be lost.
const LOSSES: u32 = 5;
/// The largest number of tasks that are polled at a time (S-12).
const TASKS: usize = 1000;

/// A task that a call became.
#[derive(Debug)]
pub(super) struct RemoteTask {
    id: String,
    interval: Option<Duration>,
    polls: u32,
    losses: u32,
    /// The keys that the host was asked for over the life of the task (E-71).
    asked: BTreeSet<String>,
}

impl ModernRemote {
    /// Handles the result type `task`.
    pub(super) fn begin_task(
        &mut self,
        number: u64,
        result: &Object<'_>,
        cx: &mut RemoteContext<'_>,
    ) {
        let Some(id) = result.text("taskId") else {
            return self.fail(number, protocol_failure("the server made a task without an id"), cx);
        };
        let polled = self.calls.values().filter(|call| call.task.is_some()).count();
        if let Some(call) = self.calls.get_mut(&number) {
            let (polls, losses, asked) = (0, 0, BTreeSet::new());
            call.task = Some(RemoteTask { id, interval: interval(result), polls, losses, asked });
        }
        if polled >= TASKS {
            self.end_task(number, cx);
            let text =
                format!("the server runs {TASKS} tasks for us already, so this one was cancelled");
            return self.fail(number, lost_task(text), cx);
        }
        self.poll_later(number, cx);
    }

    /// Schedules the next poll of this call's task, unless the call takes too long.
    pub(super) fn poll_later(&mut self, number: u64, cx: &mut RemoteContext<'_>) {
        let limit = self.options.limit;
        let Some(call) = self.calls.get_mut(&number) else { return };
        if call.is_overdue(limit, cx.now) {
            self.end_task(number, cx);
            let failure = Failure::timed_out("--request-timeout", limit, |limit| {
                format!("the task did not finish within {limit}")
            });
            return self.fail(number, failure, cx);
        }
        let Some(task) = &mut call.task else { return };
        let growing = FIRST_PAUSE.saturating_mul(1 << task.polls.min(5)).min(LONGEST_PAUSE);
        task.polls += 1;
        let pause = TASK_POLL.clamp(task.interval.unwrap_or(growing));
        self.later(pause, Due::Poll(number), cx);
    }

    /// Polls this call's task.
    pub(super) fn poll(&mut self, number: u64, cx: &mut RemoteContext<'_>) {
        let Some(task) = self.calls.get(&number).and_then(|call| call.task.as_ref()) else {
            return;
        };
        let params = about(&task.id);
        self.ask_aside(methods::TASKS_GET, &params, None, Role::Poll(number), cx);
    }

    /// Handles the state of a task.
    pub(super) fn handle_task(
        &mut self,
        number: u64,
        answer: &Message,
        cx: &mut RemoteContext<'_>,
    ) {
        if answer.kind() == MessageKind::ErrorResponse {
            return self.finish(number, answer.clone(), Vec::new(), cx);
        }
        let Some(state) = answer.outcome().and_then(Object::parse) else {
            return self.fail(number, protocol_failure("server's task is not an object"), cx);
        };
        if let Some(task) = self.calls.get_mut(&number).and_then(|call| call.task.as_mut()) {
            task.losses = 0;
            task.interval = interval(&state).or(task.interval);
        }
        match state.text("status").as_deref() {
            Some("working") => self.poll_later(number, cx),
            Some("input_required") => self.task_asks(number, &state, cx),
            Some("completed") => match state.get("result").and_then(own_response) {
                Some(result) => self.complete(number, &result, cx),
                None => self.fail(number, protocol_failure("the finished task has no result"), cx),
            },
            Some("failed") => match state.get("error") {
                Some(error) => {
                    let answer = Message::error(&RequestId::from(0), error);
                    self.finish(number, answer, Vec::new(), cx);
                }
                None => self.fail(number, protocol_failure("the failed task has no error"), cx),
            },
            Some("cancelled") => self.fail(number, lost_task("the server cancelled the task"), cx),
            _ => self.fail(number, protocol_failure("the task is in an unknown state"), cx),
        }
    }

    /// Asks the host for the input that the task waits for, once per key (E-71).
    fn task_asks(&mut self, number: u64, state: &Object<'_>, cx: &mut RemoteContext<'_>) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        let Some(task) = &mut call.task else { return };
        let requests = state.get(REQUESTS).and_then(Object::parse);
        let Some(requests) = requests.filter(|_| call.round.is_none()) else {
            return self.poll_later(number, cx);
        };
        let known = task.asked.clone();
        let new = requests.rewritten(
            |member| if known.contains(&member.name) { Change::Remove } else { Change::Keep },
            &[],
        );
        let names = requests.members().iter().map(|member| member.name.clone());
        task.asked.extend(names);
        if Object::parse(&new).is_none_or(|new| new.members().is_empty()) {
            return self.poll_later(number, cx);
        }
        self.ask_host(number, Some(&new), cx);
        self.go_on(number, cx);
    }

    /// Passes the host's answers to the task, without sending the call again.
    pub(super) fn update_task(&mut self, number: u64, responses: &str, cx: &mut RemoteContext<'_>) {
        let Some(task) = self.calls.get(&number).and_then(|call| call.task.as_ref()) else {
            return;
        };
        let id = serde_json::Value::from(task.id.as_str());
        let params = format!(r#"{{"taskId":{id},"inputResponses":{responses}}}"#);
        self.ask_aside(methods::TASKS_UPDATE, &params, None, Role::Update(number), cx);
    }

    /// Handles a poll or an update that was lost. A lost poll is repeated; a lost update fails the
    /// call.
    pub(super) fn task_unheard(
        &mut self,
        number: u64,
        role: Role,
        failure: Failure,
        cx: &mut RemoteContext<'_>,
    ) {
        let task = self.calls.get_mut(&number).and_then(|call| call.task.as_mut());
        let Some(task) = task else { return };
        task.losses += 1;
        let lasting = matches!(role, Role::Update(_)) || !failure.kind.is_transient();
        if lasting || task.losses > LOSSES {
            return self.fail(number, failure, cx);
        }
        self.poll_later(number, cx);
    }

    /// Cancels a task by its own method, because the host cancelled the call (E-72).
    pub(super) fn end_task(&mut self, number: u64, cx: &mut RemoteContext<'_>) {
        let Some(task) = self.calls.get(&number).and_then(|call| call.task.as_ref()) else {
            return;
        };
        let params = about(&task.id);
        self.ask_aside(methods::TASKS_CANCEL, &params, None, Role::Aside, cx);
    }
}

fn about(id: &str) -> String {
    format!(r#"{{"taskId":{}}}"#, serde_json::Value::from(id))
}

fn interval(state: &Object<'_>) -> Option<Duration> {
    let milliseconds: f64 = serde_json::from_str(state.get("pollIntervalMs")?).ok()?;
    let sane = milliseconds.is_finite() && milliseconds >= 0.0;
    sane.then(|| Duration::from_millis(milliseconds.min(3_600_000.0) as u64))
}

/// The failure for a task that was cancelled, whether it had begun its work or not.
fn lost_task(text: impl AsRef<str>) -> Failure {
    Failure::new(FailureKind::Lost, text)
        .hint("the server may have done part of the work: check, then call the tool again")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::Played;

    fn task(state: Value) -> Value {
        let mut task = json!({ "resultType": "complete", "taskId": "t1", "pollIntervalMs": 500 });
        for (name, value) in state.as_object().unwrap() {
            task[name] = value.clone();
        }
        task
    }

    /// A call that became a task.
    fn begun() -> Played {
        let mut played = Played::open();
        let listing = played.request("tools/list", json!({}));
        played.answer(listing, json!({ "tools": [{ "name": "build" }] }));
        played.outcome();
        let call = played.request("tools/call", json!({ "name": "build" }));
        let meta = &played.body(call)["params"]["_meta"];
        let declared = &meta["io.modelcontextprotocol/clientCapabilities"];
        assert_eq!(declared["extensions"]["io.modelcontextprotocol/tasks"], json!({}));
        played.answer(call, task(json!({ "resultType": "task", "status": "working" })));
        played
    }

    fn polled(played: &mut Played) -> u64 {
        assert_eq!(played.wait().as_millis(), 500, "the interval is honoured");
        let poll = played.last_exchange();
        assert_eq!(played.body(poll)["method"], "tasks/get");
        assert_eq!(played.header(poll, "mcp-name"), Some("t1"));
        poll
    }

    /// S-39
    #[test]
    fn a_task_is_polled_neither_at_once_nor_hardly_ever() {
        for (asked, expected) in [(0, 20), (100_000_000, 300_000)] {
            let mut played = begun();
            let poll = polled(&mut played);
            let state = json!({ "status": "working", "pollIntervalMs": asked });
            played.answer(poll, task(state));
            assert_eq!(played.wait().as_millis(), expected, "{asked}");
        }
    }

    /// E-70: each terminal state
    #[test]
    fn the_host_gets_what_the_task_ends_with() {
        let ends = [
            (
                json!({
                    "status": "completed",
                    "result": { "resultType": "complete", "content": [] },
                }),
                json!({ "content": [] }),
            ),
            (
                json!({ "status": "failed", "error": { "code": 7, "message": "m" } }),
                json!({ "code": 7, "message": "m" }),
            ),
        ];
        for (state, expected) in ends {
            let mut played = begun();
            let poll = polled(&mut played);
            played.answer(poll, task(json!({ "status": "working" })));
            let poll = polled(&mut played);
            played.answer(poll, task(state));
            assert_eq!(played.outcome(), expected);
        }
        let mut played = begun();
        let poll = polled(&mut played);
        played.answer(poll, task(json!({ "status": "cancelled" })));
        assert_eq!(played.outcome()["bridge"], "lost", "part of the work may be done");
    }

    /// E-71
    #[test]
    fn the_host_is_asked_once_per_key_over_the_tasks_life() {
        let mut played = begun();
        let form = json!({ "method": "elicitation/create", "params": { "message": "m" } });
        let waiting = task(json!({ "status": "input_required", "inputRequests": { "n": form } }));
        let poll = polled(&mut played);
        played.answer(poll, waiting.clone());
        let question = played.questions().remove(0);
        played.reply(&question, json!({ "action": "accept", "content": {} }));
        let update = played.last_exchange();
        assert_eq!(played.body(update)["method"], "tasks/update");
        assert_eq!(played.header(update, "mcp-name"), Some("t1"));
        assert_eq!(played.body(update)["params"]["inputResponses"]["n"]["action"], "accept");
        played.answer(update, json!({ "resultType": "complete" }));
        for _ in 0..2 {
            let poll = polled(&mut played);
            played.answer(poll, waiting.clone());
            assert!(played.questions().is_empty());
        }
    }

    /// E-72
    #[test]
    fn cancelling_the_call_cancels_the_task_by_its_own_method() {
        let mut played = begun();
        played.cancel();
        let cancel = played.last_exchange();
        assert_eq!(played.body(cancel)["method"], "tasks/cancel");
        assert_eq!(played.header(cancel, "mcp-name"), Some("t1"));
        assert!(played.try_outcome().is_none());
    }

    /// S-12: a task too many is cancelled, and the others go on
    #[test]
    fn the_number_of_tasks_that_are_polled_is_bounded() {
        let mut played = begun();
        let working = json!({ "resultType": "task", "taskId": "t1", "status": "working" });
        for _ in 1..1000 {
            let call = played.request("tools/call", json!({ "name": "build" }));
            played.answer(call, working.clone());
            assert!(played.try_outcome().is_none());
        }
        let call = played.request("tools/call", json!({ "name": "build" }));
        played.answer(call, task(json!({ "resultType": "task", "taskId": "t2" })));
        assert_eq!(played.outcome()["bridge"], "lost");
        let cancel = played.last_exchange();
        assert_eq!(played.body(cancel)["method"], "tasks/cancel");
        assert_eq!(played.header(cancel, "mcp-name"), Some("t2"));
        let poll = polled(&mut played);
        played.answer(poll, task(json!({ "status": "completed", "result": { "content": [] } })));
        assert_eq!(played.outcome(), json!({ "content": [] }));
    }

    /// E-75
    #[test]
    fn the_methods_of_2025_11_25_are_not_offered() {
        let mut played = Played::open();
        for method in ["tasks/list", "tasks/get", "tasks/result", "tasks/cancel"] {
            assert_eq!(played.local(method, json!({ "taskId": "t" }))["code"], -32601);
        }
    }
}
