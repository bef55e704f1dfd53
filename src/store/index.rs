//! The index: which records exist and where each is stored. It holds no secrets. There is one small
//! file per record, replaced atomically, so processes never wait for each other and a kill loses
//! nothing. It is a hint: a record that it does not list may still exist, and it can be rebuilt.

use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::place::StorageLocation;
use super::record::stem;
use crate::platform::private_file::{self, Durability};

/// The index of one state folder.
#[derive(Clone, Debug)]
pub(super) struct Index {
    folder: PathBuf,
}

/// The index entry of one record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct IndexEntry {
    pub(super) name: String,
    /// The location of its value.
    pub(super) stored_in: Option<StorageLocation>,
    /// Locations that may still hold an older value, which is removed together with the record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) left_in: Vec<StorageLocation>,
}

/// The index's answer for one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum IndexLookup {
    Entry(IndexEntry),
    Nothing,
    /// The entry cannot be read: the record may be anywhere.
    Unclear,
}

impl Index {
    /// The index in this folder. Creates nothing.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Looks up a name.
    pub(super) fn get(&self, name: &str) -> IndexLookup {
        match fs::read(self.path(name)) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => IndexLookup::Nothing,
            Err(_) => IndexLookup::Unclear,
            Ok(text) => match serde_json::from_slice::<IndexEntry>(&text) {
                Ok(entry) if entry.name == name => IndexLookup::Entry(entry),
                _ => IndexLookup::Unclear,
            },
        }
    }

    /// Writes an entry, unless it is there already.
    ///
    /// # Errors
    /// The folder or the file cannot be written.
    pub(super) fn put(&self, entry: &IndexEntry) -> Result<(), StoreError> {
        if self.get(&entry.name) == IndexLookup::Entry(entry.clone()) {
            return Ok(());
        }
        let text = serde_json::to_vec(entry).expect("names and places are JSON");
        Ok(private_file::write(&self.path(&entry.name), &text, Durability::Process)?)
    }

    /// Removes the entry of a name.
    ///
    /// # Errors
    /// The file exists and cannot be removed.
    pub(super) fn remove(&self, name: &str) -> Result<(), StoreError> {
        if self.folder.symlink_metadata().is_err() {
            return Ok(());
        }
        private_file::remove(&self.path(name))?;
        Ok(())
    }

    /// All entries that can be read.
    pub(super) fn entries(&self) -> Vec<IndexEntry> {
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

impl IndexEntry {
    /// An entry for a record that is stored here and, as far as known, nowhere else.
    pub(super) fn stored_in(name: &str, place: StorageLocation) -> Self {
        Self { name: name.to_owned(), stored_in: Some(place), left_in: Vec::new() }
    }

    /// Adds a place where an older value may be left.
    #[must_use]
    pub(super) fn left_in(mut self, place: StorageLocation) -> Self {
        if self.stored_in != Some(place) && !self.left_in.contains(&place) {
            self.left_in.push(place);
        }
        self
    }
}

impl IndexLookup {
    /// Returns whether there is, or may be, a value.
    pub(super) fn may_exist(&self) -> bool {
        match self {
            Self::Entry(entry) => entry.stored_in.is_some(),
            Self::Nothing => false,
            Self::Unclear => true,
        }
    }

    /// Where the value is stored, if that is known.
    pub(super) fn location(&self) -> Option<StorageLocation> {
        match self {
            Self::Entry(entry) => entry.stored_in,
            _ => None,
        }
    }

    /// Every place that may hold a value of this name, as far as the index can tell.
    pub(super) fn locations(&self) -> Vec<StorageLocation> {
        match self {
            Self::Entry(entry) => entry.stored_in.iter().chain(&entry.left_in).copied().collect(),
            Self::Nothing | Self::Unclear => vec![StorageLocation::Keyring],
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
        assert_eq!(index.get("a"), IndexLookup::Nothing);
        index.remove("a").unwrap();
        assert!(index.entries().is_empty());
        assert_eq!(fs::read_dir(outer.path()).unwrap().count(), 0);
    }

    #[test]
    fn entries_come_back_until_they_are_removed() {
        let (_outer, index) = index();
        let entry = IndexEntry::stored_in("a", StorageLocation::File)
            .left_in(StorageLocation::Keyring)
            .left_in(StorageLocation::File);
        index.put(&entry).unwrap();
        assert_eq!(index.get("a"), IndexLookup::Entry(entry.clone()));
        assert_eq!(index.get("a").locations(), [StorageLocation::File, StorageLocation::Keyring]);
        assert_eq!(index.entries(), [entry]);
        index.remove("a").unwrap();
        assert!(!index.get("a").may_exist());
    }

    #[test]
    fn a_damaged_entry_means_that_there_may_be_a_record_anywhere() {
        let (_outer, index) = index();
        index.put(&IndexEntry::stored_in("a", StorageLocation::File)).unwrap();
        fs::write(index.path("a"), "{\"name\":\"a\"").unwrap();
        assert_eq!(index.get("a"), IndexLookup::Unclear);
        assert!(index.get("a").may_exist());
        assert!(index.entries().is_empty());
        index.put(&IndexEntry::stored_in("a", StorageLocation::Keyring)).unwrap();
        assert_eq!(index.get("a").location(), Some(StorageLocation::Keyring));
    }
}
