//! The state that the bridge and the task of an exchange share while it runs.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use futures_util::task::AtomicWaker;
use tokio::sync::Notify;

use super::remote_id::remote_id;
use crate::http::BodyObserver;

/// Smaller messages, in bytes, leave the system's buffers so soon that no wait is needed.
const LARGE_MESSAGE: usize = 1 << 20;
/// How long a slow server may take to read a megabyte from the system's buffers.
const READING_TIME_OF_A_MEGABYTE: Duration = Duration::from_millis(500);
const MAX_READING_TIME: Duration = Duration::from_secs(10);

/// One running exchange. Clones belong to the same exchange.
#[derive(Clone, Debug, Default)]
pub struct ExchangeHandle(Arc<State>);

#[derive(Debug, Default)]
struct State {
    is_settled: AtomicBool,
    is_abandoned: AtomicBool,
    is_overdue: AtomicBool,
    /// Wakes the task of the exchange, the only one that waits for these three.
    task: AtomicWaker,
    is_over: AtomicBool,
    /// Raised when the body has been sent, or never will be.
    body_decided: Signal,
    has_left: AtomicBool,
    /// Raised when the head of a response has arrived, or never will.
    response_begun: Signal,
    /// The size of the message in bytes.
    size: AtomicUsize,
    is_answered: AtomicBool,
    refusals: AtomicU32,
}

#[derive(Debug, Default)]
struct Signal {
    is_raised: AtomicBool,
    notify: Notify,
}

impl ExchangeHandle {
    /// Tells the task that the answer is no longer awaited: it has arrived, or the request was
    /// cancelled.
    pub fn settle(&self) {
        self.0.is_settled.store(true, Ordering::Release);
        self.0.task.wake();
    }

    /// Tells the task to close its connection or stream at once: that is how a request to a modern
    /// remote is cancelled (T-59).
    pub fn abandon(&self) {
        self.0.is_abandoned.store(true, Ordering::Release);
        self.settle();
    }

    /// Tells the task that its time is over.
    pub(super) fn expire(&self) {
        self.0.is_overdue.store(true, Ordering::Release);
        self.0.task.wake();
    }

    /// Whether the answer is no longer awaited.
    pub fn is_settled(&self) -> bool {
        self.0.is_settled.load(Ordering::Acquire)
    }

    /// Waits until the answer is no longer awaited. Only the task of the exchange may wait.
    pub(super) async fn wait_until_settled(&self) {
        self.wait_until(&self.0.is_settled).await;
    }

    /// Waits until the exchange is to be abandoned. Only the task of the exchange may wait.
    pub(super) async fn wait_until_abandoned(&self) {
        self.wait_until(&self.0.is_abandoned).await;
    }

    /// Waits until the time of the exchange is over. Only the task of the exchange may wait.
    pub(super) async fn wait_until_overdue(&self) {
        self.wait_until(&self.0.is_overdue).await;
    }

    async fn wait_until(&self, is_raised: &AtomicBool) {
        poll_fn(|cx| {
            if is_raised.load(Ordering::Acquire) {
                return Poll::Ready(());
            }
            self.0.task.register(cx.waker());
            // It may have been raised in between.
            if is_raised.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Notes that the answer was passed on to the bridge.
    pub(super) fn note_answer(&self) {
        self.0.is_answered.store(true, Ordering::Release);
    }

    /// Whether the answer was passed on to the bridge.
    pub(super) fn is_answered(&self) -> bool {
        self.0.is_answered.load(Ordering::Acquire)
    }

    /// Counts a refusal after which the request is sent again; returns the id that it then has.
    pub(super) fn count_refusal(&self, number: u64) -> u64 {
        self.0.refusals.fetch_add(1, Ordering::Relaxed);
        self.remote_id(number)
    }

    /// The id under which the remote knows the request with this number.
    pub fn remote_id(&self, number: u64) -> u64 {
        remote_id(number, self.0.refusals.load(Ordering::Relaxed))
    }

    /// Waits until the message has been sent, or never will be. Returns whether any of it may have
    /// been sent.
    ///
    /// Megabytes of a large message may still be in the system's buffers, and a small message on
    /// another connection would overtake them. So this also waits for the response, for as long as
    /// the server may need to read them.
    pub(super) async fn wait_until_sent(&self) -> bool {
        self.0.body_decided.wait().await;
        let size = self.0.size.load(Ordering::Relaxed);
        if size >= LARGE_MESSAGE {
            let needed =
                MAX_READING_TIME.min(READING_TIME_OF_A_MEGABYTE.mul_f64(size as f64 / 1e6));
            let _ = tokio::time::timeout(needed, self.0.response_begun.wait()).await;
        }
        self.0.has_left.load(Ordering::Acquire)
    }

    /// Notes the size of the message in bytes.
    pub(super) fn set_size(&self, size: usize) {
        self.0.size.store(size, Ordering::Relaxed);
    }

    /// Notes that the head of a response has arrived.
    pub(super) fn begin_response(&self) {
        self.0.response_begun.raise();
    }

    /// Notes that the exchange is over, and wakes those who wait for its message to be sent.
    pub(super) fn end(&self) {
        self.0.body_decided.raise();
        self.0.response_begun.raise();
        self.0.is_over.store(true, Ordering::Release);
        // A kept handle must not keep the task's memory alive.
        drop(self.0.task.take());
    }

    /// Whether the exchange is over.
    pub(super) fn is_over(&self) -> bool {
        self.0.is_over.load(Ordering::Acquire)
    }

    /// The observer of the message's body.
    pub(super) fn observer(&self) -> Arc<dyn BodyObserver> {
        Arc::clone(&self.0) as Arc<dyn BodyObserver>
    }
}

impl BodyObserver for State {
    fn handed_over(&self) {
        self.has_left.store(true, Ordering::Release);
    }

    fn written(&self) {
        self.body_decided.raise();
    }
}

impl Signal {
    fn raise(&self) {
        if !self.is_raised.swap(true, Ordering::AcqRel) {
            self.notify.notify_waiters();
        }
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
