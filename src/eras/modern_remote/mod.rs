//! The adapter for a modern remote, which looks like a legacy remote to the loop: answers
//! `initialize`, sends requests as self-contained exchanges, asks the host for the input that the
//! remote needs, and listens for the host. A request of a modern host is relayed instead (E-04):
//! only its id changes, and headers are added.
//!
//! Pure: messages and the time in, effects out. Requests share no state (E-06).

mod call;
mod catalogue;
mod content;
#[cfg(test)]
mod duplicate_members;
mod envelope;
mod errors;
#[cfg(test)]
mod golden;
mod levels;
mod lifecycle;
mod listening;
mod notices;
mod pages;
#[cfg(test)]
mod property;
mod questions;
mod relay;
mod resources;
mod results;
mod rounds;
mod schema;
mod tasks;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use self::call::RemoteCall;
use self::catalogue::Catalogue;
use self::envelope::HostEnvelope;
use self::lifecycle::ModernServer;
use self::listening::ListListen;
use self::resources::Resources;
use super::adapter_context::{AdapterContext, Exchange, Numbers};
use super::duplicate_members::find_duplicate_member;
use crate::error::{Failure, FailureKind};
use crate::jsonrpc::{Edit, Frame, Message, MessageKind, RequestId, result_response};
use crate::protocol::{ProtocolVersion, methods};

type RemoteContext<'a> = AdapterContext<'a, RemoteEffect>;

/// An effect for the loop.
#[derive(Debug)]
pub enum RemoteEffect {
    /// Answer a request of the loop.
    Answer {
        /// The request.
        number: u64,
        /// The answer; its id does not matter.
        answer: Message,
        /// Edits to the answer, sorted and without overlap.
        edits: Vec<Edit>,
    },
    /// Answer a request of the loop with a failure, because the remote did not answer.
    Fail {
        /// The request.
        number: u64,
        /// The reason.
        failure: Failure,
    },
    /// Drop a request without an answer: the host was notified instead (E-46).
    Forget(u64),
    /// Detect the remote's era again: it refused this request in a way that no modern server would
    /// (T-84). The request is returned to the loop, with the refusal.
    Doubted {
        /// The request.
        number: u64,
        /// The refusal.
        failure: Failure,
        /// The JSON-RPC error in its body, if there was one.
        answer: Option<Message>,
    },
    /// Note that the loop's notification was sent.
    Accepted(u64),
    /// Send a notification to the host.
    Notify(Frame),
    /// Send a request to the host, under our own id.
    Ask {
        /// The request of the loop that needs the answer.
        number: u64,
        /// The request to the host.
        question: Message,
    },
    /// Cancel a request to the host.
    Withdraw(u64),
    /// Send a message to the remote.
    Exchange(Exchange),
    /// Close the stream of an exchange that was cancelled (T-59).
    Close(u64),
}

/// Options of the adapter.
#[derive(Clone, Debug)]
pub struct AdapterOptions {
    /// The name for a server that gives none (E-10).
    pub host_name: String,
    /// The longest time that a request may take over all its rounds (E-33).
    pub limit: Option<Duration>,
    /// Extensions that the bridge implements.
    pub extensions: Vec<&'static str>,
}

/// One modern remote.
#[derive(Debug)]
pub struct ModernRemote {
    options: AdapterOptions,
    version: String,
    discovered: ModernServer,
    /// The legacy host's declarations; `None` until it sends `initialize`.
    envelope: Option<HostEnvelope>,
    calls: HashMap<u64, RemoteCall>,
    exchanges: HashMap<u64, Role>,
    /// Open requests to the host, each with its call and the remote's key.
    asks: HashMap<u64, (u64, String)>,
    catalogue: Catalogue,
    lists: ListListen,
    resources: Resources,
    timers: Vec<(Instant, Due)>,
}

