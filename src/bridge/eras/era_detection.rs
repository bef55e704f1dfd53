//! Detects the era of the remote, probe by probe (T-80): sends the probes that `eras::Detection`
//! decides on, reports their outcomes to it, and continues with the era that was found. Requests of
//! the host wait in the meantime (T-81).

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use tokio::time::Instant;

use super::ongoing_detection::{OngoingDetection, Opens, ProbeReport};
use crate::bridge::Bridge;
use crate::bridge::host_side::request::Requester;
use crate::bridge::remote_side::in_flight::Purpose;
use crate::bridge::session::slots::{SessionSlot, SlotId};
use crate::eras::{AdapterOptions, ModernRemote, NextAction, Probe, ProbeOutcome};
use crate::error::{Failure, FailureKind};
use crate::jsonrpc::{Message, error_response};
use crate::protocol::{Era, codes};
use crate::remote::{Outcome, Post, ProbeRefusal, Session, Transport};

/// How long to wait for the answer to `server/discover` if another probe can follow.
const DISCOVER_TIMEOUT: Duration = Duration::from_secs(5);

impl Bridge {
    /// Sends the first probe of a detection that has just begun.
    pub(in crate::bridge) fn send_first_probe(&mut self, slot: SlotId) {
        if self.slots[slot].detection.as_ref().is_some_and(OngoingDetection::has_not_asked) {
            self.probe(slot);
        }
    }

    fn probe(&mut self, slot: SlotId) {
        let options = self.adapter_options(slot);
        let state = &mut self.slots[slot];
        let Some(detection) = &state.detection else { return };
        let (probe, again) = (detection.detector.probe(), detection.first.is_some());
        tracing::debug!(step = ?probe, "detecting the era of the server");
        let discover = match (&detection.opens, probe) {
            (Opens::Session(_, initialize), Probe::Discover) => {
                ModernRemote::discover_for(initialize, &options, &mut self.numbers)
            }
            (Opens::Request(request), Probe::Discover) => {
                ModernRemote::discover_like(request, &options, &mut self.numbers)
            }
            (Opens::Session(number, initialize), probe) => {
                let (number, initialize) = (*number, initialize.clone());
                return self.probe_with_initialize(slot, probe, number, &initialize, again);
            }
            // The adapter of the modern host opens the session with a legacy server.
            (Opens::Request(_), _) => return self.found_legacy_for_request(slot),
        };
        let post = state.compose_modern_post(discover);
        state.probes_with(&post);
        let due = Instant::now() + DISCOVER_TIMEOUT;
        if let Some(detection) = &mut state.detection {
            detection.due = detection.detector.has_another_probe().then_some(due);
        }
        state.remote.open_streamable(post, false);
    }

    fn probe_with_initialize(
        &mut self,
        slot: SlotId,
        probe: Probe,
        number: u64,
        initialize: &Message,
        again: bool,
    ) {
        // A request that got no answer is sent again under a new number (E-05).
        let exchange = if again { self.numbers.fresh() } else { number };
        let frame = initialize.with_id(&exchange.to_string());
        let state = &mut self.slots[slot];
        let post = state.compose_post(exchange, frame, initialize);
        self.in_flight.move_to_exchange(number, &post.handle);
        state.probes_with(&post);
        let detection = state.detection.as_ref();
        let may_be_old = detection.is_some_and(|under_way| under_way.detector.may_find_a_stream());
        match probe {
            Probe::Stream => state.remote.open_http_sse(post),
            Probe::Initialize | Probe::Discover => state.remote.open_streamable(post, may_be_old),
        }
    }

    pub(in crate::bridge) fn adapter_options(&self, slot: SlotId) -> AdapterOptions {
        let remote = &self.slots[slot].remote;
        AdapterOptions {
            host_name: remote.endpoint().host_str().unwrap_or("server").to_owned(),
            limit: self.limits.request,
            extensions: remote.authorizer().extension().into_iter().collect(),
        }
    }

    /// Handles a JSON-RPC answer to the current probe.
    pub(in crate::bridge) fn handle_probe_answer(&mut self, slot: SlotId, answer: &Message) {
        let report = ProbeReport { failure: unexpected(), answer: Some(answer.clone()) };
        self.judge(slot, ProbeOutcome::Answer(200, Some(answer)), report);
    }

