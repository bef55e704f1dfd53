//! Compares each list of tools with the pinned ones, and reports differences to host and user
//! (S-73).

use serde_json::json;

use super::request::{HostRequest, Requester};
use crate::bridge::Bridge;
use crate::jsonrpc::{Frame, Message, Object, notification};
use crate::protocol::methods;

impl Bridge {
    /// Checks the response to a `tools/list` before the host gets it.
    pub(in crate::bridge) fn compare_with_pins(&mut self, request: &HostRequest, answer: &Message) {
        let Some(pins) = &mut self.pins else { return };
        if request.method() != methods::TOOLS_LIST {
            return;
        }
        let params = request.message().params().and_then(Object::parse);
        let cursor = params.as_ref().and_then(|params| params.get("cursor"));
        let messages = pins.handle_page(cursor.is_none_or(|cursor| cursor == "null"), answer);
        let different = pins.different().clone();
        self.offer.set_unpinned(&different, pins.is_overfull());
        if messages.is_empty() {
            return;
        }
        let text = messages.join("\n");
        tracing::warn!("{text}");
        self.tell_log(request, &text);
    }

    /// Sends the host a log message. A modern host gets one only for a request that asks for them.
    fn tell_log(&mut self, request: &HostRequest, text: &str) {
        let params = json!({ "level": "warning", "logger": "mcp-tether", "data": text });
        let line = notification(methods::LOG_MESSAGE, Some(&params.to_string()));
        match request.requester() {
            Requester::Host => self.tell_host(self.slots.for_host(), Frame::from(line), None),
            Requester::ModernHost => {
                if asks_for_logs(request.message()) {
                    self.host.writer.push(Frame::from(line));
                }
            }
            Requester::Adapter => {
                let Ok(message) = Message::parse(line) else { return };
                let id = request.id();
                self.with_host_adapter(|host, cx| {
                    host.handle_remote_message(&message, Some(id), cx)
                });
            }
        }
    }
}

/// Whether a request of 2026-07-28 asks for log messages.
fn asks_for_logs(request: &Message) -> bool {
    let params = request.params().and_then(Object::parse);
    let meta = params.as_ref().and_then(|params| Object::parse(params.get("_meta")?));
    meta.is_some_and(|meta| meta.members().iter().any(|member| member.name.ends_with("/logLevel")))
}
