//! `mcp-tether install` and `uninstall`: writes the entry for a server into a host's configuration,
//! or takes it out again. Starts nothing and asks no server.

use std::path::Path;

use url::Url;

use super::host_entries::{
    file_of, folders, for_each, is_ours, named, own_program, refuse_sudo, saved_lines, url_of,
};
use super::literal_secrets::{hidden, is_secret_header};
use crate::environment::{Environment, to_stdout};
use crate::error::{Error, ExitCode, Result};
use crate::hosts::{Entry, Folders, Host, HostFile, NewEntry, Scope, snippet};
use crate::redact::{SafeUrl, plain};
use crate::settings::{
    Flags, Key, Kind, Settings, check_encryption, named_variables, parse_remote_url,
};

/// What to install, as it was typed.
#[derive(Clone, Debug)]
pub struct InstallOptions {
    /// The server's URL.
    pub url: String,
    /// The hosts' names.
    pub hosts: Vec<String>,
    /// What the hosts shall call it.
    pub name: Option<String>,
    /// For whom.
    pub scope: Scope,
    /// Only print the entry.
    pub print: bool,
    /// Only show the change.
    pub dry_run: bool,
}

/// What to take out, as it was typed.
#[derive(Clone, Debug)]
pub struct UninstallOptions {
    /// The entry's name, or the server's URL.
    pub target: String,
    /// The hosts' names.
    pub hosts: Vec<String>,
    /// For whom.
    pub scope: Scope,
    /// Only show the change.
    pub dry_run: bool,
}

/// Writes the entry into each host's file.
pub fn run(options: &InstallOptions, flags: &Flags, environment: &Environment) -> Result<ExitCode> {
    let folders = folders(environment);
    let hosts = named(&options.hosts, &folders)?;
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
        let report = install(host, &entry, options, &folders)?;
        Ok(report + &notes.iter().map(|note| format!("  note    {note}\n")).collect::<String>())
    })
}

/// Takes the entry out of each host's file.
pub fn uninstall(options: &UninstallOptions, environment: &Environment) -> Result<ExitCode> {
    let folders = folders(environment);
    let hosts = named(&options.hosts, &folders)?;
    if !options.dry_run {
        refuse_sudo(environment)?;
    }
    for_each(&hosts, |host| remove(host, options, &folders))
}

fn install(
    host: &'static Host,
    entry: &NewEntry,
    options: &InstallOptions,
    folders: &Folders,
) -> Result<String> {
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
            file.document.start(&place, &words);
            "changed"
        }
        Some(there) => return Err(name_is_taken(host, there, &path)),
    };
    if options.dry_run {
        return Ok(hidden(&file.difference()));
    }
    let saved = file.save(options.scope == Scope::User)?;
    let mut report = format!("{done} `{name}` in {}\n", host.title);
    report += &saved_lines(host, &path, &saved);
    report += &format!("  starts  {}\n", plain(&words.join(" ")));
    Ok(report + &format!("  next    {}\n", host.afterwards))
}

fn name_is_taken(host: &Host, there: &Entry, path: &Path) -> Error {
    let (name, line) = (plain(&there.place.name), there.line);
    let path = plain(&path.display().to_string());
    Error::failed(format!("{} has another entry `{name}`: `{path}`, line {line}", host.title))
        .hint("choose a name that is free: `--name NAME`")
        .hint(match is_ours(&there.words) {
            true => format!("or remove that one: `mcp-tether uninstall {name} --host {}`", host.id),
            false => "or remove that one by hand".to_owned(),
        })
}

fn remove(host: &'static Host, options: &UninstallOptions, folders: &Folders) -> Result<String> {
    let path = file_of(host, options.scope, folders)?;
    let mut file = HostFile::open(host, options.scope, &path)?;
    let target = options.target.trim();
    let meant = |entry: &&Entry| {
        file.document.is_first(&entry.place)
            && (entry.place.name == target
                || (is_ours(&entry.words) && url_of(&entry.words) == Some(target)))
    };
    let entries: Vec<Entry> = file.document.entries().iter().filter(meant).cloned().collect();
    if let Some(other) = entries.iter().find(|entry| !is_ours(&entry.words)) {
        let (name, line) = (plain(&other.place.name), other.line);
        let path = plain(&path.display().to_string());
        return Err(Error::failed(format!(
            "`{name}` does not start mcp-tether: `{path}`, line {line}"
        ))
        .hint("remove it by hand if that is what you want"));
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
        return Ok(hidden(&file.difference()));
    }
    let saved = file.save(true)?;
    let report = format!("removed {} from {}\n", names.join(", "), host.title);
    Ok(report
        + &saved_lines(host, &path, &saved)
        + "  note    a stored sign-in stays: `mcp-tether logout URL` removes it\n")
}

