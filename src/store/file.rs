//! The file store: one owner-only file per record in the state folder, for machines without a
//! keyring. When to use it is decided elsewhere.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::StoreError;
use super::record::{Body, EncodedRecord, RecordFlaw, stem};
use crate::platform::private_file::{self, Durability};

/// The largest file that is read as a record, in bytes; records are much smaller.
const MAX_RECORD_SIZE: u64 = 4 * 1024 * 1024;

/// Records as files in one folder.
#[derive(Clone, Debug)]
pub(super) struct FileStore {
    folder: PathBuf,
}

impl FileStore {
    /// A store in this folder. Creates nothing.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The folder that holds all records.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The path of one record's file.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(stem(name)).with_extension("json")
    }

    /// Loads the value with this name; `None` if there is none.
    ///
    /// # Errors
    /// The file is damaged, unsafe to use, or cannot be read.
    pub(super) fn load(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        if !self.exists() {
            return Ok(None);
        }
        private_file::create_folder(&self.folder)?;
        let path = self.path(name);
        let Some(content) = private_file::read(&path, MAX_RECORD_SIZE)? else { return Ok(None) };
        decode(name, &content).map(Some).map_err(|flaw| error_for(&path, flaw))
    }

    /// Stores a value. Once this returns, it survives a kill and a loss of power.
    ///
    /// # Errors
    /// The folder or file is unsafe to use or cannot be written.
    pub(super) fn save(&self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        let path = self.path(name);
        private_file::write(
            &path,
            EncodedRecord::new(name, value).text().as_bytes(),
            Durability::Disk,
        )?;
        private_file::sweep(&path);
        Ok(())
    }

    /// Removes a value, damaged or not; returns whether there was one.
    ///
    /// # Errors
    /// The folder is unsafe to use, or the file cannot be removed.
    pub(super) fn delete(&self, name: &str) -> Result<bool, StoreError> {
        if !self.exists() {
            return Ok(false);
        }
        private_file::create_folder(&self.folder)?;
        Ok(private_file::remove(&self.path(name))?)
    }

    /// The names of all records that can be read; a damaged record has lost its name.
    pub(super) fn names(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(&self.folder) else { return Vec::new() };
        entries.flatten().filter_map(|entry| name_of(&entry.path())).collect()
    }

    fn exists(&self) -> bool {
        self.folder.symlink_metadata().is_ok()
    }
}

fn name_of(path: &Path) -> Option<String> {
    if path.extension()? != "json" {
        return None;
    }
    let content = private_file::read(path, MAX_RECORD_SIZE).ok()??;
    Some(EncodedRecord::parse_any(std::str::from_utf8(&content).ok()?).ok()?.name().to_owned())
}

fn decode(name: &str, content: &[u8]) -> Result<Vec<u8>, RecordFlaw> {
    let text =
        std::str::from_utf8(content).map_err(|_| RecordFlaw::NotJson { line: 1, column: 0 })?;
    let record = EncodedRecord::parse(name, text)?;
    match record.body() {
        Body::Value(text) => record.decode(text),
        Body::Parts(_) => Err(RecordFlaw::NotBase64),
    }
}

fn error_for(path: &Path, flaw: RecordFlaw) -> StoreError {
    match flaw {
        RecordFlaw::Newer(_) => StoreError::newer(format!("`{}` was {flaw}", path.display())),
        _ => StoreError::damaged(format!("the stored record `{}`", path.display()), flaw),
    }
}

#[cfg(test)]
mod tests {
    use super::super::error::StoreErrorKind;
    use super::*;

    fn store() -> (tempfile::TempDir, FileStore) {
        let outer = tempfile::tempdir().unwrap();
        let store = FileStore::new(outer.path().join("credentials"));
        (outer, store)
    }

    #[test]
    fn a_value_is_stored_replaced_and_removed() {
        let (_outer, store) = store();
        assert_eq!(store.load("a").unwrap(), None);
        store.save("a", b"one").unwrap();
        store.save("a", b"two").unwrap();
        store.save("b", b"other").unwrap();
        assert_eq!(store.load("a").unwrap().unwrap(), b"two");
        assert!(store.delete("a").unwrap() && !store.delete("a").unwrap());
        assert_eq!(store.load("a").unwrap(), None);
        assert_eq!(store.names(), ["b"]);
    }

    #[test]
    fn looking_for_something_creates_nothing() {
        let (_outer, store) = store();
        assert!(store.load("a").unwrap().is_none() && !store.delete("a").unwrap());
        assert!(store.names().is_empty() && !store.folder().exists());
    }

    /// A-54, S-09: damage is an error with a path and a way out, and never quotes the content.
    #[test]
    fn a_damaged_record_is_an_error_that_names_the_file_and_the_way_out() {
        let (_outer, store) = store();
        store.save("a", b"canary").unwrap();
        let path = store.path("a");
        let whole = fs::read(&path).unwrap();
        let cases: [&[u8]; 5] = [b"", b"canary", b"\xff\xfe", b"{}", &whole[..whole.len() / 2]];
        for content in cases {
            fs::write(&path, content).unwrap();
            let error = store.load("a").unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Damaged);
            assert!(error.message().contains(path.to_str().unwrap()), "{error}");
            assert!(error.next_step().contains("mcp-tether status"), "{error:?}");
            assert!(!format!("{error} {error:?}").contains("canary"));
        }
        assert!(store.delete("a").unwrap(), "and it can be removed");
    }

    #[test]
    fn a_record_of_a_newer_program_asks_for_an_update() {
        let (_outer, store) = store();
        store.save("a", b"x").unwrap();
        fs::write(store.path("a"), r#"{"version":2,"sealed":"?"}"#).unwrap();
        let error = store.load("a").unwrap_err();
        assert!(error.message().ends_with("was written in form 2 by a newer `mcp-tether`"));
        assert_eq!(error.next_step(), "update this `mcp-tether`");
    }
}
