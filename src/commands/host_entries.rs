//! Shared by the commands about hosts: the folders of their files, entries that start this program,
//! and descriptions of saved changes.

use std::path::{Path, PathBuf};

use crate::environment::{CommandOutcome, Environment, paint_difference, to_stderr};
use crate::error::{Error, Result};
use crate::hosts::{
    FileError, HostEntry, HostFolders, KnownHost, OperatingSystem, SavedFile, Scope,
    moving_variables, own_arguments,
};
use crate::redact::plain;
use crate::settings::{Setting, ValueKind};

/// How often an edit is attempted if other programs keep changing the file.
const MAX_ATTEMPTS: usize = 50;
/// The name of this program in entries.
pub(super) const PROGRAM: &str = "mcp-tether";

/// The folders of the hosts' configuration files.
pub(super) fn folders(environment: &Environment) -> HostFolders {
    let moved = |name: &'static str| {
        let value = environment.non_empty(name).filter(|value| !value.trim().is_empty())?;
        Some((name, PathBuf::from(value)))
    };
    HostFolders {
        system: OperatingSystem::of_this_build(),
        home: environment.home(),
        settings: environment.programs_settings_folder(),
        config: environment.dot_config_folder(),
        local: environment.programs_local_folder(),
        project: std::env::current_dir().ok(),
        moved: moving_variables().filter_map(moved).collect(),
    }
}

/// The files of a host for new entries in this scope.
///
/// # Errors
/// The host has no file in this scope or on this system, or its folder is unknown.
pub(super) fn files_of(
    host: &KnownHost,
    scope: Scope,
    folders: &HostFolders,
) -> Result<Vec<PathBuf>> {
    let files = host.files_for_new_entries(scope, folders);
    if let Some(file) = files.iter().find(|file| !file.is_absolute()) {
        return Err(error_for_relative(host, file, folders));
    }
    if !files.is_empty() {
        return Ok(files);
    }
    Err(match scope {
        Scope::Project if !host.has_project_file() => {
            Error::usage(format!("{} has no configuration for a single project", host.title))
                .hint("leave out `--scope`")
        }
        Scope::Project => Error::failed("the current folder is unknown")
            .hint("change to the folder of the project, or leave out `--scope`"),
        Scope::User if !host.has_user_file(folders) => {
            Error::usage(format!("{} does not run on this system", host.title))
                .hint("print the entry for another machine: `--print`")
        }
        Scope::User => {
            Error::failed(format!("there is no home folder to look for {}'s file in", host.title))
                .hint("set `HOME`, or paste what `--print` shows")
        }
    })
}

/// The error for a variable with an unexpanded `~` or a relative path (S-81), which the host would
/// resolve in its working directory.
fn error_for_relative(host: &KnownHost, file: &Path, folders: &HostFolders) -> Error {
    let is_relative = |(name, path): &&(&'static str, PathBuf)| {
        file.starts_with(path) && host.variables().any(|own| own == *name)
    };
    let moved = folders.moved.iter().find(is_relative).map(|(name, path)| (*name, path.as_path()));
    let home = folders.home.as_deref().map(|home| ("HOME", home));
    let (name, value) = moved.or(home).unwrap_or(("HOME", file));
    let value = plain(&value.display().to_string());
    Error::usage(format!("`{name}` is `{value}`, which is not an absolute path"))
        .hint(format!("set it to the full path of what {} uses", host.title))
}

/// Says that files of the user were not looked for, because nobody knows where they would be.
pub(super) fn note_without_home(folders: &HostFolders) {
    if folders.home.is_none() {
        to_stderr("note: there is no home folder, so only the current folder was looked into\n");
        to_stderr("hint: set `HOME`\n");
    }
}

