//! Starting and stopping: [`MockRemote`] on a thread of its own for tests and demos, [`serve`] for
//! `mcp-tether mock`.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use serde_json::Value;
use tokio::net::TcpSocket;
use tokio::sync::oneshot;
use url::Url;

use super::faults::Fault;
use super::oauth::OAuth;
use super::options::MockOptions;
use super::products;
use super::recorder::RequestRecorder;
use super::served::Served;
use super::session::PushedRequest;
use super::state::MockState;
use super::stored_data::DataFileError;
use super::transport;
use super::wire::{Switch, Wires};

/// A running mock. It has its own thread and runtime, so a test may block; dropped, it stops and
/// closes every connection.
pub struct MockRemote {
    shared: Arc<MockState>,
    running: Option<Running>,
    /// Keeps the port while the mock is stopped: another process must not get it.
    reserved: Option<TcpSocket>,
}

struct Running {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl MockRemote {
    /// Listens on loopback and answers from now on.
    ///
    /// # Errors
    /// The data file cannot be used, the port cannot be bound, or a thread cannot be started.
    pub fn start(options: MockOptions) -> io::Result<Self> {
        Self::started(open(options, false)?)
    }

    /// Starts an authorization server without an MCP endpoint.
    pub(super) fn start_authorization_server(options: MockOptions) -> io::Result<Self> {
        Self::started(open(options, true)?)
    }

    fn started(shared: Arc<MockState>) -> io::Result<Self> {
        let mut mock = Self { shared, running: None, reserved: None };
        mock.start_again()?;
        Ok(mock)
    }

    /// Returns the endpoint for Streamable HTTP. If only HTTP+SSE is spoken, a GET here opens the
    /// stream.
    pub fn url(&self) -> Url {
        MockAddress::of(&self.shared).url
    }

    /// Returns the endpoint for HTTP+SSE.
    pub fn sse_url(&self) -> Url {
        MockAddress::of(&self.shared).sse_url
    }

    /// Returns the record of requests, which continues across restarts.
    pub fn recorder(&self) -> &RequestRecorder {
        &self.shared.recorder
    }

    /// Returns the OAuth side, to change it and to query its requests.
    ///
    /// # Panics
    /// If the mock does not use OAuth.
    pub fn oauth(&self) -> &OAuth {
        self.shared.oauth.as_ref().expect("the mock was started with OAuth")
    }

    /// Replaces the faults in force; their counters start at zero.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        self.shared.set_faults(faults);
    }

    /// Returns the faults in force.
    pub fn faults(&self) -> Vec<Fault> {
        self.shared.faults()
    }

    /// Ends every session as a restart of the remote would: streams end, work stops, ids are
    /// unknown.
    pub fn forget_sessions(&self) {
        self.shared.connections.sessions.forget_all();
        self.shared.batch.clear();
    }

    /// Speaks other revisions from now on, as a remote that was upgraded does. Open requests and
    /// streams go on.
    pub fn set_protocol(&self, served: Served) {
        self.shared.set_served(served);
    }

    /// Ends every listen stream of 2026-07-28 with a result, as a remote that shuts down does.
    pub fn end_listens(&self) {
        self.shared.connections.listens.end_all();
    }

    /// Returns how many listen streams of 2026-07-28 are open.
    pub fn listen_count(&self) -> usize {
        self.shared.connections.listens.count()
    }

    /// Sends a notification on every listen stream of 2026-07-28, asked for or not; returns their
    /// number.
    pub fn push_unasked(&self, method: &str, params: &Value) -> usize {
        self.shared.connections.listens.tell_all(method, params)
    }

    /// Sends a notification on the standalone stream of every session that has opened one, and on
    /// the listen streams that asked for it. Returns their number; null `params` are left out.
    pub fn push_notification(&self, method: &str, params: &Value) -> usize {
        self.shared.connections.broadcast(method, params)
    }

    /// Sends a request on every standalone stream that is open now.
    pub fn push_request(&self, method: &str, params: &Value) -> Vec<PushedRequest> {
        self.shared.connections.ask_all(method, params)
    }

