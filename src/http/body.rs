//! Request bodies made of a frame's pieces, and the observers that learn when one was sent.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::SizeHint;

use crate::jsonrpc::Frame;

/// The most bytes of a body that are handed to the connection at once. If the connection cannot be
/// written to, the rest, and with it the signal that the body was sent, must stay back.
const MAX_PIECE: usize = 128 * 1024;

/// Observes the sending of a request body, so that later messages can wait for it (T-07: a
/// cancellation is not sent before the request it names).
pub trait BodyObserver: fmt::Debug + Send + Sync {
    /// Called when the body was handed to a connection, which may write it at any time.
    fn handed_over(&self);

    /// Called when the whole body was written.
    fn written(&self);
}

/// The bodies that one connection has accepted in full but may not have written yet.
#[derive(Debug, Default)]
pub(super) struct FlushSignal {
    is_awaited: AtomicBool,
    bodies: Mutex<Vec<Arc<dyn BodyObserver>>>,
    has_written: AtomicBool,
}

impl FlushSignal {
    /// Notes that a request begins on a connection that carries one at a time.
    pub(super) fn begin_request(&self) {
        self.has_written.store(false, Ordering::Relaxed);
    }

    /// Notes that bytes were handed to the system.
    pub(super) fn note_write(&self) {
        self.has_written.store(true, Ordering::Release);
    }

    /// Whether any byte was handed to the system since the request began.
    pub(super) fn has_written(&self) -> bool {
        self.has_written.load(Ordering::Acquire)
    }

    fn mark_after_flush(&self, observer: Arc<dyn BodyObserver>) {
        self.bodies.lock().unwrap_or_else(PoisonError::into_inner).push(observer);
        self.is_awaited.store(true, Ordering::Release);
    }

    /// Notes that the connection has written everything, and tells the waiting observers.
    pub(super) fn flushed(&self) {
        if self.is_awaited.swap(false, Ordering::AcqRel) {
            let mut bodies = self.bodies.lock().unwrap_or_else(PoisonError::into_inner);
            bodies.drain(..).for_each(|observer| observer.written());
        }
    }
}

/// A frame as a request body of known length; its pieces are not copied.
#[derive(Debug)]
pub(super) struct FrameBody {
    /// What is left of the current piece.
    piece: Bytes,
    rest: std::vec::IntoIter<Bytes>,
    remaining: u64,
    signals: Option<(Arc<dyn BodyObserver>, Arc<FlushSignal>)>,
}

impl FrameBody {
    /// A body whose observer is called once the connection has written its last piece.
    pub(super) fn new(
        frame: Frame,
        observer: Option<&Arc<dyn BodyObserver>>,
        connection: &Arc<FlushSignal>,
    ) -> Self {
        let remaining = frame.len() as u64;
        let signals = observer.map(|observer| (Arc::clone(observer), Arc::clone(connection)));
        let (piece, rest) = frame.into_parts();
        Self { piece, rest: rest.into_iter(), remaining, signals }
    }

    fn next_piece(&mut self) -> Option<Bytes> {
        if self.remaining == 0 {
            return None;
        }
        let piece = if self.piece.len() > MAX_PIECE {
            self.piece.split_to(MAX_PIECE)
        } else {
            std::mem::replace(&mut self.piece, self.rest.next().unwrap_or_default())
        };
        self.remaining -= piece.len() as u64;
        Some(piece)
    }
}

impl http_body::Body for FrameBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        if let Some((observer, _)) = &self.signals {
            observer.handed_over();
        }
        let piece = self.next_piece();
        if self.remaining == 0
            && let Some((observer, connection)) = self.signals.take()
        {
            connection.mark_after_flush(observer);
        }
        Poll::Ready(piece.map(|piece| Ok(http_body::Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.remaining == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}
