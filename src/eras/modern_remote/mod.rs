//! A modern remote towards the loop, which takes it for a legacy one: answers `initialize`, carries
//! requests out as self-contained exchanges, asks the host what the remote asks for, listens for
//! the host. A request of a modern host is relayed instead (E-04): it only gets another id and
//! headers.
//!
//! Pure: messages and the time in, effects out. What one request keeps never touches another
//! (E-06).

mod call;
mod catalogue;
mod content;
#[cfg(test)]
mod doubled;
mod envelope;
mod errors;
#[cfg(test)]
mod golden;
mod levels;
mod lifecycle;
mod listening;
mod notices;
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

use self::call::Call;
use self::catalogue::Catalogue;
use self::envelope::Envelope;
use self::lifecycle::Discovered;
use self::listening::Lists;
use self::resources::Resources;
use super::doubled::doubled_member;
use super::turn::{Exchange, Numbers, Turn as GenericTurn};
use crate::error::{Failure, FailureKind};
use crate::jsonrpc::{Edit, Frame, Kind, Message};
use crate::protocol::{ProtocolVersion, methods};

type Turn<'a> = GenericTurn<'a, RemoteEffect>;

/// What the loop has to do for a modern remote.
#[derive(Debug)]
pub enum RemoteEffect {
    /// Answer a request of the loop; the edits come on top of the answer's own bytes.
    Answer {
        /// The request.
        number: u64,
        /// The answer, whose id does not matter.
        answer: Message,
        /// Sorted, without overlap.
        edits: Vec<Edit>,
    },
    /// There will be no answer.
    Fail {
        /// The request.
        number: u64,
        /// Why.
        failure: Failure,
    },
    /// A request that ends without any answer: the host was told otherwise (E-46).
    Forget(u64),
    /// The remote answered this request as none of its era would: find out anew what it is (T-84).
    Contradicted(u64),
    /// A notification of the loop is done with.
    Accepted(u64),
    /// A notification for the host.
    Notify(Frame),
    /// A request for the host, under an id of ours.
    Ask(Message),
    /// Such a request is no longer of interest.
    Withdraw(u64),
    /// A message for the remote.
    Exchange(Exchange),
    /// An exchange is given up: close its stream (T-59).
    Close(u64),
}

/// What an adapter must know.
#[derive(Clone, Debug)]
pub struct RemoteOptions {
    /// What a server without a name is called (E-10).
    pub host_name: String,
    /// How long a request may go on over all its rounds (E-33).
    pub limit: Option<Duration>,
    /// Extensions that the bridge itself answers for (A-74).
    pub extensions: Vec<&'static str>,
}

/// One modern remote.
#[derive(Debug)]
pub struct ModernRemote {
    options: RemoteOptions,
    version: String,
    discovered: Discovered,
    /// What the legacy host said of itself; `None` until it sends `initialize`.
    envelope: Option<Envelope>,
    calls: HashMap<u64, Call>,
    exchanges: HashMap<u64, Role>,
    /// Open requests to the host: to which call, and under which key of the remote.
    asks: HashMap<u64, (u64, String)>,
    catalogue: Catalogue,
    lists: Lists,
    resources: Resources,
    timers: Vec<(Instant, Due)>,
}

/// What an exchange is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// A request of the loop, or one more round of it.
    Call(u64),
    /// A notification of the loop.
    Notification(u64),
    /// The tools are listed for their schemas (T-55, T-56).
    Catalogue,
    /// Changes of lists are listened for (E-40).
    Lists,
    /// Changes of resources are listened for (E-41).
    Resources,
    /// How the task of a request stands (E-70).
    Poll(u64),
    /// What the task asked for is handed over (E-71).
    Update(u64),
    /// Nobody waits for the answer.
    Aside,
}

/// What is done when its time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    /// One more round of a request.
    Again(u64),
    /// Ask how a task stands.
    Poll(u64),
    /// Listen for lists again.
    Lists,
    /// Listen for resources again.
    Resources,
}

impl ModernRemote {
    /// A remote that answered `server/discover` with this. `None` if that is no such answer.
    pub fn new(discover: &Message, options: RemoteOptions) -> Option<Self> {
        let discovered = Discovered::read(discover)?;
        Some(Self {
            version: discovered.version(),
            options,
            discovered,
            envelope: None,
            calls: HashMap::new(),
            exchanges: HashMap::new(),
            asks: HashMap::new(),
            catalogue: Catalogue::default(),
            lists: Lists::default(),
            resources: Resources::default(),
            timers: Vec::new(),
        })
    }

