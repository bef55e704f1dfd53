//! stdout: everything that the calls of one wake-up produced goes out in one write.
//!
//! Small pieces are copied together, large ones are passed on as they are.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::rc::Rc;

use bytes::{Buf, Bytes, BytesMut};
use tokio::net::unix::pipe::Sender;
use tokio::sync::{Mutex, MutexGuard, Notify};

/// Pieces up to this size are copied into a shared buffer.
const SMALL: usize = 4096;
/// With this much waiting for the host, calls stop reading from the remote.
const FULL: usize = 256 * 1024;
const MOST_PIECES: usize = 64;

/// The pieces that wait to be written, and the lock for adding to them.
pub(crate) struct Output {
    pieces: RefCell<VecDeque<Bytes>>,
    tail: RefCell<BytesMut>,
    waiting: Cell<usize>,
    closed: Cell<bool>,
    pen: Mutex<()>,
    filled: Notify,
    drained: Notify,
}

impl Output {
    pub(crate) fn new() -> Self {
        Self {
            pieces: RefCell::default(),
            tail: RefCell::default(),
            waiting: Cell::new(0),
            closed: Cell::new(false),
            pen: Mutex::const_new(()),
            filled: Notify::const_new(),
            drained: Notify::const_new(),
        }
    }

    /// Held from the first to the last byte of a line, so that lines never mix.
    pub(crate) async fn pen(&self) -> MutexGuard<'_, ()> {
        self.pen.lock().await
    }

    pub(crate) fn push(&self, piece: &[u8]) {
        self.tail.borrow_mut().extend_from_slice(piece);
        self.added(piece.len());
    }

    /// Adds part of a body; line breaks in it are white space between tokens and are left out.
    pub(crate) fn push_body(&self, body: &Bytes) {
        let mut rest = body.clone();
        while let Some(end) = memchr::memchr2(b'\n', b'\r', &rest) {
            self.push_shared(rest.split_to(end));
            rest.advance(1);
        }
        self.push_shared(rest);
    }

    pub(crate) fn push_shared(&self, piece: Bytes) {
        if piece.len() <= SMALL {
            return self.push(&piece);
        }
        let mut pieces = self.pieces.borrow_mut();
        let tail = self.tail.borrow_mut().split();
        if !tail.is_empty() {
            pieces.push_back(tail.freeze());
        }
        let length = piece.len();
        pieces.push_back(piece);
        drop(pieces);
        self.added(length);
    }

    fn added(&self, length: usize) {
        let before = self.waiting.replace(self.waiting.get() + length);
        if before == 0 {
            self.filled.notify_one();
        }
    }

    /// Waits until the host has taken enough.
    pub(crate) async fn room(&self) {
        while self.waiting.get() > FULL {
            self.drained.notified().await;
        }
    }

    pub(crate) fn close(&self) {
        self.closed.set(true);
        self.filled.notify_one();
    }

    fn take(&self) -> VecDeque<Bytes> {
        let mut pieces = std::mem::take(&mut *self.pieces.borrow_mut());
        let tail = self.tail.borrow_mut().split();
        if !tail.is_empty() {
            pieces.push_back(tail.freeze());
        }
        pieces
    }
}

/// Writes until the output is closed and empty.
pub(crate) async fn write(output: Rc<Output>, stdout: Sender) -> io::Result<()> {
    loop {
        if output.waiting.get() == 0 {
            if output.closed.get() {
                return Ok(());
            }
            output.filled.notified().await;
            continue;
        }
        let mut pieces = output.take();
        let mut length: usize = pieces.iter().map(Bytes::len).sum();
        while length > 0 {
            let written = write_some(&stdout, &pieces).await?;
            length -= written;
            drop_written(&mut pieces, written);
            output.waiting.set(output.waiting.get() - written);
            output.drained.notify_waiters();
        }
    }
}

async fn write_some(stdout: &Sender, pieces: &VecDeque<Bytes>) -> io::Result<usize> {
    loop {
        let result = if pieces.len() == 1 {
            stdout.try_write(&pieces[0])
        } else {
            let slices: Vec<_> =
                pieces.iter().take(MOST_PIECES).map(|piece| IoSlice::new(piece)).collect();
            stdout.try_write_vectored(&slices)
        };
        match result {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => stdout.writable().await?,
            other => return other,
        }
    }
}

fn drop_written(pieces: &mut VecDeque<Bytes>, mut written: usize) {
    while let Some(first) = pieces.front_mut() {
        if first.len() > written {
            first.advance(written);
            return;
        }
        written -= first.len();
        pieces.pop_front();
    }
}
