//! The writers of stdout and stderr for commands. On a terminal, and only there, text is wrapped at
//! its width and may have colours; `NO_COLOR`, `TERM=dumb` and `CLICOLOR_FORCE` are honoured.

use std::io::{IsTerminal, Result, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use anstream::AutoStream;
use anstream::stream::{AsLockedWrite, RawStream};
use terminal_size::Width;

use super::audience::wants_json;
use super::paint::paint_labels;
use super::wrap::wrap;
use crate::error::Error;

/// The narrowest and widest text, in columns. Longer lines are hard to read.
const COLUMNS: std::ops::RangeInclusive<usize> = 30..=120;

/// The line on stderr that says what a command waits for; the next text replaces it.
static TRANSIENT: Mutex<bool> = Mutex::new(false);

/// Writes a result to stdout. The reader may close it at any time, as `| head` does, so a failure
/// is ignored.
pub(crate) fn to_stdout(text: &str) {
    let _ = try_to_stdout(text);
}

/// Writes a result that is copied or read by programs, without wrapping lines.
#[expect(
    clippy::disallowed_methods,
    reason = "outside the bridge, only this file writes to stdout"
)]
pub(crate) fn to_stdout_unwrapped(text: &str) {
    remove_transient();
    let _ = write(std::io::stdout(), text);
}

/// Writes to stdout, for a caller that stops when stdout is closed.
///
/// # Errors
/// Stdout is closed, or cannot be written.
#[expect(
    clippy::disallowed_methods,
    reason = "outside the bridge, only this file writes to stdout"
)]
pub(crate) fn try_to_stdout(text: &str) -> Result<()> {
    remove_transient();
    let stdout = std::io::stdout();
    match columns(&stdout) {
        Some(columns) => write(stdout, &wrap(text, columns)),
        None => write(stdout, text),
    }
}

/// Writes a message to stderr. A failure is ignored.
#[expect(clippy::disallowed_methods, reason = "only this file writes to stderr")]
pub(crate) fn to_stderr(text: &str) {
    remove_transient();
    let stderr = std::io::stderr();
    let _ = match columns(&stderr) {
        Some(columns) => write(stderr, &wrap(&paint_labels(text), columns)),
        None => write(stderr, &paint_labels(text)),
    };
}

/// Writes an error with its hints to stderr: as text, or as one line of JSON for programs.
pub(crate) fn print_error(error: &Error) {
    if wants_json() {
        to_stderr_unwrapped(&format!("{}\n", error.as_value()));
    } else {
        to_stderr(&format!("{error}\n"));
    }
}

#[expect(clippy::disallowed_methods, reason = "only this file writes to stderr")]
fn to_stderr_unwrapped(text: &str) {
    remove_transient();
    let _ = write(std::io::stderr(), text);
}

/// Whether the user is being asked something, so that nothing may be shown behind the question.
static ASKED: AtomicBool = AtomicBool::new(false);

/// A question on stderr that awaits its answer; dropped once it is answered.
pub(crate) struct Asking;

impl Asking {
    /// Shows the question, which ends with a space.
    pub(crate) fn start(question: &str) -> Self {
        ASKED.store(true, Ordering::Relaxed);
        to_stderr(question);
        Self
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        ASKED.store(false, Ordering::Relaxed);
    }
}

/// Shows this line at the end of stderr until something else is written; replaces an earlier one.
#[expect(clippy::disallowed_methods, reason = "only this file writes to stderr")]
pub(super) fn show_transient(line: &str) {
    if ASKED.load(Ordering::Relaxed) {
        return;
    }
    let mut shown = TRANSIENT.lock().unwrap_or_else(PoisonError::into_inner);
    let columns = columns(&std::io::stderr()).unwrap_or(80);
    let line = shortened(line, columns - 1);
    let _ = std::io::stderr().write_all(format!("\r\u{1b}[K{line}").as_bytes());
    *shown = true;
}