/// The purpose of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Sends the loop's request, or a round of it.
    Call(u64),
    /// Sends the loop's notification.
    Notification(u64),
    /// Lists the tools for their schemas (T-55, T-56).
    Catalogue,
    /// Listens for changes of lists (E-40).
    Lists,
    /// Listens for changes of resources (E-41).
    Resources,
    /// Polls the task of a request (E-70).
    Poll(u64),
    /// Gives the task the input that it asked for (E-71).
    Update(u64),
    /// Sends a message and ignores its answer.
    Aside,
}

/// What to do when a timer is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    /// Send the next round of a request.
    Again(u64),
    /// Poll a task.
    Poll(u64),
    /// Send calls that wait for the schemas of the tools.
    Catalogue,
    /// Listen for lists again.
    Lists,
    /// Listen for resources again.
    Resources,
}

impl ModernRemote {
    /// An adapter for a remote with this answer to `server/discover`; `None` if that is not a
    /// `DiscoverResult`.
    pub fn new(discover: &Message, options: AdapterOptions) -> Option<Self> {
        let discovered = ModernServer::read(discover)?;
        Some(Self {
            version: discovered.version(),
            options,
            discovered,
            envelope: None,
            calls: HashMap::new(),
            exchanges: HashMap::new(),
            asks: HashMap::new(),
            catalogue: Catalogue::default(),
            lists: ListListen::default(),
            resources: Resources::default(),
            timers: Vec::new(),
        })
    }

    /// The `server/discover` that a legacy host's `initialize` becomes (E-10).
    pub fn discover_for(
        initialize: &Message,
        options: &AdapterOptions,
        numbers: &mut Numbers,
    ) -> Exchange {
        let version = ProtocolVersion::NEWEST_MODERN.name();
        let envelope = HostEnvelope::of(initialize, version, &options.extensions);
        let discover = own_request(methods::DISCOVER, "{}");
        let number = numbers.fresh();
        let exchange = envelope::legacy_exchange(&envelope, &discover, number, &[], Vec::new());
        exchange.unwrap_or_else(|_| envelope::plain_exchange(version, &discover, number))
    }

    /// The `server/discover` that detects the remote's era for a modern host's request: the request
    /// itself, or one with its `_meta`.
    pub fn discover_like(
        request: &Message,
        options: &AdapterOptions,
        numbers: &mut Numbers,
    ) -> Exchange {
        let number = numbers.fresh();
        let discover = match request.method() {
            methods::DISCOVER => request.clone(),
            _ => envelope::own_request_like(methods::DISCOVER, "{}", Some(request)),
        };
        let version = super::host::named_version(&discover);
        let version = version.unwrap_or_else(|| ProtocolVersion::NEWEST_MODERN.name().to_owned());
        let extensions = &options.extensions;
        let exchange =
            envelope::relay_exchange(&version, &discover, number, Vec::new(), extensions);
        exchange.unwrap_or_else(|_| envelope::plain_exchange(&version, &discover, number))
    }

    /// The revision in force.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Handles a request of the legacy host or of the loop.
    pub fn handle_request(&mut self, number: u64, request: &Message, cx: &mut RemoteContext<'_>) {
        match request.method() {
            methods::INITIALIZE => return self.open(number, request, cx),
            methods::PING => return self.answer_empty(number, cx),
            _ => {}
        }
        if let Some(member) = find_duplicate_member(request, &[]) {
            return self.refuse_duplicate(number, member, cx);
        }
        match request.method() {
            methods::SET_LEVEL => self.set_level(number, request, cx),
            methods::SUBSCRIBE => self.subscribe(number, request, cx),
            methods::UNSUBSCRIBE => self.unsubscribe(number, request, cx),
            method if method.starts_with("tasks/") => self.refuse_method(number, request, cx),
            _ => self.begin(number, RemoteCall::new(request.clone(), false, cx.now), cx),
        }
    }

    /// Relays a request of a modern host.
    pub fn relay_request(&mut self, number: u64, request: &Message, cx: &mut RemoteContext<'_>) {
        if let Some(member) = find_duplicate_member(request, &[]) {
            return self.refuse_duplicate(number, member, cx);
        }
        self.begin(number, RemoteCall::new(request.clone(), true, cx.now), cx);
    }