    /// Handles the end of the current probe without a JSON-RPC answer, or with an HTTP refusal.
    pub(in crate::bridge) fn handle_probe_end(&mut self, slot: SlotId, outcome: Outcome) {
        match outcome {
            Outcome::Refused(refused) | Outcome::SessionLost(refused) => {
                let ProbeRefusal { status, failure, answer } = *refused;
                let report = ProbeReport { failure, answer: answer.clone() };
                let outcome = match status {
                    Some(status) => ProbeOutcome::Answer(status, answer.as_ref()),
                    None => ProbeOutcome::NoStream,
                };
                self.judge(slot, outcome, report);
            }
            Outcome::Failed(failure) => {
                let report = ProbeReport { failure, answer: None };
                self.judge(slot, ProbeOutcome::Nothing, report);
            }
            Outcome::Done => {
                let report = ProbeReport { failure: unexpected(), answer: None };
                self.judge(slot, ProbeOutcome::Nothing, report);
            }
        }
    }

    /// Abandons an unanswered `server/discover`: servers that do not know the method may never
    /// answer. A pending sign-in suspends the limit.
    pub(in crate::bridge) fn handle_detection_timer(&mut self, slot: SlotId, now: Instant) {
        let sign_in_waits = self.slots.sign_in_waits();
        let Some(detection) = &mut self.slots[slot].detection else { return };
        if detection.due.is_none_or(|due| due > now) {
            return;
        }
        if sign_in_waits {
            detection.due = Some(now + DISCOVER_TIMEOUT);
            return;
        }
        detection.due = None;
        detection.exchange = 0;
        detection.handle.abandon();
        let seconds = DISCOVER_TIMEOUT.as_secs();
        let text = format!("the server did not answer `server/discover` within {seconds} s");
        let failure = Failure::new(FailureKind::Timeout, text)
            .hint("pass `--protocol 2025-11-25` if the server only knows older revisions");
        self.judge(slot, ProbeOutcome::Silent, ProbeReport { failure, answer: None });
    }

    fn judge(&mut self, slot: SlotId, outcome: ProbeOutcome<'_>, report: ProbeReport) {
        let Some(detection) = &mut self.slots[slot].detection else { return };
        match detection.detector.judge(outcome) {
            NextAction::Try(_) => {
                detection.first.get_or_insert(report);
                self.probe(slot);
            }
            NextAction::Settled(era) => match (era, &report.answer) {
                (Era::Legacy, Some(answer)) => self.found_legacy(slot, answer),
                (Era::Modern, Some(answer)) => self.found_modern(slot, answer),
                (_, None) => self.report(slot, report),
            },
            NextAction::ReportThis => self.report(slot, report),
            NextAction::ReportFirst => {
                let first = detection.first.take().unwrap_or(report);
                self.report(slot, first);
            }
        }
    }

    /// Detects the remote's era again, because it has changed (T-84). The requests with these
    /// numbers were refused unexecuted and are sent once more; all other open requests fail.
    pub(in crate::bridge) fn era_changed(&mut self, slot: SlotId, refused: &[u64]) {
        tracing::warn!("the server changed its era, detecting it again");
        self.choices.era = None;
        self.slots[slot].adapter.end();
        let refused: Vec<_> = refused.iter().map(|number| self.in_flight.close(*number)).collect();
        let lost = Failure::new(
            FailureKind::Lost,
            "the server changed its era while the request was open",
        )
        .hint("the server may or may not have acted on the request; check before repeating it");
        for other in self.in_flight.host_numbers() {
            self.fail(other, &lost);
        }
        let mut is_detecting = false;
        for request in refused.into_iter().rev().flatten() {
            match request.purpose {
                Purpose::Host(request) if request.is_repeated => self.refuse(request, &lost),
                Purpose::Host(request) if request.requester() == Requester::ModernHost => {
                    is_detecting = true;
                    self.handle_modern_request(slot, request.repeated());
                }
                Purpose::Host(request) => self.slots[slot].lifecycle.hold_first(request.repeated()),
                _ => {}
            }
        }
        if !is_detecting {
            self.reopen(slot);
        }
    }

    /// Remembers an era for this run and, for hosts of this era, for the next one.
    fn found(&mut self, host: Era, era: Era) {
        if self.choices.era != Some(era) {
            log_eras(host, era);
        }
        self.choices.era = Some(era);
        if let Some(known) = &self.choices.known {
            known.keep(host, era);
        }
    }

    /// Continues with a remote that answered `initialize`.
    fn found_legacy(&mut self, slot: SlotId, answer: &Message) {
        let Some(detection) = self.slots[slot].detection.take() else { return };
        self.found(detection.opens.host(), Era::Legacy);
        if let Opens::Session(number, _) = detection.opens {
            self.handle_answer(number, answer, &[]);
        }
    }

