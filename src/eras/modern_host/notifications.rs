//! Passes on notifications in both directions, if the other side knows them.

use super::{HostContext, HostEffect, ModernHost, OpenHostRequest, RemoteStream};
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
    /// Handles a notification from the host.
    pub(super) fn handle_notification(&mut self, message: Message, cx: &mut HostContext<'_>) {
        match message.method() {
            methods::CANCELLED => {
                let Some(cancelled) = message.params_as::<Cancelled>() else { return };
                if let Some(id) = RequestId::from_raw(&cancelled.request_id) {
                    self.cancel(&id, cancelled.reason.as_deref(), cx);
                }
            }
            // Not allowed from a modern host, or removed in 2026-07-28.
            methods::PROGRESS | methods::INITIALIZED | methods::ROOTS_CHANGED => {}
            _ => self.pass_notification(message, cx),
        }
    }

    /// Handles a notification from the remote.
    pub(super) fn handle_remote_notification(
        &mut self,
        message: &Message,
        stream: RemoteStream,
        cx: &mut HostContext<'_>,
    ) {
        match message.method() {
            methods::PROGRESS => self.handle_progress(message, cx),
            methods::LOG_MESSAGE => {
                let call = match stream {
                    RemoteStream::OfCall(call) => Some(call),
                    RemoteStream::OfOther => None,
                    RemoteStream::Own => self.only_call(|_| true),
                };
                self.handle_log(message, call, cx);
            }
            methods::CANCELLED => {
                if let Some(cancelled) = message.params_as::<Cancelled>()
                    && let Some(id) = RequestId::from_raw(&cancelled.request_id)
                {
                    self.withdraw_input(&id);
                }
            }
            methods::ELICITATION_COMPLETE => self.page_visited(message, cx),
            methods::TASK_STATUS => self.task_changed(message, cx),
            methods::RESOURCE_UPDATED => self.tell_listens(message, cx),
            method if methods::LIST_CHANGED.iter().any(|(_, changed)| *changed == method) => {
                self.tell_listens(message, cx);
            }
            _ => self.say(Frame::from(message.raw().clone()), cx),
        }
    }

    /// Writes a line to the host.
    pub(super) fn say(&mut self, line: Frame, cx: &mut HostContext<'_>) {
        cx.emit(HostEffect::Say(line));
    }

    /// Writes a server's notification, edited for this host.
    pub(super) fn say_edited(&mut self, line: Result<Frame, Overlap>, cx: &mut HostContext<'_>) {
        match line {
            Ok(line) => self.say(line, cx),
            Err(overlap) => tracing::warn!("dropped a notification of the server: {overlap}"),
        }
    }

    /// What the host's request with this id waits for.
    pub(super) fn place_of(&self, id: &RequestId) -> Option<OpenHostRequest> {
        self.host_ids.get(id).copied()
    }
}
