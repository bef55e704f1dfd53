//! What `install`, `uninstall` and `migrate` share: finds hosts and their files, recognizes entries
//! that start this program, and describes what was saved.

use std::path::{Path, PathBuf};

use crate::environment::{Environment, to_stderr, to_stdout};
use crate::error::{Error, ExitCode, Result};
use crate::hosts::{
    HOSTS, HostEntry, HostFolders, KnownHost, MOVING_VARIABLES, SavedFile, Scope, found,
};
use crate::redact::plain;
use crate::settings::nearest;

/// The name of this program in entries.
const PROGRAM: &str = "mcp-tether";

/// The folders of the hosts' configuration files.
pub(super) fn folders(environment: &Environment) -> HostFolders {
    let moved = |name: &'static str| Some((name, PathBuf::from(environment.non_empty(name)?)));
    HostFolders {
        home: environment.home(),
        settings: environment.programs_settings_folder(),
        project: std::env::current_dir().ok(),
        moved: MOVING_VARIABLES.into_iter().filter_map(moved).collect(),
    }
}

/// The hosts with these names.
///
/// # Errors
/// A host is unknown, or no name was given.
pub(super) fn hosts_by_name(
    names: &[String],
    folders: &HostFolders,
) -> Result<Vec<&'static KnownHost>> {
    if names.is_empty() {
        return Err(error_without_host(folders));
    }
    names.iter().map(|name| host_by_name(name)).collect()
}

fn host_by_name(name: &str) -> Result<&'static KnownHost> {
    let id = name.trim().to_lowercase().replace([' ', '_'], "-");
    KnownHost::from_id(&id).ok_or_else(|| {
        let error = Error::usage(format!("unknown host `{}`", plain(name)));
        let ids = || HOSTS.iter().map(|host| host.id);
        match nearest(&id, ids()) {
            Some(near) => error.hint(format!("did you mean `--host {near}`?")),
            None => error.hint(format!("known hosts: {}", ids().collect::<Vec<_>>().join(", "))),
        }
    })
}

fn error_without_host(folders: &HostFolders) -> Error {
    let mut here: Vec<&str> = found(folders).iter().map(|(host, _, _)| host.id).collect();
    here.dedup();
    let error = Error::usage("no host was given");
    let all: Vec<&str> = HOSTS.iter().map(|host| host.id).collect();
    let error = match here.first() {
        Some(first) => error
            .hint(format!("name one: `--host {first}`"))
            .hint(format!("hosts with a configuration here: {}", here.join(", "))),
        None => error,
    };
    error.hint(format!("known hosts: {}", all.join(", ")))
}

/// The file of a host for this scope.
///
/// # Errors
/// The host has no file in this scope, or its folder is unknown.
pub(super) fn file_of(host: &KnownHost, scope: Scope, folders: &HostFolders) -> Result<PathBuf> {
    host.file(scope, folders).ok_or_else(|| match scope {
        Scope::Project if !host.has_project_file() => {
            Error::usage(format!("{} has no configuration for a single project", host.title))
                .hint("leave out `--scope`")
        }
        Scope::Project => Error::failed("the current folder is unknown"),
        Scope::User => {
            Error::failed(format!("there is no home folder to look for {}'s file in", host.title))
                .hint("set `HOME`, or paste what `--print` shows")
        }
    })
}

/// Runs the work for each host, and continues after a failure.
///
/// # Errors
/// The work failed for the only host. With several hosts, failures are printed.
pub(super) fn for_each(
    hosts: &[&'static KnownHost],
    work: impl Fn(&'static KnownHost) -> Result<String>,
) -> Result<ExitCode> {
    let mut code = ExitCode::Ok;
    for host in hosts {
        match work(host) {
            Ok(report) => to_stdout(&report),
            Err(error) if hosts.len() == 1 => return Err(error),
            Err(error) => {
                code = error.exit_code();
                to_stderr(&format!("{error}\n"));
            }
        }
    }
    Ok(code)
}

/// Refuses to run under `sudo`, where files would belong to root or be in root's home.
///
/// # Errors
/// The process runs as root through `sudo`.
pub(super) fn refuse_sudo(environment: &Environment) -> Result<()> {
    let user = environment.non_empty("SUDO_USER").filter(|user| user != "root");
    match user {
        Some(user) if is_root() => Err(Error::usage(format!(
            "`sudo` would change the configuration of root and not that of `{}`",
            plain(&user)
        ))
        .hint("run the same command without `sudo`")),
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

/// An absolute path of this program that stays valid after an update: the link on `PATH` if a
/// package manager keeps one.
///
/// # Errors
/// The path is unknown, or is not UTF-8.
pub(super) fn own_program(environment: &Environment) -> Result<String> {
    let unknown = |error| Error::failed(format!("cannot determine where this program is: {error}"));
    let running = std::env::current_exe().map_err(unknown)?;
    let name = running.file_name().unwrap_or_default();
    let same = |path: &PathBuf| match (std::fs::canonicalize(path), std::fs::canonicalize(&running))
    {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    };
    let path = environment.non_empty("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(same);
    let program = on_path.unwrap_or(running);
    let text = program.to_str().map(str::to_owned);
    text.ok_or_else(|| {
        let shown = plain(&program.display().to_string());
        Error::failed(format!("the path of this program is not UTF-8: `{shown}`"))
            .hint("move it to a folder with a plain name: configurations are UTF-8")
    })
}

/// Returns whether an entry starts this program, whatever its path.
pub(super) fn is_ours(words: &[String]) -> bool {
    let program = words.first().map(|word| word.replace('\\', "/")).unwrap_or_default();
    let name = Path::new(&program).file_stem().unwrap_or_default();
    name == PROGRAM || words.iter().take(4).any(|word| word.split('@').next() == Some(PROGRAM))
}

/// The URL of the server in an entry that starts this program.
pub(super) fn url_of(words: &[String]) -> Option<&str> {
    words
        .iter()
        .map(String::as_str)
        .find(|word| word.starts_with("https://") || word.starts_with("http://"))
}

/// Describes where an entry is in its file.
pub(super) fn position(entry: &HostEntry) -> String {
    format!("`{}` (line {})", plain(&entry.place.name), entry.line)
}

/// The lines of a report that say what was saved, and what was created beside it.
pub(super) fn saved_lines(host: &KnownHost, path: &Path, saved: &SavedFile) -> String {
    let mut out = format!("  file    {}\n", plain(&path.display().to_string()));
    if let Some(backup) = &saved.backup {
        out += &format!("  backup  {}\n", plain(&backup.display().to_string()));
    }
    if let Some(folder) = &saved.created_folder {
        let folder = plain(&folder.display().to_string());
        out += &format!("  note    `{folder}` did not exist: is {} installed?\n", host.title);
    }
    out
}
