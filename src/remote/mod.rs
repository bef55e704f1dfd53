//! How the bridge reaches the remote MCP server: transports and their probes, exchanges, streams,
//! sessions, retries. Each exchange is a task whose results are `RemoteEvent`s.
//!
//! Does not know what a message means or who waits for it: that is up to the bridge.

mod answer;
mod arrivals;
mod attempts;
mod concurrency_limit;
mod credentials;
mod events;
mod exchange;
mod exchange_handle;
mod failures;
mod followed_redirects;
mod http_sse;
mod media_type;
mod open_prompts;
mod options;
mod post;
mod probe;
mod progress;
mod received;
mod remote_event;
mod remote_id;
mod resumption;
mod retry;
mod running_exchanges;
mod session;
mod session_loss;
mod silence_limit;
mod standalone_stream;
mod stream_origin;
mod streamable_http;
mod streams;
mod transport;
mod unusual_text;
mod wire;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use http::HeaderMap;
use http::header::HOST;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;
use url::Url;

use self::arrivals::Arrivals;
use self::concurrency_limit::ConcurrencyLimit;
use self::credentials::RequestCredentials;
use self::followed_redirects::FollowedRedirects;
use self::open_prompts::OpenPrompts;
use self::progress::ProgressWatch;
use self::running_exchanges::RunningExchanges;
use self::standalone_stream::StandaloneStream;
use self::streams::MAX_WAITING_BYTES;
use self::wire::Wire;
use crate::budget::Budget;
use crate::error::{Error, Failure, Result};
use crate::http::{Outbound, Target};
use crate::redact::SafeUrl;

pub(crate) use crate::auth::{Authorizer, SignInState};
pub use events::{Event, EventDecoder, TooLarge};
pub(crate) use exchange_handle::ExchangeHandle;
pub(crate) use failures::{
    failure_for_media_type, failure_for_network_error, failure_for_redirect, failure_for_status,
};
pub(crate) use open_prompts::OpenQuestions;
pub use options::{Limits, RemoteOptions, TransportChoice};
pub(crate) use post::{ModernPost, Post};
pub(crate) use remote_event::{Outcome, ProbeRefusal, RemoteEvent, is_answer_to};
pub(crate) use remote_id::number_of;
pub(crate) use session::Session;
pub(crate) use session_loss::{casts_doubt, refusal_casts_doubt};
pub(crate) use transport::Transport;

/// How long closing waits for a token that is being refreshed.
const TOKEN_SETTLE_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(2);
/// How many events may wait for the bridge before streams are no longer read.
const EVENT_CHANNEL_CAPACITY: usize = 256;

/// One remote, and the tasks that talk to it.
#[derive(Debug)]
pub(crate) struct Remote {
    wire: Arc<Wire>,
    transport: Option<Transport>,
    exchanges: RunningExchanges,
    /// The task of the standalone stream.
    tasks: JoinSet<()>,
    /// The tasks that end replaced sessions.
    ending: JoinSet<()>,
    listening: Option<AbortHandle>,
}

impl Remote {
    /// Prepares to talk to a remote. Sends nothing yet.
    ///
    /// # Errors
    /// The network settings cannot be used.
    pub fn new(options: RemoteOptions) -> Result<(Self, mpsc::Receiver<RemoteEvent>)> {
        let (events, receiver) = mpsc::channel(EVENT_CHANNEL_CAPACITY);
        let outbound = Outbound::new(&options.http, &options.url)?;
        let mut headers = outbound.default_headers().clone();
        let mut own = HeaderMap::new();
        for (name, value) in options.headers {
            own.append(name, value);
        }
        headers.extend(own);
        let shown = SafeUrl::new(&options.url).to_string();
        let endpoint = Target::new(options.url).map_err(|error| {
            Error::failed(format!("`{shown}` cannot be requested: {error}"))
                .hint("check the URL: it looks like `https://mcp.example.com/mcp`")
        })?;
        // Included from the start, so that the map need not grow for each request.
        headers.insert(HOST, endpoint.host().clone());
        let wire = Wire {
            outbound,
            credentials: RequestCredentials {
                authorizer: options.authorizer,
                header_commands: options.header_commands,
            },
            endpoint,
            headers,
            limits: options.limits,
            events,
            open_prompts: OpenPrompts::default(),
            concurrency_limit: ConcurrencyLimit::new(),
            redirects: FollowedRedirects::default(),
            progress: ProgressWatch::default(),
            standalone: StandaloneStream::default(),
            arrivals: Arrivals::default(),
            waiting_bytes: Arc::new(Semaphore::new(MAX_WAITING_BYTES)),
            recorder: options.recorder,
        };
        Ok((Self::from_wire(Arc::new(wire)), receiver))
    }

