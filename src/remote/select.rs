//! The steps of finding out what a remote is (T-80), one at a time: which comes next is for the
//! bridge to say. What came of a step goes back whole, an HTTP refusal included.

use std::sync::Arc;

use super::exchange::{Post, Trouble};
use super::http_sse::NoStream;
use super::session::session_id;
use super::wire::Wire;
use super::{Outcome, Refused, RemoteEvent, Transport};

impl Wire {
    /// Sends `initialize` or `server/discover` over Streamable HTTP.
    pub(super) async fn open_streamable(&self, post: &Post) -> Outcome {
        let response = match self.send_post(post, &self.endpoint).await {
            Ok(response) => response,
            Err(Trouble::SessionLost) => return Outcome::SessionLost,
            Err(Trouble::Failed(failure)) => return Outcome::Failed(failure),
            Err(Trouble::Refused(refusal)) => {
                let (status, failure) = (refusal.status.as_u16(), refusal.failure);
                return Outcome::Refused(Box::new(Refused {
                    status: Some(status),
                    failure,
                    answer: refusal.answer,
                }));
            }
        };
        let session_id = session_id(response.headers());
        self.opened(post, Transport::StreamableHttp, session_id).await;
        self.answer(response, post, false).await
    }

    /// Opens the stream of HTTP+SSE and sends `initialize` to the endpoint that it names.
    pub(super) async fn open_http_sse(self: &Arc<Self>, post: &Post) -> Outcome {
        let stream = match self.open_stream().await {
            Ok(stream) => stream,
            Err(NoStream::Failed(failure)) => return Outcome::Failed(failure),
            Err(NoStream::NotOffered(failure)) => {
                return Outcome::Refused(Box::new(Refused { status: None, failure, answer: None }));
            }
        };
        let endpoint = stream.endpoint.clone();
        let pump = tokio::spawn(Arc::clone(self).pump(stream, post.session.generation));
        let transport =
            Transport::HttpSse { endpoint: endpoint.clone(), pump: pump.abort_handle() };
        self.opened(post, transport, None).await;
        self.exchange(post, &endpoint, true).await
    }

    async fn opened(
        &self,
        post: &Post,
        transport: Transport,
        session_id: Option<http::HeaderValue>,
    ) {
        let (exchange, generation) = (post.number, post.session.generation);
        let event = RemoteEvent::Opened { exchange, transport, session_id, generation };
        let _ = self.events.send(event).await;
    }
}
