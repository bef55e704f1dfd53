//! stdin and stdout as polled descriptors, without threads and idle wake-ups.
//!
//! `O_NONBLOCK` is a property of the open file description, which the host (and `npx` in between)
//! may share, so it is never set on the given descriptors: sockets are used with `MSG_DONTWAIT`,
//! pipes are opened again through `/proc/self/fd`. If neither works, the caller falls back to
//! threads.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, OwnedFd};

use bytes::{Bytes, BytesMut};
use rustix::fs::{FileType, Mode, OFlags};
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// How many pieces are written with one system call.
const MAX_PIECES_PER_WRITE: usize = 16;
/// The size of a pipe that carries large messages, in bytes.
const WIDE_PIPE_SIZE: usize = 1024 * 1024;
/// How much is read at once, in bytes.
const READ_SIZE: usize = 64 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DescriptorKind {
    Pipe,
    Socket,
}

/// stdin, polled.
#[derive(Debug)]
pub(super) struct PolledInput {
    descriptor: AsyncFd<OwnedFd>,
    kind: DescriptorKind,
    chunk: Box<[u8]>,
}

/// stdout, polled.
#[derive(Debug)]
pub(super) struct PolledOutput {
    descriptor: AsyncFd<OwnedFd>,
    kind: DescriptorKind,
    widened: bool,
}

impl PolledInput {
    /// Polls stdin; `None` if it cannot be polled.
    pub(super) fn stdin() -> Option<Self> {
        let (descriptor, kind) = open_pollable(&io::stdin(), 0, OFlags::RDONLY)?;
        let descriptor = register(descriptor, Interest::READABLE)?;
        Some(Self { descriptor, kind, chunk: vec![0; READ_SIZE].into() })
    }

    /// Waits for bytes from stdin and appends them. Returns how many arrived; 0 at the end. Cancel
    /// safe.
    ///
    /// # Errors
    /// Stdin cannot be read.
    pub(super) async fn read_into(&mut self, buffer: &mut BytesMut) -> io::Result<usize> {
        loop {
            // Cheaper than `readable`, which adds each wait to a list.
            let mut guard = poll_fn(|cx| self.descriptor.poll_read_ready(cx)).await?;
            let descriptor = guard.get_inner();
            let read = match self.kind {
                DescriptorKind::Pipe => rustix::io::read(descriptor, &mut self.chunk[..]),
                DescriptorKind::Socket => {
                    rustix::net::recv(descriptor, &mut self.chunk[..], RecvFlags::DONTWAIT)
                        .map(|(read, _)| read)
                }
            };
            match read.map_err(io::Error::from) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => guard.clear_ready(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(0),
                Err(error) => return Err(error),
                Ok(length) => {
                    // A short read has emptied the pipe (epoll(7)), so another one is useless.
                    if length > 0 && length < self.chunk.len() {
                        guard.clear_ready();
                    }
                    buffer.extend_from_slice(&self.chunk[..length]);
                    return Ok(length);
                }
            }
        }
    }
}

impl PolledOutput {
    /// Polls stdout; `None` if it cannot be polled.
    #[expect(clippy::disallowed_methods, reason = "the home of stdout in the bridge")]
    pub(super) fn stdout() -> Option<Self> {
        let (descriptor, kind) = open_pollable(&io::stdout(), 1, OFlags::WRONLY)?;
        let descriptor = register(descriptor, Interest::WRITABLE | Interest::ERROR)?;
        Some(Self { descriptor, kind, widened: false })
    }

    /// Writes what fits now, and waits only if nothing does. Returns how many bytes were written.
    pub(super) async fn write(&mut self, queue: &VecDeque<Bytes>) -> io::Result<usize> {
        self.widen(queue);
        let mut pieces = [IoSlice::new(&[]); MAX_PIECES_PER_WRITE];
        queue.iter().zip(&mut pieces).for_each(|(from, to)| *to = IoSlice::new(from));
        let pieces = &pieces[..queue.len().min(MAX_PIECES_PER_WRITE)];
        loop {
            match self.write_now(pieces) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return done,
            }
            let mut guard = poll_fn(|cx| self.descriptor.poll_write_ready(cx)).await?;
            match self.write_now(pieces) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => guard.clear_ready(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }

    /// Widens the pipe at the first large message, which would take hundreds of turns through 64
    /// KiB. A refusal is harmless.
    fn widen(&mut self, queue: &VecDeque<Bytes>) {
        let large = queue.iter().any(|piece| piece.len() > WIDE_PIPE_SIZE / 4);
        if large && self.kind == DescriptorKind::Pipe && !self.widened {
            self.widened = true;
            #[cfg(target_os = "linux")]
            let _ = rustix::pipe::fcntl_setpipe_size(self.descriptor.get_ref(), WIDE_PIPE_SIZE);
        }
    }

    fn write_now(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let descriptor = self.descriptor.get_ref();
        let written = match self.kind {
            DescriptorKind::Pipe => rustix::io::writev(descriptor, pieces)?,
            DescriptorKind::Socket => {
                let flags = SendFlags::DONTWAIT;
                rustix::net::sendmsg(
                    descriptor,
                    pieces,
                    &mut SendAncillaryBuffer::default(),
                    flags,
                )?
            }
        };
        Ok(written)
    }

    /// Waits until the other end is closed.
    pub(super) async fn closed(&mut self) {
        loop {
            let Ok(mut guard) = poll_fn(|cx| self.descriptor.poll_write_ready(cx)).await else {
                return;
            };
            if guard.ready().is_write_closed() {
                return;
            }
            // Nothing waits for writability while there is nothing to write, and a write is always
            // tried first.
            guard.clear_ready();
        }
    }
}

#[expect(
    deprecated,
    reason = "tokio's replacement is unsafe because a caller could close the descriptor behind its \
              back; an owned descriptor that never leaves this module rules that out"
)]
fn register(descriptor: OwnedFd, interest: Interest) -> Option<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(descriptor, interest).ok()
}

/// Opens a descriptor that can be polled without changing the given one.
fn open_pollable(
    given: &impl AsFd,
    number: u32,
    mode: OFlags,
) -> Option<(OwnedFd, DescriptorKind)> {
    let status = rustix::fs::fstat(given).ok()?;
    match FileType::from_raw_mode(status.st_mode as rustix::fs::RawMode) {
        FileType::Socket => {
            Some((given.as_fd().try_clone_to_owned().ok()?, DescriptorKind::Socket))
        }
        FileType::Fifo => {
            let path = format!("/proc/self/fd/{number}");
            let flags = mode | OFlags::NONBLOCK | OFlags::CLOEXEC;
            Some((rustix::fs::open(path, flags, Mode::empty()).ok()?, DescriptorKind::Pipe))
        }
        _ => None,
    }
}
