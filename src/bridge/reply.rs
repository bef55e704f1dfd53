//! The one place that answers requests of the host. An answer consumes the request, so none is
//! answered twice; [`Bridge::answer_dropped`] answers those that a fault of the bridge drops.

use std::sync::Arc;

use super::Bridge;
use super::host_side::request::{HostRequest, Recipient, Requester};
use super::session::slots::SlotId;
use crate::error::{Failure, FailureKind};
use crate::jsonrpc::{
    Edit, Frame, Message, MessageKind, Overlap, RequestId, error_response, result_response,
};
use crate::protocol::methods;
use crate::remote::ProbeRefusal;

impl Bridge {
    /// Replies with a line that already has the id of the request.
    pub(super) fn reply(&mut self, request: HostRequest, line: Frame) {
        if let Some(recipient) = request.answered() {
            self.deliver(recipient, line);
        }
    }

    /// Replies with a failure of the bridge, or with the pages of a list that came before it. Does
    /// nothing for a notification.
    pub(super) fn refuse(&mut self, request: HostRequest, failure: &Failure) {
        let Some(request) = self.reply_pages(request) else { return };
        if request.id().is_some() {
            tracing::info!(
                method = request.method(),
                milliseconds = request.milliseconds(),
                kind = failure.kind.name(),
                "{}",
                failure.message
            );
            if !request.is_from_adapter() {
                self.counters.error(Some(failure.kind));
            }
        }
        if let Some(recipient) = request.answered() {
            let line = Frame::from(failure.to_response(&recipient.id));
            self.deliver(recipient, line);
        }
    }

    /// Replies with what the remote said when it refused the request.
    pub(super) fn reply_refusal(&mut self, request: HostRequest, refusal: &ProbeRefusal) {
        let Some(request) = self.reply_pages(request) else { return };
        match (&refusal.answer, request.id()) {
            (Some(answer), Some(id)) => {
                let line = answer.with_id(&id.to_json());
                self.counters.error(None);
                self.reply(request, line);
            }
            _ => self.refuse(request, &refusal.failure),
        }
    }

    /// Replies with an error of the bridge, because the request is at fault.
    pub(super) fn reply_error(&mut self, request: HostRequest, code: i64, text: &str) {
        self.reply_error_with(request, code, text, serde_json::Value::Null);
    }

    /// Like [`Self::reply_error`], with `data`.
    pub(super) fn reply_error_with(
        &mut self,
        request: HostRequest,
        code: i64,
        text: &str,
        data: serde_json::Value,
    ) {
        if let Some(recipient) = request.answered() {
            let line = Frame::from(error_response(&recipient.id, code, text, data));
            self.deliver(recipient, line);
        }
    }

    /// Replies with an empty result.
    pub(super) fn reply_empty(&mut self, request: HostRequest) {
        if let Some(recipient) = request.answered() {
            let line = result_response(&recipient.id, serde_json::json!({}));
            self.deliver(recipient, Frame::from(line));
        }
    }

    /// Replies with a list that the bridge itself made.
    pub(super) fn reply_own_list(&mut self, request: HostRequest, result: &str) {
        let answer = Message::result(&RequestId::from(0), result);
        self.reply_as_it_is(request, &answer, &[]);
    }

    /// Replies with a result of the bridge, without what the host does not get to see.
    /// `result` is JSON text without line breaks.
    pub(super) fn reply_result(&mut self, request: HostRequest, result: &str) {
        let answer = Message::result(&RequestId::from(0), result);
        self.reply_message(request, &answer, &[]);
    }

    /// Replies with the remote's answer, to whose bytes `edits` are applied.
    pub(super) fn reply_answer(
        &mut self,
        slot: SlotId,
        request: HostRequest,
        answer: &Message,
        edits: &[Edit],
    ) {
        // Lists are rare and may be merged; other answers are not copied.
        if !methods::is_list(request.method()) {
            return self.reply_whole_answer(slot, request, answer, edits);
        }
        let page =
            if edits.is_empty() { Ok(answer.clone()) } else { answer.rewritten(None, edits) };
        let page = match page {
            Ok(page) => page,
            Err(overlap) => return self.refuse(request, &overlap.into()),
        };
        if let Some((request, whole)) = self.take_list_page(slot, request, page) {
            self.reply_whole_answer(slot, request, &whole, &[]);
        }
    }

