//! How long open requests may still be answered once the host has left (T-08).

use std::time::Duration;

use tokio::time::Instant;

/// How long the host may accept none of the last lines before they are dropped. A full socket
/// accepts no more until three quarters of its buffer have been read, which takes a slow reader
/// most of a second.
pub(super) const LAST_LINES_TIMEOUT: Duration = Duration::from_millis(1500);
/// How long writing the last lines may take in all after a signal: a host on a busy machine reads
/// late, and hosts that kill wait two seconds (docs/hosts/README.md#ending-the-child).
pub(super) const LAST_LINES_AFTER_SIGNAL: Duration = Duration::from_millis(1500);
/// How long to wait for the rest of an answer that has partly arrived: hosts send SIGTERM two
/// seconds after closing stdin (docs/hosts/README.md#ending-the-child).
const DELIVERY_TIMEOUT: Duration = Duration::from_millis(1500);
/// How long to read the lines that the host wrote before a signal, and how long to wait for each:
/// they are already there.
pub(super) const LAST_READ_TIMEOUT: Duration = Duration::from_millis(300);
pub(super) const LAST_LINE_TIMEOUT: Duration = Duration::from_millis(20);
/// How often to check whether the rest has arrived.
const DELIVERY_STEP: Duration = Duration::from_millis(50);

/// The time after the host has closed its end, during which open requests may still be answered.
#[derive(Debug)]
pub(super) struct Leave {
    since: Instant,
    over_by: Instant,
}

impl Leave {
    /// Begins now; open requests have this much time.
    pub(super) fn begin(drain: Duration) -> Self {
        let since = Instant::now();
        Self { since, over_by: since + drain }
    }

    /// When to check whether it is over.
    pub(super) fn over_by(&self) -> Instant {
        self.over_by
    }

    /// Whether the time is over. It is extended while an answer is arriving.
    pub(super) fn is_over(&mut self, is_delivering: bool) -> bool {
        let now = Instant::now();
        if now < self.over_by {
            return false;
        }
        if !is_delivering || now >= self.since + DELIVERY_TIMEOUT {
            return true;
        }
        self.over_by = now + DELIVERY_STEP;
        false
    }
}
