//! What is said of a file that cannot be read or written.

use std::io;
use std::path::Path;

use super::places::display_path;
use crate::error::Error;

/// The error for a file that could not be accessed in this way.
pub(super) fn cannot(what: &str, path: &Path, error: &io::Error) -> Error {
    let failed = Error::failed(format!("cannot {what} {}: {error}", display_path(path)));
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            failed.hint("add the entry by hand: `--print` shows it")
        }
        _ => failed.hint("check the path, or add the entry by hand: `--print` shows it"),
    }
}
