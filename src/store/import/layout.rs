//! The folders of `mcp-remote`, and the names of the files in them: `mcp-remote-v1` since 0.4, one
//! folder per version before.

use std::fs;
use std::path::{Path, PathBuf};

use super::fields::{self, Content};
use super::parameters::{Parameters, Recipe};
use super::{ForeignSignIn, UnusableFile};

const TOKENS: &str = "_tokens.json";
const REGISTRATION: &str = "_client_info.json";

/// A folder of `mcp-remote`.
pub(super) struct Layout {
    folder: PathBuf,
    age: Age,
}

/// The age of a folder; the newest is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Age {
    /// The folder of one version. A pre-release (`0.1.0-2`) counts as its version.
    Version([u32; 3]),
    /// A folder that all versions since 0.4 share.
    Shared(u32),
}

/// The folders in `folder` that hold sign-ins, newest first.
pub(super) fn newest_first(folder: &Path) -> Vec<Layout> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut layouts: Vec<_> = entries
        .flatten()
        .filter_map(|entry| {
            let age = age(entry.file_name().to_str()?)?;
            Some(Layout { folder: entry.path(), age })
        })
        .collect();
    layouts.sort_by_key(|layout| std::cmp::Reverse(layout.age));
    layouts
}

/// The keys of all tokens below a folder, sorted. A key does not reveal its URL, but keys of
/// unknown URLs can at least be counted.
pub fn known_keys(folder: &Path) -> Vec<String> {
    let mut keys: Vec<String> = newest_first(folder)
        .iter()
        .filter_map(|layout| fs::read_dir(&layout.folder).ok())
        .flat_map(Iterator::flatten)
        .filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(TOKENS)?.to_owned()))
        .collect();
    keys.sort();
    keys.dedup();
    keys
}

fn age(name: &str) -> Option<Age> {
    let version = name.strip_prefix("mcp-remote-")?;
    if let Some(shared) = version.strip_prefix('v').and_then(|number| number.parse().ok()) {
        return Some(Age::Shared(shared));
    }
    let numbers = version.split(['-', '+']).next()?.split('.').map(str::parse);
    let numbers: Vec<u32> = numbers.collect::<Result<_, _>>().ok()?;
    Some(Age::Version(numbers.try_into().ok()?))
}

impl Layout {
    /// Reads this folder's sign-in for these parameters.
    pub(super) fn read(
        &self,
        parameters: &Parameters,
        problems: &mut Vec<UnusableFile>,
    ) -> Option<ForeignSignIn> {
        let key = parameters.key_by(self.recipe());
        let tokens = self.content(&key, TOKENS, problems, fields::tokens);
        let registration = self.content(&key, REGISTRATION, problems, fields::registration);
        if tokens.is_none() && registration.is_none() {
            return None;
        }
        Some(ForeignSignIn {
            url: parameters.url.clone(),
            key,
            folder: self.folder.clone(),
            tokens,
            registration,
        })
    }

    fn recipe(&self) -> Recipe {
        match self.age {
            Age::Shared(_) => Recipe::Everything,
            Age::Version(version) if version >= [0, 1, 30] => Recipe::WithHeaders,
            Age::Version(_) => Recipe::Url,
        }
    }

    fn content<T>(
        &self,
        key: &str,
        suffix: &str,
        problems: &mut Vec<UnusableFile>,
        read: impl Fn(&Content) -> Result<T, String>,
    ) -> Option<T> {
        let path = self.folder.join(format!("{key}{suffix}"));
        let content =
            fields::open(&path).and_then(|content| content.as_ref().map(read).transpose());
        content.unwrap_or_else(|reason| {
            problems.push(UnusableFile { path, reason });
            None
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_ordered_by_version_and_foreign_ones_are_left_alone() {
        let outer = tempfile::tempdir().unwrap();
        let names = [
            "mcp-remote-0.1.9",
            "mcp-remote-0.1.29",
            "mcp-remote-v1",
            "mcp-remote-0.3.0",
            "mcp-remote-0.1.0-2",
            "mcp-remote-v2",
            "mcp-remote-",
            "mcp-remote-vx",
            "notes",
        ];
        for name in names {
            fs::create_dir(outer.path().join(name)).unwrap();
        }
        let found: Vec<_> = newest_first(outer.path())
            .iter()
            .map(|layout| layout.folder.file_name().unwrap().to_str().unwrap().to_owned())
            .collect();
        let versions = ["v2", "v1", "0.3.0", "0.1.29", "0.1.9", "0.1.0-2"];
        assert_eq!(found, versions.map(|version| format!("mcp-remote-{version}")));
    }
}
