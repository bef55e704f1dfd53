//! How the bridge reaches the remote MCP server: transports and their choice, exchanges, streams,
//! sessions, retries. Each exchange is a task; what it brings comes back as a [`RemoteEvent`].
//!
//! What a message means, and who waits for it, is the bridge's business.

mod attempts;
mod events;
mod exchange;
mod flight;
mod http_sse;
mod options;
mod places;
mod refusal;
mod resumption;
mod retry;
mod select;
mod session;
mod streamable_http;
mod upstream_id;
mod wire;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use url::Url;

use self::places::Places;
use self::wire::Wire;
use crate::auth::Authorizer;
use crate::error::{Failure, FailureKind, Result};
use crate::http::Outbound;
use crate::jsonrpc::Message;

pub use crate::auth::SignInState;
pub use events::{Event, EventDecoder, TooLarge};
pub use exchange::{Modern, Post};
pub use flight::{Flight, People};
pub use options::{Limits, RemoteOptions, TransportChoice};
pub use refusal::{from_media_type, from_network, from_redirect, from_status};
pub use session::Session;
pub use upstream_id::number_of;

/// How long the end waits for a token that is being renewed.
const SETTLE_LIMIT: std::time::Duration = std::time::Duration::from_secs(2);
/// How many events may wait for the bridge before streams are no longer read.
const EVENTS_WAITING: usize = 256;

/// How messages reach the remote.
#[derive(Clone, Debug)]
pub enum Transport {
    /// Streamable HTTP, from 2025-03-26 on.
    StreamableHttp,
    /// HTTP+SSE of 2024-11-05.
    HttpSse {
        /// Where messages are posted.
        endpoint: Url,
        /// Ends the task that reads the stream.
        pump: AbortHandle,
    },
}

impl Transport {
    /// Its name for people.
    pub fn name(&self) -> &'static str {
        match self {
            Self::StreamableHttp => "Streamable HTTP",
            Self::HttpSse { .. } => "HTTP+SSE",
        }
    }
}

/// What comes back from the remote.
#[derive(Debug)]
pub enum RemoteEvent {
    /// `initialize` found its way; the answer follows.
    Opened {
        /// The exchange of the `initialize`.
        exchange: u64,
        /// The transport that worked.
        transport: Transport,
        /// The session id that the remote gave.
        session_id: Option<HeaderValue>,
        /// The session that is being opened.
        generation: u32,
    },
    /// A message.
    Message {
        /// The exchange whose response brought it; `None` for streams of their own.
        exchange: Option<u64>,
        /// The session it belongs to.
        generation: u32,
        /// The message.
        message: Message,
    },
    /// An exchange is over; nothing more comes of it.
    Ended {
        /// Its number.
        exchange: u64,
        /// The session it was sent in.
        generation: u32,
        /// How it went.
        outcome: Outcome,
    },
    /// Whether there is a stream of its own for the session.
    Listening {
        /// Which session.
        generation: u32,
        /// Whether the remote offers one.
        offered: bool,
    },
    /// The session behind a stream of its own is gone.
    SessionLost {
        /// Which session.
        generation: u32,
    },
    /// The server no longer opens the stream of the session. Only a POST can tell whether the session
    /// is lost.
    SessionDoubted {
        /// Which session.
        generation: u32,
    },
}

impl RemoteEvent {
    /// The session that this belongs to.
    pub fn generation(&self) -> u32 {
        match self {
            Self::Opened { generation, .. }
            | Self::Message { generation, .. }
            | Self::Ended { generation, .. }
            | Self::Listening { generation, .. }
            | Self::SessionLost { generation }
            | Self::SessionDoubted { generation } => *generation,
        }
    }
}

/// How an exchange went.
#[derive(Debug)]
pub enum Outcome {
    /// The message was accepted, or answered.
    Done,
    /// The remote does not know the session and did not execute the message (T-32).
    SessionLost,
    /// A step of finding out what the remote is was refused (T-80).
    Refused(Box<Refused>),
    /// There will be no answer.
    Failed(Failure),
}

/// What a remote said to a step that it refused.
#[derive(Debug)]
pub struct Refused {
    /// The HTTP status; none where there is no event stream of HTTP+SSE.
    pub status: Option<u16>,
    /// What to tell the host if nothing else works.
    pub failure: Failure,
    /// The JSON-RPC error in the body, if there was one.
    pub answer: Option<Message>,
}

/// One remote, and the tasks that talk to it.
#[derive(Debug)]
pub struct Remote {
    wire: Arc<Wire>,
    transport: Option<Transport>,
    tasks: JoinSet<()>,
    listening: Option<AbortHandle>,
}

impl Remote {
    /// Prepares to talk to a remote. Sends nothing yet.
    ///
    /// # Errors
    /// Network settings that cannot be used.
    pub fn new(options: RemoteOptions) -> Result<(Self, mpsc::Receiver<RemoteEvent>)> {
        let (events, receiver) = mpsc::channel(EVENTS_WAITING);
        let mut headers = HeaderMap::new();
        for (name, value) in options.headers {
            headers.append(name, value);
        }
        let wire = Wire {
            outbound: Outbound::new(&options.http, &options.url)?,
            authorizer: options.authorizer,
            endpoint: options.url,
            headers,
            limits: options.limits,
            events,
            people: People::default(),
            places: Places::new(),
        };
        let remote =
            Self { wire: Arc::new(wire), transport: None, tasks: JoinSet::new(), listening: None };
        Ok((remote, receiver))
    }

