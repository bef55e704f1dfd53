//! One open request: the messages and questions to the host before its answer. A product does not
//! know the era: it awaits the answer to a question in both (`rounds`, `session`).

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::profile::Profile;
use crate::connections::HostConnections;
use crate::events::EventLog;
use crate::notification::notification;
use crate::revisions::RevisionRules;
use crate::rounds::Rounds;
use crate::rpc_error::RpcError;
use crate::session::{HostSession, LogSeverity, capability_for};
use crate::tasks::{Becomes, CallTask, TaskForm, Tasks, Terms, announce};
use mcp_tether_wire::jsonrpc::{Message, RequestId, result_response};
use mcp_tether_wire::protocol::meta::result_type;
use mcp_tether_wire::protocol::{Era, ProtocolVersion, methods};

/// The streams for the messages of a request.
#[derive(Clone, Debug)]
pub(crate) struct Streams {
    /// The stream of its answer.
    pub(crate) answers: Arc<EventLog>,
    /// The stream of the messages before the answer.
    pub(crate) related: Arc<EventLog>,
}

/// One open request.
pub(crate) struct CallContext {
    /// How the product presents itself.
    pub(crate) profile: Profile,
    pub(crate) connections: Arc<HostConnections>,
    pub(crate) tasks: Arc<Tasks>,
    pub(crate) session: Arc<HostSession>,
    /// The account behind the credential of the call.
    pub(crate) credential: String,
    pub(crate) streams: Streams,
    pub(crate) progress_token: Option<Value>,
    pub(crate) asking: QuestionChannel,
    /// The id of the request.
    pub(crate) id: RequestId,
    /// The task that this call becomes, if any.
    pub(crate) becomes: Arc<Becomes>,
    /// How long a new task lives, and how often it should be polled.
    pub(crate) terms: Terms,
}

/// How questions reach the host.
pub(crate) enum QuestionChannel {
    /// As requests on a stream of the session.
    Session,
    /// As results that ask for input; the host repeats the call with the answers (2026-07-28).
    Rounds(Rounds),
}

/// A question to the host, asked with [`QuestionToHost::answer`].
pub(crate) struct QuestionToHost<'a> {
    call: &'a CallContext,
    key: Option<&'static str>,
    method: &'a str,
    params: &'a Value,
    unguarded: bool,
}

impl QuestionToHost<'_> {
    /// Names the question: its key in `inputRequests`.
    pub(crate) fn named(self, key: &'static str) -> Self {
        Self { key: Some(key), ..self }
    }

    /// Also accepts an answer from a host that was not asked yet; not for confirmations.
    pub(crate) fn unguarded(self) -> Self {
        Self { unguarded: true, ..self }
    }

    /// Returns the host's answer: its result, or its error object in the `Err`. `None` if the
    /// session ended first. If questions are asked in rounds, the code before this runs again in
    /// each of them.
    pub(crate) async fn answer(self) -> Option<Result<Value, Value>> {
        if let Some(task) = self.call.task() {
            return task.ask(self.method, self.params).await;
        }
        match &self.call.asking {
            QuestionChannel::Session => {
                let streams = &self.call.streams;
                let asked = self.call.session.ask(&streams.related, self.method, self.params);
                asked.answer().await
            }
            QuestionChannel::Rounds(rounds) => {
                let answer = rounds.ask(self.key, self.method, self.params, self.unguarded);
                Some(Ok(answer.await))
            }
        }
    }
}

impl CallContext {
    /// Returns the token for progress notifications about `request`, if the host asked for them.
    pub(crate) fn progress_token(request: &Message) -> Option<Value> {
        #[derive(Deserialize)]
        struct Meta {
            #[serde(rename = "progressToken")]
            progress_token: Option<Value>,
        }
        #[derive(Deserialize)]
        struct Params {
            #[serde(rename = "_meta")]
            meta: Option<Meta>,
        }
        request.params_as::<Params>()?.meta?.progress_token
    }

    /// Sends progress, if the host asked for it.
    pub(crate) fn progress(&self, done: u64, total: u64, message: &str) {
        let Some(token) = &self.progress_token else {
            return;
        };
        let mut params = json!({ "progressToken": token, "progress": done, "total": total });
        if RevisionRules::of(self.session.version()).progress_message {
            params["message"] = message.into();
        }
        self.notify(methods::PROGRESS, &params);
    }

    /// Sends a log message, if the host wants its level.
    pub(crate) fn log(&self, level: LogSeverity, logger: &str, data: &Value) {
        if self.session.wants_level(level) {
            let params = json!({ "level": level.name(), "logger": logger, "data": data });
            self.notify(methods::LOG_MESSAGE, &params);
        }
    }

