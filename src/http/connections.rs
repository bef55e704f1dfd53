//! The connections to one origin: idle ones of HTTP/1.1, or shared ones of HTTP/2. The first TLS
//! connection decides which (ALPN).

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::body::{FlushSignal, FrameBody};
use super::connector::{Connector, Established};
use super::error::HttpError;
use super::lease::{Http1, Http2, IDLE_TIMEOUT, Lease, Pool, StreamGuard};
use super::stream::Observed;
use super::target::Target;

/// How many idle connections are kept; the others are closed after a burst.
const MAX_IDLE: usize = 64;
/// The most HTTP/2 connections that are opened when all streams of the others are in use.
const MAX_HTTP2: usize = 16;

/// How many header lines a response may have, including those that intermediaries add.
pub const MAX_HEADER_LINES: usize = 512;
/// How many bytes they may have over HTTP/2, counted as in RFC 9113 §6.5.2.
const MAX_HEADER_LIST: u32 = 256 * 1024;

/// The connections to one origin.
#[derive(Debug)]
pub(super) struct Connections {
    target: Target,
    connector: Arc<Connector>,
    state: Mutex<State>,
    /// Held while a connection is opened that other requests may share.
    opening: tokio::sync::Mutex<()>,
    freed: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    #[expect(clippy::vec_box, reason = "a connection goes to and fro without being copied")]
    idle: Vec<Box<Http1>>,
    shared: Vec<Arc<Http2>>,
    protocol: Protocol,
    /// Whether the server has demanded HTTP/1.1.
    is_http1_only: bool,
    is_reaped: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Protocol {
    #[default]
    Unknown,
    Http1,
    Http2,
}

enum Found {
    Lease(Lease),
    /// Another connection may be opened.
    Nothing(Protocol),
    /// All streams are in use.
    Full,
}

impl Connections {
    /// An origin without connections so far.
    pub(super) fn new(target: Target, connector: Arc<Connector>) -> Arc<Self> {
        let protocol = if target.is_tls() { Protocol::Unknown } else { Protocol::Http1 };
        Arc::new(Self {
            target,
            connector,
            state: Mutex::new(State { protocol, ..State::default() }),
            opening: tokio::sync::Mutex::new(()),
            freed: Arc::default(),
        })
    }

    /// The origin.
    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    /// Leases a connection for one request: an idle one, a stream of a shared one, or a new one.
    ///
    /// # Errors
    /// No connection could be made.
    pub(super) async fn lease(self: &Arc<Self>) -> Result<Lease, HttpError> {
        loop {
            match self.find() {
                Found::Lease(Lease::Http1(mut connection, pool)) => {
                    if connection.sender.ready().await.is_ok() {
                        return Ok(Lease::Http1(connection, pool));
                    }
                }
                Found::Lease(lease) => return Ok(lease),
                Found::Full => self.freed.notified().await,
                // Boxed because it is large and rare.
                Found::Nothing(Protocol::Http1) => return Box::pin(self.open()).await,
                Found::Nothing(_) => {
                    let _opening = self.opening.lock().await;
                    // Another task may have opened one to share in the meantime.
                    match self.find() {
                        Found::Nothing(_) => return Box::pin(self.open()).await,
                        Found::Lease(lease) => return Ok(lease),
                        Found::Full => {}
                    }
                }
            }
        }
    }

    /// Uses only HTTP/1.1 from now on, because the server demands it (RFC 9113 §7).
    pub(super) fn use_http1(&self) {
        let mut state = self.state();
        (state.protocol, state.is_http1_only) = (Protocol::Http1, true);
    }

    fn find(self: &Arc<Self>) -> Found {
        let mut state = self.state();
        if state.protocol == Protocol::Http2 {
            state.shared.retain(|connection| connection.is_usable());
            let free = state.shared.iter().find(|connection| connection.take_stream());
            return match free {
                Some(free) => Found::Lease(self.stream_of(free)),
                None if state.shared.len() < MAX_HTTP2 => Found::Nothing(state.protocol),
                None => Found::Full,
            };
        }
        while let Some(connection) = state.idle.pop() {
            if !connection.sender.is_closed() && connection.expires > Instant::now() {
                return Found::Lease(Lease::Http1(connection, self.pool()));
            }
        }
        Found::Nothing(state.protocol)
    }

