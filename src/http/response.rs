//! A response: its head, and its decoded body as it arrives.

use bytes::Bytes;
use http::{HeaderMap, StatusCode, response};
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::content_coding::{Decoded, Decoder};
use super::error::HttpError;
use super::lease::Lease;
use super::target::Target;

/// A response whose body is still unread. Dropping it before the end closes its connection or
/// stream.
#[derive(Debug)]
pub struct Response {
    target: Target,
    head: response::Parts,
    body: Incoming,
    /// Bytes that were peeked at but not taken yet.
    peeked: Option<Bytes>,
    decoder: Result<Option<Decoder>, String>,
    lease: Option<Lease>,
}

impl Response {
    /// A response whose body is read with [`Response::chunk`]. The lease ends with the body.
    pub(super) fn new(target: Target, response: http::Response<Incoming>, lease: Lease) -> Self {
        let (head, body) = response.into_parts();
        let decoder = Decoder::for_headers(&head.headers);
        let mut response = Self { target, head, body, peeked: None, decoder, lease: Some(lease) };
        response.release_at_end();
        response
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.head.status
    }

    /// Status, version and headers.
    pub fn head(&self) -> &response::Parts {
        &self.head
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// Where the request was sent.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The length of the body in bytes, if it is known before it is read.
    pub fn content_length(&self) -> Option<u64> {
        match self.decoder {
            Ok(None) => self.body.size_hint().exact(),
            _ => None,
        }
    }

    /// Returns the next bytes of the body without taking them; `None` at its end.
    ///
    /// # Errors
    /// As [`Response::chunk`].
    pub async fn peek(&mut self) -> Result<Option<&[u8]>, HttpError> {
        if self.peeked.is_none() {
            self.peeked = self.chunk().await?;
        }
        Ok(self.peeked.as_deref())
    }

    /// Takes the next bytes of the body; `None` at its end.
    ///
    /// # Errors
    /// The connection broke, or the body is not what its content coding says.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, HttpError> {
        if let Some(peeked) = self.peeked.take() {
            return Ok(Some(peeked));
        }
        match &mut self.decoder {
            Ok(None) => self.raw_chunk().await,
            Ok(Some(_)) => self.decoded_chunk().await,
            Err(coding) => {
                let coding = crate::redact::plain(coding);
                Err(HttpError::body(format!("the content coding `{coding}` is not supported")))
            }
        }
    }

    async fn decoded_chunk(&mut self) -> Result<Option<Bytes>, HttpError> {
        loop {
            let Ok(Some(decoder)) = &mut self.decoder else { return Ok(None) };
            match decoder.step().map_err(HttpError::body)? {
                Decoded::Bytes(bytes) => return Ok(Some(bytes)),
                Decoded::End => return Ok(None),
                Decoded::Starved => {}
            }
            let chunk = self.raw_chunk().await?;
            let Ok(Some(decoder)) = &mut self.decoder else { return Ok(None) };
            match chunk {
                Some(chunk) => decoder.feed(chunk),
                None => decoder.finish(),
            }
        }
    }

    async fn raw_chunk(&mut self) -> Result<Option<Bytes>, HttpError> {
        loop {
            match self.body.frame().await {
                Some(Ok(frame)) => {
                    // Trailers are ignored.
                    if let Ok(chunk) = frame.into_data()
                        && !chunk.is_empty()
                    {
                        self.release_at_end();
                        return Ok(Some(chunk));
                    }
                }
                Some(Err(error)) => return Err(HttpError::body(error)),
                None => {
                    self.release();
                    return Ok(None);
                }
            }
        }
    }

    fn release_at_end(&mut self) {
        if self.body.is_end_stream() {
            self.release();
        }
    }

    /// Returns the connection to the pool, because the response was read completely.
    fn release(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.release(&self.head.headers);
        }
    }
}