    /// Continues with a remote that does not know `server/discover`: a modern host's requests need
    /// translation.
    fn found_legacy_for_request(&mut self, slot: SlotId) {
        self.slots[slot].detection = None;
        self.found(Era::Modern, Era::Legacy);
        for held in self.slots[slot].lifecycle.release() {
            self.handle_held_of_modern_host(slot, held);
        }
    }

    /// Continues with a remote that answered `server/discover`.
    fn found_modern(&mut self, slot: SlotId, answer: &Message) {
        let Some(remote) = ModernRemote::new(answer, self.adapter_options(slot)) else {
            return self.report(slot, ProbeReport { failure: unexpected(), answer: None });
        };
        let Some(detection) = self.slots[slot].detection.take() else { return };
        self.found(detection.opens.host(), Era::Modern);
        self.slots[slot].begin_modern(remote);
        match detection.opens {
            Opens::Session(number, initialize) => {
                self.with_remote_adapter(slot, |remote, context| {
                    remote.handle_request(number, &initialize, context);
                })
            }
            Opens::Request(_) => self.relay_all(slot, answer),
        }
    }

    /// Tells the host why detection failed, once no probe is left.
    fn report(&mut self, slot: SlotId, report: ProbeReport) {
        let Some(detection) = self.slots[slot].detection.take() else { return };
        match (detection.opens, report.answer) {
            (Opens::Session(number, initialize), Some(answer)) => {
                let answer = version_error(&answer, &initialize).unwrap_or(answer);
                self.handle_answer(number, &answer, &[]);
            }
            (Opens::Session(number, _), None) => self.handle_failure(number, &report.failure),
            (Opens::Request(_), answer) => {
                if report.failure.kind == FailureKind::AuthRequired {
                    self.offer_sign_in(slot);
                }
                for request in self.slots[slot].lifecycle.release_requests() {
                    match &answer {
                        Some(answer) => {
                            let line = answer.with_id(&request.id().to_json());
                            self.reply(request, line);
                        }
                        None => self.refuse(request, &report.failure),
                    }
                }
            }
        }
    }
}

impl SessionSlot {
    /// Records the exchange of the current probe.
    fn probes_with(&mut self, post: &Post) {
        if let Some(detection) = &mut self.detection {
            detection.exchange = post.number;
            detection.handle = post.handle.clone();
            detection.due = None;
        }
    }

    /// Switches to this modern remote, which has no sessions.
    fn begin_modern(&mut self, remote: ModernRemote) {
        if self.remote.transport().is_none() {
            tracing::info!(revision = remote.version(), "connected without a session");
        }
        self.remote.set_transport(Transport::StreamableHttp);
        self.lifecycle.forget_session_id();
        let version = HeaderValue::from_str(remote.version()).ok();
        self.session = Arc::new(Session::new(self.session.generation, None, version));
        self.adapter.begin(remote);
    }
}

/// Logs which eras are bridged, and which features are lost in translation (E-07).
fn log_eras(host: Era, remote: Era) {
    match (host, remote) {
        (Era::Legacy, Era::Legacy) => tracing::info!("both sides know sessions, no translation"),
        (Era::Modern, Era::Modern) => tracing::info!("both sides speak 2026-07-28, no translation"),
        (Era::Legacy, Era::Modern) => tracing::warn!(
            "a host of an older revision with a server of 2026-07-28: translating; changes of the \
             host's folders and its own tasks are not carried"
        ),
        // Logged where the translation begins, in `session::slots`.
        (Era::Modern, Era::Legacy) => {}
    }
}

/// The error for a refused version as a legacy host expects it, `-32602` (2025-11-25,
/// `basic/lifecycle`).
fn version_error(answer: &Message, initialize: &Message) -> Option<Message> {
    let error: serde_json::Value = answer.outcome_as()?;
    if error["code"] != codes::UNSUPPORTED_PROTOCOL_VERSION {
        return None;
    }
    let params: serde_json::Value = initialize.params_as()?;
    let data = serde_json::json!({
        "supported": error["data"]["supported"],
        "requested": params["protocolVersion"],
    });
    let text = "the server supports none of the revisions that this bridge knows";
    let line = error_response(answer.id()?, codes::INVALID_PARAMS, text, data);
    Message::parse(line).ok()
}

fn unexpected() -> Failure {
    Failure::new(FailureKind::Protocol, "the server did not answer like an MCP server")
        .hint("check the URL: MCP endpoints often end in `/mcp` or `/sse`")
}
