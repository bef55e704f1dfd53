//! The settings file: the sections `[defaults]` and `[server."https://…"]`, whose keys are the
//! names in the table of settings, and an `env` table for `${NAME}` in header values. The whole
//! file is checked, so that a typo in any section is reported with line and column.

mod reader;
mod server_pattern;

use std::io::Read;
use std::path::{Path, PathBuf};

use url::Url;

use self::reader::SettingsReader;
use self::server_pattern::ServerPattern;
use super::table::{Key, ValueKind};
use super::value::SettingValue;
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::redact::{Secret, plain};

/// Name of the settings file in the configuration folder.
pub const FILE_NAME: &str = "config.toml";

/// A parsed and checked settings file.
#[derive(Debug, Default)]
pub struct SettingsFile {
    defaults: Section,
    servers: Vec<(Url, Section)>,
    enterprise: Option<(Vec<ServerPattern>, Section)>,
    /// Whether other users of this machine can read it.
    pub readable_by_others: bool,
}

/// A section.
#[derive(Debug, Default)]
pub struct Section {
    /// The URL as written; `None` for `[defaults]` and `[enterprise]`.
    pub name: Option<String>,
    /// Whether it is `[enterprise]`.
    pub is_enterprise: bool,
    /// The settings in it.
    pub entries: Vec<FileEntry>,
    /// Values for `${NAME}`.
    pub env: Vec<(String, Secret<String>)>,
}

/// A setting in a section.
pub struct FileEntry {
    /// The setting.
    pub key: Key,
    /// Its values; none for an empty list.
    pub values: Vec<SettingValue>,
    /// The line in the file, counted from one.
    pub line: usize,
}

impl std::fmt::Debug for FileEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (line {})", self.key.setting().name, self.line)
    }
}

/// The location of the settings file, and whether it must exist.
#[derive(Clone, Debug, PartialEq)]
pub enum Location {
    /// Named by `--config` or `MCP_TETHER_CONFIG`: it must exist.
    Named(PathBuf),
    /// In the platform's configuration folder: it need not exist.
    Usual(PathBuf),
    /// There is no configuration folder.
    Nowhere,
}

impl Location {
    /// Determines where the file is: from the flag, the variable, or the platform.
    pub fn find(flag: Option<&str>, environment: &Environment) -> Self {
        let named = flag.map(str::to_owned).or_else(|| environment.non_empty("MCP_TETHER_CONFIG"));
        match (named, environment.configuration_folder()) {
            (Some(path), _) => Self::Named(environment.expand_home(&path)),
            (None, Some(folder)) => Self::Usual(folder.join(FILE_NAME)),
            (None, None) => Self::Nowhere,
        }
    }

    /// The path, if there is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Named(path) | Self::Usual(path) => Some(path),
            Self::Nowhere => None,
        }
    }
}

impl SettingsFile {
    /// Reads the file. Returns `None` if it does not exist and was not named, which costs a single
    /// attempt to open it.
    ///
    /// # Errors
    /// The file cannot be read, or has an error; the message contains line and column.
    pub fn load(location: &Location, environment: &Environment) -> Result<Option<Self>> {
        let Some(path) = location.path() else { return Ok(None) };
        let mut text = String::new();
        let opened = std::fs::File::open(path).and_then(|mut file| {
            file.read_to_string(&mut text)?;
            Ok(is_readable_by_others(&file))
        });
        match opened {
            Ok(readable_by_others) => {
                let reader = SettingsReader { path, text: &text, environment };
                Ok(Some(Self { readable_by_others, ..reader.file()? }))
            }
            Err(error) if *location == Location::Usual(path.to_path_buf()) && is_absent(&error) => {
                Ok(None)
            }
            Err(error) => Err(Error::usage(format!(
                "cannot read the settings file `{}`: {error}",
                plain(&path.display().to_string())
            ))
            .hint("name another file with `--config FILE`")),
        }
    }

    /// The sections that apply to this URL; the first one wins.
    pub fn sections_for(&self, url: Option<&Url>) -> impl Iterator<Item = &Section> {
        let server = url.and_then(|url| self.server_for(url));
        let enterprise = url.and_then(|url| self.enterprise_for(url));
        server.into_iter().chain(enterprise).chain([&self.defaults])
    }

    /// The section of the company, if this is one of its servers or its identity provider.
    fn enterprise_for(&self, url: &Url) -> Option<&Section> {
        let (patterns, section) = self.enterprise.as_ref()?;
        let is_provider = |entry: &FileEntry| {
            let text = entry.values.first().and_then(SettingValue::as_text);
            entry.key == Key::Idp
                && text.and_then(|text| Url::parse(text).ok()).as_ref() == Some(url)
        };
        let is_ours = patterns.iter().any(|pattern| pattern.matches(url))
            || section.entries.iter().any(is_provider);
        is_ours.then_some(section)
    }

    /// The section with exactly this URL, or the one with the longest matching path.
    fn server_for(&self, url: &Url) -> Option<&Section> {
        let exact = self.servers.iter().find(|(section, _)| section == url);
        let by_prefix = || {
            self.servers
                .iter()
                .filter(|(section, _)| is_prefix(section, url))
                .max_by_key(|(section, _)| section.path().trim_end_matches('/').len())
        };
        exact.or_else(by_prefix).map(|(_, section)| section)
    }

