//! Errors of the store, distinguished by what a caller can do. Never contain a stored value (S-09).

use std::fmt;
use std::io;
use std::path::Path;

use crate::error::Error;
use crate::platform::NoFolder;
use crate::platform::private_file::PrivateFileError;
use crate::redact::plain;

/// The kinds of errors, by what a caller can do besides showing them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// There is no keyring: no bus, no service, or no collection. So no value can be left in it.
    NoKeyring,
    /// The keyring answered with an error. A new connection may help, because the service may have
    /// restarted.
    KeyringFailed,
    /// A stored value cannot be read. It stays where it is until somebody removes it.
    Damaged,
    /// Another process holds the lock.
    Busy,
    /// Anything else, which only a person can fix.
    Other,
}

/// An error of the store: what failed, one sentence in lower case, and what to do next.
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

    /// An error that only a person can fix.
    pub(super) fn other(message: impl AsRef<str>) -> Self {
        Self::new(StoreErrorKind::Other, message)
    }

    /// A failed file operation: `cannot WHAT `PATH`: CAUSE`.
    pub(super) fn files(what: &str, path: &Path, cause: &io::Error) -> Self {
        let error = Self::other(format!("cannot {what} `{}`: {cause}", path.display()));
        match cause.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                error.hint("set `MCP_TETHER_STATE_DIR` to a folder that you can write")
            }
            _ => error,
        }
    }

    /// The error for a value that cannot be read, with a remedy.
    pub(super) fn damaged(place: impl fmt::Display, why: impl fmt::Display) -> Self {
        Self::new(StoreErrorKind::Damaged, format!("{place} is damaged: {why}"))
            .hint("`mcp-tether status` shows what it belongs to and how to remove it")
    }

    /// The error for a value that a newer program wrote.
    pub(super) fn newer(message: impl AsRef<str>) -> Self {
        Self::other(message).hint("update this `mcp-tether`")
    }

    /// The error for a lock with this name that was not released in time. `holder` describes the
    /// process that holds it, if known.
    pub(super) fn busy(name: &str, holder: Option<impl fmt::Display>) -> Self {
        let holder = holder.map_or("another process".to_owned(), |holder| holder.to_string());
        Self::new(StoreErrorKind::Busy, format!("the lock `{name}` is held by {holder}"))
    }

    /// Adds what to do next.
    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The kind.
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// What failed: one sentence in lower case, without a final period.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do next.
    pub fn next_step(&self) -> &str {
        self.hint.as_deref().unwrap_or(match self.kind {
            StoreErrorKind::NoKeyring => "use `--credential-store file`",
            StoreErrorKind::Busy => "wait until it is done, then try again",
            StoreErrorKind::KeyringFailed | StoreErrorKind::Damaged | StoreErrorKind::Other => {
                "`mcp-tether doctor` says what is wrong with the credential store"
            }
        })
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
        Self::other(missing.message).hint(missing.hint)
    }
}

impl From<PrivateFileError> for StoreError {
    fn from(error: PrivateFileError) -> Self {
        match error {
            PrivateFileError::Failed { action, path, cause } => Self::files(action, &path, &cause),
            PrivateFileError::TooLarge { path } => {
                Self::damaged(format!("`{}`", path.display()), "it is far too large")
            }
            PrivateFileError::Unsafe { ref hint, .. } => {
                let found = Self::other(error.to_string());
                match hint {
                    Some(hint) => found.hint(hint),
                    None => found,
                }
            }
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::failed(&error.message).hint(error.next_step())
    }
}
