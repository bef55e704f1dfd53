//! Connects the loop with a modern remote's adapter: hands it the remote's messages, and keeps
//! track of its open exchanges. The rules are in the adapter (`eras::modern_remote`).

use std::collections::HashMap;

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;

use crate::bridge::Bridge;
use crate::bridge::session::slots::{SessionSlot, SlotId};
use crate::eras::{Exchange, ModernRemote};
use crate::jsonrpc::{Message, MessageKind};
use crate::remote::{ExchangeHandle, Outcome, Post, is_answer_to};

/// The adapter of one slot, and its open exchanges.
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

    /// Whether this exchange is one of the adapter's, even an abandoned one.
    pub(in crate::bridge) fn sent(&self, exchange: u64) -> bool {
        self.handles.contains_key(&exchange)
    }

    /// Records an exchange that the adapter sends now.
    pub(in crate::bridge) fn note_sent(&mut self, post: &Post) {
        self.handles.insert(post.number, post.handle.clone());
    }

    /// Abandons an exchange and closes its stream.
    pub(in crate::bridge) fn abandon(&self, exchange: u64) {
        if let Some(handle) = self.handles.get(&exchange) {
            handle.abandon();
        }
    }

    /// When the adapter's next timer is due.
    pub(in crate::bridge) fn due(&self) -> Option<Instant> {
        self.remote.as_ref()?.due().map(Instant::from_std)
    }

    /// Puts this adapter between the loop and the remote.
    pub(in crate::bridge) fn begin(&mut self, remote: ModernRemote) {
        self.remote = Some(Box::new(remote));
    }

    /// Removes the adapter and abandons its exchanges: the remote may no longer be modern.
    pub(in crate::bridge) fn end(&mut self) {
        self.remote = None;
        for (_, handle) in self.handles.drain() {
            handle.abandon();
        }
    }
}

impl Bridge {
    /// Hands the adapter a message from the remote.
    pub(in crate::bridge) fn handle_modern_message(
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
            remote.handle_message(exchange, message, context)
        });
    }

    /// Tells the adapter that one of its exchanges has ended.
    pub(in crate::bridge) fn handle_modern_end(
        &mut self,
        slot: SlotId,
        exchange: u64,
        outcome: Outcome,
    ) {
        self.slots[slot].adapter.handles.remove(&exchange);
        self.with_remote_adapter(slot, |remote, context| match outcome {
            Outcome::Done => remote.handle_end(exchange, None, context),
            Outcome::Failed(failure) => remote.handle_end(exchange, Some(failure), context),
            Outcome::Refused(refusal) | Outcome::SessionLost(refusal) => {
                // An error under the request's own id is its answer (JSON-RPC 2.0 §5).
                match refusal.answer_to(exchange) {
                    Some(answer) => remote.handle_message(exchange, answer, context),
                    None => {
                        let answer = refusal.answer.filter(|answer| answer.id().is_none());
                        remote.handle_http_refusal(exchange, answer, refusal.failure, context);
                    }
                }
            }
        });
    }
}

impl SessionSlot {
    /// Turns one of the adapter's exchanges into an HTTP POST.
    pub(in crate::bridge) fn compose_modern_post(&self, exchange: Exchange) -> Post {
        let mut headers = HeaderMap::new();
        for (name, value) in exchange.headers {
            // The adapter has checked that names are tokens, and encoded the values (T-54, S-08).
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
            modern: Some(Box::new(crate::remote::ModernPost { headers })),
            trace: exchange.trace,
            ..self.compose_bare_post(exchange.number, exchange.frame)
        }
    }
}
