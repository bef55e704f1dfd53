//! One task: its status, its questions, its outcome.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};
use tokio::sync::{oneshot, watch};
use tokio::task::AbortHandle;

use super::terms::Terms;
use crate::rounds::is_possible_answer;
use crate::rpc_error::RpcError;

/// The host's answer: a result, or an error object.
type QuestionAnswer = Result<Value, Value>;

/// The task that a call became, if it did, and the handle that stops the work.
#[derive(Debug, Default)]
pub(crate) struct Becomes {
    task: OnceLock<Arc<CallTask>>,
    running: OnceLock<AbortHandle>,
}

impl Becomes {
    pub(crate) fn task(&self) -> Option<&Arc<CallTask>> {
        self.task.get()
    }

    /// Sets the task, once: before or after the handle that stops the work is known.
    pub(crate) fn set(&self, task: Arc<CallTask>) {
        if let Some(running) = self.running.get() {
            task.runs_as(running.clone());
        }
        let _ = self.task.set(task);
    }

    pub(crate) fn runs_as(&self, running: AbortHandle) {
        if let Some(task) = self.task.get() {
            task.runs_as(running.clone());
        }
        let _ = self.running.set(running);
    }
}

/// A call that continues after it was answered with a handle.
#[derive(Debug)]
pub(crate) struct CallTask {
    id: String,
    owner: String,
    created: SystemTime,
    terms: Terms,
    state: Mutex<TaskState>,
    changed: watch::Sender<()>,
    /// Stops the work.
    work: OnceLock<AbortHandle>,
}

#[derive(Debug)]
struct TaskState {
    updated: SystemTime,
    end: Option<TaskEnd>,
    message: Option<String>,
    open: BTreeMap<String, OpenQuestion>,
    asked: u64,
}

/// How a task ended.
#[derive(Clone, Debug)]
pub(super) enum TaskEnd {
    /// The JSON text of the result.
    Completed(String),
    Failed(RpcError),
    Cancelled,
}

#[derive(Debug)]
struct OpenQuestion {
    question: Value,
    asker: oneshot::Sender<QuestionAnswer>,
}

