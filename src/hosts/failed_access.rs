//! Errors for files that cannot be read or written.

use std::io;
use std::path::Path;

use super::places::display_path;
use crate::error::Error;

/// The error for a file that could not be accessed in this way.
pub(super) fn cannot(what: &str, path: &Path, error: &io::Error) -> Error {
    let reason = reason(error);
    let failed = Error::failed(format!("cannot {what} {}: {reason}", display_path(path)));
    failed.hint(match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "change its permissions, or edit the file by hand: `install --print` shows an entry"
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            "edit the file where it comes from: `install --print` shows an entry"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "make room on this disk, and run the command again; the file was not changed"
        }
        _ => "check the path, or edit the file by hand: `install --print` shows an entry",
    })
}

/// The system's error, without the temporary file name at its end.
pub(crate) fn reason(error: &dyn std::fmt::Display) -> String {
    let text = error.to_string();
    text.split(" at path \"").next().unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_name_is_not_part_of_the_reason() {
        let nowhere = tempfile::tempdir().unwrap().path().join("gone");
        let error = tempfile::Builder::new().tempfile_in(nowhere).unwrap_err();
        assert!(error.to_string().contains(" at path "), "{error}");
        assert!(!reason(&error).contains(" at path "), "{}", reason(&error));
    }
}
