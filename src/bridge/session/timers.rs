//! Timers for what the bridge does on its own: opening the standalone stream, reopening a lost
//! session, sending keep-alive requests. None runs while there is nothing to do.

use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// How long the host's `initialize` may wait for a person before it gets a minimal answer: well
/// under the five seconds after which the most impatient host gives up
/// (docs/hosts/README.md#the-first-turn).
const GRACE: Duration = Duration::from_millis(2500);
/// How long opening the standalone stream waits for the host's first request, which should not
/// queue behind it on a slow connection.
const LISTEN_AFTER: Duration = Duration::from_millis(40);
/// How long the remote may take to accept `notifications/initialized`: the session is open in any
/// case.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(2);
/// The longest pause between attempts to open a lost session again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long no other answer leads to a check of the session (T-44).
const CHECK_PAUSE: Duration = Duration::from_secs(10);

/// A session that was lost sooner than this after it was opened counts as short-lived.
const SHORT_LIFE: Duration = Duration::from_secs(10);
/// After this many short-lived sessions in a row, the next one is opened after a pause.
const SHORT_LIVES_IN_A_ROW: u32 = 3;

/// Points in time that the bridge waits for.
#[derive(Debug)]
pub(in crate::bridge) struct Timers {
    asked: Option<Instant>,
    answer: Option<Instant>,
    confirm: Option<Instant>,
    listen: Option<Instant>,
    reopen: Option<Instant>,
    failures: u32,
    keep_alive: Option<Duration>,
    ping: Option<Instant>,
    /// When an answer led to a check of the session.
    checked: Option<Instant>,
    /// When the session was opened.
    opened: Option<Instant>,
    /// How many sessions in a row lived less than [`SHORT_LIFE`].
    short_lives: u32,
}

impl Timers {
    pub(in crate::bridge) fn new(keep_alive: Option<Duration>) -> Self {
        Self {
            asked: None,
            answer: None,
            confirm: None,
            listen: None,
            reopen: None,
            failures: 0,
            keep_alive,
            ping: None,
            checked: None,
            opened: None,
            short_lives: 0,
        }
    }

    /// Whether the session may be checked now, because of an answer (T-44); counts as the check.
    pub(in crate::bridge) fn begin_check(&mut self) -> bool {
        if self.checked.is_some_and(|at| at.elapsed() < CHECK_PAUSE) {
            return false;
        }
        self.checked = Some(Instant::now());
        true
    }

    /// The timers of a further session.
    pub(in crate::bridge) fn beside(&self) -> Self {
        Self::new(self.keep_alive)
    }

    /// The next point in time.
    pub(in crate::bridge) fn next(&self) -> Option<Instant> {
        let timers = [self.answer, self.confirm, self.listen, self.reopen, self.ping];
        timers.into_iter().flatten().min()
    }

    /// Schedules the answer from the cache to the host's `initialize`.
    pub(in crate::bridge) fn answer_after(&mut self, wait: Duration) {
        self.asked = Some(Instant::now());
        self.answer = Some(Instant::now() + wait);
    }

    /// Schedules a check at the end of the grace time for a person, because a modern host's
    /// requests wait for the remote's era.
    pub(in crate::bridge) fn look_after_grace(&mut self) {
        self.answer_after(GRACE);
    }

    /// Schedules the answer for the end of the grace time for a person.
    pub(in crate::bridge) fn answer_after_grace(&mut self) {
        self.answer = self.asked.map(|asked| asked + GRACE);
    }

    /// Whether a host that waits for a person must be answered now.
    pub(in crate::bridge) fn grace_is_over(&self) -> bool {
        self.asked.is_some_and(|asked| asked + GRACE <= Instant::now())
    }

    /// Clears these timers, because the host has been answered.
    pub(in crate::bridge) fn answered(&mut self) {
        self.answer = None;
    }

    pub(in crate::bridge) fn answer_is_due(&mut self, now: Instant) -> bool {
        due(&mut self.answer, now)
    }

    /// Starts the time limit for the delivery of `notifications/initialized`.
    pub(in crate::bridge) fn confirming(&mut self) {
        self.confirm = Some(Instant::now() + CONFIRM_TIMEOUT);
    }

    pub(in crate::bridge) fn confirm_is_due(&mut self, now: Instant) -> bool {
        due(&mut self.confirm, now)
    }

