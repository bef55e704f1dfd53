//! Notifications in both directions: which of them the other side knows.

use std::time::Instant;

use super::{HostEffect, ModernHost, Place, Stream};
use crate::jsonrpc::{Frame, Message, Overlap, RequestId};
use crate::protocol::methods;

#[derive(serde::Deserialize)]
struct Cancelled {
    #[serde(rename = "requestId")]
    request_id: Box<serde_json::value::RawValue>,
    #[serde(default)]
    reason: Option<String>,
}

impl ModernHost {
    /// A notification of the host.
    pub(super) fn take_notification(&mut self, message: Message) {
        match message.method() {
            methods::CANCELLED => {
                let Some(cancelled) = message.params_as::<Cancelled>() else { return };
                if let Some(id) = RequestId::from_raw(&cancelled.request_id) {
                    self.cancel(&id, cancelled.reason.as_deref());
                }
            }
            // Not legal from a modern host, or gone since 2026-07-28.
            methods::PROGRESS | methods::INITIALIZED | methods::ROOTS_CHANGED => {}
            _ => self.pass_notification(message),
        }
    }

    /// A notification of the remote.
    pub(super) fn take_remote_notification(
        &mut self,
        message: &Message,
        stream: Stream,
        now: Instant,
    ) {
        match message.method() {
            methods::PROGRESS => self.take_progress(message),
            methods::LOG_MESSAGE => {
                let call = match stream {
                    Stream::OfCall(call) => Some(call),
                    Stream::OfOther => None,
                    Stream::Own => self.only_call(|_| true),
                };
                self.take_log(message, call);
            }
            methods::CANCELLED => {
                if let Some(cancelled) = message.params_as::<Cancelled>()
                    && let Some(id) = RequestId::from_raw(&cancelled.request_id)
                {
                    self.withdraw_input(&id);
                }
            }
            methods::ELICITATION_COMPLETE => self.page_visited(message, now),
            methods::TASK_STATUS => self.task_changed(message, now),
            methods::RESOURCE_UPDATED => self.tell_listens(message),
            method if methods::LIST_CHANGED.iter().any(|(_, changed)| *changed == method) => {
                self.tell_listens(message);
            }
            _ => self.say(Frame::from(message.raw().clone())),
        }
    }

    pub(super) fn say(&mut self, line: Frame) {
        self.effects.push(HostEffect::Say(line));
    }

    /// Says a notification of the server that was edited for this host.
    pub(super) fn say_edited(&mut self, line: Result<Frame, Overlap>) {
        match line {
            Ok(line) => self.say(line),
            Err(overlap) => tracing::warn!("dropped a notification of the server: {overlap}"),
        }
    }

    /// The place of a request of the host.
    pub(super) fn place_of(&self, id: &RequestId) -> Option<Place> {
        self.host_ids.get(id).copied()
    }
}
