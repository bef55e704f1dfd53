//! What the bridge does later without being asked: open the standalone stream, open a lost session
//! again, show a sign of life. No timer runs while there is nothing to do.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// How long the host's `initialize` may wait for a person before it gets a minimal answer: well
/// under the five seconds after which the first host gives up
/// (docs/hosts/README.md#the-first-turn).
const GRACE: Duration = Duration::from_millis(2500);
/// How long the standalone stream waits for the host's first request, which should not queue behind
/// it on a slow line.
const LISTEN_AFTER: Duration = Duration::from_millis(40);
/// The longest pause between attempts to open a lost session again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Points in time that the bridge waits for.
#[derive(Debug)]
pub(super) struct Timers {
    asked: Option<Instant>,
    answer: Option<Instant>,
    listen: Option<Instant>,
    reopen: Option<Instant>,
    failures: u32,
    keep_alive: Option<Duration>,
    ping: Option<Instant>,
}

impl Timers {
    pub(super) fn new(keep_alive: Option<Duration>) -> Self {
        Self {
            asked: None,
            answer: None,
            listen: None,
            reopen: None,
            failures: 0,
            keep_alive,
            ping: None,
        }
    }

    /// The timers of a further session.
    pub(super) fn beside(&self) -> Self {
        Self::new(self.keep_alive)
    }

    /// The next point in time.
    pub(super) fn next(&self) -> Option<Instant> {
        [self.answer, self.listen, self.reopen, self.ping].into_iter().flatten().min()
    }

    /// The host waits for `initialize`: answer it from memory after this time.
    pub(super) fn answer_after(&mut self, wait: Duration) {
        self.asked = Some(Instant::now());
        self.answer = Some(Instant::now() + wait);
    }

    /// Requests of a modern host wait for the remote's era: look when the grace time for a person
    /// is over.
    pub(super) fn look_after_grace(&mut self) {
        self.answer_after(GRACE);
    }

    /// Look once more when the grace time for a person is over.
    pub(super) fn answer_after_grace(&mut self) {
        self.answer = self.asked.map(|asked| asked + GRACE);
    }

    /// Whether a host that waits for a person must be answered now.
    pub(super) fn grace_is_over(&self) -> bool {
        self.asked.is_some_and(|asked| asked + GRACE <= Instant::now())
    }

    /// The host has its answer.
    pub(super) fn answered(&mut self) {
        self.answer = None;
    }

    pub(super) fn answer_is_due(&mut self, now: Instant) -> bool {
        due(&mut self.answer, now)
    }

    /// The session is open: listen soon.
    pub(super) fn opened(&mut self) {
        self.failures = 0;
        self.reopen = None;
        self.listen = Some(Instant::now() + LISTEN_AFTER);
        self.traffic();
    }

    /// The first answer came: listen now. Returns whether listening was still due.
    pub(super) fn listen_now(&mut self) -> bool {
        self.listen.take().is_some()
    }

    /// The session is lost: nothing to listen to.
    pub(super) fn lost(&mut self) {
        self.listen = None;
        self.ping = None;
    }

    /// Opening failed: try again after a growing pause.
    pub(super) fn reopen_later(&mut self) {
        let pause = Duration::from_secs(1 << self.failures.min(5)).min(LONGEST_PAUSE);
        self.failures += 1;
        self.reopen = Some(Instant::now() + pause);
    }

    /// Something was sent or received.
    pub(super) fn traffic(&mut self) {
        self.ping = self.keep_alive.map(|pause| Instant::now() + pause);
    }

    pub(super) fn listen_is_due(&mut self, now: Instant) -> bool {
        due(&mut self.listen, now)
    }

    pub(super) fn reopen_is_due(&mut self, now: Instant) -> bool {
        due(&mut self.reopen, now)
    }

    pub(super) fn ping_is_due(&mut self, now: Instant) -> bool {
        let due = due(&mut self.ping, now);
        if due {
            self.traffic();
        }
        due
    }
}

/// Waits for this point in time; for ever without one.
pub(super) async fn until(timer: Option<Instant>) {
    match timer {
        Some(timer) => sleep_until(timer).await,
        None => std::future::pending().await,
    }
}

fn due(timer: &mut Option<Instant>, now: Instant) -> bool {
    let due = timer.is_some_and(|at| at <= now);
    if due {
        *timer = None;
    }
    due
}
