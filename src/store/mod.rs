//! Where sign-ins and API keys rest: the operating system's keyring, owner-only files, or memory
//! . [`CredentialStore`] keeps secret bytes under opaque names, tells where they are, and
//! lets processes exclude each other. It knows nothing of OAuth, opens nothing before it is asked
//! for a value, and no keyring can make it wait for long.

mod api_keys;
mod error;
mod file;
pub mod import;
mod index;
mod keyring;
mod lock;
mod memory;
mod moving;
mod place;
mod record;
mod removal;
mod safe_files;
mod saving;
mod tasks;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use api_keys::ApiKeys;
pub use error::{StoreError, StoreErrorKind};
pub use keyring::DEADLINE;
pub use lock::{LockGuard, Owner};
pub use moving::Moves;
pub use place::{Place, StoreChoice};
pub use removal::Removal;
pub use saving::{Notice, Saved};

use crate::platform::Paths;
use crate::redact::Secret;
use file::FileStore;
use index::{Entry, Index, Known};
use keyring::Keyring;
use lock::{Locks, Purpose};
use memory::MemoryStore;
use tasks::on_disk;

/// How long a change waits for another process that changes the same record. Longer than a keyring
/// call may take, because such a call may be part of that change.
const RECORD_WAIT: Duration = Duration::from_secs(10);

/// Secret values under names, shared by all processes of this user. Clones share everything.
#[derive(Clone)]
pub struct CredentialStore {
    inner: Arc<Inner>,
}

struct Inner {
    choice: StoreChoice,
    keyring: Keyring,
    memory: MemoryStore,
    folders: Result<Arc<Folders>, StoreError>,
}

/// What lies in the state folder.
struct Folders {
    files: FileStore,
    index: Index,
    locks: Locks,
    notices: PathBuf,
}

/// A record that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Where it rests.
    pub place: Place,
}

impl CredentialStore {
    /// The store that the user chose. Touches nothing: a folder that is missing or cannot be
    /// written is an error of the first call that needs it.
    pub fn open(choice: StoreChoice, paths: &Paths) -> Self {
        Self::open_with_deadline(choice, paths, DEADLINE)
    }

    /// The same with another limit on each keyring call: a command with a person in front of it may
    /// wait until that person has unlocked the keyring.
    pub fn open_with_deadline(choice: StoreChoice, paths: &Paths, deadline: Duration) -> Self {
        let folders = paths.state().map(|state| Folders::below(state.to_path_buf()));
        Self::build(choice, folders.map_err(StoreError::from), Keyring::of_platform(deadline))
    }

    fn build(choice: StoreChoice, folders: Result<Folders, StoreError>, keyring: Keyring) -> Self {
        let folders = folders.map(Arc::new);
        let inner = Inner { choice, keyring, memory: MemoryStore::default(), folders };
        Self { inner: Arc::new(inner) }
    }

    /// The value of this name. A damaged one, and one in a keyring that does not answer, is an
    /// error and never counts as absent.
    ///
    /// Of a name that the index does not know, this asks the keyring: a bridge that was started
    /// with other variables has another index. Ask [`Self::knows`] where that would be too much.
    pub async fn load(&self, name: &str) -> Result<Option<Secret<Vec<u8>>>, StoreError> {
        check_name(name)?;
        if self.in_memory() {
            return Ok(self.inner.memory.load(name));
        }
        let value = match self.known(name).await? {
            Known::Entry(entry) => self.load_known(&entry).await?,
            known => self.find(name, &known).await?,
        };
        Ok(value.map(Secret::new))
    }

    /// Whether there is a value, told by the index alone: at no cost, and without a keyring.
    pub fn knows(&self, name: &str) -> bool {
        if self.in_memory() {
            return self.inner.memory.knows(name);
        }
        self.folders().is_ok_and(|folders| folders.index.get(name).may_exist())
    }

    /// Every record that is known to exist, by name.
    pub async fn list(&self) -> Result<Vec<Listed>, StoreError> {
        if self.in_memory() {
            let names = self.inner.memory.names();
            return Ok(sorted(names.into_iter().map(|name| Listed { name, place: Place::Memory })));
        }
        self.disk(|folders| {
            let names = folders.files.names();
            for name in names.iter().filter(|name| !folders.index.get(name).may_exist()) {
                let _ = folders.index.put(&Entry::resting(name, Place::File));
            }
            let listed = |entry: Entry| Some(Listed { place: entry.rests?, name: entry.name });
            Ok(sorted(folders.index.entries().into_iter().filter_map(listed)))
        })
        .await
    }

    /// Whether a sign-in could be saved in the keyring now. Nobody is asked to unlock it.
    ///
    /// # Errors
    /// It is locked, absent, or too slow.
    pub async fn keyring_answers(&self) -> Result<(), StoreError> {
        self.inner.keyring.can_save().await
    }

    /// Makes the index again from what is really there, as far as the keyring can list its entries.
    /// Needed only after the state folder was lost.
    pub async fn rebuild_index(&self) -> Result<Vec<Listed>, StoreError> {
        if !self.in_memory() {
            let names = self.inner.keyring.names().await?;
            self.disk(move |folders| {
                for name in names.iter().filter(|name| !folders.index.get(name).may_exist()) {
                    folders.index.put(&Entry::resting(name, Place::Keyring))?;
                }
                Ok(())
            })
            .await?;
        }
        self.list().await
    }

