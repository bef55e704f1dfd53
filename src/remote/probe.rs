//! Sends the probes that find out what a remote is (T-80), one at a time. The bridge decides which
//! comes next, and gets each outcome in full, including HTTP refusals.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use super::attempts::Attempts;
use super::http_sse::NoStream;
use super::media_type::read_media_type;
use super::post::Post;
use super::session::read_session_id;
use super::wire::Wire;
use super::{Outcome, ProbeRefusal, RemoteEvent, Session, Transport};
use crate::error::{Failure, FailureKind};
use crate::protocol::headers;

/// How long a server may keep silent before it is asked whether it is an old one.
const SILENT_POST_TIMEOUT: Duration = Duration::from_secs(5);

impl Wire {
    /// Sends `initialize` or `server/discover` over Streamable HTTP. An old server may never answer
    /// that (`may_be_old`, T-88).
    pub(super) async fn open_streamable(&self, post: &Post, may_be_old: bool) -> Outcome {
        let attempts = Attempts::of_opening(self.limits.opening);
        let sent = tokio::select! {
            biased;
            sent = self.send_post(post, &self.endpoint, false, attempts) => sent,
            failure = self.find_old_stream(), if may_be_old => {
                return Outcome::refused(StatusCode::METHOD_NOT_ALLOWED, failure);
            }
        };
        let mut response = match sent {
            Ok(response) => response,
            Err(error) => return error.into(),
        };
        let media_type = read_media_type(&mut response).await;
        if !matches!(media_type.as_ref(), headers::JSON | headers::EVENT_STREAM) {
            // The probe opened no session.
            return self.read_answer(response, post, false).await;
        }
        let session_id = read_session_id(response.headers());
        // The rest of this exchange belongs to the session that its response opened.
        let session = Session::new(post.session.generation, session_id.clone(), None);
        let opened = Post { session: Arc::new(session), ..post.clone() };
        self.report_opened(post, Transport::StreamableHttp, session_id).await;
        self.read_answer(response, &opened, false).await
    }

    /// After a while, asks once for the stream of HTTP+SSE, and ends only if it is there.
    async fn find_old_stream(&self) -> Failure {
        tokio::time::sleep(SILENT_POST_TIMEOUT).await;
        if !self.has_old_stream().await {
            std::future::pending::<()>().await;
        }
        Failure::new(FailureKind::Timeout, "the server did not answer `initialize`")
            .hint("name its transport: `--transport sse-only`")
    }

    /// Opens the stream of HTTP+SSE and sends `initialize` to the endpoint that it names.
    pub(super) async fn open_http_sse(self: &Arc<Self>, post: &Post) -> Outcome {
        let stream = match self.open_stream().await {
            Ok(stream) => stream,
            Err(NoStream::Failed(failure)) => return Outcome::Failed(failure),
            Err(NoStream::NotOffered(failure)) => {
                return Outcome::Refused(Box::new(ProbeRefusal {
                    status: None,
                    failure,
                    answer: None,
                }));
            }
        };
        let endpoint = stream.endpoint.clone();
        let task = tokio::spawn(Arc::clone(self).forward_stream(stream, post.session.generation));
        let transport =
            Transport::HttpSse { endpoint: endpoint.clone(), stream_task: task.abort_handle() };
        self.report_opened(post, transport, None).await;
        let attempts = Attempts::of_opening(self.limits.opening);
        match self.send_post(post, &endpoint, true, attempts).await {
            Ok(response) => self.read_answer(response, post, true).await,
            Err(error) => error.into(),
        }
    }

    async fn report_opened(
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
