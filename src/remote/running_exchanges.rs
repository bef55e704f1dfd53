//! Tracks running exchanges, so that all can be ended, and each when its time is over. One timer
//! serves all of them: a timer for each would cost more than reading its answer.

use std::time::Duration;

use tokio::time::Instant;

use super::exchange_handle::ExchangeHandle;
use super::post::Post;

/// How many are kept before ended ones are removed.
const MIN_KEPT: usize = 16;

/// The exchanges of one session.
#[derive(Debug)]
pub(super) struct RunningExchanges {
    /// The longest time that an exchange may take (T-26).
    limit: Option<Duration>,
    /// The exchanges that may still run, in the order in which they began.
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

    /// When the first time limit ends. Its exchange may already be over; then nothing happens at
    /// that time.
    pub(super) fn due(&self) -> Option<Instant> {
        // All have the same limit, so the first one with a limit is due first.
        self.running.iter().find_map(|(_, due)| *due)
    }

    /// Ends exchanges whose time is over.
    pub(super) fn end_overdue(&mut self, now: Instant) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jsonrpc::Frame;
    use crate::remote::Session;

    fn post(stays_open: bool) -> Post {
        Post {
            number: 1,
            frame: Frame::default(),
            is_request: true,
            urgent: false,
            repeatable: false,
            session: Session::unopened(0),
            stays_open,
            handle: ExchangeHandle::default(),
            modern: None,
            trace: None,
        }
    }

    /// T-26
    #[tokio::test(start_paused = true)]
    async fn each_exchange_ends_when_its_own_time_is_over() {
        let limit = Duration::from_secs(60);
        let mut running = RunningExchanges::new(Some(limit));
        assert_eq!(running.due(), None);
        let start = Instant::now();
        running.begin(&post(true));
        assert_eq!(running.due(), None, "it stays open by design");
        running.begin(&post(false));
        tokio::time::advance(Duration::from_secs(10)).await;
        running.begin(&post(false));
        assert_eq!(running.due(), Some(start + limit));
        running.end_overdue(start + limit - Duration::from_millis(1));
        assert_eq!(running.due(), Some(start + limit), "not yet");
        running.end_overdue(start + limit);
        assert_eq!(running.due(), Some(start + limit + Duration::from_secs(10)), "the next one");
        running.end_overdue(start + 2 * limit);
        assert_eq!(running.due(), None);
    }

    /// T-26
    #[tokio::test(start_paused = true)]
    async fn without_a_limit_nothing_is_due() {
        let mut running = RunningExchanges::new(None);
        running.begin(&post(false));
        assert_eq!(running.due(), None);
        running.end_overdue(Instant::now() + Duration::from_secs(86_400));
    }

    #[tokio::test]
    async fn exchanges_that_ended_are_forgotten_before_the_list_grows() {
        let mut running = RunningExchanges::new(None);
        for _ in 0..1000 {
            let post = post(false);
            running.begin(&post);
            post.handle.end();
        }
        assert!(running.running.len() <= 2 * MIN_KEPT, "{}", running.running.len());
        let open = post(false);
        running.begin(&open);
        running.abandon_all();
        assert!(running.running.is_empty() && running.due().is_none());
    }
}
