//! The session is opened by the host's own `initialize` and confirmed by its
//! `notifications/initialized`; what comes meanwhile waits, and flows afterwards (T-07).

use std::sync::Arc;

use http::HeaderValue;
use serde::Deserialize;

use super::super::in_flight::{Asker, Held, Purpose};
use super::super::translation::DISCOVER_FROM_MEMORY;
use super::super::{Bridge, Connected};
use super::{Capabilities, Phase};
use crate::error::{Failure, FailureKind};
use crate::jsonrpc::{Kind, Message};
use crate::protocol::{ProtocolVersion, methods};
use crate::remote::{ExchangeHandle, Session, Transport};

#[derive(Deserialize)]
struct InitializeResult {
    #[serde(rename = "protocolVersion")]
    protocol_version: Option<String>,
    #[serde(default)]
    capabilities: Capabilities,
}

impl Bridge {
    /// The host's `initialize`: the first message that the remote sees.
    pub(in crate::bridge) fn open_session(&mut self, held: Held) {
        let number = self.number();
        let initialize = held.message.clone();
        self.opening.phase = Phase::Opening;
        self.opening.first = Some(number);
        self.opening.initialize = Some(initialize.clone());
        if let Some(wait) = self.remembered.begin(&initialize) {
            let discovers = held.is_translators() && self.discover_due.is_some();
            self.timers.answer_after(if discovers { wait.min(DISCOVER_FROM_MEMORY) } else { wait });
        }
        self.record(number, &ExchangeHandle::default(), Purpose::Host(held));
        self.search_for_session(number, initialize);
    }

    /// The remote was reached: this is how.
    pub(in crate::bridge) fn take_opened(
        &mut self,
        transport: Transport,
        session_id: Option<HeaderValue>,
    ) {
        if self.remote.transport().is_none() {
            tracing::info!(transport = transport.name(), "connected");
            if matches!(transport, Transport::HttpSse { .. }) {
                tracing::warn!("the server speaks HTTP+SSE, which is deprecated and may go away");
            }
        }
        self.remote.set_transport(transport);
        self.opening.session_id = session_id;
    }

    /// The answer to an `initialize`, ours or the host's.
    pub(in crate::bridge) fn take_initialize_answer(&mut self, answer: &Message) {
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

    /// The host's `notifications/initialized`: what follows waits until it was accepted (T-07).
    pub(in crate::bridge) fn confirm_session(&mut self, message: &Message) {
        let number = self.number();
        self.opening.phase = Phase::Confirming(number);
        self.send_notification(number, message);
    }

    /// The end of an exchange, which may be the one that everything waits for.
    pub(in crate::bridge) fn take_confirmation(&mut self, number: u64) {
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

    fn ready(&mut self) {
        self.opening.phase = Phase::Ready;
        self.timers.opened();
        for held in self.opening.release() {
            self.pass(held);
        }
    }

    /// Sends a message now if the session is open, and lets it wait else.
    pub(in crate::bridge) fn pass(&mut self, held: Held) {
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
