//! The state that all requests to one remote share: connection, endpoint, headers, limits and the
//! channel to the bridge. Also reads whole bodies.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method};
use tokio::sync::{Semaphore, mpsc};

use super::arrivals::Arrivals;
use super::attempts::Attempts;
use super::concurrency_limit::ConcurrencyLimit;
use super::credentials::{RequestCredentials, UsedCredentials};
use super::failures::no_response;
use super::followed_redirects::FollowedRedirects;
use super::open_prompts::OpenPrompts;
use super::progress::ProgressWatch;
use super::received::parse_received;
use super::remote_event::is_answer_to;
use super::silence_limit::SilenceLimit;
use super::standalone_stream::StandaloneStream;
use super::{Limits, RemoteEvent, Session};
use crate::budget::Share;
use crate::error::Failure;
use crate::http::{HttpError, Outbound, Request, Response, Target};
use crate::jsonrpc::Received;
use crate::protocol::headers;
use crate::recording::Recorder;

/// Larger messages, in bytes, count against the limit on waiting messages (S-12) and against the
/// budget (S-42).
pub(super) const LARGE_MESSAGE: usize = 64 * 1024;
/// The most bytes of an unread body that are drained.
const MAX_DRAINED_BODY: usize = 64 * 1024;
/// How long a body of unknown length may be silent after it brought the whole answer.
const UNENDED_BODY_TIMEOUT: Duration = Duration::from_secs(2);
/// How long draining may take.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(200);

/// The state that all requests to one remote share.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) outbound: Outbound,
    pub(super) credentials: RequestCredentials,
    pub(super) endpoint: Target,
    /// The headers that every request carries.
    pub(super) headers: HeaderMap,
    pub(super) limits: Limits,
    pub(super) events: mpsc::Sender<RemoteEvent>,
    pub(super) open_prompts: OpenPrompts,
    pub(super) concurrency_limit: ConcurrencyLimit,
    pub(super) redirects: FollowedRedirects,
    /// The progress of calls that are answered on another stream.
    pub(super) progress: ProgressWatch,
    pub(super) standalone: StandaloneStream,
    /// The partly received answers.
    pub(super) arrivals: Arrivals,
    /// The total size, in bytes, of large messages that may wait for the bridge.
    pub(super) waiting_bytes: Arc<Semaphore>,
    pub(super) recorder: Option<Recorder>,
}

/// The reaction to a challenge of a request without a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnChallenge {
    /// Sign in or get a fresh token, and send the request once more.
    Answer,
    /// Give up: the request is optional.
    GiveUp,
}

impl Wire {
    /// Prepares a request with all its headers, and returns it with the credentials that it carries
    ///
    pub(super) async fn authorize(
        &self,
        method: Method,
        target: &Target,
        session: &Session,
    ) -> Result<(Request, UsedCredentials), Failure> {
        let mut headers = if method == Method::POST {
            session.post_headers(&self.headers)
        } else {
            session.stream_headers(&self.headers)
        };
        let used = self.credentials.add_to(&method, target.url(), &mut headers).await?;
        Ok((Request::new(method, target.clone(), headers), used))
    }

    /// Requests the standalone stream. It is optional, so its refusal never leads to a sign-in: the
    /// next message will show whether one is needed.
    pub(super) async fn get_optional_stream(
        &self,
        session: &Session,
        last_event_id: Option<&str>,
    ) -> Result<Result<Response, HttpError>, Failure> {
        self.request(Method::GET, session, last_event_id, OnChallenge::GiveUp).await
    }

    /// Requests an event stream of the session. After a sign-in or with a fresh token, requests it
    /// once more; redirects are followed.
    pub(super) async fn get_stream(
        &self,
        session: &Session,
        last_event_id: Option<&str>,
    ) -> Result<Result<Response, HttpError>, Failure> {
        self.request(Method::GET, session, last_event_id, OnChallenge::Answer).await
    }

    /// Sends a request without a body to the endpoint.
    pub(super) async fn request(
        &self,
        method: Method,
        session: &Session,
        last_event_id: Option<&str>,
        on_challenge: OnChallenge,
    ) -> Result<Result<Response, HttpError>, Failure> {
        let mut attempts = Attempts::of_message(Duration::ZERO);
        let mut target = self.redirects.current(session.generation, &self.endpoint);
        loop {
            let (mut request, used) = self.authorize(method.clone(), &target, session).await?;
            if let Some(id) = last_event_id
                && let Err(error) = request.set_header(headers::LAST_EVENT_ID, id)
            {
                return Ok(Err(error));
            }
            self.record_request(None, &method, &mut request);
            let sent = self
                .open_prompts
                .timeout_unless_prompting(self.limits.headers, self.outbound.send(request))
                .await;
            self.record_response(None, sent.as_ref());
            match sent.ok_or_else(|| no_response(self.limits.headers))? {
                Ok(response) if self.wants_new_proof(&response, &mut attempts) => {}
                Ok(response)
                    if on_challenge == OnChallenge::Answer
                        && self.credentials.is_challenge(&response, used)
                        && attempts.may_answer_challenge() =>
                {
                    let (status, headers) = (response.status(), response.headers().clone());
                    self.credentials.answer_refusal(used, status, &headers).await?;
                }
                Ok(response) if response.status().is_redirection() => {
                    target = attempts.follow_redirect(&method, &response, &target)?;
                    self.redirects.remember(session.generation, &self.endpoint, &target);
                }
                Err(error) if attempts.may_repeat_unprocessed(&error) => {}
                done => return Ok(done),
            }
        }
    }

