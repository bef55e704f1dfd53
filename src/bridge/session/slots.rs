//! The sessions with one remote: a legacy host's own, and those that are opened for a modern host
//! with a legacy remote (E-01, E-14). Each has a slot that owns its state, and the loop addresses
//! slots by id.

use std::ops::{Index, IndexMut};
use std::sync::Arc;

use tokio::time::Instant;

use super::lifecycle::SessionLifecycle;
use super::timers::Timers;
use crate::bridge::Bridge;
use crate::bridge::eras::era_doubt::EraDoubt;
use crate::bridge::eras::modern_remote::RemoteAdapter;
use crate::bridge::eras::ongoing_detection::OngoingDetection;
use crate::bridge::host_side::request::Requester;
use crate::bridge::without_remote::response_cache::ResponseCache;
use crate::eras::modern_host::ModernHost;
use crate::eras::trace_headers;
use crate::jsonrpc::{Frame, Message, MessageKind};
use crate::protocol::methods;
use crate::remote::{Authorizer, ExchangeHandle, Post, Remote, Session, SignInState, Transport};

/// How many slots there may be before a host that opens sessions in parallel is refused (S-12).
const MAX_SLOTS: usize = 16;

/// Identifies a slot. Slots are never removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::bridge) struct SlotId(usize);

impl SlotId {
    /// The slot that always exists.
    pub(in crate::bridge) const FIRST: Self = Self(0);
}

/// One session and its state.
#[derive(Debug)]
pub(in crate::bridge) struct SessionSlot {
    /// Whom its sessions serve.
    owner: Requester,
    pub(in crate::bridge) remote: Remote,
    pub(in crate::bridge) session: Arc<Session>,
    pub(in crate::bridge) lifecycle: SessionLifecycle,
    pub(in crate::bridge) cache: ResponseCache,
    pub(in crate::bridge) timers: Timers,
    /// The detection of the remote's era, while it runs.
    pub(in crate::bridge) detection: Option<OngoingDetection>,
    /// Doubts about the era that was detected.
    pub(in crate::bridge) doubt: EraDoubt,
    /// Translates between the loop and a modern remote.
    pub(in crate::bridge) adapter: RemoteAdapter,
}

impl SessionSlot {
    /// A slot for a host whose era is not known yet.
    pub(in crate::bridge) fn new(remote: Remote, cache: ResponseCache, timers: Timers) -> Self {
        Self {
            owner: Requester::Host,
            remote,
            session: Session::unopened(0),
            lifecycle: SessionLifecycle::default(),
            cache,
            timers,
            detection: None,
            doubt: EraDoubt::default(),
            adapter: RemoteAdapter::default(),
        }
    }

    /// A slot for a further session with the same remote.
    fn beside(&self, owner: Requester) -> Self {
        let (remote, cache) = (self.remote.with_own_session(), self.cache.beside());
        Self { owner, ..Self::new(remote, cache, self.timers.beside()) }
    }

    /// Whether its sessions are for a modern host.
    pub(in crate::bridge) fn is_of_adapter(&self) -> bool {
        self.owner == Requester::Adapter
    }

    /// Whether this exchange is the current probe.
    pub(in crate::bridge) fn is_probing(&self, exchange: u64) -> bool {
        self.detection.as_ref().is_some_and(|detection| detection.is_at(exchange))
    }

    /// Whether the transport's own stream carries the remote's pushes, so that none need be opened.
    pub(in crate::bridge) fn pushes_by_transport(&self) -> bool {
        matches!(self.remote.transport(), Some(Transport::HttpSse { .. }))
    }

    /// The session, or what is known so far of one that is being opened.
    pub(in crate::bridge) fn session_so_far(&self) -> Arc<Session> {
        match &self.lifecycle.session_id {
            Some(id) if self.session.id.is_none() => {
                let (id, generation) = (Some(id.clone()), self.session.generation);
                Arc::new(Session::new(generation, id, None))
            }
            _ => Arc::clone(&self.session),
        }
    }

    /// When it next has something to do.
    pub(in crate::bridge) fn next_timer(&self) -> Option<Instant> {
        let detection = self.detection.as_ref().and_then(OngoingDetection::due);
        let own = [self.timers.next(), self.adapter.due(), self.doubt.due(), detection];
        own.into_iter().chain([self.remote.due()]).flatten().min()
    }

