//! A modern host with a legacy remote: hands the host's messages to its adapter
//! (`eras::modern_host`), which speaks to the loop like a legacy host.

use std::time::Duration;

use tokio::time::Instant;

use crate::bridge::Bridge;
use crate::bridge::host_side::from_host::cancelled_id;
use crate::bridge::host_side::request::HostRequest;
use crate::jsonrpc::Message;
use crate::protocol::methods;

/// How long `server/discover` may wait for a legacy server. A host that gets no answer falls back
/// to the legacy era, the most impatient in less than three seconds
/// (docs/hosts/README.md#discovering-first, E-02).
const DISCOVER_WAIT: Duration = Duration::from_millis(900);
/// The same if the last session's answer is cached, which is better than a conservative one.
pub(in crate::bridge) const DISCOVER_FROM_CACHE: Duration = Duration::from_millis(700);

impl Bridge {
    /// Translates a modern host's request for a legacy remote. From now on the adapter owes the
    /// answer.
    pub(in crate::bridge) fn translate(&mut self, request: HostRequest) {
        let Some(request) = self.admit(request) else { return };
        if request.method() == methods::DISCOVER {
            self.discover_is_asked();
        }
        self.with_host_adapter(|host, context| host.handle(request.handed_over(), context));
    }

    /// Handles a modern host's notification, and gives back any other.
    pub(in crate::bridge) fn handle_modern_notification(
        &mut self,
        message: Message,
    ) -> Option<Message> {
        let its = match message.method() {
            methods::CANCELLED => {
                cancelled_id(&message).is_some_and(|id| self.modern_host.knows(&id))
            }
            _ => self.slots.serve_only_the_adapter(),
        };
        if !its {
            return Some(message);
        }
        self.with_host_adapter(|host, context| host.handle(message, context));
        None
    }

    /// When the adapter of a modern host has something to do next.
    pub(in crate::bridge) fn translation_due(&self) -> Option<Instant> {
        self.modern_host.due().map(Instant::from_std).into_iter().chain(self.discover_due).min()
    }

    /// Starts the timer for a modern host's `server/discover`, which must be answered in time in
    /// any case.
    pub(in crate::bridge) fn discover_is_asked(&mut self) {
        self.discover_due.get_or_insert(Instant::now() + DISCOVER_WAIT);
    }
}