    fn from_wire(wire: Arc<Wire>) -> Self {
        let exchanges = RunningExchanges::new(wire.limits.request);
        let tasks = JoinSet::new();
        Self { wire, transport: None, exchanges, tasks, ending: JoinSet::new(), listening: None }
    }

    /// The same remote for a further session, whose events arrive at the same receiver.
    #[must_use]
    pub fn with_own_session(&self) -> Self {
        Self::from_wire(Arc::clone(&self.wire))
    }

    /// The count of open questions to a person.
    pub fn open_prompts(&self) -> &OpenPrompts {
        &self.wire.open_prompts
    }

    /// The MCP endpoint.
    pub fn endpoint(&self) -> &Url {
        self.wire.endpoint.url()
    }

    /// The authorizer, which signs in at this remote.
    pub fn authorizer(&self) -> &Authorizer {
        &self.wire.credentials.authorizer
    }

    /// The transport, once it is known.
    pub fn transport(&self) -> Option<&Transport> {
        self.transport.as_ref()
    }

    /// Sends `initialize` or `server/discover` over Streamable HTTP. Where the server keeps silent
    /// and `may_be_old`, looks for the stream of HTTP+SSE meanwhile.
    pub fn open_streamable(&mut self, post: Post, may_be_old: bool) {
        let wire = Arc::clone(&self.wire);
        self.start(post, move |post| async move { wire.open_streamable(&post, may_be_old).await });
    }

    /// Opens the stream of HTTP+SSE and sends `initialize` there.
    pub fn open_http_sse(&mut self, post: Post) {
        let wire = Arc::clone(&self.wire);
        self.start(post, move |post| async move { wire.open_http_sse(&post).await });
    }

    /// Sets the transport for all further messages, and closes an earlier one.
    pub fn set_transport(&mut self, transport: Transport) {
        if let Some(Transport::HttpSse { stream_task, .. }) = &self.transport {
            stream_task.abort();
        }
        self.transport = Some(transport);
    }

    /// Sends a message.
    pub fn post(&mut self, post: Post) {
        let wire = Arc::clone(&self.wire);
        let (target, on_stream) = self.post_target();
        self.start(post, move |post| async move { wire.exchange(&post, &target, on_stream).await });
    }

    /// Sends a message once an earlier one has been sent (T-07).
    pub fn post_after(&mut self, earlier: &ExchangeHandle, post: Post) {
        let wire = Arc::clone(&self.wire);
        let earlier = earlier.clone();
        let (target, on_stream) = self.post_target();
        self.start(post, move |post| async move {
            if !earlier.wait_until_sent().await {
                // A request that was never sent need not be cancelled.
                return Outcome::Done;
            }
            wire.exchange(&post, &target, on_stream).await
        });
    }

    /// Where messages are posted, and whether their answers arrive on another stream.
    fn post_target(&self) -> (Target, bool) {
        match &self.transport {
            Some(Transport::HttpSse { endpoint, .. }) => (endpoint.clone(), true),
            _ => (self.wire.endpoint.clone(), false),
        }
    }

