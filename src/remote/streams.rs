//! Event streams, read to their end, and the messages that they and JSON bodies bring to the bridge.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use reqwest::Response;

use super::RemoteEvent;
use super::events::{Event, EventDecoder};
use super::failures::root_cause;
use super::upstream_id::number_of;
use super::wire::{Wire, drain};
use crate::jsonrpc::{Invalid, Message, MessageKind, Received, RequestId};

/// How long a stream may go on after it delivered its response, before it is dropped.
const AFTER_ANSWER_TIMEOUT: Duration = Duration::from_secs(1);
/// How many event ids are remembered to drop replays (T-37).
const MAX_REMEMBERED_IDS: usize = 1024;

/// Where a message came from.
#[derive(Clone, Copy, Debug)]
pub(super) struct StreamOrigin {
    pub(super) exchange: Option<u64>,
    pub(super) generation: u32,
    pub(super) reading: StreamReadMode,
}

/// How a stream is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StreamReadMode {
    /// With a limit on silence, and for a moment beyond the answer.
    Resumable,
    /// With a limit on silence, and no further than the answer (T-61).
    ToTheAnswer,
    /// Without a limit on silence (T-63).
    Endless,
}

/// What is known of one event stream, over all its connections.
#[derive(Debug, Default)]
pub(super) struct StreamMemory {
    pub(super) last_event_id: Option<Box<str>>,
    pub(super) retry: Option<Duration>,
    pub(super) answered: bool,
    /// How often the stream got further: by a message, a new id, or a pause that the server asked
    /// for.
    pub(super) progress: u64,
    seen: HashSet<Box<str>>,
    seen_order: VecDeque<Box<str>>,
}

/// How an event stream ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum StreamEnd {
    /// The server ended it.
    Closed,
    /// The connection broke.
    Broken(String),
    /// It was silent for longer than the limit.
    Silent,
    /// An event was larger than the limit.
    TooLarge,
    /// The bridge has ended.
    NoReceiver,
}

impl Wire {
    /// Passes the messages of a body or event on to the bridge. Returns whether the answer to the
    /// exchange was among them.
    pub(super) async fn deliver(&self, received: Received, origin: StreamOrigin) -> bool {
        let members = match received {
            Received::One(message) => vec![Ok(message)],
            Received::Batch(members) => members,
        };
        let mut answered = false;
        for member in members {
            match member {
                Ok(message) => {
                    answered |= is_answer(&message, origin.exchange);
                    self.send(message, origin).await;
                }
                Err(invalid) => tracing::warn!("ignored what the server sent: {}", invalid.reason),
            }
        }
        answered
    }

    async fn send(&self, message: Message, origin: StreamOrigin) {
        let StreamOrigin { exchange, generation, .. } = origin;
        // Fails only once the bridge has ended.
        let _ = self.events.send(RemoteEvent::Message { exchange, generation, message }).await;
    }

    /// Passes the messages of an event stream on to the bridge until the stream ends.
    pub(super) async fn follow(
        &self,
        mut response: Response,
        origin: StreamOrigin,
        memory: &mut StreamMemory,
    ) -> StreamEnd {
        let mut decoder = EventDecoder::new(self.limits.size);
        let end = self.follow_from(&mut decoder, &mut response, origin, memory).await;
        if memory.answered && origin.reading != StreamReadMode::Resumable {
            // Most servers end the stream with the answer: then the connection can be used again.
            drain(response).await;
        }
        end
    }

    /// As [`Wire::follow`], on a stream whose first bytes are in `decoder` already.
    pub(super) async fn follow_from(
        &self,
        decoder: &mut EventDecoder,
        response: &mut Response,
        origin: StreamOrigin,
        memory: &mut StreamMemory,
    ) -> StreamEnd {
        loop {
            loop {
                match decoder.next_event() {
                    Ok(Some(event)) => self.take_event(event, origin, memory).await,
                    Ok(None) => break,
                    Err(_) => return StreamEnd::TooLarge,
                }
            }
            if self.events.is_closed() {
                return StreamEnd::NoReceiver;
            }
            if memory.answered && origin.reading != StreamReadMode::Resumable {
                return StreamEnd::Closed;
            }
            match self.next_chunk(response, origin, memory).await {
                Ok(chunk) => decoder.feed(chunk),
                Err(end) => return end,
            }
        }
    }

    async fn next_chunk(
        &self,
        response: &mut Response,
        origin: StreamOrigin,
        memory: &StreamMemory,
    ) -> Result<Bytes, StreamEnd> {
        // A standalone stream may be silent for ever (T-63); one that answered need not go on.
        let limit = match (memory.answered, origin.exchange) {
            (true, _) => Some(AFTER_ANSWER_TIMEOUT),
            (false, Some(_)) if origin.reading != StreamReadMode::Endless => self.limits.body,
            (false, _) => None,
        };
        match self.open_prompts.timeout_unless_prompting(limit, response.chunk()).await {
            Some(Ok(Some(chunk))) => Ok(chunk),
            Some(Ok(None)) => Err(StreamEnd::Closed),
            Some(Err(error)) => Err(StreamEnd::Broken(root_cause(&error))),
            None => Err(StreamEnd::Silent),
        }
    }

    async fn take_event(&self, event: Event, origin: StreamOrigin, memory: &mut StreamMemory) {
        let replayed = memory.remember(&event);
        if replayed || !event.is_message() {
            return;
        }
        let Some(data) = event.data else { return };
        match parse_event(data) {
            Ok(received) => memory.answered |= self.deliver(received, origin).await,
            Err(invalid) => tracing::warn!("ignored an event of the server: {}", invalid.reason),
        }
    }
}

impl StreamMemory {
    /// Remembers id and retry time; returns whether this event is a replay.
    fn remember(&mut self, event: &Event) -> bool {
        let new_id = event.id.is_some() && event.id != self.last_event_id;
        self.progress += u64::from(event.is_message() || new_id || event.retry.is_some());
        self.retry = event.retry.or(self.retry);
        let Some(id) = &event.id else { return false };
        self.last_event_id = (!id.is_empty()).then(|| id.clone());
        if event.data.is_none() || id.is_empty() {
            return false;
        }
        let replayed = !self.seen.insert(id.clone());
        if !replayed {
            self.seen_order.push_back(id.clone());
            if self.seen_order.len() > MAX_REMEMBERED_IDS
                && let Some(oldest) = self.seen_order.pop_front()
            {
                self.seen.remove(&oldest);
            }
        }
        replayed
    }
}

/// Whether this message answers that exchange. An error without an id answers the exchange that
/// brought it (T-24).
fn is_answer(message: &Message, exchange: Option<u64>) -> bool {
    let Some(exchange) = exchange else { return false };
    match (message.kind(), message.id()) {
        (MessageKind::Response | MessageKind::ErrorResponse, Some(RequestId::Integer(digits))) => {
            digits.parse().is_ok_and(|id| number_of(id) == exchange)
        }
        (MessageKind::ErrorResponse, None) => true,
        _ => false,
    }
}

/// Parses the payload of an event. Event streams are decoded with replacement characters (HTML
/// standard §9.2.6): one bad byte must not cost the whole message.
fn parse_event(data: Bytes) -> Result<Received, Invalid> {
    match Received::parse(data.clone()) {
        Err(_) if std::str::from_utf8(&data).is_err() => {
            tracing::warn!("the server sent invalid UTF-8, replaced what cannot be read");
            Received::parse(String::from_utf8_lossy(&data).into_owned().into())
        }
        parsed => parsed,
    }
}
