//! A modern host with a legacy remote: sends what its adapter (`eras::modern_host`) wants sent, and
//! gives the adapter everything that a legacy host would be told.

use std::time::Duration;

use tokio::time::Instant;

use crate::bridge::Bridge;
use crate::bridge::host_side::from_host::cancelled_id;
use crate::bridge::host_side::request::{HostRequest, Requester};
use crate::bridge::session::slots::SlotId;
use crate::jsonrpc::{Frame, Message, MessageKind, RequestId, result_response};
use crate::protocol::methods;

/// How long `server/discover` may wait for a legacy server: a host that gets no answer takes the
/// bridge for an older server after a while, the most impatient in less than three seconds
/// (docs/hosts/README.md#discovering-first, E-02).
const DISCOVER_WAIT: Duration = Duration::from_millis(900);
/// The same if the answer of the last session is cached, which is better than a cautious one.
pub(in crate::bridge) const DISCOVER_FROM_CACHE: Duration = Duration::from_millis(700);

impl Bridge {
    /// A modern host's request, for a remote that is a legacy one. From now on the adapter owes the
    /// answer.
    pub(in crate::bridge) fn translate(&mut self, request: HostRequest) {
        let Some(request) = self.allowed(request) else { return };
        if request.method() == methods::DISCOVER {
            self.discover_is_asked();
        }
        self.with_host_adapter(|host, context| host.take(request.handed_over(), context));
    }

    /// Takes a notification of a modern host. Gives back any other.
    pub(in crate::bridge) fn take_modern_notification(
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
        self.with_host_adapter(|host, context| host.take(message, context));
        None
    }

    /// What the adapter of a modern host writes as a legacy host would.
    pub(in crate::bridge) fn send_for_host_adapter(&mut self, message: Message) {
        match message.kind() {
            MessageKind::Request => {
                let slot = if message.method() == methods::INITIALIZE {
                    self.slot_for_new_adapter_session()
                } else {
                    self.slots.for_adapter()
                };
                let request = HostRequest::new(message, None, &self.unanswered);
                self.take_request(slot, request.by(Requester::Adapter));
            }
            MessageKind::Notification => {
                let slot = self.slots.for_adapter();
                if message.method() == methods::CANCELLED {
                    self.cancel(slot, &message, Requester::Adapter);
                } else {
                    self.take_session_notification(slot, message);
                }
            }
            MessageKind::Response | MessageKind::ErrorResponse => {
                self.take_host_answer(&message, Requester::Adapter);
            }
        }
    }

    /// A line that a legacy host would get, on the stream of `exchange` or on none.
    pub(in crate::bridge) fn tell_host(
        &mut self,
        slot: SlotId,
        line: Frame,
        exchange: Option<u64>,
    ) {
        if !self.slots[slot].is_of_adapter() {
            return self.host.writer.push(line);
        }
        let Ok(message) = Message::parse(line.into_bytes()) else { return };
        let owner = exchange.map(|exchange| self.asked_by_adapter(exchange));
        self.with_host_adapter(|host, context| host.take_remote(&message, owner.as_ref(), context));
    }

    /// The adapter's id of the request that this exchange carries. Returns an id that the adapter
    /// never gave if the request is not its own or is answered already (E-38).
    fn asked_by_adapter(&self, exchange: u64) -> RequestId {
        let open = self.in_flight.get(exchange);
        let request = open.and_then(|open| open.purpose.host_request());
        let id = request.and_then(|request| request.id().cloned());
        id.unwrap_or_else(|| RequestId::Text("".into()))
    }

    /// Whether the server can push outside of answers (E-43).
    pub(in crate::bridge) fn take_pushes(&mut self, slot: SlotId, offered: bool) {
        if self.slots[slot].is_of_adapter() {
            self.with_host_adapter(|host, context| host.take_pushes(offered, context));
        }
    }

    /// When the adapter of a modern host has something to do next.
    pub(in crate::bridge) fn translation_due(&self) -> Option<Instant> {
        self.modern_host.due().map(Instant::from_std).into_iter().chain(self.discover_due).min()
    }

    pub(in crate::bridge) fn take_translation_time(&mut self, now: Instant) {
        if self.discover_due.is_some_and(|due| due <= now) {
            self.discover_due = None;
            self.answer_discovers();
        }
        self.with_host_adapter(|host, context| host.take_time(context));
    }

    /// Answers each open `server/discover` with what any server may offer (E-02): during detection,
    /// or while the server does not answer.
    pub(in crate::bridge) fn answer_discovers(&mut self) {
        let result = self.cautious_discover();
        self.with_host_adapter(|host, context| host.answer_discovers_with(&result, context));
        for slot in self.slots.ids() {
            for request in self.slots[slot].opening.withdraw_discovers() {
                let Some(id) = request.id() else { continue };
                let line = result_response(id, &result);
                self.reply(request, Frame::from(line));
            }
        }
    }

    /// Notes that a modern host sent `server/discover`, which is answered in time in any case.
    pub(in crate::bridge) fn discover_is_asked(&mut self) {
        self.discover_due.get_or_insert(Instant::now() + DISCOVER_WAIT);
    }
}
