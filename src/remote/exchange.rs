//! One POST and everything that answers it: redirects, retries, the body or stream of the answer, and
//! the resumption of a stream that ended too early. Streamable HTTP and HTTP+SSE share it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use reqwest::{Method, Response};
use url::Url;

use super::flight::Flight;
use super::retry::{self, Backoff};
use super::wire::{CHALLENGES, Origin, Reading, StreamEnd, StreamMemory, Wire};
use super::{Outcome, Session, refusal};
use crate::error::{Failure, FailureKind};
use crate::http::FrameBody;
use crate::jsonrpc::{Frame, Kind, Message, Received};
use crate::protocol::headers;

/// How often a request that never left is tried again: about three seconds in all, enough for a
/// server that restarts.
const CONNECT_RETRIES: u32 = 5;
/// The same before there is a session: a wrong URL should be told soon.
const FIRST_CONNECT_RETRIES: u32 = 3;
/// How often a request that may have arrived is tried again, if that does no harm.
const REPEATS: u32 = 2;
/// How often in a row resuming a stream may fail or bring nothing new.
const RESUME_RETRIES: u32 = 6;
/// The shortest pause before a stream is resumed, whatever the server asks for.
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
/// How many redirects are followed.
const REDIRECTS: u32 = 5;
/// How much of an error body is read.
const ERROR_BODY: usize = 1024 * 1024;

/// A message on its way to the remote.
#[derive(Clone, Debug)]
pub struct Post {
    /// The number of this exchange; also the JSON-RPC id if it is a request.
    pub number: u64,
    /// The message.
    pub frame: Frame,
    /// Whether an answer is owed.
    pub is_request: bool,
    /// Whether sending it twice does no harm (T-28).
    pub repeatable: bool,
    /// Session at the time of sending.
    pub session: Arc<Session>,
    /// Shared with the bridge.
    pub flight: Flight,
    /// What an exchange with a modern remote has besides; none for a legacy one.
    pub modern: Option<Modern>,
}

/// What an exchange with a modern remote has besides its message (T-50 to T-63): it is never resumed,
/// and read no further than its answer.
#[derive(Clone, Debug, Default)]
pub struct Modern {
    /// The headers that mirror the message.
    pub headers: HeaderMap,
    /// Whether it stays open and may be silent for ever.
    pub listens: bool,
}

/// Why there is no response to read.
pub(super) enum Trouble {
    /// The remote no longer knows the session; the message was not executed (T-32).
    SessionLost,
    /// The remote refused with an HTTP error.
    Refused(Box<Refusal>),
    /// Anything else.
    Failed(Failure),
}

/// An HTTP error answer.
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) failure: Failure,
    /// The JSON-RPC error in its body, if there is one (T-24).
    pub(super) answer: Option<Message>,
}

impl Post {
    pub(super) fn origin(&self) -> Origin {
        let reading = match &self.modern {
            None => Reading::Resumable,
            Some(Modern { listens: false, .. }) => Reading::ToTheAnswer,
            Some(Modern { listens: true, .. }) => Reading::Endless,
        };
        Origin { exchange: Some(self.number), generation: self.session.generation, reading }
    }

    /// How long the whole exchange may take.
    pub(super) fn limit(&self, limits: &super::Limits) -> Option<Duration> {
        let listens = self.modern.as_ref().is_some_and(|modern| modern.listens);
        limits.request.filter(|_| !listens)
    }

    /// The message as it goes out again after it was refused.
    fn under_a_fresh_id(&self) -> Option<Frame> {
        if !self.is_request {
            return None;
        }
        let message = Message::parse(self.frame.clone().into_bytes()).ok()?;
        Some(message.with_id(&self.flight.refused(self.number).to_string()))
    }
}

impl Wire {
    /// Sends a message and passes on its answer. With `elsewhere`, the answer comes on another stream.
    pub(super) async fn exchange(&self, post: &Post, target: &Url, elsewhere: bool) -> Outcome {
        match self.send_post(post, target).await {
            Ok(response) => self.answer(response, post, elsewhere).await,
            Err(trouble) => self.give_up(trouble, post).await,
        }
    }

    /// Reports trouble, relaying the remote's own error where it sent one.
    pub(super) async fn give_up(&self, trouble: Trouble, post: &Post) -> Outcome {
        match trouble {
            Trouble::SessionLost => Outcome::SessionLost,
            Trouble::Failed(failure) => Outcome::Failed(failure),
            Trouble::Refused(refusal) => {
                let answered = match refusal.answer {
                    Some(answer) => self.deliver(Received::One(answer), post.origin()).await,
                    None => false,
                };
                if answered { Outcome::Done } else { Outcome::Failed(refusal.failure) }
            }
        }
    }

