//! A refusal may mean that the remote is no longer of the era that was detected (T-84). It proves
//! nothing yet: `server/discover` is sent beside the other traffic, and no open request fails
//! before it is answered. The refused request waits for that answer: if the era has changed, it is
//! sent again, because it was not executed; otherwise it gets the remote's refusal.

use std::time::Duration;

use serde::Deserialize;
use tokio::time::Instant;

use crate::bridge::Bridge;
use crate::bridge::session::slots::SlotId;
use crate::eras::{ModernRemote, era_by_discover};
use crate::jsonrpc::MessageKind;
use crate::protocol::{Era, codes};
use crate::remote::{ExchangeHandle, Outcome, ProbeRefusal, RemoteEvent, Session};

/// How long to wait for the answer to the probe.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an era is trusted after a probe confirmed it.
const CONFIRMED_FOR: Duration = Duration::from_secs(10);

/// The doubts about one remote's era.
#[derive(Debug, Default)]
pub(in crate::bridge) struct EraDoubt {
    probe: Option<DoubtProbe>,
    confirmed: Option<Instant>,
}

/// A probe in progress, and the refused requests that wait for it.
#[derive(Debug)]
struct DoubtProbe {
    exchange: u64,
    handle: ExchangeHandle,
    due: Instant,
    refused: Vec<(u64, ProbeRefusal)>,
}

impl EraDoubt {
    /// Whether this exchange is the probe.
    fn is_at(&self, exchange: u64) -> bool {
        self.probe.as_ref().is_some_and(|probe| probe.exchange == exchange)
    }

    /// When the probe is abandoned.
    pub(in crate::bridge) fn due(&self) -> Option<Instant> {
        self.probe.as_ref().map(|probe| probe.due)
    }
}

impl Bridge {
    /// Starts a probe, because the remote refused this request the way a remote of the other era
    /// would.
    pub(in crate::bridge) fn doubt_era(
        &mut self,
        slot: SlotId,
        number: u64,
        refusal: ProbeRefusal,
    ) {
        let state = &mut self.slots[slot];
        if let Some(probe) = &mut state.doubt.probe {
            return probe.refused.push((number, refusal));
        }
        let is_confirmed = state.doubt.confirmed.is_some_and(|at| at.elapsed() < CONFIRMED_FOR);
        if is_confirmed || state.detection.is_some() || !self.probe_beside(slot, number) {
            return self.handle_refusal(number, &refusal);
        }
        if let Some(probe) = &mut self.slots[slot].doubt.probe {
            probe.refused.push((number, refusal));
        }
    }

    /// Sends `server/discover` beside the other traffic. Returns whether it could be sent.
    fn probe_beside(&mut self, slot: SlotId, number: u64) -> bool {
        let options = self.adapter_options(slot);
        let request = self.in_flight.get(number).and_then(|open| open.purpose.host_request());
        let state = &mut self.slots[slot];
        let discover = match (state.lifecycle.initialize(), request) {
            (Some(initialize), _) => {
                ModernRemote::discover_for(initialize, &options, &mut self.numbers)
            }
            (None, Some(request)) => {
                ModernRemote::discover_like(request.message(), &options, &mut self.numbers)
            }
            (None, None) => return false,
        };
        let mut post = state.compose_modern_post(discover);
        post.session = Session::unopened(state.session.generation);
        let due = Instant::now() + PROBE_TIMEOUT;
        let (exchange, handle) = (post.number, post.handle.clone());
        tracing::debug!("the server may have changed its era, asking it");
        state.doubt.probe = Some(DoubtProbe { exchange, handle, due, refused: Vec::new() });
        state.remote.post(post);
        true
    }

