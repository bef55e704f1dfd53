//! The configuration files of hosts: where each host keeps its file, how to read its entries, and
//! edits that leave the rest of the file unchanged. The commands use it, and the bridge does not.

mod document;
mod entry;
mod file;
mod json;
mod mcp_remote;
mod syntax_error;
mod table;
mod toml;

use std::collections::HashSet;
use std::path::PathBuf;

pub use document::Document;
pub(crate) use document::snippet;
pub use entry::{EntryPlace, HostEntry, NewEntry};
pub use file::{FileError, HostFile, SavedFile};
pub(crate) use mcp_remote::{McpRemote, mcp_remote};
pub use syntax_error::SyntaxError;
pub(crate) use table::MOVING_VARIABLES;
pub use table::{Format, HOSTS, HostFolders, KnownHost, Scope};

/// The configuration files of supported hosts that exist, without duplicates. A file that belongs to
/// both scopes, because the current folder is the home folder, counts as the user's.
pub(crate) fn found(folders: &HostFolders) -> Vec<(&'static KnownHost, Scope, PathBuf)> {
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
    // People read the list host by host.
    found.sort_by_key(|(host, ..)| host.id);
    found
}
