//! Lists and removes the files that bridges write about servers to answer hosts quickly: the
//! answers of the last session, and the era.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::platform::Paths;
use crate::platform::private_file;

/// The folder of remembered sessions, in the cache folder.
pub(super) const SESSIONS: &str = "sessions";
/// The folder of known eras, in the state folder.
pub(super) const ERAS: &str = "eras";

/// The largest file that is read, in bytes.
const FILE_LIMIT: u64 = 16 * 1024 * 1024;

/// The kinds of files about a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Remembered {
    /// The answers of its last session.
    Session,
    /// The era that it speaks.
    Era,
}

/// A file about a server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RememberedFile {
    /// The server's name, safe to show; `None` in files of earlier releases.
    pub(super) server: Option<String>,
    pub(super) what: Remembered,
    path: PathBuf,
}

impl Remembered {
    /// The word for it in JSON.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Era => "era",
        }
    }
}

impl RememberedFile {
    /// Removes the file; returns whether that worked.
    pub(super) fn remove(&self) -> bool {
        private_file::remove(&self.path).is_ok()
    }
}

/// Every file, by server.
pub(super) fn remembered(paths: &Paths) -> Vec<RememberedFile> {
    let folders = [
        (Remembered::Session, paths.cache().ok().map(|cache| cache.join(SESSIONS))),
        (Remembered::Era, paths.state().ok().map(|state| state.join(ERAS))),
    ];
    let mut found: Vec<RememberedFile> = folders
        .into_iter()
        .flat_map(|(what, folder)| {
            files(folder.as_deref()).into_iter().map(move |path| (what, path))
        })
        .map(|(what, path)| RememberedFile { server: server_of(&path), what, path })
        .collect();
    found.sort();
    found
}

fn files(folder: Option<&Path>) -> Vec<PathBuf> {
    let entries = folder.and_then(|folder| std::fs::read_dir(folder).ok());
    let paths = entries.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    paths.filter(|path| path.extension().is_some_and(|kind| kind == "json")).collect()
}

fn server_of(path: &Path) -> Option<String> {
    #[derive(Deserialize)]
    struct About {
        server: String,
    }
    let bytes = private_file::read(path, FILE_LIMIT).ok()??;
    serde_json::from_slice(&bytes).ok().map(|About { server }| server)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::private_file::{Durability, write};

    #[test]
    fn files_about_servers_are_listed_in_order_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::below(folder.path());
        assert!(remembered(&paths).is_empty() && remembered(&Paths::nowhere()).is_empty());
        for (path, content) in [
            ("cache/sessions/b.json", r#"{"server":"https://b.example","lists":{}}"#),
            ("cache/sessions/a.json", r#"{"server":"https://a.example"}"#),
            ("cache/sessions/a.tmp", r#"{"server":"https://a.example"}"#),
            ("state/eras/a.json", r#"{"server":"https://a.example"}"#),
            ("state/eras/damaged.json", "{"),
        ] {
            write(&folder.path().join(path), content.as_bytes(), Durability::Process).unwrap();
        }
        let found = remembered(&paths);
        let rows: Vec<_> =
            found.iter().map(|file| (file.server.as_deref(), file.what.word())).collect();
        assert_eq!(
            rows,
            [
                (None, "era"),
                (Some("https://a.example"), "session"),
                (Some("https://a.example"), "era"),
                (Some("https://b.example"), "session"),
            ]
        );
        assert!(found.iter().all(RememberedFile::remove));
        assert!(remembered(&paths).is_empty());
        assert!(folder.path().join("cache/sessions/a.tmp").exists(), "it is not ours to remove");
    }
}
