//! What happens later without being asked. A timer that has become pointless is not taken out: it
//! finds nothing to do.

use std::collections::BTreeMap;
use std::time::Instant;

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timer {
    /// No further question is waited for in this round of a call.
    Round { call: u64, round: u32 },
    /// The host has not come back with the answers of this round.
    Expire { call: u64, round: u32 },
    /// The user had time for the page: the call goes out again.
    Resend { call: u64, round: u32 },
    /// Time to ask how the task behind a call stands.
    Poll { call: u64 },
    /// A listen is acknowledged with what is known by now.
    Acknowledge { listen: u64 },
}

/// Timers in the order in which they are due.
#[derive(Debug, Default)]
pub(super) struct Timers {
    waiting: BTreeMap<(Instant, u64), Timer>,
    last: u64,
}

impl Timers {
    pub(super) fn set(&mut self, at: Instant, timer: Timer) {
        self.last += 1;
        self.waiting.insert((at, self.last), timer);
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.waiting.first_key_value().map(|((at, _), _)| *at)
    }

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
        let mut timers = Timers::default();
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
