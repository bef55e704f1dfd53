//! What Streamable HTTP has besides POST: the standalone stream and the end of a session (revisions
//! 2025-03-26 to 2025-11-25).

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use reqwest::Method;

use super::exchange::media_type;
use super::retry::{self, Backoff};
use super::wire::{Origin, Reading, StreamEnd, StreamMemory, Wire};
use super::{RemoteEvent, Session};
use crate::protocol::headers;

/// How long ending a session may take.
const DELETE_LIMIT: Duration = Duration::from_millis(400);

enum Listening {
    Stream(reqwest::Response),
    Later(Option<Duration>),
    SessionLost,
    NotOffered,
}

impl Wire {
    /// Keeps the standalone stream open (T-34) until the remote does not offer it or the session is
    /// lost.
    pub(super) async fn listen(self: Arc<Self>, session: Arc<Session>) {
        let generation = session.generation;
        let origin = Origin { exchange: None, generation, reading: Reading::Resumable };
        let mut memory = StreamMemory::default();
        let mut backoff = Backoff::default();
        let mut untold = true;
        loop {
            let mut pause = None;
            match self.open_listening(&memory, &session).await {
                Listening::Stream(response) => {
                    if std::mem::take(&mut untold) {
                        let event = RemoteEvent::Listening { generation, offered: true };
                        let _ = self.events.send(event).await;
                    }
                    let known = memory.steps;
                    let end = self.follow(response, origin, &mut memory).await;
                    tracing::debug!(?end, "the standalone stream ended");
                    if end == StreamEnd::Unheard {
                        return;
                    }
                    if memory.steps > known {
                        backoff.reset();
                    }
                }
                Listening::Later(wait) => pause = wait,
                Listening::NotOffered => {
                    let event = RemoteEvent::Listening { generation, offered: false };
                    let _ = self.events.send(event).await;
                    return;
                }
                Listening::SessionLost => {
                    let _ = self.events.send(RemoteEvent::SessionLost { generation }).await;
                    return;
                }
            }
            let fallback = backoff.next_endless();
            tokio::time::sleep(pause.or(memory.retry).unwrap_or(fallback)).await;
        }
    }

    async fn open_listening(&self, memory: &StreamMemory, session: &Session) -> Listening {
        let fetched = self.fetch(session, memory.last_event_id.as_deref()).await;
        let response = match fetched {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                tracing::debug!(%error, "cannot open the standalone stream");
                return if error.is_builder() {
                    Listening::NotOffered
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
            StatusCode::NOT_FOUND if session.id.is_some() => Listening::SessionLost,
            _ if status.is_success() && media_type(&response) == headers::EVENT_STREAM => {
                Listening::Stream(response)
            }
            _ if status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED
                || status == StatusCode::TOO_MANY_REQUESTS =>
            {
                Listening::Later(retry::retry_after(response.headers()))
            }
            _ => {
                tracing::debug!(status = status.as_u16(), "the server offers no standalone stream");
                Listening::NotOffered
            }
        }
    }

    /// Ends the session (T-33). Whether the server agrees does not matter any more.
    pub(super) async fn end_session(&self, session: &Session) {
        if session.id.is_none() {
            return;
        }
        let request = async {
            let (request, _) =
                self.authorized(Method::DELETE, &self.endpoint, session).await.ok()?;
            Some(self.outbound.send(request).await)
        };
        match tokio::time::timeout(DELETE_LIMIT, request).await {
            Ok(Some(Ok(response))) => {
                tracing::debug!(status = response.status().as_u16(), "ended the session");
            }
            Ok(Some(Err(error))) => tracing::debug!(%error, "could not end the session"),
            Ok(None) => tracing::debug!("could not end the session without a token"),
            Err(_) => tracing::debug!("the server did not answer the end of the session in time"),
        }
    }
}