    fn pool(self: &Arc<Self>) -> Arc<dyn Pool> {
        Arc::clone(self) as Arc<dyn Pool>
    }

    fn stream_of(&self, connection: &Arc<Http2>) -> Lease {
        Lease::Http2(StreamGuard::new(Arc::clone(connection), Arc::clone(&self.freed)))
    }

    async fn open(self: &Arc<Self>) -> Result<Lease, HttpError> {
        let is_http1_only = self.state().is_http1_only;
        let connected = self.connector.connect(&self.target, is_http1_only).await?;
        if connected.is_http2 {
            self.start_http2(connected).await
        } else {
            self.start_http1(connected).await
        }
    }

    async fn start_http1(self: &Arc<Self>, connected: Established) -> Result<Lease, HttpError> {
        let flush_signal = Arc::new(FlushSignal::default());
        let stream = Observed::new(connected.stream, Arc::clone(&flush_signal)).reading_on();
        let io = TokioIo::new(stream);
        let (sender, connection) = http1::Builder::new()
            .allow_obsolete_multiline_headers_in_responses(true)
            .allow_spaces_after_header_name_in_responses(true)
            // A malformed header line is no reason to lose the response.
            .ignore_invalid_headers_in_responses(true)
            // Some proxies know `Proxy-Authorization` only in this spelling.
            .title_case_headers(connected.forward.is_some())
            .max_headers(MAX_HEADER_LINES)
            .handshake::<_, FrameBody>(io)
            .await
            .map_err(HttpError::connect)?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "an HTTP/1.1 connection ended");
            }
        });
        self.state().protocol = Protocol::Http1;
        let connection =
            Http1 { sender, flush_signal, forward: connected.forward, expires: Instant::now() };
        Ok(Lease::Http1(Box::new(connection), self.pool()))
    }

    async fn start_http2(self: &Arc<Self>, connected: Established) -> Result<Lease, HttpError> {
        let flush_signal = Arc::new(FlushSignal::default());
        let io = TokioIo::new(Observed::new(connected.stream, Arc::clone(&flush_signal)));
        let (sender, mut connection) = http2::Builder::new(TokioExecutor::new())
            .max_header_list_size(MAX_HEADER_LIST)
            .handshake::<_, FrameBody>(io)
            .await
            .map_err(HttpError::connect)?;
        let max_streams = Arc::new(AtomicUsize::new(connection.current_max_send_streams()));
        let known = Arc::clone(&max_streams);
        tokio::spawn(async move {
            let ended = std::future::poll_fn(|cx| {
                let polled = std::pin::Pin::new(&mut connection).poll(cx);
                known.store(connection.current_max_send_streams(), Ordering::Relaxed);
                polled
            });
            if let Err(error) = ended.await {
                tracing::debug!(%error, "an HTTP/2 connection ended");
            }
        });
        let shared = Arc::new(Http2 {
            sender,
            flush_signal,
            streams: AtomicUsize::new(1),
            max_streams,
            is_retired: AtomicBool::new(false),
        });
        let mut state = self.state();
        state.protocol = Protocol::Http2;
        state.shared.push(Arc::clone(&shared));
        drop(state);
        Ok(self.stream_of(&shared))
    }

    /// Closes connections that have been idle for too long; returns whether any are left.
    fn reap(&self) -> bool {
        let mut state = self.state();
        let now = Instant::now();
        state.idle.retain(|connection| !connection.sender.is_closed() && connection.expires > now);
        state.is_reaped = !state.idle.is_empty();
        state.is_reaped
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pool for Connections {
    fn give_back(self: Arc<Self>, connection: Box<Http1>) {
        let mut state = self.state();
        if connection.sender.is_closed() || state.idle.len() >= MAX_IDLE {
            return;
        }
        state.idle.push(connection);
        if !std::mem::replace(&mut state.is_reaped, true) {
            drop(state);
            let reaper = Arc::downgrade(&self);
            tokio::spawn(async move {
                loop {
                    tokio::time::sleep(IDLE_TIMEOUT).await;
                    match reaper.upgrade() {
                        Some(pool) if pool.reap() => {}
                        _ => return,
                    }
                }
            });
        }
    }
}
