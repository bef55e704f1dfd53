//! Stores a value: decides where, and falls back to a file if no keyring accepts it. The index
//! names the new place before the value is written there, so after a kill in between a reader finds
//! the old value, and never misses a new one.

use std::fmt;
use std::path::{Path, PathBuf};

use super::error::{StoreError, StoreErrorKind};
use super::index::{IndexEntry, IndexLookup};
use super::place::{StorageLocation, StoreChoice};
use super::{CredentialStore, StateFolders, check_name};
use crate::platform::private_file;
use crate::redact::Secret;

/// The marker file that says that the user was told about the fallback to files.
const FALLBACK_MARKER: &str = "file-fallback";

/// The result of storing a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaveOutcome {
    /// Where it is stored now.
    pub place: StorageLocation,
    /// A notice for the user; at most one process ever gets it.
    pub notice: Option<FallbackNotice>,
}

/// Tells the user that sign-ins are stored in files because no keyring answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FallbackNotice {
    /// One sentence in lower case, without a final period.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl fmt::Display for FallbackNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n\nhint: {}", self.message, self.hint)
    }
}

impl CredentialStore {
    /// Stores a value durably: once this returns, a kill at any instant loses nothing. A
    /// record stays where it is stored unless the user chose another place.
    ///
    /// # Errors
    /// `name` cannot be stored, or the value cannot be saved in the keyring nor, with
    /// [`StoreChoice::Auto`], in a file. The old value, if there is one, is still in place.
    pub async fn save(
        &self,
        name: &str,
        value: &Secret<Vec<u8>>,
    ) -> Result<SaveOutcome, StoreError> {
        check_name(name)?;
        if self.in_memory() {
            self.inner.memory.save(name, value.clone());
            return Ok(SaveOutcome { place: StorageLocation::Memory, notice: None });
        }
        let _lock = match self.record_lock(name).await {
            Ok(lock) => Some(lock),
            // The lock's holder was stopped in the middle. Each write is atomic, so writing without
            // the lock is better than losing a rotated token.
            Err(error) if error.kind() == StoreErrorKind::Busy => None,
            Err(error) => return Err(error),
        };
        let known = self.known(name).await?;
        match self.choose_location(&known) {
            StorageLocation::Keyring => self.save_to_keyring(name, value, known).await,
            _ => {
                self.save_to_file(name, value, &known).await?;
                Ok(SaveOutcome { place: StorageLocation::File, notice: None })
            }
        }
    }

    fn choose_location(&self, known: &IndexLookup) -> StorageLocation {
        match self.inner.choice {
            StoreChoice::File => StorageLocation::File,
            StoreChoice::Keyring => StorageLocation::Keyring,
            StoreChoice::Memory => StorageLocation::Memory,
            StoreChoice::Auto => known.location().unwrap_or(StorageLocation::Keyring),
        }
    }

    async fn save_to_keyring(
        &self,
        name: &str,
        value: &Secret<Vec<u8>>,
        known: IndexLookup,
    ) -> Result<SaveOutcome, StoreError> {
        let entry = self.note_target(name, StorageLocation::Keyring, &known).await;
        let saved = match &entry {
            Ok(_) => self.inner.keyring.save(name, value.expose_to_store().clone()).await,
            Err(error) => Err(error.clone()),
        };
        match saved {
            Ok(()) => {
                self.drop_file_copy(entry?).await;
                Ok(SaveOutcome { place: StorageLocation::Keyring, notice: None })
            }
            Err(reason) if self.inner.choice == StoreChoice::Auto => {
                self.fall_back(name, value, known, &reason).await
            }
            Err(reason) => {
                self.restore_index(name, known).await;
                Err(reason)
            }
        }
    }