/// Repeats an edit whose file another program has changed since it was read.
///
/// # Errors
/// The edit fails.
pub(super) fn retry_if_changed<T>(
    edit: impl Fn() -> std::result::Result<T, FileError>,
) -> Result<T> {
    for _ in 1..MAX_ATTEMPTS {
        match edit() {
            Err(FileError::Changed(_)) => {}
            done => return Ok(done?),
        }
    }
    Ok(edit()?)
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
    let unknown = |error| {
        Error::failed(format!("cannot determine where this program is: {error}"))
            .hint("start it by its full path")
    };
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

/// Returns whether an entry starts this program, by itself or through a package runner, a shell or
/// a container (S-80).
pub(super) fn is_ours(words: &[String]) -> bool {
    arguments_of_ours(words).is_some()
}

/// The arguments of this program in an entry that starts it, whatever its file is called.
fn arguments_of_ours(words: &[String]) -> Option<Vec<String>> {
    let is_this_file = |program: &str| {
        let running = std::env::current_exe().and_then(std::fs::canonicalize);
        matches!((std::fs::canonicalize(program), running), (Ok(one), Ok(other)) if one == other)
    };
    let renamed = || words.split_first().filter(|(program, _)| is_this_file(program));
    own_arguments(words).or_else(|| Some(renamed()?.1.to_vec()))
}

/// The URL of the server in an entry that starts this program. `None` if it starts something else.
pub(super) fn server_of(words: &[String]) -> Option<String> {
    url_of(&arguments_of_ours(words)?).map(str::to_owned)
}

/// Whether two entries start this program for the same URL.
pub(super) fn are_for_one_server(one: &[String], other: &[String]) -> bool {
    let server = server_of(one);
    server.is_some() && server == server_of(other)
}

/// The URL of the server in arguments of this program: the first URL that is not the value of a
/// flag.
pub(super) fn url_of(arguments: &[String]) -> Option<&str> {
    let has_value = |word: &str| {
        let flag = word.strip_prefix("--").and_then(Setting::from_name);
        flag.is_some_and(|setting| setting.kind != ValueKind::Switch)
    };
    let is_value = |place: usize| place > 0 && has_value(&arguments[place - 1]);
    let is_url = |word: &str| word.starts_with("https://") || word.starts_with("http://");
    let words = arguments.iter().enumerate().map(|(place, word)| (place, word.as_str()));
    words.filter(|(_, word)| is_url(word)).find(|(place, _)| !is_value(*place)).map(|(_, url)| url)
}

/// Describes where an entry is in its file.
pub(super) fn position(entry: &HostEntry) -> String {
    format!("`{}` (line {})", plain(&entry.place.name), entry.line)
}

/// Adds the saved file, and files and folders created beside it.
pub(super) fn with_saved(
    outcome: CommandOutcome,
    host: &KnownHost,
    path: &Path,
    saved: &SavedFile,
) -> CommandOutcome {
    let mut outcome = of_host(outcome, host).fact("file", plain(&path.display().to_string()));
    if saved.removed {
        outcome = outcome.note("nothing was left in the file, so it was removed");
    }
    if let Some(backup) = &saved.backup {
        outcome = outcome.fact("backup", plain(&backup.display().to_string()));
    }
    if let Some(folder) = &saved.created_folder {
        let folder = plain(&folder.display().to_string());
        outcome = outcome.note(format!("`{folder}` did not exist: is {} installed?", host.title));
    }
    outcome
}

/// Adds the host, for programs.
pub(super) fn of_host(outcome: CommandOutcome, host: &KnownHost) -> CommandOutcome {
    outcome.member("host", host.id)
}

/// The change that would be made to a host's file.
pub(super) fn proposed_change(host: &KnownHost, path: &Path, difference: &str) -> CommandOutcome {
    let outcome =
        of_host(CommandOutcome::shown("would_change", paint_difference(difference)), host);
    outcome.member("file", path.display().to_string()).member("difference", difference)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn the_server_is_the_first_url_that_is_not_the_value_of_a_flag() {
        for (line, url) in [
            ("https://a.example", Some("https://a.example")),
            ("--debug https://a.example", Some("https://a.example")),
            ("--resource https://r.example https://a.example", Some("https://a.example")),
            ("--proxy http://p.example:8080 http://localhost/mcp", Some("http://localhost/mcp")),
            ("--resource=https://r.example https://a.example", Some("https://a.example")),
            ("--unknown https://a.example", Some("https://a.example")),
            ("3334 https://a.example https://b.example", Some("https://a.example")),
            ("--resource https://r.example", None),
            ("ftp://a.example a.example", None),
            ("", None),
        ] {
            assert_eq!(url_of(&words(line)), url, "{line}");
        }
    }

    /// S-80
    #[test]
    fn an_entry_is_ours_however_it_starts_this_program() {
        for line in [
            "mcp-tether https://a.example",
            "/usr/bin/mcp-tether https://a.example",
            "npx -y mcp-tether https://a.example",
            "docker run -i --rm ghcr.io/x/mcp-tether:1 https://a.example",
        ] {
            assert!(is_ours(&words(line)), "{line}");
            assert_eq!(server_of(&words(line)).as_deref(), Some("https://a.example"), "{line}");
        }
        let own = std::env::current_exe().unwrap().to_str().unwrap().to_owned();
        assert!(is_ours(&[own, "https://a.example".to_owned()]), "by its file, under any name");
        for line in ["npx mcp-remote https://a.example", "node server.js", ""] {
            assert!(!is_ours(&words(line)) && server_of(&words(line)).is_none(), "{line}");
        }
    }

    #[test]
    fn entries_are_for_one_server_if_both_name_it() {
        let are = |one: &str, other: &str| are_for_one_server(&words(one), &words(other));
        assert!(are("mcp-tether https://a", "npx mcp-tether --debug https://a"));
        assert!(!are("mcp-tether https://a", "mcp-tether https://b"));
        assert!(!are("mcp-tether https://a", "mcp-remote https://a"));
        assert!(!are("mcp-tether info", "mcp-tether info"), "neither names a server");
    }

    #[test]
    fn an_edit_is_repeated_while_other_programs_change_the_file() {
        let attempts = Cell::new(0);
        let edit = |succeeds_at: usize| {
            attempts.set(0);
            retry_if_changed(|| {
                attempts.set(attempts.get() + 1);
                if attempts.get() < succeeds_at {
                    return Err(FileError::Changed("/a".into()));
                }
                Ok(attempts.get())
            })
        };
        assert_eq!(edit(1).unwrap(), 1);
        assert_eq!(edit(MAX_ATTEMPTS).unwrap(), MAX_ATTEMPTS);
        assert!(edit(MAX_ATTEMPTS + 1).unwrap_err().message().contains("has changed"));
        assert_eq!(attempts.get(), MAX_ATTEMPTS);
        attempts.set(0);
        let failed: Result<()> = retry_if_changed(|| {
            attempts.set(attempts.get() + 1);
            Err(FileError::Unusable(Error::failed("broken").hint("mend it")))
        });
        assert_eq!((failed.unwrap_err().message(), attempts.get()), ("broken", 1));
    }

    /// S-81
    #[test]
    fn a_host_without_a_file_here_says_why() {
        let home = if cfg!(windows) { "C:\\home" } else { "/home" };
        let whole = folders(&Environment::fixed([("HOME", home)]));
        let refused = |id: &str, scope, folders: &HostFolders| {
            let host = KnownHost::from_id(id).unwrap();
            files_of(host, scope, folders).unwrap_err().message().to_owned()
        };
        assert_eq!(
            files_of(KnownHost::from_id("cursor").unwrap(), Scope::User, &whole).unwrap(),
            { [Path::new(home).join(".cursor/mcp.json")] }
        );
        let message = refused("claude-desktop", Scope::Project, &whole);
        assert!(message.ends_with("has no configuration for a single project"), "{message}");
        let nowhere = HostFolders { project: None, ..whole.clone() };
        assert_eq!(refused("cursor", Scope::Project, &nowhere), "the current folder is unknown");
        let homeless = HostFolders { home: None, ..whole.clone() };
        assert!(refused("cursor", Scope::User, &homeless).starts_with("there is no home folder"));
        let linux = HostFolders { system: OperatingSystem::Linux, ..whole.clone() };
        let message = refused("copilot-xcode", Scope::User, &linux);
        assert!(message.ends_with("does not run on this system"), "{message}");
        let relative = HostFolders { home: Some("home".into()), ..whole };
        let message = refused("cursor", Scope::User, &relative);
        assert_eq!(message, "`HOME` is `home`, which is not an absolute path");
    }
}
