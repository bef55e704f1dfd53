//! The GET and the DELETE of Streamable HTTP: the standalone stream and the end of a session
//! (revisions 2025-03-26 to 2025-11-25).

use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};
use tokio::time::Instant;

use super::media_type::read_media_type;
use super::retry::{self, Backoff};
use super::stream_origin::StreamOrigin;
use super::streams::{StreamEnd, StreamMemory};
use super::wire::{OnChallenge, Wire};
use super::{RemoteEvent, Session};
use crate::http::Response;
use crate::pace;
use crate::protocol::headers;

/// How long the DELETE that ends a session may take.
const DELETE_TIMEOUT: Duration = Duration::from_millis(300);

/// A stream that lasted this long is reopened soon.
const LASTING_STREAM: Duration = Duration::from_secs(10);
/// The first pause after a refusal.
const REFUSED_PAUSE: Duration = Duration::from_millis(1500);
/// The longest pause for a server that asks for shorter ones but then sends nothing.
const FRUITLESS_PAUSE: Duration = Duration::from_secs(5);
/// How often a stream that never existed is requested again.
const MAX_FIRST_REFUSALS: u32 = 5;

enum Listening {
    Stream(Box<Response>),
    Later(Option<Duration>),
    Refused(StatusCode),
    Impossible,
}

impl Wire {
    /// Keeps the standalone stream open (T-34) for as long as the session lasts, or finds that the
    /// server offers none.
    ///
    /// The meaning of a refusal depends on the session so far. If the stream was never open in this
    /// session, the server does not offer it: a 404 may just be a missing route, and the next POST
    /// will show whether the session is lost. If it was open before, a refusal is transient, or the
    /// session is lost, which only a POST can show.
    pub(super) async fn listen(self: Arc<Self>, session: Arc<Session>) {
        let generation = session.generation;
        let mut memory = StreamMemory::default();
        let mut pace = Pace::default();
        let mut offered = false;
        let mut doubted = false;
        let mut refusals = 0;
        self.standalone.begin();
        loop {
            let asked = match self.open_listening(&memory, &session).await {
                Listening::Stream(response) => {
                    (doubted, refusals) = (false, 0);
                    if !std::mem::replace(&mut offered, true) {
                        self.standalone.settle(true);
                        let event = RemoteEvent::Listening { generation, offered };
                        let _ = self.events.send(event).await;
                    }
                    if !self.follow_standalone(*response, &session, &mut memory, &mut pace).await {
                        return;
                    }
                    memory.retry
                }
                Listening::Later(wait) => {
                    pace.failed();
                    wait.or(memory.retry)
                }
                Listening::Refused(status)
                    if is_transient(status) && (offered || may_be_taken(status, refusals)) =>
                {
                    refusals += 1;
                    pace.refused(refusals);
                    if status == StatusCode::BAD_REQUEST {
                        memory.last_event_id = None;
                    }
                    let doubt = session.id.is_some() && may_mean_a_lost_session(status);
                    if doubt && !std::mem::replace(&mut doubted, true) {
                        let _ = self.events.send(RemoteEvent::SessionDoubted { generation }).await;
                    }
                    None
                }
                Listening::Refused(status) => {
                    let status = status.as_u16();
                    if offered || refusals > 0 {
                        tracing::warn!(
                            status,
                            "the server no longer offers the stream for its own messages; they are \
                             not received in this session"
                        );
                    }
                    break;
                }
                Listening::Impossible => break,
            };
            tokio::time::sleep(pace.pause(asked)).await;
        }
        self.standalone.settle(false);
        let event = RemoteEvent::Listening { generation, offered: false };
        let _ = self.events.send(event).await;
    }

    /// Follows the standalone stream to its end; returns whether it may be opened again.
    async fn follow_standalone(
        &self,
        response: Response,
        session: &Session,
        memory: &mut StreamMemory,
        pace: &mut Pace,
    ) -> bool {
        let origin = StreamOrigin::unasked(session.generation, session.has_batches());
        let (known, opened) = (memory.delivered, Instant::now());
        let end = self.follow(response, origin, memory).await;
        tracing::debug!(?end, "the standalone stream ended");
        pace.ended(memory.delivered > known, opened.elapsed());
        end != StreamEnd::NoReceiver
    }

