//! The GET and the DELETE of Streamable HTTP: the standalone stream and the end of a session
//! (revisions 2025-03-26 to 2025-11-25).

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use reqwest::Method;

use super::retry::{self, Backoff};
use super::streams::{StreamEnd, StreamMemory, StreamOrigin, StreamReadMode};
use super::wire::{Wire, media_type};
use super::{RemoteEvent, Session};
use crate::protocol::headers;

/// How long the DELETE that ends a session may take.
const DELETE_TIMEOUT: Duration = Duration::from_millis(400);

enum Listening {
    Stream(reqwest::Response),
    Later(Option<Duration>),
    Refused(StatusCode),
    Impossible,
}

impl Wire {
    /// Keeps the standalone stream open (T-34) for as long as the session lasts, or finds that the
    /// server offers none.
    ///
    /// A refusal is judged by what this session has had before. A server that has not offered the
    /// stream in this session does not offer it at all: a 404 may be nothing but a missing route, and
    /// whether the session is lost is for the next POST to say. Once there was a stream, a refusal is
    /// a passing one, or the session is lost, which only a POST can tell.
    pub(super) async fn listen(self: Arc<Self>, session: Arc<Session>) {
        let generation = session.generation;
        let origin =
            StreamOrigin { exchange: None, generation, reading: StreamReadMode::Resumable };
        let mut memory = StreamMemory::default();
        let mut backoff = Backoff::default();
        let mut offered = false;
        let mut doubted = false;
        loop {
            let fallback = backoff.next_endless();
            let pause = match self.open_listening(&memory, &session).await {
                Listening::Stream(response) => {
                    doubted = false;
                    if !std::mem::replace(&mut offered, true) {
                        let event = RemoteEvent::Listening { generation, offered };
                        let _ = self.events.send(event).await;
                    }
                    let known = memory.progress;
                    let end = self.follow(response, origin, &mut memory).await;
                    tracing::debug!(?end, "the standalone stream ended");
                    if end == StreamEnd::NoReceiver {
                        return;
                    }
                    if memory.progress > known {
                        backoff.reset();
                    }
                    memory.retry
                }
                Listening::Later(wait) => wait.or(memory.retry),
                Listening::Refused(status) if offered && is_passing(status) => {
                    if status == StatusCode::BAD_REQUEST {
                        memory.last_event_id = None;
                    }
                    let doubt = session.id.is_some() && may_mean_a_lost_session(status);
                    if doubt && !std::mem::replace(&mut doubted, true) {
                        let _ = self.events.send(RemoteEvent::SessionDoubted { generation }).await;
                    }
                    None
                }
                Listening::Refused(_) | Listening::Impossible => {
                    let event = RemoteEvent::Listening { generation, offered: false };
                    let _ = self.events.send(event).await;
                    return;
                }
            };
            tokio::time::sleep(pause.unwrap_or(fallback)).await;
        }
    }

    async fn open_listening(&self, memory: &StreamMemory, session: &Session) -> Listening {
        let fetched = self.get_stream(session, memory.last_event_id.as_deref()).await;
        let response = match fetched {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                tracing::debug!(%error, "cannot open the standalone stream");
                return if error.is_builder() {
                    Listening::Impossible
                } else {
                    Listening::Later(None)
                };
            }
            Err(failure) => {
                tracing::debug!("cannot open the standalone stream: {}", failure.message);
                return Listening::Later(None);
            }
        };
        let status = response.status();
        match status {
            _ if status.is_success() && media_type(&response) == headers::EVENT_STREAM => {
                Listening::Stream(response)
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

    /// Ends the session (T-33). What the server answers does not matter.
    pub(super) async fn end_session(&self, session: &Session) {
        if session.id.is_none() {
            return;
        }
        let request = async {
            let (request, _) =
                self.authorize(Method::DELETE, &self.endpoint, session).await.ok()?;
            Some(self.outbound.send(request).await)
        };
        match tokio::time::timeout(DELETE_TIMEOUT, request).await {
            Ok(Some(Ok(response))) => {
                tracing::debug!(status = response.status().as_u16(), "ended the session");
            }
            Ok(Some(Err(error))) => tracing::debug!(%error, "could not end the session"),
            Ok(None) => tracing::debug!("could not end the session without a token"),
            Err(_) => tracing::debug!("the server did not answer the end of the session in time"),
        }
    }
}

/// Whether a server that has offered the stream may offer it again after this refusal.
fn is_passing(status: StatusCode) -> bool {
    may_mean_a_lost_session(status)
        || matches!(
            status,
            StatusCode::FORBIDDEN
                | StatusCode::REQUEST_TIMEOUT
                | StatusCode::CONFLICT
                | StatusCode::TOO_EARLY
        )
}

/// Servers say 404 of a forgotten session (T-32), and also 400 (T-39) or 410.
fn may_mean_a_lost_session(status: StatusCode) -> bool {
    matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::BAD_REQUEST)
}
