//! Parses the text of a settings file into checked sections. Each error names line and column.

use std::path::Path;

use toml_edit::{Document, Item, Key as TomlKey, TableLike, Value as Toml};
use url::Url;

use super::{FileEntry, Section, ServerPattern, SettingsFile};
use crate::environment::Environment;
use crate::error::{Error, Result, WithoutHint};
use crate::redact::{Secret, display_url, plain, shown_words};
use crate::settings::suggest::nearest;
use crate::settings::table::{SETTINGS, Setting, ValueKind};
use crate::settings::value::{Expected, SettingValue, words};

/// The key of `[enterprise]` that names its servers.
const SERVERS: &str = "servers";
const ENTERPRISE: &str = "enterprise";

/// Parses one file.
pub struct SettingsReader<'a> {
    /// The path of the file, for messages and for relative paths in it.
    pub path: &'a Path,
    /// The content of the file.
    pub text: &'a str,
    /// Expands `~/` in paths.
    pub environment: &'a Environment,
}

impl SettingsReader<'_> {
    /// Parses and checks the whole file.
    ///
    /// # Errors
    /// The first error in the text, with line and column.
    pub fn file(&self) -> Result<SettingsFile> {
        let document = Document::parse(self.text).map_err(|error| {
            self.wrong(error.message().trim().replace('\n', ", "), error.span())
                .hint("the file is TOML: strings are quoted, and sections look like `[defaults]`")
        })?;
        let mut file = SettingsFile::default();
        for (name, item) in document.as_table().iter() {
            match name {
                "defaults" => file.defaults = self.section(None, item)?,
                "server" => file.servers = self.servers(item)?,
                ENTERPRISE => file.enterprise = Some(self.enterprise(item)?),
                _ => return Err(self.unknown_top_level(document.as_table(), name)),
            }
        }
        Ok(file)
    }

    fn servers(&self, item: &Item) -> Result<Vec<(Url, Section)>> {
        let table = self.table(item, "server")?;
        let mut servers: Vec<(Url, Section)> = Vec::new();
        for (name, item) in table.iter() {
            let span = || table.key(name).and_then(TomlKey::span);
            let url = Url::parse(name).ok().filter(|url| url.has_host());
            let mut url = url.ok_or_else(|| {
                self.wrong(format!("`{}` is not a URL", shown_words(name)), span())
                    .hint("a section looks like `[server.\"https://mcp.example.com/mcp\"]`")
            })?;
            url.set_fragment(None);
            if servers.iter().any(|(other, _)| *other == url) {
                let what = format!("two sections for `{}`", display_url(url.as_str()));
                return Err(self.wrong(what, span()).hint("keep one of the two sections"));
            }
            servers.push((url, self.section(Some(name), item)?));
        }
        Ok(servers)
    }

    /// The servers of the company, and their settings.
    fn enterprise(&self, item: &Item) -> Result<(Vec<ServerPattern>, Section)> {
        let table = self.table(item, ENTERPRISE)?;
        let hint = "it looks like `servers = [\"https://*.corp.example.com\"]`";
        let Some(listed) = table.get(SERVERS) else {
            let what = "`[enterprise]` does not say which `servers` are the company's";
            return Err(self.wrong(what, item.span()).hint(hint));
        };
        let texts = listed.as_array().map(|array| array.iter().map(Toml::as_str));
        let patterns = texts.and_then(|texts| {
            texts.map(|text| ServerPattern::parse(text?)).collect::<Option<Vec<_>>>()
        });
        let patterns = patterns.ok_or_else(|| {
            let what = "`servers` is not a list of URLs, in which `*.` may stand before a host";
            self.wrong(what, listed.span()).hint(hint)
        })?;
        let section = self.section_of(Some(ENTERPRISE), table)?;
        Ok((patterns, Section { name: None, is_enterprise: true, ..section }))
    }

    fn section(&self, name: Option<&str>, item: &Item) -> Result<Section> {
        self.section_of(name, self.table(item, name.unwrap_or("defaults"))?)
    }

    fn section_of(&self, name: Option<&str>, table: &dyn TableLike) -> Result<Section> {
        let mut section = Section { name: name.map(str::to_owned), ..Section::default() };
        for (key, item) in table.iter() {
            if key == SERVERS && name == Some(ENTERPRISE) {
                continue;
            }
            match Setting::from_name(key) {
                Some(setting) => section.entries.push(self.entry(setting, table, key, item)?),
                None if key == "env" => section.env = self.env(item)?,
                None => return Err(self.unknown_key(table, key)),
            }
        }
        Ok(section)
    }

    fn entry(
        &self,
        setting: &Setting,
        table: &dyn TableLike,
        key: &str,
        item: &Item,
    ) -> Result<FileEntry> {
        let refuse = |(expected, span): (Expected, Option<_>)| {
            self.wrong(
                format!("invalid value for `{key}`: {expected}"),
                span.or_else(|| item.span()),
            )
            .hint("`mcp-tether --help` says what each setting takes")
        };
        let values = match setting.kind {
            ValueKind::Headers if item.is_table_like() => self.header_table(item)?,
            ValueKind::HeaderCommands if item.is_table_like() => self.command_table(key, item)?,
            kind if kind.is_list() => list(kind, item).map_err(refuse)?,
            kind => vec![single(kind, item).map_err(refuse)?],
        };
        let values =
            values.into_iter().map(|value| self.resolve_path(setting.kind, value)).collect();
        let line = self.position(table.key(key).and_then(TomlKey::span)).0;
        Ok(FileEntry { key: setting.key, values, line })
    }

    /// Reads `header = { Name = "value" }` as `Name: value` lines.
    fn header_table(&self, item: &Item) -> Result<Vec<SettingValue>> {
        let texts = self.texts(item, "header")?;
        Ok(texts
            .into_iter()
            .map(|(name, value)| SettingValue::Text(format!("{name}: {value}")))
            .collect())
    }

    /// Reads `header-command = { Name = ["program", "argument"] }` as `Name: command` lines.
    fn command_table(&self, key: &str, item: &Item) -> Result<Vec<SettingValue>> {
        let table = self.table(item, key)?;
        let line = |(name, item): (&str, &Item)| {
            let command = item.as_value().and_then(words).filter(|command| !command.is_empty());
            let command = command.ok_or_else(|| {
                let what = format!(
                    "invalid value for `{}` in `{key}`: {}",
                    plain(name),
                    Expected::Command
                );
                self.wrong(what, item.span())
                    .hint("`mcp-tether --help` says what each setting takes")
            })?;
            Ok(SettingValue::Text(format!("{name}: {command}")))
        };
        table.iter().map(line).collect()
    }

    fn env(&self, item: &Item) -> Result<Vec<(String, Secret<String>)>> {
        let texts = self.texts(item, "env")?;
        Ok(texts.into_iter().map(|(name, value)| (name, Secret::new(value))).collect())
    }

    /// Reads a table of strings.
    fn texts(&self, item: &Item, name: &str) -> Result<Vec<(String, String)>> {
        let table = self.table(item, name)?;
        let text = |(key, item): (&str, &Item)| match item.as_str() {
            Some(text) => Ok((key.to_owned(), text.to_owned())),
            None => Err(self
                .wrong(
                    format!("invalid value for `{}` in `{name}`: {}", plain(key), Expected::String),
                    item.span(),
                )
                .hint(format!("write `{} = \"…\"`", plain(key)))),
        };
        table.iter().map(text).collect()
    }

    fn table<'i>(&self, item: &'i Item, name: &str) -> Result<&'i dyn TableLike> {
        item.as_table_like().ok_or_else(|| {
            self.wrong(format!("`{}` must be a section", shown_words(name)), item.span())
                .hint("write it as a section in brackets, or inline: `{ name = \"value\" }`")
        })
    }

    /// Resolves a relative path in the folder of the file: a host may start the bridge in any
    /// folder.
    fn resolve_path(&self, kind: ValueKind, value: SettingValue) -> SettingValue {
        match (kind, value) {
            (ValueKind::Path | ValueKind::Paths, SettingValue::Text(path)) => {
                let folder = self.path.parent().unwrap_or(Path::new(""));
                let path = folder.join(self.environment.expand_home(&path));
                SettingValue::Text(path.to_string_lossy().into_owned())
            }
            (_, value) => value,
        }
    }

    fn unknown_key(&self, table: &dyn TableLike, key: &str) -> Error {
        let span = table.key(key).and_then(TomlKey::span);
        let error = self.wrong(format!("unknown key `{}`", shown_words(key)), span);
        let names = SETTINGS.iter().map(|setting| setting.name).chain(["env"]);
        match nearest(key, names) {
            Some(name) => error.hint(format!("did you mean `{name}`?")),
            None => error.hint("`mcp-tether --help` lists every setting"),
        }
    }

    fn unknown_top_level(&self, table: &dyn TableLike, key: &str) -> Error {
        let span = table.key(key).and_then(TomlKey::span);
        let error = self.wrong(format!("unknown section `{}`", shown_words(key)), span);
        if key == "env" || Setting::from_name(key).is_some() {
            return error.hint(format!("put `{key}` below `[defaults]`"));
        }
        match nearest(key, ["defaults", "server", ENTERPRISE].into_iter()) {
            Some(name) => error.hint(format!("did you mean `{name}`?")),
            None => error
                .hint("the sections are `[defaults]`, `[enterprise]` and `[server.\"https://…\"]`"),
        }
    }

    /// An error with its line and column.
    fn wrong(
        &self,
        what: impl AsRef<str>,
        span: Option<std::ops::Range<usize>>,
    ) -> WithoutHint<Error> {
        let path = plain(&self.path.display().to_string());
        let (line, column) = self.position(span);
        Error::usage(format!("`{path}`, line {line}, column {column}: {}", what.as_ref()))
    }

    /// The line and column, counted from one, where a byte range starts.
    fn position(&self, span: Option<std::ops::Range<usize>>) -> (usize, usize) {
        let at = span.map_or(0, |span| span.start).min(self.text.len());
        let before = self.text.get(..at).unwrap_or("");
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

type RefusedItem = (Expected, Option<std::ops::Range<usize>>);

fn single(kind: ValueKind, item: &Item) -> std::result::Result<SettingValue, RefusedItem> {
    let Some(value) = item.as_value() else { return Err((Expected::String, None)) };
    SettingValue::from_toml(kind, value).map_err(|expected| (expected, value.span()))
}

/// Reads an array of strings, or a single string.
fn list(kind: ValueKind, item: &Item) -> std::result::Result<Vec<SettingValue>, RefusedItem> {
    match item.as_value() {
        Some(Toml::Array(array)) => {
            let member = |value: &Toml| {
                SettingValue::from_toml(kind, value).map_err(|expected| (expected, value.span()))
            };
            array.iter().map(member).collect()
        }
        Some(value @ Toml::String(_)) => {
            SettingValue::from_toml(kind, value).map(|value| vec![value]).map_err(|e| (e, None))
        }
        _ => Err((Expected::Strings, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<SettingsFile> {
        let environment = Environment::fixed([("HOME", "/home/sara")]);
        let path = Path::new("/etc/tether/config.toml");
        SettingsReader { path, text, environment: &environment }.file()
    }

    /// The message and its place, without the path, then the hint.
    fn refusal(text: &str) -> String {
        let message = read(text).map(|_| "accepted").map_err(|error| error.to_string());
        let message = message.expect_err(text);
        let message = message.strip_prefix("error: `/etc/tether/config.toml`, ").unwrap();
        let (place, rest) = message.split_once(": ").unwrap();
        let (what, hint) = rest.split_once("\n\n").unwrap_or((rest, ""));
        format!("{what}, {place}\n\n{hint}").trim_end().to_owned()
    }

    #[test]
    fn an_unknown_key_names_its_place_and_the_probable_one() {
        assert_eq!(
            refusal("[defaults]\ndebug = true\n  conect-timeout = 5\n"),
            "unknown key `conect-timeout`, line 3, column 3\n\n\
             hint: did you mean `connect-timeout`?"
        );
        assert_eq!(
            refusal("[server.\"https://x.example\"]\nheaders = []\n"),
            "unknown key `headers`, line 2, column 1\n\nhint: did you mean `header`?"
        );
        assert!(refusal("debug = true").contains("put `debug` below `[defaults]`"));
        assert!(refusal("[servers]").contains("did you mean `server`?"));
        assert!(refusal("[colours]").contains("the sections are `[defaults]`"));
        assert!(refusal("[defaults]\nzzz = 1").contains("`mcp-tether --help` lists every"));
    }

    #[test]
    fn a_wrong_type_names_its_place() {
        let cases = [
            (
                "debug = 1",
                "invalid value for `debug`: expected `true` or `false`, line 2, column 9",
            ),
            ("proxy = 7", "invalid value for `proxy`: expected a string, line 2, column 9"),
            (
                "header = ['a: b', 7]",
                "invalid value for `header`: expected a string, line 2, column 19",
            ),
            (
                "ca-cert = 7",
                "invalid value for `ca-cert`: expected a string or an array of strings, line 2, \
                 column 11",
            ),
            (
                "connect-timeout = 0",
                "invalid value for `connect-timeout`: expected a number of seconds greater than 0, \
                 line 2, column 19",
            ),
            ("env = 'x'", "`env` must be a section, line 2, column 7"),
            (
                "env = { A = 1 }",
                "invalid value for `A` in `env`: expected a string, line 2, column 13",
            ),
            (
                "ipv4 = { x = 1 }",
                "invalid value for `ipv4`: expected `true` or `false`, line 2, column 8",
            ),
        ];
        for (line, expected) in cases {
            let refused = refusal(&format!("[defaults]\n{line}\n"));
            assert_eq!(refused.split_once("\n\nhint: ").unwrap().0, expected, "{line}");
        }
        let refused = refusal("defaults = 1");
        assert!(refused.starts_with("`defaults` must be a section, line 1, column 12\n\nhint: "));
    }

    #[test]
    fn broken_toml_and_bad_section_names_are_refused_with_their_place() {
        assert!(refusal("[defaults]\nproxy = \n").contains(", line 2, column "));
        assert!(refusal("[defaults]\ndebug = true\ndebug = true").contains("line 3, column 1"));
        assert!(refusal("[server.example]\n").contains("`example` is not a URL, line 1, column 9"));
        let twice = "[server.\"https://x.example\"]\n[server.\"https://X.example/\"]\n";
        assert!(refusal(twice).contains("two sections for `https://x.example/`, line 2, column 9"));
    }

    #[test]
    fn lists_tables_and_paths_are_taken_as_written() {
        let file = read(concat!(
            "[server.\"https://x.example\"]\n",
            "header = { Authorization = 'Bearer x', X-Team = 'a' }\n",
            "ca-cert = ['~/ca.pem', 'certs/ca.pem', '/abs.pem']\n",
            "log-file = 'log.txt'\n",
            "ignore-tool = []\n",
            "env = { TOKEN = 'hunter2' }\n",
        ))
        .unwrap();
        let url = Url::parse("https://x.example").unwrap();
        let section = file.sections_for(Some(&url)).next().unwrap();
        let shown: Vec<_> = section
            .entries
            .iter()
            .map(|entry| {
                let texts = entry.values.iter().map(|value| match value {
                    SettingValue::Text(text) => text.as_str(),
                    _ => "?",
                });
                (entry.key.setting().name, texts.collect::<Vec<_>>().join(" | "), entry.line)
            })
            .collect();
        let expected = [
            ("header", "Authorization: Bearer x | X-Team: a", 2),
            ("ca-cert", "/home/sara/ca.pem | /etc/tether/certs/ca.pem | /abs.pem", 3),
            ("log-file", "/etc/tether/log.txt", 4),
            ("ignore-tool", "", 5),
        ];
        assert_eq!(shown, expected.map(|(name, text, line)| (name, text.to_owned(), line)));
        assert_eq!(section.env[0].1.expose(), "hunter2");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "[\\[\\]a-z=\"'.{}\n \u{e9}]{0,80}") {
            let _ = read(&text);
        }
    }
}
