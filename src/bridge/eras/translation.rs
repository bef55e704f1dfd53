//! A modern host in front of a legacy remote: what its adapter (`eras::modern_host`) wants sent goes
//! out here, and everything that a legacy host would be told is told to the adapter instead.

use std::time::Duration;

use tokio::time::Instant;

use crate::bridge::Bridge;
use crate::bridge::host_side::from_host::cancelled_id;
use crate::bridge::host_side::request::{HostRequest, Requester};
use crate::bridge::session::slots::SlotId;
use crate::jsonrpc::{Frame, Kind, Message, RequestId};
use crate::protocol::methods;

/// How long `server/discover` may wait for a legacy server: a host that gets no answer takes the
/// bridge for an older server after a while, the most impatient in less than three seconds
/// (docs/hosts/README.md#discovering-first, E-02).
const DISCOVER_WAIT: Duration = Duration::from_millis(900);
/// The same where the answer of the last session is cached, which is better than a cautious one.
pub(in crate::bridge) const DISCOVER_FROM_CACHE: Duration = Duration::from_millis(700);

impl Bridge {
    /// A modern host's request, for a remote that is a legacy one. From now on the adapter owes the
    /// answer.
    pub(in crate::bridge) fn translate(&mut self, request: HostRequest) {
        let Some(request) = self.allowed(request) else { return };
        if request.method() == methods::DISCOVER {
            self.discover_is_asked();
        }
        self.with_host_adapter(|host, now| host.take(request.handed_over(), now));
    }

    /// Takes a notification of a modern host, or gives back one that is not.
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
        self.with_host_adapter(|host, now| host.take(message, now));
        None
    }

    /// What the adapter of a modern host writes as a legacy host would.
    pub(in crate::bridge) fn send_for_host_adapter(&mut self, message: Message) {
        match message.kind() {
            Kind::Request => {
                let slot = if message.method() == methods::INITIALIZE {
                    self.slot_for_new_adapter_session()
                } else {
                    self.slots.for_adapter()
                };
                let request = HostRequest::new(message, None, &self.unanswered);
                self.take_request(slot, request.by(Requester::Adapter));
            }
            Kind::Notification => {
                let slot = self.slots.for_adapter();
                if message.method() == methods::CANCELLED {
                    self.cancel(slot, &message, Requester::Adapter);
                } else {
                    self.take_session_notification(slot, message);
                }
            }
            Kind::Response | Kind::ErrorResponse => {
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
        self.with_host_adapter(|host, now| host.take_remote(&message, owner.as_ref(), now));
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
            self.with_host_adapter(|host, _| host.take_pushes(offered));
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
        self.with_host_adapter(|host, now| host.take_time(now));
    }

    /// Whoever still asks what the server can do is told what any server may offer (E-02): while it
    /// is being found out what the server is, or while it does not answer.
    pub(in crate::bridge) fn answer_discovers(&mut self) {
        let result = self.cautious_discover();
        self.with_host_adapter(|host, _| host.answer_discovers_with(&result));
        for slot in self.slots.ids() {
            for request in self.slots[slot].opening.withdraw_discovers() {
                let Some(id) = request.id() else { continue };
                let line = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#);
                self.reply(request, Frame::from(line));
            }
        }
    }

    /// A modern host asks what the server can do: it is answered in time in any case.
    pub(in crate::bridge) fn discover_is_asked(&mut self) {
        self.discover_due.get_or_insert(Instant::now() + DISCOVER_WAIT);
    }
}
