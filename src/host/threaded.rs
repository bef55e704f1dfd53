//! stdin and stdout through one thread each, for terminals, regular files, and platforms where they
//! cannot be polled. Bytes count as written only once the system has them, so the process may end
//! while the threads wait.

use std::io::{self, ErrorKind, IsTerminal, Read, Write};
use std::thread;

use bytes::Bytes;
use tokio::sync::mpsc;

/// How much is read at once, in bytes.
const READ_SIZE: usize = 64 * 1024;
/// How much is handed to the writing thread at once, in bytes: little, so that a slow reader's
/// progress is visible.
const WRITE_SIZE: usize = 16 * 1024;
/// The stack of each thread, in bytes.
const STACK_SIZE: usize = 128 * 1024;

/// Starts the reading thread.
pub(super) fn stdin() -> mpsc::Receiver<Bytes> {
    let (sender, receiver) = mpsc::channel(16);
    let read = move || {
        let mut buffer = vec![0; READ_SIZE];
        let mut stdin = io::stdin().lock();
        loop {
            match stdin.read(&mut buffer) {
                Ok(0) => return,
                Ok(length) => {
                    let chunk = Bytes::copy_from_slice(&buffer[..length]);
                    if sender.blocking_send(chunk).is_err() {
                        return;
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => wait::for_input(),
                Err(error) => {
                    tracing::warn!(%error, "cannot read stdin, treating it as closed");
                    return;
                }
            }
        }
    };
    start("stdin", read);
    receiver
}

/// stdout through a thread, which has one piece at a time. A piece counts as written only once the
/// thread has handed all of it to the system.
#[derive(Debug)]
pub(super) struct ThreadedOutput {
    pieces: mpsc::Sender<Bytes>,
    results: mpsc::Receiver<io::Result<usize>>,
    /// Whether the thread has a piece whose result is pending.
    is_writing: bool,
    is_terminal: bool,
}

impl ThreadedOutput {
    /// Starts the writing thread for stdout.
    #[expect(clippy::disallowed_methods, reason = "the home of stdout in the bridge")]
    pub(super) fn stdout() -> Self {
        let is_terminal = io::stdout().is_terminal();
        Self { is_terminal, ..Self::start(|| io::stdout().lock()) }
    }

    /// Starts the thread. `open` runs on it, because the lock of stdout cannot be moved to another
    /// one.
    fn start<W: Write>(open: impl FnOnce() -> W + Send + 'static) -> Self {
        let (pieces, mut to_write) = mpsc::channel::<Bytes>(1);
        let (sender, results) = mpsc::channel(1);
        start("stdout", move || {
            let mut output = open();
            while let Some(piece) = to_write.blocking_recv() {
                let result = write_all(&mut output, &piece, wait::for_output);
                let failed = result.is_err();
                let sent = sender.blocking_send(result.map(|()| piece.len()));
                if failed || sent.is_err() {
                    return;
                }
            }
        });
        Self { pieces, results, is_writing: false, is_terminal: false }
    }

    /// Writes the beginning of `chunk`; returns how many bytes were written. Cancel safe: the next
    /// call must begin with the same bytes, and waits for the pending write.
    ///
    /// # Errors
    /// The system's error that ended the thread. Later calls report a broken pipe.
    pub(super) async fn write(&mut self, chunk: &Bytes) -> io::Result<usize> {
        let ended = || io::Error::from(ErrorKind::BrokenPipe);
        if !self.is_writing {
            let permit = self.pieces.reserve().await.map_err(|_| ended())?;
            permit.send(chunk.slice(..chunk.len().min(WRITE_SIZE)));
            self.is_writing = true;
        }
        let result = self.results.recv().await.ok_or_else(ended)?;
        self.is_writing = false;
        result.map_err(|error| if self.is_terminal && is_hangup(&error) { ended() } else { error })
    }

    /// Waits until nothing more can be written.
    pub(super) async fn closed(&mut self) {
        self.pieces.closed().await;
    }
}

/// The error of writing to a terminal that is gone.
fn is_hangup(error: &io::Error) -> bool {
    #[cfg(unix)]
    return error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error());
    #[cfg(not(unix))]
    return error.kind() == ErrorKind::BrokenPipe;
}

/// Writes everything and flushes. `wait` is called while the output accepts nothing: another
/// program on the same terminal may have made it non-blocking.
fn write_all(output: &mut impl Write, mut rest: &[u8], wait: impl Fn()) -> io::Result<()> {
    loop {
        let is_flush = rest.is_empty();
        let done = if is_flush { output.flush().map(|()| 0) } else { output.write(rest) };
        match done {
            Ok(_) if is_flush => return Ok(()),
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(length) => rest = &rest[length..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => wait(),
            Err(error) => return Err(error),
        }
    }
}

fn start(name: &str, body: impl FnOnce() + Send + 'static) {
    let started = thread::Builder::new().name(name.to_owned()).stack_size(STACK_SIZE).spawn(body);
    if let Err(error) = started {
        tracing::error!(%error, "cannot start the {name} thread");
    }
}

#[cfg(unix)]
mod wait {
    use std::io;
    use std::os::fd::AsFd;

    use rustix::event::{PollFd, PollFlags, poll};

    /// Waits until stdin has something to read.
    pub(super) fn for_input() {
        until(&io::stdin(), PollFlags::IN);
    }

    /// Waits until stdout has room.
    #[expect(clippy::disallowed_methods, reason = "the home of stdout in the bridge")]
    pub(super) fn for_output() {
        until(&io::stdout(), PollFlags::OUT);
    }

    fn until(descriptor: &impl AsFd, flags: PollFlags) {
        // After an error, the caller's next attempt reports it.
        let _ = poll(&mut [PollFd::new(descriptor, flags)], None);
    }
}

/// On other platforms both descriptors block, so there is nothing to wait for.
#[cfg(not(unix))]
mod wait {
    /// Waits until stdin has something to read.
    pub(super) fn for_input() {
        std::thread::yield_now();
    }

    /// Waits until stdout has room.
    pub(super) fn for_output() {
        std::thread::yield_now();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc as blocking;

    use futures_util::FutureExt;

    use super::*;

    /// An output that writes only when it is told to.
    struct Gated {
        gate: blocking::Receiver<()>,
        written: blocking::Sender<Vec<u8>>,
    }

    impl Write for Gated {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.gate.recv().map_err(|_| ErrorKind::StorageFull)?;
            self.written.send(bytes.to_vec()).map_err(|_| ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn gated() -> (ThreadedOutput, blocking::Sender<()>, blocking::Receiver<Vec<u8>>) {
        let (open, gate) = blocking::channel();
        let (written, seen) = blocking::channel();
        (ThreadedOutput::start(|| Gated { gate, written }), open, seen)
    }

    /// T-08
    #[tokio::test]
    async fn nothing_counts_as_written_before_the_system_has_it() {
        let (mut output, gate, seen) = gated();
        let chunk = Bytes::from("last line\n");
        assert!(output.write(&chunk).now_or_never().is_none());
        assert!(output.write(&chunk).now_or_never().is_none(), "a cancelled call loses nothing");
        gate.send(()).unwrap();
        assert_eq!(output.write(&chunk).await.unwrap(), chunk.len());
        assert_eq!(seen.recv().unwrap(), chunk, "written once");
        assert!(seen.try_recv().is_err());
    }

    #[tokio::test]
    async fn a_failed_write_is_told_and_ends_the_thread() {
        let (mut output, gate, _seen) = gated();
        drop(gate);
        let chunk = Bytes::from("x");
        assert_eq!(output.write(&chunk).await.unwrap_err().kind(), ErrorKind::StorageFull);
        output.closed().await;
        assert_eq!(output.write(&chunk).await.unwrap_err().kind(), ErrorKind::BrokenPipe);
    }

    #[test]
    fn a_non_blocking_output_is_waited_for() {
        struct Reluctant(Vec<u8>, u32);
        impl Write for Reluctant {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.1 += 1;
                match self.1 % 3 {
                    0 => Err(ErrorKind::WouldBlock.into()),
                    1 => Err(ErrorKind::Interrupted.into()),
                    _ => self.0.write(&bytes[..bytes.len().min(2)]),
                }
            }

            fn flush(&mut self) -> io::Result<()> {
                self.1 += 1;
                if self.1.is_multiple_of(2) { Ok(()) } else { Err(ErrorKind::WouldBlock.into()) }
            }
        }
        let mut output = Reluctant(Vec::new(), 0);
        let waits = std::cell::Cell::new(0);
        write_all(&mut output, b"whole", || waits.set(waits.get() + 1)).unwrap();
        assert_eq!(output.0, b"whole");
        assert!(waits.get() >= 2);
    }
}
