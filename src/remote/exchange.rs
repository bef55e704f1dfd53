//! One POST and everything that answers it. `attempts` says whether it goes out once more,
//! `resumption` follows a stream that answers it. Streamable HTTP and HTTP+SSE share it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use reqwest::{Method, Response};
use url::Url;

use super::attempts::Attempts;
use super::flight::Flight;
use super::wire::{CHALLENGES, Origin, Reading, Wire};
use super::{Outcome, Session, refusal};
use crate::error::{Failure, FailureKind};
use crate::http::FrameBody;
use crate::jsonrpc::{Frame, Kind, Message, Received};
use crate::protocol::headers;

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
    /// Whether it never waits for others to end: answers, cancellations, endless streams.
    pub urgent: bool,
    /// Whether sending it twice does no harm (T-28).
    pub repeatable: bool,
    /// Session at the time of sending.
    pub session: Arc<Session>,
    /// Shared with the bridge.
    pub flight: Flight,
    /// What an exchange with a modern remote has besides; none for a legacy one.
    pub modern: Option<Modern>,
}

/// What an exchange with a modern remote has besides its message (T-50 to T-63): it is never
/// resumed, and read no further than its answer.
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
    /// Sends a message and passes on its answer. With `elsewhere`, the answer comes on another
    /// stream.
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
                None => match attempts.after_silence(post) {
                    Some(pause) => self.pause(pause, post).await?,
                    None => return Err(Trouble::Failed(timeout("no response"))),
                },
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
        Ok((self.people.patiently(self.limits.headers, self.outbound.send(request)).await, token))
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

pub(super) fn timeout(what: &str) -> Failure {
    Failure::new(FailureKind::Timeout, format!("{what} within the time limit"))
        .hint("raise `--headers-timeout`, `--body-timeout` or `--request-timeout`, or set it to 0")
}

pub(super) fn lost(what: &str) -> Failure {
    Failure::new(FailureKind::Lost, what)
        .hint("the server may or may not have acted on the request; check before repeating it")
}

pub(super) fn protocol(what: &str) -> Failure {
    Failure::new(FailureKind::Protocol, what).hint("this is a fault of the server; report it there")
}