    /// Handles an event that belongs to the probe, and gives back any other.
    pub(in crate::bridge) fn handle_doubt_event(
        &mut self,
        slot: SlotId,
        event: RemoteEvent,
    ) -> Option<RemoteEvent> {
        let doubt = &self.slots[slot].doubt;
        match event {
            RemoteEvent::Message { exchange: Some(exchange), message, .. }
                if doubt.is_at(exchange) =>
            {
                if matches!(message.kind(), MessageKind::Response | MessageKind::ErrorResponse) {
                    self.settle_doubt(slot, era_by_discover(200, Some(&message)));
                }
                None
            }
            RemoteEvent::Ended { exchange, outcome, .. } if doubt.is_at(exchange) => {
                let era = match outcome {
                    // Without a JSON-RPC error, a gateway may have answered.
                    Outcome::Refused(refusal) => refusal.answer.as_ref().and_then(|answer| {
                        era_by_discover(refusal.status.unwrap_or_default(), Some(answer))
                    }),
                    _ => None,
                };
                self.settle_doubt(slot, era);
                None
            }
            event => Some(event),
        }
    }

    /// Abandons a probe that is not answered in time.
    pub(in crate::bridge) fn handle_doubt_timer(&mut self, slot: SlotId, now: Instant) {
        if self.slots[slot].doubt.due().is_some_and(|due| due <= now) {
            self.settle_doubt(slot, None);
        }
    }

    /// Acts on the era that the probe found; `None` means that it found none, and changes nothing.
    fn settle_doubt(&mut self, slot: SlotId, era: Option<Era>) {
        let Some(probe) = self.slots[slot].doubt.probe.take() else { return };
        probe.handle.abandon();
        if era.is_some() && era != self.choices.era {
            let refused: Vec<u64> = probe.refused.iter().map(|(number, _)| *number).collect();
            return self.era_changed(slot, &refused);
        }
        self.slots[slot].doubt.confirmed = Some(Instant::now());
        for (number, refusal) in probe.refused {
            self.handle_refusal(number, &refusal);
        }
    }

    /// Answers a request with the remote's refusal.
    pub(in crate::bridge) fn handle_refusal(&mut self, number: u64, refusal: &ProbeRefusal) {
        match &refusal.answer {
            Some(answer) => self.handle_answer(number, answer, &[]),
            None => self.handle_failure(number, &refusal.failure),
        }
    }
}

/// Whether a supposedly legacy remote refused a request in a way that only modern ones do (T-82,
/// T-84).
pub(in crate::bridge) fn is_modern_refusal(refusal: &ProbeRefusal) -> bool {
    #[derive(Deserialize)]
    struct Error {
        #[serde(default)]
        code: i64,
    }
    let code = refusal.answer.as_ref().and_then(|answer| answer.outcome_as::<Error>());
    code.is_some_and(|Error { code }| {
        matches!(code, codes::HEADER_MISMATCH | codes::UNSUPPORTED_PROTOCOL_VERSION)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Failure;
    use crate::jsonrpc::Message;

    /// T-82, T-84
    #[test]
    fn only_errors_that_modern_servers_have_raise_the_doubt() {
        let refusal = |error: Option<&str>| ProbeRefusal {
            status: Some(400),
            failure: Failure::internal(),
            answer: error.map(|error| {
                let text = format!(r#"{{"jsonrpc":"2.0","id":1,"error":{error}}}"#);
                Message::parse(text).unwrap()
            }),
        };
        for code in [codes::HEADER_MISMATCH, codes::UNSUPPORTED_PROTOCOL_VERSION] {
            let error = format!(r#"{{"code":{code},"message":"no"}}"#);
            assert!(is_modern_refusal(&refusal(Some(&error))), "{code}");
        }
        for error in [
            r#"{"code":-32601,"message":"no"}"#,
            r#"{"code":0,"message":"no"}"#,
            r#"{"message":"no"}"#,
            r#"{"code":"-32001","message":"no"}"#,
        ] {
            assert!(!is_modern_refusal(&refusal(Some(error))), "{error}");
        }
        assert!(!is_modern_refusal(&refusal(None)), "a gateway may have answered");
    }

    #[test]
    fn without_a_probe_nothing_is_due() {
        let mut doubt = EraDoubt::default();
        assert!(doubt.due().is_none() && !doubt.is_at(0));
        let (due, handle) = (Instant::now(), ExchangeHandle::default());
        doubt.probe = Some(DoubtProbe { exchange: 7, handle, due, refused: Vec::new() });
        assert!(doubt.due() == Some(due) && doubt.is_at(7) && !doubt.is_at(8));
    }
}