    /// Handles a notification of the host. `number` identifies it in [`RemoteEffect::Accepted`].
    pub fn handle_notification(
        &mut self,
        number: u64,
        message: &Message,
        cx: &mut RemoteContext<'_>,
    ) {
        if !is_carried(message.method()) {
            return cx.emit(RemoteEffect::Accepted(number));
        }
        let headers = super::headers::standard_headers(&self.version, message);
        self.exchanges.insert(number, Role::Notification(number));
        cx.emit(RemoteEffect::Exchange(Exchange {
            number,
            frame: Frame::from(message.raw().clone()),
            headers,
            trace: super::trace_headers(message),
            is_request: false,
            repeatable: true,
            stays_open: false,
        }));
    }

    /// Handles the host's answer to our request with this id.
    pub fn handle_host_answer(&mut self, id: u64, answer: &Message, cx: &mut RemoteContext<'_>) {
        self.handle_reply(id, answer, cx);
    }

    /// Cancels a request of the host (E-65).
    pub fn cancel(&mut self, number: u64, cx: &mut RemoteContext<'_>) {
        self.resources.forget(number);
        self.catalogue.waiting.retain(|waiting| *waiting != number);
        self.end_task(number, cx);
        self.drop_call(number, cx);
    }

    /// Removes a call with its exchanges, questions and timers.
    fn drop_call(&mut self, number: u64, cx: &mut RemoteContext<'_>) -> Option<RemoteCall> {
        let mine = |role: &Role| match role {
            Role::Call(n) | Role::Poll(n) | Role::Update(n) => *n == number,
            _ => false,
        };
        let open: Vec<u64> =
            self.exchanges.iter().filter(|(_, role)| mine(role)).map(|(n, _)| *n).collect();
        for exchange in open {
            self.exchanges.remove(&exchange);
            cx.emit(RemoteEffect::Close(exchange));
        }
        self.withdraw_questions(number, cx);
        let timed = |due: &Due| matches!(due, Due::Again(n) | Due::Poll(n) if *n == number);
        self.timers.retain(|(_, due)| !timed(due));
        self.calls.remove(&number)
    }

    /// Handles a message on one of our exchanges; an answer on it ends the exchange.
    pub fn handle_message(&mut self, exchange: u64, message: &Message, cx: &mut RemoteContext<'_>) {
        let Some(role) = self.exchanges.get(&exchange).copied() else { return };
        match message.kind() {
            MessageKind::Request => {
                // T-61: a modern remote sends no requests.
                tracing::warn!(method = message.method(), "ignored a request of the server");
            }
            MessageKind::Notification => self.handle_notice(exchange, role, message, cx),
            MessageKind::Response | MessageKind::ErrorResponse => {
                self.exchanges.remove(&exchange);
                self.handle_answer(role, message, cx);
            }
        }
    }

    /// Handles the end of an exchange. Without a failure, it was answered or needed no answer.
    pub fn handle_end(
        &mut self,
        exchange: u64,
        failure: Option<Failure>,
        cx: &mut RemoteContext<'_>,
    ) {
        let Some(role) = self.exchanges.remove(&exchange) else { return };
        let failure = failure.unwrap_or_else(unanswered_failure);
        match role {
            Role::Call(number) => self.handle_loss(number, failure, cx),
            Role::Notification(number) => cx.emit(RemoteEffect::Accepted(number)),
            Role::Catalogue => self.catalogue_failed(cx),
            Role::Lists => self.lists_ended(false, cx),
            Role::Resources => self.resources_ended(exchange, Some(&failure), cx),
            Role::Poll(number) | Role::Update(number) => {
                self.task_unheard(number, role, failure, cx);
            }
            Role::Aside => {}
        }
    }

