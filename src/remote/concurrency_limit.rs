//! Limits how many exchanges run at the same time. Further ones wait without a connection: ten
//! thousand simultaneous requests must not open ten thousand connections.

use tokio::sync::{Semaphore, SemaphorePermit};

/// The most requests that run at the same time.
const MAX_REQUESTS: usize = 256;
/// The most notifications that run at the same time. They have their own limit, because a running
/// request may be waiting for one of them.
const MAX_NOTIFICATIONS: usize = 32;

/// The limit on exchanges with one remote.
#[derive(Debug)]
pub(super) struct ConcurrencyLimit {
    requests: Semaphore,
    notifications: Semaphore,
}

impl ConcurrencyLimit {
    /// A limit with all permits free.
    pub(super) fn new() -> Self {
        Self {
            requests: Semaphore::new(MAX_REQUESTS),
            notifications: Semaphore::new(MAX_NOTIFICATIONS),
        }
    }

    /// Waits for a permit, which is released when it is dropped. Urgent messages do not wait:
    /// answers, cancellations and `ping` let other exchanges end.
    pub(super) async fn acquire(&self, class: ConcurrencyClass) -> Option<SemaphorePermit<'_>> {
        match class {
            ConcurrencyClass::Urgent => None,
            ConcurrencyClass::Request => self.requests.acquire().await.ok(),
            ConcurrencyClass::Notification => self.notifications.acquire().await.ok(),
        }
    }
}

/// Which limit an exchange counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConcurrencyClass {
    Urgent,
    Request,
    Notification,
}
