//! Opens the session with the host's own `initialize` and confirms it with the host's
//! `notifications/initialized`. Other messages wait until then (T-07).

use std::sync::Arc;

use http::HeaderValue;
use serde::Deserialize;

use super::lifecycle::{Capabilities, HeldMessage, Phase};
use super::slots::SlotId;
use crate::bridge::eras::translation::DISCOVER_FROM_CACHE;
use crate::bridge::host_side::request::{HostRequest, Requester};
use crate::bridge::remote_side::in_flight::Purpose;
use crate::bridge::{Bridge, Connected};
use crate::jsonrpc::{Message, MessageKind};
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
    /// Opens a session with the host's `initialize`, the first message that the remote sees.
    pub(in crate::bridge) fn open_session(&mut self, slot: SlotId, request: HostRequest) {
        let number = self.numbers.fresh();
        let initialize = request.message().clone();
        let state = &mut self.slots[slot];
        state.lifecycle.phase = Phase::Opening;
        state.lifecycle.first = Some(number);
        state.lifecycle.initialize = Some(initialize.clone());
        if let Some(wait) = state.cache.begin(&initialize) {
            let discovers = request.is_from_adapter() && self.discover_due.is_some();
            let wait = if discovers { wait.min(DISCOVER_FROM_CACHE) } else { wait };
            state.timers.answer_after(wait);
        }
        if self.slots[slot].adapter.is_on() {
            // A modern remote has no session: its adapter answers, beside what is open (E-01).
            return self.send_through_adapter(slot, number, &initialize, Purpose::Host(request));
        }
        self.record(slot, number, &ExchangeHandle::default(), Purpose::Host(request));
        self.detect_for_session(slot, number, initialize);
    }

    /// Records the transport and session of an exchange that is still awaited.
    pub(in crate::bridge) fn note_opened(
        &mut self,
        slot: SlotId,
        exchange: u64,
        transport: Transport,
        session_id: Option<HeaderValue>,
    ) {
        if !self.slots[slot].is_probing(exchange) && self.in_flight.get(exchange).is_none() {
            return;
        }
        let slot = &mut self.slots[slot];
        if slot.remote.transport().is_none() {
            tracing::info!(transport = transport.name(), "connected");
            if matches!(transport, Transport::HttpSse { .. }) {
                tracing::warn!("the server speaks HTTP+SSE, which is deprecated and may go away");
            }
        }
        slot.remote.set_transport(transport);
        slot.lifecycle.session_id = session_id;
    }

    /// Handles the answer to an `initialize`, the bridge's or the host's.
    pub(in crate::bridge) fn handle_initialize_answer(&mut self, slot: SlotId, answer: &Message) {
        let state = &mut self.slots[slot];
        state.timers.answered();
        if answer.kind() == MessageKind::ErrorResponse {
            return self.initialize_failed(slot);
        }
        if let Some(result) = answer.outcome() {
            state.cache.keep_initialize(result);
        }
        let result: Option<InitializeResult> = answer.outcome_as();
        let (version, capabilities) = match result {
            Some(result) => (result.protocol_version, result.capabilities),
            None => (None, Capabilities::default()),
        };
        if !state.adapter.is_on() {
            state.session = Arc::new(Session::new(
                state.session.generation,
                state.lifecycle.session_id.take(),
                version.as_deref().and_then(|v| HeaderValue::from_str(v).ok()),
            ));
        }
        state.lifecycle.version = version.as_deref().and_then(ProtocolVersion::from_name);
        state.lifecycle.capabilities = capabilities;
        self.report_connection(slot);
        if let Some(result) = answer.outcome().filter(|_| self.slots[slot].is_of_adapter()) {
            self.modern_host.note_session(result);
        }
        match self.slots[slot].lifecycle.phase {
            Phase::Reopening => self.reconfirm(slot),
            _ => {
                self.slots[slot].lifecycle.phase = Phase::Opened;
                self.forward_held(slot);
            }
        }
    }

    fn report_connection(&mut self, slot: SlotId) {
        let slot = &self.slots[slot];
        let Some(transport) = slot.remote.transport().map(Transport::name) else { return };
        // A translated session has the host's revision; the remote's own is in its headers.
        let modern = slot.session.version.as_ref().filter(|_| slot.adapter.is_on());
        let modern = modern.and_then(|version| ProtocolVersion::from_name(version.to_str().ok()?));
        let revision = modern.or(slot.lifecycle.version);
        if let Some(connected) = self.connected.take() {
            // The receiver may be gone.
            let _ = connected.send(Connected { transport, revision });
        }
    }

    /// Forwards held messages. Hosts that do not wait for answers have already confirmed the
    /// session.
    fn forward_held(&mut self, slot: SlotId) {
        for held in self.slots[slot].lifecycle.release() {
            match held {
                held if held.requester() == Requester::ModernHost => {
                    self.handle_held_of_modern_host(slot, held);
                }
                HeldMessage::Request(request) => self.forward(slot, request),
                HeldMessage::Notification(message, _)
                    if message.method() == methods::INITIALIZED
                        && self.slots[slot].lifecycle.awaits_confirmation() =>
                {
                    self.confirm_session(slot, &message);
                }
                HeldMessage::Notification(message, _) => self.forward_notification(slot, message),
            }
        }
    }

    /// Sends the host's `notifications/initialized`; later messages wait until it is accepted
    /// (T-07).
    pub(in crate::bridge) fn confirm_session(&mut self, slot: SlotId, message: &Message) {
        let number = self.numbers.fresh();
        self.slots[slot].lifecycle.phase = Phase::Confirming(number);
        self.slots[slot].timers.confirming();
        self.send_notification(slot, number, message);
    }

    /// Goes on although `notifications/initialized` was not accepted in time.
    pub(in crate::bridge) fn confirm_unanswered(&mut self, slot: SlotId) {
        if let Phase::Confirming(number) | Phase::Reconfirming(number) =
            self.slots[slot].lifecycle.phase
        {
            tracing::debug!("the server does not answer `notifications/initialized`");
            self.handle_confirmation(slot, number);
        }
    }

    /// Handles the end of an exchange, which may be the one that held messages wait for.
    pub(in crate::bridge) fn handle_confirmation(&mut self, slot: SlotId, number: u64) {
        match self.slots[slot].lifecycle.phase {
            Phase::Confirming(expected) if expected == number => self.ready(slot),
            Phase::Reconfirming(expected) if expected == number => {
                self.restore(slot);
                self.ready(slot);
                self.tell_changes(slot);
            }
            _ => {}
        }
    }

    fn ready(&mut self, slot: SlotId) {
        let state = &mut self.slots[slot];
        state.lifecycle.phase = Phase::Ready;
        state.timers.opened();
        self.forward_held(slot);
    }
}