    /// Composes the POST for a message from the host or the bridge.
    pub(in crate::bridge) fn compose_post(
        &self,
        number: u64,
        frame: Frame,
        message: &Message,
    ) -> Post {
        Post {
            is_request: message.kind() == MessageKind::Request,
            // A message that opens a session must not wait behind those that wait for it.
            urgent: methods::opens_a_session(message.method())
                || methods::stays_open(message.method()),
            stays_open: methods::stays_open(message.method()),
            repeatable: methods::is_safe_to_repeat(message.method()),
            trace: trace_headers(message),
            ..self.compose_bare_post(number, frame)
        }
    }

    /// Composes the POST for a message that expects no answer.
    pub(in crate::bridge) fn compose_bare_post(&self, number: u64, frame: Frame) -> Post {
        Post {
            number,
            frame,
            is_request: false,
            urgent: true,
            repeatable: true,
            session: Arc::clone(&self.session),
            handle: ExchangeHandle::default(),
            stays_open: false,
            modern: None,
            trace: None,
        }
    }
}

/// All slots, and which of them serves whom.
#[derive(Debug)]
pub(in crate::bridge) struct SessionSlots {
    all: Vec<SessionSlot>,
    /// The slot of a legacy host, once it has one.
    of_host: Option<SlotId>,
    /// The slot of the newest session for a modern host.
    of_adapter: Option<SlotId>,
    /// The slot of each session so far, by generation.
    by_generation: Vec<SlotId>,
}

impl Index<SlotId> for SessionSlots {
    type Output = SessionSlot;

    fn index(&self, SlotId(at): SlotId) -> &SessionSlot {
        &self.all[at]
    }
}

impl IndexMut<SlotId> for SessionSlots {
    fn index_mut(&mut self, SlotId(at): SlotId) -> &mut SessionSlot {
        &mut self.all[at]
    }
}

impl SessionSlots {
    /// Starts with one slot; whom it serves is decided later.
    pub(in crate::bridge) fn new(first: SessionSlot) -> Self {
        let by_generation = vec![SlotId::FIRST];
        Self { all: vec![first], of_host: None, of_adapter: None, by_generation }
    }

    /// All slots.
    pub(in crate::bridge) fn ids(&self) -> impl Iterator<Item = SlotId> + use<> {
        (0..self.all.len()).map(SlotId)
    }

    /// All slots.
    pub(in crate::bridge) fn iter(&self) -> impl Iterator<Item = &SessionSlot> {
        self.all.iter()
    }

    /// All slots.
    pub(in crate::bridge) fn iter_mut(&mut self) -> impl Iterator<Item = &mut SessionSlot> {
        self.all.iter_mut()
    }

    /// The authorizer, which all sessions share.
    pub(in crate::bridge) fn authorizer(&self) -> &Authorizer {
        self[SlotId::FIRST].remote.authorizer()
    }

    /// Whether the remote answers nothing until a person signs in.
    pub(in crate::bridge) fn sign_in_waits(&self) -> bool {
        matches!(*self.authorizer().state().borrow(), SignInState::Waiting(_) | SignInState::Needed)
    }

    /// The slot for a line from the host: the legacy host's, otherwise the newest one for a modern
    /// host.
    pub(in crate::bridge) fn for_host(&self) -> SlotId {
        self.of_host.or(self.of_adapter).unwrap_or(SlotId::FIRST)
    }

    /// The slot of the newest session for a modern host.
    pub(in crate::bridge) fn for_adapter(&self) -> SlotId {
        self.of_adapter.unwrap_or(SlotId::FIRST)
    }

    /// The slot with a modern remote, to which a modern host's requests are relayed.
    pub(in crate::bridge) fn for_relay(&self) -> SlotId {
        self.ids().find(|slot| self[*slot].adapter.is_on()).unwrap_or_else(|| self.for_host())
    }

    /// The slot of a session.
    pub(in crate::bridge) fn of_generation(&self, generation: u32) -> SlotId {
        let known = usize::try_from(generation).ok().and_then(|at| self.by_generation.get(at));
        known.copied().unwrap_or(SlotId::FIRST)
    }

    /// Whether the session of this generation is for a modern host.
    pub(in crate::bridge) fn is_of_adapter(&self, generation: u32) -> bool {
        self[self.of_generation(generation)].is_of_adapter()
    }

    /// Whether a modern host has a session and a legacy one has none.
    pub(in crate::bridge) fn serve_only_the_adapter(&self) -> bool {
        self.of_adapter.is_some() && self.of_host.is_none()
    }

    /// Whether no message waits for a session.
    pub(in crate::bridge) fn hold_nothing(&self) -> bool {
        self.all.iter().all(|slot| slot.lifecycle.holds_nothing())
    }

