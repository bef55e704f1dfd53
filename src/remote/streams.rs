//! Reads event streams to their end, and passes their messages and those in JSON bodies to the
//! bridge.

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::RemoteEvent;
use super::events::{Event, EventDecoder};
use super::failures::reason_in;
use super::received::parse_received;
use super::remote_event::{MessageWeight, is_answer_to};
use super::session_loss;
use super::silence_limit::SilenceLimit;
use super::stream_origin::{StreamOrigin, StreamReadMode};
use super::wire::{LARGE_MESSAGE, Wire, drain};
use crate::budget::Share;
use crate::http::Response;
use crate::jsonrpc::{Message, MessageKind, Received};

/// How long a stream may continue after it has delivered its response, before it is dropped.
const AFTER_ANSWER_TIMEOUT: Duration = Duration::from_secs(1);
/// How long the answer may still arrive after the server has sent something unreadable instead.
const AFTER_INVALID_TIMEOUT: Duration = Duration::from_secs(2);
/// How many events with an id are remembered to drop replays (T-37).
const MAX_REMEMBERED_IDS: usize = 1024;
/// The longest event id, in bytes, that is kept to resume a stream (S-42).
const MAX_EVENT_ID: usize = 1024;
/// How many bytes at each end of an event are compared with those of another of the same length.
const COMPARED: usize = 256;
/// The total size of the large messages that may wait, in bytes.
pub(super) const MAX_WAITING_BYTES: usize = 32 * 1024 * 1024;

/// The state of one event stream, across all its connections.
#[derive(Debug, Default)]
pub(super) struct StreamMemory {
    pub(super) last_event_id: Option<Box<str>>,
    pub(super) retry: Option<Duration>,
    pub(super) answered: bool,
    /// How often the stream made progress: by a message, a new id, or a pause that the server asked
    /// for.
    pub(super) progress: u64,
    /// How many messages it has delivered.
    pub(super) delivered: u64,
    /// Whether the server asked for a pause on the last connection.
    pub(super) asks_for_pause: bool,
    /// When reading it may stop.
    over_by: Option<Instant>,
    /// Why data that arrived instead of the answer could not be read.
    invalid: Option<String>,
    /// The server's words in an event named `error`.
    pub(super) said: Option<String>,
    /// The error that arrived instead of the answer and says that the session is unknown.
    pub(super) session_loss: Option<Box<Message>>,
    seen: HashSet<u64>,
    seen_order: VecDeque<u64>,
}

/// How an event stream ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum StreamEnd {
    /// The server ended it.
    Closed,
    /// The connection broke.
    Broken(String),
    /// It was silent for longer than the limit.
    Silent(Option<Duration>),
    /// An event was larger than the limit.
    TooLarge,
    /// The server sent something unreadable instead of the answer.
    Invalid(String),
    /// It is the stream of HTTP+SSE, which answers no POST.
    OldTransport,
    /// The server does not know the session.
    SessionLost,
    /// The bridge has ended.
    NoReceiver,
}

impl Wire {
    /// Passes the messages of a body or event on to the bridge. Returns whether the answer to the
    /// exchange was among them.
    pub(super) async fn deliver(
        &self,
        received: Received,
        origin: StreamOrigin,
        share: Share,
    ) -> bool {
        let members = match received {
            Received::One(message) => {
                let share = (share.bytes() > 0).then_some(share);
                return self.deliver_one(message, origin, share).await;
            }
            Received::Batch(members) => members,
        };
        let mut answered = false;
        let mut ignored = Vec::new();
        for member in members {
            match member {
                Ok(message) => answered |= self.deliver_one(message, origin, None).await,
                Err(invalid) => ignored.push(invalid.reason),
            }
        }
        if let Some(reason) = ignored.first() {
            let count = ignored.len();
            tracing::warn!(count, "ignored members of a batch of the server: {reason}");
        }
        answered
    }

    async fn deliver_one(
        &self,
        message: Message,
        origin: StreamOrigin,
        share: Option<Share>,
    ) -> bool {
        let answers = is_answer(&message, origin.exchange);
        self.send(message, origin, share).await;
        answers
    }

    async fn send(&self, message: Message, origin: StreamOrigin, share: Option<Share>) {
        let StreamOrigin { exchange, generation, .. } = origin;
        if exchange.is_none() {
            self.progress.see(&message);
        }
        if let Some(recorder) = &self.recorder {
            recorder.from_server(exchange, message.raw());
        }
        let weight = MessageWeight { waiting: self.weigh(message.raw().len()).await, share };
        let event = RemoteEvent::Message { exchange, generation, message, weight };
        // Fails only once the bridge has ended.
        let _ = self.events.send(event).await;
    }

