//! Sends one POST, from the first attempt to the head of a response, for both transports.
//! `attempts` decides whether it is sent once more, `answer` reads the response.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use url::Url;

use super::Outcome;
use super::attempts::Attempts;
use super::credentials::UsedCredentials;
use super::failures::{failure_for_network_error, failure_for_status, lost_failure, no_response};
use super::post::{ExchangeError, HttpRefusal, Post};
use super::received::parse_json_rpc_error;
use super::remote_event::is_answer_to;
use super::session_loss;
use super::wire::Wire;
use crate::error::{Failure, FailureKind};
use crate::http::{HttpError, Response, Target};
use crate::jsonrpc::{Frame, Message};
use crate::redact::without;

/// A message of this size or more, in bytes, may be too large for a server.
const LARGE_MESSAGE: usize = 512 * 1024;

/// The result of one attempt (`None`: no response in time), and the credentials it carried.
type Attempt = (Option<Result<Response, HttpError>>, UsedCredentials);

impl Wire {
    /// Sends a message and passes on its answer. With `on_stream`, the answer arrives on
    /// another stream.
    pub(super) async fn exchange(&self, post: &Post, target: &Target, on_stream: bool) -> Outcome {
        let attempts = Attempts::of_message(self.limits.opening);
        match self.send_post(post, target, on_stream, attempts).await {
            Ok(response) => self.read_answer(response, post, on_stream).await,
            Err(error) => error.into(),
        }
    }

    /// Sends a message until there is a successful response. Rare, large futures are boxed, or
    /// every exchange would carry them.
    pub(super) async fn send_post(
        &self,
        post: &Post,
        target: &Target,
        on_stream: bool,
        mut attempts: Attempts,
    ) -> Result<Response, ExchangeError> {
        let generation = post.session.generation;
        let mut place = self.redirects.current(generation, target);
        let mut again = None;
        loop {
            let frame = again.as_ref().unwrap_or(&post.frame);
            let (result, used) = self.attempt(post, frame, &place).await?;
            let pause = match result {
                None => attempts
                    .pause_after_silence(post)
                    .ok_or_else(|| ExchangeError::Failed(no_response(self.limits.headers)))?,
                Some(Err(error)) => attempts
                    .pause_after_error(&error, post)
                    .ok_or_else(|| ExchangeError::Failed(failure_of(&error, post, &place)))?,
                Some(Ok(response)) if self.wants_new_proof(&response, &mut attempts) => {
                    Duration::ZERO
                }
                Some(Ok(response)) if response.status().is_success() => {
                    self.credentials.accept(used);
                    post.handle.begin_response();
                    return Ok(response);
                }
                Some(Ok(response))
                    if self.credentials.is_challenge(&response, used)
                        && attempts.may_answer_challenge() =>
                {
                    Box::pin(self.answer_challenge(used, response, post, on_stream)).await?;
                    Duration::ZERO
                }
                Some(Ok(response)) if response.status().is_redirection() => {
                    let followed = attempts.follow_redirect(&Method::POST, &response, &place);
                    place = followed.map_err(ExchangeError::Failed)?;
                    self.redirects.remember(generation, target, &place);
                    continue;
                }
                Some(Ok(response))
                    if is_gone(response.status())
                        && attempts.may_start_over()
                        && self.redirects.forget(generation, target) =>
                {
                    // The original target may redirect to somewhere else by now.
                    place = target.clone();
                    continue;
                }
                Some(Ok(response)) => {
                    let refused = self.judge_refusal(response, post, on_stream, &mut attempts);
                    Box::pin(refused).await?
                }
            };
            Box::pin(self.pause(pause, post)).await?;
            // The earlier message may still arrive (E-05).
            again = post.with_fresh_id().or(again);
        }
    }

    /// The pause after which a refused message is sent once more.
    async fn judge_refusal(
        &self,
        response: Response,
        post: &Post,
        on_stream: bool,
        attempts: &mut Attempts,
    ) -> Result<Duration, ExchangeError> {
        let (status, headers) = (response.status(), response.headers().clone());
        let refusal = self.classify_refusal(response, post, on_stream).await;
        let ExchangeError::Refused(refused) = &refusal else { return Err(refusal) };
        let answers = |answer: &Message| is_answer_to(answer, post.number);
        if refused.answer.as_ref().is_some_and(answers) {
            return Err(refusal);
        }
        match attempts.pause_after_refusal(status, &headers, post.repeatable) {
            Ok(Some(pause)) => Ok(pause),
            Ok(None) => Err(refusal),
            Err(failure) => Err(ExchangeError::Failed(failure)),
        }
    }

