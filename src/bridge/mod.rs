//! The loop between host and remote. One task owns all state: it takes host lines, remote events,
//! timers and reasons to end, and hands each to one named function.
//!
//! It never waits for the network: exchanges are tasks of `remote`, their results are events.

mod activity;
mod batches;
mod early;
mod faults;
mod from_host;
mod from_remote;
mod in_flight;
mod known_era;
mod lanes;
mod modern;
mod modern_host;
mod opening;
mod remembered;
mod search;
mod shutdown;
mod sign_in;
mod sign_in_offer;
mod timers;
mod tool_filter;
mod translation;
mod upstream;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use self::activity::Counters;
use self::batches::Batches;
use self::in_flight::{Asker, Held, InFlight, Purpose};
use self::lanes::Lanes;
use self::modern::Modern;
use self::opening::Opening;
use self::remembered::Remembered;
use self::search::{Choices, Search};
use self::timers::{Timers, until};
use crate::eras::Numbers;
use crate::eras::modern_host::ModernHost;
use crate::error::{Failure, FailureKind, Result};
use crate::host::{DriveOutcome, HostStreams};
use crate::jsonrpc::{Frame, Line, Message};
use crate::protocol::ProtocolVersion;
use crate::remote::{Remote, RemoteEvent, RemoteOptions, Session, SignInState};

pub use crate::eras::Pin;
pub use activity::{Activity, Observer};
pub use known_era::KnownEra;
pub use remembered::MemoryOptions;
pub use shutdown::{Reason, Shutdown};
pub use tool_filter::ToolFilter;

/// How many events or lines are handled before what they produced is written.
const BURST: usize = 128;
/// How long the host may take none of the last lines before they are given up; after a signal, how
/// long they may take in all.
const FINAL_WRITE_TIMEOUT: Duration = Duration::from_millis(300);
/// How long the answer to an `initialize` under way is awaited, to end the session it opens.
const LAST_ANSWER: Duration = Duration::from_millis(250);

/// What a bridge is made of.
#[derive(Debug)]
pub struct BridgeOptions {
    /// The remote and how it is reached.
    pub remote: RemoteOptions,
    /// What the user says about the remote's era.
    pub protocol: Pin,
    /// Where the remote's era is remembered.
    pub known_era: Option<KnownEra>,
    /// Tools that the host does not see.
    pub hidden_tools: ToolFilter,
    /// Where answers of the last session are kept; `None` keeps and uses none.
    pub memory: Option<MemoryOptions>,
    /// Is told once how the remote was reached.
    pub connected: Option<oneshot::Sender<Connected>>,
    /// Is told what the bridge does.
    pub observer: Option<Observer>,
}

impl BridgeOptions {
    /// This remote with everything else as usual.
    pub fn new(remote: RemoteOptions) -> Self {
        Self {
            remote,
            protocol: Pin::default(),
            known_era: None,
            hidden_tools: ToolFilter::default(),
            memory: None,
            connected: None,
            observer: None,
        }
    }
}

/// How the remote was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connected {
    /// The transport's name.
    pub transport: &'static str,
    /// The negotiated revision, if it is one that we know.
    pub revision: Option<ProtocolVersion>,
}

/// Why the bridge ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The host closed its end.
    HostLeft,
    /// The host no longer reads.
    HostClosedOutput,
    /// What the host is owed cannot be written, such as to a full disk.
    OutputFailed,
    /// A signal, or whoever started the bridge.
    Requested(Reason),
    /// The bridge met too many faults of its own.
    Broken,
}

/// Joins a host with a remote until one of them leaves or `shutdown` says so. Every request that is
/// still open then gets an answer, and the remote session is ended.
///
/// # Errors
/// Network settings that cannot be used. Whatever happens later is told to the host instead.
pub async fn run(host: HostStreams, options: BridgeOptions, shutdown: Shutdown) -> Result<Ended> {
    Ok(Bridge::new(host, options)?.run(shutdown).await)
}

struct Bridge {
    host: HostStreams,
    remote: Remote,
    events: mpsc::Receiver<RemoteEvent>,
    limits: crate::remote::Limits,
    hidden_tools: ToolFilter,
    connected: Option<oneshot::Sender<Connected>>,
    remembered: Remembered,
    /// Calls of the tool `sign_in` that wait for its page.
    sign_in_calls: Vec<Held>,
    numbers: Numbers,
    choices: Choices,
    /// Finding out what the remote is, while that goes on.
    search: Option<Search>,
    modern: Modern,
    /// A modern host, where the remote is a legacy one.
    modern_host: ModernHost,
    /// What that wants done is being done.
    translating: bool,
    /// When a modern host that asks what the server can do is answered in any case.
    discover_due: Option<Instant>,
    lanes: Lanes,
    session: Arc<Session>,
    opening: Opening,
    in_flight: InFlight,
    batches: Batches,
    timers: Timers,
    counters: Counters,
    /// How often a turn of the loop met a fault of the bridge.
    faults: u32,
}

