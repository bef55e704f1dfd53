//! A modern remote behind its adapter: carries out the adapter's effects and hands it the remote's
//! messages. The rules are in the adapter (`eras::modern_remote`).

use std::collections::HashMap;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;
use tokio::time::Instant;

use crate::bridge::Bridge;
use crate::bridge::remote_side::in_flight::Purpose;
use crate::bridge::session::slots::{SessionSlot, SlotId};
use crate::eras::{Exchange, ModernRemote, RemoteEffect};
use crate::jsonrpc::{Frame, Message, MessageKind, RequestId, notification};
use crate::protocol::methods;
use crate::remote::{ExchangeHandle, Outcome, Post, ProbeRefusal, is_answer_to};

/// The adapter of one slot, and the exchanges that it has open.
#[derive(Debug, Default)]
pub(in crate::bridge) struct RemoteAdapter {
    remote: Option<Box<ModernRemote>>,
    handles: HashMap<u64, ExchangeHandle>,
}

impl RemoteAdapter {
    /// Whether the remote is a modern one.
    pub(in crate::bridge) fn is_on(&self) -> bool {
        self.remote.is_some()
    }

    /// The adapter itself, if the remote is a modern one.
    pub(in crate::bridge) fn remote_mut(&mut self) -> Option<&mut ModernRemote> {
        self.remote.as_deref_mut()
    }

    /// Whether this exchange is one of the adapter's, even if it was given up.
    pub(in crate::bridge) fn sent(&self, exchange: u64) -> bool {
        self.handles.contains_key(&exchange)
    }

    /// When the adapter's next timer is due.
    pub(in crate::bridge) fn due(&self) -> Option<Instant> {
        self.remote.as_ref()?.due().map(Instant::from_std)
    }

    /// Puts the adapter of this remote between the loop and the remote.
    pub(in crate::bridge) fn begin(&mut self, remote: ModernRemote) {
        self.remote = Some(Box::new(remote));
    }

    /// Removes the adapter and abandons its exchanges: the remote may not be modern any more.
    pub(in crate::bridge) fn end(&mut self) {
        self.remote = None;
        for (_, handle) in self.handles.drain() {
            handle.abandon();
        }
    }
}

impl Bridge {
    pub(in crate::bridge) fn carry_out_for_remote(&mut self, slot: SlotId, effect: RemoteEffect) {
        match effect {
            RemoteEffect::Answer { number, answer, edits } => {
                self.settle(number, &answer, &edits);
            }
            RemoteEffect::Fail { number, failure } => self.take_failure(number, &failure),
            RemoteEffect::Forget(number) => {
                let open = self.in_flight.close(number);
                if let Some(Purpose::Host(request)) = open.map(|open| open.purpose) {
                    self.forget(request);
                }
            }
            RemoteEffect::Doubted { number, failure, answer } => {
                let status = failure.status;
                self.doubt_era(slot, number, ProbeRefusal { status, failure, answer });
            }
            RemoteEffect::Accepted(number) => self.take_confirmation(slot, number),
            RemoteEffect::Notify(frame) => self.host.writer.push(frame),
            RemoteEffect::Ask { number, question } => {
                self.take_remote_request(slot, &question, Some(number));
            }
            RemoteEffect::Withdraw(id) => self.withdraw_question(slot, id),
            RemoteEffect::Exchange(exchange) => {
                let slot = &mut self.slots[slot];
                let post = slot.modern_post(exchange);
                slot.adapter.handles.insert(post.number, post.handle.clone());
                slot.remote.post(post);
            }
            RemoteEffect::Close(exchange) => {
                if let Some(handle) = self.slots[slot].adapter.handles.get(&exchange) {
                    handle.abandon();
                }
            }
        }
    }

    /// Cancels a question that the host need not answer any more (E-65).
    fn withdraw_question(&mut self, slot: SlotId, id: u64) {
        let generation = self.slots[slot].session.generation;
        let id = RequestId::from(id);
        let Some(number) = self.in_flight.of_remote.number_of(&id, generation) else { return };
        self.close_remote_request(number);
        let params = json!({ "requestId": number }).to_string();
        self.host.writer.push(Frame::from(notification(methods::CANCELLED, Some(&params))));
    }

    /// A message of a modern remote.
    pub(in crate::bridge) fn take_modern_message(
        &mut self,
        slot: SlotId,
        exchange: u64,
        message: &Message,
    ) {
        let is_answer =
            matches!(message.kind(), MessageKind::Response | MessageKind::ErrorResponse);
        if is_answer && message.id().is_some() && !is_answer_to(message, exchange) {
            return tracing::warn!("ignored an answer of the server under another id");
        }
        self.with_remote_adapter(slot, |remote, context| {
            remote.take_message(exchange, message, context)
        });
    }

    /// The end of an exchange with a modern remote.
    pub(in crate::bridge) fn take_modern_end(
        &mut self,
        slot: SlotId,
        exchange: u64,
        outcome: Outcome,
    ) {
        self.slots[slot].adapter.handles.remove(&exchange);
        self.with_remote_adapter(slot, |remote, context| match outcome {
            Outcome::Done => remote.take_end(exchange, None, context),
            Outcome::Failed(failure) => remote.take_end(exchange, Some(failure), context),
            Outcome::Refused(refusal) | Outcome::SessionLost(refusal) => {
                // An error under the request's own id is its answer (JSON-RPC 2.0 §5).
                match refusal.answer_to(exchange) {
                    Some(answer) => remote.take_message(exchange, answer, context),
                    None => {
                        let answer = refusal.answer.filter(|answer| answer.id().is_none());
                        remote.take_http_refusal(exchange, answer, refusal.failure, context);
                    }
                }
            }
        });
    }
}

impl SessionSlot {
    /// An exchange of the adapter as one of the wire.
    pub(in crate::bridge) fn modern_post(&self, exchange: Exchange) -> Post {
        let mut headers = HeaderMap::new();
        for (name, value) in exchange.headers {
            // Names are tokens and values are encoded (T-54, S-08); what is not never gets here.
            let name = HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value)) {
                headers.insert(name, value);
            }
        }
        let stays_open = exchange.stays_open;
        Post {
            is_request: exchange.is_request,
            urgent: stays_open || !exchange.is_request,
            stays_open,
            repeatable: exchange.repeatable,
            modern: Some(crate::remote::ModernPost { headers }),
            trace: exchange.trace,
            ..self.post_frame(exchange.number, exchange.frame)
        }
    }
}
