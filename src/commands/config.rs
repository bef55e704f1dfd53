//! `mcp-tether config`: prints the effective settings and where each comes from. Shows no secrets.

use std::fmt::Write;

use serde_json::{Value as Json, json};

use super::readable::counted;
use crate::environment::{CommandOutcome, Environment, to_stderr, to_stdout, to_stdout_unwrapped};
use crate::error::{Error, ExitCode, Result};
use crate::redact::{SafeUrl, plain};
use crate::settings::{Flags, Location, SETTINGS, Setting, Settings, Sourced, parse_remote_url};

/// `config path`: prints the path of the settings file, whether or not the file exists.
///
/// # Errors
/// There is no configuration folder, and no file was named.
pub(crate) fn path(config: Option<&str>, environment: &Environment) -> Result<ExitCode> {
    let location = Location::find(config, environment);
    let path = location.path().ok_or_else(|| {
        Error::failed("there is no configuration folder")
            .hint("name a file with `--config FILE` or `MCP_TETHER_CONFIG`")
    })?;
    let path = path.display().to_string();
    CommandOutcome::shown("path", format!("{path}\n")).member("path", path).print();
    Ok(ExitCode::Ok)
}

/// `config show`: prints each setting, its value and where it comes from.
///
/// # Errors
/// The URL or the settings are invalid.
pub(crate) fn show(
    url: Option<&str>,
    all: bool,
    as_json: bool,
    flags: &Flags,
    environment: &Environment,
) -> Result<ExitCode> {
    let url = url.map(parse_remote_url).transpose()?.map(|(url, _)| url);
    let settings = Settings::resolve(url.as_ref(), flags, environment)?;
    let location = Location::find(flags.config.as_deref(), environment);
    let url = url.map(|url| SafeUrl::new(&url).to_string());
    if as_json {
        to_stdout_unwrapped(&format!("{:#}\n", as_value(&settings, &location, url)));
    } else {
        to_stdout(&as_text(&settings, &location, url, all));
    }
    for warning in &settings.warnings {
        to_stderr(&format!("warning: {warning}\n"));
    }
    Ok(ExitCode::Ok)
}

fn as_text(settings: &Settings, location: &Location, url: Option<String>, all: bool) -> String {
    let mut out = String::new();
    if let Some(url) = url {
        let _ = writeln!(out, "server: {url}");
    }
    let _ = writeln!(out, "settings file: {}\n", describe_file(settings, location));
    let shown = SETTINGS.iter().filter(|setting| all || settings.is_set(setting.key));
    let rows: Vec<_> = shown.flat_map(|setting| rows(settings, setting)).collect();
    // A value far longer than the others must not push every source to the right.
    let lengths = rows.iter().map(|row| row.value.chars().count());
    let width = lengths.filter(|length| *length <= 44).max().unwrap_or(0);
    let name_width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    for Row { name, value, source } in &rows {
        let line = format!("{name:name_width$}  {value:width$}  {source}");
        let _ = writeln!(out, "{}", line.trim_end());
    }
    let hidden = SETTINGS.iter().filter(|setting| !settings.is_set(setting.key)).count();
    if !all {
        let gap = if rows.is_empty() { "" } else { "\n" };
        let what = if rows.is_empty() { "setting" } else { "other setting" };
        let count = counted(hidden, what);
        let _ = writeln!(out, "{gap}{count} with the built-in value; `--all` shows them");
    }
    out
}

struct Row {
    name: &'static str,
    value: String,
    source: String,
}

/// A row for each value, or a single row for a setting without a value.
fn rows(settings: &Settings, setting: &'static Setting) -> Vec<Row> {
    let name = setting.name;
    let held = settings.all(setting.key);
    if held.is_empty() {
        return vec![Row { name, value: "-".to_owned(), source: String::new() }];
    }
    let row = |held: &Sourced| Row {
        name,
        value: held.value.display(setting.kind),
        source: held.source.to_string(),
    };
    held.iter().map(row).collect()
}

fn describe_file(settings: &Settings, location: &Location) -> String {
    match (&settings.file, location.path()) {
        (Some(path), _) => plain(&path.display().to_string()),
        (None, Some(path)) => format!("{} (does not exist)", plain(&path.display().to_string())),
        (None, None) => "none".to_owned(),
    }
}

fn as_value(settings: &Settings, location: &Location, url: Option<String>) -> Json {
    let value = |setting: &Setting, sourced: &Sourced| {
        let value = sourced.value.display(setting.kind);
        json!({ "value": value, "source": sourced.source.to_string() })
    };
    let setting = |setting: &Setting| {
        let values: Vec<_> =
            settings.all(setting.key).iter().map(|sourced| value(setting, sourced)).collect();
        let held = if setting.kind.is_list() {
            Json::from(values)
        } else {
            values.into_iter().next().unwrap_or(Json::Null)
        };
        (setting.name.to_owned(), held)
    };
    json!({
        "server": url,
        "file": location.path().map(|path| path.display().to_string()),
        "file_found": settings.file.is_some(),
        "settings": SETTINGS.iter().map(setting).collect::<serde_json::Map<_, _>>(),
    })
}
