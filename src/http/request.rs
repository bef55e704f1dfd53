//! A request for [`super::Outbound`].

use std::sync::Arc;

use http::header::IntoHeaderName;
use http::{HeaderMap, HeaderValue, Method};

use super::body::BodyObserver;
use super::error::HttpError;
use super::target::Target;
use crate::jsonrpc::Frame;

/// A request. `Host` and connection-specific headers are added when it is sent.
#[derive(Debug)]
pub struct Request {
    pub(super) method: Method,
    pub(super) target: Target,
    pub(super) headers: HeaderMap,
    pub(super) body: Frame,
    pub(super) observer: Option<Arc<dyn BodyObserver>>,
}

impl Request {
    /// A request without a body. The headers should begin with those of
    /// [`super::Outbound::default_headers`].
    pub fn new(method: Method, target: Target, headers: HeaderMap) -> Self {
        Self { method, target, headers, body: Frame::default(), observer: None }
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: Frame) -> Self {
        self.body = body;
        self
    }

    /// Sets the observer of the body.
    #[must_use]
    pub fn observed_by(mut self, observer: Arc<dyn BodyObserver>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Sets one header from text.
    ///
    /// # Errors
    /// The text is not allowed in a header.
    pub fn set_header(&mut self, name: impl IntoHeaderName, value: &str) -> Result<(), HttpError> {
        let value = HeaderValue::try_from(value).map_err(HttpError::invalid)?;
        self.headers.insert(name, value);
        Ok(())
    }

    /// The body that is sent; empty without one.
    pub fn body_sent(&self) -> &Frame {
        &self.body
    }

    /// The headers.
    pub fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.headers
    }
}
