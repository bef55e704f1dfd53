//! Why a private file or folder cannot be used.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// The error for a private file or folder that cannot be used. Its text is one sentence in lower
/// case.
#[derive(Debug)]
pub enum PrivateFileError {
    /// It is a symlink, belongs to another user, or is neither a regular file nor a folder.
    Unsafe {
        /// The file or folder.
        path: PathBuf,
        /// Completes "it …".
        why: String,
        /// What to do next.
        hint: Option<String>,
    },
    /// It holds more bytes than its reader accepts.
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The system refused.
    Failed {
        /// Completes "cannot …".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        cause: io::Error,
    },
}

impl PrivateFileError {
    /// Converts the system's error for `action`.
    pub(super) fn to(action: &'static str, path: &Path) -> impl Fn(io::Error) -> Self {
        move |cause| Self::Failed { action, path: path.to_path_buf(), cause }
    }

    /// The error for a path that must not be used; `why` follows it in the message.
    pub(super) fn not_safe(path: &Path, why: impl Into<String>) -> Self {
        Self::Unsafe { path: path.to_path_buf(), why: why.into(), hint: None }
    }

    /// The error for a symlink in the place of our file or folder.
    pub(super) fn symlink(path: &Path) -> Self {
        let hint = Some(format!("remove `{}`", path.display()));
        Self::Unsafe { path: path.to_path_buf(), why: "is a symlink".to_owned(), hint }
    }

    /// Adds a hint to the error for an unsafe path.
    #[must_use]
    #[cfg_attr(not(unix), expect(dead_code, reason = "only Unix checks owners"))]
    pub(super) fn with_hint(self, hint: &str) -> Self {
        match self {
            Self::Unsafe { path, why, .. } => {
                Self::Unsafe { path, why, hint: Some(hint.to_owned()) }
            }
            other => other,
        }
    }
}

impl fmt::Display for PrivateFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsafe { path, why, .. } => {
                write!(f, "refusing to use `{}`: it {why}", path.display())
            }
            Self::TooLarge { path } => write!(f, "`{}` is far too large", path.display()),
            Self::Failed { action, path, cause } => {
                write!(f, "cannot {action} `{}`: {cause}", path.display())
            }
        }
    }
}

impl std::error::Error for PrivateFileError {}