    /// The `server/discover` that a legacy host's `initialize` becomes (E-10), as message and
    /// headers.
    pub fn discover_for(
        initialize: &Message,
        options: &RemoteOptions,
        numbers: &mut Numbers,
    ) -> Exchange {
        let version = ProtocolVersion::NEWEST_MODERN.name();
        let envelope = Envelope::of(initialize, version, &options.extensions);
        let discover = own_request(methods::DISCOVER, "{}");
        let number = numbers.fresh();
        let exchange = envelope::exchange(&envelope, &discover, number, &[], Vec::new());
        exchange.unwrap_or_else(|_| envelope::bare(version, &discover, number))
    }

    /// The `server/discover` with which a modern host's request finds out what the remote is: the
    /// request itself, or one with its `_meta`.
    pub fn discover_like(
        request: &Message,
        options: &RemoteOptions,
        numbers: &mut Numbers,
    ) -> Exchange {
        let number = numbers.fresh();
        let discover = match request.method() {
            methods::DISCOVER => request.clone(),
            _ => envelope::own_like(methods::DISCOVER, "{}", Some(request)),
        };
        let version = super::host::named_version(&discover);
        let version = version.unwrap_or_else(|| ProtocolVersion::NEWEST_MODERN.name().to_owned());
        let extensions = &options.extensions;
        let exchange = envelope::relayed(&version, &discover, number, Vec::new(), extensions);
        exchange.unwrap_or_else(|_| envelope::bare(&version, &discover, number))
    }

    /// The revision in force.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// A request of the legacy host or of the loop.
    pub fn take_request(&mut self, number: u64, request: &Message, turn: &mut Turn<'_>) {
        match request.method() {
            methods::INITIALIZE => return self.open(number, request, turn),
            methods::PING => return self.answer_empty(number, turn),
            _ => {}
        }
        if let Some(member) = doubled_member(request, &[]) {
            return self.refuse_doubled(number, member, turn);
        }
        match request.method() {
            methods::SET_LEVEL => self.set_level(number, request, turn),
            methods::SUBSCRIBE => self.subscribe(number, request, turn),
            methods::UNSUBSCRIBE => self.unsubscribe(number, request, turn),
            method if method.starts_with("tasks/") => self.refuse_method(number, request, turn),
            _ => self.begin(number, Call::new(request.clone(), false, turn.now), turn),
        }
    }

    /// A request of a modern host, which is relayed.
    pub fn relay_request(&mut self, number: u64, request: &Message, turn: &mut Turn<'_>) {
        if let Some(member) = doubled_member(request, &[]) {
            return self.refuse_doubled(number, member, turn);
        }
        self.begin(number, Call::new(request.clone(), true, turn.now), turn);
    }

    /// A notification of the host. `number` says under which number the loop wants to hear that it
    /// is done with.
    pub fn take_notification(&mut self, number: u64, message: &Message, turn: &mut Turn<'_>) {
        if !is_carried(message.method()) {
            return turn.effect(RemoteEffect::Accepted(number));
        }
        let headers = super::headers::standard(&self.version, message);
        self.exchanges.insert(number, Role::Notification(number));
        turn.effect(RemoteEffect::Exchange(Exchange {
            number,
            frame: Frame::from(message.raw().clone()),
            headers,
            is_request: false,
            repeatable: true,
            listens: false,
        }));
    }

    /// The host's answer to a question of ours.
    pub fn take_host_answer(&mut self, id: u64, answer: &Message, turn: &mut Turn<'_>) {
        self.take_reply(id, answer, turn);
    }

    /// The host gives a request up (E-65).
    pub fn cancel(&mut self, number: u64, turn: &mut Turn<'_>) {
        self.resources.forget(number);
        self.catalogue.waiting.retain(|waiting| *waiting != number);
        self.end_task(number, turn);
        self.drop_call(number, turn);
    }

    /// Takes everything of a call away: its exchange, its questions, its timers.
    fn drop_call(&mut self, number: u64, turn: &mut Turn<'_>) -> Option<Call> {
        let mine = |role: &Role| matches!(role, Role::Call(n) | Role::Poll(n) | Role::Update(n) if *n == number);
        let open: Vec<u64> =
            self.exchanges.iter().filter(|(_, role)| mine(role)).map(|(n, _)| *n).collect();
        for exchange in open {
            self.exchanges.remove(&exchange);
            turn.effect(RemoteEffect::Close(exchange));
        }
        self.withdraw_questions(number, turn);
        let timed = |due: &Due| matches!(due, Due::Again(n) | Due::Poll(n) if *n == number);
        self.timers.retain(|(_, due)| !timed(due));
        self.calls.remove(&number)
    }

