//! Request bodies made of the pieces of a frame, and the knowledge of when one has left.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::SizeHint;
use tokio::sync::Notify;

use crate::jsonrpc::Frame;

/// Tells when a request body was handed to the connection, so that what must not overtake it can
/// wait (T-07: a cancellation is not sent before the request it names).
#[derive(Clone, Debug, Default)]
pub struct Departure {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    left: AtomicBool,
    notify: Notify,
}

impl Departure {
    /// Waits until the body has left, or never will.
    pub async fn wait(&self) {
        let notified = self.inner.notify.notified();
        if !self.has_left() {
            notified.await;
        }
    }

    /// Whether the body has left.
    pub fn has_left(&self) -> bool {
        self.inner.left.load(Ordering::Acquire)
    }

    /// Nothing needs to wait any longer.
    pub fn mark(&self) {
        self.inner.left.store(true, Ordering::Release);
        self.inner.notify.notify_waiters();
    }
}

/// A frame as a request body of known length; its pieces are not copied.
#[derive(Debug)]
pub struct FrameBody {
    pieces: VecDeque<Bytes>,
    remaining: u64,
    departure: Departure,
}

impl FrameBody {
    /// A body that reports to `departure`.
    pub fn new(frame: Frame, departure: Departure) -> Self {
        let remaining = frame.len() as u64;
        Self { pieces: frame.into_pieces().into(), remaining, departure }
    }
}

impl http_body::Body for FrameBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        let piece = self.pieces.pop_front();
        self.remaining -= piece.as_ref().map_or(0, Bytes::len) as u64;
        if self.pieces.is_empty() {
            self.departure.mark();
        }
        Poll::Ready(piece.map(|piece| Ok(http_body::Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}
