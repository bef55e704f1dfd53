//! Cancels calls: for the host (E-66), or because it never came back (E-37).

use serde_json::json;

use super::calls::CallStage;
use super::{HostContext, ModernHost, OpenHostRequest, RequestPurpose};
use crate::jsonrpc::RequestId;
use crate::protocol::methods;

impl ModernHost {
    /// Cancels a request of the host; nothing more is written for it. A request that is already
    /// answered, with questions or finally, can no longer be cancelled.
    pub(super) fn cancel(
        &mut self,
        id: &RequestId,
        reason: Option<&str>,
        cx: &mut HostContext<'_>,
    ) {
        let Some(place) = self.place_of(id) else {
            return tracing::debug!("ignored the cancellation of a request that is not open");
        };
        self.host_ids.remove(id);
        match place {
            OpenHostRequest::Discover | OpenHostRequest::Waiting => self.withdraw_waiting(id),
            OpenHostRequest::Call(call) => {
                self.abandon(call, reason.unwrap_or("the host gave it up"), cx)
            }
            OpenHostRequest::Listen(listen) => self.end_listen(listen, cx),
        }
    }

    /// Cancels a call at the server: refuses its questions and cancels its task or request.
    pub(super) fn abandon(&mut self, number: u64, reason: &str, cx: &mut HostContext<'_>) {
        self.refuse_inputs(number, cx);
        let Some(call) = self.forget_call(number) else { return };
        if let Some(id) = call.task.as_ref().and_then(|task| task.id.as_deref()) {
            // `notifications/cancelled` is not for tasks (2025-11-25 `basic/utilities/tasks`).
            self.ask(RequestPurpose::Own, methods::TASKS_CANCEL, &json!({ "taskId": id }), cx);
        } else if let CallStage::Sent(ours) = call.stage {
            let params = json!({ "requestId": ours, "reason": reason });
            self.notify(methods::CANCELLED, Some(&params.to_string()), cx);
        }
    }
}
