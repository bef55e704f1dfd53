//! What holds for one run and why: flags, then environment, then the settings file's section for
//! the server, then its defaults, then what is built in. Single values replace each other in that
//! order; lists add up, nearest first, and an empty list in the file drops what lies behind it.

mod file;
mod headers;
mod options;
mod remote_url;
mod sign_in;
mod suggest;
mod table;
mod value;

use std::collections::HashMap;
use std::path::PathBuf;

use url::Url;

pub use file::{FILE_NAME, Location};
pub use headers::{KeyringLookup, named_variables};
pub use options::LogOptions;
pub use remote_url::{check_encryption, parse as parse_remote_url};
pub use sign_in::resource_indicator;
pub use suggest::nearest;
pub use table::{Availability, Group, Key, Kind, SETTINGS, Setting};
pub use value::{REDACTED, Value};

use self::file::{Section, SettingsFile};
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::redact::{Secret, plain};

/// The flags of one command line, as written.
#[derive(Clone, Default)]
pub struct Flags {
    /// `--config`.
    pub config: Option<String>,
    /// Settings and their texts, in the order of the table; a switch has the text `true`.
    pub values: Vec<(Key, Vec<String>)>,
}

impl Flags {
    /// These flags with others laid over them: lists add up, else the others win.
    #[must_use]
    pub fn overlaid_by(mut self, others: Self) -> Self {
        self.config = others.config.or(self.config);
        self.values.extend(others.values);
        self
    }
}

/// Where a value comes from, nearest first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A flag.
    Flag,
    /// An environment variable.
    Variable(String),
    /// The section of the settings file with this name.
    Server {
        /// The URL as written there.
        name: String,
        /// Line in the file.
        line: usize,
    },
    /// The section `[defaults]` of the settings file.
    Defaults {
        /// Line in the file.
        line: usize,
    },
    /// The program itself.
    BuiltIn,
}

/// A value and where it comes from.
#[derive(Clone)]
pub struct Sourced {
    /// The value.
    pub value: Value,
    /// Where it comes from.
    pub source: Source,
}

/// What holds for one run.
pub struct Settings {
    values: Vec<Vec<Sourced>>,
    /// Lists that take nothing more, because an empty one stood in the file.
    closed: Vec<Key>,
    env: HashMap<String, Secret<String>>,
    /// The settings file that was read.
    pub file: Option<PathBuf>,
    /// What the user should know, without being stopped by it.
    pub warnings: Vec<String>,
}

impl Source {
    /// How near it is: smaller wins.
    fn rank(&self) -> u8 {
        match self {
            Self::Flag => 0,
            Self::Variable(_) => 1,
            Self::Server { .. } => 2,
            Self::Defaults { .. } => 3,
            Self::BuiltIn => 4,
        }
    }

    /// How a person wrote this setting there.
    fn spelled(&self, setting: &Setting) -> String {
        match self {
            Self::Flag | Self::BuiltIn => format!("`--{}`", setting.name),
            Self::Variable(name) => format!("`{name}`"),
            Self::Server { line, .. } | Self::Defaults { line } => {
                format!("`{}` in the settings file, line {line}", setting.name)
            }
        }
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag => f.write_str("flag"),
            Self::Variable(name) => write!(f, "environment {name}"),
            Self::Server { name, line } => {
                write!(f, "settings file, [server.\"{}\"], line {line}", plain(name))
            }
            Self::Defaults { line } => write!(f, "settings file, [defaults], line {line}"),
            Self::BuiltIn => f.write_str("built in"),
        }
    }
}