    /// Opens the standalone stream of this session; does nothing on HTTP+SSE.
    pub fn listen(&mut self, session: &Arc<Session>) {
        self.stop_listening();
        while self.tasks.try_join_next().is_some() {}
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

    /// Whether the standalone stream is open or being opened.
    #[cfg(test)]
    pub fn is_listening(&self) -> bool {
        self.listening.is_some()
    }

    /// Ends a replaced session, in a task of its own (T-33).
    pub fn end_replaced(&mut self, session: &Arc<Session>) {
        if matches!(self.transport, Some(Transport::StreamableHttp)) {
            let (wire, session) = (Arc::clone(&self.wire), Arc::clone(session));
            self.ending.spawn(async move { wire.end_session(&session).await });
        }
    }

    /// Whether an answer has partly arrived.
    pub fn is_delivering(&self) -> bool {
        self.wire.arrivals.is_any()
    }

    /// Ends these sessions and every task.
    pub async fn close(&mut self, sessions: &[Arc<Session>]) {
        self.stop_listening();
        match &self.transport {
            Some(Transport::StreamableHttp) => {
                let ending = sessions.iter().map(|session| self.wire.end_session(session));
                futures_util::future::join_all(ending).await;
            }
            Some(Transport::HttpSse { stream_task, .. }) => stream_task.abort(),
            None => {}
        }
        while self.ending.join_next().await.is_some() {}
        // A rotated token that is being stored must not get lost.
        self.wire.credentials.authorizer.settle(TOKEN_SETTLE_TIMEOUT).await;
        self.exchanges.abandon_all();
        self.tasks.abort_all();
    }

    /// The earliest time at which an exchange exceeds its limit.
    pub fn due(&self) -> Option<Instant> {
        self.exchanges.due()
    }

    /// Ends exchanges that have exceeded their limit.
    pub fn end_overdue(&mut self, now: Instant) {
        self.exchanges.end_overdue(now);
    }

    fn start<F, Work>(&mut self, post: Post, work: F)
    where
        F: FnOnce(Post) -> Work + Send + 'static,
        Work: Future<Output = Outcome> + Send + 'static,
    {
        self.exchanges.begin(&post);
        let wire = Arc::clone(&self.wire);
        let outgoing = Budget::of_process().outgoing(post.frame.len());
        // Boxed because the runtime moves its futures several times.
        tokio::spawn(Box::pin(async move {
            let _outgoing = outgoing;
            let (exchange, generation) = (post.number, post.session.generation);
            let handle = post.handle.clone();
            handle.set_size(post.frame.len());
            let is_legacy = post.modern.is_none();
            let outcome = tokio::select! {
                outcome = run_with_permit(&wire.concurrency_limit, &handle, post, work) => outcome,
                // Dropping the work closes its stream, or its connection before HTTP/2 (T-59).
                () = handle.wait_until_abandoned() => Outcome::Done,
                () = handle.wait_until_overdue() => Outcome::Failed(overdue(wire.limits.request)),
            };
            if let (Some(recorder), Outcome::Failed(failure)) = (&wire.recorder, &outcome) {
                recorder.failure(exchange, failure.kind.name(), &failure.message);
            }
            handle.end();
            // Otherwise the answer itself was the report.
            if !is_legacy || !handle.is_answered() || !matches!(outcome, Outcome::Done) {
                let ended = RemoteEvent::Ended { exchange, generation, outcome };
                let _ = wire.events.send(ended).await;
            }
        }));
    }
}

/// Runs the work of an exchange once there is a permit for it, and gives the permit back when the
/// exchange is answered. A panic is its failure.
async fn run_with_permit<F, Work>(
    limit: &ConcurrencyLimit,
    handle: &ExchangeHandle,
    post: Post,
    work: F,
) -> Outcome
where
    F: FnOnce(Post) -> Work,
    Work: Future<Output = Outcome>,
{
    let permit = tokio::select! {
        biased;
        permit = limit.acquire(post.concurrency_class()) => permit,
        // Cancelled before it was sent: it is never sent (T-07).
        () = handle.wait_until_settled() => return Outcome::Done,
    };
    // Boxed because it is large: a waiting exchange does not need the memory yet.
    let work = AssertUnwindSafe(Box::pin(work(post))).catch_unwind();
    let mut work =
        work.map(|outcome| outcome.unwrap_or_else(|_| Outcome::Failed(Failure::internal())));
    if permit.is_none() {
        return work.await;
    }
    tokio::select! {
        outcome = &mut work => return outcome,
        // A stream that continues after its answer holds no permit (T-29).
        () = handle.wait_until_settled() => drop(permit),
    }
    work.await
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.exchanges.abandon_all();
        if let Some(Transport::HttpSse { stream_task, .. }) = &self.transport {
            stream_task.abort();
        }
    }
}

/// The failure for an exchange that took longer than a whole request may.
fn overdue(limit: Option<Duration>) -> Failure {
    Failure::timed_out("--request-timeout", limit, |limit| format!("no answer within {limit}"))
}