/// The entry, and what the user should know about it.
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
        notes.push("this program lies in the cache of npx, which npm may clear".to_owned());
        notes.push("install it to stay and run this again: `npm install -g mcp-tether`".to_owned());
    }
    if url.query().is_some() {
        let url = SafeUrl::new(&url);
        notes.push(format!("the query of `{url}` stands in the file as it is"));
    }
    Ok((NewEntry { name, command, arguments, variables: Vec::new() }, notes))
}

/// The flags as words of a command line that is run in any folder, without a secret in it.
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
        if setting.kind == Kind::Switch {
            words.push(flag);
            continue;
        }
        for text in texts {
            let text = word(*key, text, environment, notes)?;
            match text.starts_with('-') {
                true => words.push(format!("{flag}={text}")),
                false => words.extend([flag.clone(), text]),
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
        Kind::Headers => header(text, notes),
        Kind::Path | Kind::Paths => absolute(text, environment),
        Kind::SecretUrl if Url::parse(text).is_ok_and(|url| url.password().is_some()) => {
            Err(in_plain_text("the password of the proxy")
                .hint("put `proxy` into the settings file: `mcp-tether config path`"))
        }
        _ if text.starts_with('@') => Ok(format!("@{}", absolute(&text[1..], environment)?)),
        Kind::SecretText if text.contains("client_secret") && !text.contains("${") => {
            Err(in_plain_text("the client's secret").hint("keep it in a private file: `@FILE`"))
        }
        _ => Ok(text.to_owned()),
    }
}

/// `Name:value`, which also survives hosts that split arguments at spaces.
fn header(line: &str, notes: &mut Vec<String>) -> Result<String> {
    let variables = named_variables(line)?;
    let (name, value) = line.split_once(':').unwrap_or((line, ""));
    let (name, value) = (name.trim(), value.trim());
    if is_secret_header(line) {
        return Err(in_plain_text(&format!("the value of `{}`", plain(name)))
            .hint("keep it in the keyring: `mcp-tether secret set NAME`")
            .hint(format!(
                "and name it in its place: `--header '{}: ${{keyring:NAME}}'`",
                plain(name)
            ))
            .hint("or name a variable of the host's `env`: `${NAME}`"));
    }
    for variable in variables.iter().filter(|name| !name.starts_with("keyring:")) {
        notes.push(format!("set `{variable}` in `env` of the entry, or in the settings file"));
    }
    Ok(format!("{name}:{value}"))
}

fn in_plain_text(what: &str) -> Error {
    Error::usage(format!("{what} would stand in the host's configuration in plain text"))
}

/// Hosts start programs in folders of their own choice.
fn absolute(path: &str, environment: &Environment) -> Result<String> {
    let expanded = environment.expand_home(path);
    let absolute = std::path::absolute(&expanded)
        .map_err(|error| Error::usage(format!("`{}` is not a path: {error}", plain(path))))?;
    let text = absolute.to_str().map(str::to_owned);
    text.ok_or_else(|| Error::usage(format!("the path `{}` is not UTF-8", plain(path))))
}

/// What every host takes as a name.
fn checked_name(name: &str) -> Result<String> {
    let valid = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.len() <= 64 && name.chars().all(valid) {
        return Ok(name.to_owned());
    }
    Err(Error::usage(format!("`{}` cannot be the name of an entry", plain(name)))
        .hint("take letters, digits, hyphens and underscores, 64 at most"))
}

/// `https://mcp.example.com/mcp` is called `example`.
fn name_for(url: &Url) -> String {
    const GENERAL: [&str; 4] = ["mcp", "www", "api", "sse"];
    let Some(url::Host::Domain(domain)) = url.host() else { return "local".to_owned() };
    let labels: Vec<&str> = domain.split('.').collect();
    // The last label is what everyone has, unless there is no other.
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
