//! The loopback listener for the browser's return (S-01, S-02): it serves one GET of the exact
//! path, and closes when dropped. It shows success only after the code was exchanged.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;

use crate::auth::browser::page::{self, Ending, PageSubject};
use crate::auth::client::redirect_uri::Redirect;
use crate::auth::grants::authorization_response::CallbackParameters;
use crate::auth::options::AuthOptions;
use crate::error::{Failure, FailureKind};
use crate::platform::{SocketOwner, owner_of_peer};
use crate::redact::Secret;

/// How long one connection may last, including the exchange.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(90);
/// How many connections may be open at a time.
const MAX_CONNECTIONS: usize = 16;
/// How long a connection may take to send the head of its request (S-34).
const HEAD_TIMEOUT: Duration = Duration::from_secs(3);
/// How long the browser may take to receive its page.
const PAGE_WRITE_TIMEOUT: Duration = Duration::from_secs(2);

type Page = Response<Full<bytes::Bytes>>;

/// The bound sockets, and the redirect URI that leads to them.
#[derive(Debug)]
pub(crate) struct Listener {
    sockets: Vec<TcpListener>,
    redirect: Redirect,
}

/// Waits for the browser; dropping it closes the listener.
#[derive(Debug)]
pub(crate) struct Callback {
    arrivals: mpsc::Receiver<Arrival>,
    _tasks: JoinSet<()>,
}

/// A request with the right state, whose browser waits for its page.
#[derive(Debug)]
pub(crate) struct Arrival {
    /// The parameters of the authorization response.
    pub(crate) parameters: CallbackParameters,
    reply: oneshot::Sender<(Ending, oneshot::Sender<()>)>,
}

impl Arrival {
    /// Shows how the sign-in ended, and waits until the browser has received the page.
    pub(crate) async fn finish(self, ending: Ending) {
        let (written, seen) = oneshot::channel();
        if self.reply.send((ending, written)).is_ok() {
            let _ = tokio::time::timeout(PAGE_WRITE_TIMEOUT, seen).await;
        }
    }
}

impl Listener {
    /// Binds the first of these redirects whose port is free (docs/from-mcp-remote.md#sign-ins).
    ///
    /// # Errors
    /// Every port is in use.
    pub(crate) async fn bind(
        candidates: &[Redirect],
        options: &AuthOptions,
    ) -> Result<Self, Failure> {
        let mut last = None;
        for candidate in candidates {
            match sockets(candidate).await {
                Ok((sockets, port)) => {
                    let redirect = Redirect { port, ..candidate.clone() };
                    return Ok(Self { sockets, redirect });
                }
                Err(error) => last = Some((candidate.port, error)),
            }
        }
        let (port, error) = last.unwrap_or((0, io::ErrorKind::AddrNotAvailable.into()));
        Err(Failure::new(
            FailureKind::AuthFailed,
            format!("cannot listen on port {port} for the browser to return to: {error}"),
        )
        .hint(format!(
            "end the program that uses the port, give another port after the URL, or sign in \
             with {}",
            options.login_command_with("--device-code")
        )))
    }

    /// The redirect URI that leads here.
    pub(crate) fn redirect(&self) -> &Redirect {
        &self.redirect
    }

    /// Replaces the redirect URI by another spelling of the same address, which the registration
    /// returned.
    #[must_use]
    pub(crate) fn with_redirect(self, redirect: Redirect) -> Self {
        Self { redirect, ..self }
    }

    /// Starts to listen for the response with this state.
    pub(crate) fn listen(self, state: Secret<String>, subject: PageSubject) -> Callback {
        let (sender, arrivals) = mpsc::channel(1);
        let service = Arc::new(CallbackService {
            redirect: self.redirect,
            state,
            subject,
            used: AtomicBool::new(false),
            arrivals: sender,
        });
        let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let silent = Arc::new(SilentConnections::default());
        let mut tasks = JoinSet::new();
        for socket in self.sockets {
            tasks.spawn(accept(socket, service.clone(), slots.clone(), silent.clone()));
        }
        Callback { arrivals, _tasks: tasks }
    }
}

impl Callback {
    /// Waits for the browser to come back.
    pub(crate) async fn arrival(&mut self) -> Arrival {
        match self.arrivals.recv().await {
            Some(arrival) => arrival,
            None => std::future::pending().await,
        }
    }
}

/// Binds IPv4 and, if available, IPv6 on the same port: a browser may use either for `localhost`,
/// so no other program may have one of them.
async fn sockets(candidate: &Redirect) -> io::Result<(Vec<TcpListener>, u16)> {
    let v4 = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, candidate.port))).await?;
    let port = v4.local_addr()?.port();
    match TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, port))).await {
        Ok(v6) => Ok((vec![v4, v6], port)),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(error),
        Err(error) if candidate.host.starts_with('[') => Err(error),
        Err(_) => Ok((vec![v4], port)),
    }
}

/// Connections that have sent no request yet, oldest first. The oldest is closed to make room for a
/// new one, so that nobody can keep the browser out (S-34).
#[derive(Debug, Default)]
struct SilentConnections(Mutex<VecDeque<Arc<Notify>>>);

