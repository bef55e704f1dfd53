//! The loop between host and remote. One task owns all state: it receives host lines, remote
//! events, sign-in changes, timers and reasons to end, and hands each to one named function.
//!
//! It never waits for the network: exchanges are tasks in `remote`, and their results arrive as
//! events.

mod activity;
mod adapters;
mod effects;
mod eras;
mod faults;
mod host_side;
mod leaving;
mod remote_side;
mod reply;
mod session;
mod turn;
mod without_remote;

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use self::activity::Counters;
use self::effects::Effects;
use self::eras::ongoing_detection::Choices;
use self::faults::Faults;
use self::host_side::batches::Batches;
use self::host_side::request::{DroppedRequests, HostRequest};
use self::leaving::{
    LAST_LINE_TIMEOUT, LAST_LINES_AFTER_SIGNAL, LAST_LINES_TIMEOUT, LAST_READ_TIMEOUT, Leave,
};
use self::remote_side::in_flight::InFlight;
use self::session::slots::{SessionSlot, SessionSlots, SlotId};
use self::session::timers::{Alarm, Timers};
use self::turn::{Signal, ended_by, gather, sign_in_change};
use self::without_remote::response_cache::ResponseCache;
use crate::budget::Budget;
use crate::eras::Numbers;
use crate::eras::modern_host::ModernHost;
use crate::error::{Failure, FailureKind, Result};
use crate::host::HostStreams;
use crate::jsonrpc::Line;
use crate::platform::{Reason, Shutdown};
use crate::protocol::ProtocolVersion;
use crate::remote::{Remote, RemoteEvent, RemoteOptions, Session};

pub use crate::eras::ToolPinning;
pub use crate::eras::{MergePages, Pin};
pub use activity::{Activity, Observer};
pub use eras::known_era::KnownEra;
pub use host_side::offer_filter::{NamePatterns, OfferFilter};
pub use host_side::tool_pins::{PinError, ToolPins};
pub use without_remote::response_cache::CacheOptions;

/// How many events or lines are handled before the resulting output is written.
const BURST: usize = 128;
/// How long writing the last lines may take in all once nothing may wait any more.
const FINAL_WRITE_TIMEOUT: Duration = Duration::from_millis(300);
/// How long to wait for the answer to a pending `initialize`, to end the session it opens.
const LAST_ANSWER_TIMEOUT: Duration = Duration::from_millis(200);

/// Options of a bridge.
#[derive(Debug)]
pub struct BridgeOptions {
    /// The remote and how it is reached.
    pub remote: RemoteOptions,
    /// The remote's era, if the user sets it.
    pub protocol: Pin,
    /// Where the remote's era is remembered.
    pub known_era: Option<KnownEra>,
    /// Which tools, prompts and resources the host sees.
    pub offer: OfferFilter,
    /// The pinned tools.
    pub pins: Option<ToolPins>,
    /// When the pages of a list are merged.
    pub merge_pages: MergePages,
    /// The cache of the last session's answers; with `None`, answers are neither cached nor used.
    pub cache: Option<CacheOptions>,
    /// Receives, once, how the remote was reached.
    pub connected: Option<oneshot::Sender<Connected>>,
    /// Receives the bridge's counters.
    pub observer: Option<Observer>,
}