    /// Records a request as it is sent, and its body.
    pub(super) fn record_request(
        &self,
        exchange: Option<u64>,
        method: &Method,
        request: &mut Request,
    ) {
        if let Some(recorder) = &self.recorder {
            let body = request.body_sent().clone();
            recorder.request(exchange, method, request.headers_mut(), &body);
        }
    }

    /// Records the head of a response, if there is one.
    pub(super) fn record_response(
        &self,
        exchange: Option<u64>,
        sent: Option<&Result<Response, HttpError>>,
    ) {
        if let (Some(recorder), Some(Ok(response))) = (&self.recorder, sent) {
            recorder.response(exchange, response.status(), response.headers());
        }
    }

    /// Whether this response refuses the DPoP proof of its request, and a fresh one may be
    /// accepted.
    pub(super) fn wants_new_proof(&self, response: &Response, attempts: &mut Attempts) -> bool {
        self.credentials.wants_new_proof(response) && attempts.may_prove_again()
    }

    /// Reads a whole body, with limits on size and silence. Returns it with its share of the
    /// budget; if the budget is exhausted, reading waits (S-42). The error completes "the answer is
    /// incomplete: …".
    pub(super) async fn read_body(
        &self,
        mut response: Response,
        exchange: u64,
    ) -> Result<(Bytes, Share), String> {
        let mut share = Share::default();
        let expected = response.content_length().unwrap_or(0).min(self.limits.size as u64);
        let mut silence = SilenceLimit::new(self.open_prompts.of(Some(exchange)), self.limits.body);
        let mut first = match read_chunk(&mut response, &mut silence).await? {
            None => return Ok((Bytes::new(), share)),
            Some(first) if first.len() as u64 == expected => return Ok((first, share)),
            Some(first) => BytesMut::from(first),
        };
        let _arriving = self.arrivals.begin();
        if expected as usize > LARGE_MESSAGE {
            share.grow_to(expected as usize).await;
        }
        first.reserve((expected as usize).saturating_sub(first.len()));
        while let Some(chunk) = read_more(&mut response, &mut silence, &first, exchange).await? {
            let length = first.len() + chunk.len();
            if length > self.limits.size {
                return Err(format!("the body is larger than {} bytes", self.limits.size));
            }
            if length > first.capacity() && length > LARGE_MESSAGE {
                // The buffer doubles, up to the largest message.
                let grown = (2 * first.capacity()).clamp(length, self.limits.size.max(length));
                share.grow_to(grown).await;
                first.reserve(grown - first.len());
            }
            first.extend_from_slice(&chunk);
        }
        Ok((first.freeze(), share))
    }
}

/// The next chunk of a body of unknown length, or `None` at its end. What is the whole answer so
/// far is the end, also where the server breaks off or keeps silent instead of saying so (T-43).
async fn read_more(
    response: &mut Response,
    silence: &mut SilenceLimit<'_>,
    so_far: &[u8],
    exchange: u64,
) -> Result<Option<Bytes>, String> {
    if response.content_length().is_some() || so_far.len() > LARGE_MESSAGE {
        return read_chunk(response, silence).await;
    }
    let next = tokio::time::timeout(UNENDED_BODY_TIMEOUT, read_chunk(response, silence)).await;
    match next {
        Ok(Ok(chunk)) => Ok(chunk),
        Ok(Err(_)) | Err(_) if is_whole_answer(so_far, exchange) => Ok(None),
        Ok(broken) => broken,
        Err(_) => read_chunk(response, silence).await,
    }
}

fn is_whole_answer(body: &[u8], exchange: u64) -> bool {
    match parse_received(&Bytes::copy_from_slice(body), true) {
        Ok(Received::One(message)) => is_answer_to(&message, exchange),
        _ => false,
    }
}

async fn read_chunk(
    response: &mut Response,
    silence: &mut SilenceLimit<'_>,
) -> Result<Option<Bytes>, String> {
    match silence.wait(response.chunk()).await {
        Some(Ok(chunk)) => Ok(chunk),
        Some(Err(error)) => Err(error.reason()),
        None => Err("the body stalled".to_owned()),
    }
}

/// Reads a short body to its end so that the connection can be used again.
pub(super) async fn drain(mut response: Response) {
    let read = async {
        let mut length = 0;
        while let Ok(Some(chunk)) = response.chunk().await {
            length += chunk.len();
            if length > MAX_DRAINED_BODY {
                return;
            }
        }
    };
    // A longer body is dropped together with its connection.
    let _ = tokio::time::timeout(DRAIN_TIMEOUT, read).await;
}
