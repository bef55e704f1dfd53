//! The error for a request without a response, or a truncated response.

use std::{fmt, io};

use crate::redact::plain;

/// The standard library's message for a name without an address.
const LOOKUP_FAILED: &str = "failed to lookup address information";

/// Any error, as the cause of an [`HttpError`].
pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A request without a response, or a truncated body. Its innermost source names the cause.
#[derive(Debug)]
pub struct HttpError {
    kind: ErrorKind,
    source: BoxError,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ErrorKind {
    /// The request cannot be written as HTTP.
    Invalid,
    /// No connection was made, so nothing was sent.
    Connect,
    /// The connection broke before the head of a response.
    Send,
    /// The connection was already closed before any byte of the request was written.
    Unsent,
    /// The response's body is truncated or cannot be decoded.
    Body,
}

impl HttpError {
    /// The innermost cause in words, without the system's error number.
    pub fn reason(&self) -> String {
        let mut cause: &dyn std::error::Error = self;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        let text = cause.to_string();
        match text.find(" (os error") {
            Some(at) => text[..at].to_lowercase(),
            None => plain(&text).replace(LOOKUP_FAILED, "name lookup failed"),
        }
    }

    /// The request cannot be written as HTTP.
    pub(super) fn invalid(source: impl Into<BoxError>) -> Self {
        Self { kind: ErrorKind::Invalid, source: source.into() }
    }

    /// There was no connection.
    pub(super) fn connect(source: impl Into<BoxError>) -> Self {
        Self { kind: ErrorKind::Connect, source: source.into() }
    }

    /// The connection broke before the head of a response.
    pub(super) fn send(source: impl Into<BoxError>) -> Self {
        Self { kind: ErrorKind::Send, source: source.into() }
    }

    /// The connection had ended before any byte of the request was written.
    pub(super) fn unsent(self) -> Self {
        Self { kind: ErrorKind::Unsent, ..self }
    }

    /// The body of the response broke off or cannot be decoded.
    pub(super) fn body(source: impl Into<BoxError>) -> Self {
        Self { kind: ErrorKind::Body, source: source.into() }
    }

    /// Whether the request itself can never be sent.
    pub fn is_invalid_request(&self) -> bool {
        self.kind == ErrorKind::Invalid
    }

    /// Whether no connection was made: the request was not sent.
    pub fn is_connect(&self) -> bool {
        self.kind == ErrorKind::Connect
    }

    /// The proxy that could not be connected to, if that is why there was no connection.
    pub fn unreached_proxy(&self) -> Option<&str> {
        self.source.downcast_ref::<UnreachedProxy>().map(|unreached| unreached.proxy.as_str())
    }

    /// Whether the connection failed for a transient reason, such as a server that restarts or a
    /// network that is coming up.
    pub fn is_transient(&self) -> bool {
        const TRANSIENT: [io::ErrorKind; 8] = [
            io::ErrorKind::ConnectionRefused,
            io::ErrorKind::ConnectionReset,
            io::ErrorKind::ConnectionAborted,
            io::ErrorKind::HostUnreachable,
            io::ErrorKind::NetworkUnreachable,
            io::ErrorKind::NetworkDown,
            io::ErrorKind::TimedOut,
            io::ErrorKind::UnexpectedEof,
        ];
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&*self.source);
        while let Some(error) = cause {
            if let Some(error) = error.downcast_ref::<io::Error>() {
                // The only look-up error that does not mean a missing name (EAI_AGAIN).
                let is_look_up = error.to_string().contains("emporary failure in name resolution");
                return self.is_connect() && (TRANSIENT.contains(&error.kind()) || is_look_up);
            }
            cause = error.source();
        }
        false
    }

    /// Whether the head of the response is too large.
    pub fn is_large_head(&self) -> bool {
        let cause = self.source.downcast_ref::<hyper::Error>();
        cause.is_some_and(hyper::Error::is_parse_too_large)
    }

    /// Whether the server said that it did not process the request, so that any request may be sent
    /// again: `REFUSED_STREAM`, or a `GOAWAY` that does not cover it (RFC 9113 §6.8, §8.7).
    pub fn was_not_processed(&self) -> bool {
        // Streams covered by the `GOAWAY` continue, so an error here means that this one was not
        // covered.
        let is_gone =
            self.http2_error().is_some_and(|error| error.is_remote() && error.is_go_away());
        let is_refused = is_gone || self.is_refused_stream() || self.wants_http1();
        self.kind == ErrorKind::Send && is_refused
    }

    /// Whether the request was never sent, because its connection was already closed: it can be
    /// sent on another one.
    pub fn was_not_sent(&self) -> bool {
        self.kind == ErrorKind::Unsent
    }

    /// Whether the server accepts this request over HTTP/1.1 only (RFC 9113 §7).
    pub(super) fn wants_http1(&self) -> bool {
        self.http2_error().is_some_and(|error| {
            error.is_remote() && error.reason() == Some(h2::Reason::HTTP_1_1_REQUIRED)
        })
    }

    /// Whether the server refused this stream only, and not the connection.
    pub(super) fn is_refused_stream(&self) -> bool {
        self.http2_error().is_some_and(|error| {
            let reason = error.reason();
            error.is_remote() && error.is_reset() && reason == Some(h2::Reason::REFUSED_STREAM)
        })
    }

    fn http2_error(&self) -> Option<&h2::Error> {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&*self.source);
        while let Some(error) = cause {
            if let Some(error) = error.downcast_ref::<h2::Error>() {
                return Some(error);
            }
            cause = error.source();
        }
        None
    }
}

/// The error for a proxy that could not be reached.
#[derive(Debug)]
pub(super) struct UnreachedProxy {
    /// Its URL, without credentials.
    proxy: String,
    source: BoxError,
}

impl UnreachedProxy {
    pub(super) fn new(proxy: &impl fmt::Display, source: BoxError) -> Self {
        Self { proxy: proxy.to_string(), source }
    }
}

impl fmt::Display for UnreachedProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no connection to the proxy `{}`", self.proxy)
    }
}

impl std::error::Error for UnreachedProxy {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            ErrorKind::Invalid => "the request cannot be sent",
            ErrorKind::Connect => "no connection",
            ErrorKind::Send | ErrorKind::Unsent => "the connection broke before a response",
            ErrorKind::Body => "the body is incomplete",
        })
    }
}

impl std::error::Error for HttpError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}
