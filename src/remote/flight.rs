//! What the bridge and the task of one exchange share while the exchange is under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use super::upstream_id::upstream_id;
use crate::http::Departure;

/// One exchange under way. Clones are the same flight.
#[derive(Clone, Debug, Default)]
pub struct Flight {
    departure: Departure,
    settlement: Arc<Settlement>,
    abandonment: Arc<Settlement>,
}

#[derive(Debug, Default)]
struct Settlement {
    settled: AtomicBool,
    refusals: AtomicU32,
    notify: Notify,
}

impl Flight {
    /// Tells the task that nobody waits for an answer any longer: it came, or was given up.
    pub fn settle(&self) {
        self.settlement.mark();
    }

    /// Tells the task to close its connection or stream at once: that is how a request to a modern
    /// remote is cancelled (T-59).
    pub fn abandon(&self) {
        self.settle();
        self.abandonment.mark();
    }

    /// Whether nobody waits any longer.
    pub(super) fn is_settled(&self) -> bool {
        self.settlement.is_marked()
    }

    /// Waits until nobody waits any longer.
    pub(super) async fn settled(&self) {
        self.settlement.marked().await;
    }

    /// Waits until the exchange is to be closed.
    pub(super) async fn abandoned(&self) {
        self.abandonment.marked().await;
    }

    /// Counts a refusal after which the request goes out again; its id then.
    pub(super) fn refused(&self, number: u64) -> u64 {
        self.settlement.refusals.fetch_add(1, Ordering::Relaxed);
        self.upstream_id(number)
    }

    /// The id under which the remote knows the request with this number.
    pub fn upstream_id(&self, number: u64) -> u64 {
        upstream_id(number, self.settlement.refusals.load(Ordering::Relaxed))
    }

    /// Tells when the request has left.
    pub(super) fn departure(&self) -> &Departure {
        &self.departure
    }
}

impl Settlement {
    fn mark(&self) {
        self.settled.store(true, Ordering::Release);
        self.notify.notify_waiters();
    }

    fn is_marked(&self) -> bool {
        self.settled.load(Ordering::Acquire)
    }

    async fn marked(&self) {
        let notified = self.notify.notified();
        if !self.is_marked() {
            notified.await;
        }
    }
}

/// How many questions to a person are open: while there is one, silence is not a hung request
/// (T-26).
#[derive(Clone, Debug, Default)]
pub struct People {
    asked: Arc<AtomicUsize>,
    /// Counts how often that changed: a limit starts anew when a person has answered.
    changes: Arc<AtomicUsize>,
}

impl People {
    /// Says how many questions are open now.
    pub fn set(&self, open: usize) {
        if self.asked.swap(open, Ordering::Relaxed) != open {
            self.changes.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn are_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed) > 0
    }

    /// Waits for `future`, but only `limit` unless a person is being asked. `None`: out of time.
    pub(super) async fn patiently<T>(
        &self,
        limit: Option<Duration>,
        future: impl Future<Output = T>,
    ) -> Option<T> {
        let Some(limit) = limit else { return Some(future.await) };
        tokio::pin!(future);
        loop {
            let changes = self.changes.load(Ordering::Relaxed);
            match tokio::time::timeout(limit, &mut future).await {
                Ok(done) => return Some(done),
                Err(_) if self.are_asked() => {}
                Err(_) if self.changes.load(Ordering::Relaxed) != changes => {}
                Err(_) => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T-26
    #[tokio::test(start_paused = true)]
    async fn a_question_to_a_person_suspends_the_limit() {
        let people = People::default();
        let limit = Some(Duration::from_secs(1));
        let slow = || tokio::time::sleep(Duration::from_secs(5));
        assert!(people.patiently(limit, slow()).await.is_none());
        people.set(1);
        assert!(people.patiently(limit, slow()).await.is_some());
        let answered = async {
            tokio::time::sleep(Duration::from_millis(2900)).await;
            people.set(0);
            tokio::time::sleep(Duration::from_millis(900)).await;
        };
        assert!(people.patiently(limit, answered).await.is_some(), "the limit starts anew");
    }
}
