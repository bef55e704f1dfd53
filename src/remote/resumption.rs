//! Follows the stream of a request until its answer arrives. A stream that ends too early is
//! resumed after the last event received (T-36), if the remote supports that.

use std::time::Duration;

use http::StatusCode;
use tokio::time::Instant;

use super::failures::{lost_failure, protocol_failure, reason_in};
use super::media_type::read_media_type;
use super::post::Post;
use super::retry::{self, Backoff};
use super::session_loss;
use super::streams::{StreamEnd, StreamMemory};
use super::wire::Wire;
use super::{Outcome, Session};
use crate::error::{Failure, FailureKind};
use crate::http::Response;
use crate::pace;
use crate::protocol::headers;

/// How often in a row a resumed stream may deliver nothing new.
const MAX_RESUMPTIONS: u32 = 6;
/// The shortest time for which resuming is retried.
const MIN_PATIENCE: Duration = Duration::from_secs(3);
/// The longest pause after a failure, unless the server asks for a longer one.
const MAX_PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(5);

/// What a stream was resumed with.
struct Resumed {
    response: Response,
    /// Otherwise the answer itself, as JSON.
    is_stream: bool,
}

impl Wire {
    /// Follows the stream that answers a request, and resumes it if it ends too early (T-36).
    pub(super) async fn follow_to_answer(&self, response: Response, post: &Post) -> Outcome {
        let mut memory = StreamMemory::default();
        let end = self.follow(response, post.origin(), &mut memory).await;
        match outcome_of(&end, &mut memory, post) {
            Some(outcome) => outcome,
            // Boxed because it is large and rare.
            None => Box::pin(self.resume_to_answer(end, memory, post)).await,
        }
    }

    /// Resumes a stream that ended too early, until the answer arrives.
    async fn resume_to_answer(
        &self,
        mut end: StreamEnd,
        mut memory: StreamMemory,
        post: &Post,
    ) -> Outcome {
        let mut attempts = ResumeAttempts::default();
        loop {
            if let Some(outcome) = outcome_of(&end, &mut memory, post) {
                return outcome;
            }
            if attempts.is_over(self.limits.opening.max(MIN_PATIENCE)) {
                return Outcome::Failed(lost_failure("the event stream could not be resumed"));
            }
            tokio::select! {
                () = tokio::time::sleep(attempts.pause(memory.retry)) => {}
                () = post.handle.wait_until_settled() => return Outcome::Done,
            }
            let (known, delivered) = (memory.progress, memory.delivered);
            memory.asks_for_pause = false;
            match self.resume(&memory, &post.session).await {
                Ok(Resumed { response, is_stream: false }) => {
                    // The answer itself in the place of a stream with it (T-21).
                    let answer = self.read_json_answer(response, post, false);
                    return Box::pin(answer).await.unwrap_or_else(Outcome::Failed);
                }
                Ok(Resumed { response, .. }) => {
                    end = self.follow(response, post.origin(), &mut memory).await;
                    let is_paced = memory.delivered > delivered || memory.asks_for_pause;
                    attempts.ended(memory.progress > known, is_paced);
                }
                Err(ResumeError::Retry(reason, wait)) => {
                    attempts.failed(wait);
                    end = StreamEnd::Broken(reason);
                }
                Err(ResumeError::Permanent(failure)) => return Outcome::Failed(failure),
            }
        }
    }

    /// Reopens a stream after the last event received.
    async fn resume(
        &self,
        memory: &StreamMemory,
        session: &Session,
    ) -> Result<Resumed, ResumeError> {
        match self.get_stream(session, memory.last_event_id.as_deref()).await {
            Err(failure) if failure.kind == FailureKind::Timeout => {
                Err(ResumeError::Retry("no answer".to_owned(), None))
            }
            Err(failure) => Err(ResumeError::Permanent(failure)),
            Ok(Err(error)) if error.is_invalid_request() => Err(ResumeError::Permanent(
                protocol_failure("the last event id cannot be sent in a header"),
            )),
            Ok(Err(error)) => Err(ResumeError::Retry(error.reason(), None)),
            Ok(Ok(response)) => self.check_resumed(response).await,
        }
    }

    async fn check_resumed(&self, mut response: Response) -> Result<Resumed, ResumeError> {
        let status = response.status();
        if status.is_success() {
            let kind = read_media_type(&mut response).await;
            if matches!(&*kind, headers::EVENT_STREAM | headers::JSON) {
                return Ok(Resumed { response, is_stream: kind == headers::EVENT_STREAM });
            }
        }
        let code = status.as_u16();
        if is_transient(status) {
            let wait = retry::parse_retry_after(response.headers());
            return Err(ResumeError::Retry(format!("HTTP {code}"), wait));
        }
        let body = self.read_error_body(response).await;
        let body = self.without_own_secrets(&body, self.endpoint.url());
        let reason = reason_in(&body).map_or_else(String::new, |reason| format!(": {reason}"));
        let text = format!("the server does not resume the stream (HTTP {code}{reason})");
        Err(ResumeError::Permanent(lost_failure(&text).status(code)))
    }
}

/// The outcome of a request whose stream has ended; `None` if the stream has to be resumed.
pub(super) fn outcome_of(
    end: &StreamEnd,
    memory: &mut StreamMemory,
    post: &Post,
) -> Option<Outcome> {
    if *end == StreamEnd::OldTransport {
        return Some(old_transport());
    }
    if let Some(error) = memory.session_loss.take() {
        return Some(session_loss::outcome_of(*error));
    }
    if memory.answered {
        post.handle.note_answer();
    }
    if memory.answered || post.handle.is_settled() || *end == StreamEnd::NoReceiver {
        return Some(Outcome::Done);
    }
    if let Some(failure) = failure_for_end(end, memory) {
        return Some(Outcome::Failed(failure));
    }
    // Streams of modern remotes cannot be resumed (T-60).
    let ended = || lost_failure("the event stream ended before the answer");
    post.modern.is_some().then(|| Outcome::Failed(ended()))
}