    /// Sends a message until there is a successful response.
    pub(super) async fn send_post(&self, post: &Post, target: &Url) -> Result<Response, Trouble> {
        let mut target = target.clone();
        let mut attempts = Attempts::default();
        let mut again = None;
        loop {
            let frame = again.as_ref().unwrap_or(&post.frame);
            let (result, token) = self.attempt(post, frame, &target).await?;
            match result {
                None => return Err(Trouble::Failed(timeout("no response"))),
                Some(Err(error)) => match attempts.after_error(&error, post) {
                    Some(pause) => self.pause(pause, post).await?,
                    None => return Err(Trouble::Failed(refusal::from_network(&error, &target))),
                },
                Some(Ok(response)) if response.status().is_success() => {
                    token.into_iter().for_each(|token| self.authorizer.accepted(token));
                    return Ok(response);
                }
                Some(Ok(response))
                    if self.is_challenge(&response) && attempts.challenges < CHALLENGES =>
                {
                    attempts.challenges += 1;
                    self.challenged(token, &response, post).await?;
                    again = post.under_a_fresh_id().or(again);
                }
                Some(Ok(response)) if response.status().is_redirection() => {
                    target = attempts.redirected(&response, &target)?;
                }
                Some(Ok(response)) => match attempts.after_wait(&response, post.repeatable)? {
                    Some(pause) => self.pause(pause, post).await?,
                    None => return Err(self.refused(response, post, &target).await),
                },
            }
        }
    }

    async fn attempt(
        &self,
        post: &Post,
        frame: &Frame,
        target: &Url,
    ) -> Result<(Option<reqwest::Result<Response>>, Option<u64>), Trouble> {
        let authorized = self.authorized(Method::POST, target, &post.session).await;
        let (request, token) = authorized.map_err(Trouble::Failed)?;
        let body = FrameBody::new(frame.clone(), post.flight.departure().clone());
        let request =
            request.header(header::CONTENT_TYPE, headers::JSON).body(reqwest::Body::wrap(body));
        let request = match &post.modern {
            Some(modern) => request.headers(modern.headers.clone()),
            None => request,
        };
        Ok((self.people.patiently(self.limits.headers, request.send()).await, token))
    }

    /// Waits for a sign-in or a fresh token, unless the host gives the request up.
    async fn challenged(
        &self,
        token: Option<u64>,
        response: &Response,
        post: &Post,
    ) -> Result<(), Trouble> {
        tokio::select! {
            outcome = self.authorizer.challenged(token, response.status(), response.headers()) => {
                outcome.map_err(Trouble::Failed)
            }
            () = post.flight.settled() => Err(given_up()),
        }
    }

    async fn pause(&self, pause: Duration, post: &Post) -> Result<(), Trouble> {
        tokio::select! {
            () = tokio::time::sleep(pause) => Ok(()),
            () = post.flight.settled() => Err(given_up()),
        }
    }

    async fn refused(&self, response: Response, post: &Post, url: &Url) -> Trouble {
        let status = response.status();
        let body = self.error_body(response).await;
        let had_session = post.session.id.is_some();
        if had_session && (status == StatusCode::NOT_FOUND || names_the_session(status, &body)) {
            return Trouble::SessionLost;
        }
        let failure = refusal::from_status(status, url, &body);
        // What to do about a missing credential is for us to say.
        let told = status != StatusCode::UNAUTHORIZED;
        let answer = told.then(|| json_rpc_error(body)).flatten();
        Trouble::Refused(Box::new(Refusal { status, failure, answer }))
    }

    async fn error_body(&self, mut response: Response) -> Bytes {
        let mut body = Vec::new();
        let limit = Some(Duration::from_secs(10));
        while let Some(Ok(Some(chunk))) = self.people.patiently(limit, response.chunk()).await {
            body.extend_from_slice(&chunk);
            if body.len() > ERROR_BODY {
                return Bytes::new();
            }
        }
        body.into()
    }

    /// Reads the body of a successful response.
    pub(super) async fn answer(&self, response: Response, post: &Post, elsewhere: bool) -> Outcome {
        if !post.is_request {
            drain(response).await;
            return Outcome::Done;
        }
        let url = response.url().clone();
        match media_type(&response).as_str() {
            headers::EVENT_STREAM => self.follow_through(response, post).await,
            headers::JSON => match self.json_answer(response, post, elsewhere).await {
                Ok(outcome) => outcome,
                Err(failure) => Outcome::Failed(failure),
            },
            _ if elsewhere
                || response.status() == StatusCode::ACCEPTED && post.modern.is_none() =>
            {
                drain(response).await;
                self.await_elsewhere(post).await
            }
            other => Outcome::Failed(refusal::from_media_type(other, &url)),
        }
    }