    /// Sends a notification.
    pub(crate) fn notify(&self, method: &str, params: &Value) {
        self.streams.related.say(notification(method, params));
    }

    /// Returns whether the host can be asked this: it declared it, its revision has it, and there
    /// is a stream to ask on.
    pub(crate) fn can_ask(&self, method: &str) -> bool {
        let known =
            method != methods::ELICIT || RevisionRules::of(self.session.version()).elicitation;
        let said = capability_for(method).is_none_or(|pointer| self.session.host_has(pointer));
        known && said && self.is_heard()
    }

    /// Returns whether the host can send its user to a URL (2025-11-25 and later).
    pub(crate) fn can_visit(&self) -> bool {
        let known = self.session.version() >= ProtocolVersion::V2025_11_25;
        known && self.session.host_has("/elicitation/url") && self.is_heard()
    }

    /// Sends the completion of an elicitation by URL, if that has an id (2025-11-25).
    pub(crate) fn tell_completed(&self, params: &Value) {
        let Some(id) = params.get("elicitationId") else {
            return;
        };
        let told = json!({ "elicitationId": id });
        // Not on the stream of the call, which may have ended by then.
        if self.session.has_standalone() {
            let text = notification(methods::ELICITATION_COMPLETE, &told);
            self.session.standalone().say(text);
        } else {
            self.notify(methods::ELICITATION_COMPLETE, &told)
        }
    }

    /// Refuses the request if the host cannot be asked `method`.
    ///
    /// # Errors
    /// The host did not declare the capability, or there is no stream to ask on.
    pub(crate) fn require(&self, method: &str) -> Result<(), RpcError> {
        if self.can_ask(method) {
            return Ok(());
        }
        if self.session.version().era() == Era::Legacy {
            return Err(RpcError::invalid_params(format!("this host cannot be asked `{method}`")));
        }
        let name = capability_for(method).unwrap_or_default().trim_start_matches('/');
        Err(RpcError::missing_capability(json!({ name: {} })))
    }

    /// Continues as a task, if the revision lets the remote decide that (2026-07-28).
    pub(crate) fn become_task(&self) {
        if self.session.version().era() == Era::Modern && self.task().is_none() {
            self.continue_as_task(TaskForm::Extension, self.terms);
        }
    }

    /// Answers with the handle of a new task. The work goes on whether or not a stream is open, and
    /// its outcome becomes the task's.
    pub(crate) fn continue_as_task(&self, form: TaskForm, terms: Terms) {
        let task = self.tasks.create(&self.credential, terms);
        let handle = task.handle(form);
        let result = match form {
            TaskForm::Legacy => json!({ "task": handle }),
            TaskForm::Extension => {
                let mut result = handle;
                result.insert(result_type::KEY.to_owned(), result_type::TASK.into());
                result.insert("_meta".to_owned(), self.profile.server_info_meta());
                result.into()
            }
        };
        let changes = task.changes();
        let connections = Arc::clone(&self.connections);
        tokio::spawn(announce(connections, Arc::clone(&task), changes, form));
        self.answer_as(task, &result);
    }

    /// Returns the task that it became, if any.
    pub(crate) fn task(&self) -> Option<&Arc<CallTask>> {
        self.becomes.task()
    }

    /// Sets the status message of the task.
    pub(crate) fn tell(&self, message: &str) {
        if let Some(task) = self.task() {
            task.tell(message);
        }
    }

    /// Postpones the call `times` times without asking anything. Does nothing outside rounds.
    pub(crate) async fn put_off(&self, times: u64) {
        if let QuestionChannel::Rounds(rounds) = &self.asking {
            rounds.put_off(times).await;
        }
    }

    fn is_heard(&self) -> bool {
        if self.task().is_some() {
            return true;
        }
        let own_stream = Arc::ptr_eq(&self.streams.related, &self.streams.answers);
        match self.asking {
            QuestionChannel::Session => {
                self.session.id().is_some() && (own_stream || self.streams.related.is_read())
            }
            QuestionChannel::Rounds(_) => true,
        }
    }

    /// Creates a question to the host.
    pub(crate) fn ask<'a>(&'a self, method: &'a str, params: &'a Value) -> QuestionToHost<'a> {
        QuestionToHost { call: self, key: None, method, params, unguarded: false }
    }

    fn answer_as(&self, task: Arc<CallTask>, result: &Value) {
        self.becomes.set(task);
        self.session.finish(&self.id);
        let answers = &self.streams.answers;
        answers.answer(result_response(&self.id, result));
        if !Arc::ptr_eq(answers, self.session.standalone()) {
            answers.end();
        }
    }
}
