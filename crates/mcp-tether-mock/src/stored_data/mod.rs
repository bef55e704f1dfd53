//! The data of a product, in memory or backed by the file of `--data`. A change is committed before
//! the call that made it is answered; a change that cannot be committed did not happen.
//!
//! A product holds one [`StoredData`] and knows nothing of files. State that must not survive a
//! restart (rate limits, pending confirmations) stays outside it.

mod data_file;

use std::fmt;
use std::ops::Deref;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use data_file::{DataFile, DataFileError};

use super::rpc_error::RpcError;
use mcp_tether_wire::protocol::codes;

/// Data that outlives the process if a file backs it.
pub(super) struct StoredData<T> {
    held: Mutex<StoredState<T>>,
    file: Option<DataFile>,
}

struct StoredState<T> {
    data: T,
    /// The bytes in the file; empty without a file.
    stored: Vec<u8>,
}

/// A read guard of the data.
pub(super) struct Look<'a, T>(MutexGuard<'a, StoredState<T>>);

/// The error of a change that was undone because the file could not be written.
#[derive(Debug)]
pub(super) struct NotKept(String);

impl<T: Serialize + DeserializeOwned> StoredData<T> {
    /// Opens the data in the file; without a file, or with a new one, uses `seeded`.
    pub(super) fn open(
        file: Option<&DataFile>,
        seeded: impl FnOnce() -> T,
    ) -> Result<Self, DataFileError> {
        let stored = file.map_or(Ok(None), DataFile::stored)?;
        let data = match (&stored, file) {
            (Some(stored), Some(file)) => {
                serde_json::from_slice(stored).map_err(|error| file.damaged(&error))?
            }
            _ => seeded(),
        };
        let kept = Self {
            held: Mutex::new(StoredState { data, stored: stored.unwrap_or_default() }),
            file: file.cloned(),
        };
        match (kept.change(|_| ()), file) {
            (Err(problem), Some(file)) => Err(file.unwritable(&problem.0)),
            _ => Ok(kept),
        }
    }

    pub(super) fn look(&self) -> Look<'_, T> {
        Look(self.lock())
    }

    /// Changes the data and commits the change.
    pub(super) fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> Result<R, NotKept> {
        let mut held = self.lock();
        let result = change(&mut held.data);
        let Some(file) = &self.file else {
            return Ok(result);
        };
        let bytes = serde_json::to_vec(&held.data).map_err(|error| NotKept(error.to_string()))?;
        if bytes != held.stored {
            if let Err(problem) = file.store(&bytes) {
                held.data = serde_json::from_slice(&held.stored)
                    .map_err(|error| NotKept(format!("{problem}; then {error}")))?;
                return Err(NotKept(problem));
            }
            held.stored = bytes;
        }
        Ok(result)
    }

    fn lock(&self) -> MutexGuard<'_, StoredState<T>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Deref for Look<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.data
    }
}

impl fmt::Display for NotKept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nothing was changed: {}", self.0)
    }
}

impl From<NotKept> for RpcError {
    fn from(reason: NotKept) -> Self {
        Self::new(codes::INTERNAL_ERROR, reason.to_string())
    }
}

#[cfg(test)]
mod tests;
