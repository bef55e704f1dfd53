//! The legacy session for a modern host: opened when a request first needs the server, once for all
//! requests that wait (E-12), and a second time for a larger set of capabilities (E-14).

use serde_json::{Value, json};

use super::envelope::{self, RequestEnvelope};
use super::{
    HostContext, HostEffect, ModernHost, OpenHostRequest, RequestPurpose, capabilities,
    discover_result, results,
};
use crate::eras::waiting_queue::{HasMessage, WaitingQueue};
use crate::error::{Failure, FailureKind};
use crate::jsonrpc::{Frame, Message, MessageKind, Object, RequestId, result_response};
use crate::protocol::{Era, ProtocolVersion, methods};

/// The most sessions, one after the other (O-6).
const SESSIONS: u32 = 2;

/// The session and the requests that wait for it.
#[derive(Debug, Default)]
pub(super) struct LegacySession {
    phase: SessionPhase,
    /// The host's capabilities, as declared to the server.
    declared: Value,
    /// How many sessions were opened or tried.
    opened: u32,
    server: Option<LegacyServer>,
    /// Whether the server can push messages outside of responses, if known.
    pub(super) pushes: Option<bool>,
    waiting: WaitingQueue<QueuedRequest>,
    /// The host's open `server/discover` requests.
    discovers: Vec<RequestId>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum SessionPhase {
    #[default]
    Unopened,
    Opening,
    Open,
}

/// A host's request that waits for the session.
#[derive(Debug)]
struct QueuedRequest {
    id: RequestId,
    message: Message,
    envelope: RequestEnvelope,
}

impl HasMessage for QueuedRequest {
    fn message(&self) -> &Message {
        &self.message
    }
}

/// A legacy server's declarations in its `InitializeResult`.
#[derive(Debug)]
struct LegacyServer {
    result: String,
    info: Option<String>,
    capabilities: Value,
}

impl LegacyServer {
    /// Reads an `InitializeResult`.
    ///
    /// # Errors
    /// The server opens sessions in an unknown revision.
    fn read(result: &str) -> Result<Self, Failure> {
        let object = Object::parse(result);
        let text = |name: &str| object.as_ref().and_then(|object| object.get(name));
        let version = object.as_ref().and_then(|object| object.text("protocolVersion"));
        let version = version.unwrap_or_default();
        if ProtocolVersion::from_name(&version).is_none_or(|known| known.era() != Era::Legacy) {
            let message = format!("the server opens sessions in revision `{version}` only");
            let hint = "update `mcp-tether`; the server may be newer";
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

impl LegacySession {
    /// The server's `serverInfo` as JSON text (E-23).
    pub(super) fn server_info(&self) -> Option<&str> {
        self.server.as_ref()?.info.as_deref()
    }

    /// Returns whether the server declared this capability.
    pub(super) fn server_has(&self, capability: &str) -> bool {
        self.setting(capability).is_some_and(Value::is_object)
    }

    /// Returns whether the server declared this member of a capability as true.
    pub(super) fn server_does(&self, capability: &str, what: &str) -> bool {
        self.setting(capability).is_some_and(|setting| setting[what] == true)
    }

    /// The server's declaration of a capability.
    pub(super) fn setting(&self, capability: &str) -> Option<&Value> {
        self.server.as_ref()?.capabilities.get(capability)
    }
}

impl ModernHost {
    /// Returns whether a session is open that serves a request like this; otherwise starts to open
    /// one.
    pub(super) fn has_session_for(
        &mut self,
        envelope: &RequestEnvelope,
        cx: &mut HostContext<'_>,
    ) -> bool {
        let wanted = capabilities::for_server(&envelope.capabilities);
        match self.session.phase {
            SessionPhase::Opening => false,
            SessionPhase::Unopened => {
                self.open_session(wanted, envelope, cx);
                false
            }
            SessionPhase::Open => {
                let serves = capabilities::covers(&self.session.declared, &wanted)
                    || self.session.opened >= SESSIONS;
                if !serves {
                    let larger = capabilities::union(&self.session.declared, &wanted);
                    self.open_session(larger, envelope, cx);
                }
                serves
            }
        }
    }

    fn open_session(
        &mut self,
        declared: Value,
        envelope: &RequestEnvelope,
        cx: &mut HostContext<'_>,
    ) {
        self.session.phase = SessionPhase::Opening;
        self.session.opened += 1;
        let ours = json!({ "name": "mcp-tether", "version": env!("CARGO_PKG_VERSION") });
        let host = envelope.host_info.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let params = json!({
            "protocolVersion": ProtocolVersion::NEWEST_LEGACY.name(),
            "capabilities": declared,
            "clientInfo": host.filter(Value::is_object).unwrap_or(ours),
        });
        self.session.declared = declared;
        self.ask(RequestPurpose::Initialize, methods::INITIALIZE, &params, cx);
    }

    /// Holds a request until the session is open.
    pub(super) fn wait_for_session(
        &mut self,
        id: RequestId,
        message: Message,
        envelope: RequestEnvelope,
        cx: &mut HostContext<'_>,
    ) {
        let queued = QueuedRequest { id: id.clone(), message, envelope };
        if self.session.waiting.push(queued).is_err() {
            let text = "too many requests wait for the server";
            let failure = Failure::new(FailureKind::NotSent, text);
            return self.fail(&id, &failure.hint("wait for answers, then send it again"), cx);
        }
        self.host_ids.insert(id, OpenHostRequest::Waiting);
    }

    /// Removes a waiting request that the host cancelled.
    pub(super) fn withdraw_waiting(&mut self, id: &RequestId) {
        let session = &mut self.session;
        session.discovers.retain(|waiting| waiting != id);
        session.waiting.remove(|waiting| waiting.id == *id);
    }

    /// Handles the host's `server/discover` (E-12).
    pub(super) fn discover(
        &mut self,
        id: RequestId,
        envelope: &RequestEnvelope,
        cx: &mut HostContext<'_>,
    ) {
        self.host_ids.insert(id.clone(), OpenHostRequest::Discover);
        self.session.discovers.push(id);
        match self.session.phase {
            SessionPhase::Open => self.answer_discovers(cx),
            SessionPhase::Opening => {}
            SessionPhase::Unopened => {
                self.has_session_for(envelope, cx);
            }
        }
    }

    fn answer_discovers(&mut self, cx: &mut HostContext<'_>) {
        let Some(server) = &self.session.server else { return };
        if let Some(result) = discover_result(&server.result, self.session.pushes) {
            self.answer_discovers_with(&result, cx);
        }
    }

    /// Answers every open `server/discover` with this `DiscoverResult`: otherwise the host would
    /// conclude that there is no server (E-02).
    pub fn answer_discovers_with(&mut self, result: &str, cx: &mut HostContext<'_>) {
        for id in std::mem::take(&mut self.session.discovers) {
            let line = result_response(&id, result);
            self.answer(&id, Frame::from(line), cx);
        }
    }

    /// Takes the `InitializeResult` of a session that was opened after an early answer, or opened
    /// again (T-32).
    pub fn note_session(&mut self, initialize_result: &str) {
        if let Ok(server) = LegacyServer::read(initialize_result) {
            self.session.server = Some(server);
        }
    }

    /// Handles the answer to our `initialize`.
    pub(super) fn session_answered(&mut self, answer: &Message, cx: &mut HostContext<'_>) {
        let result = answer.outcome().filter(|_| answer.kind() == MessageKind::Response);
        match result.map(LegacyServer::read) {
            Some(Ok(server)) => self.session_opened(server, cx),
            Some(Err(failure)) => {
                self.session_failed(cx, |id, _| Frame::from(failure.to_response(id)));
            }
            None => self.session_failed(cx, |id, method| {
                results::translate_answer(id, method, answer, None)
            }),
        }
    }

    fn session_opened(&mut self, server: LegacyServer, cx: &mut HostContext<'_>) {
        self.session.server = Some(server);
        self.session.phase = SessionPhase::Open;
        self.session.pushes = None;
        self.notify(methods::INITIALIZED, None, cx);
        self.answer_discovers(cx);
        self.logs.forget();
        self.subscribe_again(cx);
        self.serve_waiting(cx);
    }

    /// Serves the waiting requests with the smaller session if there is one; otherwise answers them
    /// with an error (E-14).
    fn session_failed(
        &mut self,
        cx: &mut HostContext<'_>,
        told: impl Fn(&RequestId, &str) -> Frame,
    ) {
        if self.session.server.is_some() {
            self.session.phase = SessionPhase::Open;
            self.session.opened = SESSIONS;
            tracing::warn!("the server refused a session with more capabilities of the host");
            self.answer_discovers(cx);
            return self.serve_waiting(cx);
        }
        self.session.phase = SessionPhase::Unopened;
        self.session.opened = 0;
        for id in std::mem::take(&mut self.session.discovers) {
            let line = told(&id, methods::DISCOVER);
            self.answer(&id, line, cx);
        }
        for waiting in self.session.waiting.take_all() {
            let line = told(&waiting.id, waiting.message.method());
            self.answer(&waiting.id, line, cx);
        }
    }

    fn serve_waiting(&mut self, cx: &mut HostContext<'_>) {
        for QueuedRequest { id, message, envelope } in self.session.waiting.take_all() {
            self.host_ids.remove(&id);
            self.serve(id, message, envelope, cx);
        }
    }

    /// Records whether the server can push messages outside of responses (E-43).
    pub fn note_pushes(&mut self, offered: bool, cx: &mut HostContext<'_>) {
        self.session.pushes = Some(offered);
        self.acknowledge_those_ready(cx);
    }

    /// Passes on a host's notification that the server may know.
    pub(super) fn pass_notification(&mut self, message: Message, cx: &mut HostContext<'_>) {
        if self.session.phase == SessionPhase::Open {
            let edits = envelope::legacy(&message, None, &[]);
            match message.rewritten(None, &edits) {
                Ok(message) => cx.emit(HostEffect::Send(message)),
                Err(overlap) => tracing::warn!("dropped a notification of the host: {overlap}"),
            }
        } else {
            tracing::debug!(
                method = message.method(),
                "dropped a notification: there is no session yet"
            );
        }
    }
}
