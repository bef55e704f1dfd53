//! Follows the stream that answers a request to the answer. One that ends too early is opened again
//! after the last event that arrived (T-36), if the remote can do this.

use std::time::Duration;

use http::StatusCode;

use super::failures::{lost_failure, protocol_failure, root_cause, timeout_failure};
use super::post::Post;
use super::retry::{self, Backoff};
use super::streams::{StreamEnd, StreamMemory};
use super::wire::{Wire, media_type};
use super::{Outcome, Session};
use crate::error::{Failure, FailureKind};
use crate::http::Response;
use crate::protocol::headers;

/// How often in a row resuming a stream may fail or bring nothing new.
const MAX_RESUMPTIONS: u32 = 6;

impl Wire {
    /// Follows the stream that answers a request, resuming it where it ends too early (T-36).
    pub(super) async fn follow_to_answer(&self, response: Response, post: &Post) -> Outcome {
        let mut memory = StreamMemory::default();
        let mut end = self.follow(response, post.origin(), &mut memory).await;
        // How often in a row nothing new came, and the growing pauses while no message comes.
        let mut fruitless = 0;
        let mut backoff = Backoff::default();
        let mut asked = None;
        loop {
            if end == StreamEnd::OldTransport {
                return old_transport();
            }
            if memory.answered {
                post.handle.note_answer();
            }
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
            if fruitless >= MAX_RESUMPTIONS {
                return Outcome::Failed(lost_failure("the event stream could not be resumed"));
            }
            let fallback = backoff.next_endless();
            let pause = asked.take().or(memory.retry).unwrap_or(fallback).max(retry::MIN_PAUSE);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = post.handle.wait_until_settled() => return Outcome::Done,
            }
            let (known, delivered) = (memory.progress, memory.delivered);
            memory.asks_for_pause = false;
            match self.resume(&memory, &post.session).await {
                Ok(response) => end = self.follow(response, post.origin(), &mut memory).await,
                Err(ResumeError::Retry(reason, wait)) => {
                    asked = wait.filter(|wait| *wait <= retry::MAX_RETRY_AFTER);
                    end = StreamEnd::Broken(reason);
                }
                Err(ResumeError::Permanent(failure)) => return Outcome::Failed(failure),
            }
            fruitless = if memory.progress > known { 0 } else { fruitless + 1 };
            if memory.delivered > delivered || memory.asks_for_pause {
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
                Err(ResumeError::Retry("no response".to_owned(), None))
            }
            Err(failure) => Err(ResumeError::Permanent(failure)),
            Ok(Err(error)) if error.is_invalid_request() => Err(ResumeError::Permanent(
                protocol_failure("the last event id cannot be sent in a header"),
            )),
            Ok(Err(error)) => Err(ResumeError::Retry(root_cause(&error), None)),
            Ok(Ok(response)) => check_resumed(response),
        }
    }
}

/// Why a stream was not resumed.
enum ResumeError {
    /// It may work later, after this pause if the server asked for one.
    Retry(String, Option<Duration>),
    /// It will not.
    Permanent(Failure),
}

fn check_resumed(response: Response) -> Result<Response, ResumeError> {
    let status = response.status();
    if status.is_success() && media_type(&response) == headers::EVENT_STREAM {
        return Ok(response);
    }
    // 409 and 425: the server has not noticed yet that the connection before is gone.
    let may_pass = matches!(status.as_u16(), 408 | 409 | 425 | 429)
        || status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED;
    if may_pass {
        let wait = retry::parse_retry_after(response.headers());
        return Err(ResumeError::Retry(format!("HTTP {}", status.as_u16()), wait));
    }
    let code = status.as_u16();
    let failure =
        lost_failure(&format!("the server does not resume the stream (HTTP {code})")).status(code);
    Err(ResumeError::Permanent(failure))
}

/// The outcome for a POST that was answered with the stream of HTTP+SSE: such a server wants its
/// messages elsewhere (T-75).
fn old_transport() -> Outcome {
    let failure = protocol_failure("server answered a message with an event stream of HTTP+SSE")
        .hint("if it speaks HTTP+SSE, add `--transport sse-only`");
    Outcome::refused(StatusCode::OK, failure)
}

/// The failure if a stream that ended like this cannot be resumed.
fn failure_for_end(end: &StreamEnd, memory: &StreamMemory) -> Option<Failure> {
    match end {
        StreamEnd::Silent => {
            Some(timeout_failure("the event stream fell silent before the answer"))
        }
        StreamEnd::Invalid(reason) => {
            Some(protocol_failure(&format!("the server's answer is {reason}")))
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
