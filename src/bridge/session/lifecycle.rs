//! The state machine of a legacy session: opened by the host's own `initialize`, opened again with
//! the same `initialize` when the remote has forgotten it (T-32, T-74). Also holds the messages
//! that must wait for it (T-07).

use std::collections::{BTreeMap, VecDeque};

use http::HeaderValue;
use serde::Deserialize;

use crate::bridge::host_side::request::{HostRequest, Requester};
use crate::eras::{HasMessage, WaitingQueue};
use crate::jsonrpc::{Message, RequestId};
use crate::protocol::{ProtocolVersion, methods};

/// The stage that a session has reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// The host has sent no `initialize`.
    #[default]
    Idle,
    /// The host's `initialize` was sent.
    Opening,
    /// The remote has answered; the host has not confirmed the session.
    Opened,
    /// The host's `notifications/initialized` was sent, in this exchange.
    Confirming(u64),
    /// The session is confirmed: messages go out at once.
    Ready,
    /// Our own `initialize` was sent.
    Reopening,
    /// Our own `notifications/initialized` was sent, in this exchange.
    Reconfirming(u64),
    /// The session is lost and could not be opened again yet.
    Lost,
}

/// A message that waits for a session.
#[derive(Debug)]
pub(in crate::bridge) enum HeldMessage {
    Request(HostRequest),
    /// A notification, and its sender.
    Notification(Message, Requester),
}

/// The session's state, and everything needed to open it again.
#[derive(Debug, Default)]
pub(in crate::bridge) struct SessionLifecycle {
    pub(super) phase: Phase,
    pub(super) initialize: Option<Message>,
    /// The number of the host's own `initialize`.
    pub(super) first: Option<u64>,
    /// The `InitializeResult` that the host was given.
    pub(super) result: Option<Box<str>>,
    /// Repetitions of the host's `initialize` that arrived before its answer.
    repetitions: Vec<HostRequest>,
    pub(super) capabilities: Capabilities,
    pub(super) version: Option<ProtocolVersion>,
    pub(super) session_id: Option<HeaderValue>,
    held: WaitingQueue<HeldMessage>,
    pub(super) log_level: Option<Message>,
    pub(super) subscriptions: BTreeMap<String, Message>,
    /// How many sessions in a row were lost before they answered anything.
    pub(super) losses: u32,
    /// Whether the host was answered from the cache while the remote had not answered yet.
    pub(super) answered_early: bool,
    /// The words of a refusal that was taken for a lost session, but that the remote repeated in a
    /// new session.
    misleading: Option<Box<str>>,
    /// Whether a lost session stays closed until the host needs it or a pause is over.
    pub(super) paused: bool,
}

/// The capabilities in the remote's `InitializeResult`, by name.
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

impl SessionLifecycle {
    /// Whether the host has sent no `initialize` yet.
    pub(in crate::bridge) fn is_idle(&self) -> bool {
        self.phase == Phase::Idle
    }

    /// Whether the host has yet to confirm the session.
    pub(in crate::bridge) fn awaits_confirmation(&self) -> bool {
        self.phase == Phase::Opened
    }

    /// Whether the session is open and confirmed.
    pub(in crate::bridge) fn is_ready(&self) -> bool {
        self.phase == Phase::Ready
    }

    /// Whether messages are sent without waiting.
    pub(in crate::bridge) fn sends_at_once(&self) -> bool {
        matches!(self.phase, Phase::Opened | Phase::Ready)
    }

    /// Whether an `initialize` awaits its answer.
    pub(in crate::bridge) fn is_under_way(&self) -> bool {
        matches!(self.phase, Phase::Opening | Phase::Reopening)
    }

    /// The number of the host's `initialize` while it awaits its answer.
    pub(in crate::bridge) fn first_number(&self) -> Option<u64> {
        self.first.filter(|_| self.phase == Phase::Opening)
    }

    /// The host's own `initialize`.
    pub(in crate::bridge) fn initialize(&self) -> Option<&Message> {
        self.initialize.as_ref()
    }

    /// The `InitializeResult` that the host was given.
    pub(in crate::bridge) fn result(&self) -> Option<&str> {
        self.result.as_deref()
    }

