//! `mcp-tether config`: which settings hold, and why. Shows no secret.

use std::fmt::Write;

use serde_json::{Value as Json, json};

use crate::environment::{Environment, to_stderr, to_stdout};
use crate::error::{Error, ExitCode, Result};
use crate::redact::{SafeUrl, plain};
use crate::settings::{Flags, Location, SETTINGS, Setting, Settings, Sourced, parse_remote_url};

/// `config path`: where the settings file is, whether it exists or not.
pub fn path(config: Option<&str>, environment: &Environment) -> Result<ExitCode> {
    let location = Location::find(config, environment);
    let path = location.path().ok_or_else(|| {
        Error::failed("this account has no folder for settings")
            .hint("name a file with `--config FILE` or `MCP_TETHER_CONFIG`")
    })?;
    to_stdout(&format!("{}\n", path.display()));
    Ok(ExitCode::Ok)
}

/// `config show`: each setting, its value and where it comes from.
pub fn show(
    url: Option<&str>,
    as_json: bool,
    flags: &Flags,
    environment: &Environment,
) -> Result<ExitCode> {
    let url = url.map(parse_remote_url).transpose()?.map(|(url, _)| url);
    let settings = Settings::resolve(url.as_ref(), flags, environment)?;
    let location = Location::find(flags.config.as_deref(), environment);
    let url = url.map(|url| SafeUrl::new(&url).to_string());
    if as_json {
        to_stdout(&format!("{:#}\n", as_value(&settings, &location, url)));
    } else {
        to_stdout(&as_text(&settings, &location, url));
    }
    for warning in &settings.warnings {
        to_stderr(&format!("warning: {warning}\n"));
    }
    Ok(ExitCode::Ok)
}

fn as_text(settings: &Settings, location: &Location, url: Option<String>) -> String {
    let mut out = String::new();
    if let Some(url) = url {
        let _ = writeln!(out, "server: {url}");
    }
    let _ = writeln!(out, "settings file: {}\n", file_shown(settings, location));
    let rows: Vec<_> = SETTINGS.iter().flat_map(|setting| rows(settings, setting)).collect();
    // Values far longer than the others stick out instead of pushing every source to the right.
    let lengths = rows.iter().map(|row| row.value.chars().count());
    let width = lengths.filter(|length| *length <= 44).max().unwrap_or(0);
    let name_width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    for Row { name, value, source } in &rows {
        let line = format!("{name:name_width$}  {value:width$}  {source}");
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}

struct Row {
    name: &'static str,
    value: String,
    source: String,
}

/// One row for each value; a setting without a value has one row as well.
fn rows(settings: &Settings, setting: &'static Setting) -> Vec<Row> {
    let name = setting.name;
    let held = settings.all(setting.key);
    if held.is_empty() {
        return vec![Row { name, value: "-".to_owned(), source: String::new() }];
    }
    let row = |held: &Sourced| Row {
        name,
        value: held.value.shown(setting.kind),
        source: held.source.to_string(),
    };
    held.iter().map(row).collect()
}

fn file_shown(settings: &Settings, location: &Location) -> String {
    match (&settings.file, location.path()) {
        (Some(path), _) => plain(&path.display().to_string()),
        (None, Some(path)) => format!("{} (not there)", plain(&path.display().to_string())),
        (None, None) => "none".to_owned(),
    }
}

fn as_value(settings: &Settings, location: &Location, url: Option<String>) -> Json {
    let value = |setting: &Setting, sourced: &Sourced| json!({ "value": sourced.value.shown(setting.kind), "source": sourced.source.to_string() });
    let setting = |setting: &Setting| {
        let values: Vec<_> =
            settings.all(setting.key).iter().map(|sourced| value(setting, sourced)).collect();
        let held = match setting.kind.is_list() {
            true => Json::from(values),
            false => values.into_iter().next().unwrap_or(Json::Null),
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
