//! The stream that answers a request, followed to the answer: one that ends too early is opened
//! again behind the last event that arrived (T-36), if the remote is one that can do this.

use std::time::Duration;

use http::StatusCode;
use reqwest::Response;

use super::exchange::{Post, lost, media_type, protocol, timeout};
use super::retry::Backoff;
use super::wire::{StreamEnd, StreamMemory, Wire};
use super::{Outcome, Session, refusal};
use crate::error::{Failure, FailureKind};
use crate::protocol::headers;

/// How often in a row resuming a stream may fail or bring nothing new.
const RESUME_RETRIES: u32 = 6;
/// The shortest pause before a stream is resumed, whatever the server asks for.
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);

impl Wire {
    /// Follows the stream that answers a request, resuming it where it ends too early (T-36).
    pub(super) async fn follow_through(&self, response: Response, post: &Post) -> Outcome {
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
