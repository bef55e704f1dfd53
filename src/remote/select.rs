//! Which transport a remote speaks (T-80 to T-83). The host's own `initialize` is the first request a
//! legacy server sees: nothing is probed with messages of our own, and nothing is left behind.
//!
//! `server/discover` for servers of 2026-07-28 takes its place between the two steps here.

use std::sync::Arc;

use http::StatusCode;

use super::exchange::{Post, Trouble};
use super::http_sse::NoStream;
use super::session::session_id;
use super::wire::Wire;
use super::{Outcome, RemoteEvent, Transport, TransportChoice};

impl Wire {
    /// Sends `initialize` over the transport in use, or over the first that works.
    pub(super) async fn open(
        self: &Arc<Self>,
        post: &Post,
        known: Option<&Transport>,
        choice: TransportChoice,
    ) -> Outcome {
        match (known, choice) {
            (Some(Transport::StreamableHttp), _) | (None, TransportChoice::HttpOnly) => {
                match self.open_streamable(post).await {
                    Ok(outcome) => outcome,
                    Err(trouble) => self.give_up(trouble, post).await,
                }
            }
            (Some(Transport::HttpSse { .. }), _) | (None, TransportChoice::SseOnly) => {
                match self.open_http_sse(post).await {
                    Ok(outcome) => outcome,
                    Err(NoStream::NotOffered(failure) | NoStream::Failed(failure)) => {
                        Outcome::Failed(failure)
                    }
                }
            }
            (None, TransportChoice::HttpFirst) => self.open_http_first(post).await,
            (None, TransportChoice::SseFirst) => self.open_sse_first(post).await,
        }
    }

    async fn open_http_first(self: &Arc<Self>, post: &Post) -> Outcome {
        let trouble = match self.open_streamable(post).await {
            Ok(outcome) => return outcome,
            Err(trouble) => trouble,
        };
        if !may_be_older(&trouble) {
            return self.give_up(trouble, post).await;
        }
        match self.open_http_sse(post).await {
            Ok(outcome) => outcome,
            // The refusal of the POST says more than the absence of a stream.
            Err(NoStream::NotOffered(_)) => self.give_up(trouble, post).await,
            Err(NoStream::Failed(failure)) => Outcome::Failed(failure),
        }
    }

    async fn open_sse_first(self: &Arc<Self>, post: &Post) -> Outcome {
        match self.open_http_sse(post).await {
            Ok(outcome) => outcome,
            Err(NoStream::Failed(failure)) => Outcome::Failed(failure),
            Err(NoStream::NotOffered(_)) => match self.open_streamable(post).await {
                Ok(outcome) => outcome,
                Err(trouble) => self.give_up(trouble, post).await,
            },
        }
    }

    async fn open_streamable(self: &Arc<Self>, post: &Post) -> Result<Outcome, Trouble> {
        let response = self.send_post(post, &self.endpoint).await?;
        let session_id = session_id(response.headers());
        self.opened(post, Transport::StreamableHttp, session_id).await;
        Ok(self.answer(response, post, false).await)
    }

    async fn open_http_sse(self: &Arc<Self>, post: &Post) -> Result<Outcome, NoStream> {
        let stream = self.open_stream().await?;
        let endpoint = stream.endpoint.clone();
        let pump = tokio::spawn(Arc::clone(self).pump(stream, post.session.generation));
        let transport =
            Transport::HttpSse { endpoint: endpoint.clone(), pump: pump.abort_handle() };
        self.opened(post, transport, None).await;
        Ok(self.exchange(post, &endpoint, true).await)
    }

    async fn opened(
        &self,
        post: &Post,
        transport: Transport,
        session_id: Option<http::HeaderValue>,
    ) {
        let event = RemoteEvent::Opened { exchange: post.number, transport, session_id };
        let _ = self.events.send(event).await;
    }
}

/// Whether this answer to `initialize` can come from a server that only speaks HTTP+SSE (T-83). A
/// JSON-RPC error with 400 is an answer to the host, not a sign of age.
fn may_be_older(trouble: &Trouble) -> bool {
    let Trouble::Refused(refusal) = trouble else { return false };
    let status = refusal.status;
    let answered = status == StatusCode::BAD_REQUEST && refusal.answer.is_some();
    !answered && matches!(status.as_u16(), 400 | 404 | 405 | 406 | 415 | 422 | 501)
}
