//! Stores sign-ins and API keys in the operating system's keyring, owner-only files, or memory
//! . [`CredentialStore`] keeps secret bytes under opaque names, reports where they are, and
//! provides locks between processes. It knows nothing about OAuth, opens nothing before a value is
//! requested, and never waits for a keyring longer than its deadline.

mod api_keys;
mod blocking;
mod error;
mod file;
pub mod import;
mod index;
mod keyring;
mod lock;
mod lock_owner;
mod machine_key;
mod memory;
mod moving;
mod place;
mod record;
mod removal;
mod saving;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use api_keys::ApiKeys;
pub use error::{StoreError, StoreErrorKind};
pub use keyring::DEADLINE;
pub use machine_key::machine_key;
pub use moving::Moves;
pub use place::{StorageLocation, StoreChoice};
pub use removal::Removal;
pub use saving::SaveOutcome;

use self::lock::LockGuard;
use crate::platform::Paths;
use crate::redact::{Secret, shown_words};
use blocking::on_disk;
use file::FileStore;
use index::{Index, IndexEntry, IndexLookup};
use keyring::Keyring;
use lock::{LockPurpose, Locks};
use memory::MemoryStore;

/// The longest wait for another process that is changing the same record. Longer than a keyring
/// call may take, because such a call may be part of that change.
const RECORD_LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// Secret values under names, shared by all processes of this user. Clones share everything.
#[derive(Clone)]
pub struct CredentialStore {
    inner: Arc<StoreState>,
}

struct StoreState {
    choice: StoreChoice,
    keyring: Keyring,
    memory: MemoryStore,
    folders: Result<Arc<StateFolders>, StoreError>,
}

/// The parts of the state folder.
struct StateFolders {
    files: FileStore,
    index: Index,
    locks: Locks,
    notices: PathBuf,
}

/// A record that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedRecord {
    /// The name under which it is stored.
    pub name: String,
    /// Where it is stored.
    pub place: StorageLocation,
}

impl CredentialStore {
    /// The store that the user chose. Accesses nothing yet: a missing or read-only folder is an
    /// error of the first call that needs it.
    pub fn open(choice: StoreChoice, paths: &Paths) -> Self {
        Self::open_with_deadline(choice, paths, DEADLINE)
    }

    /// Like [`Self::open`], with another deadline for each keyring call: an interactive command may
    /// wait until the user has unlocked the keyring.
    pub fn open_with_deadline(choice: StoreChoice, paths: &Paths, deadline: Duration) -> Self {
        let folders = paths.state().map(|state| StateFolders::below(state.to_path_buf()));
        Self::build(choice, folders.map_err(StoreError::from), Keyring::of_platform(deadline))
    }

    fn build(
        choice: StoreChoice,
        folders: Result<StateFolders, StoreError>,
        keyring: Keyring,
    ) -> Self {
        let folders = folders.map(Arc::new);
        let inner = StoreState { choice, keyring, memory: MemoryStore::default(), folders };
        Self { inner: Arc::new(inner) }
    }

    /// Loads the value with this name; `None` if there is none.
    ///
    /// For a name that is not in the index, this asks the keyring: a bridge that was started with
    /// other environment variables has another index. [`Self::knows`] never asks the keyring.
    ///
    /// # Errors
    /// The value is damaged, or the keyring or file that holds it cannot be read. Such a value
    /// never counts as absent.
    pub async fn load(&self, name: &str) -> Result<Option<Secret<Vec<u8>>>, StoreError> {
        check_name(name)?;
        if self.in_memory() {
            return Ok(self.inner.memory.load(name));
        }
        let value = match self.known(name).await? {
            IndexLookup::Entry(entry) => self.load_known(&entry).await?,
            known => self.find(name, &known).await?,
        };
        Ok(value.map(Secret::new))
    }

    /// Returns whether the index lists a value with this name. Cheap, and never asks the keyring.
    pub fn knows(&self, name: &str) -> bool {
        if self.in_memory() {
            return self.inner.memory.knows(name);
        }
        self.folders().is_ok_and(|folders| folders.index.get(name).may_exist())
    }

