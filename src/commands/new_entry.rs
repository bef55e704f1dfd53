//! Makes the entry that `install` and `pack` write: it starts this program with URL and flags that
//! work in any folder and contain no secret.

use url::Url;

use super::host_entries::{PROGRAM, own_program};
use super::literal_secrets::is_secret_header;
use crate::environment::Environment;
use crate::error::{Error, Result, WithoutHint};
use crate::hosts::{NewEntry, Scope};
use crate::redact::{SafeUrl, plain};
use crate::settings::{
    Flags, Key, Settings, ValueKind, check_encryption, named_variables, parse_remote_url,
};

/// The entry, and notes for the user about it.
///
/// # Errors
/// The URL, the name or a setting is invalid, or a secret would be written in plain text.
pub(super) fn new_entry(
    url: &str,
    name: Option<&str>,
    scope: Scope,
    flags: &Flags,
    environment: &Environment,
) -> Result<(NewEntry, Vec<String>)> {
    let (url, warning) = parse_remote_url(url)?;
    if scope == Scope::Project && flags.values.iter().any(|(key, _)| *key == Key::Record) {
        return Err(error_for_recording_project());
    }
    let settings = Settings::resolve(Some(&url), flags, environment)?;
    check_encryption(&url, settings.switch(Key::AllowHttp))?;
    let mut notes: Vec<String> = warning.into_iter().collect();
    let mut arguments = vec![url.to_string()];
    arguments.extend(flag_words(flags, environment, &mut notes)?);
    let name = match name {
        Some(name) => checked_name(name)?,
        None => name_for(&url),
    };
    let command = match scope {
        Scope::User => own_program(environment)?,
        // Each user of a project may have the program in another folder.
        Scope::Project => {
            notes.push(format!("everyone who uses this file needs `{PROGRAM}` on `PATH`"));
            PROGRAM.to_owned()
        }
    };
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

/// The error for `--record` in a project, whose other users have not agreed to be recorded (O-30).
fn error_for_recording_project() -> Error {
    Error::usage(
        "`--record` is not allowed in a project file: it would record everyone in the project",
    )
    .hint("leave out `--record`, or put it into your own entry: `--scope user`")
}

/// The flags as words of a command line that works in any folder and contains no secret.
pub(super) fn flag_words(
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

fn in_plain_text(what: &str) -> WithoutHint<Error> {
    Error::usage(format!("the host's configuration would contain {what} in plain text"))
}

/// The absolute path: a host may start the bridge in any folder.
fn absolute(path: &str, environment: &Environment) -> Result<String> {
    let expanded = environment.expand_home(path);
    let absolute = std::path::absolute(&expanded).map_err(|error| {
        Error::usage(format!("`{}` is not a path: {error}", plain(path)))
            .hint("give the full path of the file")
    })?;
    let text = absolute.to_str().map(str::to_owned);
    text.ok_or_else(|| {
        Error::usage(format!("the path `{}` is not UTF-8", plain(path)))
            .hint("rename the file or its folder: a host's configuration is UTF-8")
    })
}

/// Checks that every host accepts this name of an entry.
fn checked_name(name: &str) -> Result<String> {
    let valid = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name == "__proto__" {
        return Err(Error::usage("`__proto__` is not a valid name for an entry")
            .hint("choose another one: hosts in JavaScript lose an entry of this name"));
    }
    if !name.is_empty() && name.len() <= 64 && name.chars().all(valid) {
        return Ok(name.to_owned());
    }
    Err(Error::usage(format!("`{}` is not a valid name for an entry", plain(name)))
        .hint("use at most 64 letters, digits, hyphens and underscores"))
}

/// A name for the entry of this URL: `example` for `https://mcp.example.com/mcp`.
pub(super) fn name_for(url: &Url) -> String {
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
        for name in ["", "my shop", "shop.example", "größe", "__proto__", &"x".repeat(65)] {
            assert!(checked_name(name).is_err(), "{name}");
        }
    }
}
