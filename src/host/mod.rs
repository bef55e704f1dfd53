//! The host's side: lines in, lines out. The only owner of stdin and stdout.
//!
//! Knows framing and back pressure; what a message means is the bridge's business.

mod in_process;
#[cfg(unix)]
mod polled;
mod reader;
mod threaded;
mod writer;

pub use in_process::{HostEnd, in_process};
pub use reader::Reader;
pub use writer::{Drove, Writer};

/// The longest line that is accepted, in bytes (T-04 asks for at least 32 MiB).
pub const LINE_LIMIT: usize = 256 * 1024 * 1024;

/// Both directions of one host.
#[derive(Debug)]
pub struct Host {
    /// What the host writes.
    pub reader: Reader,
    /// What the host reads.
    pub writer: Writer,
}

impl Host {
    /// The host that started this process, on stdin and stdout.
    pub fn stdio() -> Self {
        Self { reader: Reader::stdin(), writer: Writer::stdout() }
    }
}