    /// Every record that is known to exist, sorted by name.
    ///
    /// # Errors
    /// There is no state folder.
    pub async fn list(&self) -> Result<Vec<ListedRecord>, StoreError> {
        if self.in_memory() {
            let names = self.inner.memory.names();
            return Ok(sorted(
                names.into_iter().map(|name| ListedRecord { name, place: StorageLocation::Memory }),
            ));
        }
        self.disk(|folders| {
            let names = folders.files.names();
            for name in names.iter().filter(|name| !folders.index.get(name).may_exist()) {
                let _ = folders.index.put(&IndexEntry::stored_in(name, StorageLocation::File));
            }
            let listed = |entry: IndexEntry| {
                Some(ListedRecord { place: entry.stored_in?, name: entry.name })
            };
            Ok(sorted(folders.index.entries().into_iter().filter_map(listed)))
        })
        .await
    }

    /// Checks whether a sign-in could be saved in the keyring now, without asking the user to
    /// unlock it.
    ///
    /// # Errors
    /// The keyring is locked, absent, or too slow.
    pub async fn keyring_answers(&self) -> Result<(), StoreError> {
        self.inner.keyring.can_save().await
    }

    /// Rebuilds the index from the entries that the keyring lists. Needed only after the state
    /// folder was lost.
    ///
    /// # Errors
    /// The keyring cannot be asked, or the index cannot be written.
    pub async fn rebuild_index(&self) -> Result<Vec<ListedRecord>, StoreError> {
        if !self.in_memory() {
            let names = self.inner.keyring.names().await?;
            self.disk(move |folders| {
                for name in names.iter().filter(|name| !folders.index.get(name).may_exist()) {
                    folders.index.put(&IndexEntry::stored_in(name, StorageLocation::Keyring))?;
                }
                Ok(())
            })
            .await?;
        }
        self.list().await
    }

    /// Takes the lock with this name, which excludes all other tasks and processes, however long
    /// that takes. It is released when the guard is dropped or its process ends in any way (S-04).
    ///
    /// # Errors
    /// `name` cannot be stored, or the lock file cannot be created or locked.
    pub async fn lock(&self, name: &str) -> Result<LockGuard, StoreError> {
        check_name(name)?;
        if self.in_memory() {
            return Ok(LockGuard::in_memory(self.inner.memory.lock(name).await));
        }
        self.folders()?.locks.acquire(name, LockPurpose::Caller).await
    }

    /// Like [`Self::lock`], but waits at most `wait`.
    ///
    /// # Errors
    /// [`StoreErrorKind::Busy`], with a message that names the holder, when the lock is still held
    /// after `wait`; otherwise as for [`Self::lock`].
    pub async fn lock_within(&self, name: &str, wait: Duration) -> Result<LockGuard, StoreError> {
        check_name(name)?;
        if self.in_memory() {
            let locked = tokio::time::timeout(wait, self.lock(name)).await;
            return locked.unwrap_or_else(|_| Err(StoreError::busy(name, None::<&str>)));
        }
        self.folders()?.locks.acquire_within(name, LockPurpose::Caller, wait).await
    }

    /// The API keys for `${keyring:NAME}`, stored beside the sign-ins.
    pub fn api_keys(&self) -> ApiKeys {
        ApiKeys::new(self.clone())
    }

    /// The user's choice of store.
    pub fn choice(&self) -> StoreChoice {
        self.inner.choice
    }

    /// Describes a place for messages: the keyring's own name, or the path of the file.
    pub fn describe(&self, place: StorageLocation, name: &str) -> String {
        match place {
            StorageLocation::Keyring => keyring::KEYRING_NAME.to_owned(),
            StorageLocation::Memory => "memory, until this process ends".to_owned(),
            StorageLocation::File => match self.folders() {
                Ok(folders) => format!("the file `{}`", folders.files.path(name).display()),
                Err(_) => "a file".to_owned(),
            },
        }
    }

