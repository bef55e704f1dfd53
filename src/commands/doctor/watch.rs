//! `doctor --watch`: follows the log files and the state of running bridges. Sends nothing to a
//! bridge, and ends with the last one that it watches.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::commands::readable::counted;
use crate::commands::running::{RunningBridge, running_bridges};
use crate::environment::{Environment, try_to_stdout};
use crate::error::{Error, ExitCode, Result};
use crate::redact::{SafeUrl, plain};
use crate::settings::parse_remote_url;

/// The pause between two checks of the files.
const POLL_INTERVAL: Duration = Duration::from_millis(200);
/// The largest part of a log to read at a time, in bytes, which bounds the memory for it.
const MAX_READ: u64 = 256 * 1024;

/// Follows every bridge to this server, or every bridge if no URL is given.
///
/// # Errors
/// The URL is invalid, or there is no bridge to follow.
pub(crate) fn run(url: Option<&str>, environment: &Environment) -> Result<ExitCode> {
    let server = url.map(parse_remote_url).transpose()?;
    let server = server.map(|(url, _)| SafeUrl::new(&url).to_string());
    let mut watched: BTreeMap<u32, Watched> = BTreeMap::new();
    loop {
        let found = running_bridges(environment);
        let found: Vec<_> = found.into_iter().filter(|one| is_of(one, server.as_deref())).collect();
        if watched.is_empty() && found.is_empty() {
            return Err(error_without_bridge(server.as_deref()));
        }
        let mut text = String::new();
        for bridge in &found {
            let pid = bridge.identity.pid;
            let one = watched.entry(pid).or_insert_with(|| Watched::start(bridge, &mut text));
            one.update(bridge, &mut text);
        }
        for (pid, one) in &mut watched {
            if !found.iter().any(|bridge| bridge.identity.pid == *pid) {
                one.read_log(&mut text);
                text += &format!("{pid}: ended\n");
                one.has_ended = true;
            }
        }
        watched.retain(|_, one| !one.has_ended);
        if try_to_stdout(&text).is_err() || watched.is_empty() {
            return Ok(ExitCode::Ok);
        }
        std::thread::sleep(POLL_INTERVAL);
    }
}

fn is_of(bridge: &RunningBridge, server: Option<&str>) -> bool {
    server.is_none_or(|server| server == bridge.identity.server)
}

fn error_without_bridge(server: Option<&str>) -> Error {
    let to = server.map_or(String::new(), |server| format!(" to `{server}`"));
    let what = format!("no bridge{to} is running");
    Error::failed(what).hint("hosts start them; `mcp-tether status --running` lists all of them")
}

/// A bridge that is being watched.
struct Watched {
    pid: u32,
    log: Option<Log>,
    state: String,
    has_ended: bool,
}

impl Watched {
    fn start(bridge: &RunningBridge, text: &mut String) -> Self {
        let identity = &bridge.identity;
        let pid = identity.pid;
        *text += &format!("{pid}: {}\n", plain(&identity.server));
        match &identity.log_file {
            Some(file) => {
                *text += &format!("{pid}: following `{}`\n", plain(&file.to_string_lossy()));
            }
            None => {
                *text += &format!("{pid}: no log file; add `--log-file FILE` to its entry\n");
            }
        }
        let log = identity.log_file.as_deref().map(Log::at_end);
        Self { pid, log, state: String::new(), has_ended: false }
    }

    fn update(&mut self, bridge: &RunningBridge, text: &mut String) {
        self.read_log(text);
        let activity = &bridge.activity;
        let last = activity.last_error.as_deref();
        let last = last.map_or(String::new(), |kind| format!(", last one: {}", plain(kind)));
        let state = format!(
            "{}: {}, {}, {}{last}\n",
            self.pid,
            plain(&activity.phase),
            counted(activity.requests, "request"),
            counted(activity.errors, "error")
        );
        if state != self.state {
            *text += &state;
            self.state = state;
        }
    }

    fn read_log(&mut self, text: &mut String) {
        for line in self.log.as_mut().map(Log::lines).unwrap_or_default() {
            *text += &format!("{}: {}\n", self.pid, plain(&line));
        }
    }
}

/// A log file, and how far it has been read.
struct Log {
    file: PathBuf,
    /// The position, in bytes.
    position: u64,
    /// The start of a line whose end has not been written yet.
    partial_line: Vec<u8>,
}

impl Log {
    fn at_end(file: &Path) -> Self {
        let position = std::fs::metadata(file).map_or(0, |metadata| metadata.len());
        Self { file: file.to_owned(), position, partial_line: Vec::new() }
    }

    /// The lines that were added since the last call. A file that has become shorter is a new one.
    fn lines(&mut self) -> Vec<String> {
        let Ok(mut file) = File::open(&self.file) else { return Vec::new() };
        if file.metadata().is_ok_and(|metadata| metadata.len() < self.position) {
            self.position = 0;
            self.partial_line.clear();
        }
        let mut added = Vec::new();
        let sought = file.seek(SeekFrom::Start(self.position));
        if sought.and_then(|_| file.take(MAX_READ).read_to_end(&mut added)).is_err() {
            return Vec::new();
        }
        self.position += added.len() as u64;
        self.partial_line.extend_from_slice(&added);
        let Some(end) = self.partial_line.iter().rposition(|byte| *byte == b'\n') else {
            return Vec::new();
        };
        let partial = self.partial_line.split_off(end + 1);
        let lines = std::mem::replace(&mut self.partial_line, partial);
        String::from_utf8_lossy(&lines).lines().map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_read_by_whole_lines_and_anew_when_it_was_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("log");
        std::fs::write(&file, "before\n").unwrap();
        let mut log = Log::at_end(&file);
        let write = |text: &str| std::fs::write(&file, text).unwrap();
        assert!(log.lines().is_empty(), "what was there before is not shown");
        write("before\none\ntw");
        assert_eq!(log.lines(), ["one"]);
        write("before\none\ntwo\n");
        assert_eq!(log.lines(), ["two"]);
        write("new\n");
        assert_eq!(log.lines(), ["new"]);
        std::fs::remove_file(&file).unwrap();
        assert!(log.lines().is_empty());
    }
}
