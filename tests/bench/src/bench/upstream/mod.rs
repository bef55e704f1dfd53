//! The remote of the bench: a legacy Streamable HTTP server, in this process on its own thread, as
//! fast as hyper goes. It refuses what a server may refuse (missing headers, no session).

mod answers;
mod link;
mod reply;
mod secure;

use std::cell::Cell;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, mpsc};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustix::thread::{Pid, gettid};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::runtime::LocalOptions;

use crate::envelope;
use crate::fault::{Fault, Outcome};
use crate::payload::Payload;
use answers::{Answer, answer};
pub(crate) use answers::{TOOLS, VERSION};
pub(crate) use link::{NETWORKS, Network};
use reply::Reply;
use secure::Secure;

/// The round trip of the listener that plays a far remote.
const FAR: Duration = Duration::from_millis(80);

/// The addresses of the remote, and its log of requests.
pub(crate) struct Upstream {
    near: SocketAddr,
    far: SocketAddr,
    secure: SocketAddr,
    /// The near one behind each of [`NETWORKS`].
    behind: [SocketAddr; NETWORKS.len()],
    /// In PEM form, of whoever signed what `secure` shows.
    authority: String,
    thread: Pid,
    log: Log,
}

/// The addresses that the upstream's thread reports once it listens.
struct Listening {
    near: SocketAddr,
    far: SocketAddr,
    secure: SocketAddr,
    behind: [SocketAddr; NETWORKS.len()],
    thread: Pid,
}

type Log = Arc<Mutex<Option<Vec<String>>>>;

impl Upstream {
    pub(crate) fn start(payload: Payload) -> Outcome<Self> {
        let log = Log::default();
        let (secure, authority) = Secure::new()?;
        let (ready, addresses) = mpsc::channel();
        let for_thread = Arc::clone(&log);
        std::thread::Builder::new()
            .name("upstream".into())
            .spawn(move || serve(payload, for_thread, secure, &ready))
            .map_err(Fault::from_io("start the upstream"))?;
        let listening = addresses
            .recv()
            .map_err(|_| Fault::new("the upstream ended"))?
            .map_err(Fault::from_io("open the upstream's ports"))?;
        let Listening { near, far, secure, behind, thread } = listening;
        Ok(Self { near, far, secure, behind, authority, thread, log })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.near
    }

    /// Returns the thread that does all of it.
    pub(crate) fn thread(&self) -> Pid {
        self.thread
    }

    /// Returns the usual remote; it offers no GET stream.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/mcp", self.near)
    }

    /// Returns the URL of the token endpoint.
    pub(crate) fn token_url(&self) -> String {
        format!("http://{}/token", self.near)
    }

    /// Returns the same with a GET stream that stays open and silent.
    pub(crate) fn url_with_stream(&self) -> String {
        format!("http://{}/held", self.near)
    }

    /// Returns the same at a round trip of 80 ms.
    pub(crate) fn far_url(&self) -> String {
        format!("http://{}/mcp", self.far)
    }

    /// Returns the usual remote behind each of [`NETWORKS`].
    pub(crate) fn urls_behind_networks(&self) -> [(Network, String); NETWORKS.len()] {
        std::array::from_fn(|at| (NETWORKS[at], format!("http://{}/mcp", self.behind[at])))
    }

    /// Returns the usual remote over TLS.
    pub(crate) fn secure_url(&self) -> String {
        format!("https://localhost:{}/mcp", self.secure.port())
    }

    /// Returns the certificate authority of [`Self::secure_url`], in PEM form.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    pub(crate) fn start_log(&self) {
        *lock(&self.log) = Some(Vec::new());
    }

    /// Returns the requests since the log was started, in order.
    pub(crate) fn take_log(&self) -> Vec<String> {
        lock(&self.log).take().unwrap_or_default()
    }
}

fn lock(log: &Log) -> MutexGuard<'_, Option<Vec<String>>> {
    log.lock().expect("no holder panics")
}

fn serve(payload: Payload, log: Log, secure: Secure, ready: &mpsc::Sender<io::Result<Listening>>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default());
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return drop(ready.send(Err(error))),
    };
    runtime.block_on(async {
        let state = Rc::new(State { payload, log, sessions: Cell::new(0) });
        let opened = async {
            let (near, at_near) = listen().await?;
            let (far, at_far) = listen().await?;
            let (encrypted, at_secure) = listen().await?;
            let mut behind = [at_near; NETWORKS.len()];
            for (network, address) in NETWORKS.into_iter().zip(&mut behind) {
                let (listener, at_network) = listen().await?;
                *address = at_network;
                tokio::task::spawn_local(link::pass_on(listener, at_near, network));
            }
            let thread = gettid();
            let told = Listening { near: at_near, far: at_far, secure: at_secure, behind, thread };
            Ok::<_, io::Error>((told, [near, far, encrypted]))
        };
        let [near, far, encrypted] = match opened.await {
            Ok((told, listeners)) => {
                let _ = ready.send(Ok(told));
                listeners
            }
            Err(error) => return drop(ready.send(Err(error))),
        };
        tokio::task::spawn_local(secure.accept(encrypted, Rc::clone(&state)));
        tokio::task::spawn_local(accept(far, FAR, Rc::clone(&state)));
        accept(near, Duration::ZERO, state).await;
    });
}

async fn listen() -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

struct State {
    payload: Payload,
    log: Log,
    sessions: Cell<usize>,
}

async fn accept(listener: TcpListener, round_trip: Duration, state: Rc<State>) {
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            tokio::task::spawn_local(connection(stream, round_trip, Rc::clone(&state)));
        }
    }
}

