//! The store for `auth`'s records, as an interface: names, secret bytes and a lock. The
//! implementation (keyring, file, memory) is elsewhere.

use std::any::Any;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;

use crate::redact::Secret;

/// A store for records. Names are opaque strings; values are secret bytes.
pub trait Vault: Send + Sync {
    /// The value stored under this name, if there is one.
    fn load(&self, name: &str) -> BoxFuture<'_, Result<Option<Secret<Vec<u8>>>, VaultError>>;

    /// Stores a value durably: once this returns, a kill loses nothing.
    fn save(&self, name: &str, value: Secret<Vec<u8>>) -> BoxFuture<'_, Result<(), VaultError>>;

    /// Deletes a value; returns whether there was one.
    fn delete(&self, name: &str) -> BoxFuture<'_, Result<bool, VaultError>>;

    /// Excludes every other holder of this name, in all processes, until the lock is dropped. The
    /// lock of a killed owner is taken over (S-04).
    fn lock(&self, name: &str) -> BoxFuture<'_, Result<VaultLock, VaultError>>;

    /// Whether there is a value. Costs nothing and needs no keyring.
    fn knows(&self, name: &str) -> bool;

    /// The names of all values that begin like this.
    fn names_beginning(&self, prefix: &str) -> BoxFuture<'_, Result<Vec<String>, VaultError>>;
}

/// A lock that is held until it is dropped.
pub struct VaultLock {
    _held: Box<dyn Any + Send>,
}

impl VaultLock {
    /// Wraps the guard of an implementation.
    pub fn new(held: impl Any + Send) -> Self {
        Self { _held: Box::new(held) }
    }
}

impl fmt::Debug for VaultLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VaultLock")
    }
}

/// The error for a store that could not be used. Its texts hold no secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultError {
    /// What failed, one sentence in lower case.
    pub message: String,
    /// What to do next, one sentence.
    pub hint: Option<String>,
    /// Whether there is a value that can never be read.
    pub damaged: bool,
}

impl VaultError {
    /// An error without a hint, not about damage.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, damaged: false }
    }

    /// Adds a hint: what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for VaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for VaultError {}

/// A vault in memory, lost at the end of the process. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct MemoryVault {
    inner: Arc<Mutex<Contents>>,
}

#[derive(Debug, Default)]
struct Contents {
    values: HashMap<String, Secret<Vec<u8>>>,
    locks: HashMap<String, Arc<tokio::sync::Mutex<()>>>,
    saves: u64,
    lockings: u64,
    broken: HashSet<String>,
    read_only: HashSet<String>,
}

impl MemoryVault {
    /// An empty vault.
    pub fn new() -> Self {
        Self::default()
    }

    /// The names of everything stored.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.contents().values.keys().cloned().collect();
        names.sort();
        names
    }

    /// How often something was stored.
    pub fn saves(&self) -> u64 {
        self.contents().saves
    }

    /// How often a lock was requested.
    pub fn lockings(&self) -> u64 {
        self.contents().lockings
    }

    /// Makes every access to this name fail from now on, as a locked keyring does.
    pub fn break_name(&self, name: &str) {
        self.contents().broken.insert(name.to_owned());
    }

    /// Makes every attempt to store something under this name fail from now on, as a full disk
    /// does.
    pub fn break_saving(&self, name: &str) {
        self.contents().read_only.insert(name.to_owned());
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn usable(&self, name: &str) -> Result<MutexGuard<'_, Contents>, VaultError> {
        let contents = self.contents();
        if contents.broken.contains(name) {
            return Err(VaultError::new(format!("cannot use the entry `{name}`")));
        }
        Ok(contents)
    }
}

impl Vault for MemoryVault {
    fn load(&self, name: &str) -> BoxFuture<'_, Result<Option<Secret<Vec<u8>>>, VaultError>> {
        let value = self.usable(name).map(|contents| contents.values.get(name).cloned());
        Box::pin(async move { value })
    }

    fn save(&self, name: &str, value: Secret<Vec<u8>>) -> BoxFuture<'_, Result<(), VaultError>> {
        let saved = self.usable(name).and_then(|mut contents| {
            if contents.read_only.contains(name) {
                return Err(VaultError::new(format!("cannot write the entry `{name}`")));
            }
            contents.values.insert(name.to_owned(), value);
            contents.saves += 1;
            Ok(())
        });
        Box::pin(async move { saved })
    }

    fn delete(&self, name: &str) -> BoxFuture<'_, Result<bool, VaultError>> {
        let removed = self.usable(name).map(|mut contents| contents.values.remove(name).is_some());
        Box::pin(async move { removed })
    }

    fn lock(&self, name: &str) -> BoxFuture<'_, Result<VaultLock, VaultError>> {
        let mut contents = self.contents();
        contents.lockings += 1;
        let lock = contents.locks.entry(name.to_owned()).or_default().clone();
        Box::pin(async move { Ok(VaultLock::new(lock.lock_owned().await)) })
    }

    fn knows(&self, name: &str) -> bool {
        self.contents().values.contains_key(name)
    }

    fn names_beginning(&self, prefix: &str) -> BoxFuture<'_, Result<Vec<String>, VaultError>> {
        let mut names = self.names();
        names.retain(|name| name.starts_with(prefix));
        Box::pin(async move { Ok(names) })
    }
}
