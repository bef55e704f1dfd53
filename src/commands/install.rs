//! `mcp-tether install` and `uninstall`: adds the entry for a server to a host's configuration, or
//! removes it. Starts nothing and contacts no server.

use std::path::Path;

use url::Url;

use super::displayed_change::{display_change, display_words};
use super::host_entries::{
    file_of, folders, for_each, hosts_by_name, is_ours, own_program, refuse_sudo, saved_lines,
    url_of,
};
use super::literal_secrets::is_secret_header;
use crate::environment::{Environment, to_stdout};
use crate::error::{Error, ExitCode, Result};
use crate::hosts::{
    FileError, HostEntry, HostFile, HostFolders, KnownHost, NewEntry, Scope, snippet,
};
use crate::redact::{SafeUrl, plain, shell_word};
use crate::settings::{
    Flags, Key, Settings, ValueKind, check_encryption, named_variables, parse_remote_url,
};

/// How often an edit is tried if other programs keep changing the file.
const MAX_ATTEMPTS: usize = 50;

/// What to install, as it was typed.
#[derive(Clone, Debug)]
pub struct InstallOptions {
    /// The URL of the server.
    pub url: String,
    /// The ids of the hosts.
    pub hosts: Vec<String>,
    /// The name of the entry; derived from the URL if `None`.
    pub name: Option<String>,
    /// Which configuration to change.
    pub scope: Scope,
    /// Only print the entry.
    pub print: bool,
    /// Only show the change.
    pub dry_run: bool,
}

/// What to uninstall, as it was typed.
#[derive(Clone, Debug)]
pub(crate) struct UninstallOptions {
    /// The name of the entry, or the URL of the server.
    pub(crate) target: String,
    /// The ids of the hosts.
    pub(crate) hosts: Vec<String>,
    /// Which configuration to change.
    pub(crate) scope: Scope,
    /// Only show the change.
    pub(crate) dry_run: bool,
}

/// Adds the entry to the file of each host.
///
/// # Errors
/// A host, URL or setting is invalid, a secret would be written in plain text, or the file of the
/// only host cannot be changed.
pub fn run(options: &InstallOptions, flags: &Flags, environment: &Environment) -> Result<ExitCode> {
    let folders = folders(environment);
    let hosts = hosts_by_name(&options.hosts, &folders)?;
    let (entry, notes) = entry(options, flags, environment)?;
    if options.print {
        for host in hosts {
            to_stdout(&snippet(host, &entry));
        }
        return Ok(ExitCode::Ok);
    }
    if !options.dry_run {
        refuse_sudo(environment)?;
    }
    for_each(&hosts, |host| {
        let report = retry_if_changed(|| install(host, &entry, options, &folders))?;
        Ok(report + &notes.iter().map(|note| format!("  note    {note}\n")).collect::<String>())
    })
}

/// Removes the entry from the file of each host.
///
/// # Errors
/// A host is unknown, or the file of the only host cannot be changed.
pub(crate) fn uninstall(options: &UninstallOptions, environment: &Environment) -> Result<ExitCode> {
    let folders = folders(environment);
    let hosts = hosts_by_name(&options.hosts, &folders)?;
    if !options.dry_run {
        refuse_sudo(environment)?;
    }
    for_each(&hosts, |host| retry_if_changed(|| remove(host, options, &folders)))
}

/// Repeats an edit whose file another program has changed since it was read.
fn retry_if_changed(edit: impl Fn() -> std::result::Result<String, FileError>) -> Result<String> {
    for _ in 1..MAX_ATTEMPTS {
        match edit() {
            Err(FileError::Changed(_)) => {}
            done => return Ok(done?),
        }
    }
    Ok(edit()?)
}

fn install(
    host: &'static KnownHost,
    entry: &NewEntry,
    options: &InstallOptions,
    folders: &HostFolders,
) -> std::result::Result<String, FileError> {
    let path = file_of(host, options.scope, folders)?;
    let mut file = HostFile::open(host, options.scope, &path)?;
    let name = plain(&entry.name);
    let words = entry.words();
    let done = match file.document.entry(&entry.name) {
        None => {
            file.document.add(entry);
            "added"
        }
        Some(there) if there.words == words => {
            return Ok(format!("{} has `{name}` already\n", host.title));
        }
        Some(there) if is_ours(&there.words) && url_of(&there.words) == url_of(&words) => {
            let place = there.place.clone();
            file.document.set_command(&place, &words);
            "changed"
        }
        Some(there) => return Err(name_is_taken(host, there, &path).into()),
    };
    if options.dry_run {
        return Ok(display_change(&file.difference()));
    }
    let saved = file.save(options.scope == Scope::User)?;
    let mut report = format!("{done} `{name}` in {}\n", host.title);
    report += &saved_lines(host, &path, &saved);
    report += &format!("  starts  {}\n", display_words(&words));
    Ok(report + &format!("  next    {}\n", host.afterwards))
}

