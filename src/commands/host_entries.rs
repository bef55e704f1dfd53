//! What `install`, `uninstall` and `migrate` share: which hosts were meant, where their files are,
//! how this program is named in an entry, and what of a change may be shown.

use std::path::{Path, PathBuf};

use crate::environment::{Environment, to_stderr, to_stdout};
use crate::error::{Error, ExitCode, Result};
use crate::hosts::{Entry, Folders, HOSTS, Host, MOVING_VARIABLES, Saved, Scope, found};
use crate::redact::plain;
use crate::settings::nearest;

/// The name of this program in entries.
const PROGRAM: &str = "mcp-tether";

/// The folders in which hosts keep their files.
pub fn folders(environment: &Environment) -> Folders {
    let moved = |name: &'static str| Some((name, PathBuf::from(environment.non_empty(name)?)));
    Folders {
        home: environment.home(),
        settings: environment.programs_settings_folder(),
        project: std::env::current_dir().ok(),
        moved: MOVING_VARIABLES.into_iter().filter_map(moved).collect(),
    }
}

/// The hosts of these names; a wrong one is an error that says what was meant.
pub fn named(names: &[String], folders: &Folders) -> Result<Vec<&'static Host>> {
    if names.is_empty() {
        return Err(which_host(folders));
    }
    names.iter().map(|name| one(name)).collect()
}

fn one(name: &str) -> Result<&'static Host> {
    let id = name.trim().to_lowercase().replace([' ', '_'], "-");
    Host::from_id(&id).ok_or_else(|| {
        let error = Error::usage(format!("no host is called `{}`", plain(name)));
        let ids = || HOSTS.iter().map(|host| host.id);
        match nearest(&id, ids()) {
            Some(near) => error.hint(format!("did you mean `--host {near}`?")),
            None => error.hint(format!("known hosts: {}", ids().collect::<Vec<_>>().join(", "))),
        }
    })
}

fn which_host(folders: &Folders) -> Error {
    let mut here: Vec<&str> = found(folders).iter().map(|(host, _, _)| host.id).collect();
    here.dedup();
    let error = Error::usage("no host was named");
    let all: Vec<&str> = HOSTS.iter().map(|host| host.id).collect();
    let error = match here.first() {
        Some(first) => error
            .hint(format!("say which: `--host {first}`"))
            .hint(format!("with a configuration here: {}", here.join(", "))),
        None => error,
    };
    error.hint(format!("known hosts: {}", all.join(", ")))
}

/// The file of a host for this scope.
pub fn file_of(host: &Host, scope: Scope, folders: &Folders) -> Result<PathBuf> {
    host.file(scope, folders).ok_or_else(|| match scope {
        Scope::Project if !host.has_project_file() => {
            Error::usage(format!("{} has no configuration for a single project", host.title))
                .hint("leave `--scope` out")
        }
        Scope::Project => Error::failed("the current folder cannot be found out"),
        Scope::User => {
            Error::failed(format!("no home folder to look for the file of {} in", host.title))
                .hint("set `HOME`, or paste what `--print` shows")
        }
    })
}

/// Runs the work for each host; one that fails does not keep the others from theirs.
pub fn for_each(
    hosts: &[&'static Host],
    work: impl Fn(&'static Host) -> Result<String>,
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

/// Under `sudo` the files would be root's: in root's home, or unreadable for the host.
pub fn refuse_sudo(environment: &Environment) -> Result<()> {
    let user = environment.non_empty("SUDO_USER").filter(|user| user != "root");
    match user {
        Some(user) if is_root() => Err(Error::usage(format!(
            "`sudo` would write the configuration of root, and not that of `{}`",
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

/// The absolute path of this program, as it will still be after an update: where a package manager
/// keeps a link on `PATH`, that link.
pub fn own_program(environment: &Environment) -> Result<String> {
    let unknown = |error| Error::failed(format!("cannot find out where this program is: {error}"));
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

/// Whether an entry starts this program, wherever it lies.
pub fn is_ours(words: &[String]) -> bool {
    let program = words.first().map(|word| word.replace('\\', "/")).unwrap_or_default();
    let name = Path::new(&program).file_stem().unwrap_or_default();
    name == PROGRAM || words.iter().take(4).any(|word| word.split('@').next() == Some(PROGRAM))
}

/// The URL that an entry of ours names.
pub fn url_of(words: &[String]) -> Option<&str> {
    words
        .iter()
        .map(String::as_str)
        .find(|word| word.starts_with("https://") || word.starts_with("http://"))
}

/// Where an entry stands, for a person.
pub fn position(entry: &Entry) -> String {
    format!("`{}` (line {})", plain(&entry.place.name), entry.line)
}

/// What saving left beside the file, as lines of a report.
pub fn saved_lines(host: &Host, path: &Path, saved: &Saved) -> String {
    let mut out = format!("  file    {}\n", plain(&path.display().to_string()));
    if let Some(backup) = &saved.backup {
        out += &format!("  backup  {}\n", plain(&backup.display().to_string()));
    }
    if let Some(folder) = &saved.made_folder {
        let folder = plain(&folder.display().to_string());
        out += &format!("  note    `{folder}` was not there: is {} installed?\n", host.title);
    }
    out
}