    async fn json_answer(
        &self,
        response: Response,
        post: &Post,
        elsewhere: bool,
    ) -> Result<Outcome, Failure> {
        let accepted = response.status() == StatusCode::ACCEPTED && post.modern.is_none();
        let broken = |reason| lost(&format!("the answer is incomplete: {reason}"));
        let body = self.collect(response).await.map_err(broken)?;
        if body.iter().all(u8::is_ascii_whitespace) {
            return match elsewhere || accepted {
                true => Ok(self.await_elsewhere(post).await),
                false => Err(protocol("server answered with an empty body")),
            };
        }
        let answered = match Received::parse(body) {
            Ok(received) => self.deliver(received, post.origin()).await,
            Err(_) if elsewhere => false,
            Err(invalid) => {
                return Err(protocol(&format!("the server's answer is {}", invalid.reason)));
            }
        };
        match answered {
            true => Ok(Outcome::Done),
            false if elsewhere => Ok(self.await_elsewhere(post).await),
            false => Err(protocol("server answered with another id than asked")),
        }
    }

    /// Accepted without an answer: it may come on another stream (T-37, HTTP+SSE).
    async fn await_elsewhere(&self, post: &Post) -> Outcome {
        match self.people.patiently(self.limits.headers, post.flight.settled()).await {
            Some(()) => Outcome::Done,
            None => Outcome::Failed(timeout("the server accepted the request and sent no answer")),
        }
    }

    /// Follows the stream that answers a request, resuming it where it ends too early (T-36).
    async fn follow_through(&self, response: Response, post: &Post) -> Outcome {
        let mut memory = StreamMemory::default();
        let mut end = self.follow(response, post.origin(), &mut memory).await;
        let mut backoff = Backoff::default();
        loop {
            if memory.answered || post.flight.is_settled() || end == StreamEnd::Unheard {
                return Outcome::Done;
            }
            if let Some(failure) = final_end(&end, &memory) {
                return Outcome::Failed(failure);
            }
            if post.modern.is_some() {
                // Streams of modern remotes cannot be resumed (T-60).
                return Outcome::Failed(lost("the event stream ended before the answer"));
            }
            let Some(fallback) = backoff.next(RESUME_RETRIES) else {
                return Outcome::Failed(lost("the event stream could not be resumed"));
            };
            tokio::select! {
                () = tokio::time::sleep(memory.retry.unwrap_or(fallback).max(SHORTEST_PAUSE)) => {}
                () = post.flight.settled() => return Outcome::Done,
            }
            let known = memory.steps;
            match self.resume(&memory, &post.session).await {
                Ok(response) => end = self.follow(response, post.origin(), &mut memory).await,
                Err(Resumption::Later(reason)) => end = StreamEnd::Broken(reason),
                Err(Resumption::Never(failure)) => return Outcome::Failed(failure),
            }
            if memory.steps > known {
                backoff.reset();
            }
        }
    }

    /// Opens a stream again behind the last event that arrived.
    pub(super) async fn resume(
        &self,
        memory: &StreamMemory,
        session: &Session,
    ) -> Result<Response, Resumption> {
        match self.fetch(session, memory.last_event_id.as_deref()).await {
            Err(failure) if failure.kind == FailureKind::Timeout => {
                Err(Resumption::Later("no response".to_owned()))
            }
            Err(failure) => Err(Resumption::Never(failure)),
            Ok(Err(error)) if error.is_builder() => {
                Err(Resumption::Never(protocol("the last event id cannot be sent in a header")))
            }
            Ok(Err(error)) => Err(Resumption::Later(refusal::root_cause(&error))),
            Ok(Ok(response)) => judge_resumption(response),
        }
    }
}

/// Why a stream was not resumed.
pub(super) enum Resumption {
    /// It may work later.
    Later(String),
    /// It will not.
    Never(Failure),
}

fn judge_resumption(response: Response) -> Result<Response, Resumption> {
    let status = response.status();
    if status.is_success() && media_type(&response) == headers::EVENT_STREAM {
        return Ok(response);
    }
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return Err(Resumption::Later(format!("HTTP {}", status.as_u16())));
    }
    let code = status.as_u16();
    let failure =
        lost(&format!("the server does not resume the stream (HTTP {code})")).status(code);
    Err(Resumption::Never(failure))
}

