//! One POST, from the first attempt to the head of a response. `attempts` decides whether it is sent
//! once more, `answer` reads what comes back. Streamable HTTP and HTTP+SSE share it.

use std::time::Duration;

use http::{StatusCode, header};
use reqwest::{Method, Response};
use url::Url;

use super::Outcome;
use super::answer::parse_json_rpc_error;
use super::attempts::Attempts;
use super::failures::{failure_for_network_error, failure_for_status, timeout_failure};
use super::post::{ExchangeError, HttpRefusal, Post};
use super::wire::{MAX_CHALLENGES, Wire};
use crate::error::{Failure, FailureKind};
use crate::http::FrameBody;
use crate::jsonrpc::{Frame, Received};
use crate::protocol::headers;

impl Wire {
    /// Sends a message and passes on its answer. With `elsewhere`, the answer comes on another
    /// stream.
    pub(super) async fn exchange(&self, post: &Post, target: &Url, elsewhere: bool) -> Outcome {
        match self.send_post(post, target).await {
            Ok(response) => self.read_answer(response, post, elsewhere).await,
            Err(error) => self.give_up(error, post).await,
        }
    }

    /// Reports why there is no answer, in the remote's own words where it sent a JSON-RPC error.
    pub(super) async fn give_up(&self, error: ExchangeError, post: &Post) -> Outcome {
        match error {
            ExchangeError::SessionLost => Outcome::SessionLost,
            ExchangeError::Failed(failure) => Outcome::Failed(failure),
            ExchangeError::Refused(refusal) => {
                let answered = match refusal.answer {
                    Some(answer) => self.deliver(Received::One(answer), post.origin()).await,
                    None => false,
                };
                if answered { Outcome::Done } else { Outcome::Failed(refusal.failure) }
            }
        }
    }

    /// Sends a message until there is a successful response.
    pub(super) async fn send_post(
        &self,
        post: &Post,
        target: &Url,
    ) -> Result<Response, ExchangeError> {
        let mut target = target.clone();
        let mut attempts = Attempts::default();
        let mut again = None;
        loop {
            let frame = again.as_ref().unwrap_or(&post.frame);
            let (result, token) = self.attempt(post, frame, &target).await?;
            match result {
                None => match attempts.pause_after_silence(post) {
                    Some(pause) => self.pause(pause, post).await?,
                    None => return Err(ExchangeError::Failed(timeout_failure("no response"))),
                },
                Some(Err(error)) => match attempts.pause_after_error(&error, post) {
                    Some(pause) => self.pause(pause, post).await?,
                    None => {
                        return Err(ExchangeError::Failed(failure_for_network_error(
                            &error, &target,
                        )));
                    }
                },
                Some(Ok(response)) if response.status().is_success() => {
                    token.into_iter().for_each(|token| self.authorizer.accepted(token));
                    return Ok(response);
                }
                Some(Ok(response))
                    if self.is_challenge(&response) && attempts.challenges < MAX_CHALLENGES =>
                {
                    attempts.challenges += 1;
                    self.answer_challenge(token, &response, post).await?;
                    again = post.with_fresh_id().or(again);
                }
                Some(Ok(response)) if response.status().is_redirection() => {
                    target = attempts.follow_redirect(&response, &target)?;
                }
                Some(Ok(response)) => match attempts.pause_asked_for(&response, post.repeatable)? {
                    Some(pause) => self.pause(pause, post).await?,
                    None => return Err(self.classify_refusal(response, post, &target).await),
                },
            }
        }
    }

    async fn attempt(
        &self,
        post: &Post,
        frame: &Frame,
        target: &Url,
    ) -> Result<(Option<reqwest::Result<Response>>, Option<u64>), ExchangeError> {
        let authorized = self.authorize(Method::POST, target, &post.session).await;
        let (request, token) = authorized.map_err(ExchangeError::Failed)?;
        let body = FrameBody::new(frame.clone(), post.handle.body_sent().clone());
        let request =
            request.header(header::CONTENT_TYPE, headers::JSON).body(reqwest::Body::wrap(body));
        let request = match &post.modern {
            Some(modern) => request.headers(modern.headers.clone()),
            None => request,
        };
        let sent = self.outbound.send(request);
        Ok((self.open_prompts.timeout_unless_prompting(self.limits.headers, sent).await, token))
    }

    /// Waits for a sign-in or a fresh token, unless the host gives the request up.
    async fn answer_challenge(
        &self,
        token: Option<u64>,
        response: &Response,
        post: &Post,
    ) -> Result<(), ExchangeError> {
        tokio::select! {
            outcome = self.authorizer.challenged(token, response.status(), response.headers()) => {
                outcome.map_err(ExchangeError::Failed)
            }
            () = post.handle.wait_until_settled() => Err(error_given_up()),
        }
    }

    async fn pause(&self, pause: Duration, post: &Post) -> Result<(), ExchangeError> {
        tokio::select! {
            () = tokio::time::sleep(pause) => Ok(()),
            () = post.handle.wait_until_settled() => Err(error_given_up()),
        }
    }

    async fn classify_refusal(&self, response: Response, post: &Post, url: &Url) -> ExchangeError {
        let status = response.status();
        let body = self.read_error_body(response).await;
        let had_session = post.session.id.is_some();
        if had_session && (status == StatusCode::NOT_FOUND || names_the_session(status, &body)) {
            return ExchangeError::SessionLost;
        }
        let failure = failure_for_status(status, url, &body);
        // What to do about a missing credential is for the bridge to say.
        let is_relayed = status != StatusCode::UNAUTHORIZED;
        let answer = is_relayed.then(|| parse_json_rpc_error(body)).flatten();
        ExchangeError::Refused(Box::new(HttpRefusal { status, failure, answer }))
    }
}

/// Some servers answer 400 instead of 404 for a forgotten session (T-39).
fn names_the_session(status: StatusCode, body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body).to_ascii_lowercase();
    status == StatusCode::BAD_REQUEST && text.contains("session")
}

fn error_given_up() -> ExchangeError {
    ExchangeError::Failed(Failure::new(FailureKind::Lost, "the request was given up"))
}
