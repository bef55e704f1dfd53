//! Sessions: what was negotiated with one host, its streams, its open requests and the questions
//! it was asked. A stateless exchange is a session of one request without an id.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::events::EventLog;
use super::revisions::RevisionRules;
use super::splitmix::splitmix64;
use mcp_tether_wire::jsonrpc::{Message, MessageKind, RequestId, request};
use mcp_tether_wire::protocol::ProtocolVersion;
use mcp_tether_wire::protocol::methods;

/// The negotiated facts, streams and open requests of one host.
#[derive(Debug)]
pub(super) struct HostSession {
    id: Option<String>,
    version: ProtocolVersion,
    /// The host's capabilities, once it has declared them.
    capabilities: OnceLock<Value>,
    standalone: Arc<EventLog>,
    next_log: AtomicU64,
    opened: AtomicBool,
    state: Mutex<SessionState>,
}

#[derive(Debug, Default)]
struct SessionState {
    log_level: Option<LogSeverity>,
    subscriptions: BTreeSet<String>,
    logs: HashMap<u64, Arc<EventLog>>,
    in_flight: HashMap<RequestId, AbortHandle>,
    questions: HashMap<String, oneshot::Sender<Message>>,
    next_question: u64,
}

/// Severity of a log message (RFC 5424, as MCP names it), lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LogSeverity(usize);

impl LogSeverity {
    const NAMES: [&'static str; 8] =
        ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().position(|known| *known == name).map(Self)
    }

    pub(super) fn name(self) -> &'static str {
        Self::NAMES[self.0]
    }
}

impl HostSession {
    /// Creates a session in this revision. Without an id it stands for one stateless exchange.
    pub(super) fn new(id: Option<String>, version: ProtocolVersion) -> Self {
        Self {
            id,
            version,
            capabilities: OnceLock::new(),
            standalone: EventLog::new(0),
            next_log: AtomicU64::new(1),
            opened: AtomicBool::new(false),
            state: Mutex::default(),
        }
    }

    /// Records the host's capabilities; returns false if it had declared them before.
    pub(super) fn introduce(&self, capabilities: Value) -> bool {
        self.capabilities.set(capabilities).is_ok()
    }

    pub(super) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    pub(super) fn version(&self) -> ProtocolVersion {
        self.version
    }

    /// Returns whether the host declared this capability, in `initialize` or with the request. The
    /// path of a part of one is a JSON pointer: `/elicitation/url`.
    pub(super) fn host_has(&self, pointer: &str) -> bool {
        let capabilities = self.capabilities.get();
        capabilities.and_then(|all| all.pointer(pointer)).is_some_and(Value::is_object)
    }

    /// Returns the stream that belongs to no request: the GET stream, or the one of HTTP+SSE.
    pub(super) fn standalone(&self) -> &Arc<EventLog> {
        &self.standalone
    }

    /// Records that the standalone stream was opened.
    pub(super) fn open_standalone(&self) {
        self.opened.store(true, Ordering::Relaxed);
    }

    /// Returns whether the standalone stream was ever asked for: before, nothing is kept for it.
    pub(super) fn has_standalone(&self) -> bool {
        self.opened.load(Ordering::Relaxed)
    }

    /// Creates a log for the answer to one POST. Streams of a session can be resumed, so it is
    /// kept.
    pub(super) fn new_log(&self) -> Arc<EventLog> {
        let log = EventLog::new(self.next_log.fetch_add(1, Ordering::Relaxed));
        if self.id.is_some() {
            let mut state = self.lock();
            state.logs.retain(|_, log| !log.is_done());
            state.logs.insert(log.number(), Arc::clone(&log));
        }
        log
    }

    /// Returns the log with this number, for resumption.
    pub(super) fn log(&self, number: u64) -> Option<Arc<EventLog>> {
        if number == 0 {
            return Some(Arc::clone(&self.standalone));
        }
        self.lock().logs.get(&number).cloned()
    }

    pub(super) fn set_level(&self, level: LogSeverity) {
        self.lock().log_level = Some(level);
    }

    /// Returns whether a log message of this level is wanted. If the host set no level, the
    /// revision decides.
    pub(super) fn wants_level(&self, level: LogSeverity) -> bool {
        match self.lock().log_level {
            Some(wanted) => level >= wanted,
            None => RevisionRules::of(self.version).logs_unasked,
        }
    }

    pub(super) fn subscribe(&self, uri: &str) {
        self.lock().subscriptions.insert(uri.to_owned());
    }

    pub(super) fn unsubscribe(&self, uri: &str) {
        self.lock().subscriptions.remove(uri);
    }

    pub(super) fn is_subscribed(&self, uri: &str) -> bool {
        self.lock().subscriptions.contains(uri)
    }