    fn reply_whole_answer(
        &mut self,
        slot: SlotId,
        request: HostRequest,
        answer: &Message,
        edits: &[Edit],
    ) {
        let method = request.method();
        let is_error = answer.kind() == MessageKind::ErrorResponse;
        if is_error {
            self.counters.error(None);
        }
        tracing::info!(method, milliseconds = request.milliseconds(), is_error, "answered");
        if method == methods::INITIALIZE {
            self.take_initialize_answer(slot, answer);
            self.note_initialize_answer(slot, answer);
        } else if answer.kind() == MessageKind::Response {
            let slot = &mut self.slots[slot];
            slot.opening.remember(request.message());
            slot.cache.keep_list(request.message(), answer);
        }
        self.reply_message(request, answer, edits);
        let slot_state = &mut self.slots[slot];
        if slot_state.opening.is_ready() && slot_state.timers.listen_now() {
            self.listen(slot);
        }
    }

    pub(super) fn reply_message(&mut self, request: HostRequest, answer: &Message, edits: &[Edit]) {
        self.hold_against_pins(&request, answer);
        // Lists come without edits from an adapter: it rebuilds them.
        let is_cut = !self.offer.is_open() && methods::names_offers(request.method());
        let cuts = if is_cut { self.offer.cuts(request.method(), answer) } else { Vec::new() };
        let edits = if is_cut { &cuts } else { edits };
        self.reply_as_it_is(request, answer, edits);
    }

    fn reply_as_it_is(&mut self, request: HostRequest, answer: &Message, edits: &[Edit]) {
        let Some(recipient) = request.answered() else { return };
        if recipient.requester == Requester::Adapter {
            return self.deliver_to_adapter(recipient, answer, edits);
        }
        let line = answer.with_edits(&recipient.id.to_json(), edits);
        let line = line.unwrap_or_else(|overlap| untranslatable(&recipient.id, overlap));
        let fits = |batch| self.batches.has_room(batch, line.len());
        let line = if recipient.batch.is_none_or(fits) { line } else { too_large(&recipient.id) };
        self.write_answer(recipient.batch, line);
    }

    fn deliver_to_adapter(&mut self, recipient: Recipient, answer: &Message, edits: &[Edit]) {
        if edits.is_empty() {
            return self.with_host_adapter(|host, context| {
                host.take_answer(&recipient.id, answer, context)
            });
        }
        match answer.rewritten(None, edits) {
            Ok(answer) => {
                self.with_host_adapter(|host, context| {
                    host.take_answer(&recipient.id, &answer, context)
                });
            }
            Err(overlap) => {
                let line = untranslatable(&recipient.id, overlap);
                self.deliver(recipient, line);
            }
        }
    }

    /// Gives an answer to the host or the adapter that waits for it.
    fn deliver(&mut self, recipient: Recipient, line: Frame) {
        if recipient.requester != Requester::Adapter {
            return self.write_answer(recipient.batch, line);
        }
        // Lines of the bridge can be parsed; one that cannot must not swallow the answer (T-17).
        let answer = Message::parse(line.into_bytes())
            .unwrap_or_else(|_| Failure::internal().to_answer(&recipient.id));
        self.with_host_adapter(|host, context| host.take_answer(&recipient.id, &answer, context));
    }

    /// Writes an answer to the host, at once or with the rest of its batch.
    pub(super) fn write_answer(&mut self, batch: Option<u64>, answer: Frame) {
        match batch {
            None => self.host.writer.push(answer),
            Some(batch) => self.add_to_batch(batch, Some(answer)),
        }
    }

    /// Ends a request that the host cancelled: it gets no answer.
    pub(super) fn forget(&mut self, request: HostRequest) {
        if let Some(batch) = request.cancelled() {
            self.add_to_batch(batch, None);
        }
    }

    fn add_to_batch(&mut self, batch: u64, answer: Option<Frame>) {
        if let Some(line) = self.batches.add(batch, answer) {
            self.host.writer.push(line);
        }
    }

    /// Answers requests that were dropped, which only a fault of the bridge does. Returns how many
    /// there were.
    pub(super) fn answer_dropped(&mut self) -> usize {
        let dropped = Arc::clone(&self.unanswered).take();
        let count = dropped.len();
        for recipient in dropped {
            tracing::error!("a request was dropped without an answer");
            self.counters.error(Some(FailureKind::Internal));
            let line = Frame::from(Failure::internal().to_response(&recipient.id));
            self.deliver(recipient, line);
        }
        count
    }
}

/// The answer that replaces one whose edits overlap.
fn untranslatable(id: &RequestId, overlap: Overlap) -> Frame {
    Frame::from(Failure::from(overlap).to_response(id))
}

