//! The memory store: values and locks that last as long as the process. Writes nothing to disk.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedMutexGuard;

use crate::redact::Secret;

/// Values of this process.
#[derive(Debug, Default)]
pub(super) struct MemoryStore {
    contents: Mutex<MemoryContents>,
}

#[derive(Debug, Default)]
struct MemoryContents {
    values: HashMap<String, Secret<Vec<u8>>>,
    locks: HashMap<String, Arc<tokio::sync::Mutex<()>>>,
}

impl MemoryStore {
    /// The value of this name.
    pub(super) fn load(&self, name: &str) -> Option<Secret<Vec<u8>>> {
        self.contents().values.get(name).cloned()
    }

    /// Stores a value or replaces it.
    pub(super) fn save(&self, name: &str, value: Secret<Vec<u8>>) {
        self.contents().values.insert(name.to_owned(), value);
    }

    /// Removes a value; returns whether there was one.
    pub(super) fn delete(&self, name: &str) -> bool {
        self.contents().values.remove(name).is_some()
    }

    /// Returns whether there is a value.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.contents().values.contains_key(name)
    }

    /// All names.
    pub(super) fn names(&self) -> Vec<String> {
        self.contents().values.keys().cloned().collect()
    }

    /// Takes the lock with this name, which excludes the other tasks of this process.
    pub(super) async fn lock(&self, name: &str) -> OwnedMutexGuard<()> {
        let lock = self.contents().locks.entry(name.to_owned()).or_default().clone();
        lock.lock_owned().await
    }

    fn contents(&self) -> MutexGuard<'_, MemoryContents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
