//! The environment of the process: variables, folders, and the streams for results and messages.
//! Tests replace it here.

mod audience;
mod outcome;
mod output;
mod paint;
mod waiting;
mod wrap;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

pub(crate) use audience::{use_json, wants_json};
pub(crate) use outcome::CommandOutcome;
pub(crate) use output::{
    Asking, is_stdout, print_error, stderr_is_terminal, stdin_is_terminal, stdout_columns,
    to_stderr, to_stdout, to_stdout_unwrapped, try_to_stdout,
};
pub(crate) use paint::{Paint, paint, paint_difference};
pub(crate) use waiting::Waiting;
pub(crate) use wrap::wrap;

use crate::platform::Paths;

/// The environment variables of one run, and the folders that follow from them.
#[derive(Clone, Debug)]
pub struct Environment {
    variables: Variables,
}

#[derive(Clone, Debug)]
enum Variables {
    Process,
    Fixed(BTreeMap<String, String>),
}

impl Environment {
    /// The environment of this process.
    pub fn of_process() -> Self {
        Self { variables: Variables::Process }
    }

    /// An environment with exactly these variables, for tests.
    pub fn fixed<const N: usize>(variables: [(&str, &str); N]) -> Self {
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let variables = Variables::Fixed(variables.into_iter().map(own).collect());
        Self { variables }
    }

    /// Returns whether this is the environment of this process, which a child process inherits.
    pub(crate) fn is_of_process(&self) -> bool {
        matches!(self.variables, Variables::Process)
    }

    /// The value of a variable. Replaces invalid UTF-8; later checks refuse the replacement
    /// character if it matters.
    pub(crate) fn variable(&self, name: impl AsRef<OsStr>) -> Option<String> {
        let name = name.as_ref();
        match &self.variables {
            Variables::Process => std::env::var_os(name).map(|v| v.to_string_lossy().into_owned()),
            Variables::Fixed(fixed) => fixed.get(name.to_str()?).cloned(),
        }
    }

    /// The value of a variable that is not empty: many hosts set empty variables.
    pub(crate) fn non_empty(&self, name: impl AsRef<OsStr>) -> Option<String> {
        self.variable(name).filter(|value| !value.is_empty())
    }

    /// The folder of the settings file, by the conventions of the platform.
    pub(crate) fn configuration_folder(&self) -> Option<PathBuf> {
        self.paths().configuration().ok().map(Path::to_path_buf)
    }

    /// The program's own folders.
    pub(crate) fn paths(&self) -> Paths {
        match self.variables {
            Variables::Process => Paths::of_process(),
            Variables::Fixed(_) => match self.variable("HOME") {
                Some(home) => Paths::below(Path::new(&home)),
                None => Paths::nowhere(),
            },
        }
    }

    /// The home folder.
    pub(crate) fn home(&self) -> Option<PathBuf> {
        match &self.variables {
            Variables::Process => Some(directories::BaseDirs::new()?.home_dir().to_path_buf()),
            Variables::Fixed(_) => self.variable("HOME").map(PathBuf::from),
        }
    }

    /// The folder in which programs of this platform keep their settings, such as `~/.config`.
    pub(crate) fn programs_settings_folder(&self) -> Option<PathBuf> {
        match &self.variables {
            Variables::Process => Some(directories::BaseDirs::new()?.config_dir().to_path_buf()),
            Variables::Fixed(_) => self.home().map(|home| home.join(".config")),
        }
    }

    /// `$XDG_CONFIG_HOME` or `~/.config`, on every platform: some programs keep their settings
    /// there everywhere.
    pub(crate) fn dot_config_folder(&self) -> Option<PathBuf> {
        let named = self.non_empty("XDG_CONFIG_HOME").map(PathBuf::from);
        let named = named.filter(|folder| folder.is_absolute());
        named.or_else(|| Some(self.home()?.join(".config")))
    }

    /// The folder in which programs of this platform keep machine-specific data, such as
    /// `%LOCALAPPDATA%`.
    pub(crate) fn programs_local_folder(&self) -> Option<PathBuf> {
        match &self.variables {
            Variables::Process => {
                Some(directories::BaseDirs::new()?.data_local_dir().to_path_buf())
            }
            Variables::Fixed(_) => self.home().map(|home| home.join(".local/share")),
        }
    }

    /// Expands a leading `~/` in a path: hosts start programs without a shell that would do it.
    pub(crate) fn expand_home(&self, path: &str) -> PathBuf {
        match path.strip_prefix("~/").and_then(|rest| Some(self.home()?.join(rest))) {
            Some(expanded) => expanded,
            None => PathBuf::from(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_counts_as_not_set() {
        let environment = Environment::fixed([("EMPTY", ""), ("SET", "x")]);
        assert_eq!(environment.non_empty("EMPTY"), None);
        assert_eq!(environment.non_empty("SET").as_deref(), Some("x"));
        assert_eq!(environment.non_empty("ABSENT"), None);
    }

    #[test]
    fn a_tilde_is_the_home_folder_and_nothing_else_changes() {
        let environment = Environment::fixed([("HOME", "/home/sara")]);
        assert_eq!(environment.expand_home("~/a.pem"), Path::new("/home/sara/a.pem"));
        assert_eq!(environment.expand_home("~a.pem"), Path::new("~a.pem"));
        assert_eq!(environment.expand_home("/~/a.pem"), Path::new("/~/a.pem"));
    }
}