fn name_is_taken(host: &KnownHost, there: &HostEntry, path: &Path) -> Error {
    let (name, line) = (plain(&there.place.name), there.line);
    let path = plain(&path.display().to_string());
    Error::failed(format!("{} has another entry `{name}`: `{path}`, line {line}", host.title))
        .hint("choose another name: `--name NAME`")
        .hint(if is_ours(&there.words) {
            let name = shell_word(&there.place.name);
            format!("or remove that entry: `mcp-tether uninstall {name} --host {}`", host.id)
        } else {
            "or remove that entry by hand".to_owned()
        })
}

fn remove(
    host: &'static KnownHost,
    options: &UninstallOptions,
    folders: &HostFolders,
) -> std::result::Result<String, FileError> {
    let path = file_of(host, options.scope, folders)?;
    let mut file = HostFile::open(host, options.scope, &path)?;
    let target = options.target.trim();
    let meant = |entry: &&HostEntry| {
        file.document.is_in_first_section(&entry.place)
            && (entry.place.name == target
                || (is_ours(&entry.words) && url_of(&entry.words) == Some(target)))
    };
    let entries: Vec<HostEntry> = file.document.entries().iter().filter(meant).cloned().collect();
    if let Some(other) = entries.iter().find(|entry| !is_ours(&entry.words)) {
        let (name, line) = (plain(&other.place.name), other.line);
        let path = plain(&path.display().to_string());
        return Err(Error::failed(format!(
            "`{name}` does not start mcp-tether: `{path}`, line {line}"
        ))
        .hint("if you want to remove it, do so by hand")
        .into());
    }
    let names: Vec<String> =
        entries.iter().map(|entry| format!("`{}`", plain(&entry.place.name))).collect();
    if names.is_empty() {
        return Ok(format!("{} has no entry `{}`\n", host.title, plain(target)));
    }
    for entry in &entries {
        file.document.remove(&entry.place);
    }
    if options.dry_run {
        return Ok(display_change(&file.difference()));
    }
    let saved = file.save(true)?;
    let report = format!("removed {} from {}\n", names.join(", "), host.title);
    Ok(report
        + &saved_lines(host, &path, &saved)
        + "  note    a stored sign-in is not removed; `mcp-tether logout URL` does that\n")
}

/// The entry, and notes for the user about it.
fn entry(
    options: &InstallOptions,
    flags: &Flags,
    environment: &Environment,
) -> Result<(NewEntry, Vec<String>)> {
    let (url, warning) = parse_remote_url(&options.url)?;
    let settings = Settings::resolve(Some(&url), flags, environment)?;
    check_encryption(&url, settings.switch(Key::AllowHttp))?;
    let mut notes: Vec<String> = warning.into_iter().collect();
    let mut arguments = vec![url.to_string()];
    arguments.extend(flag_words(flags, environment, &mut notes)?);
    let name = match &options.name {
        Some(name) => checked_name(name)?,
        None => name_for(&url),
    };
    let command = own_program(environment)?;
    if command.replace('\\', "/").contains("/_npx/") {
        notes.push("this program is in the cache of npx, which npm may clear".to_owned());
        notes.push("run `npm install -g mcp-tether`, then run this command again".to_owned());
    }
    if url.query().is_some() {
        let url = SafeUrl::new(&url);
        notes.push(format!("the file contains the query of `{url}` in plain text"));
    }
    Ok((NewEntry { name, command, arguments, variables: Vec::new() }, notes))
}

/// The flags as words of a command line that works in any folder and contains no secret.
fn flag_words(
    flags: &Flags,
    environment: &Environment,
    notes: &mut Vec<String>,
) -> Result<Vec<String>> {
    let mut words = Vec::new();
    if let Some(config) = &flags.config {
        words.extend(["--config".to_owned(), absolute(config, environment)?]);
    }
    for (key, texts) in &flags.values {
        let setting = key.setting();
        let flag = format!("--{}", setting.name);
        if setting.kind == ValueKind::Switch {
            words.push(flag);
            continue;
        }
        for text in texts {
            let text = word(*key, text, environment, notes)?;
            if text.starts_with('-') {
                words.push(format!("{flag}={text}"));
            } else {
                words.extend([flag.clone(), text]);
            }
        }
    }
    Ok(words)
}

