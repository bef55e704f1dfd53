//! Chooses the hosts of a command: by name, all installed ones, or those that the user selects from
//! a list.

use std::path::PathBuf;

use super::no_file::{HOSTS_WITHOUT_FILE, HOSTS_WITHOUT_PROGRAMS};
use crate::environment::{Environment, stdin_is_terminal, to_stderr};
use crate::error::{Error, Result};
use crate::hosts::{HOSTS, HostFolders, KnownHost};
use crate::redact::plain;
use crate::settings::nearest;

/// Other names of hosts: former names, and their vendors'.
const OTHER_NAMES: [(&str, &str); 8] = [
    ("claude", "claude-code"),
    ("code", "vscode"),
    ("copilot-cli", "copilot"),
    ("devin", "windsurf"),
    ("gemini-cli", "gemini"),
    ("kilo-code", "kilo"),
    ("lmstudio", "lm-studio"),
    ("q", "amazon-q"),
];

/// The hosts, as typed.
#[derive(Clone, Debug, Default)]
pub struct HostChoice {
    /// The ids.
    pub names: Vec<String>,
    /// Whether to use all installed hosts.
    pub all: bool,
}

impl HostChoice {
    /// Whether an entry can only be shown: no host was named, or one that has no file.
    pub(super) fn is_shown_without_file(&self) -> bool {
        let is_without_file = |name: &String| {
            HOSTS_WITHOUT_FILE.iter().any(|host| host.id == name.trim().to_lowercase())
        };
        !self.all && self.names.iter().all(is_without_file)
    }
}

/// The chosen hosts. Empty if the user selected none.
///
/// # Errors
/// A host is unknown, none is installed, or none was given and nobody can be asked.
pub(super) fn chosen(
    choice: &HostChoice,
    folders: &HostFolders,
    environment: &Environment,
) -> Result<Vec<&'static KnownHost>> {
    if !choice.names.is_empty() {
        return by_name(&choice.names);
    }
    let here = here(folders, environment);
    match (choice.all, here.is_empty()) {
        (true, true) => Err(Error::failed("no known host was found here")
            .hint("name one: `--host NAME`; `mcp-tether install --help` lists them")),
        (true, false) => Ok(here),
        (false, false) if stdin_is_terminal() => ask(&here),
        (false, _) => Err(error_without_host(&here)),
    }
}

/// The hosts with these names, without duplicates.
///
/// # Errors
/// A host is unknown, or has no file.
pub(super) fn by_name(names: &[String]) -> Result<Vec<&'static KnownHost>> {
    let mut hosts: Vec<&'static KnownHost> = Vec::new();
    for name in names {
        let host = host_by_name(name)?;
        if !hosts.iter().any(|other| other.id == host.id) {
            hosts.push(host);
        }
    }
    Ok(hosts)
}

/// The hosts that seem to be installed.
pub(super) fn here(folders: &HostFolders, environment: &Environment) -> Vec<&'static KnownHost> {
    let path = environment.non_empty("PATH").unwrap_or_default();
    let path: Vec<PathBuf> = std::env::split_paths(&path).filter(|p| p.is_absolute()).collect();
    HOSTS.iter().filter(|host| host.is_here(folders, &path)).collect()
}

