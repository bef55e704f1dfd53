//! The body of an HTTP answer: known pieces, or a stream that stays open and silent.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// Pieces go out as they are; with `sized` their total is the `Content-Length`.
#[derive(Default)]
pub(crate) struct Reply {
    pieces: VecDeque<Bytes>,
    sized: bool,
    held: bool,
}

impl Reply {
    pub(crate) fn sized(pieces: impl IntoIterator<Item = Bytes>) -> Self {
        Self { pieces: pieces.into_iter().collect(), sized: true, held: false }
    }

    pub(crate) fn stream(pieces: impl IntoIterator<Item = Bytes>) -> Self {
        Self { pieces: pieces.into_iter().collect(), sized: false, held: false }
    }

    pub(crate) fn held() -> Self {
        Self { held: true, ..Self::default() }
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.pieces.pop_front() {
            Some(piece) => Poll::Ready(Some(Ok(Frame::data(piece)))),
            // Nothing ever wakes it: it is dropped with the connection.
            None if self.held => Poll::Pending,
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty() && !self.held
    }

    fn size_hint(&self) -> SizeHint {
        if !self.sized {
            return SizeHint::default();
        }
        SizeHint::with_exact(self.pieces.iter().map(|piece| piece.len() as u64).sum())
    }
}
