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

#[cfg(test)]
mod tests {
    use http::Method;
    use hyper_util::rt::{TokioExecutor, TokioIo};
    use url::Url;

    use super::*;
    use crate::http::target::Target;

    fn request(headers: &[(HeaderName, &'static str)]) -> Request {
        let own = |(name, value): &(HeaderName, &'static str)| {
            (name.clone(), HeaderValue::from_static(value))
        };
        let target = Target::new(Url::parse("http://mcp.example.com:81/mcp?a=b").unwrap()).unwrap();
        Request::new(Method::POST, target, headers.iter().map(own).collect())
    }

    async fn http1(forward: Option<Forward>) -> Http1 {
        let (io, _) = tokio::io::duplex(64);
        let (sender, _) = http1::handshake(TokioIo::new(io)).await.unwrap();
        let flush_signal = Arc::new(FlushSignal::default());
        Http1 { sender, flush_signal, forward, expires: Instant::now() }
    }

    async fn http2(max_streams: usize) -> Http2 {
        let (io, _other_end) = tokio::io::duplex(1024);
        let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(io));
        let (sender, _) = handshake.await.unwrap();
        Http2 {
            sender,
            flush_signal: Arc::new(FlushSignal::default()),
            streams: AtomicUsize::new(0),
            max_streams: Arc::new(AtomicUsize::new(max_streams)),
            is_retired: AtomicBool::new(false),
        }
    }

    #[test]
    fn the_time_that_an_idle_connection_is_kept_is_read() {
        let announced = |text: &'static str| {
            let value = HeaderValue::from_static(text);
            let name = HeaderName::from_static("keep-alive");
            announced_keep_alive(&HeaderMap::from_iter([(name, value)]))
        };
        for (text, seconds) in [
            ("timeout=5", Some(5)),
            ("max=100, Timeout = 7 ", Some(7)),
            ("timeout=0", Some(0)),
            ("timeout=soon, timeout=5", Some(5)),
            ("max=100", None),
            ("timeout", None),
            ("timeout=-1", None),
            ("timeout=5.5", None),
            ("idle-timeout=5", None),
            ("", None),
        ] {
            assert_eq!(announced(text), seconds, "{text}");
        }
        assert_eq!(announced_keep_alive(&HeaderMap::new()), None);
    }

    /// RFC 9112 §3.2: the path alone to a server, the whole URL to a proxy.
    #[tokio::test]
    async fn a_request_line_is_for_a_server_or_for_a_proxy() {
        let direct = http1(None).await;
        let mut sent = request(&[(header::HOST, "other"), (header::ACCEPT, "a/b")]);
        let message = http1_request(&mut sent, &direct);
        assert_eq!(message.uri().to_string(), "/mcp?a=b");
        assert_eq!(message.headers()[header::HOST], "mcp.example.com:81", "never another one");
        assert_eq!(message.headers()[header::ACCEPT], "a/b");
        assert!(!message.headers().contains_key(header::PROXY_AUTHORIZATION));
        assert_eq!(message.method(), Method::POST);
        let authorization = Some(HeaderValue::from_static("Basic x"));
        let proxy = http1(Some(Forward { authorization })).await;
        let message = http1_request(&mut request(&[]), &proxy);
        assert_eq!(message.uri().to_string(), "http://mcp.example.com:81/mcp?a=b");
        assert_eq!(message.headers()[header::PROXY_AUTHORIZATION], "Basic x");
        assert_eq!(message.headers()[header::HOST], "mcp.example.com:81");
    }

    /// RFC 9113 §8.3.1: the name is in `:authority`.
    #[tokio::test]
    async fn a_request_over_http_2_has_no_host_header() {
        let connection = http2(1).await;
        let message = http2_request(&mut request(&[(header::HOST, "other")]), &connection);
        assert!(!message.headers().contains_key(header::HOST));
        assert_eq!(message.uri().to_string(), "http://mcp.example.com:81/mcp?a=b");
        assert_eq!(message.version(), http::Version::HTTP_2);
    }

    #[tokio::test]
    async fn streams_are_counted_up_to_what_the_server_allows() {
        let connection = Arc::new(http2(2).await);
        let freed = Arc::new(Notify::new());
        let take = || {
            let taken = connection.take_stream();
            taken.then(|| StreamGuard::new(Arc::clone(&connection), Arc::clone(&freed)))
        };
        let (one, two) = (take(), take());
        assert!(one.is_some() && two.is_some() && take().is_none());
        drop(one);
        assert!(take().is_some(), "a stream that ended makes room");
        freed.notified().await;
        drop(two);
        assert_eq!(connection.streams.load(Ordering::Relaxed), 0);
        // A server that allows none for now still gets one, which finds out.
        connection.max_streams.store(0, Ordering::Relaxed);
        assert!(take().is_some());
        connection.is_retired.store(true, Ordering::Relaxed);
        assert!(!connection.is_usable());
    }

    #[derive(Debug, Default)]
    struct Shelf(std::sync::Mutex<Vec<Http1>>);

    impl Pool for Shelf {
        fn give_back(self: Arc<Self>, connection: Box<Http1>) {
            self.0.lock().unwrap().push(*connection);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_kept_a_second_less_than_the_server_keeps_it() {
        for (announced, seconds) in [
            (None, 90),
            (Some("timeout=5"), 4),
            (Some("timeout=1"), 0),
            (Some("timeout=0"), 0),
            (Some("timeout=91"), 90),
            (Some("timeout=86400"), 90),
        ] {
            let shelf = Arc::new(Shelf::default());
            let lease = Lease::Http1(Box::new(http1(None).await), shelf.clone());
            let name = HeaderName::from_static("keep-alive");
            let headers = announced.map(|text| (name, HeaderValue::from_static(text)));
            lease.release(&headers.into_iter().collect());
            let kept = shelf.0.lock().unwrap()[0].expires - Instant::now();
            assert_eq!(kept, Duration::from_secs(seconds), "{announced:?}");
        }
    }
}
