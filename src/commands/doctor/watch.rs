//! `doctor --watch`: what running bridges write to their log files, as it comes, and how their
//! state changes. Speaks to no bridge, and ends with the last one that it watches.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::commands::running::{self, Running};
use crate::environment::{Environment, try_to_stdout};
use crate::error::{Error, ExitCode, Result};
use crate::redact::{SafeUrl, plain};
use crate::settings::parse_remote_url;

/// How often is looked.
const PAUSE: Duration = Duration::from_millis(200);
/// How much of a log is read at a time, so that one that grows fast is followed in bounded memory.
const PIECE: u64 = 256 * 1024;

/// Follows every bridge to this server, or every bridge at all.
///
/// # Errors
/// A URL that is none, and when there is nothing to follow.
pub fn run(url: Option<&str>, environment: &Environment) -> Result<ExitCode> {
    let server = url.map(parse_remote_url).transpose()?;
    let server = server.map(|(url, _)| SafeUrl::new(&url).to_string());
    let mut watched: BTreeMap<u32, Watched> = BTreeMap::new();
    loop {
        let found = running::all(environment);
        let found: Vec<_> = found.into_iter().filter(|one| is_of(one, server.as_deref())).collect();
        if watched.is_empty() && found.is_empty() {
            return Err(nothing_runs(server.as_deref()));
        }
        let mut text = String::new();
        for bridge in &found {
            let pid = bridge.identity.pid;
            let one = watched.entry(pid).or_insert_with(|| Watched::begin(bridge, &mut text));
            one.look(bridge, &mut text);
        }
        for (pid, one) in &mut watched {
            if !found.iter().any(|bridge| bridge.identity.pid == *pid) {
                one.read_log(&mut text);
                text += &format!("{pid}: ended\n");
                one.has_ended = true;
            }
        }
        watched.retain(|_, one| !one.has_ended);
        if !shown(&text) || watched.is_empty() {
            return Ok(ExitCode::Ok);
        }
        std::thread::sleep(PAUSE);
    }
}

fn is_of(bridge: &Running, server: Option<&str>) -> bool {
    server.is_none_or(|server| server == bridge.identity.server)
}

fn nothing_runs(server: Option<&str>) -> Error {
    let to = server.map_or(String::new(), |server| format!(" to `{server}`"));
    let what = format!("no bridge{to} runs");
    Error::failed(what).hint("hosts start them; `mcp-tether status --running` lists all of them")
}

/// Whether anybody still reads.
fn shown(text: &str) -> bool {
    try_to_stdout(text).is_ok()
}

/// One bridge that is followed.
struct Watched {
    pid: u32,
    log: Option<Log>,
    state: String,
    has_ended: bool,
}

impl Watched {
    fn begin(bridge: &Running, text: &mut String) -> Self {
        let identity = &bridge.identity;
        let pid = identity.pid;
        *text += &format!("{pid}: {}\n", plain(&identity.server));
        match &identity.log_file {
            Some(file) => {
                *text += &format!("{pid}: what it logs to `{}`\n", plain(&file.to_string_lossy()));
            }
            None => *text += &format!("{pid}: no log; `--log-file FILE` in its entry makes one\n"),
        }
        let log = identity.log_file.as_deref().map(Log::at_its_end);
        Self { pid, log, state: String::new(), has_ended: false }
    }

    fn look(&mut self, bridge: &Running, text: &mut String) {
        self.read_log(text);
        let activity = &bridge.activity;
        let last = activity.last_error.as_deref();
        let last = last.map_or(String::new(), |kind| format!(", the last one {}", plain(kind)));
        let state = format!(
            "{}: {}, {} requests, {} errors{last}\n",
            self.pid,
            plain(&activity.phase),
            activity.requests,
            activity.errors
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

/// A log file and how far it was read.
struct Log {
    file: PathBuf,
    at: u64,
    /// The beginning of a line whose end is not written yet.
    begun: Vec<u8>,
}

impl Log {
    fn at_its_end(file: &Path) -> Self {
        let at = std::fs::metadata(file).map_or(0, |metadata| metadata.len());
        Self { file: file.to_owned(), at, begun: Vec::new() }
    }

    /// The lines that came since; a file that became shorter is a new one.
    fn lines(&mut self) -> Vec<String> {
        let Ok(mut file) = File::open(&self.file) else { return Vec::new() };
        if file.metadata().is_ok_and(|metadata| metadata.len() < self.at) {
            self.at = 0;
            self.begun.clear();
        }
        let mut piece = Vec::new();
        let sought = file.seek(SeekFrom::Start(self.at));
        if sought.and_then(|_| file.take(PIECE).read_to_end(&mut piece)).is_err() {
            return Vec::new();
        }
        self.at += piece.len() as u64;
        self.begun.extend_from_slice(&piece);
        let Some(end) = self.begun.iter().rposition(|byte| *byte == b'\n') else {
            return Vec::new();
        };
        let rest = self.begun.split_off(end + 1);
        let whole = std::mem::replace(&mut self.begun, rest);
        String::from_utf8_lossy(&whole).lines().map(str::to_owned).collect()
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
        let mut log = Log::at_its_end(&file);
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
