//! What can go wrong with a store, as a caller decides on it. No text in here ever holds a stored
//! value (S-09).

use std::fmt;
use std::io;
use std::path::Path;

use super::lock::Owner;
use crate::error::Error;
use crate::platform::NoFolder;
use crate::redact::plain;

/// Why a store could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// There is no keyring here: no bus, no service, no collection.
    NoKeyring,
    /// The keyring is locked, or its unlock dialog was dismissed. May pass.
    Locked,
    /// The keyring did not answer in time. May pass: it may wait for the user.
    NoAnswer,
    /// The keyring answered with an error.
    KeyringFailed,
    /// A stored value cannot be read; it stays where it is.
    Damaged,
    /// A stored value was written by a newer program.
    Newer,
    /// A file or folder is not safe to use: a symlink, or somebody else's.
    Unsafe,
    /// The file system refused.
    Files,
    /// A lock is held by another process.
    Busy(Option<Owner>),
    /// A name that cannot be stored, or a secret that does not exist.
    Invalid,
}

/// An error of a store: what failed, one sentence in lower case, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreError {
    kind: StoreErrorKind,
    message: String,
    hint: Option<String>,
}

impl StoreError {
    /// An error of this kind. Control characters in `message` are made visible.
    pub(super) fn new(kind: StoreErrorKind, message: impl AsRef<str>) -> Self {
        Self { kind, message: plain(message.as_ref()), hint: None }
    }

    /// A failed file operation: `cannot WHAT `PATH`: CAUSE`.
    pub(super) fn files(what: &str, path: &Path, cause: &io::Error) -> Self {
        let error = Self::new(
            StoreErrorKind::Files,
            format!("cannot {what} `{}`: {cause}", path.display()),
        );
        match cause.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                error.hint("set `MCP_TETHER_STATE_DIR` to a folder that you can write")
            }
            _ => error,
        }
    }

    /// A value that cannot be read, and the way out.
    pub(super) fn damaged(place: impl fmt::Display, why: impl fmt::Display) -> Self {
        Self::new(StoreErrorKind::Damaged, format!("{place} is damaged: {why}"))
            .hint("`mcp-tether status` tells what it belongs to and how to remove it")
    }

    /// A value that a newer program wrote.
    pub(super) fn newer(message: impl AsRef<str>) -> Self {
        Self::new(StoreErrorKind::Newer, message).hint("update this `mcp-tether`")
    }

    /// A lock that did not become free in time.
    pub(super) fn busy(owner: Option<Owner>) -> Self {
        let held = owner.as_ref().map_or("another process".to_owned(), ToString::to_string);
        Self::new(StoreErrorKind::Busy(owner), format!("the lock is held by {held}"))
    }

    /// Adds what to do next.
    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Why.
    pub fn kind(&self) -> &StoreErrorKind {
        &self.kind
    }

    /// What failed, one sentence in lower case.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do next.
    pub fn next_step(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Whether the same call may work later without anybody changing anything here: a keyring that
    /// is locked or slow, a lock that is held.
    pub fn may_pass(&self) -> bool {
        use StoreErrorKind::{Busy, Locked, NoAnswer};
        matches!(self.kind, Locked | NoAnswer | Busy(_))
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for StoreError {}

impl From<NoFolder> for StoreError {
    fn from(missing: NoFolder) -> Self {
        Self::new(StoreErrorKind::Files, missing.message).hint(missing.hint)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let shown = Self::failed(&error.message);
        match error.hint {
            Some(hint) => shown.hint(hint),
            None => shown,
        }
    }
}
