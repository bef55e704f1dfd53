//! Follows the stream that answers a request to the answer. One that ends too early is opened again
//! after the last event that arrived (T-36), if the remote can do this.

use std::time::Duration;

use http::StatusCode;
use reqwest::Response;

use super::failures::{lost_failure, protocol_failure, root_cause, timeout_failure};
use super::post::Post;
use super::retry::Backoff;
use super::streams::{StreamEnd, StreamMemory};
use super::wire::{Wire, media_type};
use super::{Outcome, Session};
use crate::error::{Failure, FailureKind};
use crate::protocol::headers;

/// How often in a row resuming a stream may fail or bring nothing new.
const MAX_RESUMPTIONS: u32 = 6;
/// The shortest pause before a stream is resumed, whatever the server asks for.
const MIN_RESUME_PAUSE: Duration = Duration::from_millis(10);

impl Wire {
    /// Follows the stream that answers a request, resuming it where it ends too early (T-36).
    pub(super) async fn follow_to_answer(&self, response: Response, post: &Post) -> Outcome {
        let mut memory = StreamMemory::default();
        let mut end = self.follow(response, post.origin(), &mut memory).await;
        let mut backoff = Backoff::default();
        loop {
            if memory.answered || post.handle.is_settled() || end == StreamEnd::NoReceiver {
                return Outcome::Done;
            }
            if let Some(failure) = failure_for_end(&end, &memory) {
                return Outcome::Failed(failure);
            }
            if post.modern.is_some() {
                // Streams of modern remotes cannot be resumed (T-60).
                return Outcome::Failed(lost_failure("the event stream ended before the answer"));
            }
            let Some(fallback) = backoff.next(MAX_RESUMPTIONS) else {
                return Outcome::Failed(lost_failure("the event stream could not be resumed"));
            };
            tokio::select! {
                () = tokio::time::sleep(memory.retry.unwrap_or(fallback).max(MIN_RESUME_PAUSE)) => {}
                () = post.handle.wait_until_settled() => return Outcome::Done,
            }
            let known = memory.progress;
            match self.resume(&memory, &post.session).await {
                Ok(response) => end = self.follow(response, post.origin(), &mut memory).await,
                Err(ResumeError::Retry(reason)) => end = StreamEnd::Broken(reason),
                Err(ResumeError::Permanent(failure)) => return Outcome::Failed(failure),
            }
            if memory.progress > known {
                backoff.reset();
            }
        }
    }

    /// Opens a stream again after the last event that arrived.
    async fn resume(
        &self,
        memory: &StreamMemory,
        session: &Session,
    ) -> Result<Response, ResumeError> {
        match self.get_stream(session, memory.last_event_id.as_deref()).await {
            Err(failure) if failure.kind == FailureKind::Timeout => {
                Err(ResumeError::Retry("no response".to_owned()))
            }
            Err(failure) => Err(ResumeError::Permanent(failure)),
            Ok(Err(error)) if error.is_builder() => Err(ResumeError::Permanent(protocol_failure(
                "the last event id cannot be sent in a header",
            ))),
            Ok(Err(error)) => Err(ResumeError::Retry(root_cause(&error))),
            Ok(Ok(response)) => check_resumed(response),
        }
    }
}

/// Why a stream was not resumed.
enum ResumeError {
    /// It may work later.
    Retry(String),
    /// It will not.
    Permanent(Failure),
}

fn check_resumed(response: Response) -> Result<Response, ResumeError> {
    let status = response.status();
    if status.is_success() && media_type(&response) == headers::EVENT_STREAM {
        return Ok(response);
    }
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return Err(ResumeError::Retry(format!("HTTP {}", status.as_u16())));
    }
    let code = status.as_u16();
    let failure =
        lost_failure(&format!("the server does not resume the stream (HTTP {code})")).status(code);
    Err(ResumeError::Permanent(failure))
}

/// The failure if a stream that ended like this cannot be resumed.
fn failure_for_end(end: &StreamEnd, memory: &StreamMemory) -> Option<Failure> {
    match end {
        StreamEnd::Silent => {
            Some(timeout_failure("the event stream fell silent before the answer"))
        }
        StreamEnd::TooLarge => {
            Some(protocol_failure("the server sent an event beyond the size limit"))
        }
        StreamEnd::Broken(reason) if memory.last_event_id.is_none() => {
            Some(lost_failure(&format!("the event stream broke before the answer: {reason}")))
        }
        StreamEnd::Closed if memory.last_event_id.is_none() => {
            Some(lost_failure("the server ended the event stream before the answer"))
        }
        _ => None,
    }
}
