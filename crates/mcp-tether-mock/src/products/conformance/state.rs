//! What the suite's fixtures hold while they run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::product::{ToolDefinition, entry};

/// One tool of the suite.
pub(super) type Entry = entry::ToolEntry<Conformance>;

/// What the suite expects.
pub(crate) struct Conformance {
    pub(super) tools: Vec<Arc<ToolDefinition>>,
    /// How often the suite wanted lists to change.
    pub(super) changes: AtomicU64,
}

impl Conformance {
    /// Changes what is listed; returns how often that happened.
    pub(super) fn change(&self) -> u64 {
        self.changes.fetch_add(1, Ordering::SeqCst) + 1
    }
}
