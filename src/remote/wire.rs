//! What every request to one remote shares: connection, endpoint, headers, limits and the way back
//! to the bridge. Also the reading of bodies and event streams.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use reqwest::{Method, RequestBuilder, Response};
use tokio::sync::mpsc;
use url::Url;

use super::events::{Event, EventDecoder};
use super::exchange::drain;
use super::flight::People;
use super::places::Places;
use super::upstream_id::number_of;
use super::{Limits, RemoteEvent, Session};
use crate::auth::Authorizer;
use crate::error::{Failure, FailureKind};
use crate::http::Outbound;
use crate::jsonrpc::{Invalid, Kind, Message, Received, RequestId};
use crate::protocol::headers;

/// How often one request is sent again after a sign-in or with a fresh token.
pub(super) const CHALLENGES: u32 = 2;
/// How long a stream may go on after it delivered its response, before it is dropped.
const AFTERGLOW: Duration = Duration::from_secs(1);
/// How many event ids are remembered to drop replays (T-37).
const REMEMBERED_IDS: usize = 1024;

/// One remote's wire.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) outbound: Outbound,
    pub(super) authorizer: Authorizer,
    pub(super) endpoint: Url,
    pub(super) headers: HeaderMap,
    pub(super) limits: Limits,
    pub(super) events: mpsc::Sender<RemoteEvent>,
    pub(super) people: People,
    pub(super) places: Places,
}

/// Where a message came from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    pub(super) exchange: Option<u64>,
    pub(super) generation: u32,
    pub(super) reading: Reading,
}

/// How a stream is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// With limits on silence, and a little beyond the answer.
    Resumable,
    /// With limits on silence, and no further than the answer (T-61).
    ToTheAnswer,
    /// However long it is silent (T-63).
    Endless,
}

/// What is known of one event stream over its connections.
#[derive(Debug, Default)]
pub(super) struct StreamMemory {
    pub(super) last_event_id: Option<Box<str>>,
    pub(super) retry: Option<Duration>,
    pub(super) answered: bool,
    /// Counts what brought the stream further: messages, new ids, and pauses that the server asked
    /// for.
    pub(super) steps: u64,
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
    /// Silence for longer than the limit.
    Silent,
    /// An event beyond the limit.
    TooLarge,
    /// The bridge no longer listens.
    Unheard,
}

impl Wire {
    /// A request with all its headers, and which token it carries.
    pub(super) async fn authorized(
        &self,
        method: Method,
        url: &Url,
        session: &Session,
    ) -> Result<(RequestBuilder, Option<u64>), Failure> {
        let request = self.request(method, url, session);
        Ok(match self.authorizer.authorization().await? {
            Some(token) => {
                (request.header(header::AUTHORIZATION, token.header), Some(token.serial))
            }
            None => (request, None),
        })
    }

    /// Sends a request without a body, such as one for a stream. Where the remote wants a sign-in
    /// or a fresh token, sends it once more.
    pub(super) async fn fetch(
        &self,
        session: &Session,
        last_event_id: Option<&str>,
    ) -> Result<reqwest::Result<Response>, Failure> {
        let mut challenged = 0;
        loop {
            let (mut request, token) =
                self.authorized(Method::GET, &self.endpoint, session).await?;
            if let Some(id) = last_event_id {
                request = request.header(headers::LAST_EVENT_ID, id);
            }
            let sent =
                self.people.patiently(self.limits.headers, self.outbound.send(request)).await;
            match sent.ok_or_else(|| Failure::new(FailureKind::Timeout, "no response in time"))? {
                Ok(response) if self.is_challenge(&response) && challenged < CHALLENGES => {
                    challenged += 1;
                    let (status, headers) = (response.status(), response.headers().clone());
                    self.authorizer.challenged(token, status, &headers).await?;
                }
                done => return Ok(done),
            }
        }
    }

    /// Whether this answer is about signing in.
    pub(super) fn is_challenge(&self, response: &Response) -> bool {
        !self.authorizer.is_off()
            && match response.status() {
                StatusCode::UNAUTHORIZED => true,
                StatusCode::FORBIDDEN => response.headers().contains_key(header::WWW_AUTHENTICATE),
                _ => false,
            }
    }

    /// A request with the headers that every request carries.
    pub(super) fn request(&self, method: Method, url: &Url, session: &Session) -> RequestBuilder {
        let mut map = self.headers.clone();
        let accept = if method == Method::POST {
            "application/json, text/event-stream"
        } else {
            headers::EVENT_STREAM
        };
        map.insert(header::ACCEPT, header::HeaderValue::from_static(accept));
        session.apply(&mut map);
        self.outbound.request(method, url.clone()).headers(map)
    }

