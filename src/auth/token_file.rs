//! A token in a file that another program keeps fresh (`--token-file`). It is read again when the
//! file has changed and after a refusal, and replaces signing in. The file is never written.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use http::HeaderValue;

use crate::redact::plain;

/// The largest file that is read, in bytes: tokens go into headers, and no server accepts larger
/// ones.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// A file with one token.
#[derive(Debug)]
pub struct TokenFile {
    path: PathBuf,
    token: Mutex<FileToken>,
}

#[derive(Clone, Debug)]
struct FileToken {
    header: HeaderValue,
    serial: u64,
    /// The file's stamp when it was read; `None` if unknown.
    seen: Option<Stamp>,
}

/// Metadata that changes with a file's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    changed: SystemTime,
    length: u64,
}

impl TokenFile {
    /// A token file with this content.
    ///
    /// # Errors
    /// It does not contain exactly one token. The error is a sentence that does not repeat the
    /// content.
    pub fn new(path: PathBuf, text: &str) -> Result<Self, String> {
        let header = token_header(text).ok_or_else(|| no_token(&path))?;
        let token = FileToken { header, serial: 1, seen: stamp(&path) };
        Ok(Self { path, token: Mutex::new(token) })
    }

    /// The header for the next request and its serial.
    pub(crate) fn current(&self) -> (HeaderValue, u64) {
        let mut token = self.token();
        let now = stamp(&self.path);
        if now.is_some() && now != token.seen {
            token.read_again(&self.path);
        }
        (token.header.clone(), token.serial)
    }

    /// Whether there is a newer token than the one that was refused.
    pub(crate) fn has_changed_since(&self, used: Option<u64>) -> bool {
        let mut token = self.token();
        // Two changes within one clock tick look like one.
        token.read_again(&self.path);
        Some(token.serial) != used
    }

    /// The path, safe to show.
    pub(crate) fn display_path(&self) -> String {
        plain(&self.path.display().to_string())
    }

    fn token(&self) -> MutexGuard<'_, FileToken> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FileToken {
    /// Reads the file again. If it is missing or half written at the moment, the token stays.
    fn read_again(&mut self, path: &Path) {
        match read(path) {
            Ok((header, seen)) => {
                self.serial += u64::from(header != self.header);
                self.header = header;
                self.seen = Some(seen);
            }
            Err(reason) => {
                if self.seen.take().is_some() {
                    tracing::warn!("still using the token that was read before: {reason}");
                }
            }
        }
    }
}

/// The file's stamp; also `None` for a pipe, which can be read only once.
fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = path.metadata().ok().filter(std::fs::Metadata::is_file)?;
    Some(Stamp { changed: metadata.modified().ok()?, length: metadata.len() })
}

fn read(path: &Path) -> Result<(HeaderValue, Stamp), String> {
    let shown = || plain(&path.display().to_string());
    // Taken before the content is read, so that a change in between is noticed the next time.
    let seen = stamp(path).ok_or_else(|| format!("the token file `{}` is gone", shown()))?;
    let text = text_of(path)
        .map_err(|error| format!("cannot read the token file `{}`: {error}", shown()))?;
    Ok((token_header(&text).ok_or_else(|| no_token(path))?, seen))
}

fn no_token(path: &Path) -> String {
    format!(
        "the token file `{}` does not contain exactly one token",
        plain(&path.display().to_string())
    )
}

fn text_of(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let file = std::fs::File::open(path)?;
    std::io::Read::read_to_string(&mut std::io::Read::take(file, MAX_FILE_BYTES + 1), &mut text)?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(std::io::Error::other(format!("it is larger than {MAX_FILE_BYTES} bytes")));
    }
    Ok(text)
}

/// The header for a token, which may follow the word `Bearer`.
pub(super) fn token_header(text: &str) -> Option<HeaderValue> {
    let text = text.trim_start_matches('\u{feff}').trim();
    let token = text.strip_prefix("Bearer ").unwrap_or(text).trim();
    if token.is_empty() || token.contains(char::is_whitespace) {
        return None;
    }
    let mut header = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
    header.set_sensitive(true);
    Some(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, TokenFile) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, text).unwrap();
        let file = TokenFile::new(path, text).unwrap();
        (folder, file)
    }

    ///
    #[test]
    fn a_file_that_another_program_refreshes_is_read_again() {
        let (_folder, file) = file(" Bearer one\n");
        assert_eq!(file.current(), (HeaderValue::from_static("Bearer one"), 1));
        assert!(!file.has_changed_since(Some(1)));
        std::fs::write(&file.path, "longer").unwrap();
        assert_eq!(file.current(), (HeaderValue::from_static("Bearer longer"), 2));
        std::fs::write(&file.path, "second").unwrap();
        assert!(file.has_changed_since(Some(2)), "the same length within one tick of the clock");
        assert_eq!(file.current(), (HeaderValue::from_static("Bearer second"), 3));
    }

    #[test]
    fn a_file_that_is_being_written_changes_nothing() {
        let (_folder, file) = file("one");
        let too_long = "x".repeat(64 * 1024 + 1);
        for half in ["", "on e", &too_long] {
            std::fs::write(&file.path, half).unwrap();
            assert_eq!(file.current(), (HeaderValue::from_static("Bearer one"), 1));
        }
        std::fs::remove_file(&file.path).unwrap();
        assert_eq!(file.current().1, 1);
        assert!(!file.has_changed_since(Some(1)));
        std::fs::write(&file.path, "two").unwrap();
        assert_eq!(file.current(), (HeaderValue::from_static("Bearer two"), 2));
    }

    /// S-09
    #[test]
    fn what_holds_no_token_is_refused_without_repeating_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        for wrong in ["", "\n", "hunter2 hunter2", "hunter2\nhunter2", "hunter2\u{1}"] {
            let refused = TokenFile::new(path.clone(), wrong).unwrap_err();
            assert!(
                refused.contains("does not contain exactly one token")
                    && !refused.contains("hunter2")
            );
        }
    }
}
