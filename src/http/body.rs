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

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use http_body::Body;

    use super::*;

    #[derive(Debug, Default)]
    struct Counter {
        handed_over: AtomicU32,
        written: AtomicU32,
    }

    impl Counter {
        fn counts(&self) -> (u32, u32) {
            let count = |number: &AtomicU32| number.load(Ordering::Relaxed);
            (count(&self.handed_over), count(&self.written))
        }
    }

    impl BodyObserver for Counter {
        fn handed_over(&self) {
            self.handed_over.fetch_add(1, Ordering::Relaxed);
        }

        fn written(&self) {
            self.written.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn next(body: &mut FrameBody) -> Option<Bytes> {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        match Pin::new(body).poll_frame(&mut cx) {
            Poll::Ready(frame) => frame.map(|frame| frame.unwrap().into_data().unwrap()),
            Poll::Pending => panic!("a frame is there at once"),
        }
    }

    #[test]
    fn a_body_is_handed_on_in_pieces_of_bearable_size() {
        let large = vec![b'x'; 2 * MAX_PIECE + 1];
        let signal = Arc::new(FlushSignal::default());
        let frame = Frame::spliced(&Bytes::from(large), &[(3..4, "id")]).unwrap();
        let mut body = FrameBody::new(frame, None, &signal);
        let total = 2 * MAX_PIECE + 2;
        let mut lengths = Vec::new();
        loop {
            let left = total - lengths.iter().sum::<usize>();
            assert_eq!(body.size_hint().exact(), Some(left as u64));
            assert_eq!(body.is_end_stream(), left == 0);
            let Some(piece) = next(&mut body) else { break };
            lengths.push(piece.len());
        }
        assert_eq!(lengths, [3, 2, MAX_PIECE, MAX_PIECE - 3]);
        assert!(next(&mut FrameBody::new(Frame::default(), None, &signal)).is_none());
        let exact = Frame::from(Bytes::from(vec![b'x'; MAX_PIECE]));
        let mut body = FrameBody::new(exact, None, &signal);
        assert_eq!(next(&mut body).map(|piece| piece.len()), Some(MAX_PIECE));
        assert!(body.is_end_stream() && next(&mut body).is_none());
    }

    /// T-07
    #[test]
    fn a_body_counts_as_written_once_its_last_piece_was_flushed() {
        let signal = Arc::new(FlushSignal::default());
        let counter = Arc::new(Counter::default());
        let observer: Arc<dyn BodyObserver> = counter.clone();
        let frame = Frame::from(Bytes::from(vec![b'x'; MAX_PIECE + 1]));
        let mut body = FrameBody::new(frame, Some(&observer), &signal);
        signal.flushed();
        assert_eq!(counter.counts(), (0, 0));
        next(&mut body);
        signal.flushed();
        assert_eq!(counter.counts(), (1, 0), "only the first piece was flushed");
        next(&mut body);
        assert_eq!(counter.counts(), (2, 0), "it may still be in a buffer");
        signal.flushed();
        signal.flushed();
        assert_eq!(counter.counts(), (2, 1), "once");
        assert!(next(&mut body).is_none());
        assert_eq!(counter.counts(), (2, 1));
    }

    #[test]
    fn what_was_written_is_counted_from_the_beginning_of_a_request() {
        let signal = FlushSignal::default();
        assert!(!signal.has_written());
        signal.note_write();
        assert!(signal.has_written());
        signal.begin_request();
        assert!(!signal.has_written());
    }
}