impl BridgeOptions {
    /// Options for this remote, with defaults for everything else.
    pub fn new(remote: RemoteOptions) -> Self {
        Self {
            remote,
            protocol: Pin::default(),
            known_era: None,
            offer: OfferFilter::default(),
            pins: None,
            merge_pages: MergePages::default(),
            cache: None,
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
    /// The negotiated revision, if we know it.
    pub revision: Option<ProtocolVersion>,
}

/// Why the bridge ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The host closed its end.
    HostLeft,
    /// The host no longer reads.
    HostClosedOutput,
    /// Output cannot be written, for example because a disk is full.
    OutputFailed,
    /// A signal, the end of the parent process, or the program that runs the bridge.
    Requested(Reason),
    /// Too many internal errors of the bridge.
    Broken,
}

/// Joins a host with a remote until one of them leaves or `shutdown` fires. Every request that is
/// still open then gets an answer, and the remote session is ended.
///
/// # Errors
/// The network settings cannot be used. Later failures are reported to the host instead.
pub async fn run(host: HostStreams, options: BridgeOptions, shutdown: Shutdown) -> Result<Ended> {
    Ok(Bridge::new(host, options)?.run(shutdown).await)
}

struct Bridge {
    host: HostStreams,
    events: mpsc::Receiver<RemoteEvent>,
    limits: crate::remote::Limits,
    offer: OfferFilter,
    pins: Option<ToolPins>,
    merge_pages: MergePages,
    /// When incomplete lists are answered without their missing pages.
    page_timers: Vec<Instant>,
    connected: Option<oneshot::Sender<Connected>>,
    numbers: Numbers,
    choices: Choices,
    slots: SessionSlots,
    /// The adapter of a modern host, if the remote is a legacy one.
    modern_host: ModernHost,
    /// When a modern host's `server/discover` must be answered.
    discover_due: Option<Instant>,
    effects: Effects,
    in_flight: InFlight,
    batches: Batches,
    /// Calls of the tool `sign_in` that wait for the page to open.
    sign_in_calls: Vec<HostRequest>,
    /// Collects requests that a bug in the bridge drops.
    unanswered: Arc<DroppedRequests>,
    counters: Counters,
    /// Recent panics in the loop.
    faults: Faults,
    /// Replaced sessions that still have open requests.
    replaced: Vec<(SlotId, Arc<Session>)>,
}

impl Bridge {
    fn new(mut host: HostStreams, options: BridgeOptions) -> Result<Self> {
        if let Some(recorder) = &options.remote.recorder {
            host.record(recorder);
        }
        let limits = options.remote.limits;
        let timers = Timers::new(options.remote.keep_alive);
        let choices = Choices::new(options.protocol, options.remote.transport, options.known_era);
        let (remote, events) = Remote::new(options.remote)?;
        let first = SessionSlot::new(remote, ResponseCache::new(options.cache), timers);
        Ok(Self {
            host,
            events,
            limits,
            offer: options.offer,
            pins: options.pins,
            merge_pages: options.merge_pages,
            page_timers: Vec::new(),
            connected: options.connected,
            numbers: Numbers::default(),
            choices,
            slots: SessionSlots::new(first),
            modern_host: ModernHost::new(),
            discover_due: None,
            effects: Effects::default(),
            in_flight: InFlight::default(),
            batches: Batches::default(),
            sign_in_calls: Vec::new(),
            unanswered: Arc::default(),
            counters: Counters::new(options.observer),
            faults: Faults::default(),
            replaced: Vec::new(),
        })
    }

    async fn run(mut self, mut shutdown: Shutdown) -> Ended {
        let mut leave: Option<Leave> = None;
        let ended = self.run_until_end(&mut leave, &mut shutdown).await;
        tracing::debug!(?ended, "the bridge ends");
        self.finish(ended, &mut shutdown).await;
        ended
    }