/// These hosts, and the hosts whose files they also read.
pub(super) fn with_shared_files(hosts: &[&'static KnownHost]) -> Vec<&'static KnownHost> {
    let mut all = hosts.to_vec();
    for shared in hosts.iter().filter_map(|host| KnownHost::from_id(host.also?)) {
        if !all.iter().any(|host| host.id == shared.id) {
            all.push(shared);
        }
    }
    all
}

fn host_by_name(name: &str) -> Result<&'static KnownHost> {
    let id = name.trim().to_lowercase().replace([' ', '_'], "-");
    let other = OTHER_NAMES.iter().find(|(other, _)| *other == id);
    let id = other.map_or(id.as_str(), |(_, id)| id);
    if let Some(host) = HOSTS_WITHOUT_FILE.iter().find(|host| host.id == id) {
        return Err(Error::usage(format!("{} does not keep its servers in a file", host.title))
            .hint(format!("print the entry with `--host {id} --print`"))
            .hint(format!("and paste it there: {}", host.place)));
    }
    if let Some((_, title)) = HOSTS_WITHOUT_PROGRAMS.iter().find(|(other, _)| *other == id) {
        return Err(Error::usage(format!("{title} starts no programs on this machine"))
            .hint("give it the URL of the server itself, in its settings"));
    }
    KnownHost::from_id(id).ok_or_else(|| {
        let error = Error::usage(format!("unknown host `{}`", plain(name)));
        let ids = || HOSTS.iter().map(|host| host.id);
        match nearest(id, ids()) {
            Some(near) => error.hint(format!("did you mean `--host {near}`?")),
            None => error.hint(format!("known hosts: {}", ids().collect::<Vec<_>>().join(", "))),
        }
    })
}

fn error_without_host(here: &[&'static KnownHost]) -> Error {
    let error = Error::usage("no host was given");
    let ids: Vec<&str> = here.iter().map(|host| host.id).collect();
    let all: Vec<&str> = HOSTS.iter().map(|host| host.id).collect();
    let known = format!("known hosts: {}", all.join(", "));
    match ids.first() {
        Some(first) => error
            .hint(format!("name one: `--host {first}`"))
            .hint(format!("or take all that were found here with `--all`: {}", ids.join(", ")))
            .hint(known),
        None => error.hint("none was found here; name one: `--host NAME`").hint(known),
    }
}

/// Shows the hosts and asks for their numbers.
fn ask(here: &[&'static KnownHost]) -> Result<Vec<&'static KnownHost>> {
    let mut question = "hosts found here:\n".to_owned();
    for (number, host) in here.iter().enumerate() {
        question += &format!("  {:2}  {}\n", number + 1, host.title);
    }
    question += "which ones? [numbers, `all`, or nothing to stop] ";
    to_stderr(&question);
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(|error| {
        Error::failed(format!("cannot read the answer: {error}"))
            .hint("name the hosts with `--host NAME`, or take all with `--all`")
    })?;
    answered(&answer, here)
}

fn answered(answer: &str, here: &[&'static KnownHost]) -> Result<Vec<&'static KnownHost>> {
    if answer.trim().eq_ignore_ascii_case("all") {
        return Ok(here.to_vec());
    }
    let mut hosts: Vec<&'static KnownHost> = Vec::new();
    for word in answer.split([',', ' ', '\t']).map(str::trim).filter(|word| !word.is_empty()) {
        let numbered =
            word.parse::<usize>().ok().and_then(|number| here.get(number.checked_sub(1)?));
        let host = match numbered {
            Some(host) => host,
            None if word.bytes().all(|byte| byte.is_ascii_digit()) => {
                let last = here.len();
                return Err(Error::usage(format!("`{word}` is not a number from 1 to {last}"))
                    .hint("run the command again"));
            }
            None => host_by_name(word)?,
        };
        if !hosts.iter().any(|other| other.id == host.id) {
            hosts.push(host);
        }
    }
    Ok(hosts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_numbers_names_all_or_nothing() {
        let here: Vec<&'static KnownHost> = HOSTS.iter().take(3).collect();
        let ids = |answer: &str| -> Vec<&str> {
            answered(answer, &here).unwrap().iter().map(|host| host.id).collect()
        };
        assert_eq!(ids("1, 3 3\n"), [HOSTS[0].id, HOSTS[2].id]);
        assert_eq!(ids("ALL\n").len(), 3);
        assert_eq!(ids("zed\n"), ["zed"]);
        assert!(ids("\n").is_empty() && ids("").is_empty());
        for refused in ["4", "0", "99999999999999999999", "emacs"] {
            assert!(answered(refused, &here).is_err(), "{refused}");
        }
    }
}
