//! Everything that goes to the remote leaves here: straight to a legacy one, through its adapter to
//! a modern one. Also where each leaves its number.

use std::sync::Arc;

use super::Bridge;
use super::in_flight::{Asker, Held, OpenRequest, Purpose};
use crate::jsonrpc::{Frame, Kind, Message};
use crate::protocol::methods;
use crate::remote::{ExchangeHandle, Post};

impl Bridge {
    /// Sends a host's request or notification to the remote.
    pub(super) fn forward(&mut self, held: Held) {
        let number = self.number();
        let message = held.message.clone();
        match message.id() {
            Some(_) => self.send_request(number, &message, Purpose::Host(held)),
            None => self.send_notification(number, &message),
        }
    }

    /// Sends a request of the bridge's own.
    pub(super) fn ask(&mut self, message: &Message, purpose: Purpose) {
        let number = self.number();
        self.send_request(number, message, purpose);
    }

    fn send_request(&mut self, number: u64, message: &Message, purpose: Purpose) {
        if !self.modern.is_on() {
            let frame = message.with_id(&number.to_string());
            let post = self.post(number, frame, message);
            self.record(number, &post.handle, purpose);
            return self.remote.post(post);
        }
        let relays = matches!(&purpose, Purpose::Host(held) if held.asker == Asker::ModernHost);
        self.record(number, &ExchangeHandle::default(), purpose);
        self.with_modern(|modern, turn| match relays {
            true => modern.relay_request(number, message, turn),
            false => modern.take_request(number, message, turn),
        });
    }

    /// Sends a notification. That it was accepted is told under this number.
    pub(super) fn send_notification(&mut self, number: u64, message: &Message) {
        if self.modern.is_on() {
            return self
                .with_modern(|modern, turn| modern.take_notification(number, message, turn));
        }
        let post = self.post(number, Frame::from(message.raw().clone()), message);
        self.remote.post(post);
    }

    /// Opens the stream on which the remote announces changes.
    pub(super) fn listen(&mut self) {
        if self.modern.is_on() {
            return self.with_modern(|modern, turn| modern.listen(turn));
        }
        self.pushes_by_transport();
        self.remote.listen(&self.session);
    }

    /// Notes a request that the remote owes an answer to.
    pub(super) fn record(&mut self, number: u64, flight: &ExchangeHandle, purpose: Purpose) {
        let generation = self.session.generation;
        self.in_flight.open(number, OpenRequest { purpose, flight: flight.clone(), generation });
    }

    pub(super) fn post(&self, number: u64, frame: Frame, message: &Message) -> Post {
        Post {
            is_request: message.kind() == Kind::Request,
            // What opens a session must not wait for what waits for the session.
            urgent: methods::opens_a_session(message.method()),
            repeatable: methods::is_safe_to_repeat(message.method()),
            ..self.post_frame(number, frame)
        }
    }

    /// A post whose flight nobody follows.
    pub(super) fn post_frame(&self, number: u64, frame: Frame) -> Post {
        Post {
            number,
            frame,
            is_request: false,
            urgent: true,
            repeatable: true,
            session: Arc::clone(&self.session),
            handle: ExchangeHandle::default(),
            modern: None,
        }
    }

    pub(super) fn number(&mut self) -> u64 {
        self.numbers.fresh()
    }
}
