//! The settings of one run and their sources: flags, then environment variables, then the server's
//! section in the settings file, then `[defaults]` there, then built-in values. The first of these
//! that sets a single value wins. Lists are joined in that order, and an empty list in the file
//! drops everything after it.

mod choices;
mod company_sign_in;
mod credential_commands;
mod file;
mod headers;
mod network;
mod options;
mod remote_url;
mod sign_in;
mod suggest;
mod table;
mod value;

use std::collections::HashMap;
use std::path::PathBuf;

use url::Url;

pub use choices::{Choice, LogFormat};
pub use file::Location;
pub use headers::named_variables;
pub use network::proxy_credentials;
pub use options::LogOptions;
pub use remote_url::{check_encryption, parse as parse_remote_url};
pub use sign_in::resource_indicator;
pub use suggest::nearest;
pub(crate) use table::{Availability, Group};
pub use table::{Key, SETTINGS, Setting, ValueKind};
pub use value::SettingValue;

use self::file::{Section, SettingsFile};
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::redact::{Secret, display_identifier, plain};
use crate::shell_words::shell_word;

/// The variable of Node.js that names certificate authorities, which entries for `mcp-remote` set.
const FOREIGN_CA_VARIABLE: &str = "NODE_EXTRA_CA_CERTS";

/// The flags of one command line, as written.
#[derive(Clone, Default)]
pub struct Flags {
    /// `--config`.
    pub config: Option<String>,
    /// Settings and their values as written, in the order of the table. A switch has `true`.
    pub values: Vec<(Key, Vec<String>)>,
}

impl Flags {
    /// Combines these flags with others: lists are joined, and the others' single values win.
    #[must_use]
    pub fn overlaid_by(mut self, others: Self) -> Self {
        self.config = others.config.or(self.config);
        self.values.extend(others.values);
        self
    }
}

/// The source of a value. The first of two sources wins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SettingSource {
    /// A flag.
    Flag,
    /// An environment variable.
    Variable(String),
    /// A server's section in the settings file.
    Server {
        /// The URL that names the section, as written.
        name: String,
        /// The line, counted from one.
        line: usize,
    },
    /// The section `[enterprise]` of the settings file.
    Enterprise {
        /// The line, counted from one.
        line: usize,
    },
    /// The section `[defaults]` of the settings file.
    Defaults {
        /// The line, counted from one.
        line: usize,
    },
    /// The program's own default.
    BuiltIn,
}

/// A value and its source.
#[derive(Clone)]
pub struct Sourced {
    pub(crate) value: SettingValue,
    pub(crate) source: SettingSource,
}

/// The settings of one run.
pub struct Settings {
    values: Vec<Vec<Sourced>>,
    /// Lists that an empty list in the file has closed.
    closed: Vec<Key>,
    env: HashMap<String, Secret<String>>,
    /// The settings file that was read.
    pub file: Option<PathBuf>,
    /// Warnings that do not stop the run, one sentence each.
    pub warnings: Vec<String>,
}

impl SettingSource {
    /// The rank of the source; the smaller one wins.
    fn rank(&self) -> u8 {
        match self {
            Self::Flag => 0,
            Self::Variable(_) => 1,
            Self::Server { .. } => 2,
            Self::Enterprise { .. } => 3,
            Self::Defaults { .. } => 4,
            Self::BuiltIn => 5,
        }
    }

    /// Describes this setting the way it is written in this source.
    fn describe(&self, setting: &Setting) -> String {
        match self {
            Self::Flag | Self::BuiltIn => format!("`--{}`", setting.name),
            Self::Variable(name) => format!("`{name}`"),
            Self::Server { line, .. } | Self::Enterprise { line } | Self::Defaults { line } => {
                format!("`{}` in the settings file, line {line}", setting.name)
            }
        }
    }
}

impl std::fmt::Display for SettingSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag => f.write_str("flag"),
            Self::Variable(name) => write!(f, "environment {name}"),
            Self::Server { name, line } => {
                write!(f, "settings file, [server.\"{}\"], line {line}", display_identifier(name))
            }
            Self::Enterprise { line } => write!(f, "settings file, [enterprise], line {line}"),
            Self::Defaults { line } => write!(f, "settings file, [defaults], line {line}"),
            Self::BuiltIn => f.write_str("built in"),
        }
    }
}

impl Settings {
    /// Resolves the settings for this URL, or those of a command that takes no URL.
    ///
    /// # Errors
    /// The settings file cannot be read or has an error, or a value is invalid for its setting.
    pub fn resolve(url: Option<&Url>, flags: &Flags, environment: &Environment) -> Result<Self> {
        let location = Location::find(flags.config.as_deref(), environment);
        let file = SettingsFile::load(&location, environment)?;
        let mut settings = Self {
            values: vec![Vec::new(); SETTINGS.len()],
            closed: Vec::new(),
            env: HashMap::new(),
            file: file.is_some().then(|| location.path().map(PathBuf::from)).flatten(),
            warnings: Vec::new(),
        };
        settings.add_flags(flags)?;
        settings.add_variables(environment)?;
        for section in file.iter().flat_map(|file| file.sections_for(url)) {
            settings.add_section(section);
        }
        settings.add_built_in();
        settings.add_variables_of_node(environment);
        settings.warn_about_file(file.as_ref());
        settings.warn_about_no_effect();
        settings.warn_about_ping_interval();
        Ok(settings)
    }

    /// Whether the user has set this setting, from any source.
    pub(crate) fn is_set(&self, key: Key) -> bool {
        self.all(key).iter().any(|held| held.source != SettingSource::BuiltIn)
    }