impl Settings {
    /// Finds out what holds for this URL, or without one.
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
        settings.take_flags(flags)?;
        settings.take_variables(environment)?;
        for section in file.iter().flat_map(|file| file.sections_for(url)) {
            settings.take_section(section);
        }
        settings.take_built_in();
        settings.take_foreign_variables(environment);
        settings.warn_about_file(file.as_ref());
        settings.warn_about_useless();
        settings.warn_about_ping_interval();
        Ok(settings)
    }

    /// Everything that was said about a setting, nearest first; at most one for a single value.
    pub fn all(&self, key: Key) -> &[Sourced] {
        &self.values[key as usize]
    }

    fn take_flags(&mut self, flags: &Flags) -> Result<()> {
        for (key, texts) in &flags.values {
            for text in texts {
                self.take_text(key.setting(), text, Source::Flag)?;
            }
        }
        Ok(())
    }

    /// Lists in a variable are separated by line breaks.
    fn take_variables(&mut self, environment: &Environment) -> Result<()> {
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
                    self.take_text(setting, text, Source::Variable(name.clone()))?;
                }
            }
        }
        Ok(())
    }

    fn take_section(&mut self, section: &Section) {
        for entry in &section.entries {
            let source = match &section.name {
                Some(name) => Source::Server { name: name.clone(), line: entry.line },
                None => Source::Defaults { line: entry.line },
            };
            self.take(entry.key.setting(), &entry.values, &source);
        }
        for (name, value) in &section.env {
            self.env.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }

    fn take_built_in(&mut self) {
        for setting in SETTINGS.iter().filter(|setting| !setting.default.is_empty()) {
            if let Ok(value) = Value::from_text(setting.kind, setting.default) {
                self.take(setting, &[value], &Source::BuiltIn);
            }
        }
    }

    /// Variables of other programs that we honour as well.
    fn take_foreign_variables(&mut self, environment: &Environment) {
        let name = "NODE_EXTRA_CA_CERTS";
        if let Some(path) = environment.non_empty(name) {
            let source = Source::Variable(name.to_owned());
            self.values[Key::CaCert as usize].push(Sourced { value: Value::Text(path), source });
        }
    }

    fn take_text(&mut self, setting: &'static Setting, text: &str, source: Source) -> Result<()> {
        let value = Value::from_text(setting.kind, text).map_err(|expected| {
            let shown = Value::Text(text.to_owned()).shown(setting.kind);
            Error::usage(format!("`{shown}` does not fit {}: {expected}", source.spelled(setting)))
        })?;
        self.take(setting, &[value], &source);
        Ok(())
    }

    /// Adds values unless something nearer already decided.
    fn take(&mut self, setting: &Setting, values: &[Value], source: &Source) {
        let held = &mut self.values[setting.key as usize];
        let sourced = |value: &Value| Sourced { value: value.clone(), source: source.clone() };
        if setting.kind.is_list() {
            if self.closed.contains(&setting.key) {
                return;
            }
            held.extend(values.iter().map(sourced));
            if values.is_empty() {
                self.closed.push(setting.key);
            }
        } else if held.first().is_none_or(|first| first.source.rank() == source.rank()) {
            // The same flag given twice: the last one counts.
            held.clear();
            held.extend(values.last().map(sourced));
        }
    }

    fn warn_about_file(&mut self, file: Option<&SettingsFile>) {
        let Some((file, path)) = file.zip(self.file.as_ref()) else { return };
        if file.readable_by_others && file.holds_secrets() {
            let path = plain(&path.display().to_string());
            self.warnings.push(format!(
                "others on this machine may read the secrets in `{path}`; run `chmod 600 '{path}'`"
            ));
        }
    }

    fn warn_about_ping_interval(&mut self) {
        let Some(held) = self.all(Key::PingInterval).first() else { return };
        if held.source != Source::BuiltIn && !self.switch(Key::KeepAlive) {
            let spelled = held.source.spelled(Key::PingInterval.setting());
            self.warnings.push(format!("{spelled} has no effect without `--keep-alive`"));
        }
    }

    /// Says what has no effect.
    fn warn_about_useless(&mut self) {
        for setting in &SETTINGS {
            let Availability::NoUse(why) = setting.availability else { continue };
            let Some(used) = self.values[setting.key as usize].first() else { continue };
            if used.source != Source::BuiltIn && used.value != Value::Switch(false) {
                let spelled = used.source.spelled(setting);
                self.warnings.push(format!("{spelled} has no effect: {why}"));
            }
        }
    }
}
