//! The process that holds a lock, as recorded beside the lock file for people. No decision depends
//! on it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::record::now;

/// The process that holds a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LockOwner {
    pub(super) pid: u32,
    /// The program that started the process, if the platform reveals it.
    host: Option<String>,
    /// When it took the lock, in Unix milliseconds.
    since: u64,
}

impl LockOwner {
    /// This process, from now on.
    pub(super) fn this_process() -> Self {
        Self { pid: std::process::id(), host: parent_program(), since: now() }
    }
}

impl fmt::Display for LockOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.pid)?;
        if let Some(host) = &self.host {
            write!(f, ", started by `{host}`,")?;
        }
        write!(f, " for {} s", now().saturating_sub(self.since) / 1000)
    }
}

#[cfg(target_os = "linux")]
fn parent_program() -> Option<String> {
    let parent = std::os::unix::process::parent_id();
    let name = std::fs::read_to_string(format!("/proc/{parent}/comm")).ok()?;
    Some(crate::redact::plain(name.trim()))
}

#[cfg(not(target_os = "linux"))]
fn parent_program() -> Option<String> {
    None
}