impl Bridge {
    fn new(host: HostStreams, options: BridgeOptions) -> Result<Self> {
        let limits = options.remote.limits;
        let timers = Timers::new(options.remote.keep_alive);
        let choices = Choices::new(options.protocol, options.remote.transport, options.known_era);
        let (remote, events) = Remote::new(options.remote)?;
        Ok(Self {
            host,
            remote,
            events,
            limits,
            hidden_tools: options.hidden_tools,
            connected: options.connected,
            remembered: Remembered::new(options.memory),
            sign_in_calls: Vec::new(),
            numbers: Numbers::default(),
            choices,
            search: None,
            modern: Modern::default(),
            modern_host: ModernHost::new(),
            translating: false,
            discover_due: None,
            lanes: Lanes::default(),
            session: Session::unopened(0),
            opening: Opening::default(),
            in_flight: InFlight::default(),
            batches: Batches::default(),
            timers,
            counters: Counters::new(options.observer),
            faults: 0,
        })
    }

    async fn run(mut self, mut shutdown: Shutdown) -> Ended {
        let mut drained_by: Option<Instant> = None;
        let mut sign_in = self.remote.authorizer().state();
        let ended = loop {
            if drained_by.is_some() && self.is_drained() {
                break Ended::HostLeft;
            }
            if self.is_broken() {
                break Ended::Broken;
            }
            let timer = self.next_timer().into_iter().chain(drained_by).min();
            tokio::select! {
                line = self.host.reader.next(), if drained_by.is_none() => match line {
                    Some(line) => self.guarded(|bridge| bridge.take_lines(line)),
                    None => {
                        drained_by = Some(Instant::now() + self.limits.drain);
                        self.guarded(Self::host_leaves);
                    }
                },
                Some(event) = self.events.recv(), if self.host.writer.has_room() => {
                    self.guarded(|bridge| bridge.take_events(event));
                }
                drove = self.host.writer.drive() => match drove {
                    DriveOutcome::Flushed => {}
                    DriveOutcome::Closed => break Ended::HostClosedOutput,
                    DriveOutcome::Failed => break Ended::OutputFailed,
                },
                () = changed(&mut sign_in) => {
                    self.guarded(|bridge| bridge.in_every_lane(Self::take_sign_in_state));
                }
                () = until(timer), if timer.is_some() => {
                    if drained_by.is_some_and(|by| by <= Instant::now()) {
                        break Ended::HostLeft;
                    }
                    self.guarded(Self::take_timers);
                }
                reason = shutdown.requested() => break Ended::Requested(reason),
            }
        };
        tracing::debug!(?ended, "the bridge ends");
        self.finish(ended, &mut shutdown).await;
        ended
    }

    /// The host has closed its end: what only it could go on with is given up.
    fn host_leaves(&mut self) {
        self.modern_host.leave();
        self.carry_translation_out();
    }

    fn take_lines(&mut self, first: Line) {
        self.take_line(first);
        for _ in 1..BURST {
            let Some(line) = self.host.reader.buffered() else { return };
            self.take_line(line);
        }
    }

    fn take_events(&mut self, first: RemoteEvent) {
        self.take_event(first);
        for _ in 1..BURST {
            if !self.host.writer.has_room() {
                return;
            }
            let Ok(event) = self.events.try_recv() else { return };
            self.take_event(event);
        }
    }

    /// Whether nothing is owed to a host that has closed its end.
    fn is_drained(&self) -> bool {
        self.in_flight.host_waits_for_nothing()
            && self.opening.holds_nothing()
            && self.lanes.hold_nothing()
            && !self.modern_host.waits()
            && self.sign_in_calls.is_empty()
            && self.host.writer.is_empty()
    }

    /// Answers what is open, ends the remote session, and writes the last lines.
    async fn finish(mut self, ended: Ended, shutdown: &mut Shutdown) {
        for lane in self.lanes.all() {
            self.enter(lane);
            self.await_session_under_way().await;
        }
        let failure = Failure::new(FailureKind::Lost, "the bridge is shutting down")
            .hint("the server may or may not have acted on the request; check before repeating it");
        self.modern_host.finish(&failure);
        self.carry_translation_out();
        self.in_every_lane(|bridge| bridge.fail_everything(&failure));
        let mut left = self.lanes.take_parked();
        let leaving = left.iter_mut().map(|(remote, session)| remote.close(session));
        let session = Arc::clone(&self.session);
        let writer = &mut self.host.writer;
        let last_words = async {
            if ended == Ended::HostLeft {
                // A reader may be slow; a signal ends its time.
                tokio::select! {
                    () = writer.flush(FINAL_WRITE_TIMEOUT) => return,
                    _ = shutdown.requested() => {}
                }
            }
            if !matches!(ended, Ended::HostClosedOutput | Ended::OutputFailed) {
                let flushed = writer.flush(FINAL_WRITE_TIMEOUT);
                let _ = tokio::time::timeout(FINAL_WRITE_TIMEOUT, flushed).await;
            }
        };
        let others = futures_util::future::join_all(leaving);
        tokio::join!(last_words, self.remote.close(&session), others);
    }

