//! Records a conversation for `--record FILE`: what host, bridge and server say to each other, as
//! JSON lines with times. Headers and the values in them are redacted, arguments and results are
//! kept (O-30).
//!
//! Reporting never waits: a separate thread makes the lines and writes them. Waiting reports count
//! against the memory budget; if there is no room, they are left out, and the recording says how
//! many.

mod head;
mod line;
mod secrets;
mod writer;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

use crate::budget::{Budget, Share};
use crate::jsonrpc::Frame;

pub use head::{MARKER, head};
pub use writer::RecordingFile;

/// How many bytes of messages may wait to be written.
const MAX_WAITING: usize = 64 * 1024 * 1024;
/// The size of an entry besides its message, in bytes.
const ENTRY_SIZE: usize = 512;
/// The stack of the writing thread, in bytes.
const STACK_SIZE: usize = 256 * 1024;

/// Reports to one recording. Clones report to the same one.
#[derive(Clone)]
pub struct Recorder(Arc<Reports>);

struct Reports {
    started: Instant,
    entries: Sender<Entry>,
    counts: Arc<Counts>,
}

/// Counters that reporters and the writing thread share.
#[derive(Debug, Default)]
struct Counts {
    waiting: AtomicUsize,
    left_out: AtomicU64,
}

/// A report on its way to the file.
struct Entry {
    at: Duration,
    content: EntryContent,
    /// Its share of the budget while it waits.
    weight: Option<Weight>,
}

enum EntryContent {
    Message { edge: Edge, exchange: Option<u64>, message: Frame },
    Request { exchange: Option<u64>, method: Method, headers: HeaderMap, message: Frame },
    Response { exchange: Option<u64>, status: StatusCode, headers: HeaderMap },
    Refusal { exchange: u64, body: Bytes },
    Failure { exchange: u64, kind: &'static str, text: String },
    Known(HeaderMap),
    End(Sender<()>),
}

/// The parties between which a message was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edge {
    FromHost,
    ToHost,
    FromServer,
}

/// The room that an entry takes, released when dropped.
struct Weight {
    bytes: usize,
    counts: Arc<Counts>,
    #[expect(dead_code, reason = "what counts is when it is dropped")]
    share: Share,
}

impl Drop for Weight {
    fn drop(&mut self) {
        self.counts.waiting.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorder")
    }
}

impl Recorder {
    /// Starts the thread that writes to this file, which already has its first line. `None` if no
    /// thread can be started.
    pub fn start(file: impl RecordingFile) -> Option<Self> {
        let (entries, received): (Sender<Entry>, Receiver<Entry>) = channel();
        let counts = Arc::new(Counts::default());
        let shared = Arc::clone(&counts);
        std::thread::Builder::new()
            .name("recording".to_owned())
            .stack_size(STACK_SIZE)
            .spawn(move || writer::write(&received, file, &shared))
            .ok()?;
        Some(Self(Arc::new(Reports { started: Instant::now(), entries, counts })))
    }

    /// Learns headers that will be sent, so that their values are redacted from the first line on.
    pub fn know(&self, headers: HeaderMap) {
        self.report(0, EntryContent::Known(headers));
    }

    /// Records a line from the host.
    pub fn from_host(&self, line: &Bytes) {
        let message = Frame::from(line.clone());
        self.message(Edge::FromHost, None, message);
    }

    /// Records a line to the host.
    pub fn to_host(&self, line: &Frame) {
        self.message(Edge::ToHost, None, line.clone());
    }

    /// Records a message from the server; `exchange` is `None` on the standalone stream and
    /// HTTP+SSE.
    pub fn from_server(&self, exchange: Option<u64>, message: &Bytes) {
        self.message(Edge::FromServer, exchange, Frame::from(message.clone()));
    }

    /// Records a request to the server, each time it is sent.
    pub fn request(
        &self,
        exchange: Option<u64>,
        method: &Method,
        headers: &HeaderMap,
        message: &Frame,
    ) {
        let size = message.len();
        let (method, headers, message) = (method.clone(), headers.clone(), message.clone());
        self.report(size, EntryContent::Request { exchange, method, headers, message });
    }

    /// Records the head of a response.
    pub fn response(&self, exchange: Option<u64>, status: StatusCode, headers: &HeaderMap) {
        self.report(0, EntryContent::Response { exchange, status, headers: headers.clone() });
    }

    /// Records the body of a refusal.
    pub fn refusal(&self, exchange: u64, body: &Bytes) {
        self.report(body.len(), EntryContent::Refusal { exchange, body: body.clone() });
    }

    /// Records an exchange that ended without an answer.
    pub fn failure(&self, exchange: u64, kind: &'static str, text: &str) {
        self.report(text.len(), EntryContent::Failure { exchange, kind, text: text.to_owned() });
    }

    /// Waits until all reports are in the file, for at most this long.
    pub fn finish(&self, most: Duration) {
        let (done, ended) = channel();
        if self.0.entries.send(self.entry(EntryContent::End(done), None)).is_ok() {
            let _ = ended.recv_timeout(most);
        }
    }

    fn message(&self, edge: Edge, exchange: Option<u64>, message: Frame) {
        self.report(message.len(), EntryContent::Message { edge, exchange, message });
    }

    fn report(&self, size: usize, content: EntryContent) {
        let Some(weight) = self.weigh(size + ENTRY_SIZE) else {
            self.0.counts.left_out.fetch_add(1, Ordering::Relaxed);
            return;
        };
        // Fails only once the recording has ended.
        let _ = self.0.entries.send(self.entry(content, Some(weight)));
    }

    fn entry(&self, content: EntryContent, weight: Option<Weight>) -> Entry {
        Entry { at: self.0.started.elapsed(), content, weight }
    }

    /// Reserves room for an entry; `None` if there is none.
    fn weigh(&self, bytes: usize) -> Option<Weight> {
        let counts = &self.0.counts;
        let waiting = counts.waiting.load(Ordering::Relaxed);
        // A single message may have the maximum size of messages.
        if waiting > 0 && waiting + bytes > MAX_WAITING {
            return None;
        }
        let mut share = Budget::of_process().share();
        if !share.try_grow(bytes) {
            return None;
        }
        counts.waiting.fetch_add(bytes, Ordering::Relaxed);
        Some(Weight { bytes, counts: Arc::clone(counts), share })
    }
}
