//! The legacy session: opened by the host's own `initialize`, opened again with the same
//! `initialize` when the remote has forgotten it (T-32, T-74), and what must wait meanwhile (T-07).

mod first;
mod reopening;

use std::collections::{BTreeMap, VecDeque};

use http::HeaderValue;
use serde::Deserialize;

use super::in_flight::{Asker, Held};
use crate::jsonrpc::{Message, RequestId};
use crate::protocol::{ProtocolVersion, methods};

/// How many messages of the host may wait for the session.
const HELD_MESSAGES: usize = 20_000;
/// How many bytes they may have.
const HELD_BYTES: usize = 512 * 1024 * 1024;

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
    /// Whether a lost session waits to be opened again until the host needs it or a pause is over.
    paused: bool,
}

#[derive(Debug, Default, Deserialize)]
struct Capabilities(BTreeMap<String, serde_json::Value>);

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

    /// Whether the session is lost, and opening it again waits for the host or the end of a pause.
    pub(super) fn is_paused(&self) -> bool {
        self.paused
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
