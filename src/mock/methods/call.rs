//! One request under way: what it may say to the host before its answer.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::jsonrpc::Message;
use crate::mock::events::EventLog;
use crate::mock::revisions::Rules;
use crate::mock::session::{Level, PushedRequest, Session, capability_for};
use crate::mock::state::{Shared, notification};
use crate::protocol::methods;

/// Where a request's messages go.
#[derive(Clone, Debug)]
pub(in crate::mock) struct Streams {
    /// Its answer.
    pub(in crate::mock) answers: Arc<EventLog>,
    /// What is said on the way.
    pub(in crate::mock) related: Arc<EventLog>,
}

/// One request under way.
pub(in crate::mock) struct Call {
    pub(in crate::mock) shared: Arc<Shared>,
    pub(in crate::mock) session: Arc<Session>,
    /// Who asks, as far as credentials tell.
    pub(in crate::mock) credential: String,
    pub(in crate::mock) streams: Streams,
    pub(in crate::mock) progress_token: Option<Value>,
}

impl Call {
    /// The token under which the host wants progress of `request`.
    pub(in crate::mock) fn progress_token(request: &Message) -> Option<Value> {
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
    pub(in crate::mock) fn progress(&self, done: u64, total: u64, message: &str) {
        let Some(token) = &self.progress_token else {
            return;
        };
        let mut params = json!({ "progressToken": token, "progress": done, "total": total });
        if Rules::of(self.session.version()).progress_message {
            params["message"] = message.into();
        }
        self.notify(methods::PROGRESS, &params);
    }

    /// Sends a log message, if the host wants its level.
    pub(in crate::mock) fn log(&self, level: Level, logger: &str, data: &Value) {
        if self.session.wants_level(level) {
            let params = json!({ "level": level.name(), "logger": logger, "data": data });
            self.notify("notifications/message", &params);
        }
    }

    /// Sends a notification.
    pub(in crate::mock) fn notify(&self, method: &str, params: &Value) {
        self.streams.related.say(notification(method, params));
    }

    /// Whether the host can be asked this: it said so, its revision knows the question, and there
    /// is a stream to ask on.
    pub(in crate::mock) fn can_ask(&self, method: &str) -> bool {
        let known = method != methods::ELICIT || Rules::of(self.session.version()).elicitation;
        let said = capability_for(method).is_none_or(|name| self.session.host_has(name));
        let own_stream = Arc::ptr_eq(&self.streams.related, &self.streams.answers);
        let heard = own_stream || self.streams.related.is_read();
        known && said && heard && self.session.id().is_some()
    }

    /// Puts a request to the host.
    pub(in crate::mock) fn ask(&self, method: &str, params: &Value) -> PushedRequest {
        self.session.ask(&self.streams.related, method, params)
    }
}