impl SilentConnections {
    /// Adds a connection, which closes when it is notified.
    fn add(&self) -> Arc<Notify> {
        let connection = Arc::new(Notify::new());
        self.lock().push_back(connection.clone());
        connection
    }

    fn remove(&self, connection: &Arc<Notify>) {
        self.lock().retain(|other| !Arc::ptr_eq(other, connection));
    }

    fn end_oldest(&self) {
        if let Some(oldest) = self.lock().pop_front() {
            oldest.notify_one();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Arc<Notify>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn accept(
    socket: TcpListener,
    service: Arc<CallbackService>,
    slots: Arc<Semaphore>,
    silent: Arc<SilentConnections>,
) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let Ok((stream, peer)) = accepted else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        if !is_local(peer.ip()) || !is_trusted(&stream, peer) {
            continue;
        }
        if slots.available_permits() == 0 {
            silent.end_oldest();
        }
        let Ok(slot) = slots.clone().acquire_owned().await else { return };
        let (service, silent) = (service.clone(), silent.clone());
        connections.spawn(async move {
            let _slot = slot;
            let connection = silent.add();
            let served = serve(stream, service, || silent.remove(&connection));
            tokio::select! {
                _ = tokio::time::timeout(CONNECTION_TIMEOUT, served) => {}
                () = connection.notified() => {}
            }
            silent.remove(&connection);
        });
    }
}

/// Whether the peer is not known to be another user of this machine: the peer decides whose account
/// the bridge uses (S-44).
fn is_trusted(stream: &TcpStream, peer: SocketAddr) -> bool {
    let Ok(local) = stream.local_addr() else { return false };
    match owner_of_peer(peer, local) {
        SocketOwner::AnyoneTrusted => true,
        SocketOwner::OtherUser(user) => {
            tracing::warn!(user, "refused a connection to the callback: it is another user's");
            false
        }
        SocketOwner::Nobody => {
            tracing::debug!("refused a connection to the callback that was closed at once");
            false
        }
    }
}

fn is_local(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// Serves one connection; `heard` is called when its request has arrived.
async fn serve(stream: TcpStream, service: Arc<CallbackService>, heard: impl Fn()) {
    let (keep, kept) = std::sync::mpsc::channel();
    let service = service_fn(|request: Request<Incoming>| {
        heard();
        let service = service.clone();
        let keep = keep.clone();
        async move {
            let (response, written) = service.answer(&request).await;
            let _ = keep.send(written);
            Ok::<_, Infallible>(response)
        }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .keep_alive(false)
        .max_buf_size(64 * 1024)
        .serve_connection(TokioIo::new(stream), service);
    // A browser that disconnects early has the page or does not need it.
    let _ = connection.await;
    for written in kept.try_iter().flatten() {
        let _ = written.send(());
    }
}

/// Answers requests, and passes on the first one with the right state.
struct CallbackService {
    redirect: Redirect,
    state: Secret<String>,
    subject: PageSubject,
    used: AtomicBool,
    arrivals: mpsc::Sender<Arrival>,
}

impl CallbackService {
    async fn answer(&self, request: &Request<Incoming>) -> (Page, Option<oneshot::Sender<()>>) {
        if !self.is_for_us(request.headers()) {
            return (page::bare(StatusCode::FORBIDDEN), None);
        }
        if request.uri().path() != self.redirect.path {
            return (page::bare(StatusCode::NOT_FOUND), None);
        }
        if request.method() != Method::GET {
            return (page::bare(StatusCode::METHOD_NOT_ALLOWED), None);
        }
        let query = request.uri().query().unwrap_or_default();
        let Some(parameters) = CallbackParameters::parse(query, &self.state) else {
            return (page::response(Ending::Unknown, &self.subject), None);
        };
        if self.used.swap(true, Ordering::SeqCst) {
            return (page::response(Ending::Over, &self.subject), None);
        }
        let (reply, ending) = oneshot::channel();
        let _ = self.arrivals.send(Arrival { parameters, reply }).await;
        match ending.await {
            Ok((ending, written)) => (page::response(ending, &self.subject), Some(written)),
            Err(_) => (page::response(Ending::Over, &self.subject), None),
        }
    }

    /// Whether the request comes neither from DNS rebinding nor from another site (S-02).
    fn is_for_us(&self, headers: &HeaderMap) -> bool {
        let port = self.redirect.port;
        let names = ["localhost", "127.0.0.1", "[::1]", self.redirect.host.as_str()];
        let own: Vec<String> = names.iter().map(|name| format!("{name}:{port}")).collect();
        let one = |name| {
            let mut values = headers.get_all(name).into_iter();
            let value =
                values.next().map(|value| value.to_str().unwrap_or("?").to_ascii_lowercase());
            (value, values.next().is_none())
        };
        let (host, single) = one(header::HOST);
        let (origin, _) = one(header::ORIGIN);
        let right_host = single && host.is_some_and(|host| own.contains(&host));
        let right_origin =
            origin.is_none_or(|origin| own.iter().any(|name| origin == format!("http://{name}")));
        right_host && right_origin
    }
}