/// The failure of a stream that cannot be resumed.
fn final_end(end: &StreamEnd, memory: &StreamMemory) -> Option<Failure> {
    match end {
        StreamEnd::Silent => Some(timeout("the event stream fell silent before the answer")),
        StreamEnd::TooLarge => Some(protocol("the server sent an event beyond the size limit")),
        StreamEnd::Broken(reason) if memory.last_event_id.is_none() => {
            Some(lost(&format!("the event stream broke before the answer: {reason}")))
        }
        StreamEnd::Closed if memory.last_event_id.is_none() => {
            Some(lost("the server ended the event stream before the answer"))
        }
        _ => None,
    }
}

/// Counts what one message has been through.
#[derive(Default)]
struct Attempts {
    redirects: u32,
    connects: Backoff,
    repeats: Backoff,
    waits: u32,
    challenges: u32,
}

impl Attempts {
    /// The pause before sending again after a network error; `None`: it would not be safe, or enough is
    /// enough.
    fn after_error(&mut self, error: &reqwest::Error, post: &Post) -> Option<Duration> {
        if error.is_builder() || is_hopeless(error) {
            return None;
        }
        if error.is_connect() {
            let first = post.session.generation == 0 && post.session.version.is_none();
            return self.connects.next(if first { FIRST_CONNECT_RETRIES } else { CONNECT_RETRIES });
        }
        // To a modern remote it goes out again only under a new id (T-60), which is not ours to give.
        let repeatable = post.repeatable && post.modern.is_none();
        if repeatable { self.repeats.next(REPEATS) } else { None }
    }

    /// The pause that the remote asked for (T-28). `Ok(None)`: it did not ask for one.
    fn after_wait(
        &mut self,
        response: &Response,
        repeatable: bool,
    ) -> Result<Option<Duration>, Trouble> {
        let status = response.status();
        let Some(wait) = retry::asked_to_wait(status, response.headers()) else { return Ok(None) };
        self.waits += 1;
        if repeatable && retry::is_bearable(wait) && self.waits <= 3 {
            return Ok(Some(wait));
        }
        match retry::retry_after(response.headers()) {
            Some(wait) => Err(Trouble::Failed(refusal::from_wait(status, wait))),
            None => Ok(None),
        }
    }

    /// Where to send the message instead: same origin and method only (T-25).
    fn redirected(&mut self, response: &Response, url: &Url) -> Result<Url, Trouble> {
        self.redirects += 1;
        let status = response.status();
        let location = response.headers().get(header::LOCATION).and_then(|v| v.to_str().ok());
        let target = location.and_then(|location| url.join(location).ok());
        let keeps_method =
            matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
        match target {
            Some(target)
                if keeps_method
                    && self.redirects <= REDIRECTS
                    && target.origin() == url.origin() =>
            {
                Ok(target)
            }
            target => Err(Trouble::Failed(refusal::from_redirect(status, target.as_ref()))),
        }
    }
}

/// Errors that another attempt would meet again: bad certificates, or no TLS at the other end.
fn is_hopeless(error: &reqwest::Error) -> bool {
    const SIGNS: [&str; 5] =
        ["certificate", "unknownissuer", "corrupt message", "handshake", "invalidcontenttype"];
    let cause = refusal::root_cause(error).to_ascii_lowercase();
    SIGNS.iter().any(|sign| cause.contains(sign))
}

/// Servers confuse 400 and 404 for a forgotten session (T-39).
fn names_the_session(status: StatusCode, body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body).to_ascii_lowercase();
    status == StatusCode::BAD_REQUEST && text.contains("session")
}

fn json_rpc_error(body: Bytes) -> Option<Message> {
    Message::parse(body).ok().filter(|message| message.kind() == Kind::ErrorResponse)
}

/// The media type in lower case, without parameters (T-21).
pub(super) fn media_type(response: &Response) -> String {
    let value = response.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    value.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Reads a short body to its end so that the connection can be used again.
pub(super) async fn drain(mut response: Response) {
    let read = async {
        let mut length = 0;
        while let Ok(Some(chunk)) = response.chunk().await {
            length += chunk.len();
            if length > 64 * 1024 {
                return;
            }
        }
    };
    // A body that goes on is dropped together with its connection.
    let _ = tokio::time::timeout(Duration::from_millis(200), read).await;
}

fn given_up() -> Trouble {
    Trouble::Failed(Failure::new(FailureKind::Lost, "the request was given up"))
}

fn timeout(what: &str) -> Failure {
    Failure::new(FailureKind::Timeout, format!("{what} within the time limit"))
        .hint("raise `--headers-timeout`, `--body-timeout` or `--request-timeout`, or set it to 0")
}

fn lost(what: &str) -> Failure {
    Failure::new(FailureKind::Lost, what)
        .hint("the server may or may not have acted on the request; check before repeating it")
}

fn protocol(what: &str) -> Failure {
    Failure::new(FailureKind::Protocol, what).hint("this is a fault of the server; report it there")
}