    /// Every value of a setting, the winner first. A setting that is not a list has at most one.
    pub fn all(&self, key: Key) -> &[Sourced] {
        &self.values[key as usize]
    }

    /// Resets a setting to its built-in value.
    pub fn reset(&mut self, key: Key) {
        self.values[key as usize].retain(|held| held.source == SettingSource::BuiltIn);
        let setting = key.setting();
        if self.values[key as usize].is_empty()
            && !setting.default.is_empty()
            && let Ok(value) = SettingValue::from_text(setting.kind, setting.default)
        {
            self.add(setting, &[value], &SettingSource::BuiltIn);
        }
    }

    fn add_flags(&mut self, flags: &Flags) -> Result<()> {
        for (key, texts) in &flags.values {
            for text in texts {
                self.add_text(key.setting(), text, SettingSource::Flag)?;
            }
        }
        Ok(())
    }

    /// Reads the variables of the environment. In a variable, line breaks separate the values of a
    /// list.
    fn add_variables(&mut self, environment: &Environment) -> Result<()> {
        for setting in &SETTINGS {
            let name = setting.variable();
            let Some(text) = environment.non_empty(&name) else { continue };
            let texts = if setting.kind.is_list() {
                text.split('\n').collect()
            } else {
                vec![text.as_str()]
            };
            for text in texts.into_iter().map(|text| text.trim_end_matches('\r')) {
                if !setting.kind.is_list() || !text.is_empty() {
                    self.add_text(setting, text, SettingSource::Variable(name.clone()))?;
                }
            }
        }
        Ok(())
    }

    fn add_section(&mut self, section: &Section) {
        for entry in &section.entries {
            let source = match &section.name {
                Some(name) => SettingSource::Server { name: name.clone(), line: entry.line },
                None if section.is_enterprise => SettingSource::Enterprise { line: entry.line },
                None => SettingSource::Defaults { line: entry.line },
            };
            self.add(entry.key.setting(), &entry.values, &source);
        }
        for (name, value) in &section.env {
            self.env.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }

    fn add_built_in(&mut self) {
        for setting in SETTINGS.iter().filter(|setting| !setting.default.is_empty()) {
            if let Ok(value) = SettingValue::from_text(setting.kind, setting.default) {
                self.add(setting, &[value], &SettingSource::BuiltIn);
            }
        }
    }

    /// Reads variables of Node.js that users of `mcp-remote` may have set.
    fn add_variables_of_node(&mut self, environment: &Environment) {
        let name = FOREIGN_CA_VARIABLE;
        if let Some(path) = environment.non_empty(name) {
            let source = SettingSource::Variable(name.to_owned());
            self.values[Key::CaCert as usize]
                .push(Sourced { value: SettingValue::Text(path), source });
        }
        let name = "NODE_TLS_REJECT_UNAUTHORIZED";
        if environment.non_empty(name).is_some_and(|value| value == "0") {
            self.warnings.push(format!(
                "`{name}` has no effect: certificates are always checked; trust one with \
                 `--ca-cert FILE`"
            ));
        }
    }

    fn add_text(
        &mut self,
        setting: &'static Setting,
        text: &str,
        source: SettingSource,
    ) -> Result<()> {
        let value = SettingValue::from_text(setting.kind, text).map_err(|expected| {
            let shown = SettingValue::Text(text.to_owned()).display(setting.kind);
            let place = source.describe(setting);
            Error::usage(format!("invalid value `{shown}` for {place}: {expected}"))
                .hint(format!("`mcp-tether --help` says what `--{}` takes", setting.name))
        })?;
        self.add(setting, &[value], &source);
        Ok(())
    }

    /// Adds values, unless a source that wins over this one has set the setting.
    fn add(&mut self, setting: &Setting, values: &[SettingValue], source: &SettingSource) {
        let held = &mut self.values[setting.key as usize];
        let sourced =
            |value: &SettingValue| Sourced { value: value.clone(), source: source.clone() };
        if setting.kind.is_list() {
            if self.closed.contains(&setting.key) {
                return;
            }
            held.extend(values.iter().map(sourced));
            if values.is_empty() {
                self.closed.push(setting.key);
            }
        } else if held.first().is_none_or(|first| first.source.rank() == source.rank()) {
            // If a flag is given twice, the last one counts.
            held.clear();
            held.extend(values.last().map(sourced));
        }
    }

    fn warn_about_file(&mut self, file: Option<&SettingsFile>) {
        let Some((file, path)) = file.zip(self.file.as_ref()) else { return };
        if file.readable_by_others && file.holds_secrets() {
            let path = path.display().to_string();
            self.warnings.push(format!(
                "other users of this machine can read the secrets in `{}`; run `chmod 600 {}`",
                plain(&path),
                shell_word(&path)
            ));
        }
    }

    fn warn_about_ping_interval(&mut self) {
        let Some(held) = self.all(Key::PingInterval).first() else { return };
        if held.source != SettingSource::BuiltIn && !self.switch(Key::KeepAlive) {
            let place = held.source.describe(Key::PingInterval.setting());
            self.warnings.push(format!("{place} has no effect without `--keep-alive`"));
        }
    }

    fn warn_about_no_effect(&mut self) {
        for setting in &SETTINGS {
            let Availability::NoEffect(why) = setting.availability else { continue };
            let Some(used) = self.values[setting.key as usize].first() else { continue };
            if used.source != SettingSource::BuiltIn && used.value != SettingValue::Switch(false) {
                let place = used.source.describe(setting);
                self.warnings.push(format!("{place} has no effect: {why}"));
            }
        }
    }
}

#[cfg(test)]
mod tests;