    /// Waits until there is room for a message of this size in the queue to the bridge (S-12).
    async fn weigh(&self, size: usize) -> Option<OwnedSemaphorePermit> {
        if size <= LARGE_MESSAGE {
            return None;
        }
        let weight = u32::try_from(size.min(MAX_WAITING_BYTES)).unwrap_or(u32::MAX);
        Arc::clone(&self.waiting_bytes).acquire_many_owned(weight).await.ok()
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

    /// Like [`Wire::follow`], for a stream whose first bytes are already in `decoder`.
    pub(super) async fn follow_from(
        &self,
        decoder: &mut EventDecoder,
        response: &mut Response,
        origin: StreamOrigin,
        memory: &mut StreamMemory,
    ) -> StreamEnd {
        // A standalone stream may stay silent (T-63).
        let limit = match origin.exchange {
            Some(_) if !origin.may_be_silent => self.limits.body,
            _ => None,
        };
        let mut silence = SilenceLimit::new(self.open_prompts.of(origin.exchange), limit);
        let mut share = Share::default();
        let mut arriving = None;
        loop {
            loop {
                match decoder.next_event() {
                    Ok(Some(event)) if event.names_endpoint() && origin.exchange.is_some() => {
                        return StreamEnd::OldTransport;
                    }
                    Ok(Some(event)) => {
                        self.deliver_event(event, origin, memory, share.take()).await;
                        if memory.session_loss.is_some() {
                            return StreamEnd::SessionLost;
                        }
                    }
                    Ok(None) => break,
                    Err(_) => return StreamEnd::TooLarge,
                }
            }
            if self.events.is_closed() {
                return StreamEnd::NoReceiver;
            }
            if decoder.memory() > LARGE_MESSAGE {
                arriving.get_or_insert_with(|| self.arrivals.begin());
                // If the budget is exhausted, the stream is not read any further for now (S-42).
                share.grow_to(decoder.memory()).await;
            } else {
                arriving = None;
            }
            if memory.answered && origin.reading != StreamReadMode::Resumable {
                return StreamEnd::Closed;
            }
            match next_chunk(response, &mut silence, memory).await {
                Ok(chunk) => decoder.feed(chunk),
                Err(end) => {
                    self.deliver_unfinished(decoder, origin, memory).await;
                    return end;
                }
            }
        }
    }

    /// Passes on the answer in an unterminated last event (T-23). A truncated one is not valid
    /// JSON.
    pub(super) async fn deliver_unfinished(
        &self,
        decoder: &mut EventDecoder,
        origin: StreamOrigin,
        memory: &mut StreamMemory,
    ) {
        if memory.answered || origin.exchange.is_none() {
            return;
        }
        let Some(event) = decoder.unfinished().filter(Event::is_message) else { return };
        let data = event.data.clone().unwrap_or_default();
        let answers = match parse_received(&data, origin.has_batches) {
            Ok(Received::One(message)) => is_answer(&message, origin.exchange),
            _ => false,
        };
        if answers {
            // Without its id: the stream cannot be resumed after it.
            let event = Event { data: event.data, ..Event::default() };
            Box::pin(self.deliver_event(event, origin, memory, Share::default())).await;
        }
    }

    /// Passes the message of an event on to the bridge, unless the event is a replay (T-37).
    pub(super) async fn deliver_event(
        &self,
        event: Event,
        origin: StreamOrigin,
        memory: &mut StreamMemory,
        share: Share,
    ) {
        if memory.remember(&event) {
            return;
        }
        let data = if event.is_message() {
            event.data
        } else {
            answer_in_other_event(event, origin, memory)
        };
        let Some(data) = data else { return };
        memory.delivered += 1;
        match parse_received(&data, origin.has_batches) {
            // Only the first message proves that the request did not run (T-39).
            Ok(Received::One(error))
                if memory.delivered == 1
                    && origin.in_session
                    && session_loss::says_lost(&error) =>
            {
                memory.session_loss = Some(Box::new(error));
            }
            Ok(received) => {
                if self.deliver(received, origin, share).await {
                    memory.answered = true;
                    memory.over_by = Some(Instant::now() + AFTER_ANSWER_TIMEOUT);
                }
            }
            Err(invalid) => {
                tracing::warn!("ignored an event of the server: {}", invalid.reason);
                let is_awaited = origin.exchange.is_some() && !origin.may_be_silent;
                if is_awaited && may_be_answer(&data) {
                    memory.over_by.get_or_insert(Instant::now() + AFTER_INVALID_TIMEOUT);
                    memory.invalid.get_or_insert(invalid.reason);
                }
            }
        }
    }
}

async fn next_chunk(
    response: &mut Response,
    silence: &mut SilenceLimit<'_>,
    memory: &StreamMemory,
) -> Result<Bytes, StreamEnd> {
    let chunk = match memory.over_by {
        // A stream that has delivered its answer is left, however many comments it sends.
        Some(by) => tokio::time::timeout_at(by, response.chunk()).await.ok(),
        None => silence.wait(response.chunk()).await,
    };
    match chunk {
        Some(Ok(Some(chunk))) => Ok(chunk),
        Some(Ok(None)) => Err(StreamEnd::Closed),
        Some(Err(error)) => Err(StreamEnd::Broken(error.reason())),
        None => Err(match &memory.invalid {
            Some(reason) if !memory.answered => StreamEnd::Invalid(reason.clone()),
            _ => StreamEnd::Silent(silence.limit()),
        }),
    }
}

impl StreamMemory {
    /// Remembers id and retry time; returns whether this event is a replay.
    fn remember(&mut self, event: &Event) -> bool {
        let new_id = event.id.is_some() && event.id != self.last_event_id;
        self.progress += u64::from(event.is_message() || new_id || event.retry.is_some());
        self.retry = event.retry.or(self.retry);
        self.asks_for_pause |= event.retry.is_some();
        let Some(id) = &event.id else { return false };
        self.last_event_id = fits_a_header(id).then(|| id.clone());
        let Some(data) = event.data.as_ref().filter(|_| !id.is_empty()) else { return false };
        let event = fingerprint(id, data);
        let replayed = !self.seen.insert(event);
        if !replayed {
            self.seen_order.push_back(event);
            if self.seen_order.len() > MAX_REMEMBERED_IDS
                && let Some(oldest) = self.seen_order.pop_front()
            {
                self.seen.remove(&oldest);
            }
        }
        replayed
    }
}

/// Whether this id can be sent back in a header to resume the stream. Any other must not prevent
/// the stream from being reopened.
fn fits_a_header(id: &str) -> bool {
    (1..=MAX_EVENT_ID).contains(&id.len()) && !id.bytes().any(|byte| byte.is_ascii_control())
}

/// A fingerprint of an event. Different events with the same id are not replays of each other. A
/// server that makes two look the same only loses its own events.
fn fingerprint(id: &str, data: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    let (start, end) = (data.len().min(COMPARED), data.len().saturating_sub(COMPARED));
    (id, data.len(), &data[..start], &data[end..]).hash(&mut hasher);
    hasher.finish()
}

/// Handles an event with another name: it is not a message, unless it is the awaited answer. The
/// words in an event named `error` are the reason for what follows.
fn answer_in_other_event(
    event: Event,
    origin: StreamOrigin,
    memory: &mut StreamMemory,
) -> Option<Bytes> {
    let is_error = event.name.as_deref().map(str::trim_end) == Some("error");
    let (data, exchange) = (event.data?, origin.exchange?);
    match parse_received(&data, origin.has_batches) {
        Ok(Received::One(message)) if is_answer_to(&message, exchange) => Some(data),
        _ => {
            if is_error {
                memory.said = reason_in(&data);
            }
            None
        }
    }
}

/// Whether unreadable data may be meant as an answer. Greetings, heartbeats and requests are not,
/// and the answer may follow them.
fn may_be_answer(data: &[u8]) -> bool {
    let names = |name: &[u8]| memchr::memmem::find(data, name).is_some();
    names(b"\"result\"") || names(b"\"error\"")
}

/// Whether this message answers that exchange. An error without an id answers the exchange on which
/// it arrived (T-24).
fn is_answer(message: &Message, exchange: Option<u64>) -> bool {
    let Some(exchange) = exchange else { return false };
    match (message.kind(), message.id()) {
        (MessageKind::Response | MessageKind::ErrorResponse, Some(_)) => {
            is_answer_to(message, exchange)
        }
        (MessageKind::ErrorResponse, None) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str) -> Event {
        Event { id: Some(id.into()), data: Some("{}".into()), ..Event::default() }
    }

    /// S-42, T-36
    #[test]
    fn an_event_id_is_kept_if_it_can_be_sent_back() {
        let kept = |id: &str| {
            let mut memory = StreamMemory::default();
            memory.remember(&event(id));
            memory.last_event_id.is_some()
        };
        assert!(kept("1") && kept(&"x".repeat(MAX_EVENT_ID)));
        assert!(!kept(&"x".repeat(MAX_EVENT_ID + 1)), "a server must not fill the memory");
        assert!(!kept("") && !kept("1\u{7}"));
    }

    /// S-12, T-37
    #[test]
    fn replays_are_known_among_the_last_events_only() {
        let mut memory = StreamMemory::default();
        for number in 0..3 * MAX_REMEMBERED_IDS {
            assert!(!memory.remember(&event(&number.to_string())), "{number}");
        }
        assert_eq!(memory.seen.len(), MAX_REMEMBERED_IDS);
        assert_eq!(memory.seen_order.len(), MAX_REMEMBERED_IDS);
        let last = 3 * MAX_REMEMBERED_IDS - 1;
        assert!(memory.remember(&event(&last.to_string())) && !memory.remember(&event("0")));
    }

    /// T-101: greetings and questions of a wrong shape are no answers, and the answer may follow
    #[test]
    fn what_is_no_answer_does_not_end_a_call() {
        let question = r#"{"id":1.5,"method":"roots/list"}"#;
        for data in ["connected", r#"{"type":"hello"}"#, "[DONE]", question] {
            assert!(!may_be_answer(data.as_bytes()), "{data}");
        }
        for data in [r#"{"id":1,"result":NaN}"#, r#"{"id":1,"error":{"#] {
            assert!(may_be_answer(data.as_bytes()), "{data}");
        }
    }
}
