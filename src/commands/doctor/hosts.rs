//! Checks the configurations of hosts: whether they can be read, and whether each entry for this
//! program will start. Of an entry, prints only its name, its program and its server.

use std::collections::HashMap;
use std::path::Path;

use super::check::Check;
use crate::commands::host_entries::{folders, is_ours, position, server_of, url_of};
use crate::commands::literal_secrets::is_secret_header;
use crate::commands::untrusted::ReadCommand;
use crate::environment::Environment;
use crate::error::Error;
use crate::hosts::{HostEntry, HostFile, KnownHost, OtherBridge, Scope, found, other_bridge};
use crate::redact::{display_url, plain};
use crate::shell_words::{shell_word, url_argument};

/// Checks every configuration that exists.
pub(super) fn checks(read: ReadCommand<'_>, environment: &Environment) -> Vec<Check> {
    let mut checks = Vec::new();
    for (host, scope, path) in found(&folders(environment)) {
        match HostFile::open(host, scope, &path) {
            // Another host's file, or one that this host no longer reads.
            Ok(file) if file.is_irrelevant() => {}
            Ok(file) => checks.extend(configuration(host, scope, &file, read)),
            Err(_) if host.is_older_file(&path) => {}
            Err(error) => checks.push(Check::error(host.id, &Error::from(error))),
        }
    }
    if checks.is_empty() {
        let check = Check::ok("configurations", "no supported host has one here");
        return vec![check.next("`mcp-tether install URL --host NAME` writes an entry")];
    }
    checks
}

fn configuration(
    host: &KnownHost,
    scope: Scope,
    file: &HostFile,
    read: ReadCommand<'_>,
) -> Vec<Check> {
    let entries = file.document.entries();
    let mut checks = Vec::new();
    let mut servers: HashMap<String, &HostEntry> = HashMap::new();
    let mut ours = 0;
    for entry in entries {
        if let Some(other) = other_bridge(&entry.words, &entry.variables) {
            checks.push(leftover(host, scope, entry, &other));
            continue;
        }
        if !is_ours(&entry.words) {
            continue;
        }
        ours += 1;
        checks.extend(start(host, scope, entry));
        checks.extend(arguments(host, entry, read));
        if let Some(url) = server_of(&entry.words)
            && let Some(earlier) = servers.insert(url.clone(), entry)
        {
            let shown = display_url(&url);
            let (one, other) = (position(earlier), position(entry));
            let says =
                format!("{one} and {other} both start `{shown}`, so the host has its tools twice");
            let next = format!("`mcp-tether uninstall NAME --host {}{}`", host.id, scope.flag());
            checks.push(Check::warn(host.id, says).next(next));
        }
    }
    let path = plain(&file.path().display().to_string());
    let entries = match entries.len() {
        1 => "1 entry".to_owned(),
        count => format!("{count} entries"),
    };
    let says =
        format!("{} ({}), `{path}`: {entries}, {ours} for mcp-tether", host.title, scope.name());
    checks.insert(0, Check::ok(host.id, says));
    checks
}

fn leftover(host: &KnownHost, scope: Scope, entry: &HostEntry, other: &OtherBridge) -> Check {
    let (at, program) = (position(entry), other.program());
    match other {
        OtherBridge::Started { .. } => Check::warn(host.id, format!("{at} still runs `{program}`"))
            .next(format!("`mcp-tether migrate --host {}{}`", host.id, scope.flag())),
        OtherBridge::Kept { reason, .. } => {
            Check::warn(host.id, format!("{at} mentions `{program}`: {reason}"))
                .next("change it by hand")
        }
    }
}

/// Checks whether the host will find the program: many have a short `PATH`, and start programs in
/// an unknown folder.
fn start(host: &KnownHost, scope: Scope, entry: &HostEntry) -> Option<Check> {
    let program = Path::new(entry.words.first()?);
    let at = position(entry);
    let shown = plain(&program.display().to_string());
    let repair = || match server_of(&entry.words) {
        // Someone else may have written a project's file, so commands contain no text from it.
        Some(url) if scope == Scope::User => format!(
            "`mcp-tether install {} --host {} --name {}` writes the absolute path",
            url_argument(&url),
            host.id,
            shell_word(&entry.place.name)
        ),
        Some(_) => format!(
            "`mcp-tether install URL --host {} --name NAME{}` writes the absolute path",
            host.id,
            scope.flag()
        ),
        None => "write the absolute path".to_owned(),
    };
    if program.is_absolute() {
        let says = format!("{at} starts `{shown}`, which does not exist");
        return (!program.is_file()).then(|| Check::fail(host.id, says).next(repair()));
    }
    if scope == Scope::Project && program.components().count() == 1 {
        // Each of its users has the program in another folder (docs/hosts/README.md#projects).
        return None;
    }
    let says = match program.components().count() {
        1 => format!("{at} starts `{shown}` by its name, which needs the right `PATH`"),
        _ => format!("{at} starts `{shown}`, a relative path that depends on the host's folder"),
    };
    Some(Check::warn(host.id, says).next(repair()))
}

fn arguments(host: &KnownHost, entry: &HostEntry, read: ReadCommand<'_>) -> Vec<Check> {
    let given = entry.words.get(1..).unwrap_or_default();
    let at = position(entry);
    let mut checks = Vec::new();
    let starts_us_directly =
        entry.words.first().is_some_and(|word| is_ours(std::slice::from_ref(word)));
    if starts_us_directly && url_of(given).is_some() && read(given).is_err() {
        // The argument is not printed: part of a header may be a secret.
        let says = format!("{at} has arguments that this program refuses");
        checks.push(Check::fail(host.id, says).next("run the entry's command line in a terminal"));
    }
    if given.iter().any(|word| is_secret_header(word) && !word.contains("://")) {
        let next = "store it with `mcp-tether secret set NAME`, and write `${keyring:NAME}`";
        let says = format!("{at} contains a secret in plain text");
        checks.push(Check::warn(host.id, says).next(next));
    }
    if cfg!(windows) && is_split_on_windows(&entry.words) {
        let says = format!("{at} has an argument with a space, at which `cmd` splits it");
        checks.push(Check::warn(host.id, says).next("write `Name:${VALUE}` without the space"));
    }
    checks
}

/// Whether Windows would split the words again: `cmd /c` and batch files pass on a line instead of
/// words (docs/from-mcp-remote.md).
fn is_split_on_windows(words: &[String]) -> bool {
    let program = words.first().map(|word| word.to_ascii_lowercase()).unwrap_or_default();
    let program = program.rsplit(['\\', '/']).next().unwrap_or_default();
    let by_line = matches!(program, "cmd" | "cmd.exe" | "npx" | "npx.cmd")
        || program.ends_with(".bat")
        || program.ends_with(".cmd");
    by_line && words.iter().skip(1).any(|word| word.contains(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_arguments_that_pass_through_a_command_line_are_split() {
        let split = |words: &[&str]| {
            is_split_on_windows(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
        };
        assert!(split(&["C:\\Windows\\cmd.exe", "/c", "npx", "--header", "A: b"]));
        assert!(split(&["npx", "mcp-tether", "--header", "A: b"]));
        assert!(!split(&["npx", "mcp-tether", "--header", "A:b"]));
        assert!(!split(&["C:\\mcp-tether.exe", "--header", "A: b"]));
    }
}
