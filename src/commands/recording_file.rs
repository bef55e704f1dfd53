//! `--record FILE`: opens the file of a recording and starts it (O-30).

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use http::{HeaderName, HeaderValue};
use url::Url;

use super::logging;
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::platform::private_file::open_to_append;
use crate::recording::{MARKER, Recorder, head};
use crate::redact::{SafeUrl, plain};
use crate::settings::{Key, Settings};

/// Starts the recording of `--record`; `None` if it is not set, or if another process records to
/// the same file.
///
/// # Errors
/// The file holds something else, or cannot be used.
pub(super) fn start_recording(
    settings: &Settings,
    url: &Url,
    headers: &[(HeaderName, HeaderValue)],
    environment: &Environment,
) -> Result<Option<Recorder>> {
    let Some(path) = settings.text(Key::Record).filter(|path| !path.is_empty()) else {
        return Ok(None);
    };
    let path = environment.expand_home(path);
    let Some(mut file) = open(&path)? else { return Ok(None) };
    let first = head(&SafeUrl::new(url).to_string(), &logging::time());
    file.write_all(first.as_bytes()).map_err(|error| failed(&path, &error.to_string()))?;
    let recorder = Recorder::start(file);
    if let Some(recorder) = &recorder {
        recorder.know(headers.iter().cloned().collect());
    }
    Ok(recorder)
}

/// Opens the file for one more conversation. A file that another process records to is left alone:
/// hosts start an entry more than once.
fn open(path: &Path) -> Result<Option<File>> {
    let (mut file, is_new) = open_to_append(path).map_err(|error| failed_to_open(&error))?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => {
            let shown = plain(&path.display().to_string());
            tracing::warn!("nothing is recorded: another process records to `{shown}`");
            return Ok(None);
        }
        // If files cannot be locked, several processes append to it, line by line.
        Err(TryLockError::Error(_)) | Ok(()) => {}
    }
    if !is_new {
        check_content(&mut file, path)?;
    }
    Ok(Some(file))
}

/// Checks that the file is empty or a recording. A line that a killed process left incomplete is
/// ended.
fn check_content(file: &mut File, path: &Path) -> Result<()> {
    let cannot = |error: std::io::Error| failed(path, &error.to_string());
    let length = file.metadata().map_err(cannot)?.len();
    if length == 0 {
        return Ok(());
    }
    let mut first = vec![0; MARKER.len()];
    file.seek(SeekFrom::Start(0)).map_err(cannot)?;
    let is_recording = file.read_exact(&mut first).is_ok() && first == MARKER.as_bytes();
    if !is_recording {
        return Err(failed(path, "it holds something else"));
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1)).map_err(cannot)?;
    file.read_exact(&mut last).map_err(cannot)?;
    if last != *b"\n" {
        file.write_all(b"\n").map_err(cannot)?;
    }
    Ok(())
}

fn failed(path: &Path, why: &str) -> Error {
    let shown = plain(&path.display().to_string());
    with_hint(format!("cannot record to `{shown}`: {why}"))
}

fn failed_to_open(error: &dyn std::fmt::Display) -> Error {
    with_hint(format!("cannot record: {}", plain(&error.to_string())))
}

fn with_hint(message: String) -> Error {
    Error::usage(message).hint("name a file that does not exist yet: `--record FILE`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::private_file::{Durability, write};

    /// Opens a file with this content; returns what is in it afterwards.
    fn opened(content: &str) -> Result<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("talk.jsonl");
        write(&path, content.as_bytes(), Durability::Process).unwrap();
        let file = open(&path)?.expect("nobody else records to it");
        drop(file);
        Ok(std::fs::read_to_string(&path).unwrap())
    }

    /// O-30
    #[test]
    fn a_recording_is_continued_and_nothing_else_is_written_to() {
        let whole = format!("{MARKER} more\nline\n");
        let cut = format!("{MARKER} more\nli");
        assert_eq!(opened("").unwrap(), "");
        assert_eq!(opened(&whole).unwrap(), whole);
        assert_eq!(opened(&cut).unwrap(), format!("{cut}\n"), "a line that was cut off is ended");
        assert_eq!(opened(MARKER).unwrap(), format!("{MARKER}\n"));
        for other in ["x", "{}\n", &MARKER[..MARKER.len() - 1], &format!(" {MARKER}\n")] {
            let error = opened(other).unwrap_err();
            assert!(error.message().ends_with("it holds something else"), "{other}: {error}");
            assert!(error.hints()[0].contains("--record FILE"), "{error}");
        }
    }

    /// O-30
    #[test]
    fn a_file_that_another_process_records_to_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("talk.jsonl");
        let first = open(&path).unwrap().unwrap();
        assert!(open(&path).unwrap().is_none());
        drop(first);
        assert!(open(&path).unwrap().is_some());
    }

    #[test]
    fn nothing_is_recorded_unless_a_file_is_named() {
        let url = Url::parse("https://mcp.example.com").unwrap();
        let environment = Environment::fixed([]);
        for values in [Vec::new(), vec![(Key::Record, vec![String::new()])]] {
            let flags = crate::settings::Flags { config: None, values };
            let settings = Settings::resolve(None, &flags, &environment).unwrap();
            assert!(start_recording(&settings, &url, &[], &environment).unwrap().is_none());
        }
    }
}
