//! The adapter's timers. An obsolete timer is not removed; it finds nothing to do when it is due.

use std::collections::BTreeMap;
use std::time::Instant;

/// What to do when a timer is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timer {
    /// Stop waiting for further questions in this round of a call.
    Round { call: u64, round: u32 },
    /// Cancel a call if the host has not come back with the answers of this round.
    Expire { call: u64, round: u32 },
    /// Send a call again, because the user had time to visit the page.
    Resend { call: u64, round: u32 },
    /// Poll a call's task.
    Poll { call: u64 },
    /// Acknowledge a listen with the subscriptions accepted so far.
    Acknowledge { listen: u64 },
}

/// Timers in the order in which they are due.
#[derive(Debug, Default)]
pub(super) struct TimerQueue {
    waiting: BTreeMap<(Instant, u64), Timer>,
    last: u64,
}

impl TimerQueue {
    /// Adds a timer.
    pub(super) fn set(&mut self, at: Instant, timer: Timer) {
        self.last += 1;
        self.waiting.insert((at, self.last), timer);
    }

    /// When the first one is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.waiting.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes out the first one, if it is due.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<Timer> {
        let first = self.waiting.first_entry().filter(|entry| entry.key().0 <= now)?;
        Some(first.remove())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn timers_come_in_order_and_not_before_their_time() {
        let start = Instant::now();
        let mut timers = TimerQueue::default();
        let at = |ms| start + Duration::from_millis(ms);
        timers.set(at(20), Timer::Poll { call: 2 });
        timers.set(at(10), Timer::Poll { call: 1 });
        timers.set(at(20), Timer::Poll { call: 3 });
        assert_eq!(timers.next(), Some(at(10)));
        assert_eq!(timers.take_due(at(9)), None);
        let due: Vec<_> = std::iter::from_fn(|| timers.take_due(at(20))).collect();
        let expected = [1, 2, 3].map(|call| Timer::Poll { call });
        assert_eq!(due, expected);
        assert_eq!(timers.next(), None);
    }
}