    /// Cuts every open stream without a proper end. Sessions go on.
    pub fn drop_streams(&self) {
        self.shared.connections.cut_streams();
    }

    /// Stops listening and closes every connection; sessions are forgotten. The port stays bound,
    /// and refuses connections. Does nothing when already stopped.
    pub fn stop(&mut self) {
        let Some(running) = self.running.take() else {
            return;
        };
        self.shared.recorder.cut_open();
        // Fails only if the thread is gone already.
        let _ = running.stop.send(());
        let _ = running.thread.join();
        self.reserved = reserve(self.shared.port()).ok();
        self.forget_sessions();
    }

    /// Listens again after [`MockRemote::stop`], on the same port. Does nothing while running.
    ///
    /// # Errors
    /// The port cannot be bound again or a thread cannot be started.
    pub fn start_again(&mut self) -> io::Result<()> {
        if self.running.is_some() {
            return Ok(());
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        drop(self.reserved.take());
        let listener = bind(&self.shared)?;
        let (stop, stopped) = oneshot::channel();
        let shared = Arc::clone(&self.shared);
        let thread =
            std::thread::Builder::new().name("mock-remote".to_owned()).spawn(move || {
                let _ = runtime.block_on(run(shared, listener, async {
                    let _ = stopped.await;
                }));
                // Dropping the runtime drops every connection.
            })?;
        self.running = Some(Running { stop, thread });
        Ok(())
    }

    /// Stops and starts again: [`MockRemote::stop`], then [`MockRemote::start_again`].
    ///
    /// # Errors
    /// As for [`MockRemote::start_again`].
    pub fn restart(&mut self) -> io::Result<()> {
        self.stop();
        self.start_again()
    }
}

impl Drop for MockRemote {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The URLs of a mock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MockAddress {
    /// The endpoint for Streamable HTTP.
    pub url: Url,
    /// The endpoint for HTTP+SSE.
    pub sse_url: Url,
    /// The page on which people sign in, if the product has one.
    pub page_url: Option<Url>,
}

impl MockAddress {
    fn of(shared: &MockState) -> Self {
        let at = |path: &str| {
            Url::parse(&format!("http://127.0.0.1:{}{path}", shared.port()))
                .expect("a loopback address and a fixed path make a URL")
        };
        let paths = shared.product.profile().paths;
        Self { url: at(paths.mcp), sse_url: at(paths.sse), page_url: paths.page.map(at) }
    }
}

/// Runs a mock on the caller's runtime: binds, passes the address to `ready`, and answers until
/// `shutdown` resolves.
///
/// # Errors
/// The data file cannot be used, or the port cannot be bound.
pub async fn serve(
    options: MockOptions,
    ready: impl FnOnce(&MockAddress),
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let shared = open(options, false)?;
    let listener = bind(&shared)?;
    ready(&MockAddress::of(&shared));
    run(shared, listener, shutdown).await
}

/// Opens the product and the state beside it.
fn open(options: MockOptions, only_authorizes: bool) -> Result<Arc<MockState>, DataFileError> {
    let product = products::open(&options)?;
    Ok(MockState::new(options, product, only_authorizes))
}

/// Binds to loopback only (S-14). The first bind determines the port.
fn bind(shared: &MockState) -> io::Result<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, shared.port()))?;
    listener.set_nonblocking(true)?;
    shared.set_port(listener.local_addr()?.port());
    Ok(listener)
}

/// Binds a port without listening on it.
fn reserve(port: u16) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    // Connections that have just been closed still count there; elsewhere it would share the port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    Ok(socket)
}

async fn run(
    shared: Arc<MockState>,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let router = transport::router(&shared).into_make_service_with_connect_info::<Switch>();
    tokio::select! {
        // Ends only when it is dropped.
        _ = axum::serve(Wires::new(listener), router).into_future() => {}
        () = shutdown => {}
    }
    shared.connections.sessions.forget_all();
    Ok(())
}