    /// Returns whether the file contains secrets.
    pub fn holds_secrets(&self) -> bool {
        let secret = |entry: &FileEntry| match entry.key.setting().kind {
            ValueKind::Headers | ValueKind::SecretText | ValueKind::SecretUrl => true,
            ValueKind::Switch
            | ValueKind::Seconds
            | ValueKind::SecondsOrOff
            | ValueKind::Port
            | ValueKind::Mebibytes
            | ValueKind::Text
            | ValueKind::Path
            | ValueKind::Choice(_)
            | ValueKind::Paths
            | ValueKind::Command
            | ValueKind::HeaderCommands
            | ValueKind::Texts => false,
        };
        let sections = self.servers.iter().map(|(_, section)| section).chain([&self.defaults]);
        let sections = sections.chain(self.enterprise.iter().map(|(_, section)| section));
        sections.into_iter().any(|s| !s.env.is_empty() || s.entries.iter().any(secret))
    }
}

/// Returns whether the URL of a section is a prefix of `url` that ends between path segments.
fn is_prefix(section: &Url, url: &Url) -> bool {
    let prefix = section.path().trim_end_matches('/');
    section.origin() == url.origin()
        && section.query().is_none()
        && url
            .path()
            .strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

/// Returns whether anyone but the owner can read this file.
#[cfg(unix)]
pub fn is_readable_by_others(file: &std::fs::File) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

/// Returns whether anyone but the owner can read this file. On this platform, the access list of
/// the user's folder prevents that.
#[cfg(not(unix))]
pub fn is_readable_by_others(_: &std::fs::File) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> SettingsFile {
        let environment = Environment::fixed([("HOME", "/home/sara")]);
        let path = Path::new("/etc/tether/config.toml");
        SettingsReader { path, text, environment: &environment }.file().unwrap()
    }

    fn section_for<'a>(file: &'a SettingsFile, url: &str) -> Option<&'a str> {
        let url = Url::parse(url).unwrap();
        file.sections_for(Some(&url)).next().and_then(|section| section.name.as_deref())
    }

    #[test]
    fn the_exact_section_wins_over_the_longest_prefix() {
        let file = file(concat!(
            "[defaults]\n",
            "[server.\"https://a.example\"]\n",
            "[server.\"https://a.example/mcp\"]\n",
            "[server.\"https://a.example/mcp/deep/\"]\n",
            "[server.\"https://a.example/mcp/deep?team=1\"]\n",
            "[server.\"HTTPS://B.example:443/x/../y\"]\n",
        ));
        for (url, section) in [
            ("https://a.example/", Some("https://a.example")),
            ("https://a.example/other", Some("https://a.example")),
            ("https://a.example/mcp", Some("https://a.example/mcp")),
            ("https://a.example/mcp/x", Some("https://a.example/mcp")),
            ("https://a.example/mcp2", Some("https://a.example")),
            ("https://a.example/mcp/deep", Some("https://a.example/mcp/deep/")),
            ("https://a.example/mcp/deep?team=1", Some("https://a.example/mcp/deep?team=1")),
            ("https://a.example/mcp/deep?team=2", Some("https://a.example/mcp/deep/")),
            ("http://a.example/mcp", None),
            ("https://a.example:8443/mcp", None),
            ("https://b.example/y", Some("HTTPS://B.example:443/x/../y")),
        ] {
            assert_eq!(section_for(&file, url), section, "{url}");
        }
    }

    #[test]
    fn a_named_file_must_be_there_and_the_usual_one_need_not() {
        let folder = tempfile::tempdir().unwrap();
        let absent = folder.path().join("config.toml");
        let environment = Environment::fixed([]);
        let load = |location| SettingsFile::load(&location, &environment);
        assert!(load(Location::Usual(absent.clone())).unwrap().is_none());
        assert!(load(Location::Nowhere).unwrap().is_none());
        let error = load(Location::Named(absent)).unwrap_err().to_string();
        assert!(error.starts_with("error: cannot read the settings file"), "{error}");
    }

    #[test]
    fn the_place_of_the_file_comes_from_flag_then_variable_then_platform() {
        let environment = Environment::fixed([("HOME", "/h"), ("MCP_TETHER_CONFIG", "/v.toml")]);
        let find = |flag| Location::find(flag, &environment);
        assert_eq!(find(Some("~/f.toml")), Location::Named("/h/f.toml".into()));
        assert_eq!(find(None), Location::Named("/v.toml".into()));
        let environment = Environment::fixed([("HOME", "/h")]);
        let usual = Location::Usual("/h/config/config.toml".into());
        assert_eq!(Location::find(None, &environment), usual);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_is_noticed() {
        use std::os::unix::fs::PermissionsExt;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "[defaults]\nheader = \"X: y\"\n").unwrap();
        for (mode, exposed) in [(0o600, false), (0o640, true), (0o644, true)] {
            std::fs::set_permissions(file.path(), PermissionsExt::from_mode(mode)).unwrap();
            let location = Location::Named(file.path().to_path_buf());
            let loaded = SettingsFile::load(&location, &Environment::fixed([])).unwrap().unwrap();
            assert_eq!(loaded.readable_by_others, exposed, "{mode:o}");
            assert!(loaded.holds_secrets());
        }
    }
}