fn word(
    key: Key,
    text: &str,
    environment: &Environment,
    notes: &mut Vec<String>,
) -> Result<String> {
    match key.setting().kind {
        ValueKind::Headers => header(text, notes),
        ValueKind::Path | ValueKind::Paths => absolute(text, environment),
        ValueKind::SecretUrl if Url::parse(text).is_ok_and(|url| url.password().is_some()) => {
            Err(in_plain_text("the password of the proxy")
                .hint("set `proxy` in the settings file: `mcp-tether config path`"))
        }
        _ if text.starts_with('@') => Ok(format!("@{}", absolute(&text[1..], environment)?)),
        ValueKind::SecretText if text.contains("client_secret") && !text.contains("${") => {
            Err(in_plain_text("the client secret").hint("put it in a private file: `@FILE`"))
        }
        _ => Ok(text.to_owned()),
    }
}

/// The header as `Name:value`: some hosts split arguments at spaces.
fn header(line: &str, notes: &mut Vec<String>) -> Result<String> {
    let variables = named_variables(line)?;
    let (name, value) = line.split_once(':').unwrap_or((line, ""));
    let (name, value) = (name.trim(), value.trim());
    if is_secret_header(line) {
        return Err(in_plain_text(&format!("the value of `{}`", plain(name)))
            .hint("store it in the keyring: `mcp-tether secret set NAME`")
            .hint(format!("and refer to it: `--header '{}: ${{keyring:NAME}}'`", plain(name)))
            .hint("or refer to a variable of the host's `env`: `${NAME}`"));
    }
    for variable in variables.iter().filter(|name| !name.starts_with("keyring:")) {
        notes.push(format!("set `{variable}` in `env` of the entry, or in the settings file"));
    }
    Ok(format!("{name}:{value}"))
}

fn in_plain_text(what: &str) -> Error {
    Error::usage(format!("the host's configuration would contain {what} in plain text"))
}

/// The absolute path: a host may start the bridge in any folder.
fn absolute(path: &str, environment: &Environment) -> Result<String> {
    let expanded = environment.expand_home(path);
    let absolute = std::path::absolute(&expanded)
        .map_err(|error| Error::usage(format!("`{}` is not a path: {error}", plain(path))))?;
    let text = absolute.to_str().map(str::to_owned);
    text.ok_or_else(|| Error::usage(format!("the path `{}` is not UTF-8", plain(path))))
}

/// Checks that every host accepts this name of an entry.
fn checked_name(name: &str) -> Result<String> {
    let valid = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.len() <= 64 && name.chars().all(valid) {
        return Ok(name.to_owned());
    }
    Err(Error::usage(format!("`{}` is not a valid name for an entry", plain(name)))
        .hint("use at most 64 letters, digits, hyphens and underscores"))
}

/// A name for the entry of this URL: `example` for `https://mcp.example.com/mcp`.
fn name_for(url: &Url) -> String {
    const GENERAL: [&str; 4] = ["mcp", "www", "api", "sse"];
    let Some(url::Host::Domain(domain)) = url.host() else { return "local".to_owned() };
    let labels: Vec<&str> = domain.split('.').collect();
    // The last label is the top-level domain, unless it is the only one.
    let own = &labels[..labels.len().saturating_sub(1).max(1)];
    let label = own.iter().find(|label| !GENERAL.contains(label)).or(own.first());
    let label = label.copied().unwrap_or_default();
    if label == "localhost" { "local".to_owned() } else { label.chars().take(64).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_called_by_what_is_its_own() {
        for (url, name) in [
            ("https://mcp.example.com/mcp", "example"),
            ("https://shop.example.co.uk/mcp", "shop"),
            ("https://www.example.com", "example"),
            ("https://mcp.com/", "mcp"),
            ("http://localhost:3000/mcp", "local"),
            ("http://127.0.0.1:3000/mcp", "local"),
        ] {
            assert_eq!(name_for(&Url::parse(url).unwrap()), name, "{url}");
        }
    }

    #[test]
    fn names_that_some_host_refuses_are_refused_for_all() {
        for name in ["shop", "my-shop_2"] {
            assert_eq!(checked_name(name).unwrap(), name);
        }
        for name in ["", "my shop", "shop.example", "größe", &"x".repeat(65)] {
            assert!(checked_name(name).is_err(), "{name}");
        }
    }
}
