//! How many exchanges run at one time. Further ones wait here with their message only, without a
//! connection: ten thousand requests at once must not open ten thousand connections.

use tokio::sync::{Semaphore, SemaphorePermit};

/// The most requests that run at one time.
const MAX_REQUESTS: usize = 256;
/// The most notifications of the host that run at one time. They have a limit of their own: a
/// running request may be waiting for one of them.
const MAX_NOTIFICATIONS: usize = 32;

/// The limit on exchanges with one remote.
#[derive(Debug)]
pub(super) struct ConcurrencyLimit {
    requests: Semaphore,
    notifications: Semaphore,
}

impl ConcurrencyLimit {
    /// All permits are free.
    pub(super) fn new() -> Self {
        Self {
            requests: Semaphore::new(MAX_REQUESTS),
            notifications: Semaphore::new(MAX_NOTIFICATIONS),
        }
    }

    /// Waits for a permit, which is held until it is dropped. Nothing urgent waits: an answer, a
    /// cancellation or a `ping` is what lets others end.
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
