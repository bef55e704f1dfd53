//! Reads the host's lines from stdin. Reading never waits for anything but the host (T-07).

use std::io;

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;

use super::longest_line;
#[cfg(unix)]
use super::polled::PolledInput;
use super::threaded;
use crate::jsonrpc::{Line, LineDecoder};
use crate::recording::Recorder;

/// Reads the host's lines.
#[derive(Debug)]
pub struct HostReader {
    source: InputSource,
    decoder: LineDecoder,
    ended: bool,
    recorder: Option<Recorder>,
}

#[derive(Debug)]
enum InputSource {
    #[cfg(unix)]
    Polled(PolledInput),
    Channel(mpsc::Receiver<Bytes>),
}

impl HostReader {
    /// Reads stdin: by polling if it is a pipe or socket, otherwise through a thread.
    pub fn stdin() -> Self {
        #[cfg(unix)]
        if let Some(polled) = PolledInput::stdin() {
            return Self::new(InputSource::Polled(polled));
        }
        Self::new(InputSource::Channel(threaded::stdin()))
    }

    /// Reads chunks from a channel.
    pub fn channel(chunks: mpsc::Receiver<Bytes>) -> Self {
        Self::new(InputSource::Channel(chunks))
    }

    fn new(source: InputSource) -> Self {
        Self { source, decoder: LineDecoder::new(longest_line()), ended: false, recorder: None }
    }

    /// Returns the next line, or `None` once the host has closed its end. Cancel safe.
    pub async fn next(&mut self) -> Option<Line> {
        loop {
            if let Some(line) = self.decoder.next_line() {
                return Some(self.seen(line));
            }
            if self.ended {
                return self.decoder.finish().map(|line| self.seen(line));
            }
            match self.source.read_into(self.decoder.buffer()).await {
                Ok(0) => self.ended = true,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "cannot read stdin, treating it as closed");
                    self.ended = true;
                }
            }
        }
    }

    /// Returns the next line if it has already been read.
    pub fn buffered(&mut self) -> Option<Line> {
        let line = self.decoder.next_line()?;
        Some(self.seen(line))
    }

    /// Records every line from now on.
    pub fn record(&mut self, recorder: Recorder) {
        self.recorder = Some(recorder);
    }

    fn seen(&self, line: Line) -> Line {
        if let (Some(recorder), Line::Text(text)) = (&self.recorder, &line) {
            recorder.from_host(text);
        }
        line
    }
}

impl InputSource {
    async fn read_into(&mut self, buffer: &mut BytesMut) -> io::Result<usize> {
        match self {
            #[cfg(unix)]
            Self::Polled(polled) => polled.read_into(buffer).await,
            Self::Channel(chunks) => Ok(chunks.recv().await.map_or(0, |chunk| {
                buffer.extend_from_slice(&chunk);
                chunk.len()
            })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_arrive_whole_however_they_are_cut_and_the_end_is_seen() {
        let (sender, receiver) = mpsc::channel(1);
        let mut reader = HostReader::channel(receiver);
        let feed = async move {
            for chunk in ["{\"a\"", ":1}\r", "\n\n{}", "\nlast"] {
                sender.send(Bytes::from(chunk)).await.unwrap();
            }
        };
        let read = async {
            let mut lines = Vec::new();
            while let Some(Line::Text(line)) = reader.next().await {
                lines.push(line);
            }
            lines
        };
        let (_, lines) = tokio::join!(feed, read);
        assert_eq!(lines, ["{\"a\":1}", "{}", "last"]);
    }
}
