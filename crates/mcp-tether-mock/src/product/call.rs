//! One request under way: what it may say to the host before its answer, and ask of it. A product
//! does not know the era: whoever asks awaits an answer (`rounds`, `session`).

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::profile::Profile;
use crate::connections::Connections;
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

/// Where a request's messages go.
#[derive(Clone, Debug)]
pub(crate) struct Streams {
    /// Its answer.
    pub(crate) answers: Arc<EventLog>,
    /// What is said on the way.
    pub(crate) related: Arc<EventLog>,
}

/// One request under way.
pub(crate) struct CallContext {
    /// How the product presents itself.
    pub(crate) profile: Profile,
    pub(crate) connections: Arc<Connections>,
    pub(crate) tasks: Arc<Tasks>,
    pub(crate) session: Arc<HostSession>,
    /// Who asks, as far as credentials tell.
    pub(crate) credential: String,
    pub(crate) streams: Streams,
    pub(crate) progress_token: Option<Value>,
    pub(crate) asking: Asking,
    /// What is answered.
    pub(crate) id: RequestId,
    /// The task that this call becomes, if it does.
    pub(crate) becomes: Arc<Becomes>,
    /// What tasks are made under.
    pub(crate) terms: Terms,
}

/// How questions reach the host.
pub(crate) enum Asking {
    /// As requests on a stream of the session.
    Session,
    /// As results that ask for input, the call being repeated with the answers (2026-07-28).
    Rounds(Rounds),
}

/// A question to the host, to be put with [`HostQuestion::answer`].
pub(crate) struct HostQuestion<'a> {
    call: &'a CallContext,
    key: Option<&'static str>,
    method: &'a str,
    params: &'a Value,
    unguarded: bool,
}

impl HostQuestion<'_> {
    /// Gives it a name: its key among `inputRequests`.
    pub(crate) fn named(self, key: &'static str) -> Self {
        Self { key: Some(key), ..self }
    }

    /// Takes an answer also from a host that was not asked yet: for what is no confirmation.
    pub(crate) fn unguarded(self) -> Self {
        Self { unguarded: true, ..self }
    }

    /// The host's answer: its result, or its error object in the `Err`. `None` when the session
    /// ended before it came. Where questions travel in rounds, what stands before it is done again
    /// in each of them.
    pub(crate) async fn answer(self) -> Option<Result<Value, Value>> {
        if let Some(task) = self.call.task() {
            return task.ask(self.method, self.params).await;
        }
        match &self.call.asking {
            Asking::Session => {
                let streams = &self.call.streams;
                let asked = self.call.session.ask(&streams.related, self.method, self.params);
                asked.answer().await
            }
            Asking::Rounds(rounds) => {
                let answer = rounds.ask(self.key, self.method, self.params, self.unguarded);
                Some(Ok(answer.await))
            }
        }
    }
}

impl CallContext {
    /// The token under which the host wants progress of `request`.
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

    /// Says how far the work has come, if the host wants to know.
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

    /// Whether the host can be asked this: it said so, its revision knows the question, and there
    /// is a way to ask.
    pub(crate) fn can_ask(&self, method: &str) -> bool {
        let known =
            method != methods::ELICIT || RevisionRules::of(self.session.version()).elicitation;
        let said = capability_for(method).is_none_or(|pointer| self.session.host_has(pointer));
        known && said && self.is_heard()
    }

    /// Whether the host can send its user to a URL (2025-11-25 and later).
    pub(crate) fn can_visit(&self) -> bool {
        let known = self.session.version() >= ProtocolVersion::V2025_11_25;
        known && self.session.host_has("/elicitation/url") && self.is_heard()
    }

    /// Tells that what an elicitation by URL was for is done, where it has an id (2025-11-25).
    pub(crate) fn tell_completed(&self, params: &Value) {
        let Some(id) = params.get("elicitationId") else {
            return;
        };
        let told = json!({ "elicitationId": id });
        // The call may be over by then.
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

    /// Goes on as a task from here on, if the revision lets the remote decide that (2026-07-28).
    pub(crate) fn become_task(&self) {
        if self.session.version().era() == Era::Modern && self.task().is_none() {
            self.continue_as_task(TaskForm::Extension, self.terms);
        }
    }

    /// Answers with the handle of a new task. The work goes on whoever listens, and its outcome is
    /// the task's.
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

    /// The task that it became.
    pub(crate) fn task(&self) -> Option<&Arc<CallTask>> {
        self.becomes.task()
    }

    /// Says how a task stands.
    pub(crate) fn tell(&self, message: &str) {
        if let Some(task) = self.task() {
            task.tell(message);
        }
    }

    /// Puts the call off without asking anything, this many times. Only rounds can do that.
    pub(crate) async fn put_off(&self, times: u64) {
        if let Asking::Rounds(rounds) = &self.asking {
            rounds.put_off(times).await;
        }
    }

    fn is_heard(&self) -> bool {
        if self.task().is_some() {
            return true;
        }
        let own_stream = Arc::ptr_eq(&self.streams.related, &self.streams.answers);
        match self.asking {
            Asking::Session => {
                self.session.id().is_some() && (own_stream || self.streams.related.is_read())
            }
            Asking::Rounds(_) => true,
        }
    }

    /// A question to the host.
    pub(crate) fn ask<'a>(&'a self, method: &'a str, params: &'a Value) -> HostQuestion<'a> {
        HostQuestion { call: self, key: None, method, params, unguarded: false }
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
