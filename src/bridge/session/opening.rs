//! The legacy session: opened by the host's own `initialize`, opened again with the same
//! `initialize` when the remote has forgotten it (T-32, T-74), and what must wait meanwhile (T-07).

use std::collections::{BTreeMap, VecDeque};

use http::HeaderValue;
use serde::Deserialize;

use crate::bridge::host_side::request::{HostRequest, Requester};
use crate::jsonrpc::{Message, RequestId};
use crate::protocol::{ProtocolVersion, methods};

/// How many messages of the host may wait for the session.
const HELD_MESSAGES: usize = 20_000;
/// How many bytes they may have.
const HELD_BYTES: usize = 512 * 1024 * 1024;

/// How far the session is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
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
pub(in crate::bridge) struct Opening {
    pub(super) phase: Phase,
    pub(super) initialize: Option<Message>,
    /// The number of the host's own `initialize`.
    pub(super) first: Option<u64>,
    pub(super) capabilities: Capabilities,
    pub(super) version: Option<ProtocolVersion>,
    pub(super) session_id: Option<HeaderValue>,
    pub(super) held: VecDeque<HostRequest>,
    pub(super) held_bytes: usize,
    pub(super) log_level: Option<Message>,
    pub(super) subscriptions: BTreeMap<String, Message>,
    /// How often in a row the session was lost before it was of any use.
    pub(super) losses: u32,
    /// Whether the host was answered from the cache and the remote is not there yet.
    pub(super) answered_early: bool,
    /// Whether a lost session waits to be opened again until the host needs it or a pause is over.
    pub(super) paused: bool,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Capabilities(pub(super) BTreeMap<String, serde_json::Value>);

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
    pub(in crate::bridge) fn is_idle(&self) -> bool {
        self.phase == Phase::Idle
    }

    /// Whether the host's confirmation is what comes next.
    pub(in crate::bridge) fn awaits_confirmation(&self) -> bool {
        self.phase == Phase::Opened
    }

    /// Whether everything flows.
    pub(in crate::bridge) fn is_ready(&self) -> bool {
        self.phase == Phase::Ready
    }

    /// Whether messages go out at once.
    pub(in crate::bridge) fn lets_through(&self) -> bool {
        matches!(self.phase, Phase::Opened | Phase::Ready)
    }

    /// Whether an `initialize` is under way.
    pub(in crate::bridge) fn is_under_way(&self) -> bool {
        matches!(self.phase, Phase::Opening | Phase::Reopening)
    }

    /// The number of the host's `initialize` while the host waits for it.
    pub(in crate::bridge) fn first_number(&self) -> Option<u64> {
        self.first.filter(|_| self.phase == Phase::Opening)
    }

    /// The host's own `initialize`.
    pub(in crate::bridge) fn initialize(&self) -> Option<&Message> {
        self.initialize.as_ref()
    }

    /// The host has its answer: opening the session is our business now.
    pub(in crate::bridge) fn go_on_behind(&mut self) {
        self.phase = Phase::Reopening;
        self.answered_early = true;
    }

    /// Whether the host was answered from the cache and the remote is not there yet.
    pub(in crate::bridge) fn is_answered_early(&self) -> bool {
        self.answered_early
    }

    /// Forgets an id that turned out not to be one of a session.
    pub(in crate::bridge) fn forget_session_id(&mut self) {
        self.session_id = None;
    }

    /// Whether the session is lost and is not being opened again.
    pub(in crate::bridge) fn is_lost(&self) -> bool {
        self.phase == Phase::Lost
    }

    /// Whether the session is lost, and opening it again waits for the host or the end of a pause.
    pub(in crate::bridge) fn is_paused(&self) -> bool {
        self.paused
    }

    /// Whether no message of the host waits.
    pub(in crate::bridge) fn holds_nothing(&self) -> bool {
        self.held.is_empty()
    }

    /// The revision in force, or the one the host asked for.
    pub(in crate::bridge) fn version(&self) -> Option<ProtocolVersion> {
        self.version.or_else(|| {
            let params: InitializeParams = self.initialize.as_ref()?.params_as()?;
            ProtocolVersion::from_name(&params.protocol_version?)
        })
    }

    /// Whether the remote declared that it announces changes of this capability's list.
    pub(super) fn announces(&self, capability: &str) -> bool {
        let declared = self.capabilities.0.get(capability);
        declared.is_some_and(|capability| capability["listChanged"] == true)
    }

    /// Takes out all messages that wait, in order.
    pub(in crate::bridge) fn release(&mut self) -> VecDeque<HostRequest> {
        self.held_bytes = 0;
        std::mem::take(&mut self.held)
    }

    /// Takes a waiting message out, because the host gave it up.
    pub(in crate::bridge) fn withdraw(
        &mut self,
        requester: Requester,
        id: &RequestId,
    ) -> Option<HostRequest> {
        let position = self.held.iter().position(|held| held.is_of(requester, id))?;
        let held = self.held.remove(position)?;
        self.held_bytes -= held.message().raw().len();
        Some(held)
    }

    /// Takes every `server/discover` out that waits.
    pub(in crate::bridge) fn withdraw_discovers(&mut self) -> VecDeque<HostRequest> {
        let (asked, others) =
            self.release().into_iter().partition(|held| held.method() == methods::DISCOVER);
        self.hold_again(others);
        asked
    }

    /// What was released waits on, in its order.
    pub(in crate::bridge) fn hold_again(&mut self, held: VecDeque<HostRequest>) {
        self.held = held;
        self.held_bytes = self.held.iter().map(|held| held.message().raw().len()).sum();
    }

    /// Whether this id belongs to a message that waits.
    pub(in crate::bridge) fn holds(&self, requester: Requester, id: &RequestId) -> bool {
        self.held.iter().any(|held| held.is_of(requester, id))
    }

