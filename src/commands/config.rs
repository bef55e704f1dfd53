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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Key;

    fn settings(values: &[(Key, &str)]) -> (Settings, Location) {
        let own = |(key, text): &(Key, &str)| (*key, vec![(*text).to_owned()]);
        let flags = Flags { config: None, values: values.iter().map(own).collect() };
        let environment = Environment::fixed([]);
        let location = Location::find(None, &environment);
        (Settings::resolve(None, &flags, &environment).unwrap(), location)
    }

    #[test]
    fn only_what_is_set_is_shown_unless_everything_is_asked_for() {
        let (none, nowhere) = settings(&[]);
        let text = as_text(&none, &nowhere, None, false);
        let all = format!("{} settings with the built-in value", SETTINGS.len());
        assert!(text.starts_with("settings file: none\n\n") && text.contains(&all), "{text}");
        let (some, nowhere) =
            settings(&[(Key::Scope, "a"), (Key::OnlyTool, "x"), (Key::OnlyTool, "y")]);
        let text = as_text(&some, &nowhere, Some("https://a.example".to_owned()), false);
        let expected = format!(
            "server: https://a.example\nsettings file: none\n\nonly-tool  x  flag\nonly-tool  y  \
             flag\nscope      a  flag\n\n{} other settings with the built-in value; `--all` shows \
             them\n",
            SETTINGS.len() - 2
        );
        assert_eq!(text, expected);
        let everything = as_text(&some, &nowhere, None, true);
        assert!(!everything.contains("--all"), "{everything}");
        let without_value = everything.lines().find(|line| line.starts_with("log-file ")).unwrap();
        assert!(without_value.ends_with('-'), "{without_value}");
    }

    #[test]
    fn a_long_value_does_not_move_the_others() {
        let long = "x".repeat(45);
        let (settings, nowhere) = settings(&[(Key::Scope, &long), (Key::Account, "a")]);
        let text = as_text(&settings, &nowhere, None, false);
        assert!(text.contains("account  a  flag\n"), "{text}");
        assert!(text.contains(&format!("scope    {long}  flag\n")), "{text}");
    }

    /// S-09
    #[test]
    fn json_has_every_setting_and_no_secret() {
        let (settings, nowhere) = settings(&[
            (Key::ProxyAuth, "sara:canary"),
            (Key::Header, "Authorization: Bearer canary"),
            (Key::OnlyTool, "x"),
        ]);
        let value = as_value(&settings, &nowhere, None);
        assert!(!value.to_string().contains("canary"), "{value}");
        let found = &value["settings"];
        assert_eq!(found.as_object().unwrap().len(), SETTINGS.len());
        assert_eq!(found["only-tool"], json!([{ "value": "x", "source": "flag" }]));
        assert_eq!((&found["scope"], &found["ignore-tool"]), (&json!(null), &json!([])));
        assert_eq!(found["login"]["source"], "built in");
        assert_eq!((&value["file"], &value["file_found"]), (&json!(null), &json!(false)));
        let text = as_text(&settings, &nowhere, None, true);
        assert!(!text.contains("canary"), "{text}");
    }

    #[test]
    fn the_file_is_named_whether_or_not_it_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_str().unwrap();
        let environment = Environment::fixed([("HOME", home)]);
        let location = Location::find(None, &environment);
        let described = || {
            let settings = Settings::resolve(None, &Flags::default(), &environment).unwrap();
            describe_file(&settings, &location)
        };
        assert!(described().ends_with(" (does not exist)"), "{}", described());
        let path = location.path().unwrap();
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
        assert_eq!(described(), path.display().to_string());
    }
}
