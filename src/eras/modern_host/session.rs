//! The legacy session behind a host that knows none: opened when something first needs the server,
//! once for everyone who waits (E-12), and a second time for a larger set of capabilities (E-14).

use std::collections::VecDeque;
use std::time::Instant;

use serde_json::{Value, json};

use super::envelope::{self, Envelope};
use super::{Asked, HostEffect, ModernHost, Place, capabilities, discover_result, results};
use crate::error::{Failure, FailureKind};
use crate::jsonrpc::{Frame, Kind, Message, Object, RequestId};
use crate::protocol::{Era, ProtocolVersion, methods};

/// How many sessions there are at most, one after the other (O-6).
const SESSIONS: u32 = 2;
/// How many requests may wait for a session (S-12).
const WAITING_REQUESTS: usize = 20_000;
/// How many bytes they may have.
const WAITING_BYTES: usize = 512 * 1024 * 1024;

/// The session and who waits for it.
#[derive(Debug, Default)]
pub(super) struct Session {
    phase: Phase,
    /// What the server was told that the host can do.
    declared: Value,
    /// How many were opened or tried.
    opened: u32,
    server: Option<Server>,
    /// Whether the server can push outside of answers, once that is known.
    pub(super) pushes: Option<bool>,
    waiting: VecDeque<Waiting>,
    waiting_bytes: usize,
    /// Hosts that ask what the server can do.
    discovers: Vec<RequestId>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Unopened,
    Opening,
    Open,
}

/// A request of the host that needs the session.
#[derive(Debug)]
struct Waiting {
    id: RequestId,
    message: Message,
    envelope: Envelope,
}

/// What a legacy server said of itself.
#[derive(Debug)]
struct Server {
    result: String,
    info: Option<String>,
    capabilities: Value,
}

impl Server {
    /// Reads an `InitializeResult`; the failure says why it cannot be used.
    fn read(result: &str) -> Result<Self, Failure> {
        let object = Object::parse(result);
        let text = |name: &str| object.as_ref().and_then(|object| object.get(name));
        let version = object.as_ref().and_then(|object| object.text("protocolVersion"));
        let version = version.unwrap_or_default();
        if ProtocolVersion::from_name(&version).is_none_or(|known| known.era() != Era::Legacy) {
            let message = format!("server opens sessions in revision `{version}` only");
            let hint = "update `mcp-tether`; the server may be newer than it";
            return Err(Failure::new(FailureKind::Era, message).hint(hint));
        }
        let declared = text("capabilities").and_then(|text| serde_json::from_str(text).ok());
        Ok(Self {
            info: text("serverInfo").filter(|info| info.starts_with('{')).map(str::to_owned),
            capabilities: declared.filter(Value::is_object).unwrap_or_else(|| json!({})),
            result: result.to_owned(),
        })
    }
}

impl Session {
    /// Who the server says it is, as it wrote it (E-23).
    pub(super) fn server_info(&self) -> Option<&str> {
        self.server.as_ref()?.info.as_deref()
    }

    /// Whether the server declared this capability.
    pub(super) fn server_has(&self, capability: &str) -> bool {
        self.setting(capability).is_some_and(Value::is_object)
    }

    /// Whether the server declared that a capability includes this.
    pub(super) fn server_does(&self, capability: &str, what: &str) -> bool {
        self.setting(capability).is_some_and(|setting| setting[what] == true)
    }

    /// What the server declared of a capability.
    pub(super) fn setting(&self, capability: &str) -> Option<&Value> {
        self.server.as_ref()?.capabilities.get(capability)
    }

    fn is_full(&self, message: &Message) -> bool {
        self.waiting.len() >= WAITING_REQUESTS
            || self.waiting_bytes + message.raw().len() > WAITING_BYTES
    }
}

impl ModernHost {
    /// Whether a session is open that serves a request of this kind; begins to open one else.
    pub(super) fn has_session_for(&mut self, envelope: &Envelope) -> bool {
        let wanted = capabilities::of_host(&envelope.capabilities);
        match self.session.phase {
            Phase::Opening => false,
            Phase::Unopened => {
                self.open_session(wanted, envelope);
                false
            }
            Phase::Open => {
                let serves = capabilities::covers(&self.session.declared, &wanted)
                    || self.session.opened >= SESSIONS;
                if !serves {
                    let larger = capabilities::union(&self.session.declared, &wanted);
                    self.open_session(larger, envelope);
                }
                serves
            }
        }
    }

    fn open_session(&mut self, declared: Value, envelope: &Envelope) {
        self.session.phase = Phase::Opening;
        self.session.opened += 1;
        let ours = json!({ "name": "mcp-tether", "version": env!("CARGO_PKG_VERSION") });
        let host = envelope.host_info.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let params = json!({
            "protocolVersion": ProtocolVersion::NEWEST_LEGACY.name(),
            "capabilities": declared,
            "clientInfo": host.filter(Value::is_object).unwrap_or(ours),
        });
        self.session.declared = declared;
        self.ask(Asked::Initialize, methods::INITIALIZE, &params);
    }