    /// Stores the value in a file because no keyring accepted it: losing a rotated token would lose
    /// the sign-in.
    async fn fall_back(
        &self,
        name: &str,
        value: &Secret<Vec<u8>>,
        known: IndexLookup,
        reason: &StoreError,
    ) -> Result<SaveOutcome, StoreError> {
        let known = match known {
            // The keyring may have stored it, or may yet do so.
            IndexLookup::Nothing if reason.kind() != StoreErrorKind::NoKeyring => {
                IndexLookup::Entry(IndexEntry::stored_in(name, StorageLocation::Keyring))
            }
            known => known,
        };
        self.save_to_file(name, value, &known).await?;
        let text = reason.to_string();
        let notice = self.disk(move |folders| Ok(folders.take_fallback_notice(&text))).await?;
        Ok(SaveOutcome { place: StorageLocation::File, notice })
    }

    async fn save_to_file(
        &self,
        name: &str,
        value: &Secret<Vec<u8>>,
        known: &IndexLookup,
    ) -> Result<(), StoreError> {
        self.note_target(name, StorageLocation::File, known).await?;
        let (name, value) = (name.to_owned(), value.clone());
        self.disk(move |folders| folders.files.save(&name, value.expose_to_store())).await
    }

    /// Records that the value is about to be stored at `place`, and where an older one is left. An
    /// older value at `place` itself is removed first: a kill after the record must not bring it
    /// back.
    ///
    /// # Errors
    /// The older value cannot be removed, or the index cannot be written.
    pub(super) async fn note_target(
        &self,
        name: &str,
        place: StorageLocation,
        known: &IndexLookup,
    ) -> Result<IndexEntry, StoreError> {
        let mut entry = IndexEntry::stored_in(name, place);
        if let IndexLookup::Entry(old) = known {
            if old.left_in.contains(&place) {
                self.delete_from(place, name).await?;
            }
            entry = old.stored_in.iter().chain(&old.left_in).fold(entry, |e, old| e.left_in(*old));
        }
        let noted = entry.clone();
        self.disk(move |folders| folders.index.put(&noted)).await?;
        Ok(entry)
    }

    /// Removes an older copy from a file, now that the keyring has the value.
    async fn drop_file_copy(&self, mut entry: IndexEntry) {
        if !entry.left_in.contains(&StorageLocation::File) {
            return;
        }
        entry.left_in.retain(|place| *place != StorageLocation::File);
        let dropped = self.disk(move |folders| {
            folders.files.delete(&entry.name)?;
            folders.index.put(&entry)
        });
        if let Err(error) = dropped.await {
            tracing::warn!(%error, "an older copy of a sign-in is left in a file");
        }
    }

    /// Restores the index entry, because nothing was stored.
    async fn restore_index(&self, name: &str, known: IndexLookup) {
        let name = name.to_owned();
        let restored = self.disk(move |folders| match known {
            IndexLookup::Entry(entry) => folders.index.put(&entry),
            IndexLookup::Nothing => folders.index.remove(&name),
            IndexLookup::Unclear => Ok(()),
        });
        if let Err(error) = restored.await {
            tracing::debug!(%error, "cannot note where a sign-in is stored");
        }
    }
}

impl StateFolders {
    /// The notice about the fallback to files, if it was never given.
    fn take_fallback_notice(&self, reason: &str) -> Option<FallbackNotice> {
        let marker = self.notices.join(FALLBACK_MARKER);
        if !self.create_marker(&marker) {
            return None;
        }
        let folder = self.files.folder().display();
        Some(FallbackNotice {
            message: format!(
                "{reason}; sign-ins are stored in `{folder}`, which only you can read"
            ),
            hint: "pass `--credential-store file` to make this explicit".to_owned(),
        })
    }

    /// Creates the marker; returns whether this call did, so that only one process tells the user.
    fn create_marker(&self, marker: &Path) -> bool {
        private_file::create_folder(&self.notices).is_ok()
            && private_file::create_marker(marker).unwrap_or(false)
    }

    /// Removes the marker, so that the next fallback is reported again.
    pub(super) fn reset_fallback_notice(&self) {
        let marker: PathBuf = self.notices.join(FALLBACK_MARKER);
        let _ = std::fs::remove_file(marker);
    }
}
