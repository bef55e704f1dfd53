//! The run-time state of the suite's fixtures.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::product::{ToolSpec, entry};

/// One tool of the suite.
pub(super) type Entry = entry::ToolEntry<Conformance>;

/// The fixtures that the suite expects.
pub(crate) struct Conformance {
    pub(super) tools: Vec<Arc<ToolSpec>>,
    /// How often the suite changed the lists.
    pub(super) changes: AtomicU64,
}

impl Conformance {
    /// Changes the lists; returns the number of changes so far.
    pub(super) fn change(&self) -> u64 {
        self.changes.fetch_add(1, Ordering::SeqCst) + 1
    }
}
