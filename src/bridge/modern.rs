//! A remote of the modern era behind its adapter: what the adapter wants done is done here. Which
//! rule wants it is the adapter's business (`eras::modern_remote`).

use std::collections::HashMap;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;
use tokio::time::Instant;

use super::Bridge;
use crate::eras::{AdapterContext, Exchange, ModernRemote, RemoteEffect};
use crate::error::Failure;
use crate::jsonrpc::{Frame, Kind, Message, RequestId};
use crate::protocol::methods;
use crate::remote::{ExchangeHandle, Outcome, Post, number_of};

/// The adapter, and the exchanges that it has open.
#[derive(Debug, Default)]
pub(super) struct Modern {
    remote: Option<Box<ModernRemote>>,
    flights: HashMap<u64, ExchangeHandle>,
}

impl Modern {
    /// Whether the remote is a modern one.
    pub(super) fn is_on(&self) -> bool {
        self.remote.is_some()
    }

    /// Whether this exchange is one of the adapter's, still wanted or not.
    pub(super) fn sent(&self, exchange: u64) -> bool {
        self.flights.contains_key(&exchange)
    }

    /// When the adapter has something to do next.
    pub(super) fn due(&self) -> Option<Instant> {
        self.remote.as_ref()?.due().map(Instant::from_std)
    }

    /// From now on the remote is this one.
    pub(super) fn begin(&mut self, remote: ModernRemote) {
        self.remote = Some(Box::new(remote));
    }

    /// The remote is no longer known to be modern; its exchanges are given up.
    pub(super) fn end(&mut self) {
        self.remote = None;
        for (_, flight) in self.flights.drain() {
            flight.abandon();
        }
    }
}

impl Bridge {
    /// Lets the adapter work, and does what it wants done.
    pub(super) fn with_modern(
        &mut self,
        work: impl FnOnce(&mut ModernRemote, &mut AdapterContext<'_, RemoteEffect>),
    ) {
        let Some(remote) = &mut self.modern.remote else { return };
        let mut effects = Vec::new();
        let now = Instant::now().into_std();
        work(
            remote,
            &mut AdapterContext { now, numbers: &mut self.numbers, effects: &mut effects },
        );
        for effect in effects {
            self.carry_out(effect);
        }
    }

    fn carry_out(&mut self, effect: RemoteEffect) {
        match effect {
            RemoteEffect::Answer { number, answer, edits } => {
                self.settle(number, &answer, &edits);
            }
            RemoteEffect::Fail { number, failure } => self.take_failure(number, &failure),
            RemoteEffect::Forget(number) => {
                self.in_flight.close(number);
            }
            RemoteEffect::Contradicted(number) => self.contradicted(number),
            RemoteEffect::Accepted(number) => self.take_confirmation(number),
            RemoteEffect::Notify(frame) => self.host.writer.push(frame),
            RemoteEffect::Ask(question) => self.take_remote_request(&question, None),
            RemoteEffect::Withdraw(id) => self.withdraw_question(id),
            RemoteEffect::Exchange(exchange) => {
                let post = self.modern_post(exchange);
                self.modern.flights.insert(post.number, post.handle.clone());
                self.remote.post(post);
            }
            RemoteEffect::Close(exchange) => {
                if let Some(flight) = self.modern.flights.get(&exchange) {
                    flight.abandon();
                }
            }
        }
    }

    /// A question that the host need not answer any more (E-65).
    fn withdraw_question(&mut self, id: u64) {
        let generation = self.session.generation;
        let id = RequestId::from(id);
        let Some(number) = self.in_flight.host_side_number(&id, generation) else { return };
        self.in_flight.close_to_host(&RequestId::from(number));
        self.remote.open_prompts().set_count(self.in_flight.questions());
        let params = json!({ "requestId": number });
        let line = json!({ "jsonrpc": "2.0", "method": methods::CANCELLED, "params": params });
        self.host.writer.push(Frame::from(line.to_string()));
    }

    /// A message of a modern remote.
    pub(super) fn take_modern_message(&mut self, exchange: u64, message: &Message) {
        let is_ours = |id: &RequestId| match id {
            RequestId::Integer(digits) => digits.parse().is_ok_and(|id| number_of(id) == exchange),
            RequestId::Text(_) => false,
        };
        let is_answer = matches!(message.kind(), Kind::Response | Kind::ErrorResponse);
        if is_answer && !message.id().is_none_or(is_ours) {
            return tracing::warn!("ignored an answer of the server under another id");
        }
        self.with_modern(|remote, turn| remote.take_message(exchange, message, turn));
    }

    /// The end of an exchange with a modern remote.
    pub(super) fn take_modern_end(&mut self, exchange: u64, outcome: Outcome) {
        self.modern.flights.remove(&exchange);
        let failure: Option<Failure> = match outcome {
            Outcome::Failed(failure) => Some(failure),
            Outcome::Refused(refused) => Some(refused.failure),
            Outcome::Done | Outcome::SessionLost => None,
        };
        self.with_modern(|remote, turn| remote.take_end(exchange, failure, turn));
    }

    /// An exchange of the adapter as one of the wire.
    pub(super) fn modern_post(&self, exchange: Exchange) -> Post {
        let mut headers = HeaderMap::new();
        for (name, value) in exchange.headers {
            // Names are tokens and values are encoded (T-54, S-08); what is not never gets here.
            let name = HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value)) {
                headers.insert(name, value);
            }
        }
        let listens = exchange.listens;
        Post {
            is_request: exchange.is_request,
            urgent: listens || !exchange.is_request,
            repeatable: exchange.repeatable,
            modern: Some(crate::remote::ModernPost { headers, listens }),
            ..self.post_frame(exchange.number, exchange.frame)
        }
    }
}
