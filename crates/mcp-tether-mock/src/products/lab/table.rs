//! The list of all tools of the lab, group by group.

use super::state::Entry;
use super::{asking, mirrored, task_tools, tools};

/// Returns the entry with this name.
pub(super) fn find(name: &str) -> Option<&'static Entry> {
    all().find(|entry| entry.name == name)
}

/// Returns every tool of the lab.
pub(super) fn all() -> impl Iterator<Item = &'static Entry> {
    [tools::TABLE, asking::TABLE, mirrored::TABLE, task_tools::TABLE].into_iter().flatten()
}