    /// The same remote once more, for a further session: its events come the same way.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self {
            wire: Arc::clone(&self.wire),
            transport: None,
            tasks: JoinSet::new(),
            listening: None,
        }
    }

    /// Where open questions to a person are counted.
    pub fn people(&self) -> &People {
        &self.wire.people
    }

    /// The MCP endpoint.
    pub fn endpoint(&self) -> &Url {
        &self.wire.endpoint
    }

    /// Who signs in.
    pub fn authorizer(&self) -> &Authorizer {
        &self.wire.authorizer
    }

    /// The transport in use, once it is known.
    pub fn transport(&self) -> Option<&Transport> {
        self.transport.as_ref()
    }

    /// Sends `initialize` or `server/discover` over Streamable HTTP.
    pub fn open_streamable(&mut self, post: Post) {
        let wire = Arc::clone(&self.wire);
        self.start(post, move |post| async move { wire.open_streamable(&post).await });
    }

    /// Opens the stream of HTTP+SSE and sends `initialize` there.
    pub fn open_http_sse(&mut self, post: Post) {
        let wire = Arc::clone(&self.wire);
        self.start(post, move |post| async move { wire.open_http_sse(&post).await });
    }

    /// Remembers how the remote is reached.
    pub fn adopt(&mut self, transport: Transport) {
        if let Some(Transport::HttpSse { pump, .. }) = &self.transport {
            pump.abort();
        }
        self.transport = Some(transport);
    }

    /// Sends a message.
    pub fn post(&mut self, post: Post) {
        let wire = Arc::clone(&self.wire);
        let (target, elsewhere) = match &self.transport {
            Some(Transport::HttpSse { endpoint, .. }) => (endpoint.clone(), true),
            _ => (wire.endpoint.clone(), false),
        };
        self.start(post, move |post| async move { wire.exchange(&post, &target, elsewhere).await });
    }

    /// Sends a message once another one has left (T-07).
    pub fn post_after(&mut self, earlier: &Flight, post: Post) {
        let wire = Arc::clone(&self.wire);
        let departure = earlier.departure().clone();
        let (target, elsewhere) = match &self.transport {
            Some(Transport::HttpSse { endpoint, .. }) => (endpoint.clone(), true),
            _ => (wire.endpoint.clone(), false),
        };
        self.start(post, move |post| async move {
            departure.wait().await;
            wire.exchange(&post, &target, elsewhere).await
        });
    }

    /// Opens the standalone stream of this session, once; does nothing on HTTP+SSE.
    pub fn listen(&mut self, session: &Arc<Session>) {
        self.stop_listening();
        if matches!(self.transport, Some(Transport::StreamableHttp)) {
            let listening = Arc::clone(&self.wire).listen(Arc::clone(session));
            self.listening = Some(self.tasks.spawn(listening));
        }
    }

    /// Closes the standalone stream.
    pub fn stop_listening(&mut self) {
        if let Some(listening) = self.listening.take() {
            listening.abort();
        }
    }

    /// Leaves the remote: ends the session and every task.
    pub async fn close(&mut self, session: &Session) {
        self.stop_listening();
        match &self.transport {
            Some(Transport::StreamableHttp) => self.wire.end_session(session).await,
            Some(Transport::HttpSse { pump, .. }) => pump.abort(),
            None => {}
        }
        // A rotated token that is being stored must not get lost.
        self.wire.authorizer.settle(SETTLE_LIMIT).await;
        self.tasks.abort_all();
    }

    fn start<F, Work>(&mut self, post: Post, work: F)
    where
        F: FnOnce(Post) -> Work + Send + 'static,
        Work: Future<Output = Outcome> + Send,
    {
        while self.tasks.try_join_next().is_some() {}
        let wire = Arc::clone(&self.wire);
        self.tasks.spawn(async move {
            let (exchange, generation) = (post.number, post.session.generation);
            let flight = post.flight.clone();
            let limit = post.limit(&wire.limits);
            let kind = places::Kind::of(&post);
            let work = async {
                let _place = wire.places.take(kind).await;
                // Boxed, for it is large: what waits needs none of it, and nothing copies it.
                AssertUnwindSafe(Box::pin(work(post))).catch_unwind().await
            };
            let work = wire.people.patiently(limit, work);
            let outcome = tokio::select! {
                outcome = work => outcome,
                // Dropping the work closes its stream, or its connection before HTTP/2 (T-59).
                () = flight.abandoned() => Some(Ok(Outcome::Done)),
            };
            let outcome = match outcome {
                Some(Ok(outcome)) => outcome,
                Some(Err(_)) => Outcome::Failed(
                    Failure::new(FailureKind::Lost, "the bridge failed on this request")
                        .hint("this is a bug in `mcp-tether`; please report it"),
                ),
                None => Outcome::Failed(Failure::new(
                    FailureKind::Timeout,
                    "no answer within the limit for a whole request",
                )),
            };
            flight.departure().mark();
            let _ = wire.events.send(RemoteEvent::Ended { exchange, generation, outcome }).await;
        });
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        if let Some(Transport::HttpSse { pump, .. }) = &self.transport {
            pump.abort();
        }
    }
}
