//! `mcp-tether status --running`: the bridges that run now, from a small file that each of them
//! keeps. A lock that only its process holds proves that it lives; what a killed one left behind is
//! removed.
//!
//! There is no socket and nothing to connect to: a bridge is looked at, never spoken to.

use std::fmt::Write as _;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::bridge::{Activity, Observer};
use crate::environment::{Environment, to_stderr, to_stdout};
use crate::error::{ExitCode, Result};
use crate::platform::private_file::{self, Durability};
use crate::platform::{Clock, SystemClock};
use crate::redact::plain;

/// The folder in the state folder.
const FOLDER: &str = "running";
/// The largest file of a bridge that is read, in bytes.
const FILE_LIMIT: u64 = 64 * 1024;

/// Who a bridge is; what does not change while it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Its process.
    pub pid: u32,
    /// The process that started it, and its name where the system tells it.
    pub host_pid: Option<u32>,
    /// See `host_pid`.
    pub host: Option<String>,
    /// The server, without credentials or values of its query.
    pub server: String,
    /// The account, if one was named.
    pub account: Option<String>,
    /// When it started, in seconds since 1970.
    pub started: u64,
    /// Of the program.
    pub version: String,
    /// Where it logs to, if to a file.
    pub log_file: Option<PathBuf>,
}

/// One bridge that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// Who it is.
    #[serde(flatten)]
    pub identity: Identity,
    /// What it did.
    #[serde(flatten)]
    pub activity: Activity,
}

impl Identity {
    /// This process, as a bridge to `server`.
    pub fn of_process(server: String, account: Option<String>, log_file: Option<PathBuf>) -> Self {
        let host_pid = parent();
        Self {
            pid: std::process::id(),
            host_pid,
            host: host_pid.and_then(name_of),
            server,
            account,
            started: SystemClock.now(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            log_file,
        }
    }

    /// Keeps the file of this bridge below the state folder. Nothing is touched before the first
    /// change, and a folder that cannot be written costs the bridge nothing.
    pub fn observer(self, state: &Path) -> Observer {
        let folder = state.join(FOLDER);
        let mut kept: Option<Kept> = None;
        Observer::new(move |activity| {
            let running = Running { identity: self.clone(), activity: activity.clone() };
            let written = match &kept {
                Some(kept) => kept.write(&running),
                None => Kept::begin(&folder, self.pid).and_then(|begun| {
                    begun.write(&running)?;
                    kept = Some(begun);
                    Ok(())
                }),
            };
            if let Err(error) = written {
                tracing::debug!(%error, "this bridge cannot be shown by `status --running`");
            }
        })
    }
}

/// The two files of a bridge; gone with it.
struct Kept {
    folder: PathBuf,
    pid: u32,
    /// Locked for as long as the process lives, however it ends.
    _alive: File,
}

impl Kept {
    fn begin(folder: &Path, pid: u32) -> anyhow::Result<Self> {
        private_file::create_folder(folder)?;
        let alive = private_file::open_lock(&lock_file(folder, pid))?;
        alive.try_lock().map_err(anyhow::Error::from)?;
        Ok(Self { folder: folder.to_owned(), pid, _alive: alive })
    }