    /// Lets a request wait until the session is open.
    pub(super) fn wait_for_session(&mut self, id: RequestId, message: Message, envelope: Envelope) {
        if self.session.is_full(&message) {
            let text = "too many requests wait for the server";
            let failure = Failure::new(FailureKind::Network, text);
            return self.fail(&id, &failure.hint("wait for answers before sending more"));
        }
        self.session.waiting_bytes += message.raw().len();
        self.host_ids.insert(id.clone(), Place::Waiting);
        self.session.waiting.push_back(Waiting { id, message, envelope });
    }

    /// Takes a request out that waits, because the host gave it up.
    pub(super) fn withdraw_waiting(&mut self, id: &RequestId) {
        let session = &mut self.session;
        session.discovers.retain(|waiting| waiting != id);
        if let Some(position) = session.waiting.iter().position(|waiting| waiting.id == *id)
            && let Some(waiting) = session.waiting.remove(position)
        {
            session.waiting_bytes -= waiting.message.raw().len();
        }
    }

    /// The host asks what the server can do (E-12).
    pub(super) fn discover(&mut self, id: RequestId, envelope: &Envelope) {
        self.host_ids.insert(id.clone(), Place::Discover);
        self.session.discovers.push(id);
        match self.session.phase {
            Phase::Open => self.answer_discovers(),
            Phase::Opening => {}
            Phase::Unopened => {
                self.has_session_for(envelope);
            }
        }
    }

    fn answer_discovers(&mut self) {
        let Some(server) = &self.session.server else { return };
        if let Some(result) = discover_result(&server.result, self.session.pushes) {
            self.answer_discovers_with(&result);
        }
    }

    /// Answers every host that still asks what the server can do with this `DiscoverResult`: it
    /// would take an older server for none (E-02).
    pub fn answer_discovers_with(&mut self, result: &str) {
        for id in std::mem::take(&mut self.session.discovers) {
            let line = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#);
            self.answer(&id, Frame::from(line));
        }
    }

    /// What a session of ours said when it was opened behind an early answer, or again (T-32).
    pub fn take_session(&mut self, initialize_result: &str) {
        if let Ok(server) = Server::read(initialize_result) {
            self.session.server = Some(server);
        }
    }

    /// The answer to our `initialize`.
    pub(super) fn session_answered(&mut self, answer: &Message, now: Instant) {
        let result = answer.outcome().filter(|_| answer.kind() == Kind::Response);
        match result.map(Server::read) {
            Some(Ok(server)) => self.session_opened(server, now),
            Some(Err(failure)) => {
                self.session_failed(now, |id, _| Frame::from(failure.to_response(id)));
            }
            None => self.session_failed(now, |id, method| results::shown(id, method, answer, None)),
        }
    }

    fn session_opened(&mut self, server: Server, now: Instant) {
        self.session.server = Some(server);
        self.session.phase = Phase::Open;
        self.session.pushes = None;
        self.send(&json!({ "jsonrpc": "2.0", "method": methods::INITIALIZED }));
        self.answer_discovers();
        self.logs.forget();
        self.subscribe_again();
        self.serve_waiting(now);
    }

    /// Nobody can be served, or with the smaller session that there is, if there is one (E-14).
    fn session_failed(&mut self, now: Instant, told: impl Fn(&RequestId, &str) -> Frame) {
        if self.session.server.is_some() {
            self.session.phase = Phase::Open;
            self.session.opened = SESSIONS;
            tracing::warn!("the server refused a session with more capabilities of the host");
            self.answer_discovers();
            return self.serve_waiting(now);
        }
        self.session.phase = Phase::Unopened;
        self.session.opened = 0;
        for id in std::mem::take(&mut self.session.discovers) {
            let line = told(&id, methods::DISCOVER);
            self.answer(&id, line);
        }
        for waiting in self.take_waiting() {
            let line = told(&waiting.id, waiting.message.method());
            self.answer(&waiting.id, line);
        }
    }

    fn serve_waiting(&mut self, now: Instant) {
        for Waiting { id, message, envelope } in self.take_waiting() {
            self.host_ids.remove(&id);
            self.serve(id, message, envelope, now);
        }
    }

    fn take_waiting(&mut self) -> VecDeque<Waiting> {
        self.session.waiting_bytes = 0;
        std::mem::take(&mut self.session.waiting)
    }

    /// Whether the server can push outside of answers (E-43).
    pub fn take_pushes(&mut self, offered: bool) {
        self.session.pushes = Some(offered);
        self.acknowledge_those_ready();
    }

    /// A notification of the host that the server may know.
    pub(super) fn pass_notification(&mut self, message: Message) {
        if self.session.phase == Phase::Open {
            let edits = envelope::legacy(&message, None, &[]);
            match message.rewritten(None, &edits) {
                Ok(message) => self.effects.push(HostEffect::Send(message)),
                Err(overlap) => tracing::warn!("dropped a notification of the host: {overlap}"),
            }
        } else {
            tracing::debug!(method = message.method(), "dropped, there is no session yet");
        }
    }
}
