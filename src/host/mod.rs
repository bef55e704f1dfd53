//! The host's side: lines in, lines out. In bridge mode nothing else reads stdin or writes stdout.
//!
//! Knows framing and back pressure, but not what a message means.

mod in_process;
#[cfg(unix)]
mod polled;
mod reader;
mod threaded;
mod writer;

use self::reader::HostReader;
use self::writer::HostWriter;
use crate::budget::Budget;
use crate::recording::Recorder;

pub use in_process::{HostEnd, in_process};
pub(crate) use writer::DriveOutcome;

/// The longest line that is accepted, in bytes (T-04 requires at least 32 MiB).
pub(crate) fn longest_line() -> usize {
    Budget::of_process().per_message()
}

/// Both directions of one host.
#[derive(Debug)]
pub struct HostStreams {
    /// Reads the host's lines.
    pub(crate) reader: HostReader,
    /// Writes lines to the host.
    pub(crate) writer: HostWriter,
}

impl HostStreams {
    /// The host that started this process, on stdin and stdout.
    pub fn stdio() -> Self {
        Self { reader: HostReader::stdin(), writer: HostWriter::stdout() }
    }

    /// Records both directions from now on.
    pub(crate) fn record(&mut self, recorder: &Recorder) {
        self.reader.record(recorder.clone());
        self.writer.record(recorder.clone());
    }
}