    /// Reads a whole body, bounded in size and in silence. `Err` says why not.
    pub(super) async fn collect(&self, mut response: Response) -> Result<Bytes, String> {
        let expected = response.content_length().unwrap_or(0).min(self.limits.size as u64);
        let mut first = match self.chunk(&mut response).await? {
            None => return Ok(Bytes::new()),
            Some(first) if first.len() as u64 == expected => return Ok(first),
            Some(first) => BytesMut::from(first),
        };
        first.reserve((expected as usize).saturating_sub(first.len()));
        while let Some(chunk) = self.chunk(&mut response).await? {
            if first.len() + chunk.len() > self.limits.size {
                return Err(format!("the body is larger than {} bytes", self.limits.size));
            }
            first.extend_from_slice(&chunk);
        }
        Ok(first.freeze())
    }

    async fn chunk(&self, response: &mut Response) -> Result<Option<Bytes>, String> {
        match self.people.patiently(self.limits.body, response.chunk()).await {
            Some(Ok(chunk)) => Ok(chunk),
            Some(Err(error)) => Err(super::refusal::root_cause(&error)),
            None => Err("the body stalled".to_owned()),
        }
    }

    /// Passes on everything that a body or event payload holds. Returns whether it held the answer
    /// to the exchange it belongs to.
    pub(super) async fn deliver(&self, received: Received, origin: Origin) -> bool {
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

    async fn send(&self, message: Message, origin: Origin) {
        let Origin { exchange, generation, .. } = origin;
        // Fails only once the bridge has ended.
        let _ = self.events.send(RemoteEvent::Message { exchange, generation, message }).await;
    }

    /// Passes on the messages of an event stream until it ends. `listens_for` picks the payloads to
    /// treat otherwise (`endpoint` of HTTP+SSE).
    pub(super) async fn follow(
        &self,
        mut response: Response,
        origin: Origin,
        memory: &mut StreamMemory,
    ) -> StreamEnd {
        let mut decoder = EventDecoder::new(self.limits.size);
        let end = self.follow_from(&mut decoder, &mut response, origin, memory).await;
        if memory.answered && origin.reading != Reading::Resumable {
            // Most servers end the stream with the answer: then the connection can be used again.
            drain(response).await;
        }
        end
    }

    /// [`Wire::follow`] with bytes that were read already.
    pub(super) async fn follow_from(
        &self,
        decoder: &mut EventDecoder,
        response: &mut Response,
        origin: Origin,
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
                return StreamEnd::Unheard;
            }
            if memory.answered && origin.reading != Reading::Resumable {
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
        origin: Origin,
        memory: &StreamMemory,
    ) -> Result<Bytes, StreamEnd> {
        // A standalone stream may be silent for ever (T-63); one that answered need not go on.
        let limit = match (memory.answered, origin.exchange) {
            (true, _) => Some(AFTERGLOW),
            (false, Some(_)) if origin.reading != Reading::Endless => self.limits.body,
            (false, _) => None,
        };
        match self.people.patiently(limit, response.chunk()).await {
            Some(Ok(Some(chunk))) => Ok(chunk),
            Some(Ok(None)) => Err(StreamEnd::Closed),
            Some(Err(error)) => Err(StreamEnd::Broken(super::refusal::root_cause(&error))),
            None => Err(StreamEnd::Silent),
        }
    }

    async fn take_event(&self, event: Event, origin: Origin, memory: &mut StreamMemory) {
        let replayed = memory.note(&event);
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
    /// Remembers id and retry time; says whether this event was seen before.
    fn note(&mut self, event: &Event) -> bool {
        let new_id = event.id.is_some() && event.id != self.last_event_id;
        self.steps += u64::from(event.is_message() || new_id || event.retry.is_some());
        self.retry = event.retry.or(self.retry);
        let Some(id) = &event.id else { return false };
        self.last_event_id = (!id.is_empty()).then(|| id.clone());
        if event.data.is_none() || id.is_empty() {
            return false;
        }
        let replayed = !self.seen.insert(id.clone());
        if !replayed {
            self.seen_order.push_back(id.clone());
            if self.seen_order.len() > REMEMBERED_IDS
                && let Some(oldest) = self.seen_order.pop_front()
            {
                self.seen.remove(&oldest);
            }
        }
        replayed
    }
}

/// Whether this message ends that exchange. An error without id answers the exchange it came on
/// (T-24).
fn is_answer(message: &Message, exchange: Option<u64>) -> bool {
    let Some(exchange) = exchange else { return false };
    match (message.kind(), message.id()) {
        (Kind::Response | Kind::ErrorResponse, Some(RequestId::Integer(digits))) => {
            digits.parse().is_ok_and(|id| number_of(id) == exchange)
        }
        (Kind::ErrorResponse, None) => true,
        _ => false,
    }
}

/// Event streams are decoded with replacement characters (HTML standard §9.2.6): one bad byte must
/// not cost the whole message.
fn parse_event(data: Bytes) -> Result<Received, Invalid> {
    match Received::parse(data.clone()) {
        Err(_) if std::str::from_utf8(&data).is_err() => {
            tracing::warn!("the server sent invalid UTF-8, replaced what cannot be read");
            Received::parse(String::from_utf8_lossy(&data).into_owned().into())
        }
        parsed => parsed,
    }
}
