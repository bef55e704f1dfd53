//! Finds out what the remote is, probe by probe (T-80): sends what `eras::Detection` decides, and goes
//! on with the result. Requests of the host wait meanwhile (T-81).

use std::sync::Arc;

use http::HeaderValue;

use super::Bridge;
use super::in_flight::{Asker, Held, Purpose};
use super::known_era::KnownEra;
use crate::eras::{
    AdapterOptions, Detection, ModernRemote, NextAction, Pin, Probe, ProbeOrder, ProbeOutcome,
    SsePosition,
};
use crate::error::{Failure, FailureKind};
use crate::jsonrpc::{Message, RequestId, error_response};
use crate::protocol::{Era, codes};
use crate::remote::{Outcome, ProbeRefusal, Session, Transport, TransportChoice};

/// What is known of the remote's era and transport before it was asked.
#[derive(Debug)]
pub(super) struct Choices {
    pin: Pin,
    transport: TransportChoice,
    /// The era that was found.
    pub(super) era: Option<Era>,
    /// Whether a request of a modern host was seen.
    pub(super) host_is_modern: bool,
    known: Option<KnownEra>,
}

impl Choices {
    pub(super) fn new(pin: Pin, transport: TransportChoice, known: Option<KnownEra>) -> Self {
        Self { pin, transport, era: None, host_is_modern: false, known }
    }

    /// Further sessions are opened over the transport that was found.
    pub(super) fn settle_transport(&mut self, found: &Transport) {
        self.transport = match found {
            Transport::StreamableHttp => TransportChoice::HttpOnly,
            Transport::HttpSse { .. } => TransportChoice::SseOnly,
        };
    }

