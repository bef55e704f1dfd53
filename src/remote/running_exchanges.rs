//! The exchanges that run, so that all of them can be ended, and each when it has taken as long as
//! it may. One place for all of them: a timer for each exchange costs more than reading its answer.

use std::time::Duration;

use tokio::time::Instant;

use super::exchange_handle::ExchangeHandle;
use super::post::Post;

/// So many are noted before those that are over are looked for.
const MIN_KEPT: usize = 16;

/// The exchanges of one session.
#[derive(Debug)]
pub(super) struct RunningExchanges {
    /// The most time that an exchange may take (T-26).
    limit: Option<Duration>,
    /// Those that may still run, in the order in which they began.
    running: Vec<(ExchangeHandle, Option<Instant>)>,
}

impl RunningExchanges {
    pub(super) fn new(limit: Option<Duration>) -> Self {
        Self { limit, running: Vec::new() }
    }

    /// Notes that this exchange begins.
    pub(super) fn begin(&mut self, post: &Post) {
        if self.running.len() == self.running.capacity() {
            self.forget_ended();
            self.running.reserve(self.running.len() + MIN_KEPT);
        }
        let limit = self.limit.filter(|_| post.is_limited());
        self.running.push((post.handle.clone(), limit.map(|limit| Instant::now() + limit)));
    }

    /// When the first has taken as long as it may. It may be over: then nothing is due at that
    /// time.
    pub(super) fn due(&self) -> Option<Instant> {
        // The limit is the same for all, so that the first that has one is the first that is due.
        self.running.iter().find_map(|(_, due)| *due)
    }

    /// Ends what has taken as long as it may.
    pub(super) fn take_time(&mut self, now: Instant) {
        if self.due().is_none_or(|due| due > now) {
            return;
        }
        self.forget_ended();
        for (exchange, due) in &mut self.running {
            if due.is_some_and(|due| due <= now) {
                *due = None;
                exchange.expire();
            }
        }
    }

    /// Ends all of them.
    pub(super) fn abandon_all(&mut self) {
        self.running.drain(..).for_each(|(exchange, _)| exchange.abandon());
    }

    fn forget_ended(&mut self) {
        self.running.retain(|(exchange, _)| !exchange.is_over());
    }
}