/// The answer that replaces one for which a batch has no room.
fn too_large(id: &RequestId) -> Frame {
    let text = "the answers of the batch are larger than what one message may have";
    let failure = Failure::new(FailureKind::Protocol, text).hint("send the request on its own");
    Frame::from(failure.to_response(id))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use url::Url;

    use super::*;
    use crate::bridge::{BridgeOptions, NamePatterns, OfferFilter};
    use crate::host::{DriveOutcome, HostEnd, in_process};
    use crate::remote::RemoteOptions;

    fn bridge() -> (Bridge, HostEnd) {
        let url = Url::parse("http://127.0.0.1:9/mcp").unwrap();
        let (host, end) = in_process();
        let mut options = BridgeOptions::new(RemoteOptions::new(url));
        let tools = NamePatterns::new([], ["secret*"]);
        options.offer = OfferFilter::new(tools, Default::default(), Default::default(), false);
        (Bridge::new(host, options).unwrap(), end)
    }

    fn request(bridge: &Bridge, id: u64, method: &str, batch: Option<u64>) -> HostRequest {
        let line = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}"}}"#);
        HostRequest::new(Message::parse(line).unwrap(), batch, &bridge.unanswered)
    }

    /// The lines that the host gets, up to an answer to this id.
    async fn told(bridge: &mut Bridge, end: &mut HostEnd) -> Value {
        loop {
            tokio::select! {
                line = end.receive() => return serde_json::from_slice(&line.unwrap()).unwrap(),
                drove = bridge.host.writer.drive() => assert_ne!(drove, DriveOutcome::Closed),
            }
        }
    }

    fn answer(result: &str) -> Message {
        Message::parse(format!(r#"{{"jsonrpc":"2.0","id":9000,"result":{result}}}"#)).unwrap()
    }

    type Reply = fn(&mut Bridge, HostRequest);

    /// T-17, E-24
    #[tokio::test]
    async fn each_kind_of_reply_reaches_the_host_once_under_its_own_id() {
        let (mut bridge, mut end) = bridge();
        let replies: [(&str, Reply); 4] = [
            ("ping", |bridge, request| bridge.reply_empty(request)),
            ("x", |bridge, request| bridge.reply_error(request, -32602, "no")),
            ("x", |bridge, request| bridge.refuse(request, &Failure::internal())),
            ("tools/list", |bridge, request| {
                let tools = r#"{"tools":[{"name":"a"},{"name":"secret_b"}]}"#;
                bridge.reply_answer(SlotId::FIRST, request, &answer(tools), &[]);
            }),
        ];
        let mut outcomes = Vec::new();
        for (id, (method, reply)) in (1..).zip(replies) {
            let request = request(&bridge, id, method, None);
            reply(&mut bridge, request);
            let line = told(&mut bridge, &mut end).await;
            assert_eq!(line["id"], id, "{line}");
            outcomes.push(line);
        }
        assert_eq!(outcomes[0]["result"], serde_json::json!({}));
        assert_eq!(outcomes[1]["error"]["code"], -32602);
        assert_eq!(outcomes[2]["error"]["data"]["bridge"]["kind"], "internal");
        assert_eq!(outcomes[3]["result"], serde_json::json!({ "tools": [{ "name": "a" }] }));
        assert_eq!(bridge.answer_dropped(), 0);
    }

    /// T-11, T-35
    #[tokio::test]
    async fn a_batch_is_complete_when_its_last_member_is_answered_or_given_up() {
        let (mut bridge, mut end) = bridge();
        bridge.batches.begin(3, 3);
        let members: Vec<_> = (1..=3).map(|id| request(&bridge, id, "x", Some(3))).collect();
        let [first, second, third] = members.try_into().unwrap();
        bridge.reply_empty(first);
        bridge.forget(second);
        bridge.reply_empty(third);
        let line = told(&mut bridge, &mut end).await;
        let ids: Vec<_> = line.as_array().unwrap().iter().map(|member| &member["id"]).collect();
        assert_eq!(ids, [&serde_json::json!(1), &serde_json::json!(3)]);
    }

    /// T-17
    #[tokio::test]
    async fn a_dropped_request_is_answered_with_an_internal_error() {
        let (mut bridge, mut end) = bridge();
        drop(request(&bridge, 4, "x", None));
        assert_eq!(bridge.answer_dropped(), 1);
        let line = told(&mut bridge, &mut end).await;
        assert_eq!((&line["id"], &line["error"]["code"]), (&4.into(), &(-32603).into()));
        assert_eq!(bridge.answer_dropped(), 0);
    }

    /// T-17
    #[tokio::test]
    async fn a_notification_gets_no_reply() {
        let (mut bridge, mut end) = bridge();
        let line = r#"{"jsonrpc":"2.0","method":"notifications/x"}"#;
        let message = Message::parse(line).unwrap();
        bridge.refuse(HostRequest::new(message, None, &bridge.unanswered), &Failure::internal());
        let request = request(&bridge, 1, "ping", None);
        bridge.reply_empty(request);
        assert_eq!(told(&mut bridge, &mut end).await["id"], 1);
    }
}