    /// Begins a new session in a slot.
    pub(in crate::bridge) fn begin_session(&mut self, slot: SlotId) {
        self.by_generation.push(slot);
        let generation = u32::try_from(self.by_generation.len() - 1).unwrap_or(u32::MAX);
        self[slot].session = Session::unopened(generation);
    }

    /// Adds a slot for a further session.
    fn add(&mut self, owner: Requester) -> SlotId {
        let slot = SlotId(self.all.len());
        self.all.push(self[SlotId::FIRST].beside(owner));
        self.begin_session(slot);
        slot
    }
}

impl Bridge {
    /// The slot for a legacy host's session. After a modern host, it is a slot of its own.
    pub(in crate::bridge) fn slot_for_legacy_host(&mut self) -> SlotId {
        if let Some(slot) = self.slots.of_host {
            return slot;
        }
        let slot = match self.slots.of_adapter {
            Some(probed) if self.only_probed(probed) => {
                self.give_to_legacy_host(probed);
                probed
            }
            Some(_) => self.add_slot(Requester::Host),
            None => SlotId::FIRST,
        };
        self.slots.of_host = Some(slot);
        slot
    }

    /// Whether nothing uses the session in this slot of a modern host.
    fn only_probed(&self, slot: SlotId) -> bool {
        let state = &self.slots[slot];
        let is_settled = state.detection.is_none() && !state.lifecycle.is_under_way();
        is_settled
            && state.lifecycle.holds_nothing()
            && !self.modern_host.is_used()
            && self.in_flight.numbers_in(state.session.generation).is_empty()
    }

    /// Gives a slot to a legacy host that has only probed for the modern era: nothing needs the
    /// session that its probe opened (E-01).
    fn give_to_legacy_host(&mut self, slot: SlotId) {
        let state = &mut self.slots[slot];
        let old = Arc::clone(&state.session);
        state.remote.stop_listening();
        state.remote.end_replaced(&old);
        state.timers.lost();
        state.lifecycle.begin_again();
        state.owner = Requester::Host;
        self.slots.of_adapter = None;
        self.slots.begin_session(slot);
        self.modern_host = ModernHost::new();
    }

    /// The slot for a new session of a modern host. An older session only finishes its requests.
    pub(in crate::bridge) fn slot_for_new_adapter_session(&mut self) -> SlotId {
        if self.slots.of_adapter.is_none() {
            // E-07
            tracing::warn!(
                "the host speaks 2026-07-28, the server an older revision: translating; questions \
                 of the server that belong to no call, prompt or read are refused"
            );
        }
        let slot = match (self.slots.of_host, self.slots.of_adapter) {
            (None, None) => {
                self.slots[SlotId::FIRST].owner = Requester::Adapter;
                SlotId::FIRST
            }
            // The first session could not be opened: try again.
            (_, Some(slot)) if self.slots[slot].lifecycle.is_idle() => slot,
            (_, Some(older)) => {
                let older = &mut self.slots[older];
                older.remote.stop_listening();
                older.timers.lost();
                self.add_slot(Requester::Adapter)
            }
            (Some(_), None) => self.add_slot(Requester::Adapter),
        };
        self.slots.of_adapter = Some(slot);
        slot
    }

    /// A further slot for a legacy host whose first session is still being opened. `None` if there
    /// are too many already.
    pub(in crate::bridge) fn further_slot_for_legacy_host(&mut self) -> Option<SlotId> {
        if self.slots.all.len() >= MAX_SLOTS {
            return None;
        }
        let slot = self.add_slot(Requester::Host);
        self.slots.of_host = Some(slot);
        Some(slot)
    }