    /// Records the `InitializeResult` that the host was given.
    pub(in crate::bridge) fn note_result(&mut self, result: &str) {
        self.result = Some(result.into());
    }

    /// Holds a repetition of the host's `initialize` until the first one is answered.
    pub(in crate::bridge) fn hold_repetition(&mut self, request: HostRequest) {
        self.repetitions.push(request);
    }

    /// Takes out the repetitions of the host's `initialize`.
    pub(in crate::bridge) fn take_repetitions(&mut self) -> Vec<HostRequest> {
        std::mem::take(&mut self.repetitions)
    }

    /// Forgets the session, because the host opens another one. Held messages are kept.
    pub(in crate::bridge) fn begin_again(&mut self) {
        let (held, repetitions) = (std::mem::take(&mut self.held), self.take_repetitions());
        *self = Self { held, repetitions, ..Self::default() };
    }

    /// Notes that the host has been answered: from now on the bridge opens the session for itself.
    pub(in crate::bridge) fn continue_in_background(&mut self) {
        self.phase = Phase::Reopening;
        self.answered_early = true;
    }

    /// Whether the host was answered from the cache while the remote had not answered yet.
    pub(in crate::bridge) fn is_answered_early(&self) -> bool {
        self.answered_early
    }

    /// Forgets an id that turned out not to be a session id.
    pub(in crate::bridge) fn forget_session_id(&mut self) {
        self.session_id = None;
    }

    /// Whether a refusal with these words says nothing about the session, because the remote has
    /// already repeated it in a new session (T-39).
    pub(in crate::bridge) fn is_misleading(&self, words: &str) -> bool {
        self.misleading.as_deref() == Some(words)
    }

    /// Records the words of a refusal that the remote repeated in a new session.
    pub(in crate::bridge) fn note_misleading(&mut self, words: &str) {
        self.misleading = Some(words.into());
    }

    /// Whether the session is lost and not being opened again.
    pub(in crate::bridge) fn is_lost(&self) -> bool {
        self.phase == Phase::Lost
    }

    /// Whether the session is lost and stays closed until the host needs it or a pause is over.
    pub(in crate::bridge) fn is_paused(&self) -> bool {
        self.paused
    }