    async fn run_until_end(&mut self, leave: &mut Option<Leave>, shutdown: &mut Shutdown) -> Ended {
        let mut alarm = Alarm::default();
        // `FuturesUnordered` polls each of them only when its own source has woken it.
        let mut signals = FuturesUnordered::new();
        signals.push(shutdown.requested().map(Signal::End).left_future());
        signals.push(sign_in_change(self.slots.authorizer().state()).right_future());
        loop {
            // Pending output is written before anything else is handled.
            if let Some(ended) = self.host.writer.write_now().and_then(ended_by) {
                return ended;
            }
            if leave.is_some() && self.is_drained() {
                return Ended::HostLeft;
            }
            if self.is_broken() {
                return Ended::Broken;
            }
            // The other requests may be waiting for the host's answer to a question of the server.
            let is_paused = leave.is_none()
                && !Budget::of_process().has_room_for_host()
                && self.in_flight.of_remote.is_empty();
            let over = leave.as_ref().map(Leave::over_by);
            let timer = self.next_timer().into_iter().chain(over).min();
            tokio::select! {
                () = Budget::of_process().room_for_host(), if is_paused => {}
                line = self.host.reader.next(), if leave.is_none() && !is_paused => match line {
                    Some(line) => self.handle_burst(line, Self::handle_line, Self::next_line),
                    None => {
                        *leave = Some(Leave::begin(self.drain_time()));
                        self.guarded(|bridge| {
                            bridge.with_host_adapter(|host, context| host.leave(context));
                        });
                    }
                },
                Some(event) = self.events.recv(), if self.host.writer.has_room() => {
                    gather(&self.events).await;
                    self.handle_burst(event, Self::handle_event, Self::next_event);
                }
                drove = self.host.writer.drive() => {
                    if let Some(ended) = ended_by(drove) {
                        return ended;
                    }
                }
                () = alarm.at(timer) => {
                    if leave.as_mut().is_some_and(|leave| leave.is_over(self.is_delivering())) {
                        return Ended::HostLeft;
                    }
                    self.guarded(Self::handle_timers);
                }
                Some(signal) = signals.next() => match signal {
                    Signal::End(reason) => return Ended::Requested(reason),
                    Signal::SignIn(state) => {
                        signals.push(sign_in_change(state).right_future());
                        self.guarded(Self::handle_sign_in_state);
                    }
                },
            }
        }
    }

    /// Handles an item, and in the same turn the items that arrived with it.
    fn handle_burst<T>(
        &mut self,
        first: T,
        take: impl Fn(&mut Self, T),
        next: impl Fn(&mut Self) -> Option<T>,
    ) {
        self.guarded(|bridge| {
            take(bridge, first);
            for _ in 1..BURST {
                bridge.carry_out_effects();
                let Some(more) = next(bridge) else { return };
                take(bridge, more);
            }
        });
    }

    /// Returns a line that was read already.
    fn next_line(&mut self) -> Option<Line> {
        self.host.reader.buffered()
    }

    /// Returns an event that has arrived already, unless the host must read first.
    fn next_event(&mut self) -> Option<RemoteEvent> {
        if self.host.writer.has_room() { self.events.try_recv().ok() } else { None }
    }

    /// How long open requests may run after the host has closed its end: no time at all if they
    /// wait for a person to sign in.
    fn drain_time(&self) -> Duration {
        if self.slots.sign_in_waits() { Duration::ZERO } else { self.limits.drain }
    }

    fn is_delivering(&self) -> bool {
        self.slots.iter().any(|slot| slot.remote.is_delivering())
    }

    /// Whether a host that has closed its end is owed nothing more, except lines that wait to be
    /// written.
    fn is_drained(&self) -> bool {
        self.in_flight.host_waits_for_nothing()
            && self.slots.hold_nothing()
            && !self.modern_host.waits()
            && self.sign_in_calls.is_empty()
    }

    /// Answers open requests, ends the remote sessions, and writes the last lines.
    async fn finish(mut self, ended: Ended, shutdown: &mut Shutdown) {
        if matches!(ended, Ended::Requested(_)) {
            self.handle_last_lines().await;
        }
        let deadline = Instant::now() + LAST_ANSWER_TIMEOUT;
        for slot in self.slots.ids() {
            self.await_session_under_way(slot, deadline).await;
        }
        let failure = Failure::new(FailureKind::Lost, "the bridge is shutting down")
            .hint("the server may or may not have acted on the request; check before repeating it");
        self.guarded(|bridge| {
            bridge.with_host_adapter(|host, context| host.finish(&failure, context));
            bridge.carry_out_effects();
            bridge.fail_all_slots(&failure);
        });
        let replaced = std::mem::take(&mut self.replaced);
        let leaving = self.slots.ids().zip(self.slots.iter_mut()).map(|(id, slot)| {
            let before = replaced.iter().filter(move |(of, _)| *of == id);
            let before = before.map(|(_, session)| Arc::clone(session));
            let sessions: Vec<_> = before.chain([Arc::clone(&slot.session)]).collect();
            async move { slot.remote.close(&sessions).await }
        });
        let writer = &mut self.host.writer;
        let final_write = async {
            let limit = match ended {
                Ended::HostLeft => Duration::MAX,
                Ended::Requested(Reason::Signal) => LAST_LINES_AFTER_SIGNAL,
                _ => Duration::ZERO,
            };
            if !limit.is_zero() {
                // The host may read slowly; a signal, or another one, cuts the wait short.
                let flushed = writer.flush(LAST_LINES_TIMEOUT);
                tokio::select! {
                    _ = tokio::time::timeout(limit, flushed) => return,
                    _ = shutdown.requested() => {}
                }
            }
            if !matches!(ended, Ended::HostClosedOutput | Ended::OutputFailed) {
                let flushed = writer.flush(FINAL_WRITE_TIMEOUT);
                let _ = tokio::time::timeout(FINAL_WRITE_TIMEOUT, flushed).await;
            }
        };
        tokio::join!(final_write, futures_util::future::join_all(leaving));
    }

