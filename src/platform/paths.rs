//! Which folders are ours: settings, state, cache and runtime. Only names them; nothing is created
//! or opened here, so a run that needs no folder never fails for the lack of one.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use directories::ProjectDirs;

use crate::error::Error;

/// Replaces the state folder, for tests and for homes that cannot be written.
pub const STATE_VARIABLE: &str = "MCP_TETHER_STATE_DIR";

/// The variables of the XDG base directory specification that we follow.
const XDG: [&str; 4] = ["XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"];

/// The folders of one run. A folder that cannot be named is an error of whoever asks for it.
#[derive(Clone, Debug)]
pub struct Paths {
    configuration: Folder,
    state: Folder,
    cache: Folder,
    runtime: Option<PathBuf>,
    ignored: Vec<String>,
}

/// A folder, or why there is none.
type Folder = Result<PathBuf, NoFolder>;

/// A folder that cannot be named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoFolder {
    /// Why, one sentence in lower case.
    pub message: String,
    /// What to do about it.
    pub hint: &'static str,
}

impl Paths {
    /// The folders that the environment of this process and the platform name.
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
            runtime: Some(folder.join("runtime")),
            ignored: Vec::new(),
        }
    }

    fn resolve(variable: impl Fn(&str) -> Option<OsString>, project: Option<&ProjectDirs>) -> Self {
        let named = |folder: fn(&ProjectDirs) -> &Path| match project {
            Some(project) => absolute(folder(project)),
            None => Err(NoFolder::no_home()),
        };
        let state = match variable(STATE_VARIABLE).filter(|value| !value.is_empty()) {
            Some(folder) => overridden(PathBuf::from(folder)),
            None => named(|project| project.state_dir().unwrap_or(project.data_local_dir())),
        };
        Self {
            configuration: named(ProjectDirs::config_dir),
            state,
            cache: named(ProjectDirs::cache_dir),
            runtime: project.and_then(|project| project.runtime_dir()).map(Path::to_path_buf),
            ignored: ignored(variable),
        }
    }

    /// Where the settings file rests.
    pub fn configuration(&self) -> Result<&Path, NoFolder> {
        self.configuration.as_deref().map_err(Clone::clone)
    }

    /// Where sign-ins, locks and remembered answers rest. `MCP_TETHER_STATE_DIR` replaces it.
    pub fn state(&self) -> Result<&Path, NoFolder> {
        self.state.as_deref().map_err(Clone::clone)
    }

    /// Where things rest that can be made again.
    pub fn cache(&self) -> Result<&Path, NoFolder> {
        self.cache.as_deref().map_err(Clone::clone)
    }

    /// Where things rest that end with the user's session; not every platform has such a folder.
    pub fn runtime(&self) -> Option<&Path> {
        self.runtime.as_deref()
    }

    /// Sentences about variables that were not followed, for a warning.
    pub fn ignored(&self) -> &[String] {
        &self.ignored
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

fn absolute(folder: &Path) -> Folder {
    if folder.is_absolute() {
        return Ok(folder.to_path_buf());
    }
    Err(NoFolder {
        message: format!("the folder `{}` is not an absolute path", folder.display()),
        hint: "set `HOME` to an absolute path",
    })
}

fn overridden(folder: PathBuf) -> Folder {
    if folder.is_absolute() {
        return Ok(folder);
    }
    Err(NoFolder {
        message: format!("`{STATE_VARIABLE}` is not an absolute path: `{}`", folder.display()),
        hint: "hosts start programs in folders of their own choice, so name the whole path",
    })
}

/// The XDG base directory specification: "All paths must be absolute. If an implementation
/// encounters a relative path […] it should consider the path invalid and ignore it." We say so.
fn ignored(variable: impl Fn(&str) -> Option<OsString>) -> Vec<String> {
    if cfg!(any(windows, target_os = "macos")) {
        return Vec::new();
    }
    let relative = |value: &OsString| !value.is_empty() && !Path::new(value).is_absolute();
    XDG.into_iter()
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
        assert_eq!(paths.runtime(), None);
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
            paths.ignored(),
            ["ignoring `XDG_STATE_HOME`: `.state` is not an absolute path"]
        );
    }
}
