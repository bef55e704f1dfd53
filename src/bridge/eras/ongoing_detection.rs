//! What is known about the remote's era, and a detection of it that is in progress.

use tokio::time::Instant;

use super::known_era::KnownEra;
use crate::eras::{Detection, Pin, ProbeOrder, SsePosition};
use crate::error::Failure;
use crate::jsonrpc::Message;
use crate::protocol::Era;
use crate::remote::{ExchangeHandle, Transport, TransportChoice};

/// What is known about the remote's era and transport before it is probed.
#[derive(Debug)]
pub(in crate::bridge) struct Choices {
    pin: Pin,
    transport: TransportChoice,
    /// The era that was found.
    pub(in crate::bridge) era: Option<Era>,
    /// Whether a request from a modern host was seen.
    pub(in crate::bridge) host_is_modern: bool,
    pub(in crate::bridge::eras) known: Option<KnownEra>,
}

impl Choices {
    pub(in crate::bridge) fn new(
        pin: Pin,
        transport: TransportChoice,
        known: Option<KnownEra>,
    ) -> Self {
        Self { pin, transport, era: None, host_is_modern: false, known }
    }

    /// Makes further sessions use the transport that was found.
    pub(in crate::bridge) fn settle_transport(&mut self, found: &Transport) {
        self.transport = match found {
            Transport::StreamableHttp => TransportChoice::HttpOnly,
            Transport::HttpSse { .. } => TransportChoice::SseOnly,
        };
    }

    /// Whether further sessions are opened over this transport only.
    #[cfg(test)]
    pub(in crate::bridge) fn is_settled_on(&self, found: &Transport) -> bool {
        match found {
            Transport::StreamableHttp => self.transport == TransportChoice::HttpOnly,
            Transport::HttpSse { .. } => self.transport == TransportChoice::SseOnly,
        }
    }

    pub(in crate::bridge::eras) fn probe_order(
        &self,
        host: Era,
        known: Option<&Transport>,
    ) -> ProbeOrder {
        let (http, stream) = match (known, self.transport) {
            (Some(Transport::StreamableHttp), _) => (true, None),
            (Some(Transport::HttpSse { .. }), _) => (false, Some(SsePosition::First)),
            (None, TransportChoice::HttpFirst) => (true, Some(SsePosition::Last)),
            (None, TransportChoice::SseFirst) => (true, Some(SsePosition::First)),
            (None, TransportChoice::HttpOnly) => (true, None),
            (None, TransportChoice::SseOnly) => (false, Some(SsePosition::First)),
        };
        let known = || self.known.as_ref().and_then(|known| known.read(host));
        ProbeOrder { host, pin: self.pin, remembered: self.era.or_else(known), http, stream }
    }
}

/// A detection in progress, and the request that waits for its result.
#[derive(Debug)]
pub(in crate::bridge) struct OngoingDetection {
    pub(in crate::bridge::eras) detector: Detection,
    pub(in crate::bridge::eras) opens: Opens,
    /// The exchange of the current probe.
    pub(in crate::bridge::eras) exchange: u64,
    pub(in crate::bridge::eras) handle: ExchangeHandle,
    /// When the current probe is abandoned, if another one can follow.
    pub(in crate::bridge::eras) due: Option<Instant>,
    /// The outcome of the first probe.
    pub(in crate::bridge::eras) first: Option<ProbeReport>,
}

/// The request that waits for the remote's era.
#[derive(Debug)]
pub(in crate::bridge::eras) enum Opens {
    /// The session of a legacy host: its `initialize` under this number.
    Session(u64, Message),
    /// A modern host's request, which is sent itself if it is `server/discover`.
    Request(Message),
}

/// The outcome of a probe that did not settle the era.
#[derive(Clone, Debug)]
pub(in crate::bridge::eras) struct ProbeReport {
    pub(in crate::bridge::eras) failure: Failure,
    pub(in crate::bridge::eras) answer: Option<Message>,
}

impl OngoingDetection {
    pub(in crate::bridge::eras) fn new(order: ProbeOrder, opens: Opens) -> Self {
        let (detector, handle) = (Detection::new(order), ExchangeHandle::default());
        Self { detector, opens, exchange: 0, handle, due: None, first: None }
    }

    /// Whether no probe was sent yet.
    pub(in crate::bridge::eras) fn has_not_asked(&self) -> bool {
        self.exchange == 0 && self.first.is_none()
    }

    /// When the current probe is abandoned.
    pub(in crate::bridge) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Whether this exchange is the current probe.
    pub(in crate::bridge) fn is_at(&self, exchange: u64) -> bool {
        self.exchange == exchange
    }

    /// Whether the waiting request has this number; its own exchange did not settle the era.
    pub(in crate::bridge) fn waits_for(&self, number: u64) -> bool {
        matches!(self.opens, Opens::Session(opened, _) if opened == number)
    }
}

impl Opens {
    pub(in crate::bridge::eras) fn host(&self) -> Era {
        match self {
            Self::Session(..) => Era::Legacy,
            Self::Request(_) => Era::Modern,
        }
    }
}
