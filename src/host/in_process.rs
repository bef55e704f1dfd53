//! A host inside this process: what `tools`, `call`, `demo` and the tests use in place of stdio.

use bytes::Bytes;
use tokio::sync::mpsc;

use super::{Host, LINE_LIMIT, Reader, Writer};
use crate::jsonrpc::{Line, LineDecoder};

/// A host for the bridge and the end that plays it. Dropping the end is the host going away.
pub fn in_process() -> (Host, HostEnd) {
    let (to_bridge, from_host) = mpsc::channel(64);
    let (to_host, from_bridge) = mpsc::channel(64);
    let host = Host { reader: Reader::channel(from_host), writer: Writer::channel(to_host) };
    let decoder = LineDecoder::new(LINE_LIMIT);
    (host, HostEnd { to_bridge: Some(to_bridge), from_bridge, decoder })
}

/// Plays the host.
#[derive(Debug)]
pub struct HostEnd {
    to_bridge: Option<mpsc::Sender<Bytes>>,
    from_bridge: mpsc::Receiver<Bytes>,
    decoder: LineDecoder,
}

impl HostEnd {
    /// Sends one message. Nothing happens once the bridge has ended.
    pub async fn send(&mut self, line: impl Into<Bytes>) {
        if let Some(to_bridge) = &self.to_bridge {
            // Failing means that the bridge ended, which `receive` reports.
            let _ = to_bridge.send(line.into()).await;
            let _ = to_bridge.send(Bytes::from_static(b"\n")).await;
        }
    }

    /// Closes the bridge's input, as a host does that wants the bridge to end.
    pub fn close(&mut self) {
        self.to_bridge = None;
    }

    /// The next line from the bridge, or `None` once it ended. Cancel safe.
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
