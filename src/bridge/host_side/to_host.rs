//! Sends the host messages other than answers: directly to a legacy host, through the adapter to a
//! modern one.

use crate::bridge::Bridge;
use crate::bridge::session::slots::SlotId;
use crate::jsonrpc::{Frame, Message, RequestId};

impl Bridge {
    /// Sends a message in its legacy form; it arrived on the stream of `exchange`, or on none.
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
        self.with_host_adapter(|host, context| {
            host.handle_remote_message(&message, owner.as_ref(), context)
        });
    }

    /// The adapter's id for the request that this exchange carries; an id that the adapter never
    /// uses if the request is not its own or is already answered (E-38).
    fn asked_by_adapter(&self, exchange: u64) -> RequestId {
        let open = self.in_flight.get(exchange);
        let request = open.and_then(|open| open.purpose.host_request());
        request.map(|request| request.id().clone()).unwrap_or_else(|| RequestId::Text("".into()))
    }

    /// Notes whether the server can push messages outside of responses (E-43).
    pub(in crate::bridge) fn note_pushes(&mut self, slot: SlotId, offered: bool) {
        if self.slots[slot].is_of_adapter() {
            self.with_host_adapter(|host, context| host.note_pushes(offered, context));
        }
    }
}
