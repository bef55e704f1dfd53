//! A modern host in front of a legacy remote: what its adapter (`eras::modern_host`) wants done is
//! done here, and everything that a legacy host would be told is told to the adapter instead.

use std::time::Duration;

use tokio::time::Instant;

use super::Bridge;
use super::from_host::cancelled_id;
use super::in_flight::{Asker, Held, Purpose};
use crate::eras::modern_host::HostEffect;
use crate::jsonrpc::{Frame, Kind, Message, RequestId};
use crate::protocol::methods;
use crate::remote::Transport;

/// How long `server/discover` may wait for a legacy server: a host that gets no answer takes the
/// bridge for an older server after a while, the most impatient in less than three seconds
/// (docs/hosts/README.md#discovering-first, E-02).
const DISCOVER_WAIT: Duration = Duration::from_millis(900);
/// The same for an answer of the last session, which is better than a cautious one.
pub(super) const DISCOVER_FROM_MEMORY: Duration = Duration::from_millis(700);

impl Bridge {
    /// A modern host's request, for a remote that is a legacy one.
    pub(super) fn translate(&mut self, held: Held) {
        if held.message.method() == methods::TOOLS_CALL && !self.may_call(&held) {
            return;
        }
        if held.message.method() == methods::DISCOVER {
            self.discover_is_asked();
        }
        self.modern_host.take(held.message, Instant::now().into_std());
        self.carry_translation_out();
    }

    /// A notification of a modern host, if it is one. Says whether it was.
    pub(super) fn take_modern_notification(&mut self, message: &Message) -> bool {
        let its = match message.method() {
            methods::CANCELLED => {
                cancelled_id(message).is_some_and(|id| self.modern_host.knows(&id))
            }
            _ => self.lanes.are_only_translators(),
        };
        if its {
            self.modern_host.take(message.clone(), Instant::now().into_std());
            self.carry_translation_out();
        }
        its
    }

    /// Does what the adapter wants done, and what it wants because of that.
    pub(super) fn carry_translation_out(&mut self) {
        if std::mem::replace(&mut self.translating, true) {
            return;
        }
        loop {
            let effects = self.modern_host.effects();
            if effects.is_empty() {
                break;
            }
            for effect in effects {
                match effect {
                    HostEffect::Say(line) => self.host.writer.push(line),
                    HostEffect::Send(message) => self.send_for_translator(message),
                }
            }
        }
        self.translating = false;
    }

    fn send_for_translator(&mut self, message: Message) {
        let opens = message.method() == methods::INITIALIZE;
        match message.kind() {
            Kind::Request => {
                if opens {
                    self.open_for_translator();
                } else {
                    self.enter_for_translator();
                }
                let held = Held { asker: Asker::Translator, ..Held::new(message, None) };
                self.take_request(held);
            }
            Kind::Notification if message.method() == methods::CANCELLED => {
                self.cancel(&message, Asker::Translator);
            }
            Kind::Notification => {
                self.enter_for_translator();
                self.take_session_notification(message);
            }
            Kind::Response | Kind::ErrorResponse => {
                self.take_host_answer(&message, Asker::Translator);
            }
        }
    }

    /// An answer to a request of the adapter.
    pub(super) fn answer_translator(&mut self, held: &Held, answer: &Message) {
        if let Some(id) = held.message.id() {
            self.modern_host.take_answer(id, answer, Instant::now().into_std());
            self.carry_translation_out();
        }
    }

    /// The bridge's own answer to a request of the adapter.
    pub(super) fn answer_translator_with(&mut self, held: &Held, answer: Frame) {
        if let Ok(answer) = Message::parse(answer.into_bytes()) {
            self.answer_translator(held, &answer);
        }
    }

    /// A line that a legacy host would get, on the stream of `exchange` or on none.
    pub(super) fn tell_host(&mut self, line: Frame, exchange: Option<u64>) {
        if !self.lanes.is_translators() {
            return self.host.writer.push(line);
        }
        let Ok(message) = Message::parse(line.into_bytes()) else { return };
        let owner = exchange.map(|exchange| self.asked_by_translator(exchange));
        self.modern_host.take_remote(&message, owner.as_ref(), Instant::now().into_std());
        self.carry_translation_out();
    }

    /// The adapter's id of the request that this exchange carries; one that it never gave if the
    /// request is none of its own, or is answered already (E-38).
    fn asked_by_translator(&self, exchange: u64) -> RequestId {
        let request = self.in_flight.get(exchange).map(|request| &request.purpose);
        let id = match request {
            Some(Purpose::Host(held)) => held.message.id().cloned(),
            _ => None,
        };
        id.unwrap_or_else(|| RequestId::Text("".into()))
    }

    /// Whether the server can push outside of answers (E-43).
    pub(super) fn take_pushes(&mut self, offered: bool) {
        if self.lanes.is_translators() {
            self.modern_host.take_pushes(offered);
            self.carry_translation_out();
        }
    }

    /// The transport needs no stream of its own to push on.
    pub(super) fn pushes_by_transport(&mut self) {
        if matches!(self.remote.transport(), Some(Transport::HttpSse { .. })) {
            self.take_pushes(true);
        }
    }

    /// When the adapter has something to do next.
    pub(super) fn translation_due(&self) -> Option<Instant> {
        self.modern_host.due().map(Instant::from_std).into_iter().chain(self.discover_due).min()
    }

    pub(super) fn take_translation_time(&mut self, now: Instant) {
        if self.discover_due.is_some_and(|due| due <= now) {
            self.discover_due = None;
            self.answer_discovers();
        }
        self.modern_host.take_time(now.into_std());
        self.carry_translation_out();
    }

    /// Whoever still asks what the server can do is told what any server may offer (E-02): while it
    /// is being found out what the server is, or while it does not answer.
    pub(super) fn answer_discovers(&mut self) {
        let result = self.cautious_discover();
        self.modern_host.answer_discovers_with(&result);
        for held in self.opening.withdraw_discovers() {
            let Some(id) = held.message.id() else { continue };
            let line = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#);
            self.answer(&held, Frame::from(line));
        }
    }

    /// A modern host asks what the server can do: it is answered in time in any case.
    pub(super) fn discover_is_asked(&mut self) {
        self.discover_due.get_or_insert(Instant::now() + DISCOVER_WAIT);
    }
}