    /// Handles a refusal with an HTTP status. The JSON-RPC error in its body names no request.
    pub fn handle_http_refusal(
        &mut self,
        exchange: u64,
        answer: Option<Message>,
        failure: Failure,
        cx: &mut RemoteContext<'_>,
    ) {
        match (self.exchanges.get(&exchange), answer) {
            (Some(Role::Call(number)), answer)
                if errors::may_be_legacy(failure.status, answer.as_ref())
                    && !self.calls.get(number).is_some_and(RemoteCall::listens) =>
            {
                let number = *number;
                self.drop_call(number, cx);
                cx.emit(RemoteEffect::Doubted { number, failure, answer });
            }
            (_, Some(answer)) => self.handle_message(exchange, &answer, cx),
            (_, None) => self.handle_end(exchange, Some(failure), cx),
        }
    }

    fn handle_answer(&mut self, role: Role, answer: &Message, cx: &mut RemoteContext<'_>) {
        match role {
            Role::Call(number) => self.handle_outcome(number, answer, cx),
            Role::Catalogue => self.handle_catalogue(answer, cx),
            Role::Lists => self.lists_ended(answer.kind() == MessageKind::Response, cx),
            Role::Resources => self.resources_answered(answer, cx),
            Role::Poll(number) => self.handle_task(number, answer, cx),
            Role::Update(number) => self.poll_later(number, cx),
            Role::Notification(_) | Role::Aside => {}
        }
    }

    /// When [`Self::handle_timers`] has to be called next.
    pub fn due(&self) -> Option<Instant> {
        self.timers.iter().map(|(at, _)| *at).min()
    }

    /// Runs the timers that are due.
    pub fn handle_timers(&mut self, cx: &mut RemoteContext<'_>) {
        let (now, mut due) = (cx.now, Vec::new());
        self.timers.retain(|(at, what)| {
            let is_due = *at <= now;
            due.extend(is_due.then_some(*what));
            !is_due
        });
        for what in due {
            match what {
                Due::Again(number) => self.send(number, cx),
                Due::Poll(number) => self.poll(number, cx),
                Due::Catalogue => self.catalogue_failed(cx),
                Due::Lists => self.listen_for_lists(cx),
                Due::Resources => self.listen_for_resources(cx),
            }
        }
    }

    fn later(&mut self, pause: Duration, due: Due, cx: &RemoteContext<'_>) {
        self.timers.push((cx.now + pause, due));
    }

    /// Answers a request without the remote. `result` is JSON text.
    fn answer_with(&self, number: u64, result: &str, cx: &mut RemoteContext<'_>) {
        if let Some(answer) = own_response(result) {
            cx.emit(RemoteEffect::Answer { number, answer, edits: Vec::new() });
        }
    }

    fn answer_empty(&self, number: u64, cx: &mut RemoteContext<'_>) {
        self.answer_with(number, "{}", cx);
    }

    /// Ends a request without the remote's answer.
    fn fail(&mut self, number: u64, failure: Failure, cx: &mut RemoteContext<'_>) {
        self.drop_call(number, cx);
        cx.emit(RemoteEffect::Fail { number, failure });
    }
}

/// Whether a notification is sent to a modern remote: extensions may define some (T-57).
fn is_carried(method: &str) -> bool {
    !matches!(
        method,
        methods::INITIALIZED
            | methods::CANCELLED
            | methods::PROGRESS
            | "notifications/roots/list_changed"
    )
}

/// A request from the bridge itself; its id does not matter. `params` is JSON text.
fn own_request(method: &str, params: &str) -> Message {
    Message::request(&RequestId::from(0), method, Some(params))
}

/// An answer from the bridge itself; its id does not matter. `None` if the result is not JSON.
fn own_response(result: &str) -> Option<Message> {
    Message::parse(result_response(&RequestId::from(0), result)).ok()
}

fn unanswered_failure() -> Failure {
    protocol_failure("the server ended the exchange without an answer")
}

fn protocol_failure(what: impl AsRef<str>) -> Failure {
    Failure::new(FailureKind::Protocol, what).hint("report this to the server's operator")
}