    /// A session that is being opened would otherwise stay behind at the remote.
    async fn await_session_under_way(&mut self) {
        let deadline = Instant::now() + LAST_ANSWER;
        while self.opening.is_under_way() {
            match tokio::time::timeout_at(deadline, self.events.recv()).await {
                Ok(Some(event)) => self.take_event(event),
                _ => return,
            }
        }
    }

    /// Fails what the host waits for in the entered lane.
    fn fail_everything(&mut self, failure: &Failure) {
        for number in self.in_flight.host_numbers() {
            let generation = self.in_flight.get(number).map(|request| request.generation);
            if generation.is_some_and(|of| self.lanes.is_entered(of)) {
                self.fail(number, failure);
            }
        }
        for held in self.opening.release() {
            self.refuse(&held, failure);
        }
        for held in std::mem::take(&mut self.sign_in_calls) {
            self.refuse(&held, failure);
        }
    }

    /// Answers the host's request under way with a failure.
    fn fail(&mut self, number: u64, failure: &Failure) {
        let Some(request) = self.in_flight.close(number) else { return };
        request.flight.settle();
        if let Purpose::Host(held) = &request.purpose {
            self.refuse(held, failure);
        }
    }

    /// Answers a host's message with a failure, if it is owed an answer.
    fn refuse(&mut self, held: &Held, failure: &Failure) {
        if let Some(id) = held.message.id() {
            tracing::info!(
                method = held.message.method(),
                milliseconds = held.milliseconds(),
                kind = failure.kind.name(),
                "{}",
                failure.message
            );
            if !held.is_translators() {
                self.counters.error(Some(failure.kind));
            }
            self.answer(held, Frame::from(failure.to_response(id)));
        }
    }

    /// Gives an answer to whoever asked.
    fn answer(&mut self, held: &Held, answer: Frame) {
        match held.asker {
            Asker::Translator => self.answer_translator_with(held, answer),
            Asker::Host | Asker::ModernHost => self.write_answer(held.batch, answer),
        }
    }

    /// Writes an answer to the host, at once or with the rest of its batch.
    fn write_answer(&mut self, batch: Option<u64>, answer: Frame) {
        match batch {
            None => self.host.writer.push(answer),
            Some(batch) => {
                if let Some(line) = self.batches.add(batch, Some(answer)) {
                    self.host.writer.push(line);
                }
            }
        }
    }

    fn next_timer(&self) -> Option<Instant> {
        let timers = [
            self.timers.next(),
            self.lanes.next_timer(),
            self.modern.due(),
            self.translation_due(),
            self.counters.due(),
        ];
        timers.into_iter().flatten().min()
    }

    fn in_every_lane(&mut self, work: impl Fn(&mut Self)) {
        for lane in self.lanes.all() {
            self.enter(lane);
            work(self);
        }
    }

    fn take_timers(&mut self) {
        self.in_every_lane(Self::take_lane_timers);
        let now = Instant::now();
        if self.translation_due().is_some_and(|at| at <= now) {
            self.take_translation_time(now);
        }
        self.tell_activity(now);
    }

    fn take_lane_timers(&mut self) {
        let now = Instant::now();
        if self.timers.answer_is_due(now) {
            self.answer_early();
        }
        if self.timers.listen_is_due(now) {
            self.listen();
        }
        if self.modern.due().is_some_and(|at| at <= now) {
            self.with_modern(|modern, turn| modern.take_time(turn));
        }
        if self.timers.reopen_is_due(now) && self.opening.is_lost() {
            self.reopen();
        }
        if self.timers.ping_is_due(now) && self.opening.is_ready() {
            self.ping();
        }
    }

    /// Asks the remote for a sign of life; what comes of it shows whether the session is lost.
    fn ping(&mut self) {
        if let Ok(ping) = Message::parse(r#"{"jsonrpc":"2.0","id":0,"method":"ping"}"#) {
            self.ask(&ping, Purpose::Own);
        }
    }
}

/// Waits for a change; for ever where there is no sign-in.
async fn changed(state: &mut watch::Receiver<SignInState>) {
    if state.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}
