//! Giving up: by the host (E-66), or because it never came back (E-37).

use serde_json::json;

use super::calls::Stage;
use super::{Asked, ModernHost, Place};
use crate::jsonrpc::RequestId;
use crate::protocol::methods;

impl ModernHost {
    /// The host gives up a request: nothing more is written for it. One that is answered already,
    /// with questions or for good, is none of its business any more.
    pub(super) fn cancel(&mut self, id: &RequestId, reason: Option<&str>) {
        let Some(place) = self.place_of(id) else {
            return tracing::debug!("ignored the cancellation of a request that is not open");
        };
        self.host_ids.remove(id);
        match place {
            Place::Discover | Place::Waiting => self.withdraw_waiting(id),
            Place::Call(call) => self.abandon(call, reason.unwrap_or("the host gave it up")),
            Place::Listen(listen) => self.end_listen(listen),
        }
    }

    /// Gives a call up upstream: its questions are refused, its task or request is cancelled.
    pub(super) fn abandon(&mut self, number: u64, reason: &str) {
        self.refuse_inputs(number);
        let Some(call) = self.forget_call(number) else { return };
        if let Some(id) = call.task.as_ref().and_then(|task| task.id.as_deref()) {
            // `notifications/cancelled` is not for tasks (2025-11-25 `basic/utilities/tasks`).
            self.ask(Asked::Own, methods::TASKS_CANCEL, &json!({ "taskId": id }));
        } else if let Stage::Sent(ours) = call.stage {
            let params = json!({ "requestId": ours, "reason": reason });
            self.send(&json!({ "jsonrpc": "2.0", "method": methods::CANCELLED, "params": params }));
        }
    }
}