    /// Adds a slot.
    fn add_slot(&mut self, owner: Requester) -> SlotId {
        if let Some(transport) = self.slots[SlotId::FIRST].remote.transport() {
            self.choices.settle_transport(transport);
        }
        self.slots.add(owner)
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;
    use crate::bridge::BridgeOptions;
    use crate::bridge::host_side::request::HostRequest;
    use crate::bridge::session::lifecycle::{HeldMessage, Phase};
    use crate::eras::ModernRemote;
    use crate::error::Failure;
    use crate::host::in_process;
    use crate::http::Target;
    use crate::remote::RemoteOptions;

    fn slots() -> SessionSlots {
        let url = Url::parse("http://127.0.0.1:9/mcp").unwrap();
        let (remote, _events) = Remote::new(RemoteOptions::new(url)).unwrap();
        SessionSlots::new(SessionSlot::new(remote, ResponseCache::new(None), Timers::new(None)))
    }

    #[test]
    fn lines_are_about_the_legacy_host_or_else_the_newest_modern_session() {
        let mut slots = slots();
        assert_eq!(slots.for_host(), SlotId::FIRST);
        let adapter = slots.add(Requester::Adapter);
        slots.of_adapter = Some(adapter);
        assert!(slots.serve_only_the_adapter());
        assert_eq!((slots.for_host(), slots.for_adapter()), (adapter, adapter));
        slots.of_host = Some(SlotId::FIRST);
        assert!(!slots.serve_only_the_adapter());
        assert_eq!((slots.for_host(), slots.for_adapter()), (SlotId::FIRST, adapter));
    }

    /// A bridge to a server that does not exist.
    fn bridge() -> Bridge {
        let url = Url::parse("http://127.0.0.1:9/mcp").unwrap();
        let options = BridgeOptions::new(RemoteOptions::new(url));
        Bridge::new(in_process().0, options).unwrap()
    }

    fn initialize(bridge: &Bridge) -> HostRequest {
        let line = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#;
        HostRequest::new(Message::parse(line).unwrap(), None, &bridge.unanswered)
    }

    /// E-01
    #[tokio::test]
    async fn the_first_host_of_either_era_gets_the_first_slot() {
        let mut legacy = bridge();
        assert_eq!(legacy.slot_for_legacy_host(), SlotId::FIRST);
        assert_eq!(legacy.slot_for_legacy_host(), SlotId::FIRST);
        assert!(!legacy.slots[SlotId::FIRST].is_of_adapter());
        let further = legacy.further_slot_for_legacy_host().unwrap();
        assert_eq!((legacy.slots.for_host(), further), (further, SlotId(1)));
        assert_eq!(legacy.slot_for_legacy_host(), further, "the newest of the host");
        let mut modern = bridge();
        assert_eq!(modern.slot_for_new_adapter_session(), SlotId::FIRST);
        assert!(modern.slots[SlotId::FIRST].is_of_adapter());
        // It could not be opened: the next one tries again there.
        assert_eq!(modern.slot_for_new_adapter_session(), SlotId::FIRST);
        assert_eq!(modern.slots.ids().count(), 1);
    }

    /// E-01
    #[tokio::test]
    async fn a_host_that_only_probed_takes_over_the_session_of_its_probe() {
        let mut bridge = bridge();
        let slot = bridge.slot_for_new_adapter_session();
        let probed = Arc::clone(&bridge.slots[slot].session);
        bridge.slots[slot].lifecycle.continue_in_background();
        bridge.slots[slot].lifecycle.phase = Phase::Ready;
        bridge.slots[slot].timers.opened();
        let discover = r#"{"jsonrpc":"2.0","id":"p","method":"server/discover","params":{}}"#;
        let discover = Message::parse(discover).unwrap();
        bridge.with_host_adapter(|host, context| host.handle(discover, context));
        assert_eq!(bridge.slot_for_legacy_host(), slot);
        let state = &bridge.slots[slot];
        assert!(state.lifecycle.is_idle() && !state.is_of_adapter(), "it begins anew");
        assert!(state.next_timer().is_none(), "nothing of the probe is due");
        assert_ne!(state.session.generation, probed.generation);
        assert!(!bridge.modern_host.waits() && !bridge.slots.serve_only_the_adapter());
        assert_eq!(bridge.slots.for_host(), slot);
        assert_ne!(bridge.slot_for_new_adapter_session(), slot);
    }

    /// E-01
    #[tokio::test]
    async fn a_modern_session_in_use_is_not_taken_over() {
        let mut bridge = bridge();
        let modern = bridge.slot_for_new_adapter_session();
        let request = initialize(&bridge).by(Requester::Adapter);
        assert!(bridge.slots[modern].lifecycle.hold(HeldMessage::Request(request)).is_none());
        let legacy = bridge.slot_for_legacy_host();
        assert_ne!(legacy, modern);
        assert!(bridge.slots[modern].is_of_adapter() && !bridge.slots[legacy].is_of_adapter());
        assert!(!bridge.slots.hold_nothing());
        for request in bridge.slots[modern].lifecycle.release_requests() {
            request.cancelled();
        }
    }

    /// E-14
    #[tokio::test]
    async fn a_larger_set_of_capabilities_gets_a_session_of_its_own() {
        let mut bridge = bridge();
        let first = bridge.slot_for_new_adapter_session();
        bridge.slots[first].lifecycle.phase = Phase::Ready;
        bridge.slots[first].timers.opened();
        bridge.slots[first].remote.set_transport(Transport::StreamableHttp);
        let second = bridge.slot_for_new_adapter_session();
        assert_ne!(first, second);
        assert_eq!(bridge.slots.for_adapter(), second);
        assert!(bridge.slots[first].next_timer().is_none(), "the first one only finishes");
        let order = bridge.choices.is_settled_on(&Transport::StreamableHttp);
        assert!(order, "the second one is opened like the first");
    }

    /// E-01: what a modern host asks goes to the slot whose server is a modern one.
    #[tokio::test]
    async fn requests_of_a_modern_host_are_relayed_where_the_server_is_modern() {
        let mut bridge = bridge();
        bridge.slot_for_legacy_host();
        assert_eq!(bridge.slots.for_relay(), SlotId::FIRST);
        let second = bridge.further_slot_for_legacy_host().unwrap();
        let third = bridge.further_slot_for_legacy_host().unwrap();
        assert_eq!(bridge.slots.for_relay(), third, "no server is known to be modern");
        let discovered = r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete",
            "supportedVersions":["2026-07-28"],"capabilities":{},
            "_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"1"}}}}"#;
        let discovered = Message::parse(discovered.replace('\n', "")).unwrap();
        let options = bridge.adapter_options(second);
        let remote = ModernRemote::new(&discovered, options).unwrap();
        bridge.slots[second].adapter.begin(remote);
        assert_eq!(bridge.slots.for_relay(), second);
    }

    /// S-12
    #[tokio::test]
    async fn a_host_that_opens_sessions_in_parallel_is_bounded() {
        let mut bridge = bridge();
        bridge.slot_for_legacy_host();
        let further = std::iter::from_fn(|| bridge.further_slot_for_legacy_host()).count();
        assert_eq!(further + 1, MAX_SLOTS);
    }

    #[tokio::test]
    async fn a_slot_knows_its_probe_and_its_transport() {
        let mut bridge = bridge();
        let state = &bridge.slots[SlotId::FIRST];
        assert!(!state.is_probing(1) && !state.pushes_by_transport());
        assert!(!bridge.slots.sign_in_waits());
        let request = initialize(&bridge);
        bridge.open_session(SlotId::FIRST, request);
        bridge.carry_out_effects();
        let number = bridge.slots[SlotId::FIRST].lifecycle.first_number().unwrap();
        assert!(bridge.slots[SlotId::FIRST].is_probing(number));
        assert!(!bridge.slots[SlotId::FIRST].is_probing(number + 1));
        bridge.fail_all_slots(&Failure::internal());
        let stream_task = tokio::spawn(std::future::pending::<()>()).abort_handle();
        let endpoint = Target::new(Url::parse("http://127.0.0.1:9/messages").unwrap()).unwrap();
        let transport = Transport::HttpSse { endpoint, stream_task };
        bridge.slots[SlotId::FIRST].remote.set_transport(transport);
        assert!(bridge.slots[SlotId::FIRST].pushes_by_transport());
    }

    /// E-14
    #[test]
    fn a_session_is_found_by_its_generation_for_ever() {
        let mut slots = slots();
        let second = slots.add(Requester::Adapter);
        let of_second = slots[second].session.generation;
        slots.begin_session(SlotId::FIRST);
        let reopened = slots[SlotId::FIRST].session.generation;
        assert_ne!(of_second, reopened);
        assert_eq!(slots.of_generation(0), SlotId::FIRST);
        assert_eq!(slots.of_generation(of_second), second);
        assert_eq!(slots.of_generation(reopened), SlotId::FIRST);
        assert!(slots.is_of_adapter(of_second) && !slots.is_of_adapter(reopened));
        assert_eq!(slots.ids().count(), 2);
    }

    #[test]
    fn a_further_slot_shares_nothing_with_the_first() {
        let mut slots = slots();
        let second = slots.add(Requester::Host);
        slots[second].timers.reopen_later();
        assert!(slots[second].next_timer().is_some());
        assert!(slots[SlotId::FIRST].next_timer().is_none());
        assert!(!slots[second].is_of_adapter() && slots.hold_nothing());
    }

    #[test]
    fn a_post_says_what_its_message_is() {
        let slots = slots();
        let post = |line: &str| {
            let message = Message::parse(line.to_owned()).unwrap();
            let post = slots[SlotId::FIRST].compose_post(7, Frame::default(), &message);
            (post.is_request, post.urgent, post.repeatable)
        };
        let request = |method: &str| format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}"}}"#);
        assert_eq!(post(&request("initialize")), (true, true, true));
        assert_eq!(post(&request("tools/list")), (true, false, true));
        assert_eq!(post(&request("tools/call")), (true, false, false));
    }
}
