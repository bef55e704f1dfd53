//! The program's own folders: settings, state and cache. Only determines the paths; nothing is
//! created or opened here, so a run that needs no folder never fails because one is missing.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use directories::ProjectDirs;

use crate::error::Error;

/// Replaces the state folder, for tests and for homes that cannot be written.
pub const STATE_VARIABLE: &str = "MCP_TETHER_STATE_DIR";

/// The variables of the XDG base directory specification that are followed.
const XDG_VARIABLES: [&str; 3] = ["XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"];

/// The program's folders. An undetermined one is an error only for callers that need it.
#[derive(Clone, Debug)]
pub struct Paths {
    configuration: FolderPath,
    state: FolderPath,
    cache: FolderPath,
    ignored_variables: Vec<String>,
}

type FolderPath = Result<PathBuf, NoFolder>;

/// The error for a folder that cannot be determined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoFolder {
    /// What is wrong, one sentence in lower case.
    pub message: String,
    /// What to do next.
    pub hint: &'static str,
}

impl Paths {
    /// The folders by this process's environment and the platform's conventions.
    pub fn of_process() -> Self {
        let project = ProjectDirs::from("", "", "mcp-tether");
        Self::resolve(|name| std::env::var_os(name), project.as_ref())
    }

    /// Everything below one folder, for tests.
    pub fn below(folder: &Path) -> Self {
        Self {
            configuration: Ok(folder.join("config")),
            state: Ok(folder.join("state")),
            cache: Ok(folder.join("cache")),
            ignored_variables: Vec::new(),
        }
    }

    /// No folders, for tests: a machine without a home folder.
    pub fn nowhere() -> Self {
        Self::resolve(|_| None, None)
    }

    fn resolve(variable: impl Fn(&str) -> Option<OsString>, project: Option<&ProjectDirs>) -> Self {
        let named = |folder: fn(&ProjectDirs) -> &Path| match project {
            Some(project) => check_absolute(folder(project)),
            None => Err(NoFolder::no_home()),
        };
        let state = match variable(STATE_VARIABLE).filter(|value| !value.is_empty()) {
            Some(folder) => check_override(PathBuf::from(folder)),
            None => named(|project| project.state_dir().unwrap_or(project.data_local_dir())),
        };
        Self {
            configuration: named(ProjectDirs::config_dir),
            state,
            cache: named(ProjectDirs::cache_dir),
            ignored_variables: warn_of_relative(variable),
        }
    }

    /// The folder of the settings file.
    ///
    /// # Errors
    /// The user has no home folder, or its path is not absolute.
    pub fn configuration(&self) -> Result<&Path, NoFolder> {
        self.configuration.as_deref().map_err(Clone::clone)
    }

    /// The folder of credentials, locks and facts about servers. `MCP_TETHER_STATE_DIR` replaces
    /// it.
    ///
    /// # Errors
    /// As [`Paths::configuration`], or the replacement is not an absolute path.
    pub fn state(&self) -> Result<&Path, NoFolder> {
        self.state.as_deref().map_err(Clone::clone)
    }

    /// The folder of files that can be recreated.
    ///
    /// # Errors
    /// As [`Paths::configuration`].
    pub fn cache(&self) -> Result<&Path, NoFolder> {
        self.cache.as_deref().map_err(Clone::clone)
    }

    /// Warnings about variables that were not followed, one sentence each.
    pub fn ignored_variables(&self) -> &[String] {
        &self.ignored_variables
    }
}

impl NoFolder {
    fn no_home() -> Self {
        Self {
            message: "no home folder: `HOME` is not set and the user database names none".into(),
            hint: "set `HOME`, or `MCP_TETHER_STATE_DIR` to a folder of your own",
        }
    }
}

impl From<NoFolder> for Error {
    fn from(missing: NoFolder) -> Self {
        Self::failed(missing.message).hint(missing.hint)
    }
}

fn check_absolute(folder: &Path) -> FolderPath {
    if folder.is_absolute() {
        return Ok(folder.to_path_buf());
    }
    Err(NoFolder {
        message: format!("the folder `{}` is not an absolute path", folder.display()),
        hint: "set `HOME` to an absolute path",
    })
}

fn check_override(folder: PathBuf) -> FolderPath {
    if folder.is_absolute() {
        return Ok(folder);
    }
    Err(NoFolder {
        message: format!("`{STATE_VARIABLE}` is not an absolute path: `{}`", folder.display()),
        hint: "use an absolute path: each host picks its own working directory",
    })
}

/// Warns about ignored variables. The XDG base directory specification says: "All paths must be
/// absolute. If an implementation encounters a relative path […] it should consider the path
/// invalid and ignore it."
fn warn_of_relative(variable: impl Fn(&str) -> Option<OsString>) -> Vec<String> {
    if cfg!(any(windows, target_os = "macos")) {
        return Vec::new();
    }
    let relative = |value: &OsString| !value.is_empty() && !Path::new(value).is_absolute();
    XDG_VARIABLES
        .into_iter()
        .filter_map(|name| Some((name, variable(name).filter(relative)?)))
        .map(|(name, value)| {
            format!("ignoring `{name}`: `{}` is not an absolute path", value.to_string_lossy())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(variables: &[(&str, &str)], project: Option<&ProjectDirs>) -> Paths {
        let find = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| v.into());
        Paths::resolve(find, project)
    }

    fn project(path: &str) -> ProjectDirs {
        ProjectDirs::from_path(PathBuf::from(path)).unwrap()
    }

    #[test]
    fn without_a_home_every_folder_is_a_clear_error_and_nothing_fails_before_it_is_asked_for() {
        let paths = resolve(&[], None);
        for folder in [paths.configuration(), paths.state(), paths.cache()] {
            let text = Error::from(folder.unwrap_err()).to_string();
            assert!(text.contains("no home folder") && text.contains("MCP_TETHER_STATE_DIR"));
        }
    }

    #[test]
    fn the_override_works_without_a_home() {
        let folder = std::env::temp_dir().join("elsewhere");
        let paths = resolve(&[(STATE_VARIABLE, folder.to_str().unwrap())], None);
        assert_eq!(paths.state().unwrap(), folder);
        assert!(paths.configuration().is_err());
    }

    #[test]
    fn an_empty_override_counts_as_not_set() {
        let paths = resolve(&[(STATE_VARIABLE, "")], Some(&project("mcp-tether")));
        assert!(paths.state().unwrap().ends_with("mcp-tether"));
    }

    #[test]
    fn a_relative_override_is_refused() {
        let paths = resolve(&[(STATE_VARIABLE, "state")], Some(&project("mcp-tether")));
        let refused = paths.state().unwrap_err();
        assert_eq!(refused.message, "`MCP_TETHER_STATE_DIR` is not an absolute path: `state`");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_relative_xdg_variable_is_ignored_and_named() {
        let paths = resolve(&[("XDG_STATE_HOME", ".state"), ("XDG_CACHE_HOME", "/c")], None);
        assert_eq!(
            paths.ignored_variables(),
            ["ignoring `XDG_STATE_HOME`: `.state` is not an absolute path"]
        );
    }
}
