//! stdin and stdout as polled descriptors: no thread, no hand-over, no idle wake-ups.
//!
//! `O_NONBLOCK` belongs to the open file description, which the host (and `npx` in between) may
//! share, so it is never set on the descriptors we were given: sockets are used with
//! `MSG_DONTWAIT`, pipes are opened once more through `/proc/self/fd`. Where neither works the
//! caller falls back to threads.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, OwnedFd};

use bytes::{Bytes, BytesMut};
use rustix::fs::{FileType, Mode, OFlags};
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// How many pieces go into one system call.
const PIECES_AT_ONCE: usize = 16;
/// The size of a pipe that carried a large message, in bytes.
const WIDE_PIPE: usize = 1024 * 1024;
/// How much is read at once.
const CHUNK: usize = 64 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nature {
    Pipe,
    Socket,
}

/// stdin, polled.
#[derive(Debug)]
pub(super) struct PolledInput {
    descriptor: AsyncFd<OwnedFd>,
    nature: Nature,
    chunk: Box<[u8]>,
}

/// stdout, polled.
#[derive(Debug)]
pub(super) struct PolledOutput {
    descriptor: AsyncFd<OwnedFd>,
    nature: Nature,
    widened: bool,
}

impl PolledInput {
    /// `None` where stdin cannot be polled.
    pub(super) fn stdin() -> Option<Self> {
        let (descriptor, nature) = pollable(&io::stdin(), 0, OFlags::RDONLY)?;
        let descriptor = registered(descriptor, Interest::READABLE)?;
        Some(Self { descriptor, nature, chunk: vec![0; CHUNK].into() })
    }

    pub(super) async fn read_into(&mut self, buffer: &mut BytesMut) -> io::Result<usize> {
        loop {
            let mut guard = self.descriptor.readable().await?;
            let descriptor = guard.get_inner();
            let read = match self.nature {
                Nature::Pipe => rustix::io::read(descriptor, &mut self.chunk[..]),
                Nature::Socket => {
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
                    buffer.extend_from_slice(&self.chunk[..length]);
                    return Ok(length);
                }
            }
        }
    }
}

impl PolledOutput {
    /// `None` where stdout cannot be polled.
    pub(super) fn stdout() -> Option<Self> {
        let (descriptor, nature) = pollable(&io::stdout(), 1, OFlags::WRONLY)?;
        let descriptor = registered(descriptor, Interest::WRITABLE | Interest::ERROR)?;
        Some(Self { descriptor, nature, widened: false })
    }

    /// Writes at once what fits, waits only if nothing does. Returns how many bytes left.
    pub(super) async fn write(&mut self, queue: &VecDeque<Bytes>) -> io::Result<usize> {
        self.widen(queue);
        let pieces: Vec<IoSlice<'_>> =
            queue.iter().take(PIECES_AT_ONCE).map(|piece| IoSlice::new(piece)).collect();
        let pieces = pieces.as_slice();
        loop {
            match self.write_now(pieces) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return done,
            }
            let mut guard = self.descriptor.writable().await?;
            match self.write_now(pieces) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => guard.clear_ready(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }

    /// A large message goes through a pipe of 64 KiB in hundreds of turns; the first one makes it
    /// wider. Not being allowed to is harmless.
    fn widen(&mut self, queue: &VecDeque<Bytes>) {
        let large = queue.iter().any(|piece| piece.len() > WIDE_PIPE / 4);
        if large && self.nature == Nature::Pipe && !self.widened {
            self.widened = true;
            #[cfg(target_os = "linux")]
            let _ = rustix::pipe::fcntl_setpipe_size(self.descriptor.get_ref(), WIDE_PIPE);
        }
    }

    fn write_now(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let descriptor = self.descriptor.get_ref();
        let written = match self.nature {
            Nature::Pipe => rustix::io::writev(descriptor, pieces)?,
            Nature::Socket => {
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

    /// Waits until the other end is gone.
    pub(super) async fn closed(&mut self) {
        loop {
            let Ok(mut guard) = self.descriptor.ready(Interest::WRITABLE | Interest::ERROR).await
            else {
                return;
            };
            if guard.ready().is_error() || guard.ready().is_write_closed() {
                return;
            }
            // Safe here: with nothing to write nobody waits for this readiness, and a write is
            // always tried before it is waited for.
            guard.clear_ready();
        }
    }
}

#[expect(
    deprecated,
    reason = "tokio's replacement is unsafe because a caller could close the descriptor behind its \
              back; an owned descriptor that never leaves this module rules that out"
)]
fn registered(descriptor: OwnedFd, interest: Interest) -> Option<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(descriptor, interest).ok()
}

/// A descriptor that can be polled without changing the one we were given.
fn pollable(given: &impl AsFd, number: u32, mode: OFlags) -> Option<(OwnedFd, Nature)> {
    let status = rustix::fs::fstat(given).ok()?;
    match FileType::from_raw_mode(status.st_mode as rustix::fs::RawMode) {
        FileType::Socket => Some((given.as_fd().try_clone_to_owned().ok()?, Nature::Socket)),
        FileType::Fifo => {
            let path = format!("/proc/self/fd/{number}");
            let flags = mode | OFlags::NONBLOCK | OFlags::CLOEXEC;
            Some((rustix::fs::open(path, flags, Mode::empty()).ok()?, Nature::Pipe))
        }
        _ => None,
    }
}
