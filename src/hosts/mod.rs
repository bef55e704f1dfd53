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

use std::path::PathBuf;

pub use document::{Document, Flaw, snippet};
pub use entry::{Entry, NewEntry, Place};
pub use file::{FileError, HostFile, Saved};
pub use mcp_remote::{McpRemote, mcp_remote};
pub use table::{Folders, Format, HOSTS, Host, MOVING_VARIABLES, Scope};

/// The configuration files of known hosts that exist, for this user and for the current folder.
pub fn found(folders: &Folders) -> Vec<(&'static Host, Scope, PathBuf)> {
    let scopes = [Scope::User, Scope::Project];
    let places = HOSTS.iter().flat_map(|host| scopes.map(|scope| (host, scope)));
    let files = |(host, scope): (&'static Host, Scope)| {
        let files = host.files(scope, folders).into_iter();
        files.map(move |path| (host, scope, path))
    };
    places.flat_map(files).collect()
}
