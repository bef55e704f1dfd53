//! Limits the pace that others can set (S-39): every pause, interval, count and repetition that a
//! server names or causes is clamped to a range defined here.
//!
//! Only numbers; they are applied where they are used.

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

    /// Clamps a pause to the range.
    pub fn clamp(self, asked: Duration) -> Duration {
        asked.clamp(self.shortest, self.longest)
    }

    /// Whether the pause is not too long. Too long a pause is reported to the host instead of
    /// waited for.
    pub fn is_acceptable(self, asked: Duration) -> bool {
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
/// The pause before tokens are asked for again: `Retry-After` of a token endpoint. A request of the
/// host waits meanwhile.
pub const TOKEN_RETRY_AFTER: PauseRange = PauseRange::new(100, 5);
/// The pause before a server that failed to refresh tokens is asked again; it doubles from the
/// shortest to the longest.
pub const REFRESH_PAUSE: PauseRange = PauseRange::new(5000, 60);
/// The pause between two polls for a device code: `interval` (RFC 8628 §3.5).
pub const DEVICE_INTERVAL: PauseRange = PauseRange::new(1000, 60);
/// The pause between two polls of a task: `pollInterval`, `pollIntervalMs`.
pub const TASK_POLL: PauseRange = PauseRange::new(20, 300);
/// The lifetime of a token in seconds: `expires_in` (RFC 6749 §5.1). Values outside the range are
/// ignored.
pub const TOKEN_LIFETIME: RangeInclusive<u64> = 1..=100 * 365 * 86_400;
/// The shortest time between two sign-in pages that nobody requested. A person can request one at
/// any time.
pub const PAGE_PAUSE: Duration = Duration::from_secs(60);
/// How many pages may open within [`PAGE_WINDOW`] because of the host's calls: a sign-in, more
/// scopes, a lost sign-in.
pub const MAX_PAGES: usize = 3;
/// The time over which pages are counted.
pub const PAGE_WINDOW: Duration = Duration::from_secs(180);

/// How many of a document's authorization servers are tried: a list must not make us send thousands
/// of requests to others (S-36).
pub const MAX_ISSUERS: usize = 8;
/// How many of a server's requests may wait for the host.
pub const MAX_OPEN_REMOTE_REQUESTS: usize = 1000;
/// How many of the bridge's own answers to a server may be on their way.
pub const MAX_OWN_ANSWERS: usize = 256;

/// The time over which log lines of one kind are counted.
pub const LOG_WINDOW: Duration = Duration::from_secs(60);
/// How many lines of one kind are logged in that time.
pub const MAX_LOG_LINES: u32 = 10;
/// The same for lines that are only shown on request.
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
            assert!(range.is_acceptable(between) && !range.is_acceptable(Duration::MAX));
        }
    }
}