    async fn open_listening(&self, memory: &StreamMemory, session: &Session) -> Listening {
        let fetched = self.get_optional_stream(session, memory.last_event_id.as_deref()).await;
        let mut response = match fetched {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                tracing::debug!(%error, "cannot open the standalone stream");
                return if error.is_invalid_request() {
                    Listening::Impossible
                } else {
                    Listening::Later(None)
                };
            }
            Err(failure) => {
                tracing::debug!("cannot open the standalone stream: {}", failure.message);
                let status = failure.status.and_then(|status| StatusCode::from_u16(status).ok());
                // A redirect that is not followed would be the same next time.
                return match status.filter(StatusCode::is_redirection) {
                    Some(status) => Listening::Refused(status),
                    None => Listening::Later(None),
                };
            }
        };
        let status = response.status();
        match status {
            _ if status.is_success()
                && read_media_type(&mut response).await == headers::EVENT_STREAM =>
            {
                Listening::Stream(Box::new(response))
            }
            _ if status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED
                || status == StatusCode::TOO_MANY_REQUESTS =>
            {
                Listening::Later(retry::parse_retry_after(response.headers()))
            }
            _ => {
                tracing::debug!(status = status.as_u16(), "the server refused a standalone stream");
                Listening::Refused(status)
            }
        }
    }

    /// Ends the session (T-33). The server's response does not matter.
    pub(super) async fn end_session(&self, session: &Session) {
        if session.id.is_none() {
            return;
        }
        let request = self.request(Method::DELETE, session, None, OnChallenge::GiveUp);
        match tokio::time::timeout(DELETE_TIMEOUT, request).await {
            Ok(Ok(Ok(response))) => {
                tracing::debug!(status = response.status().as_u16(), "ended the session");
            }
            Ok(Ok(Err(error))) => tracing::debug!(%error, "could not end the session"),
            Ok(Err(failure)) => tracing::debug!("could not end the session: {}", failure.message),
            Err(_) => tracing::debug!("the server did not answer the end of the session in time"),
        }
    }
}

/// The pace at which the standalone stream is reopened: at most twenty times a minute if it
/// delivers nothing, whatever pause the server asks for.
#[derive(Debug, Default)]
struct Pace {
    backoff: Backoff,
    fruitless: u32,
    fallback: Duration,
}

impl Pace {
    /// Notes that a stream ended. If it delivered a message or lasted, the pauses start over.
    fn ended(&mut self, has_delivered: bool, lasted: Duration) {
        if has_delivered || lasted >= LASTING_STREAM {
            self.backoff.reset();
            self.fruitless = 0;
        } else {
            self.fruitless += 1;
        }
        self.fallback = self.backoff.next_endless();
    }

    /// Notes that no stream could be opened.
    fn failed(&mut self) {
        self.fruitless += 1;
        self.fallback = self.backoff.next_endless();
    }

    /// Notes how many times in a row the server has refused the stream: it may need time to notice
    /// that the last one is gone.
    fn refused(&mut self, refusals: u32) {
        self.fruitless += 1;
        self.fallback =
            (REFUSED_PAUSE * 2u32.pow(refusals.clamp(1, 5) - 1)).min(pace::STREAM_RETRY.longest());
    }

    /// The pause before the next attempt; `asked` is the one that the server asks for.
    fn pause(&self, asked: Option<Duration>) -> Duration {
        let least = match self.fruitless {
            0..=2 => pace::STREAM_RETRY.shortest(),
            _ => self.fallback.min(FRUITLESS_PAUSE),
        };
        asked.unwrap_or(self.fallback).clamp(least, pace::STREAM_RETRY.longest().max(least))
    }
}

/// Whether a first refusal may come from a stream of an earlier run that the server still holds
/// open.
fn may_be_taken(status: StatusCode, refusals: u32) -> bool {
    refusals < MAX_FIRST_REFUSALS
        && matches!(
            status,
            StatusCode::CONFLICT | StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY
        )
}

/// Whether a server that has offered the stream may offer it again after this refusal.
fn is_transient(status: StatusCode) -> bool {
    may_mean_a_lost_session(status)
        || matches!(
            status,
            StatusCode::FORBIDDEN
                | StatusCode::REQUEST_TIMEOUT
                | StatusCode::CONFLICT
                | StatusCode::TOO_EARLY
        )
}

/// Whether this refusal may mean a lost session. For a forgotten one, servers answer 404 (T-32),
/// and also 400 (T-39) or 410. After 401, only a POST may ask for a sign-in.
fn may_mean_a_lost_session(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::NOT_FOUND
            | StatusCode::GONE
            | StatusCode::BAD_REQUEST
            | StatusCode::UNAUTHORIZED
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opens_in_a_minute(asked: Option<Duration>, has_delivered: bool) -> u32 {
        let mut pace = Pace::default();
        let (mut passed, mut opens) = (Duration::ZERO, 0);
        while passed < Duration::from_secs(60) {
            opens += 1;
            pace.ended(has_delivered, Duration::ZERO);
            passed += pace.pause(asked);
        }
        opens
    }

    /// T-91: no server sets a pace that is a storm
    #[test]
    fn a_stream_that_brings_nothing_is_opened_twenty_times_a_minute_at_most() {
        for asked in [None, Some(Duration::ZERO), Some(Duration::from_millis(300))] {
            let opens = opens_in_a_minute(asked, false);
            assert!((5..=20).contains(&opens), "{asked:?}: {opens}");
        }
        assert!(opens_in_a_minute(Some(Duration::ZERO), true) <= 600, "a floor of 100 ms");
        assert!(opens_in_a_minute(Some(Duration::from_secs(2)), true) >= 29, "as it was asked");
    }
}
