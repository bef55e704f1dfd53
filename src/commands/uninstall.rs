//! `mcp-tether uninstall`: removes the entry for a server from the configurations of hosts, and
//! restores a file to its state before `install` if nothing else has changed in it. Removes no
//! sign-ins.

use std::path::{Path, PathBuf};

use super::chosen_hosts::{by_name, with_shared_files};
use super::displayed_change::display_change;
use super::host_entries::{
    folders, is_ours, note_without_home, proposed_change, refuse_sudo, retry_if_changed, server_of,
    with_saved,
};
use crate::environment::{CommandOutcome, Environment, print_error};
use crate::error::{Error, ExitCode, Result};
use crate::hosts::{FileError, HOSTS, HostEntry, HostFile, HostFolders, KnownHost, Scope, found};
use crate::redact::{plain, shown_words};

const NOTE_ON_SIGN_IN: &str = "a stored sign-in is not removed; `mcp-tether logout URL` does that";

/// The options of an uninstallation, as typed.
#[derive(Clone, Debug)]
pub(crate) struct UninstallOptions {
    /// The name of the entry, or the URL of the server.
    pub(crate) target: String,
    /// The ids of the hosts; all if empty.
    pub(crate) hosts: Vec<String>,
    /// Which configurations to change; all if `None`.
    pub(crate) scope: Option<Scope>,
    /// Only show the change.
    pub(crate) dry_run: bool,
}

/// A file that may contain the entry.
struct Place {
    host: &'static KnownHost,
    scope: Scope,
    path: PathBuf,
}

/// The result for a file.
enum Removal {
    /// The entry was removed.
    Removed(Box<CommandOutcome>),
    Absent,
    /// There are only entries with this name for other folders, which stay.
    Elsewhere(Vec<String>),
}

/// Removes the entry from every file of the hosts.
///
/// # Errors
/// A host is unknown, the only file cannot be changed, or no file has the entry.
pub(crate) fn run(options: &UninstallOptions, environment: &Environment) -> Result<ExitCode> {
    let folders = folders(environment);
    let hosts = if options.hosts.is_empty() {
        HOSTS.iter().collect()
    } else {
        with_shared_files(&by_name(&options.hosts)?)
    };
    if !options.dry_run {
        refuse_sudo(environment)?;
    }
    note_without_home(&folders);
    let places: Vec<Place> = found(&folders)
        .into_iter()
        .filter(|(host, scope, _)| {
            hosts.iter().any(|chosen| chosen.id == host.id)
                && options.scope.is_none_or(|chosen| chosen == *scope)
        })
        .map(|(host, scope, path)| Place { host, scope, path })
        .collect();
    let (mut removed, mut elsewhere, mut failed) = (false, Vec::new(), Vec::new());
    for place in &places {
        match retry_if_changed(|| remove(place, options, &folders)) {
            Ok(Removal::Removed(outcome)) => {
                // Once is enough.
                let keeps_sign_in = !removed && !options.dry_run;
                removed = true;
                match keeps_sign_in {
                    true => outcome.note(NOTE_ON_SIGN_IN).print(),
                    false => outcome.print(),
                }
            }
            Ok(Removal::Absent) => {}
            Ok(Removal::Elsewhere(folders)) => elsewhere.extend(folders),
            Err(error) => failed.push(error),
        }
    }
    let last = failed.pop();
    for error in failed {
        print_error(&error);
    }
    match last {
        Some(error) => Err(error),
        None if removed => Ok(ExitCode::Ok),
        None => Err(error_for_absent(options, &hosts, &elsewhere)),
    }
}

fn error_for_absent(
    options: &UninstallOptions,
    hosts: &[&'static KnownHost],
    elsewhere: &[String],
) -> Error {
    let target = shown_words(options.target.trim());
    let who = match hosts.first() {
        Some(host) if !options.hosts.is_empty() => host.title,
        _ => "no host",
    };
    let has = if options.hosts.is_empty() { "has an" } else { "has no" };
    let error = Error::failed(format!("{who} {has} entry `{target}`"));
    match elsewhere.first() {
        Some(folder) => error.hint(format!("it is an entry for `{folder}`: run the command there")),
        None => error.hint("list the entries: `mcp-tether hosts`"),
    }
}

fn remove(
    place: &Place,
    options: &UninstallOptions,
    folders: &HostFolders,
) -> std::result::Result<Removal, FileError> {
    let Place { host, scope, path } = place;
    let mut file = HostFile::open(host, *scope, path)?;
    let target = options.target.trim();
    let is_meant = |entry: &&HostEntry| {
        entry.place.name == target || server_of(&entry.words).as_deref() == Some(target)
    };
    let meant: Vec<HostEntry> = file.document.entries().iter().filter(is_meant).cloned().collect();
    let (entries, others): (Vec<_>, Vec<_>) =
        meant.into_iter().partition(|entry| is_for_here(&file, entry, folders));
    let ours: Vec<&HostEntry> = entries.iter().filter(|entry| is_ours(&entry.words)).collect();
    if let Some(other) = entries.iter().find(|entry| !is_ours(&entry.words)) {
        return Err(error_for_another_program(other, path).into());
    }
    if ours.is_empty() {
        let of_ours = others.iter().filter(|entry| is_ours(&entry.words));
        let shown: Vec<String> = of_ours.filter_map(folder_of).map(plain).collect();
        return Ok(if shown.is_empty() { Removal::Absent } else { Removal::Elsewhere(shown) });
    }
    for entry in &ours {
        file.document.remove(&entry.place);
    }
    if options.dry_run {
        let (difference, is_removed) = file.difference_undone()?;
        let mut change = proposed_change(host, path, &display_change(&difference));
        if is_removed {
            change = change.note("nothing is left in the file, so it will be removed");
        }
        return Ok(Removal::Removed(Box::new(change)));
    }
    let names: Vec<String> =
        ours.iter().map(|entry| format!("`{}`", plain(&entry.place.name))).collect();
    let sentence = format!("removed {} from {}", names.join(", "), host.title);
    let saved = file.save_undone(*scope == Scope::User, folders)?;
    let outcome = with_saved(CommandOutcome::new("removed", sentence), host, path, &saved);
    Ok(Removal::Removed(Box::new(outcome)))
}

/// Whether an entry applies everywhere or to the current folder.
fn is_for_here(file: &HostFile, entry: &HostEntry, folders: &HostFolders) -> bool {
    if !file.document.is_local(&entry.place) {
        return true;
    }
    let (Some(folder), Some(here)) = (folder_of(entry), &folders.project) else { return false };
    let folder = Path::new(folder);
    let is_same = || Ok::<_, std::io::Error>(folder.canonicalize()? == here.canonicalize()?);
    folder == here || is_same().unwrap_or(false)
}

/// The folder of a local entry, as the host has written it.
fn folder_of(entry: &HostEntry) -> Option<&str> {
    entry.place.section.get(1).map(String::as_str)
}

fn error_for_another_program(entry: &HostEntry, path: &Path) -> Error {
    let (name, line) = (plain(&entry.place.name), entry.line);
    let path = plain(&path.display().to_string());
    Error::failed(format!("`{name}` does not start mcp-tether: `{path}`, line {line}"))
        .hint("if you want to remove it, do so by hand")
}

#[cfg(test)]
mod tests;