    fn steps(&self, host: Era, known: Option<&Transport>) -> ProbeOrder {
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

/// A search under way.
#[derive(Debug)]
pub(super) struct Search {
    detection: Detection,
    opens: Opens,
    /// The exchange under way.
    exchange: u64,
    /// What the first step met.
    first: Option<Said>,
}

/// What waits for the remote's era.
#[derive(Debug)]
enum Opens {
    /// The session of a legacy host: its `initialize` under this number.
    Session(u64, Message),
    /// A modern host's request, which is sent itself if it is `server/discover`.
    Request(Held),
}

/// What a remote said to a step that led no further.
#[derive(Clone, Debug)]
struct Said {
    failure: Failure,
    answer: Option<Message>,
}

impl Search {
    /// Whether this exchange is the step under way.
    pub(super) fn is_at(&self, exchange: u64) -> bool {
        self.exchange == exchange
    }

    /// Whether this is the number of what waits, in an exchange that led no further.
    pub(super) fn waits_for(&self, number: u64) -> bool {
        matches!(self.opens, Opens::Session(opened, _) if opened == number)
    }
}

impl Opens {
    fn host(&self) -> Era {
        match self {
            Self::Session(..) => Era::Legacy,
            Self::Request(_) => Era::Modern,
        }
    }
}

impl Bridge {
    /// Opens a session of a legacy host with this `initialize`, whatever the remote is.
    pub(super) fn search_for_session(&mut self, number: u64, initialize: Message) {
        self.search(Opens::Session(number, initialize));
    }

    /// A modern host's first request: finds out where it belongs.
    pub(super) fn search_for_request(&mut self, held: Held) {
        self.search(Opens::Request(held));
    }

    /// Whether a search is under way.
    pub(super) fn is_searching(&self) -> bool {
        self.search.is_some()
    }

    fn search(&mut self, opens: Opens) {
        self.modern.end();
        let detection = Detection::new(self.choices.steps(opens.host(), self.remote.transport()));
        self.search = Some(Search { detection, opens, exchange: 0, first: None });
        self.take_step();
    }

    fn take_step(&mut self) {
        let options = self.adapter_options();
        let Some(search) = &self.search else { return };
        let (step, again) = (search.detection.probe(), search.first.is_some());
        tracing::debug!(?step, "finding out what the server is");
        match (&search.opens, step) {
            (Opens::Session(_, initialize), Probe::Discover) => {
                let discover = ModernRemote::discover_for(initialize, &options, &mut self.numbers);
                self.discover(discover);
            }
            (Opens::Request(held), Probe::Discover) => {
                let discover =
                    ModernRemote::discover_like(&held.message, &options, &mut self.numbers);
                self.discover(discover);
            }
            (Opens::Session(number, initialize), step) => {
                let (number, initialize) = (*number, initialize.clone());
                // What was not answered under one number goes out under another (E-05).
                let exchange = if again { self.numbers.fresh() } else { number };
                let frame = initialize.with_id(&exchange.to_string());
                let post = self.post(exchange, frame, &initialize);
                self.in_flight.flies(number, &post.handle);
                self.under_way(exchange);
                match step {
                    Probe::Stream => self.remote.open_http_sse(post),
                    _ => self.remote.open_streamable(post),
                }
            }
            // A legacy server is opened by whoever translates for the modern host.
            (Opens::Request(_), _) => self.found_legacy_for_request(),
        }
    }

    fn discover(&mut self, discover: crate::eras::Exchange) {
        self.under_way(discover.number);
        let post = self.modern_post(discover);
        self.remote.open_streamable(post);
    }

    fn under_way(&mut self, exchange: u64) {
        if let Some(search) = &mut self.search {
            search.exchange = exchange;
        }
    }

    fn adapter_options(&self) -> AdapterOptions {
        AdapterOptions {
            host_name: self.remote.endpoint().host_str().unwrap_or("server").to_owned(),
            limit: self.limits.request,
            extensions: self.remote.authorizer().extension().into_iter().collect(),
        }
    }

    /// A JSON-RPC answer to the step under way.
    pub(super) fn take_step_answer(&mut self, answer: &Message) {
        let said = Said { failure: unexpected(), answer: Some(answer.clone()) };
        self.judge(ProbeOutcome::Answer(200, Some(answer)), said);
    }

    /// The step under way ended without a JSON-RPC answer, or with an HTTP refusal.
    pub(super) fn take_step_end(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Refused(refused) => {
                let ProbeRefusal { status, failure, answer } = *refused;
                let said = Said { failure, answer: answer.clone() };
                let heard = match status {
                    Some(status) => ProbeOutcome::Answer(status, answer.as_ref()),
                    None => ProbeOutcome::NoStream,
                };
                self.judge(heard, said);
            }
            Outcome::Failed(failure) => {
                self.judge(ProbeOutcome::Nothing, Said { failure, answer: None });
            }
            Outcome::Done | Outcome::SessionLost => {
                self.judge(ProbeOutcome::Nothing, Said { failure: unexpected(), answer: None });
            }
        }
    }

    fn judge(&mut self, heard: ProbeOutcome<'_>, said: Said) {
        let Some(search) = &mut self.search else { return };
        let next = search.detection.judge(heard);
        match next {
            NextAction::Try(_) => {
                search.first.get_or_insert(said);
                self.take_step();
            }
            NextAction::Settled(Era::Legacy) => self.found_legacy(said.answer.as_ref()),
            NextAction::Settled(Era::Modern) => self.found_modern(said.answer.as_ref()),
            NextAction::ReportThis => self.report(said),
            NextAction::ReportFirst => {
                let first = search.first.take().unwrap_or(said);
                self.report(first);
            }
        }
    }

    /// The remote is not what it was (T-84). The request that met this was not executed and goes
    /// out once more; what else is under way is lost with the era.
    pub(super) fn contradicted(&mut self, number: u64) {
        tracing::warn!("the server changed its era, finding out anew");
        self.choices.era = None;
        self.modern.end();
        let request = self.in_flight.close(number);
        let lost = Failure::new(FailureKind::Lost, "server changed its era meanwhile")
            .hint("the server may or may not have acted on the request; check before repeating it");
        for other in self.in_flight.host_numbers() {
            self.fail(other, &lost);
        }
        let held = match request.map(|request| request.purpose) {
            Some(Purpose::Host(held)) if held.repeated => return self.refuse(&held, &lost),
            Some(Purpose::Host(held)) => Some(Held { repeated: true, ..held }),
            _ => None,
        };
        match held {
            Some(held) if held.asker == Asker::ModernHost => self.take_modern_request(held),
            held => {
                held.into_iter().for_each(|held| self.opening.hold_first(held));
                self.reopen();
            }
        }
    }

    /// Remembers an era for this run and, for hosts of this era, for the next.
    fn found(&mut self, host: Era, era: Era) {
        if self.choices.era != Some(era) {
            tell_quadrant(host, era);
        }
        self.choices.era = Some(era);
        if let Some(known) = &self.choices.known {
            known.keep(host, era);
        }
    }

    /// The remote answered `initialize`.
    fn found_legacy(&mut self, answer: Option<&Message>) {
        let Some(search) = self.search.take() else { return };
        self.found(search.opens.host(), Era::Legacy);
        if let (Opens::Session(number, _), Some(answer)) = (search.opens, answer) {
            self.settle(number, answer, &[]);
        }
    }

    /// The remote does not know `server/discover`: a modern host's requests need translation.
    fn found_legacy_for_request(&mut self) {
        self.search = None;
        self.found(Era::Modern, Era::Legacy);
        for held in self.opening.release() {
            self.take_modern_request(held);
        }
    }

    /// The remote answered `server/discover`.
    fn found_modern(&mut self, answer: Option<&Message>) {
        let Some(answer) = answer else { return };
        let Some(remote) = ModernRemote::new(answer, self.adapter_options()) else {
            return self.report(Said { failure: unexpected(), answer: None });
        };
        let Some(search) = self.search.take() else { return };
        self.found(search.opens.host(), Era::Modern);
        if self.remote.transport().is_none() {
            tracing::info!(revision = remote.version(), "connected without a session");
        }
        self.remote.set_transport(Transport::StreamableHttp);
        self.opening.forget_session_id();
        self.session = Arc::new(Session {
            generation: self.session.generation,
            id: None,
            version: HeaderValue::from_str(remote.version()).ok(),
        });
        self.modern.begin(remote);
        match search.opens {
            Opens::Session(number, initialize) => {
                self.with_modern(|modern, turn| modern.take_request(number, &initialize, turn));
            }
            Opens::Request(_) => self.relay_all(answer),
        }
    }

    /// Nothing more can be tried: whoever waits hears why.
    fn report(&mut self, said: Said) {
        let Some(search) = self.search.take() else { return };
        match (search.opens, said.answer) {
            (Opens::Session(number, initialize), Some(answer)) => {
                let answer = version_error(&answer, &initialize).unwrap_or(answer);
                self.settle(number, &answer, &[]);
            }
            (Opens::Session(number, _), None) => self.take_failure(number, &said.failure),
            (Opens::Request(_), answer) => {
                if said.failure.kind == FailureKind::AuthRequired {
                    self.offer_sign_in();
                }
                for held in self.opening.release() {
                    match (&answer, held.message.id().map(RequestId::to_json)) {
                        (Some(answer), Some(id)) => self.answer(&held, answer.with_id(&id)),
                        _ => self.refuse(&held, &said.failure),
                    }
                }
            }
        }
    }
}

/// Says which eras are joined, and what that cannot carry (E-07, E12).
fn tell_quadrant(host: Era, remote: Era) {
    match (host, remote) {
        (Era::Legacy, Era::Legacy) => tracing::info!("both sides know sessions, no translation"),
        (Era::Modern, Era::Modern) => tracing::info!("both sides speak 2026-07-28, no translation"),
        (Era::Legacy, Era::Modern) => tracing::warn!(
            "a host of an older revision with a server of 2026-07-28: translating; changes of the \
             host's folders and its own tasks are not carried"
        ),
        // Told where the translation begins, in `lanes`.
        (Era::Modern, Era::Legacy) => {}
    }
}

/// E5: a legacy host knows a refused version as `-32602` (2025-11-25, `basic/lifecycle`).
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
    let text = "the server serves none of the revisions that this bridge knows";
    let line = error_response(answer.id()?, codes::INVALID_PARAMS, text, data);
    Message::parse(line).ok()
}

fn unexpected() -> Failure {
    Failure::new(FailureKind::Protocol, "server's answer is not one of an MCP server")
        .hint("check the URL: MCP endpoints often end in `/mcp` or `/sse`")
}