    /// Whether no message is held.
    pub(in crate::bridge) fn holds_nothing(&self) -> bool {
        self.held.is_empty() && self.repetitions.is_empty()
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

    /// Takes out all held messages, in order.
    pub(in crate::bridge) fn release(&mut self) -> VecDeque<HeldMessage> {
        self.held.take_all()
    }

    /// Takes out all held requests; notifications are dropped.
    pub(in crate::bridge) fn release_requests(&mut self) -> Vec<HostRequest> {
        self.release().into_iter().filter_map(HeldMessage::into_request).collect()
    }

    /// Removes a held request that the host cancelled.
    pub(in crate::bridge) fn withdraw(
        &mut self,
        requester: Requester,
        id: &RequestId,
    ) -> Option<HostRequest> {
        self.held.remove(|held| held.is_request_of(requester, id))?.into_request()
    }

    /// Takes out every held `server/discover`.
    pub(in crate::bridge) fn withdraw_discovers(&mut self) -> Vec<HostRequest> {
        let is_discover = |held: &HeldMessage| held.message().method() == methods::DISCOVER;
        let (asked, others): (Vec<_>, _) = self.release().into_iter().partition(is_discover);
        self.hold_again(others.into());
        asked.into_iter().filter_map(HeldMessage::into_request).collect()
    }

    /// Holds released messages again, in the same order.
    pub(in crate::bridge) fn hold_again(&mut self, held: VecDeque<HeldMessage>) {
        self.held.replace(held);
    }

    /// Whether this id belongs to a held request.
    pub(in crate::bridge) fn holds(&self, requester: Requester, id: &RequestId) -> bool {
        self.held.contains(|held| held.is_request_of(requester, id))
    }

    /// Holds a message. Gives it back if too many are held already (S-12).
    pub(in crate::bridge) fn hold(&mut self, held: HeldMessage) -> Option<HeldMessage> {
        self.held.push(held).err()
    }

    /// Holds a request that was not executed, ahead of all others.
    pub(in crate::bridge) fn hold_first(&mut self, held: HostRequest) {
        self.held.push_front(HeldMessage::Request(held));
    }

    /// Remembers an answered request if a new session must be told of it: a log level or a
    /// subscription.
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

impl HeldMessage {
    /// The request, if this is one.
    pub(in crate::bridge) fn into_request(self) -> Option<HostRequest> {
        match self {
            Self::Request(request) => Some(request),
            Self::Notification(..) => None,
        }
    }

    /// Its sender.
    pub(in crate::bridge) fn requester(&self) -> Requester {
        match self {
            Self::Request(request) => request.requester(),
            Self::Notification(_, requester) => *requester,
        }
    }

    fn is_request_of(&self, requester: Requester, id: &RequestId) -> bool {
        matches!(self, Self::Request(request) if request.is_of(requester, id))
    }
}

impl HasMessage for HeldMessage {
    fn message(&self) -> &Message {
        match self {
            Self::Request(request) => request.message(),
            Self::Notification(message, _) => message,
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

    fn held(id: u64, method: &str) -> HeldMessage {
        HeldMessage::Request(request(id, method, "{}"))
    }

    fn ids(held: impl IntoIterator<Item = HostRequest>) -> Vec<RequestId> {
        held.into_iter().map(|request| request.answered().id).collect()
    }

    fn id(number: u64) -> RequestId {
        RequestId::from(number)
    }

    /// T-07, T-32
    #[test]
    fn messages_wait_in_order_and_what_was_not_executed_goes_first() {
        let mut lifecycle = SessionLifecycle::default();
        assert!(lifecycle.hold(held(1, "tools/list")).is_none());
        assert!(lifecycle.hold(held(2, "tools/list")).is_none());
        lifecycle.hold_first(request(3, "tools/list", "{}"));
        assert!(lifecycle.holds(Requester::Host, &id(2)) && !lifecycle.holds_nothing());
        assert_eq!(ids(lifecycle.release_requests()), [id(3), id(1), id(2)]);
        assert!(lifecycle.holds_nothing());
    }

    /// T-35
    #[test]
    fn a_message_that_is_given_up_waits_no_longer() {
        let mut lifecycle = SessionLifecycle::default();
        let initialized = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
        let initialized = Message::parse(initialized).unwrap();
        let initialized = HeldMessage::Notification(initialized, Requester::Host);
        assert!(lifecycle.hold(initialized).is_none());
        assert!(lifecycle.hold(held(1, "tools/list")).is_none());
        assert!(lifecycle.hold(held(2, "server/discover")).is_none());
        assert!(lifecycle.hold(held(3, "tools/list")).is_none());
        assert_eq!(ids(lifecycle.withdraw(Requester::Host, &id(1))), [id(1)]);
        assert!(lifecycle.withdraw(Requester::Adapter, &id(2)).is_none(), "ids of another side");
        assert_eq!(ids(lifecycle.withdraw_discovers()), [id(2)]);
        assert!(!lifecycle.holds(Requester::Host, &id(2)));
        let released = lifecycle.release();
        let methods: Vec<_> = released.iter().map(|held| held.message().method()).collect();
        assert_eq!(methods, ["notifications/initialized", "tools/list"]);
        assert_eq!(ids(released.into_iter().filter_map(HeldMessage::into_request)), [id(3)]);
    }

    /// S-12
    #[test]
    fn no_more_may_wait_than_the_limit() {
        let mut lifecycle = SessionLifecycle::default();
        let refused = (1..).find(|number| {
            let refused = lifecycle.hold(held(*number, "tools/list"));
            refused.and_then(HeldMessage::into_request).map(HostRequest::cancelled).is_some()
        });
        assert_eq!(refused, Some(20_001));
        for request in lifecycle.release_requests() {
            request.cancelled();
        }
    }

    /// T-32: what a new session is told again
    #[test]
    fn log_level_and_subscriptions_are_remembered_until_they_end() {
        let mut lifecycle = SessionLifecycle { losses: 2, ..SessionLifecycle::default() };
        let mut answered = |method: &str, params: &str| {
            let request = request(1, method, params);
            lifecycle.remember(request.message());
            request.cancelled();
            (lifecycle.losses, lifecycle.log_level.is_some(), lifecycle.subscriptions.len())
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
            let lifecycle =
                SessionLifecycle { phase, first: Some(5), ..SessionLifecycle::default() };
            (lifecycle.sends_at_once(), lifecycle.is_under_way(), lifecycle.first_number())
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
    fn a_phase_has_one_name_each() {
        let says = |phase: Phase| {
            let lifecycle = SessionLifecycle { phase, ..SessionLifecycle::default() };
            [
                lifecycle.is_idle(),
                lifecycle.awaits_confirmation(),
                lifecycle.is_ready(),
                lifecycle.is_lost(),
            ]
        };
        assert_eq!(says(Phase::Idle), [true, false, false, false]);
        assert_eq!(says(Phase::Opened), [false, true, false, false]);
        assert_eq!(says(Phase::Ready), [false, false, true, false]);
        assert_eq!(says(Phase::Lost), [false, false, false, true]);
        assert_eq!(says(Phase::Confirming(1)), [false; 4]);
        assert!(SessionLifecycle { paused: true, ..SessionLifecycle::default() }.is_paused());
        assert!(!SessionLifecycle::default().is_paused());
    }

    /// E-08
    #[test]
    fn a_session_that_begins_again_keeps_only_what_waits_for_it() {
        let mut lifecycle = SessionLifecycle::default();
        lifecycle.note_result("{}");
        lifecycle.continue_in_background();
        lifecycle.session_id = Some(HeaderValue::from_static("x"));
        assert!(lifecycle.is_under_way() && lifecycle.is_answered_early());
        assert_eq!(lifecycle.result(), Some("{}"));
        lifecycle.hold_repetition(request(1, "initialize", "{}"));
        assert!(!lifecycle.holds_nothing());
        assert!(lifecycle.hold(held(2, "tools/list")).is_none());
        lifecycle.begin_again();
        assert!(lifecycle.is_idle() && !lifecycle.is_answered_early());
        assert!(lifecycle.result().is_none() && lifecycle.session_id.is_none());
        assert_eq!(ids(lifecycle.take_repetitions()), [id(1)]);
        assert!(!lifecycle.holds_nothing());
        assert_eq!(ids(lifecycle.release_requests()), [id(2)]);
        assert!(lifecycle.holds_nothing());
    }

    #[test]
    fn an_id_that_is_no_session_id_is_forgotten() {
        let session_id = Some(HeaderValue::from_static("x"));
        let mut lifecycle = SessionLifecycle { session_id, ..SessionLifecycle::default() };
        lifecycle.forget_session_id();
        assert!(lifecycle.session_id.is_none());
    }

    /// T-39
    #[test]
    fn words_that_misled_once_are_known_again() {
        let mut lifecycle = SessionLifecycle::default();
        assert!(!lifecycle.is_misleading("no valid session"));
        lifecycle.note_misleading("no valid session");
        assert!(
            lifecycle.is_misleading("no valid session")
                && !lifecycle.is_misleading("unknown session")
        );
    }

    #[test]
    fn the_revision_is_the_one_in_force_or_the_one_that_was_asked_for() {
        let params = r#"{"protocolVersion":"2025-03-26"}"#;
        let initialize = request(1, "initialize", params).handed_over();
        let mut lifecycle =
            SessionLifecycle { initialize: Some(initialize), ..SessionLifecycle::default() };
        assert_eq!(lifecycle.version(), Some(ProtocolVersion::V2025_03_26));
        lifecycle.version = Some(ProtocolVersion::V2025_11_25);
        assert_eq!(lifecycle.version(), Some(ProtocolVersion::V2025_11_25));
        assert_eq!(SessionLifecycle::default().version(), None);
    }

    #[test]
    fn changes_are_announced_only_as_declared() {
        let text = r#"{"tools":{"listChanged":true},"prompts":{"listChanged":false}}"#;
        let capabilities = Capabilities(serde_json::from_str(text).unwrap());
        let lifecycle = SessionLifecycle { capabilities, ..SessionLifecycle::default() };
        assert!(lifecycle.announces("tools"));
        assert!(!lifecycle.announces("prompts") && !lifecycle.announces("resources"));
    }
}