async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    round_trip: Duration,
    state: Rc<State>,
) {
    if !round_trip.is_zero() {
        // The TCP handshake would have taken one.
        tokio::time::sleep(round_trip).await;
    }
    let service = service_fn(|request| {
        let state = Rc::clone(&state);
        async move {
            if !round_trip.is_zero() {
                tokio::time::sleep(round_trip).await;
            }
            Ok::<_, Infallible>(state.respond(request).await)
        }
    });
    // A bridge that is killed resets its connections.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

impl State {
    async fn respond(&self, request: Request<Incoming>) -> Response<Reply> {
        if request.uri().path() == "/token" {
            return token();
        }
        let known = matches!(request.uri().path(), "/mcp" | "/held");
        let method = request.method().clone();
        if !known || method != Method::POST {
            self.record(|| format!("{method} {}", request.uri().path()));
        }
        match method {
            _ if !known => empty(StatusCode::NOT_FOUND),
            Method::POST => self.post(request).await,
            Method::GET if request.headers().contains_key("last-event-id") => resumed(&request),
            Method::GET if request.uri().path() == "/held" => event_stream(Reply::held()),
            Method::DELETE => empty(StatusCode::OK),
            _ => empty(StatusCode::METHOD_NOT_ALLOWED),
        }
    }

    async fn post(&self, request: Request<Incoming>) -> Response<Reply> {
        let (head, body) = request.into_parts();
        let Ok(message) = body.collect().await else { return empty(StatusCode::BAD_REQUEST) };
        let message = message.to_bytes();
        let method = envelope::string(&message, "method").unwrap_or(b"response");
        self.record(|| format!("POST {}", String::from_utf8_lossy(method)));
        let opening = method == b"initialize";
        if let Err(refusal) = check(&head.headers, opening) {
            return refused(refusal);
        }
        let (answer, delay) = answer(&message, &self.payload);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let mut response = match answer {
            Answer::Accepted => empty(StatusCode::ACCEPTED),
            Answer::Json(pieces) => json(StatusCode::OK, Reply::sized(pieces)),
            Answer::Event(pieces) => event_stream(one_event(pieces)),
            Answer::Stream(pieces) => event_stream(Reply::stream(pieces)),
            Answer::Broken(opening) => event_stream(Reply::stream([opening])),
        };
        if opening {
            self.open_session(&mut response);
        }
        response
    }

    fn open_session(&self, response: &mut Response<Reply>) {
        let number = self.sessions.get() + 1;
        self.sessions.set(number);
        let id = HeaderValue::from_str(&format!("bench-session-{number}"));
        response.headers_mut().insert("mcp-session-id", id.expect("letters and digits"));
    }

    fn record(&self, entry: impl FnOnce() -> String) {
        if let Some(log) = lock(&self.log).as_mut() {
            log.push(entry());
        }
    }
}

/// Checks the headers that the specification requires of a POST; `initialize` has no session and no
/// version yet.
fn check(headers: &HeaderMap, opening: bool) -> Result<(), &'static str> {
    let has = |name: &str, part: &str| {
        let text = headers.get(name).and_then(|value| value.to_str().ok());
        text.is_some_and(|text| text.to_ascii_lowercase().contains(part))
    };
    if !has(CONTENT_TYPE.as_str(), "application/json") {
        return Err("wrong Content-Type");
    }
    if !has(ACCEPT.as_str(), "application/json") || !has(ACCEPT.as_str(), "text/event-stream") {
        return Err("wrong Accept");
    }
    if !opening && !has("mcp-session-id", "bench-session-") {
        return Err("no session");
    }
    if !opening && !has("mcp-protocol-version", VERSION) {
        return Err("wrong MCP-Protocol-Version");
    }
    Ok(())
}

/// Issues a token to everyone; the upstream does not check tokens.
fn token() -> Response<Reply> {
    let body = r#"{"access_token":"bench","token_type":"Bearer","expires_in":86400}"#;
    json(StatusCode::OK, Reply::sized([Bytes::from_static(body.as_bytes())]))
}

fn refused(reason: &str) -> Response<Reply> {
    let body = format!(r#"{{"jsonrpc":"2.0","error":{{"code":-32600,"message":"{reason}"}}}}"#);
    json(StatusCode::BAD_REQUEST, Reply::sized([body.into()]))
}

fn one_event(pieces: Vec<Bytes>) -> Reply {
    let opening = Bytes::from_static(b"event: message\ndata: ");
    let end = Bytes::from_static(b"\n\n");
    let small = pieces.iter().map(Bytes::len).sum::<usize>() < 4096;
    let pieces: Vec<_> = [vec![opening], pieces, vec![end]].concat();
    if small { Reply::stream([pieces.concat().into()]) } else { Reply::stream(pieces) }
}

/// Returns the rest of a broken stream; the id of its event is the id of the call.
fn resumed(request: &Request<Incoming>) -> Response<Reply> {
    let id = request.headers().get("last-event-id").map_or(&b""[..], HeaderValue::as_bytes);
    event_stream(one_event(answers::text_response(id, "resumed".into())))
}

fn empty(status: StatusCode) -> Response<Reply> {
    let mut response = Response::new(Reply::sized([]));
    *response.status_mut() = status;
    response
}

fn json(status: StatusCode, reply: Reply) -> Response<Reply> {
    let mut response = Response::new(reply);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn event_stream(reply: Reply) -> Response<Reply> {
    let mut response = Response::new(reply);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    response
}