    /// Waits until nobody else, in any process, holds this name. The lock ends when the guard is
    /// dropped or its process ends, however that ends (S-04).
    pub async fn lock(&self, name: &str) -> Result<LockGuard, StoreError> {
        check_name(name)?;
        if self.in_memory() {
            return Ok(LockGuard::in_memory(self.inner.memory.lock(name).await));
        }
        self.folders()?.locks.acquire(name, Purpose::Caller).await
    }

    /// Like [`Self::lock`], but waits this long at most; the error then tells who holds it.
    pub async fn lock_within(&self, name: &str, wait: Duration) -> Result<LockGuard, StoreError> {
        check_name(name)?;
        if self.in_memory() {
            let locked = tokio::time::timeout(wait, self.lock(name)).await;
            return locked.unwrap_or_else(|_| Err(StoreError::busy(None)));
        }
        self.folders()?.locks.acquire_within(name, Purpose::Caller, wait).await
    }

    /// Who holds the lock of this name, or held it last and was killed.
    pub fn lock_owner(&self, name: &str) -> Option<Owner> {
        self.folders().ok()?.locks.owner(name)
    }

    /// API keys for `${keyring:NAME}`, kept beside the sign-ins.
    pub fn api_keys(&self) -> ApiKeys {
        ApiKeys::new(self.clone())
    }

    /// What the user chose.
    pub fn choice(&self) -> StoreChoice {
        self.inner.choice
    }

    /// A place in words, for messages: the keyring's own name, or the path of the file.
    pub fn describe(&self, place: Place, name: &str) -> String {
        match place {
            Place::Keyring => keyring::KEYRING_NAME.to_owned(),
            Place::Memory => "memory, until this process ends".to_owned(),
            Place::File => match self.folders() {
                Ok(folders) => format!("the file `{}`", folders.files.path(name).display()),
                Err(_) => "a file".to_owned(),
            },
        }
    }

    /// Where the index says, or where an older value may be left: a kill between noting a new place
    /// and writing there leaves the value where it was.
    async fn load_known(&self, entry: &Entry) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(place) = entry.rests else { return Ok(None) };
        for place in std::iter::once(place).chain(entry.left_in.iter().copied()) {
            if let Some(value) = self.load_from(place, &entry.name).await? {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }

    /// Looks everywhere for a name of which the index knows nothing, and notes where it was.
    async fn find(&self, name: &str, known: &Known) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(value) = self.load_from(Place::File, name).await? {
            self.note_found(name, Place::File).await;
            return Ok(Some(value));
        }
        if self.inner.choice == StoreChoice::File && *known == Known::Nothing {
            return Ok(None);
        }
        match self.load_from(Place::Keyring, name).await {
            Ok(Some(value)) => {
                self.note_found(name, Place::Keyring).await;
                Ok(Some(value))
            }
            // Nothing says that there is a value, so a keyring that does not answer hides none.
            Err(error) if self.inner.choice == StoreChoice::Auto && *known == Known::Nothing => {
                tracing::debug!(%error, "no keyring to look into");
                Ok(None)
            }
            found => found,
        }
    }

    async fn note_found(&self, name: &str, place: Place) {
        let entry = Entry::resting(name, place);
        if let Err(error) = self.disk(move |folders| folders.index.put(&entry)).await {
            tracing::debug!(%error, "cannot note where a sign-in rests");
        }
    }

    async fn load_from(&self, place: Place, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match place {
            Place::Keyring => self.inner.keyring.load(name).await,
            Place::Memory => Ok(None),
            Place::File => {
                let name = name.to_owned();
                self.disk(move |folders| folders.files.load(&name)).await
            }
        }
    }

    async fn delete_from(&self, place: Place, name: &str) -> Result<bool, StoreError> {
        match place {
            Place::Keyring => self.inner.keyring.delete(name).await,
            Place::Memory => Ok(self.inner.memory.delete(name)),
            Place::File => {
                let name = name.to_owned();
                self.disk(move |folders| folders.files.delete(&name)).await
            }
        }
    }

    async fn known(&self, name: &str) -> Result<Known, StoreError> {
        let name = name.to_owned();
        self.disk(move |folders| Ok(folders.index.get(&name))).await
    }

    /// Excludes other changes of this record for the moment in which it changes.
    async fn record_lock(&self, name: &str) -> Result<LockGuard, StoreError> {
        self.folders()?.locks.acquire_within(name, Purpose::Record, RECORD_WAIT).await
    }

    async fn disk<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&Folders) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let folders = Arc::clone(self.folders()?);
        on_disk(move || operation(&folders)).await?
    }

    fn folders(&self) -> Result<&Arc<Folders>, StoreError> {
        self.inner.folders.as_ref().map_err(Clone::clone)
    }

    fn in_memory(&self) -> bool {
        self.inner.choice == StoreChoice::Memory
    }
}

impl Folders {
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
    match record::is_name(name) {
        true => Ok(()),
        false => Err(StoreError::new(StoreErrorKind::Invalid, "not a name that can be stored")),
    }
}

fn sorted(listed: impl Iterator<Item = Listed>) -> Vec<Listed> {
    let mut listed: Vec<_> = listed.collect();
    listed.sort_by(|a, b| a.name.cmp(&b.name));
    listed
}

#[cfg(test)]
mod tests;