    /// Lets a message wait. Gives it back when too much waits already (S-12).
    pub(in crate::bridge) fn hold(&mut self, held: HostRequest) -> Option<HostRequest> {
        let size = held.message().raw().len();
        if self.held.len() >= HELD_MESSAGES || self.held_bytes + size > HELD_BYTES {
            return Some(held);
        }
        self.held_bytes += size;
        self.held.push_back(held);
        None
    }

    /// A request that was not executed goes first when the session is open again.
    pub(in crate::bridge) fn hold_first(&mut self, held: HostRequest) {
        self.held_bytes += held.message().raw().len();
        self.held.push_front(held);
    }

    /// An answer came: the session is of use. Remembers what a new one must be told again.
    pub(in crate::bridge) fn remember(&mut self, request: &Message) {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn request(id: u64, method: &str, params: &str) -> HostRequest {
        let line =
            format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#);
        HostRequest::new(Message::parse(line).unwrap(), None, &Arc::default())
    }

    fn ids(held: impl IntoIterator<Item = HostRequest>) -> Vec<RequestId> {
        held.into_iter().map(|request| request.answered().unwrap().id).collect()
    }

    fn id(number: u64) -> RequestId {
        RequestId::from(number)
    }

    /// T-07, T-32
    #[test]
    fn messages_wait_in_order_and_what_was_not_executed_goes_first() {
        let mut opening = Opening::default();
        assert!(opening.hold(request(1, "tools/list", "{}")).is_none());
        assert!(opening.hold(request(2, "tools/list", "{}")).is_none());
        opening.hold_first(request(3, "tools/list", "{}"));
        assert!(opening.holds(Requester::Host, &id(2)) && !opening.holds_nothing());
        assert_eq!(ids(opening.release()), [id(3), id(1), id(2)]);
        assert!(opening.holds_nothing() && opening.held_bytes == 0);
    }

    /// T-35
    #[test]
    fn a_message_that_is_given_up_waits_no_longer_and_its_bytes_are_free() {
        let mut opening = Opening::default();
        let first = request(1, "tools/list", "{}");
        let size = first.message().raw().len();
        opening.hold(first);
        opening.hold(request(2, "server/discover", "{}"));
        let withdrawn = opening.withdraw(Requester::Host, &id(1));
        assert_eq!(ids(withdrawn), [id(1)]);
        assert!(opening.withdraw(Requester::Adapter, &id(2)).is_none(), "ids of another side");
        assert_eq!(opening.held_bytes, size + "server/discover".len() - "tools/list".len());
        assert_eq!(ids(opening.withdraw_discovers()), [id(2)]);
        assert_eq!(opening.held_bytes, 0);
    }

    /// S-12
    #[test]
    fn no_more_may_wait_than_the_limit() {
        let mut opening = Opening::default();
        for number in 0..HELD_MESSAGES as u64 {
            assert!(opening.hold(request(number, "tools/list", "{}")).is_none());
        }
        let refused = opening.hold(request(7_000_000, "tools/list", "{}"));
        assert_eq!(ids(refused), [id(7_000_000)]);
        assert_eq!(ids(opening.release()).len(), HELD_MESSAGES);
        opening.held_bytes = HELD_BYTES;
        assert_eq!(ids(opening.hold(request(1, "tools/list", "{}"))), [id(1)]);
    }

    /// T-32: what a new session is told again
    #[test]
    fn log_level_and_subscriptions_are_remembered_until_they_end() {
        let mut opening = Opening { losses: 2, ..Opening::default() };
        let mut answered = |method: &str, params: &str| {
            let request = request(1, method, params);
            opening.remember(request.message());
            request.cancelled();
            (opening.losses, opening.log_level.is_some(), opening.subscriptions.len())
        };
        assert_eq!(answered("tools/list", "{}"), (0, false, 0));
        assert_eq!(answered("logging/setLevel", r#"{"level":"info"}"#), (0, true, 0));
        assert_eq!(answered("resources/subscribe", r#"{"uri":"a"}"#), (0, true, 1));
        assert_eq!(answered("resources/subscribe", r#"{"uri":"a"}"#), (0, true, 1));
        assert_eq!(answered("resources/subscribe", r#"{"uri":"b"}"#), (0, true, 2));
        assert_eq!(answered("resources/unsubscribe", r#"{"uri":"a"}"#), (0, true, 1));
    }

    #[test]
    fn the_phase_says_what_may_be_sent() {
        let says = |phase: Phase| {
            let opening = Opening { phase, first: Some(5), ..Opening::default() };
            (opening.lets_through(), opening.is_under_way(), opening.first_number())
        };
        assert_eq!(says(Phase::Idle), (false, false, None));
        assert_eq!(says(Phase::Opening), (false, true, Some(5)));
        assert_eq!(says(Phase::Opened), (true, false, None));
        assert_eq!(says(Phase::Confirming(1)), (false, false, None));
        assert_eq!(says(Phase::Ready), (true, false, None));
        assert_eq!(says(Phase::Reopening), (false, true, None));
        assert_eq!(says(Phase::Reconfirming(1)), (false, false, None));
        assert_eq!(says(Phase::Lost), (false, false, None));
    }

    #[test]
    fn changes_are_announced_only_as_declared() {
        let text = r#"{"tools":{"listChanged":true},"prompts":{"listChanged":false}}"#;
        let capabilities = Capabilities(serde_json::from_str(text).unwrap());
        let opening = Opening { capabilities, ..Opening::default() };
        assert!(opening.announces("tools"));
        assert!(!opening.announces("prompts") && !opening.announces("resources"));
    }
}