    /// A message on an exchange of ours; an answer is the one to it.
    pub fn take_message(&mut self, exchange: u64, message: &Message, turn: &mut Turn<'_>) {
        let Some(role) = self.exchanges.get(&exchange).copied() else { return };
        match message.kind() {
            Kind::Request => {
                // T-61: a modern remote asks nothing this way.
                tracing::warn!(method = message.method(), "ignored a request of the server");
            }
            Kind::Notification => self.take_notice(exchange, role, message, turn),
            Kind::Response | Kind::ErrorResponse => {
                self.exchanges.remove(&exchange);
                self.take_answer(role, message, turn);
            }
        }
    }

    /// An exchange is over. Without a failure, it was answered or there was nothing to answer.
    pub fn take_end(&mut self, exchange: u64, failure: Option<Failure>, turn: &mut Turn<'_>) {
        let Some(role) = self.exchanges.remove(&exchange) else { return };
        let failure = failure.unwrap_or_else(unanswered);
        match role {
            Role::Call(number) => self.lost(number, failure, turn),
            Role::Notification(number) => turn.effect(RemoteEffect::Accepted(number)),
            Role::Catalogue => self.catalogue_failed(turn),
            Role::Lists => self.lists_ended(false, turn),
            Role::Resources => self.resources_ended(exchange, Some(&failure), turn),
            Role::Poll(number) | Role::Update(number) => {
                self.task_unheard(number, role, failure, turn);
            }
            Role::Aside => {}
        }
    }

    fn take_answer(&mut self, role: Role, answer: &Message, turn: &mut Turn<'_>) {
        match role {
            Role::Call(number) => self.take_outcome(number, answer, turn),
            Role::Catalogue => self.take_catalogue(answer, turn),
            Role::Lists => self.lists_ended(answer.kind() == Kind::Response, turn),
            Role::Resources => self.resources_answered(answer, turn),
            Role::Poll(number) => self.take_task(number, answer, turn),
            Role::Update(number) => self.poll_later(number, turn),
            Role::Notification(_) | Role::Aside => {}
        }
    }

    /// When something is due next.
    pub fn due(&self) -> Option<Instant> {
        self.timers.iter().map(|(at, _)| *at).min()
    }

    /// Does what is due.
    pub fn take_time(&mut self, turn: &mut Turn<'_>) {
        let (now, mut due) = (turn.now, Vec::new());
        self.timers.retain(|(at, what)| {
            let is_due = *at <= now;
            due.extend(is_due.then_some(*what));
            !is_due
        });
        for what in due {
            match what {
                Due::Again(number) => self.send(number, turn),
                Due::Poll(number) => self.poll(number, turn),
                Due::Lists => self.listen_for_lists(turn),
                Due::Resources => self.listen_for_resources(turn),
            }
        }
    }

    fn later(&mut self, pause: Duration, due: Due, turn: &Turn<'_>) {
        self.timers.push((turn.now + pause, due));
    }

    /// Answers a request here: the remote has no part in it.
    fn answer_with(&self, number: u64, result: &str, turn: &mut Turn<'_>) {
        if let Some(answer) = response(result) {
            turn.effect(RemoteEffect::Answer { number, answer, edits: Vec::new() });
        }
    }

    fn answer_empty(&self, number: u64, turn: &mut Turn<'_>) {
        self.answer_with(number, "{}", turn);
    }

    /// Ends a request without an answer of the remote.
    fn fail(&mut self, number: u64, failure: Failure, turn: &mut Turn<'_>) {
        self.drop_call(number, turn);
        turn.effect(RemoteEffect::Fail { number, failure });
    }
}

/// Notifications that have a place at a modern remote: extensions may define some (T-57).
fn is_carried(method: &str) -> bool {
    !matches!(
        method,
        methods::INITIALIZED
            | methods::CANCELLED
            | methods::PROGRESS
            | "notifications/roots/list_changed"
    )
}

/// A request of the bridge's own; its id does not matter.
fn own_request(method: &str, params: &str) -> Message {
    let text = format!(r#"{{"jsonrpc":"2.0","id":0,"method":"{method}","params":{params}}}"#);
    Message::parse(text).expect("parts that are JSON make JSON")
}

/// An answer of the bridge's own; its id does not matter. `None` if the result is no JSON.
fn response(result: &str) -> Option<Message> {
    Message::parse(format!(r#"{{"jsonrpc":"2.0","id":0,"result":{result}}}"#)).ok()
}

fn unanswered() -> Failure {
    protocol("server ended the exchange without an answer")
}

fn protocol(what: impl AsRef<str>) -> Failure {
    Failure::new(FailureKind::Protocol, what).hint("this is a fault of the server; report it there")
}
