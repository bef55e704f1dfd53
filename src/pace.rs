//! What comes from outside does not set our pace (S-39): every pause, interval, count and
//! repetition that a server names or causes is brought into a range here, in one place.
//!
//! Numbers only. Who waits, and for what, is decided where these are used.

use std::ops::RangeInclusive;
use std::time::Duration;

/// The pauses that a server may ask for, from the shortest to the longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PauseRange {
    shortest: Duration,
    longest: Duration,
}

impl PauseRange {
    const fn new(shortest_millis: u64, longest_seconds: u64) -> Self {
        Self {
            shortest: Duration::from_millis(shortest_millis),
            longest: Duration::from_secs(longest_seconds),
        }
    }

    /// This pause, brought into the range.
    pub fn clamp(self, asked: Duration) -> Duration {
        asked.clamp(self.shortest, self.longest)
    }

    /// Whether the pause is within the range or below it: one that is too long is reported instead
    /// of waited for where the host should know.
    pub fn is_bearable(self, asked: Duration) -> bool {
        asked <= self.longest
    }

    /// The shortest pause.
    pub fn shortest(self) -> Duration {
        self.shortest
    }

    /// The longest pause.
    pub fn longest(self) -> Duration {
        self.longest
    }
}

/// The pause before an event stream is opened again: `retry` (T-36).
pub const STREAM_RETRY: PauseRange = PauseRange::new(100, 300);
/// The pause before a refused request is sent again: `Retry-After` (RFC 9110 §10.2.3).
pub const RETRY_AFTER: PauseRange = PauseRange::new(100, 60);
/// The pause between two polls for a device code: `interval` (RFC 8628 §3.5).
pub const DEVICE_INTERVAL: PauseRange = PauseRange::new(1000, 60);
/// The pause between two polls of a task: `pollInterval`, `pollIntervalMs`.
pub const TASK_POLL: PauseRange = PauseRange::new(20, 300);
/// The lifetime of a token in seconds: `expires_in` (RFC 6749 §5.1). Values outside say nothing.
pub const TOKEN_LIFETIME: RangeInclusive<u64> = 1..=100 * 365 * 86_400;
/// The pause between two pages to sign in at that nobody calls for. A person can ask for one at any
/// time.
pub const PAGE_PAUSE: Duration = Duration::from_secs(60);
/// How many pages open within [`PAGE_WINDOW`] for calls of the host: a sign-in, more scopes, a
/// sign-in that was lost.
pub const MAX_PAGES: usize = 3;
/// The time over which pages are counted.
pub const PAGE_WINDOW: Duration = Duration::from_secs(180);

/// How many authorization servers of a document are asked: a list is no way to have us send
/// thousands of requests to others (S-36).
pub const MAX_ISSUERS: usize = 8;
/// How many requests of a server may wait for the host.
pub const MAX_OPEN_SERVER_REQUESTS: usize = 1000;
/// How many answers of the bridge itself to a server may be on their way.
pub const MAX_OWN_ANSWERS: usize = 256;

/// The time over which log lines of one kind are counted.
pub const LOG_WINDOW: Duration = Duration::from_secs(60);
/// How many lines of one kind are logged in that time.
pub const MAX_LOG_LINES: u32 = 10;
/// The same for lines that only someone sees who asked for details.
pub const MAX_DETAILED_LOG_LINES: u32 = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    /// S-39
    #[test]
    fn a_pause_from_outside_is_brought_into_its_range() {
        for range in [STREAM_RETRY, RETRY_AFTER, DEVICE_INTERVAL, TASK_POLL] {
            assert!(range.shortest() >= Duration::from_millis(20), "{range:?}: not a storm");
            assert!(range.longest() <= Duration::from_secs(300), "{range:?}: not for ever");
            assert_eq!(range.clamp(Duration::ZERO), range.shortest());
            assert_eq!(range.clamp(Duration::MAX), range.longest());
            let between = Duration::from_secs(7);
            assert_eq!(range.clamp(between), between);
            assert!(range.is_bearable(between) && !range.is_bearable(Duration::MAX));
        }
    }
}
