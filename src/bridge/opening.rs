//! The legacy session: opened by the host's own `initialize`, opened again with the same `initialize`
//! when the remote has forgotten it (T-32, T-74), and what must wait meanwhile (T-07).

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use http::HeaderValue;
use serde::Deserialize;

use super::in_flight::{Asker, Held, Purpose};
use super::translation::DISCOVER_FROM_MEMORY;
use super::{Bridge, Connected};
use crate::error::{Failure, FailureKind};
use crate::jsonrpc::{Frame, Kind, Message, RequestId};
use crate::protocol::{ProtocolVersion, methods};
use crate::remote::{Flight, Session, Transport};

/// How many messages of the host may wait for the session.
const HELD_MESSAGES: usize = 20_000;
/// How many bytes they may have.
const HELD_BYTES: usize = 512 * 1024 * 1024;

/// How often in a row a session may be lost before it was of any use.
const LOSSES_IN_A_ROW: u32 = 3;

/// How far the session is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// The host has not begun.
    #[default]
    Idle,
    /// The host's `initialize` is under way.
    Opening,
    /// It was answered; the host has not confirmed it.
    Opened,
    /// The host's `notifications/initialized` is under way.
    Confirming(u64),
    /// Everything flows.
    Ready,
    /// Our `initialize` is under way.
    Reopening,
    /// Our `notifications/initialized` is under way.
    Reconfirming(u64),
    /// The session is lost and could not be opened again yet.
    Lost,
}

/// The session's state and all that is needed to open it once more.
#[derive(Debug, Default)]
pub(super) struct Opening {
    phase: Phase,
    initialize: Option<Message>,
    /// The number of the host's own `initialize`.
    first: Option<u64>,
    capabilities: Capabilities,
    version: Option<ProtocolVersion>,
    session_id: Option<HeaderValue>,
    held: VecDeque<Held>,
    held_bytes: usize,
    log_level: Option<Message>,
    subscriptions: BTreeMap<String, Message>,
    /// How often in a row the session was lost before it was of any use.
    losses: u32,
    /// Whether the host was answered from memory and the remote is not there yet.
    answered_early: bool,
}

#[derive(Debug, Default, Deserialize)]
struct Capabilities(BTreeMap<String, serde_json::Value>);

#[derive(Deserialize)]
struct InitializeResult {
    #[serde(rename = "protocolVersion")]
    protocol_version: Option<String>,
    #[serde(default)]
    capabilities: Capabilities,
}

#[derive(Deserialize)]
struct InitializeParams {
    #[serde(rename = "protocolVersion")]
    protocol_version: Option<String>,
}

#[derive(Deserialize)]
struct OfResource {
    uri: String,
}

impl Opening {
    /// Whether the host may send other requests than `initialize`.
    pub(super) fn is_idle(&self) -> bool {
        self.phase == Phase::Idle
    }

    /// Whether the host's confirmation is what comes next.
    pub(super) fn awaits_confirmation(&self) -> bool {
        self.phase == Phase::Opened
    }

    /// Whether everything flows.
    pub(super) fn is_ready(&self) -> bool {
        self.phase == Phase::Ready
    }

    /// Whether messages go out at once.
    pub(super) fn lets_through(&self) -> bool {
        matches!(self.phase, Phase::Opened | Phase::Ready)
    }

    /// Whether an `initialize` is under way.
    pub(super) fn is_under_way(&self) -> bool {
        matches!(self.phase, Phase::Opening | Phase::Reopening)
    }

    /// The number of the host's `initialize` while the host waits for it.
    pub(super) fn first_number(&self) -> Option<u64> {
        self.first.filter(|_| self.phase == Phase::Opening)
    }

    /// The host's own `initialize`.
    pub(super) fn initialize(&self) -> Option<&Message> {
        self.initialize.as_ref()
    }

    /// The host has its answer: opening the session is our business now.
    pub(super) fn go_on_behind(&mut self) {
        self.phase = Phase::Reopening;
        self.answered_early = true;
    }

    /// Whether the host was answered from memory and the remote is not there yet.
    pub(super) fn is_answered_early(&self) -> bool {
        self.answered_early
    }

    /// What was taken for the id of a session is none.
    pub(super) fn forget_session_id(&mut self) {
        self.session_id = None;
    }

    /// Whether the session is lost and nobody is opening it again.
    pub(super) fn is_lost(&self) -> bool {
        self.phase == Phase::Lost
    }

    /// Whether no message of the host waits.
    pub(super) fn holds_nothing(&self) -> bool {
        self.held.is_empty()
    }

    /// The revision in force, or the one the host asked for.
    pub(super) fn version(&self) -> Option<ProtocolVersion> {
        self.version.or_else(|| {
            let params: InitializeParams = self.initialize.as_ref()?.params_as()?;
            ProtocolVersion::from_name(&params.protocol_version?)
        })
    }

    /// All messages that wait, in order; they wait no longer.
    pub(super) fn release(&mut self) -> VecDeque<Held> {
        self.held_bytes = 0;
        std::mem::take(&mut self.held)
    }