    /// Notes that the session is open: listening is due soon.
    pub(in crate::bridge) fn opened(&mut self) {
        self.failures = 0;
        self.confirm = None;
        self.reopen = None;
        self.opened = Some(Instant::now());
        self.listen = Some(Instant::now() + LISTEN_AFTER);
        self.traffic();
    }

    /// Unschedules listening, because it begins now. Returns whether it was scheduled.
    pub(in crate::bridge) fn listen_now(&mut self) -> bool {
        self.listen.take().is_some()
    }

    /// Notes that the session is lost: there is nothing to listen to.
    pub(in crate::bridge) fn lost(&mut self) {
        self.confirm = None;
        self.listen = None;
        self.ping = None;
        self.opened = None;
    }

    /// Counts a lost session. Returns the pause before the next one, if several in a row were
    /// short-lived.
    pub(in crate::bridge) fn pause_after_loss(&mut self) -> Option<Duration> {
        let is_short = self.opened.is_none_or(|opened| opened.elapsed() < SHORT_LIFE);
        self.short_lives = if is_short { self.short_lives + 1 } else { 0 };
        let beyond = self.short_lives.checked_sub(SHORT_LIVES_IN_A_ROW + 1)?;
        Some(growing(beyond))
    }

    /// Schedules another attempt after a failed one; the pause grows.
    pub(in crate::bridge) fn reopen_later(&mut self) {
        let pause = growing(self.failures);
        self.failures += 1;
        self.reopen_after(pause);
    }

    /// Opens the session again after this pause.
    pub(in crate::bridge) fn reopen_after(&mut self, pause: Duration) {
        self.reopen = Some(Instant::now() + pause);
    }

    /// Restarts the keep-alive timer, because something was sent or received.
    pub(in crate::bridge) fn traffic(&mut self) {
        self.ping = self.keep_alive.map(|pause| Instant::now() + pause);
    }

    pub(in crate::bridge) fn listen_is_due(&mut self, now: Instant) -> bool {
        due(&mut self.listen, now)
    }

    pub(in crate::bridge) fn reopen_is_due(&mut self, now: Instant) -> bool {
        due(&mut self.reopen, now)
    }

    pub(in crate::bridge) fn ping_is_due(&mut self, now: Instant) -> bool {
        let due = due(&mut self.ping, now);
        if due {
            self.traffic();
        }
        due
    }
}

/// The loop's timer, kept from turn to turn, because most turns do not change it.
#[derive(Debug, Default)]
pub(in crate::bridge) struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Waits for this point in time; forever without one. Cancel safe.
    pub(in crate::bridge) async fn at(&mut self, time: Option<Instant>) {
        let Some(time) = time else { return std::future::pending().await };
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(time)));
        if sleep.deadline() != time {
            sleep.as_mut().reset(time);
        }
        sleep.as_mut().await;
    }
}

fn due(timer: &mut Option<Instant>, now: Instant) -> bool {
    let due = timer.is_some_and(|at| at <= now);
    if due {
        *timer = None;
    }
    due
}