/// Shortens a line to the whole words that fit, followed by `…`.
fn shortened(line: &str, columns: usize) -> String {
    if line.chars().count() <= columns {
        return line.to_owned();
    }
    let mut out = String::new();
    let mut length = 0;
    for word in line.split(' ') {
        length += word.chars().count() + 1;
        if length >= columns {
            break;
        }
        out += word;
        out.push(' ');
    }
    out + "…"
}

/// Removes the line of [`show_transient`].
#[expect(clippy::disallowed_methods, reason = "only this file writes to stderr")]
pub(super) fn remove_transient() {
    let mut shown = TRANSIENT.lock().unwrap_or_else(PoisonError::into_inner);
    if std::mem::take(&mut *shown) {
        let _ = std::io::stderr().write_all(b"\r\x1b[K");
    }
}

/// Returns whether a line on stderr can be replaced.
pub(super) fn can_redraw() -> bool {
    stderr_is_terminal() && std::env::var_os("TERM").is_none_or(|kind| kind != "dumb")
}

/// Returns whether stdin is a terminal, so that a person can answer.
pub(crate) fn stdin_is_terminal() -> bool {
    std::io::stdin().is_terminal()
}

/// Returns whether stderr is a terminal, so that a person reads it.
#[expect(clippy::disallowed_methods, reason = "this writes nothing")]
pub(crate) fn stderr_is_terminal() -> bool {
    std::io::stderr().is_terminal()
}

/// Returns whether a file, such as `/dev/stdout`, is the same as stdout.
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "this writes nothing")]
pub(crate) fn is_stdout(file: &std::fs::File) -> bool {
    let (Ok(file), Ok(stdout)) = (rustix::fs::fstat(file), rustix::fs::fstat(std::io::stdout()))
    else {
        return false;
    };
    // Output to `/dev/null` cannot be mixed up.
    let is_null = rustix::fs::stat("/dev/null").is_ok_and(|null| null.st_rdev == file.st_rdev);
    let is_device = rustix::fs::FileType::from_raw_mode(file.st_mode).is_char_device();
    (file.st_dev, file.st_ino) == (stdout.st_dev, stdout.st_ino) && !(is_device && is_null)
}

/// Always false: on Windows no path leads to a stdout that is a pipe.
#[cfg(not(unix))]
pub(crate) fn is_stdout(_: &std::fs::File) -> bool {
    false
}

/// The columns of the terminal on stdout; `None` if it is not a terminal, so that nothing is
/// wrapped.
#[expect(clippy::disallowed_methods, reason = "this writes nothing")]
pub(crate) fn stdout_columns() -> Option<usize> {
    columns(&std::io::stdout())
}

#[cfg(unix)]
fn columns(stream: &(impl IsTerminal + std::os::fd::AsFd)) -> Option<usize> {
    let size = stream.is_terminal().then(|| terminal_size::terminal_size_of(stream))?;
    Some(usable(size.map(|(width, _)| width)))
}

#[cfg(windows)]
fn columns(stream: &(impl IsTerminal + std::os::windows::io::AsHandle)) -> Option<usize> {
    let size = stream.is_terminal().then(|| terminal_size::terminal_size_of(stream))?;
    Some(usable(size.map(|(width, _)| width)))
}

/// The usable width. A terminal of unknown size, such as a serial line, reports 0 columns.
fn usable(width: Option<Width>) -> usize {
    let columns = width.map_or(0, |Width(columns)| usize::from(columns));
    if columns == 0 { 80 } else { columns.clamp(*COLUMNS.start(), *COLUMNS.end()) }
}

fn write(stream: impl RawStream + AsLockedWrite, text: &str) -> Result<()> {
    let mut stream = AutoStream::auto(stream);
    stream.write_all(text.as_bytes())?;
    stream.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_about_waiting_is_cut_between_words() {
        let line = "waiting for you to sign in (4:59 left, Ctrl-C stops); or `--no-browser`";
        assert_eq!(shortened(line, 79), line);
        for columns in 1..line.len() {
            let short = shortened(line, columns);
            assert!(short.chars().count() <= columns, "{columns}: {short}");
            assert!(line.starts_with(short.trim_end_matches('…')), "{short}");
            assert!(short == "…" || short.ends_with(" …"), "{short}");
        }
    }
}
