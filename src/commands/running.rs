//! `mcp-tether status --running`: lists the bridges that are running. Each bridge writes a small
//! file about itself and holds a lock, which shows that it is alive; the files of killed bridges
//! are removed. Nothing is sent to a bridge.

use std::fmt::Write as _;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::bridge::{Activity, Observer};
use crate::environment::{Environment, to_stderr, to_stdout};
use crate::error::ExitCode;
use crate::platform::private_file::{self, Durability};
use crate::platform::{Clock, SystemClock};
use crate::redact::plain;

/// The folder in the state folder.
const FOLDER: &str = "running";
/// The largest file of a bridge that is read, in bytes.
const FILE_LIMIT: u64 = 64 * 1024;

/// The facts about a bridge that do not change while it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BridgeIdentity {
    pub(crate) pid: u32,
    /// The process that started it.
    host_pid: Option<u32>,
    /// The name of that process, if the system provides it.
    host: Option<String>,
    /// The server's URL, without credentials and values of its query.
    pub(crate) server: String,
    account: Option<String>,
    /// When it started, in seconds since 1970.
    started: u64,
    version: String,
    pub(crate) log_file: Option<PathBuf>,
}

/// A running bridge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RunningBridge {
    #[serde(flatten)]
    pub(crate) identity: BridgeIdentity,
    #[serde(flatten)]
    pub(crate) activity: Activity,
}

impl BridgeIdentity {
    /// This process, as a bridge to `server`.
    pub(super) fn of_process(
        server: String,
        account: Option<String>,
        log_file: Option<PathBuf>,
    ) -> Self {
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

    /// Writes the file of this bridge below the state folder at each change of its activity. An
    /// error is only logged.
    pub(super) fn observer(self, state: &Path) -> Observer {
        let folder = state.join(FOLDER);
        let mut files: Option<BridgeFiles> = None;
        Observer::new(move |activity| {
            let running = RunningBridge { identity: self.clone(), activity: activity.clone() };
            let written = match &files {
                Some(files) => files.write(&running),
                None => BridgeFiles::create(&folder, self.pid).and_then(|created| {
                    created.write(&running)?;
                    files = Some(created);
                    Ok(())
                }),
            };
            if let Err(error) = written {
                tracing::debug!(%error, "`status --running` cannot list this bridge");
            }
        })
    }
}

/// The two files of this bridge, which are removed when it ends.
struct BridgeFiles {
    folder: PathBuf,
    pid: u32,
    /// The system releases this lock when the process ends.
    _lock: File,
}

impl BridgeFiles {
    fn create(folder: &Path, pid: u32) -> anyhow::Result<Self> {
        private_file::create_folder(folder)?;
        let lock = private_file::open_lock(&lock_file(folder, pid))?;
        lock.try_lock().map_err(anyhow::Error::from)?;
        Ok(Self { folder: folder.to_owned(), pid, _lock: lock })
    }

    fn write(&self, running: &RunningBridge) -> anyhow::Result<()> {
        let text = serde_json::to_vec(running)?;
        private_file::write(&text_file(&self.folder, self.pid), &text, Durability::Process)?;
        Ok(())
    }
}

impl Drop for BridgeFiles {
    fn drop(&mut self) {
        remove(&self.folder, self.pid);
    }
}

/// The running bridges, oldest first. Removes the files of killed ones.
pub(super) fn running_bridges(environment: &Environment) -> Vec<RunningBridge> {
    let paths = environment.paths();
    let Ok(folder) = paths.state().map(|state| state.join(FOLDER)) else { return Vec::new() };
    let mut found: Vec<RunningBridge> = pids(&folder)
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

/// Prints the bridges that are running. If their folder cannot be read, there are none.
pub(crate) fn run(as_json: bool, environment: &Environment) -> ExitCode {
    let found = running_bridges(environment);
    let now = SystemClock.now();
    if as_json {
        to_stdout(&format!("{:#}\n", serde_json::to_value(&found).unwrap_or(Value::Null)));
    } else if found.is_empty() {
        to_stderr(
            "no bridge is running\n\nhint: hosts start them; try one with `mcp-tether demo`\n",
        );
    } else {
        let texts: Vec<_> = found.iter().map(|running| as_text(running, now)).collect();
        to_stdout(&texts.join("\n"));
    }
    ExitCode::Ok
}

fn as_text(running: &RunningBridge, now: u64) -> String {
    let RunningBridge { identity, activity } = running;
    let mut out = plain(&identity.server);
    if let Some(account) = &identity.account {
        let _ = write!(out, " (account {})", plain(account));
    }
    let host = identity.host.as_deref().map_or("a host".into(), plain);
    let host_pid = identity.host_pid.map_or(String::new(), |pid| format!(", pid {pid}"));
    let era = |era: &Option<String>| era.as_deref().map_or("not known yet".into(), plain);
    let transport = activity.transport.as_deref().map_or(String::new(), |t| format!(", {t}"));
    let last = activity.last_error.as_deref();
    let last = last.map_or(String::new(), |kind| format!(", last one: {}", plain(kind)));
    let _ = writeln!(out, "\n  pid        {}, started by {host}{host_pid}", identity.pid);
    let _ = writeln!(out, "  state      {}", plain(&activity.phase));
    let _ = writeln!(out, "  uptime     {}", span(now.saturating_sub(identity.started)));
    let _ = writeln!(out, "  host era   {}", era(&activity.host_era));
    let _ = writeln!(out, "  server era {}{}", era(&activity.server_era), plain(&transport));
    let _ = writeln!(out, "  requests   {}", activity.requests);
    let _ = writeln!(out, "  errors     {}{last}", activity.errors);
    match activity.reopened {
        0 => {}
        1 => out += "  session    reopened once\n",
        count => {
            let _ = writeln!(out, "  session    reopened {count} times");
        }
    }
    if let Some(file) = &identity.log_file {
        let _ = writeln!(out, "  log        {}", plain(&file.display().to_string()));
    }
    out
}

/// A duration such as `2 d 3 h`, `3 h 4 min` or `5 s`.
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

/// Returns whether the lock of a bridge is held. If it is not, removes the files of the bridge.
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

/// The name of a process, on systems that have `/proc`.
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
