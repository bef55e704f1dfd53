//! What the bridge and the task of one exchange share while the exchange runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use tokio::sync::Notify;

use super::upstream_id::upstream_id;
use crate::http::BodySent;

/// One running exchange. Clones belong to the same exchange.
#[derive(Clone, Debug, Default)]
pub struct ExchangeHandle {
    body_sent: BodySent,
    settled: Arc<Signal>,
    abandoned: Arc<Signal>,
}

#[derive(Debug, Default)]
struct Signal {
    is_raised: AtomicBool,
    refusals: AtomicU32,
    notify: Notify,
}

impl ExchangeHandle {
    /// Tells the task that the answer is no longer awaited: it came, or was given up.
    pub fn settle(&self) {
        self.settled.raise();
    }

    /// Tells the task to close its connection or stream at once: that is how a request to a modern
    /// remote is cancelled (T-59).
    pub fn abandon(&self) {
        self.settle();
        self.abandoned.raise();
    }

    /// Whether the answer is no longer awaited.
    pub(super) fn is_settled(&self) -> bool {
        self.settled.is_raised()
    }

    /// Waits until the answer is no longer awaited.
    pub(super) async fn wait_until_settled(&self) {
        self.settled.wait().await;
    }

    /// Waits until the exchange is to be closed.
    pub(super) async fn wait_until_abandoned(&self) {
        self.abandoned.wait().await;
    }

    /// Counts a refusal after which the request is sent again; returns the id that it then has.
    pub(super) fn count_refusal(&self, number: u64) -> u64 {
        self.settled.refusals.fetch_add(1, Ordering::Relaxed);
        self.upstream_id(number)
    }

    /// The id under which the remote knows the request with this number.
    pub fn upstream_id(&self, number: u64) -> u64 {
        upstream_id(number, self.settled.refusals.load(Ordering::Relaxed))
    }

    /// Becomes true when the request body was sent.
    pub(super) fn body_sent(&self) -> &BodySent {
        &self.body_sent
    }
}

impl Signal {
    fn raise(&self) {
        self.is_raised.store(true, Ordering::Release);
        self.notify.notify_waiters();
    }

    fn is_raised(&self) -> bool {
        self.is_raised.load(Ordering::Acquire)
    }

    async fn wait(&self) {
        let notified = self.notify.notified();
        if !self.is_raised() {
            notified.await;
        }
    }
}