    async fn attempt(
        &self,
        post: &Post,
        frame: &Frame,
        target: &Target,
    ) -> Result<Attempt, ExchangeError> {
        let authorized = tokio::select! {
            biased;
            authorized = self.authorize(Method::POST, target, &post.session) => authorized,
            // Cancelled while a token was being refreshed: it is never sent (T-07).
            () = post.handle.wait_until_settled() => return Err(error_given_up()),
        };
        let (mut request, used) = authorized.map_err(ExchangeError::Failed)?;
        if let Some(modern) = &post.modern {
            request.headers_mut().extend(modern.headers.clone());
        }
        if let Some(trace) = &post.trace {
            add_trace(request.headers_mut(), trace);
        }
        let mut request = request.body(frame.clone()).observed_by(post.handle.observer());
        self.record_request(Some(post.number), &Method::POST, &mut request);
        let sent = self.outbound.send(request);
        let prompts = self.open_prompts.of(Some(post.number));
        let result = prompts.timeout_unless_prompting(post.headers_limit(&self.limits), sent).await;
        self.record_response(Some(post.number), result.as_ref());
        Ok((result, used))
    }

    /// Waits for a sign-in or a fresh token, unless the host cancels the request.
    async fn answer_challenge(
        &self,
        used: UsedCredentials,
        response: Response,
        post: &Post,
        on_stream: bool,
    ) -> Result<(), ExchangeError> {
        let (status, headers) = (response.status(), response.headers().clone());
        // Without a challenge, the refusal may be about the session instead (T-39).
        if post.is_in_session() && !headers.contains_key(header::WWW_AUTHENTICATE) {
            let refusal = self.classify_refusal(response, post, on_stream).await;
            if matches!(refusal, ExchangeError::SessionLost(_)) {
                return Err(refusal);
            }
        }
        tokio::select! {
            outcome = self.credentials.answer_refusal(used, status, &headers) => {
                outcome.map_err(ExchangeError::Failed)
            }
            () = post.handle.wait_until_settled() => Err(error_given_up()),
        }
    }

    async fn pause(&self, pause: Duration, post: &Post) -> Result<(), ExchangeError> {
        if pause.is_zero() {
            return Ok(());
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => Ok(()),
            () = post.handle.wait_until_settled() => Err(error_given_up()),
        }
    }

    async fn classify_refusal(
        &self,
        response: Response,
        post: &Post,
        on_stream: bool,
    ) -> ExchangeError {
        let (status, target) = (response.status(), response.target().clone());
        let body = self.read_error_body(response).await;
        if let Some(recorder) = &self.recorder {
            recorder.refusal(post.number, &body);
        }
        let url = target.url();
        let failure = failure_for_status(status, url, &self.without_own_secrets(&body, url));
        let error = parse_json_rpc_error(&body);
        let is_lost = session_loss::is_lost(post, on_stream, status, error.as_ref(), &body);
        // For missing credentials, the bridge's own failure says what to do.
        let answer = error.filter(|_| status != StatusCode::UNAUTHORIZED);
        let refusal = Box::new(HttpRefusal { status, failure, answer });
        if is_lost { ExchangeError::SessionLost(refusal) } else { ExchangeError::Refused(refusal) }
    }
}

impl Wire {
    /// The body of a refusal, without the request's own headers and query, which the server may
    /// repeat (S-09).
    pub(super) fn without_own_secrets(&self, body: &Bytes, url: &Url) -> Bytes {
        let Ok(words) = std::str::from_utf8(body) else { return body.clone() };
        let credentials = self.credentials.last_values();
        let own = self.headers.values().filter(|value| value.is_sensitive());
        let own = own.chain(&credentials);
        let texts: Vec<&str> = own.filter_map(|value| value.to_str().ok()).collect();
        // The server may repeat the credential without its scheme.
        let parts = texts.iter().filter_map(|text| Some(text.split_once(' ')?.1));
        let query: Vec<_> = url.query_pairs().map(|(_, value)| value).collect();
        let secrets = texts.iter().copied().chain(parts).chain(query.iter().map(AsRef::as_ref));
        without(words, secrets).into()
    }
}

/// Adds the host's trace context, unless the user's own headers have one (O-20).
fn add_trace(headers: &mut HeaderMap, trace: &HeaderMap) {
    if headers.contains_key("traceparent") || headers.contains_key("tracestate") {
        return;
    }
    headers.extend(trace.iter().map(|(name, value)| (name.clone(), value.clone())));
}

fn is_gone(status: StatusCode) -> bool {
    matches!(status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::GONE)
}

/// The failure for a message without a response. A large one may have been refused while it was
/// being sent, which looks like a broken connection.
fn failure_of(error: &HttpError, post: &Post, target: &Target) -> Failure {
    let failure = failure_for_network_error(error, target.url());
    let size = post.frame.len();
    if failure.kind != FailureKind::Lost || size < LARGE_MESSAGE {
        return failure;
    }
    let megabytes = size as f64 / f64::from(1 << 20);
    failure.hint(format!(
        "the server may have refused the message because it is too large ({megabytes:.1} MB); it \
         may or may not have acted on it"
    ))
}

fn error_given_up() -> ExchangeError {
    ExchangeError::Failed(lost_failure("the request was given up"))
}
