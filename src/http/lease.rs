//! A lease of a connection: sends one request on it, and returns it to the pool.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use tokio::sync::Notify;
use tokio::time::{Duration, Instant};

use super::body::{FlushSignal, FrameBody};
use super::error::HttpError;
use super::request::Request;

/// How long an idle connection is kept.
pub(super) const IDLE_TIMEOUT: Duration = Duration::from_secs(90);
/// How long before the server's own timeout an idle connection is dropped, so that no request
/// crosses with its closing.
const KEEP_ALIVE_MARGIN: Duration = Duration::from_secs(1);

/// What a request through a forwarding proxy also needs (RFC 9112 §3.2.2).
#[derive(Clone, Debug)]
pub(super) struct Forward {
    pub(super) authorization: Option<HeaderValue>,
}

/// An HTTP/1.1 connection that is currently unused.
#[derive(Debug)]
pub(super) struct Http1 {
    pub(super) sender: http1::SendRequest<FrameBody>,
    pub(super) flush_signal: Arc<FlushSignal>,
    pub(super) forward: Option<Forward>,
    pub(super) expires: Instant,
}

/// An HTTP/2 connection and how many streams it carries.
#[derive(Debug)]
pub(super) struct Http2 {
    pub(super) sender: http2::SendRequest<FrameBody>,
    pub(super) flush_signal: Arc<FlushSignal>,
    pub(super) streams: AtomicUsize,
    /// The most streams that the server currently allows.
    pub(super) max_streams: Arc<AtomicUsize>,
    pub(super) is_retired: AtomicBool,
}

impl Http2 {
    /// Whether it accepts new streams.
    pub(super) fn is_usable(&self) -> bool {
        !self.is_retired.load(Ordering::Relaxed) && !self.sender.is_closed()
    }

    /// Counts one more stream, if the server allows it.
    pub(super) fn take_stream(&self) -> bool {
        let most = self.max_streams.load(Ordering::Relaxed).max(1);
        let open = self.streams.load(Ordering::Relaxed);
        // All of this runs under the pool's lock.
        let is_free = open < most;
        if is_free {
            self.streams.store(open + 1, Ordering::Relaxed);
        }
        is_free
    }
}

/// The right to send one request on a connection.
#[derive(Debug)]
pub(super) enum Lease {
    Http1(Box<Http1>, Arc<dyn Pool>),
    Http2(StreamGuard),
}

/// The pool to which connections return.
pub(super) trait Pool: fmt::Debug + Send + Sync {
    /// Takes back a connection whose response was read completely.
    fn give_back(self: Arc<Self>, connection: Box<Http1>);
}

/// One stream of an HTTP/2 connection, counted until it is dropped.
#[derive(Debug)]
pub(super) struct StreamGuard {
    connection: Arc<Http2>,
    freed: Arc<Notify>,
}

impl StreamGuard {
    /// Guards a stream that was already counted.
    pub(super) fn new(connection: Arc<Http2>, freed: Arc<Notify>) -> Self {
        Self { connection, freed }
    }
}

impl Drop for StreamGuard {
    fn drop(&mut self) {
        self.connection.streams.fetch_sub(1, Ordering::Relaxed);
        self.freed.notify_one();
    }
}

/// Why a request got no response.
#[derive(Debug)]
pub(super) struct NotSent {
    pub(super) error: HttpError,
    /// Nothing was sent, because the connection was already closed: another one can be used.
    pub(super) is_stale: bool,
}

impl Lease {
    /// Sends a request and waits for the head of its response. Takes the request's headers, unless
    /// nothing was sent.
    pub(super) async fn send(
        &mut self,
        request: &mut Request,
    ) -> Result<http::Response<Incoming>, NotSent> {
        let sent = match self {
            Self::Http1(connection, _) => {
                connection.flush_signal.begin_request();
                let message = http1_request(request, connection);
                connection.sender.try_send_request(message).await
            }
            Self::Http2(stream) => {
                let message = http2_request(request, &stream.connection);
                let mut sender = stream.connection.sender.clone();
                sender.try_send_request(message).await
            }
        };
        sent.map_err(|mut error| {
            let unsent = error.take_message();
            let is_stale = unsent.is_some();
            if let Some(message) = unsent {
                request.headers = message.into_parts().0.headers;
            }
            let mut error = HttpError::send(error.into_error());
            if let Self::Http1(connection, _) = self
                && !connection.flush_signal.has_written()
            {
                error = error.unsent();
            }
            if let Self::Http2(stream) = self
                && (is_stale || error.was_not_processed())
                && !error.is_refused_stream()
            {
                stream.connection.is_retired.store(true, Ordering::Relaxed);
            }
            NotSent { error, is_stale }
        })
    }

    /// Returns the connection to the pool, if the response's headers say that it stays open.
    pub(super) fn release(self, headers: &HeaderMap) {
        if let Self::Http1(mut connection, pool) = self {
            let announced = announced_keep_alive(headers).map(Duration::from_secs);
            let kept = announced.map_or(IDLE_TIMEOUT, |kept| {
                kept.saturating_sub(KEEP_ALIVE_MARGIN).min(IDLE_TIMEOUT)
            });
            connection.expires = Instant::now() + kept;
            pool.give_back(connection);
        }
    }
}

fn http1_request(request: &mut Request, connection: &Http1) -> http::Request<FrameBody> {
    let mut headers = std::mem::take(&mut request.headers);
    let host = request.target.host();
    if headers.get(header::HOST) != Some(host) {
        headers.insert(header::HOST, host.clone());
    }
    let uri = match &connection.forward {
        None => request.target.origin_form(),
        Some(forward) => {
            if let Some(value) = &forward.authorization {
                headers.insert(header::PROXY_AUTHORIZATION, value.clone());
            }
            request.target.absolute()
        }
    };
    message(request, uri.clone(), headers, &connection.flush_signal)
}

fn http2_request(request: &mut Request, connection: &Http2) -> http::Request<FrameBody> {
    let mut headers = std::mem::take(&mut request.headers);
    headers.remove(header::HOST);
    let uri = request.target.absolute().clone();
    let mut message = message(request, uri, headers, &connection.flush_signal);
    *message.version_mut() = http::Version::HTTP_2;
    message
}

fn message(
    request: &Request,
    uri: Uri,
    headers: HeaderMap,
    flush_signal: &Arc<FlushSignal>,
) -> http::Request<FrameBody> {
    let body = FrameBody::new(request.body.clone(), request.observer.as_ref(), flush_signal);
    let mut message = http::Request::new(body);
    *message.method_mut() = request.method.clone();
    *message.uri_mut() = uri;
    *message.headers_mut() = headers;
    message
}

/// The time in seconds that a server keeps an idle connection, from `Keep-Alive: timeout=N`.
fn announced_keep_alive(headers: &HeaderMap) -> Option<u64> {
    let value = headers.get(HeaderName::from_static("keep-alive"))?.to_str().ok()?;
    value.split(',').find_map(|parameter| {
        let (name, seconds) = parameter.split_once('=')?;
        let is_timeout = name.trim().eq_ignore_ascii_case("timeout");
        is_timeout.then(|| seconds.trim().parse().ok()).flatten()
    })
}
