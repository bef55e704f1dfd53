//! What every request to one remote shares: connection, endpoint, headers, limits and the way back
//! to the bridge. Also the reading of whole bodies.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use reqwest::{Method, RequestBuilder, Response};
use tokio::sync::mpsc;
use url::Url;

use super::concurrency_limit::ConcurrencyLimit;
use super::failures::root_cause;
use super::{Limits, OpenPrompts, RemoteEvent, Session};
use crate::auth::Authorizer;
use crate::error::{Failure, FailureKind};
use crate::http::Outbound;
use crate::protocol::headers;

/// How often one request is sent again after a sign-in or with a fresh token.
pub(super) const MAX_CHALLENGES: u32 = 2;
/// How much of a body that nobody reads is awaited, in bytes.
const MAX_DRAINED_BODY: usize = 64 * 1024;
/// How long it is awaited.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(200);

/// What all requests to one remote share.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) outbound: Outbound,
    pub(super) authorizer: Authorizer,
    pub(super) endpoint: Url,
    pub(super) headers: HeaderMap,
    pub(super) limits: Limits,
    pub(super) events: mpsc::Sender<RemoteEvent>,
    pub(super) open_prompts: OpenPrompts,
    pub(super) concurrency_limit: ConcurrencyLimit,
}

impl Wire {
    /// Starts a request with all its headers; returns which token it carries, too.
    pub(super) async fn authorize(
        &self,
        method: Method,
        url: &Url,
        session: &Session,
    ) -> Result<(RequestBuilder, Option<u64>), Failure> {
        let request = self.build_request(method, url, session);
        Ok(match self.authorizer.authorization().await? {
            Some(token) => {
                (request.header(header::AUTHORIZATION, token.header), Some(token.serial))
            }
            None => (request, None),
        })
    }

    /// Asks for an event stream. Where the remote wants a sign-in or a fresh token, asks once more.
    pub(super) async fn get_stream(
        &self,
        session: &Session,
        last_event_id: Option<&str>,
    ) -> Result<reqwest::Result<Response>, Failure> {
        let mut challenged = 0;
        loop {
            let (mut request, token) = self.authorize(Method::GET, &self.endpoint, session).await?;
            if let Some(id) = last_event_id {
                request = request.header(headers::LAST_EVENT_ID, id);
            }
            let sent = self
                .open_prompts
                .timeout_unless_prompting(self.limits.headers, self.outbound.send(request))
                .await;
            match sent.ok_or_else(|| Failure::new(FailureKind::Timeout, "no response in time"))? {
                Ok(response) if self.is_challenge(&response) && challenged < MAX_CHALLENGES => {
                    challenged += 1;
                    let (status, headers) = (response.status(), response.headers().clone());
                    self.authorizer.challenged(token, status, &headers).await?;
                }
                done => return Ok(done),
            }
        }
    }

    /// Whether this response asks for a sign-in or another token.
    pub(super) fn is_challenge(&self, response: &Response) -> bool {
        !self.authorizer.is_off()
            && match response.status() {
                StatusCode::UNAUTHORIZED => true,
                StatusCode::FORBIDDEN => response.headers().contains_key(header::WWW_AUTHENTICATE),
                _ => false,
            }
    }

    /// Starts a request with the headers that every request carries.
    fn build_request(&self, method: Method, url: &Url, session: &Session) -> RequestBuilder {
        let mut map = self.headers.clone();
        let accept = if method == Method::POST {
            "application/json, text/event-stream"
        } else {
            headers::EVENT_STREAM
        };
        map.insert(header::ACCEPT, header::HeaderValue::from_static(accept));
        session.apply(&mut map);
        self.outbound.request(method, url.clone()).headers(map)
    }

    /// Reads a whole body, bounded in size and in silence. The error completes "the answer is
    /// incomplete: …".
    pub(super) async fn read_body(&self, mut response: Response) -> Result<Bytes, String> {
        let expected = response.content_length().unwrap_or(0).min(self.limits.size as u64);
        let mut first = match self.read_chunk(&mut response).await? {
            None => return Ok(Bytes::new()),
            Some(first) if first.len() as u64 == expected => return Ok(first),
            Some(first) => BytesMut::from(first),
        };
        first.reserve((expected as usize).saturating_sub(first.len()));
        while let Some(chunk) = self.read_chunk(&mut response).await? {
            if first.len() + chunk.len() > self.limits.size {
                return Err(format!("the body is larger than {} bytes", self.limits.size));
            }
            first.extend_from_slice(&chunk);
        }
        Ok(first.freeze())
    }

    async fn read_chunk(&self, response: &mut Response) -> Result<Option<Bytes>, String> {
        match self.open_prompts.timeout_unless_prompting(self.limits.body, response.chunk()).await {
            Some(Ok(chunk)) => Ok(chunk),
            Some(Err(error)) => Err(root_cause(&error)),
            None => Err("the body stalled".to_owned()),
        }
    }
}

/// The media type in lower case, without parameters (T-21).
pub(super) fn media_type(response: &Response) -> String {
    let value = response.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    value.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Reads a short body to its end so that the connection can be used again.
pub(super) async fn drain(mut response: Response) {
    let read = async {
        let mut length = 0;
        while let Ok(Some(chunk)) = response.chunk().await {
            length += chunk.len();
            if length > MAX_DRAINED_BODY {
                return;
            }
        }
    };
    // A body that goes on is dropped together with its connection.
    let _ = tokio::time::timeout(DRAIN_TIMEOUT, read).await;
}