impl CallTask {
    pub(super) fn new(id: String, owner: String, terms: Terms) -> Self {
        let now = SystemTime::now();
        let state =
            TaskState { updated: now, end: None, message: None, open: BTreeMap::new(), asked: 0 };
        Self {
            id,
            owner,
            created: now,
            terms,
            state: Mutex::new(state),
            changed: watch::Sender::new(()),
            work: OnceLock::new(),
        }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn owner(&self) -> &str {
        &self.owner
    }

    pub(super) fn created(&self) -> SystemTime {
        self.created
    }

    pub(super) fn updated(&self) -> SystemTime {
        self.lock().updated
    }

    pub(super) fn terms(&self) -> Terms {
        self.terms
    }

    pub(super) fn is_expired(&self) -> bool {
        self.created.elapsed().is_ok_and(|age| age >= self.terms.ttl)
    }

    /// Sets the handle that stops the work.
    fn runs_as(&self, work: AbortHandle) {
        // Set once, by the code that started it.
        let _ = self.work.set(work);
    }

    /// Sets the status message.
    pub(crate) fn tell(&self, message: &str) {
        self.update(|state| state.message = Some(message.to_owned()));
    }

    /// Ends with the outcome of the call.
    pub(crate) fn finish(&self, outcome: Result<String, RpcError>) {
        self.end_as(match outcome {
            Ok(text) => TaskEnd::Completed(text),
            Err(error) => TaskEnd::Failed(error),
        });
    }

    /// Stops the work. Returns false if the task had already ended; it stays as it is.
    pub(crate) fn cancel(&self) -> bool {
        let cancelled = self.end_as(TaskEnd::Cancelled);
        if cancelled && let Some(work) = self.work.get() {
            work.abort();
        }
        cancelled
    }

    /// Asks the host a question through the task; `None` if the task ended before an answer.
    pub(crate) async fn ask(&self, method: &str, params: &Value) -> Option<QuestionAnswer> {
        let (asker, answer) = oneshot::channel();
        let mut question = json!({ "method": method });
        if !params.is_null() {
            question["params"] = params.clone();
        }
        self.update(|state| {
            state.asked += 1;
            // Never used twice in the life of a task (SEP-2663).
            let key = format!("ask-{}", state.asked);
            state.open.insert(key, OpenQuestion { question, asker });
        });
        answer.await.ok()
    }

    /// Takes the host's answers. Unknown keys and values that cannot be an answer are ignored.
    pub(crate) fn answer(&self, answers: Map<String, Value>) {
        for (key, answer) in answers {
            let fitting = self.lock().open.get(&key).is_some_and(|open| {
                is_possible_answer(open.question["method"].as_str().unwrap_or_default(), &answer)
            });
            if fitting {
                self.settle(&key, Ok(answer));
            }
        }
    }

    /// Takes the answer to one question.
    pub(crate) fn settle(&self, key: &str, answer: QuestionAnswer) {
        let mut asker = None;
        self.update(|state| asker = state.open.remove(key).map(|open| open.asker));
        if let Some(asker) = asker {
            // The work may have been stopped in the meantime.
            let _ = asker.send(answer);
        }
    }

    /// Returns the open questions, by key.
    pub(crate) fn questions(&self) -> Map<String, Value> {
        let state = self.lock();
        state.open.iter().map(|(key, open)| (key.clone(), open.question.clone())).collect()
    }

    pub(super) fn message(&self) -> Option<String> {
        self.lock().message.clone()
    }

    pub(super) fn end(&self) -> Option<TaskEnd> {
        self.lock().end.clone()
    }

    /// Returns the outcome if the task ended: its result, its error, or an error for a cancelled
    /// task.
    pub(crate) fn outcome(&self) -> Option<Result<String, RpcError>> {
        Some(match self.end()? {
            TaskEnd::Completed(text) => Ok(text),
            TaskEnd::Failed(error) => Err(error),
            TaskEnd::Cancelled => Err(RpcError::internal("the task was cancelled")),
        })
    }

    /// Returns a receiver that is notified of every change.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    fn end_as(&self, end: TaskEnd) -> bool {
        let mut ended = false;
        self.update(|state| {
            if state.end.is_none() {
                state.end = Some(end);
                state.open.clear();
                ended = true;
            }
        });
        ended
    }

    fn update(&self, change: impl FnOnce(&mut TaskState)) {
        {
            let mut state = self.lock();
            change(&mut state);
            state.updated = SystemTime::now();
        }
        self.changed.send_replace(());
    }

    fn lock(&self) -> MutexGuard<'_, TaskState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns a duration in milliseconds.
pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mcp_tether_wire::protocol::methods;

    fn task() -> CallTask {
        CallTask::new("t".to_owned(), "me".to_owned(), Terms::default())
    }

    #[tokio::test]
    async fn a_question_is_open_until_it_is_answered_in_a_way_that_fits() {
        let task = task();
        let answers = async {
            assert!(task.questions().contains_key("ask-1"));
            let mut answers = Map::new();
            answers.insert("ask-1".to_owned(), 7.into());
            answers.insert("nobody-asked".to_owned(), json!({ "action": "accept" }));
            task.answer(answers.clone());
            assert!(task.questions().contains_key("ask-1"), "that was no answer");
            answers.insert("ask-1".to_owned(), json!({ "action": "accept" }));
            task.answer(answers);
        };
        let params = json!({});
        let (answer, ()) = tokio::join!(task.ask(methods::ELICIT, &params), answers);
        assert_eq!(answer, Some(Ok(json!({ "action": "accept" }))));
        assert!(task.questions().is_empty());
    }

    #[tokio::test]
    async fn the_first_end_counts_and_takes_open_questions_with_it() {
        let task = task();
        let cancel = async { assert!(task.cancel()) };
        let (answer, ()) = tokio::join!(task.ask(methods::LIST_ROOTS, &Value::Null), cancel);
        assert_eq!(answer, None);
        task.finish(Ok("{}".to_owned()));
        assert!(!task.cancel());
        assert!(matches!(task.end(), Some(TaskEnd::Cancelled)));
    }
}
