//! Storing a value: where it goes, and what happens when no keyring takes it. The index learns of a
//! new place before the value gets there, so a kill in between leads a reader to the old value and
//! never past a new one.

use std::fmt;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use super::error::{StoreError, StoreErrorKind};
use super::index::{Entry, Known};
use super::place::{Place, StoreChoice};
use super::safe_files;
use super::{CredentialStore, Folders, check_name};
use crate::redact::Secret;

/// The marker that the notice about files was given.
const FALLBACK_MARKER: &str = "file-fallback";

/// Where a value went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The place.
    pub place: Place,
    /// What the user should be told, once in all.
    pub notice: Option<Notice>,
}

/// Something the user should be told once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// One sentence in lower case.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n\nhint: {}", self.message, self.hint)
    }
}

impl CredentialStore {
    /// Stores a value durably: when this returns, a kill at any instant loses nothing. A
    /// record stays where it rests unless the user chose another place.
    pub async fn save(&self, name: &str, value: &Secret<Vec<u8>>) -> Result<Saved, StoreError> {
        check_name(name)?;
        if self.in_memory() {
            self.inner.memory.save(name, value.clone());
            return Ok(Saved { place: Place::Memory, notice: None });
        }
        let _lock = match self.record_lock(name).await {
            Ok(lock) => Some(lock),
            // Its holder was stopped in the middle. Each write is whole by itself; losing a rotated
            // token to an orderly queue would be worse.
            Err(error) if matches!(error.kind(), StoreErrorKind::Busy(_)) => None,
            Err(error) => return Err(error),
        };
        let known = self.known(name).await?;
        match self.target(&known) {
            Place::Keyring => self.save_to_keyring(name, value, known).await,
            _ => {
                self.save_to_file(name, value, &known).await?;
                Ok(Saved { place: Place::File, notice: None })
            }
        }
    }

    fn target(&self, known: &Known) -> Place {
        match self.inner.choice {
            StoreChoice::File => Place::File,
            StoreChoice::Keyring => Place::Keyring,
            StoreChoice::Memory => Place::Memory,
            StoreChoice::Auto => known.rests().unwrap_or(Place::Keyring),
        }
    }

    async fn save_to_keyring(
        &self,
        name: &str,
        value: &Secret<Vec<u8>>,
        known: Known,
    ) -> Result<Saved, StoreError> {
        let entry = self.announce(name, Place::Keyring, &known).await;
        let saved = match &entry {
            Ok(_) => self.inner.keyring.save(name, value.expose().clone()).await,
            Err(error) => Err(error.clone()),
        };
        match saved {
            Ok(()) => {
                self.drop_file_copy(entry?).await;
                Ok(Saved { place: Place::Keyring, notice: None })
            }
            Err(reason) if self.inner.choice == StoreChoice::Auto => {
                self.fall_back(name, value, known, &reason).await
            }
            Err(reason) => {
                self.take_back(name, known).await;
                Err(reason)
            }
        }
    }

    /// No keyring took it. Losing a rotated token would lose the sign-in, so it goes into a file.
    async fn fall_back(
        &self,
        name: &str,
        value: &Secret<Vec<u8>>,
        known: Known,
        reason: &StoreError,
    ) -> Result<Saved, StoreError> {
        let known = match known {
            // It may have arrived there, or arrive yet.
            Known::Nothing if *reason.kind() != StoreErrorKind::NoKeyring => {
                Known::Entry(Entry::resting(name, Place::Keyring))
            }
            known => known,
        };
        self.save_to_file(name, value, &known).await?;
        let text = reason.to_string();
        let notice = self.disk(move |folders| Ok(folders.first_fallback(&text))).await?;
        Ok(Saved { place: Place::File, notice })
    }

    async fn save_to_file(
        &self,
        name: &str,
        value: &Secret<Vec<u8>>,
        known: &Known,
    ) -> Result<(), StoreError> {
        self.announce(name, Place::File, known).await?;
        let (name, value) = (name.to_owned(), value.clone());
        self.disk(move |folders| folders.files.save(&name, value.expose())).await
    }

    /// Notes that the value is about to be at `place`, and where an older one is left. What is left
    /// at `place` itself goes first: a kill after the note must not bring back an old value.
    pub(super) async fn announce(
        &self,
        name: &str,
        place: Place,
        known: &Known,
    ) -> Result<Entry, StoreError> {
        let mut entry = Entry::resting(name, place);
        if let Known::Entry(old) = known {
            if old.left_in.contains(&place) {
                self.delete_from(place, name).await?;
            }
            entry = old.rests.iter().chain(&old.left_in).fold(entry, |e, old| e.left_in(*old));
        }
        let noted = entry.clone();
        self.disk(move |folders| folders.index.put(&noted)).await?;
        Ok(entry)
    }

    /// The keyring has the value now; an older one in a file is of no more use to anybody.
    async fn drop_file_copy(&self, mut entry: Entry) {
        if !entry.left_in.contains(&Place::File) {
            return;
        }
        entry.left_in.retain(|place| *place != Place::File);
        let dropped = self.disk(move |folders| {
            folders.files.delete(&entry.name)?;
            folders.index.put(&entry)
        });
        if let Err(error) = dropped.await {
            tracing::warn!(%error, "an older copy of a sign-in is left in a file");
        }
    }

    /// Nothing was stored; the index says again what it said before.
    async fn take_back(&self, name: &str, known: Known) {
        let name = name.to_owned();
        let restored = self.disk(move |folders| match known {
            Known::Entry(entry) => folders.index.put(&entry),
            Known::Nothing => folders.index.remove(&name),
            Known::Unclear => Ok(()),
        });
        if let Err(error) = restored.await {
            tracing::debug!(%error, "cannot note where a sign-in rests");
        }
    }
}

impl Folders {
    /// The notice about files, the first time that one is used for want of a keyring.
    fn first_fallback(&self, reason: &str) -> Option<Notice> {
        let marker = self.notices.join(FALLBACK_MARKER);
        if !self.mark(&marker) {
            return None;
        }
        let folder = self.files.folder().display();
        Some(Notice {
            message: format!("sign-ins rest in `{folder}`, readable by you only: {reason}"),
            hint: "`--credential-store file` says that this is meant".to_owned(),
        })
    }

    /// Whether this call made the marker: of several processes, one speaks.
    fn mark(&self, marker: &Path) -> bool {
        safe_files::private_folder(&self.notices).is_ok()
            && OpenOptions::new().write(true).create_new(true).open(marker).is_ok()
    }

    /// Makes the notice due again.
    pub(super) fn forget_fallback(&self) {
        let marker: PathBuf = self.notices.join(FALLBACK_MARKER);
        let _ = std::fs::remove_file(marker);
    }
}