    /// Replaces the file as a whole: a reader never sees half of it.
    fn write(&self, running: &Running) -> anyhow::Result<()> {
        let text = serde_json::to_vec(running)?;
        private_file::write(&text_file(&self.folder, self.pid), &text, Durability::Process)?;
        Ok(())
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        remove(&self.folder, self.pid);
    }
}

/// The bridges that run, by their start; removes what dead ones left.
pub fn all(environment: &Environment) -> Vec<Running> {
    let paths = environment.paths();
    let Ok(folder) = paths.state().map(|state| state.join(FOLDER)) else { return Vec::new() };
    let mut found: Vec<Running> = pids(&folder)
        .into_iter()
        .filter(|pid| is_alive(&folder, *pid))
        .filter_map(|pid| {
            let text = private_file::read(&text_file(&folder, pid), FILE_LIMIT).ok()??;
            serde_json::from_slice(&text).ok()
        })
        .collect();
    found.sort_by_key(|running| (running.identity.started, running.identity.pid));
    found
}

/// Lists the bridges that run.
pub fn run(as_json: bool, environment: &Environment) -> Result<ExitCode> {
    let found = all(environment);
    let now = SystemClock.now();
    if as_json {
        to_stdout(&format!("{:#}\n", serde_json::to_value(&found).unwrap_or(Value::Null)));
    } else if found.is_empty() {
        to_stderr("no bridge runs\n\nhint: hosts start them; try one with `mcp-tether demo`\n");
    } else {
        let texts: Vec<_> = found.iter().map(|running| as_text(running, now)).collect();
        to_stdout(&texts.join("\n"));
    }
    Ok(ExitCode::Ok)
}

fn as_text(running: &Running, now: u64) -> String {
    let Running { identity, activity } = running;
    let mut out = plain(&identity.server);
    if let Some(account) = &identity.account {
        let _ = write!(out, " (account {})", plain(account));
    }
    let host = identity.host.as_deref().map_or("a host".into(), plain);
    let host_pid = identity.host_pid.map_or(String::new(), |pid| format!(", pid {pid}"));
    let of = |era: &Option<String>| era.as_deref().map_or("not known yet".into(), plain);
    let transport = activity.transport.as_deref().map_or(String::new(), |t| format!(", {t}"));
    let last = activity.last_error.as_deref();
    let last = last.map_or(String::new(), |kind| format!(", the last one {}", plain(kind)));
    let _ = writeln!(out, "\n  pid        {}, started by {host}{host_pid}", identity.pid);
    let _ = writeln!(out, "  state      {}", plain(&activity.phase));
    let _ = writeln!(out, "  runs for   {}", span(now.saturating_sub(identity.started)));
    let _ = writeln!(out, "  host era   {}", of(&activity.host_era));
    let _ = writeln!(out, "  server era {}{}", of(&activity.server_era), plain(&transport));
    let _ = writeln!(out, "  requests   {}", activity.requests);
    let _ = writeln!(out, "  errors     {}{last}", activity.errors);
    if activity.reopened > 0 {
        let _ = writeln!(out, "  sessions   opened again {} times", activity.reopened);
    }
    if let Some(file) = &identity.log_file {
        let _ = writeln!(out, "  log        {}", plain(&file.display().to_string()));
    }
    out
}

/// `2 d 3 h`, `3 h 4 min`, `5 s`.
fn span(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, _) => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

fn pids(folder: &Path) -> Vec<u32> {
    let Ok(files) = fs::read_dir(folder) else { return Vec::new() };
    let lock = |name: String| name.strip_suffix(".lock").and_then(|pid| pid.parse().ok());
    files.flatten().filter_map(|file| lock(file.file_name().into_string().ok()?)).collect()
}

/// Whether somebody holds the lock; a file that nobody holds is what a dead bridge left.
fn is_alive(folder: &Path, pid: u32) -> bool {
    let Ok(Some(file)) = private_file::open(&lock_file(folder, pid)) else { return false };
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => true,
        Err(TryLockError::Error(_)) => false,
        Ok(()) => {
            remove(folder, pid);
            false
        }
    }
}

fn remove(folder: &Path, pid: u32) {
    let _ = fs::remove_file(text_file(folder, pid));
    let _ = fs::remove_file(lock_file(folder, pid));
}

fn lock_file(folder: &Path, pid: u32) -> PathBuf {
    folder.join(format!("{pid}.lock"))
}

fn text_file(folder: &Path, pid: u32) -> PathBuf {
    folder.join(format!("{pid}.json"))
}

#[cfg(unix)]
fn parent() -> Option<u32> {
    Some(std::os::unix::process::parent_id())
}

#[cfg(not(unix))]
fn parent() -> Option<u32> {
    None
}

/// The name of a process, where the system tells it in a file.
fn name_of(pid: u32) -> Option<String> {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_at_most_two_units() {
        let spans: Vec<_> = [0, 59, 60, 3599, 3700, 90_061].into_iter().map(span).collect();
        assert_eq!(spans, ["0 s", "59 s", "1 min", "59 min", "1 h 1 min", "1 d 1 h"]);
    }
}
