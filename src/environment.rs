//! What the process finds around it: environment variables, folders, and where results and messages
//! go. The one seam through which tests replace the outside world.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use crate::platform::Paths;

/// The outside world of one run.
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
    /// The real one.
    pub fn of_process() -> Self {
        Self { variables: Variables::Process }
    }

    /// One with exactly these variables, for tests.
    pub fn fixed<const N: usize>(variables: [(&str, &str); N]) -> Self {
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let variables = Variables::Fixed(variables.into_iter().map(own).collect());
        Self { variables }
    }

    /// Whether this is the real one, so that another run of the program finds the same.
    pub fn is_of_process(&self) -> bool {
        matches!(self.variables, Variables::Process)
    }

    /// The value of a variable. Bytes that are no UTF-8 are replaced, which later checks refuse
    /// where it matters.
    pub fn variable(&self, name: impl AsRef<OsStr>) -> Option<String> {
        let name = name.as_ref();
        match &self.variables {
            Variables::Process => std::env::var_os(name).map(|v| v.to_string_lossy().into_owned()),
            Variables::Fixed(fixed) => fixed.get(name.to_str()?).cloned(),
        }
    }

    /// The value of a variable that is set and not empty: many hosts pass empty ones along.
    pub fn non_empty(&self, name: impl AsRef<OsStr>) -> Option<String> {
        self.variable(name).filter(|value| !value.is_empty())
    }

    /// The folder of the settings file, as the platform wants it.
    pub fn configuration_folder(&self) -> Option<PathBuf> {
        self.paths().configuration().ok().map(Path::to_path_buf)
    }

    /// All our folders.
    pub fn paths(&self) -> Paths {
        match self.variables {
            Variables::Process => Paths::of_process(),
            Variables::Fixed(_) => match self.variable("HOME") {
                Some(home) => Paths::below(Path::new(&home)),
                None => Paths::nowhere(),
            },
        }
    }

    /// The home folder.
    pub fn home(&self) -> Option<PathBuf> {
        match &self.variables {
            Variables::Process => Some(directories::BaseDirs::new()?.home_dir().to_path_buf()),
            Variables::Fixed(_) => self.variable("HOME").map(PathBuf::from),
        }
    }

    /// Where programs of this platform keep their settings: `~/.config` and its like.
    pub fn programs_settings_folder(&self) -> Option<PathBuf> {
        match &self.variables {
            Variables::Process => Some(directories::BaseDirs::new()?.config_dir().to_path_buf()),
            Variables::Fixed(_) => self.home().map(|home| home.join(".config")),
        }
    }

    /// A path as a person wrote it, with a leading `~/` replaced: hosts start us without a shell
    /// that would do it.
    pub fn expand_home(&self, path: &str) -> PathBuf {
        match path.strip_prefix("~/").and_then(|rest| Some(self.home()?.join(rest))) {
            Some(expanded) => expanded,
            None => PathBuf::from(path),
        }
    }
}

/// Writes a result for a person or a program to stdout. The reader may go away whenever it likes,
/// as `| head` does, so a failure to write is none of ours.
pub fn to_stdout(text: &str) {
    let _ = try_to_stdout(text);
}

/// Writes to stdout where it matters whether somebody still reads.
///
/// # Errors
/// The reader is gone, or the system refused.
#[expect(clippy::disallowed_methods, reason = "the home of stdout outside the bridge")]
pub fn try_to_stdout(text: &str) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Writes a message for a person to stderr; a closed stderr is harmless.
#[expect(clippy::disallowed_methods, reason = "the home of stderr")]
pub fn to_stderr(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Whether a person sits at the other end of stdin.
pub fn stdin_is_terminal() -> bool {
    std::io::stdin().is_terminal()
}

/// Whether a person reads stderr.
#[expect(clippy::disallowed_methods, reason = "the home of stderr")]
pub fn stderr_is_terminal() -> bool {
    std::io::stderr().is_terminal()
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