    /// Records a request that is being worked on.
    pub(super) fn begin(&self, id: &RequestId, work: AbortHandle) {
        if !work.is_finished() {
            self.lock().in_flight.insert(id.clone(), work);
        }
    }

    /// Removes a request that was answered.
    pub(super) fn finish(&self, id: &RequestId) {
        self.lock().in_flight.remove(id);
    }

    /// Stops work on a request: it gets no answer (`basic/utilities/cancellation`).
    pub(super) fn cancel(&self, id: &RequestId) {
        if let Some(work) = self.lock().in_flight.remove(id) {
            work.abort();
        }
    }

    /// Sends a request to the host on `log`.
    pub(super) fn ask(&self, log: &EventLog, method: &str, params: &Value) -> PushedRequest {
        let (sender, answer) = oneshot::channel();
        let id = {
            let mut state = self.lock();
            state.next_question += 1;
            let id = format!("mock-{}", state.next_question);
            state.questions.insert(id.clone(), sender);
            id
        };
        let params = (!params.is_null()).then(|| params.to_string());
        log.say(request(&RequestId::Text(id.into()), method, params.as_deref()));
        PushedRequest { answer }
    }

    /// Passes an answer of the host to whoever waits for it; returns false if nobody does.
    pub(super) fn answered(&self, answer: Message) -> bool {
        let Some(RequestId::Text(id)) = answer.id() else {
            return false;
        };
        let asker = self.lock().questions.remove(id.as_ref());
        asker.is_some_and(|asker| asker.send(answer).is_ok())
    }

    /// Stops all work and ends all streams.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        let open: Vec<_> = state.in_flight.drain().map(|(_, work)| work).collect();
        let logs: Vec<_> = state.logs.drain().map(|(_, log)| log).collect();
        state.questions.clear();
        drop(state);
        for work in open {
            work.abort();
        }
        for log in logs {
            log.end();
        }
        self.standalone.end();
    }

    /// Cuts all streams; the session goes on.
    pub(super) fn cut_streams(&self) {
        let logs: Vec<_> = self.lock().logs.values().cloned().collect();
        for log in logs {
            log.cut();
        }
        self.standalone.cut();
    }

    fn lock(&self) -> MutexGuard<'_, SessionState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that was sent to a host.
#[derive(Debug)]
pub struct PushedRequest {
    answer: oneshot::Receiver<Message>,
}

impl PushedRequest {
    /// Returns the host's answer: its result, or its error object in the `Err`. `None` if the
    /// session ended first. Bound the wait with a timeout of your own.
    pub async fn answer(self) -> Option<Result<Value, Value>> {
        let answer = self.answer.await.ok()?;
        let outcome = answer.outcome_as::<Value>().unwrap_or_default();
        Some(if answer.kind() == MessageKind::Response { Ok(outcome) } else { Err(outcome) })
    }
}

/// All sessions of one mock.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<SessionTable>);

#[derive(Debug, Default)]
struct SessionTable {
    by_id: HashMap<String, Arc<HostSession>>,
    issued: u64,
}

impl Sessions {
    /// Returns an id that was never used: hard to guess from its number, but the same for the same
    /// seed.
    pub(super) fn new_id(&self, seed: u64) -> String {
        let mut table = self.lock();
        table.issued += 1;
        let mixed = splitmix64(seed, table.issued);
        format!("{mixed:016x}-{}", table.issued)
    }

    pub(super) fn insert(&self, session: &Arc<HostSession>) {
        if let Some(id) = session.id() {
            self.lock().by_id.insert(id.to_owned(), Arc::clone(session));
        }
    }

    pub(super) fn find(&self, id: &str) -> Option<Arc<HostSession>> {
        self.lock().by_id.get(id).cloned()
    }

    pub(super) fn remove(&self, id: &str) -> Option<Arc<HostSession>> {
        let session = self.lock().by_id.remove(id)?;
        session.close();
        Some(session)
    }

    pub(super) fn all(&self) -> Vec<Arc<HostSession>> {
        self.lock().by_id.values().cloned().collect()
    }

    /// Ends all sessions; their ids are unknown from now on.
    pub(super) fn forget_all(&self) {
        let sessions: Vec<_> = self.lock().by_id.drain().map(|(_, session)| session).collect();
        for session in sessions {
            session.close();
        }
    }

    fn lock(&self) -> MutexGuard<'_, SessionTable> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the capability that a host needs to be asked this, as a JSON pointer.
pub(super) fn capability_for(method: &str) -> Option<&'static str> {
    match method {
        methods::ELICIT => Some("/elicitation"),
        methods::SAMPLE => Some("/sampling"),
        methods::LIST_ROOTS => Some("/roots"),
        _ => None,
    }
}
