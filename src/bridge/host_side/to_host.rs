//! What the host is told beside answers: a legacy host as a line, a modern one through its adapter.

use crate::bridge::Bridge;
use crate::bridge::session::slots::SlotId;
use crate::jsonrpc::{Frame, Message, RequestId};

impl Bridge {
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
        request.map(|request| request.id().clone()).unwrap_or_else(|| RequestId::Text("".into()))
    }

    /// Whether the server can push outside of answers (E-43).
    pub(in crate::bridge) fn take_pushes(&mut self, slot: SlotId, offered: bool) {
        if self.slots[slot].is_of_adapter() {
            self.with_host_adapter(|host, context| host.take_pushes(offered, context));
        }
    }
}
