//! How many exchanges go on at one time. What comes beyond that waits here with its line only,
//! without a connection: ten thousand requests at once must not open ten thousand.

use tokio::sync::{Semaphore, SemaphorePermit};

use super::Post;

/// Requests under way at one time.
const REQUESTS: usize = 256;
/// The host's notifications under way at one time. They have places of their own: a notification
/// may be what a request under way waits for.
const NOTIFICATIONS: usize = 32;

/// The places for exchanges with one remote.
#[derive(Debug)]
pub(super) struct Places {
    requests: Semaphore,
    notifications: Semaphore,
}

impl Places {
    pub(super) fn new() -> Self {
        Self { requests: Semaphore::new(REQUESTS), notifications: Semaphore::new(NOTIFICATIONS) }
    }

    /// Waits for a place. Nothing urgent waits: an answer, a cancellation or a `ping` frees places.
    pub(super) async fn take(&self, kind: Kind) -> Option<SemaphorePermit<'_>> {
        match kind {
            Kind::Urgent => None,
            Kind::Request => self.requests.acquire().await.ok(),
            Kind::Notification => self.notifications.acquire().await.ok(),
        }
    }
}

/// What an exchange needs a place for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Urgent,
    Request,
    Notification,
}

impl Kind {
    pub(super) fn of(post: &Post) -> Self {
        match post {
            Post { urgent: true, .. } => Self::Urgent,
            Post { is_request: true, .. } => Self::Request,
            _ => Self::Notification,
        }
    }
}
