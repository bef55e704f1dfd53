//! Reads the answer to a POST: one JSON body, an event stream, or nothing, because the answer
//! arrives on another stream.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;

use super::Outcome;
use super::events::EventDecoder;
use super::failures::{failure_for_media_type, lost_failure, protocol_failure, reason_in};
use super::media_type::{begins_event_stream, read_media_type};
use super::post::Post;
use super::progress::WatchedCall;
use super::received::parse_received;
use super::resumption::{ended_early, outcome_of};
use super::session_loss;
use super::streams::{StreamEnd, StreamMemory};
use super::wire::{Wire, drain};
use crate::budget::Share;
use crate::error::Failure;
use crate::http::Response;
use crate::jsonrpc::{Message, Received};
use crate::protocol::headers;

/// The most bytes that are read of an error response's body.
const MAX_ERROR_BODY: usize = 1024 * 1024;
/// Larger bodies, in bytes, count against the budget (S-42).
const SMALL_ERROR_BODY: usize = 64 * 1024;
/// The longest silence within an error response's body.
const ERROR_BODY_TIMEOUT: Duration = Duration::from_secs(10);

impl Wire {
    /// Reads the body of a successful response.
    pub(super) async fn read_answer(
        &self,
        mut response: Response,
        post: &Post,
        on_stream: bool,
    ) -> Outcome {
        if !post.is_request {
            drain(response).await;
            return Outcome::Done;
        }
        let target = response.target().clone();
        match read_media_type(&mut response).await.as_ref() {
            headers::EVENT_STREAM => self.follow_to_answer(response, post).await,
            headers::JSON => match self.read_json_answer(response, post, on_stream).await {
                Ok(outcome) => outcome,
                Err(failure) => Outcome::Failed(failure),
            },
            _ if on_stream => {
                drain(response).await;
                Box::pin(self.await_on_stream(post)).await
            }
            _ if response.status() == StatusCode::ACCEPTED && post.is_in_session() => {
                drain(response).await;
                Box::pin(self.await_on_standalone(post)).await
            }
            other => {
                let status = response.status();
                let page = self.read_error_body(response);
                let page = tokio::time::timeout(ERROR_BODY_TIMEOUT, page).await.unwrap_or_default();
                let page = self.without_own_secrets(&page, target.url());
                let failure = failure_for_media_type(other, target.url(), &page);
                Outcome::refused(status, failure)
            }
        }
    }

    pub(super) async fn read_json_answer(
        &self,
        response: Response,
        post: &Post,
        on_stream: bool,
    ) -> Result<Outcome, Failure> {
        let status = response.status();
        let accepted = status == StatusCode::ACCEPTED && post.is_in_session();
        let broken = |reason| lost_failure(&format!("the answer is incomplete: {reason}"));
        let (body, share) = self.read_body(response, post.number).await.map_err(broken)?;
        if body.iter().all(u8::is_ascii_whitespace) {
            if on_stream {
                return Ok(Box::pin(self.await_on_stream(post)).await);
            }
            if accepted {
                return Ok(Box::pin(self.await_on_standalone(post)).await);
            }
            let failure = protocol_failure("the server answered with an empty body");
            return Ok(Outcome::refused(status, failure));
        }
        if begins_event_stream(&body) {
            return Ok(Box::pin(self.read_events_in(body, post)).await);
        }
        let url = self.endpoint.url();
        let received = parse_received(&body, post.origin().has_batches).map_err(|invalid| {
            // The body may name the problem without being an answer.
            let reason = reason_in(&self.without_own_secrets(&body, url));
            let reason = reason.map_or_else(String::new, |reason| format!(" (`{reason}`)"));
            protocol_failure(&format!("the server's answer is {}{reason}", invalid.reason))
        });
        drop(body);
        let answered = match received {
            Ok(Received::One(error)) if session_loss::is_lost_by(post, &error) => {
                return Ok(session_loss::outcome_of(error));
            }
            Ok(received) => self.deliver(received, post.origin(), share).await,
            Err(_) if on_stream => false,
            // An acknowledgement in plain text; the answer arrives on the stream.
            Err(_) if accepted => return Ok(Box::pin(self.await_on_standalone(post)).await),
            Err(failure) => return Err(failure),
        };
        if answered {
            post.handle.note_answer();
            Ok(Outcome::Done)
        } else if on_stream {
            Ok(Box::pin(self.await_on_stream(post)).await)
        } else {
            Err(protocol_failure(
                "the server answered with a different id than that of the request",
            ))
        }
    }

    /// Reads a complete event stream that was sent as JSON.
    async fn read_events_in(&self, body: Bytes, post: &Post) -> Outcome {
        let mut decoder = EventDecoder::new(self.limits.size);
        let mut memory = StreamMemory::default();
        decoder.feed(body);
        while let Some(event) = decoder.next_event().ok().flatten() {
            self.deliver_event(event, post.origin(), &mut memory, Share::default()).await;
        }
        self.deliver_unfinished(&mut decoder, post.origin(), &mut memory).await;
        outcome_of(&StreamEnd::Closed, &mut memory, post)
            .unwrap_or_else(|| Outcome::Failed(ended_early(&memory)))
    }

    /// Waits for an answer on the standalone stream (T-37), as long as there is one.
    async fn await_on_standalone(&self, post: &Post) -> Outcome {
        tokio::select! {
            biased;
            outcome = self.await_on_stream(post) => outcome,
            () = self.standalone.wait_until_missing() => Outcome::Failed(protocol_failure(
                "the server accepted the request and has no stream to answer it on",
            )),
        }
    }

    /// Waits for the answer to an accepted request, which arrives on another stream (T-37,
    /// HTTP+SSE). Progress restarts the time limit (T-26).
    async fn await_on_stream(&self, post: &Post) -> Outcome {
        let call = Message::parse(post.frame.clone().into_bytes()).ok();
        let watched = call.and_then(|call| self.progress.watch(&call));
        let limit = post.silence_limit(&self.limits);
        let count = || watched.as_ref().map(WatchedCall::count);
        loop {
            let seen = count();
            let settled = post.handle.wait_until_settled();
            let prompts = self.open_prompts.of(Some(post.number));
            match prompts.timeout_unless_prompting(limit, settled).await {
                Some(()) => break Outcome::Done,
                None if count() > seen => {}
                None => {
                    break Outcome::Failed(Failure::timed_out("--body-timeout", limit, |limit| {
                        format!("no answer within {limit} after the server accepted the request")
                    }));
                }
            }
        }
    }

    /// Reads an error response's body, or as much of it as arrives in time; returns an empty one if
    /// it is too large.
    pub(super) async fn read_error_body(&self, mut response: Response) -> Bytes {
        let (mut body, mut share) = (Vec::new(), Share::default());
        let limit = Some(ERROR_BODY_TIMEOUT);
        while let Some(Ok(Some(chunk))) =
            self.open_prompts.timeout_unless_prompting(limit, response.chunk()).await
        {
            let grows = body.len() + chunk.len() > body.capacity() && body.len() > SMALL_ERROR_BODY;
            if grows && !share.try_grow(body.capacity()) {
                return Bytes::new();
            }
            body.extend_from_slice(&chunk);
            if body.len() > MAX_ERROR_BODY {
                return Bytes::new();
            }
        }
        body.into()
    }
}
