//! Request bodies made of the pieces of a frame, and the signal that one was sent.

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

/// Whether a request body was handed to the connection, so that what must not overtake it can wait
/// (T-07: a cancellation is not sent before the request it names).
#[derive(Clone, Debug, Default)]
pub struct BodySent {
    inner: Arc<BodySentState>,
}

#[derive(Debug, Default)]
struct BodySentState {
    is_sent: AtomicBool,
    notify: Notify,
}

impl BodySent {
    /// Waits until the body was sent, or never will be.
    pub async fn wait(&self) {
        let notified = self.inner.notify.notified();
        if !self.is_sent() {
            notified.await;
        }
    }

    /// Whether the body was sent, or never will be.
    pub fn is_sent(&self) -> bool {
        self.inner.is_sent.load(Ordering::Acquire)
    }

    /// Lets everyone go on who waits.
    pub fn mark_sent(&self) {
        self.inner.is_sent.store(true, Ordering::Release);
        self.inner.notify.notify_waiters();
    }
}

/// A frame as a request body of known length; its pieces are not copied.
#[derive(Debug)]
pub struct FrameBody {
    pieces: VecDeque<Bytes>,
    remaining: u64,
    body_sent: BodySent,
}

impl FrameBody {
    /// A body that marks `body_sent` with its last piece.
    pub fn new(frame: Frame, body_sent: BodySent) -> Self {
        let remaining = frame.len() as u64;
        Self { pieces: frame.into_pieces().into(), remaining, body_sent }
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
            self.body_sent.mark_sent();
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
