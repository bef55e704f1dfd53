//! The configuration files of hosts: where each host keeps its file, how to read its entries, and
//! edits that leave the rest of the file unchanged. The commands use it, and the bridge does not.

mod backup;
mod document;
mod entry;
mod entry_shape;
mod failed_access;
mod file;
mod file_lock;
mod json;
mod known_host;
mod links;
mod other_bridge;
mod places;
mod syntax_error;
mod table;
mod toml;
mod yaml;

use std::collections::HashSet;
use std::path::PathBuf;

pub use document::Document;
pub(crate) use document::snippet;
pub use entry::{EntryPlace, HostEntry, Nesting, NewEntry};
pub use entry_shape::{Expansion, Field, Format};
pub(crate) use failed_access::reason;
pub use file::{FileError, HostFile, SavedFile};
pub use known_host::{Evidence, KnownHost};
pub(crate) use other_bridge::{OtherBridge, other_bridge, own_arguments};
pub use places::{HostFolders, OperatingSystem, Scope};
pub use syntax_error::SyntaxError;
pub use table::HOSTS;
pub(crate) use table::{CLAUDE_DESKTOP, moving_variables};

/// The configuration files of supported hosts that exist, without duplicates. A file that belongs
/// to both scopes, because the current folder is the home folder, counts as the user's. Hosts that
/// read different keys of one file each have it.
pub(crate) fn found(folders: &HostFolders) -> Vec<(&'static KnownHost, Scope, PathBuf)> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for scope in [Scope::User, Scope::Project] {
        for host in &HOSTS {
            for path in host.files(scope, folders) {
                let target = std::fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
                let key = host.shape_of(&path).1[0];
                if seen.insert((target, key)) {
                    found.push((host, scope, path));
                }
            }
        }
    }
    // People read the list host by host.
    found.sort_by_key(|(host, ..)| host.id);
    found
}
