//! A host inside this process, which `tools`, `call`, `demo` and the tests use instead of stdio.

use bytes::Bytes;
use tokio::sync::mpsc;

use super::reader::HostReader;
use super::writer::HostWriter;
use super::{HostStreams, longest_line};
use crate::jsonrpc::{Line, LineDecoder};

/// How many chunks may wait in each direction.
const CHUNKS_WAITING: usize = 64;

/// Makes the bridge's end and the host's end. Dropping the host's end makes the host leave.
pub fn in_process() -> (HostStreams, HostEnd) {
    let (to_bridge, from_host) = mpsc::channel(CHUNKS_WAITING);
    let (to_host, from_bridge) = mpsc::channel(CHUNKS_WAITING);
    let host = HostStreams {
        reader: HostReader::channel(from_host),
        writer: HostWriter::channel(to_host),
    };
    let decoder = LineDecoder::new(longest_line());
    (host, HostEnd { to_bridge: Some(to_bridge), from_bridge, decoder })
}

/// The host's end.
#[derive(Debug)]
pub struct HostEnd {
    to_bridge: Option<mpsc::Sender<Bytes>>,
    from_bridge: mpsc::Receiver<Bytes>,
    decoder: LineDecoder,
}

impl HostEnd {
    /// Sends one message. Does nothing once the bridge has ended.
    pub async fn send(&mut self, line: impl Into<Bytes>) {
        if let Some(to_bridge) = &self.to_bridge {
            // A failure means that the bridge has ended, which `receive` reports.
            let _ = to_bridge.send(line.into()).await;
            let _ = to_bridge.send(Bytes::from_static(b"\n")).await;
        }
    }

    /// Closes the bridge's input, as a host does to end the bridge.
    pub fn close(&mut self) {
        self.to_bridge = None;
    }

    /// Returns the next line of the bridge, or `None` once it has ended. Cancel safe.
    pub async fn receive(&mut self) -> Option<Bytes> {
        loop {
            if let Some(Line::Text(line)) = self.decoder.next_line() {
                return Some(line);
            }
            let chunk = self.from_bridge.recv().await?;
            self.decoder.buffer().extend_from_slice(&chunk);
        }
    }
}
