//! The index: which records exist and where each rests, without a secret. One small file per
//! record, each replaced atomically, so processes never wait for one another here and a kill loses
//! nothing. A hint, not the truth: what it does not know may still exist, and it can be made again.

use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::place::Place;
use super::record::stem;
use super::safe_files::{self, Durability};

/// What is known of the records of one state folder.
#[derive(Clone, Debug)]
pub(super) struct Index {
    folder: PathBuf,
}

/// What is known of one record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) name: String,
    /// Where its value is.
    pub(super) rests: Option<Place>,
    /// Where an older value may be left; removed with the record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) left_in: Vec<Place>,
}

/// The answer about one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Entry(Entry),
    Nothing,
    /// There is an entry that cannot be read: the record may be anywhere.
    Unclear,
}

impl Index {
    /// Names the folder; touches nothing.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// What is known of this name.
    pub(super) fn get(&self, name: &str) -> Known {
        match fs::read(self.path(name)) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Known::Nothing,
            Err(_) => Known::Unclear,
            Ok(text) => match serde_json::from_slice::<Entry>(&text) {
                Ok(entry) if entry.name == name => Known::Entry(entry),
                _ => Known::Unclear,
            },
        }
    }

    /// Notes an entry; writes only what changes.
    pub(super) fn put(&self, entry: &Entry) -> Result<(), StoreError> {
        if self.get(&entry.name) == Known::Entry(entry.clone()) {
            return Ok(());
        }
        safe_files::private_folder(&self.folder)?;
        let text = serde_json::to_vec(entry).expect("names and places are JSON");
        safe_files::write(&self.path(&entry.name), &text, Durability::Process)
    }

    /// Forgets a name.
    pub(super) fn remove(&self, name: &str) -> Result<(), StoreError> {
        if self.folder.symlink_metadata().is_err() {
            return Ok(());
        }
        safe_files::remove(&self.path(name)).map(|_| ())
    }

    /// Every entry that can be read.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let Ok(files) = fs::read_dir(&self.folder) else { return Vec::new() };
        files
            .flatten()
            .filter(|file| file.path().extension().is_some_and(|end| end == "json"))
            .filter_map(|file| serde_json::from_slice(&fs::read(file.path()).ok()?).ok())
            .collect()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(stem(name)).with_extension("json")
    }
}

impl Entry {
    /// A record that rests here, and nowhere else as far as we know.
    pub(super) fn resting(name: &str, place: Place) -> Self {
        Self { name: name.to_owned(), rests: Some(place), left_in: Vec::new() }
    }

    /// Adds a place where an older value may be left.
    #[must_use]
    pub(super) fn left_in(mut self, place: Place) -> Self {
        if self.rests != Some(place) && !self.left_in.contains(&place) {
            self.left_in.push(place);
        }
        self
    }
}

impl Known {
    /// Whether there is, or may be, a value.
    pub(super) fn may_exist(&self) -> bool {
        match self {
            Self::Entry(entry) => entry.rests.is_some(),
            Self::Nothing => false,
            Self::Unclear => true,
        }
    }

    /// Where the value rests, if that is known.
    pub(super) fn rests(&self) -> Option<Place> {
        match self {
            Self::Entry(entry) => entry.rests,
            _ => None,
        }
    }

    /// Every place that may hold something of this name, as far as the index can tell.
    pub(super) fn places(&self) -> Vec<Place> {
        match self {
            Self::Entry(entry) => entry.rests.iter().chain(&entry.left_in).copied().collect(),
            Self::Nothing | Self::Unclear => vec![Place::Keyring],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> (tempfile::TempDir, Index) {
        let outer = tempfile::tempdir().unwrap();
        let index = Index::new(outer.path().join("index"));
        (outer, index)
    }

    #[test]
    fn asking_creates_nothing() {
        let (outer, index) = index();
        assert_eq!(index.get("a"), Known::Nothing);
        index.remove("a").unwrap();
        assert!(index.entries().is_empty());
        assert_eq!(fs::read_dir(outer.path()).unwrap().count(), 0);
    }

    #[test]
    fn entries_come_back_until_they_are_removed() {
        let (_outer, index) = index();
        let entry = Entry::resting("a", Place::File).left_in(Place::Keyring).left_in(Place::File);
        index.put(&entry).unwrap();
        assert_eq!(index.get("a"), Known::Entry(entry.clone()));
        assert_eq!(index.get("a").places(), [Place::File, Place::Keyring]);
        assert_eq!(index.entries(), [entry]);
        index.remove("a").unwrap();
        assert!(!index.get("a").may_exist());
    }

    #[test]
    fn a_damaged_entry_means_that_there_may_be_a_record_anywhere() {
        let (_outer, index) = index();
        index.put(&Entry::resting("a", Place::File)).unwrap();
        fs::write(index.path("a"), "{\"name\":\"a\"").unwrap();
        assert_eq!(index.get("a"), Known::Unclear);
        assert!(index.get("a").may_exist());
        assert!(index.entries().is_empty());
        index.put(&Entry::resting("a", Place::Keyring)).unwrap();
        assert_eq!(index.get("a").rests(), Some(Place::Keyring));
    }
}