    /// Takes a waiting message out, because the host gave it up.
    pub(super) fn withdraw(&mut self, asker: Asker, id: &RequestId) -> Option<Held> {
        let position = self.held.iter().position(|held| held.is_of(asker, id))?;
        let held = self.held.remove(position)?;
        self.held_bytes -= held.message.raw().len();
        Some(held)
    }

    /// Takes every `server/discover` out that waits.
    pub(super) fn withdraw_discovers(&mut self) -> VecDeque<Held> {
        let (asked, others) =
            self.release().into_iter().partition(|held| held.message.method() == methods::DISCOVER);
        self.hold_again(others);
        asked
    }

    /// What was released waits on, in its order.
    pub(super) fn hold_again(&mut self, held: VecDeque<Held>) {
        self.held = held;
        self.held_bytes = self.held.iter().map(|held| held.message.raw().len()).sum();
    }

    /// Whether this id belongs to a message that waits.
    pub(super) fn holds(&self, asker: Asker, id: &RequestId) -> bool {
        self.held.iter().any(|held| held.is_of(asker, id))
    }

    /// Lets a message wait. Gives it back when too much waits already (S-12).
    pub(super) fn hold(&mut self, held: Held) -> Option<Held> {
        let size = held.message.raw().len();
        if self.held.len() >= HELD_MESSAGES || self.held_bytes + size > HELD_BYTES {
            return Some(held);
        }
        self.held_bytes += size;
        self.held.push_back(held);
        None
    }

    /// A request that was not executed goes first when the session is open again.
    pub(super) fn hold_first(&mut self, held: Held) {
        self.held_bytes += held.message.raw().len();
        self.held.push_front(held);
    }

    /// An answer came: the session is of use. Remembers what a new one must be told again.
    pub(super) fn remember(&mut self, request: &Message) {
        self.losses = 0;
        match request.method() {
            methods::SET_LEVEL => self.log_level = Some(request.clone()),
            methods::SUBSCRIBE => {
                if let Some(OfResource { uri }) = request.params_as() {
                    self.subscriptions.insert(uri, request.clone());
                }
            }
            methods::UNSUBSCRIBE => {
                if let Some(OfResource { uri }) = request.params_as() {
                    self.subscriptions.remove(&uri);
                }
            }
            _ => {}
        }
    }
}

impl Bridge {
    /// The host's `initialize`: the first message that the remote sees.
    pub(super) fn open_session(&mut self, held: Held) {
        let number = self.number();
        let initialize = held.message.clone();
        self.opening.phase = Phase::Opening;
        self.opening.first = Some(number);
        self.opening.initialize = Some(initialize.clone());
        if let Some(wait) = self.remembered.begin(&initialize) {
            let discovers = held.is_translators() && self.discover_due.is_some();
            self.timers.answer_after(if discovers { wait.min(DISCOVER_FROM_MEMORY) } else { wait });
        }
        self.record(number, &Flight::default(), Purpose::Host(held));
        self.search_for_session(number, initialize);
    }

    /// The remote was reached: this is how.
    pub(super) fn take_opened(&mut self, transport: Transport, session_id: Option<HeaderValue>) {
        if self.remote.transport().is_none() {
            tracing::info!(transport = transport.name(), "connected");
            if matches!(transport, Transport::HttpSse { .. }) {
                tracing::warn!("the server speaks HTTP+SSE, which is deprecated and may go away");
            }
        }
        self.remote.adopt(transport);
        self.opening.session_id = session_id;
    }

    /// The answer to an `initialize`, ours or the host's.
    pub(super) fn take_initialize_answer(&mut self, answer: &Message) {
        self.timers.answered();
        if answer.kind() == Kind::ErrorResponse {
            return self.initialize_failed();
        }
        if let Some(result) = answer.outcome() {
            self.remembered.keep_initialize(result);
        }
        let result: Option<InitializeResult> = answer.outcome_as();
        let (version, capabilities) = match result {
            Some(result) => (result.protocol_version, result.capabilities),
            None => (None, Capabilities::default()),
        };
        if !self.modern.is_on() {
            self.session = Arc::new(Session {
                generation: self.session.generation,
                id: self.opening.session_id.take(),
                version: version.as_deref().and_then(|v| HeaderValue::from_str(v).ok()),
            });
        }
        self.opening.version = version.as_deref().and_then(ProtocolVersion::from_name);
        self.opening.capabilities = capabilities;
        self.tell_connected();
        if let Some(result) = answer.outcome().filter(|_| self.lanes.is_translators()) {
            self.modern_host.take_session(result);
        }
        match self.opening.phase {
            Phase::Reopening => self.reconfirm(),
            _ => {
                self.opening.phase = Phase::Opened;
                self.pass_held();
            }
        }
    }

    fn tell_connected(&mut self) {
        let Some(transport) = self.remote.transport().map(Transport::name) else { return };
        // A translated session has the host's revision; the remote's own stands in its headers.
        let modern = self.session.version.as_ref().filter(|_| self.modern.is_on());
        let modern = modern.and_then(|version| ProtocolVersion::from_name(version.to_str().ok()?));
        let revision = modern.or(self.opening.version);
        if let Some(connected) = self.connected.take() {
            // Whoever asked may have lost interest.
            let _ = connected.send(Connected { transport, revision });
        }
    }