    /// Reads the lines that the host wrote before the signal that ends the bridge: every request is
    /// answered (T-08), even if a busy machine had read none of them yet.
    async fn handle_last_lines(&mut self) {
        let over_by = Instant::now() + LAST_READ_TIMEOUT;
        while Instant::now() < over_by {
            let line = tokio::time::timeout(LAST_LINE_TIMEOUT, self.host.reader.next()).await;
            let Ok(Some(line)) = line else { return };
            self.handle_burst(line, Self::handle_line, Self::next_line);
        }
    }

    /// Waits for a session that is being opened: it would otherwise stay open at the remote.
    async fn await_session_under_way(&mut self, slot: SlotId, deadline: Instant) {
        while self.slots[slot].lifecycle.is_under_way() {
            match tokio::time::timeout_at(deadline, self.events.recv()).await {
                Ok(Some(event)) => self.guarded(|bridge| bridge.handle_event(event)),
                _ => return,
            }
        }
    }

    fn next_timer(&self) -> Option<Instant> {
        let slots = self.slots.iter().filter_map(SessionSlot::next_timer).min();
        let pages = self.page_timers.iter().min().copied();
        [slots, self.translation_due(), self.counters.due(), pages].into_iter().flatten().min()
    }

    fn handle_timers(&mut self) {
        for slot in self.slots.ids() {
            self.handle_slot_timers(slot);
            self.carry_out_effects();
        }
        let now = Instant::now();
        if self.translation_due().is_some_and(|at| at <= now) {
            self.handle_translation_timers(now);
        }
        self.handle_page_timer(now);
        self.report_activity(now);
    }

    /// Handles the timers of a modern host's adapter.
    fn handle_translation_timers(&mut self, now: Instant) {
        if self.discover_due.is_some_and(|due| due <= now) {
            self.discover_due = None;
            self.answer_discovers();
        }
        self.with_host_adapter(|host, context| host.handle_timers(context));
    }

    fn handle_slot_timers(&mut self, slot: SlotId) {
        let now = Instant::now();
        if self.slots[slot].timers.answer_is_due(now) {
            self.answer_early(slot);
        }
        if self.slots[slot].timers.confirm_is_due(now) {
            self.confirm_unanswered(slot);
        }
        if self.slots[slot].timers.listen_is_due(now) {
            self.listen(slot);
        }
        if self.slots[slot].adapter.due().is_some_and(|at| at <= now) {
            self.with_remote_adapter(slot, |remote, context| remote.handle_timers(context));
        }
        self.slots[slot].remote.end_overdue(now);
        self.handle_detection_timer(slot, now);
        self.handle_doubt_timer(slot, now);
        if self.slots[slot].timers.reopen_is_due(now) && self.slots[slot].lifecycle.is_lost() {
            self.reopen(slot);
        }
        if self.slots[slot].timers.ping_is_due(now) && self.slots[slot].lifecycle.is_ready() {
            self.ping(slot);
        }
    }
}
