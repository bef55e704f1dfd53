//! stdin and stdout through a thread each, for terminals, regular files and platforms where they
//! cannot be polled. The threads end with the process.

use std::io::{Read, Write};
use std::thread;

use bytes::Bytes;
use tokio::sync::mpsc;

const CHUNK: usize = 64 * 1024;

/// Starts the reading thread.
pub(super) fn stdin() -> mpsc::Receiver<Bytes> {
    let (sender, receiver) = mpsc::channel(16);
    let read = move || {
        let mut buffer = vec![0; CHUNK];
        let mut stdin = std::io::stdin().lock();
        loop {
            match stdin.read(&mut buffer) {
                Ok(0) => return,
                Ok(length) => {
                    let chunk = Bytes::copy_from_slice(&buffer[..length]);
                    if sender.blocking_send(chunk).is_err() {
                        return;
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
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

/// Starts the writing thread. It drops its receiver when stdout is gone.
pub(super) fn stdout() -> mpsc::Sender<Bytes> {
    let (sender, mut receiver) = mpsc::channel::<Bytes>(4);
    let write = move || {
        let mut stdout = std::io::stdout().lock();
        while let Some(chunk) = receiver.blocking_recv() {
            if stdout.write_all(&chunk).and_then(|()| stdout.flush()).is_err() {
                return;
            }
        }
    };
    start("stdout", write);
    sender
}

fn start(name: &str, body: impl FnOnce() + Send + 'static) {
    let started = thread::Builder::new().name(name.to_owned()).stack_size(128 * 1024).spawn(body);
    if let Err(error) = started {
        tracing::error!(%error, "cannot start the {name} thread");
    }
}