    /// Hosts that write without waiting have confirmed already.
    fn pass_held(&mut self) {
        for held in self.opening.release() {
            if self.opening.awaits_confirmation() && held.message.method() == methods::INITIALIZED {
                self.confirm_session(&held.message);
            } else {
                self.pass(held);
            }
        }
    }

    /// An `initialize` got an error or none at all.
    pub(super) fn initialize_failed(&mut self) {
        match self.opening.phase {
            Phase::Opening => self.opening.phase = Phase::Idle,
            _ => {
                self.opening.phase = Phase::Lost;
                self.timers.reopen_later();
            }
        }
    }

    /// The host's `notifications/initialized`: what follows waits until it was accepted (T-07).
    pub(super) fn confirm_session(&mut self, message: &Message) {
        let number = self.number();
        self.opening.phase = Phase::Confirming(number);
        self.send_notification(number, message);
    }

    /// The end of an exchange, which may be the one that everything waits for.
    pub(super) fn take_confirmation(&mut self, number: u64) {
        match self.opening.phase {
            Phase::Confirming(expected) if expected == number => self.ready(),
            Phase::Reconfirming(expected) if expected == number => {
                self.restore();
                self.ready();
                self.tell_changes();
            }
            _ => {}
        }
    }

    /// What may have changed for the host: after an answer from memory the lists that it was given, else
    /// all of them.
    fn tell_changes(&mut self) {
        if !self.opening.answered_early {
            return self.announce_changes();
        }
        for method in self.remembered.finish() {
            let line = format!(r#"{{"jsonrpc":"2.0","id":0,"method":"{method}"}}"#);
            if let Ok(list) = Message::parse(line) {
                self.ask(&list, Purpose::Compare(list.clone()));
            }
        }
        self.opening.answered_early = false;
    }

    fn ready(&mut self) {
        self.opening.phase = Phase::Ready;
        self.timers.opened();
        for held in self.opening.release() {
            self.pass(held);
        }
    }

    /// The remote does not know the session any more. One new session serves everyone who notices.
    pub(super) fn session_lost(&mut self, generation: u32) {
        if generation != self.session.generation || self.opening.is_idle() {
            return;
        }
        if matches!(self.opening.phase, Phase::Opening | Phase::Reopening | Phase::Lost) {
            return;
        }
        self.opening.losses += 1;
        if self.opening.losses > LOSSES_IN_A_ROW {
            let failure = Failure::new(FailureKind::Lost, "server forgets every session");
            return self.reopen_failed(&failure.hint("report this fault of the server there"));
        }
        tracing::info!("the server forgot the session, opening a new one");
        self.reopen();
    }

    /// Opens a new session with the host's `initialize`, without a session id (T-32).
    pub(super) fn reopen(&mut self) {
        let Some(initialize) = self.opening.initialize.clone() else { return };
        self.timers.lost();
        self.remote.stop_listening();
        self.opening.phase = Phase::Reopening;
        self.session = Session::unopened(self.lanes.new_generation());
        let number = self.number();
        self.record(number, &Flight::default(), Purpose::Reopen);
        self.search_for_session(number, initialize);
    }

    /// Opening again failed: whoever waits hears why; the next request or a timer tries once more.
    pub(super) fn reopen_failed(&mut self, failure: &Failure) {
        self.initialize_failed();
        for held in self.opening.release() {
            self.refuse(&held, failure);
        }
    }

    fn reconfirm(&mut self) {
        let Ok(initialized) =
            Message::parse(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#)
        else {
            return;
        };
        let number = self.number();
        self.opening.phase = Phase::Reconfirming(number);
        self.send_notification(number, &initialized);
    }

    /// Tells the new session what the old one was told.
    fn restore(&mut self) {
        let level = self.opening.log_level.clone();
        let subscriptions: Vec<Message> = self.opening.subscriptions.values().cloned().collect();
        for message in level.iter().chain(&subscriptions) {
            self.ask(message, Purpose::Own);
        }
    }

    /// Changes may have been missed: the host is told to list again.
    fn announce_changes(&mut self) {
        for (capability, method) in methods::LIST_CHANGED {
            let announces = self
                .opening
                .capabilities
                .0
                .get(capability)
                .is_some_and(|capability| capability["listChanged"] == true);
            if announces {
                let line = format!(r#"{{"jsonrpc":"2.0","method":"{method}"}}"#);
                self.tell_host(Frame::from(line), None);
            }
        }
    }

    /// Sends a message now if the session is open, and lets it wait else.
    pub(super) fn pass(&mut self, held: Held) {
        if held.asker == Asker::ModernHost && self.choices.era.is_some() {
            return self.take_modern_request(held);
        }
        if self.opening.phase == Phase::Lost {
            self.reopen();
        }
        if self.opening.lets_through() {
            return self.forward(held);
        }
        if let Some(held) = self.opening.hold(held) {
            let failure =
                Failure::new(FailureKind::Network, "too many messages wait for the server");
            self.refuse(&held, &failure.hint("wait for answers before sending more"));
        }
    }
}