/// The pause after this many attempts: a second, doubling up to [`LONGEST_PAUSE`].
fn growing(attempts: u32) -> Duration {
    Duration::from_secs(1 << attempts.min(5)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T-40
    #[tokio::test(start_paused = true)]
    async fn sessions_that_live_for_seconds_only_are_opened_ever_more_rarely() {
        let mut timers = Timers::new(None);
        let mut lose_after = async |life| {
            timers.opened();
            tokio::time::advance(Duration::from_secs(life)).await;
            let pause = timers.pause_after_loss();
            timers.lost();
            pause.map_or(0, |pause| pause.as_secs())
        };
        for pause in [0, 0, 0, 1, 2, 4, 8, 16, 30, 30] {
            assert_eq!(lose_after(1).await, pause);
        }
        assert_eq!(lose_after(3600).await, 0, "a session that was of use");
        for pause in [0, 0, 0] {
            assert_eq!(lose_after(1).await, pause);
        }
        assert_eq!(lose_after(SHORT_LIFE.as_secs()).await, 0, "so was this one, just");
        assert_eq!(lose_after(1).await, 0);
    }

    /// T-40
    #[tokio::test(start_paused = true)]
    async fn a_loss_without_a_session_in_between_is_one_of_a_short_life() {
        let mut timers = Timers::new(None);
        timers.opened();
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert_eq!(timers.pause_after_loss(), None);
        timers.lost();
        for pause in [None, None, None, Some(Duration::from_secs(1))] {
            assert_eq!(timers.pause_after_loss(), pause);
        }
    }

    /// T-07, T-41
    #[tokio::test(start_paused = true)]
    async fn each_timer_is_due_once_and_not_before_its_time() {
        type Set = fn(&mut Timers);
        type IsDue = fn(&mut Timers, Instant) -> bool;
        let (three, tick) = (Duration::from_secs(3), Duration::from_millis(1));
        let timers: [(Set, IsDue, Duration); 5] = [
            (|timers| timers.answer_after(Duration::from_secs(3)), Timers::answer_is_due, three),
            (Timers::look_after_grace, Timers::answer_is_due, GRACE),
            (Timers::confirming, Timers::confirm_is_due, CONFIRM_TIMEOUT),
            (Timers::opened, Timers::listen_is_due, LISTEN_AFTER),
            (|timers| timers.reopen_after(Duration::from_secs(3)), Timers::reopen_is_due, three),
        ];
        for (set, is_due, wait) in timers {
            let mut timers = Timers::new(None);
            assert_eq!(timers.next(), None);
            set(&mut timers);
            let at = Instant::now() + wait;
            assert!(!is_due(&mut timers, at - tick));
            assert_eq!(timers.next(), Some(at));
            assert!(is_due(&mut timers, at));
            assert!(!is_due(&mut timers, at), "once");
            assert_eq!(timers.next(), None);
        }
    }

    ///
    #[tokio::test(start_paused = true)]
    async fn the_grace_for_a_person_counts_from_when_the_host_asked() {
        let mut timers = Timers::new(None);
        timers.answer_after_grace();
        assert_eq!((timers.next(), timers.grace_is_over()), (None, false), "nobody asked");
        let asked = Instant::now();
        timers.answer_after(Duration::from_secs(1));
        tokio::time::advance(Duration::from_secs(1)).await;
        timers.answer_after_grace();
        assert_eq!((timers.next(), timers.grace_is_over()), (Some(asked + GRACE), false));
        tokio::time::advance(GRACE - Duration::from_secs(1)).await;
        assert!(timers.grace_is_over());
        timers.answered();
        assert_eq!(timers.next(), None);
    }

    /// T-34, T-40
    #[tokio::test(start_paused = true)]
    async fn an_open_session_is_listened_to_and_kept_alive_until_it_is_lost() {
        let pause = Duration::from_secs(30);
        let mut timers = Timers::new(Some(pause)).beside();
        timers.confirming();
        timers.reopen_after(Duration::ZERO);
        timers.opened();
        let opened = Instant::now();
        assert_eq!(timers.next(), Some(opened + LISTEN_AFTER), "nothing else is due before");
        assert!(timers.listen_now());
        assert!(!timers.listen_now(), "once");
        assert_eq!(timers.next(), Some(opened + pause));
        tokio::time::advance(Duration::from_secs(10)).await;
        timers.traffic();
        let ping = Instant::now() + pause;
        assert!(!timers.ping_is_due(opened + pause), "it was not silent");
        tokio::time::advance(pause).await;
        assert!(timers.ping_is_due(ping));
        assert_eq!(timers.next(), Some(ping + pause), "and once more");
        timers.opened();
        timers.confirming();
        timers.lost();
        assert_eq!(timers.next(), None);
    }

    /// T-40
    #[tokio::test(start_paused = true)]
    async fn a_session_that_cannot_be_opened_is_tried_ever_more_rarely() {
        let mut timers = Timers::new(None);
        let mut pause = || {
            timers.reopen_later();
            (timers.next().unwrap() - Instant::now()).as_secs()
        };
        for expected in [1, 2, 4, 8, 16, 30, 30] {
            assert_eq!(pause(), expected);
        }
        timers.opened();
        timers.lost();
        timers.reopen_later();
        assert_eq!(timers.next(), Some(Instant::now() + Duration::from_secs(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn the_alarm_follows_the_point_in_time_that_it_is_given() {
        let (mut alarm, start) = (Alarm::default(), Instant::now());
        for seconds in [1, 5, 7] {
            let wait = Duration::from_secs(seconds);
            alarm.at(Some(start + wait)).await;
            assert_eq!(start.elapsed(), wait);
        }
        let forever = tokio::time::timeout(Duration::from_secs(9_999), alarm.at(None)).await;
        assert!(forever.is_err());
    }
}