/// The attempts at resuming one stream so far.
#[derive(Debug, Default)]
struct ResumeAttempts {
    /// How many streams in a row have delivered nothing new.
    fruitless: u32,
    /// When opening the stream began to fail.
    failing_since: Option<Instant>,
    backoff: Backoff,
    asked: Option<Duration>,
}

impl ResumeAttempts {
    /// Notes that a resumed stream has ended. It counts as fruitless unless it delivered something,
    /// or the server set the pace.
    fn ended(&mut self, has_progressed: bool, is_paced: bool) {
        self.failing_since = None;
        self.fruitless = if has_progressed { 0 } else { self.fruitless + 1 };
        if is_paced {
            self.backoff.reset();
        }
    }

    /// Notes that no stream could be opened; `asked` is the pause that the server asks for.
    fn failed(&mut self, asked: Option<Duration>) {
        self.failing_since.get_or_insert_with(Instant::now);
        self.asked = asked.filter(|asked| pace::RETRY_AFTER.is_acceptable(*asked));
    }

    fn is_over(&self, patience: Duration) -> bool {
        let has_failed_for_long = self.failing_since.is_some_and(|at| at.elapsed() > patience);
        self.fruitless >= MAX_RESUMPTIONS || has_failed_for_long
    }

    /// The pause before the next attempt; `retry` is the one that the stream asks for.
    fn pause(&mut self, retry: Option<Duration>) -> Duration {
        let growing = self.backoff.next_endless();
        let pause = match self.asked.take() {
            Some(asked) => asked,
            None if self.failing_since.is_some() => {
                growing.min(MAX_PAUSE_AFTER_FAILURE).max(retry.unwrap_or_default())
            }
            None => retry.unwrap_or(growing),
        };
        pace::STREAM_RETRY.clamp(pause)
    }
}

/// Why a stream was not resumed.
enum ResumeError {
    /// Resuming may work later, after this pause if the server asked for one.
    Retry(String, Option<Duration>),
    /// Resuming will not work.
    Permanent(Failure),
}

/// Whether a stream's refusal is transient. 409 and 425 mean that the server has not yet noticed
/// the loss of the previous connection.
fn is_transient(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 408 | 409 | 425 | 429)
        || status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED
}

/// The outcome for a POST that was answered with an HTTP+SSE stream: such a server expects its
/// messages elsewhere (T-75).
fn old_transport() -> Outcome {
    let failure =
        protocol_failure("the server answered a message with an event stream of HTTP+SSE")
            .hint("if it speaks HTTP+SSE, add `--transport sse-only`");
    Outcome::refused(StatusCode::OK, failure)
}

/// The failure if a stream that ended like this cannot be resumed.
fn failure_for_end(end: &StreamEnd, memory: &StreamMemory) -> Option<Failure> {
    match end {
        StreamEnd::Silent(limit) => Some(Failure::timed_out("--body-timeout", *limit, |limit| {
            format!("the event stream was silent for {limit} before the answer")
        })),
        StreamEnd::Invalid(reason) => {
            Some(protocol_failure(&format!("the server's answer is {reason}")))
        }
        StreamEnd::TooLarge => {
            Some(protocol_failure("the server sent an event beyond the size limit"))
        }
        StreamEnd::Broken(reason) if memory.last_event_id.is_none() => {
            Some(lost_failure(&format!("the event stream broke before the answer: {reason}")))
        }
        StreamEnd::Closed if memory.last_event_id.is_none() => Some(ended_early(memory)),
        _ => None,
    }
}

/// The failure for a stream that the server ended, with the reason that it gave.
pub(super) fn ended_early(memory: &StreamMemory) -> Failure {
    let said = memory.said.as_ref().map_or_else(String::new, |said| format!(": {said}"));
    lost_failure(&format!("the server ended the event stream before the answer{said}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T-99: bounded, growing pauses where no stream can be opened; otherwise the server's pace
    #[tokio::test(start_paused = true)]
    async fn resuming_goes_at_the_servers_pace_and_fails_within_bounds() {
        let zero = Some(Duration::ZERO);
        let mut attempts = ResumeAttempts::default();
        for _ in 0..100 {
            attempts.ended(true, true);
            assert_eq!(attempts.pause(zero), pace::STREAM_RETRY.shortest());
            assert!(!attempts.is_over(Duration::from_secs(20)));
        }
        let mut count = 0;
        while !attempts.is_over(Duration::from_secs(20)) {
            attempts.failed(None);
            let pause = attempts.pause(zero);
            tokio::time::advance(pause).await;
            count += 1;
        }
        assert!((6..12).contains(&count), "{count}");
        attempts.ended(true, true);
        assert_eq!(attempts.pause(Some(Duration::MAX)), pace::STREAM_RETRY.longest());
        attempts.failed(Some(Duration::from_secs(7)));
        assert_eq!(attempts.pause(None), Duration::from_secs(7));
        attempts.failed(Some(Duration::from_secs(3600)));
        assert!(attempts.pause(None) <= MAX_PAUSE_AFTER_FAILURE, "nobody waits for that long");
        let mut attempts = ResumeAttempts::default();
        for _ in 0..MAX_RESUMPTIONS {
            assert!(!attempts.is_over(Duration::from_secs(20)));
            attempts.ended(false, false);
        }
        assert!(attempts.is_over(Duration::from_secs(20)));
    }
}