    /// Loads from the indexed place, then from those where an older value may be left: a kill
    /// between recording a new place and writing there leaves the value where it was.
    async fn load_known(&self, entry: &IndexEntry) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(place) = entry.stored_in else { return Ok(None) };
        for place in std::iter::once(place).chain(entry.left_in.iter().copied()) {
            if let Some(value) = self.load_from(place, &entry.name).await? {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }

    /// Looks everywhere for a name that the index does not list, and records where it was found.
    async fn find(&self, name: &str, known: &IndexLookup) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(value) = self.load_from(StorageLocation::File, name).await? {
            self.note_found(name, StorageLocation::File).await;
            return Ok(Some(value));
        }
        if self.inner.choice == StoreChoice::File && *known == IndexLookup::Nothing {
            return Ok(None);
        }
        match self.load_from(StorageLocation::Keyring, name).await {
            Ok(Some(value)) => {
                self.note_found(name, StorageLocation::Keyring).await;
                Ok(Some(value))
            }
            // Nothing says that there is a value, so a keyring that fails counts as empty.
            Err(error)
                if self.inner.choice == StoreChoice::Auto && *known == IndexLookup::Nothing =>
            {
                tracing::debug!(%error, "no keyring to look into");
                Ok(None)
            }
            found => found,
        }
    }

    async fn note_found(&self, name: &str, place: StorageLocation) {
        let entry = IndexEntry::stored_in(name, place);
        if let Err(error) = self.disk(move |folders| folders.index.put(&entry)).await {
            tracing::debug!(%error, "cannot note where a sign-in is stored");
        }
    }

    async fn load_from(
        &self,
        place: StorageLocation,
        name: &str,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        match place {
            StorageLocation::Keyring => self.inner.keyring.load(name).await,
            StorageLocation::Memory => Ok(None),
            StorageLocation::File => {
                let name = name.to_owned();
                self.disk(move |folders| folders.files.load(&name)).await
            }
        }
    }

    async fn delete_from(&self, place: StorageLocation, name: &str) -> Result<bool, StoreError> {
        match place {
            StorageLocation::Keyring => self.inner.keyring.delete(name).await,
            StorageLocation::Memory => Ok(self.inner.memory.delete(name)),
            StorageLocation::File => {
                let name = name.to_owned();
                self.disk(move |folders| folders.files.delete(&name)).await
            }
        }
    }

    async fn known(&self, name: &str) -> Result<IndexLookup, StoreError> {
        let name = name.to_owned();
        self.disk(move |folders| Ok(folders.index.get(&name))).await
    }

    /// Excludes other changes to this record while it changes.
    async fn record_lock(&self, name: &str) -> Result<LockGuard, StoreError> {
        self.folders()?.locks.acquire_within(name, LockPurpose::Record, RECORD_LOCK_TIMEOUT).await
    }

    async fn disk<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&StateFolders) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let folders = Arc::clone(self.folders()?);
        on_disk(move || operation(&folders)).await?
    }

    fn folders(&self) -> Result<&Arc<StateFolders>, StoreError> {
        self.inner.folders.as_ref().map_err(Clone::clone)
    }

    fn in_memory(&self) -> bool {
        self.inner.choice == StoreChoice::Memory
    }
}

impl StateFolders {
    fn below(state: PathBuf) -> Self {
        Self {
            files: FileStore::new(state.join("credentials")),
            index: Index::new(state.join("index")),
            locks: Locks::new(state.join("locks")),
            notices: state.join("notices"),
        }
    }
}

impl fmt::Debug for CredentialStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialStore")
            .field("choice", &self.inner.choice)
            .finish_non_exhaustive()
    }
}

fn check_name(name: &str) -> Result<(), StoreError> {
    if record::is_name(name) {
        Ok(())
    } else {
        Err(StoreError::other(format!("`{}` is not a name that can be stored", shown_words(name))))
    }
}

fn sorted(listed: impl Iterator<Item = ListedRecord>) -> Vec<ListedRecord> {
    let mut listed: Vec<_> = listed.collect();
    listed.sort_by(|a, b| a.name.cmp(&b.name));
    listed
}

#[cfg(test)]
mod tests;
