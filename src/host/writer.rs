//! Writes messages to stdout, one line each, in order. In bridge mode nothing else writes there
//! (T-02).
//!
//! Small messages are gathered and written together, large ones are written without a copy. If the
//! host stops reading, the queue fills up, and the bridge takes no more messages from the remote.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use futures_util::FutureExt;
use tokio::sync::mpsc;

#[cfg(unix)]
use super::polled::PolledOutput;
use super::threaded::ThreadedOutput;
use crate::jsonrpc::Frame;
use crate::recording::Recorder;

/// Pieces of up to this many bytes are copied into one buffer.
const MAX_GATHERED_PIECE: usize = 16 * 1024;
/// A buffer of this many bytes is closed and a new one is started.
const MAX_GATHERED_BUFFER: usize = 256 * 1024;
/// How many bytes may wait before [`HostWriter::has_room`] is false.
const MAX_QUEUED: usize = 1024 * 1024;

/// Writes lines to the host.
#[derive(Debug)]
pub struct HostWriter {
    sink: OutputSink,
    queue: VecDeque<Bytes>,
    gathered: BytesMut,
    waiting: usize,
    recorder: Option<Recorder>,
}

#[derive(Debug)]
enum OutputSink {
    #[cfg(unix)]
    Polled(PolledOutput),
    Threaded(ThreadedOutput),
    Channel(mpsc::Sender<Bytes>),
}

/// How [`HostWriter::drive`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DriveOutcome {
    /// Everything queued was handed to the system.
    Flushed,
    /// The host no longer reads.
    Closed,
    /// Queued messages cannot be written, for example because a disk is full.
    Failed,
}

impl HostWriter {
    /// Writes to stdout: by polling if it is a pipe or socket, otherwise through a thread.
    pub fn stdout() -> Self {
        #[cfg(unix)]
        if let Some(polled) = PolledOutput::stdout() {
            return Self::new(OutputSink::Polled(polled));
        }
        Self::new(OutputSink::Threaded(ThreadedOutput::stdout()))
    }

    /// Writes chunks to a channel.
    pub fn channel(chunks: mpsc::Sender<Bytes>) -> Self {
        Self::new(OutputSink::Channel(chunks))
    }

    fn new(sink: OutputSink) -> Self {
        Self { sink, queue: VecDeque::new(), gathered: BytesMut::new(), waiting: 0, recorder: None }
    }

    /// Queues one message as a line. [`HostWriter::drive`] writes it.
    pub fn push(&mut self, frame: Frame) {
        if let Some(recorder) = &self.recorder {
            recorder.to_host(&frame);
        }
        self.waiting += frame.len() + 1;
        for piece in frame.into_pieces() {
            if piece.len() > MAX_GATHERED_PIECE {
                self.close_gathered();
                self.queue.push_back(piece);
            } else {
                self.gathered.extend_from_slice(&piece);
            }
        }
        self.gathered.extend_from_slice(b"\n");
        if self.gathered.len() >= MAX_GATHERED_BUFFER {
            self.close_gathered();
        }
    }

    /// Records every message from now on.
    pub fn record(&mut self, recorder: Recorder) {
        self.recorder = Some(recorder);
    }

    /// Whether more should be queued now.
    pub fn has_room(&self) -> bool {
        self.waiting < MAX_QUEUED
    }

    /// Writes as much as the host accepts without waiting. Returns the outcome once the queue is
    /// empty or nothing more can be written.
    pub fn write_now(&mut self) -> Option<DriveOutcome> {
        if self.waiting == 0 {
            return None;
        }
        self.drive().now_or_never()
    }

    /// Writes the queue; if it is empty, waits until the host no longer reads. Cancel safe.
    pub async fn drive(&mut self) -> DriveOutcome {
        if self.waiting == 0 {
            self.sink.closed().await;
            return DriveOutcome::Closed;
        }
        self.close_gathered();
        while !self.queue.is_empty() {
            match self.sink.write(&self.queue).await {
                Ok(written) => self.advance(written),
                Err(error) if is_end(&error) => {
                    tracing::debug!(%error, "the host no longer reads");
                    return DriveOutcome::Closed;
                }
                Err(error) => {
                    tracing::error!(%error, "cannot write to stdout");
                    return DriveOutcome::Failed;
                }
            }
        }
        DriveOutcome::Flushed
    }

