//! The configuration files of hosts: where each host keeps its own, what its entries look like, and
//! edits that leave everything else in the file as it was. Knows nothing of what an entry connects
//! to; the bridge itself never looks here.

mod document;
mod entry;
mod file;
mod json;
mod mcp_remote;
mod table;
mod toml;

use std::collections::HashSet;
use std::path::PathBuf;

pub use document::{Document, Flaw, snippet};
pub use entry::{Entry, NewEntry, Place};
pub use file::{FileError, HostFile, Saved};
pub use mcp_remote::{McpRemote, mcp_remote};
pub use table::{Folders, Format, HOSTS, Host, MOVING_VARIABLES, Scope};

/// The configuration files of known hosts that exist, each once: those of this user, then those of
/// the current folder. A file that is both, because the current folder is the home folder or links
/// lead there, is the user's.
pub fn found(folders: &Folders) -> Vec<(&'static Host, Scope, PathBuf)> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for scope in [Scope::User, Scope::Project] {
        for host in &HOSTS {
            for path in host.files(scope, folders) {
                if seen.insert(std::fs::canonicalize(&path).unwrap_or_else(|_| path.clone())) {
                    found.push((host, scope, path));
                }
            }
        }
    }
    // Host by host, as people read it.
    found.sort_by_key(|(host, ..)| host.id);
    found
}