    /// Writes the last lines, as long as the host accepts some of them within each `pause`. Cancel
    /// safe.
    pub async fn flush(&mut self, pause: Duration) {
        while self.waiting > 0 {
            let before = self.waiting;
            let drove = tokio::time::timeout(pause, self.drive()).await;
            if drove.is_ok() || self.waiting == before {
                return;
            }
        }
    }

    fn close_gathered(&mut self) {
        if !self.gathered.is_empty() {
            self.queue.push_back(self.gathered.split().freeze());
        }
    }

    fn advance(&mut self, mut written: usize) {
        self.waiting -= written;
        while written > 0 {
            let Some(first) = self.queue.front_mut() else { return };
            if written < first.len() {
                first.advance(written);
                return;
            }
            written -= first.len();
            self.queue.pop_front();
        }
    }
}

impl OutputSink {
    async fn write(&mut self, queue: &VecDeque<Bytes>) -> io::Result<usize> {
        match self {
            #[cfg(unix)]
            Self::Polled(polled) => polled.write(queue).await,
            Self::Threaded(threaded) => match queue.front() {
                Some(first) => threaded.write(first).await,
                None => Ok(0),
            },
            Self::Channel(chunks) => {
                let Some(first) = queue.front() else { return Ok(0) };
                let permit = chunks
                    .reserve()
                    .await
                    .map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
                permit.send(first.clone());
                Ok(first.len())
            }
        }
    }

    async fn closed(&mut self) {
        match self {
            #[cfg(unix)]
            Self::Polled(polled) => polled.closed().await,
            Self::Threaded(threaded) => threaded.closed().await,
            Self::Channel(chunks) => chunks.closed().await,
        }
    }
}

/// Whether a failed write means that nobody reads any more.
fn is_end(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_message_becomes_one_line_in_order_whatever_its_size() {
        let (sender, mut receiver) = mpsc::channel(64);
        let mut writer = HostWriter::channel(sender);
        let large = "x".repeat(MAX_GATHERED_PIECE + 1);
        for text in ["a", &large, "b", "c"] {
            writer.push(Frame::from(text.to_owned()));
        }
        assert_eq!(writer.drive().await, DriveOutcome::Flushed);
        assert_eq!(writer.waiting, 0);
        drop(writer);
        let mut all = Vec::new();
        while let Some(chunk) = receiver.recv().await {
            all.extend_from_slice(&chunk);
        }
        assert_eq!(String::from_utf8(all).unwrap(), format!("a\n{large}\nb\nc\n"));
    }

    #[tokio::test]
    async fn a_host_that_stops_reading_is_felt_and_one_that_leaves_is_seen() {
        let (sender, receiver) = mpsc::channel(1);
        let mut writer = HostWriter::channel(sender);
        writer.push(Frame::from("x".repeat(MAX_QUEUED)));
        assert!(!writer.has_room());
        drop(receiver);
        assert_eq!(writer.drive().await, DriveOutcome::Closed);
    }

    /// T-08
    #[tokio::test(start_paused = true)]
    async fn the_last_lines_wait_for_a_slow_reader_and_not_for_one_that_reads_nothing() {
        let (sender, mut receiver) = mpsc::channel(1);
        let mut writer = HostWriter::channel(sender);
        for _ in 0..5 {
            writer.push(Frame::from("x".repeat(MAX_GATHERED_BUFFER)));
        }
        let pause = Duration::from_millis(300);
        let slow = async {
            for _ in 0..3 {
                tokio::time::sleep(Duration::from_millis(200)).await;
                receiver.recv().await.unwrap();
            }
        };
        tokio::join!(writer.flush(pause), slow);
        assert_ne!(writer.waiting, 0, "it does not wait for ever");
        while let Some(Some(_)) = receiver.recv().now_or_never() {}
        let all = async { while receiver.recv().await.is_some() {} };
        let flushed = async {
            writer.flush(pause).await;
            assert_eq!(writer.waiting, 0);
            drop(writer);
        };
        tokio::join!(flushed, all);
    }
}
