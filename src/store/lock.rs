//! Locks between all processes of this user: file locks, which the operating system releases when
//! their owner ends in any way (S-04). A second file names the owner, for people only. Locks of the
//! memory store are in [`super::memory`].

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::blocking::on_disk;
use super::error::StoreError;
use super::lock_owner::LockOwner;
use super::record::stem;
use crate::platform::private_file::{self, Durability};

/// The first pause between two attempts to take a lock. A thread blocked in the operating system
/// could not be cancelled, so a waiting task polls.
const FIRST_POLL_DELAY: Duration = Duration::from_millis(5);
/// The longest pause between two attempts to take a lock.
const LONGEST_POLL_DELAY: Duration = Duration::from_millis(150);

/// The locks of one state folder.
#[derive(Clone, Debug)]
pub(super) struct Locks {
    folder: PathBuf,
}

/// The purpose of a lock. Locks with the same name exclude each other only if they have the same
/// purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LockPurpose {
    /// Held by callers for their own operations, such as a refresh.
    Caller,
    /// Held by the store for the few milliseconds in which a record changes.
    Record,
}

/// A lock that is held until this is dropped or the process ends.
#[derive(Debug)]
pub struct LockGuard {
    _lock: HeldLock,
}

#[derive(Debug)]
enum HeldLock {
    Memory { _guard: tokio::sync::OwnedMutexGuard<()> },
    File { _file: Option<File>, owner: Option<PathBuf> },
}

impl Locks {
    /// The locks in this folder. Creates nothing.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Takes the lock with this name, however long that takes.
    ///
    /// # Errors
    /// The lock file cannot be created or locked. A lock that is held is not an error.
    pub(super) async fn acquire(
        &self,
        name: &str,
        purpose: LockPurpose,
    ) -> Result<LockGuard, StoreError> {
        let mut pause = FIRST_POLL_DELAY;
        loop {
            if let Some(guard) = self.try_acquire(name, purpose).await? {
                return Ok(guard);
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_POLL_DELAY);
        }
    }

    /// Takes the lock with this name, waiting at most `wait`. A free lock is taken even if `wait`
    /// is zero.
    ///
    /// # Errors
    /// [`StoreErrorKind::Busy`](super::StoreErrorKind::Busy) when the lock is still held after
    /// `wait`; otherwise as for [`Self::acquire`].
    pub(super) async fn acquire_within(
        &self,
        name: &str,
        purpose: LockPurpose,
        wait: Duration,
    ) -> Result<LockGuard, StoreError> {
        let deadline = Instant::now() + wait;
        if let Some(guard) = self.try_acquire(name, purpose).await? {
            return Ok(guard);
        }
        match timeout_at(deadline, self.acquire(name, purpose)).await {
            Ok(acquired) => acquired,
            Err(_) => Err(StoreError::busy(name, self.owner(name))),
        }
    }

    /// Takes the lock if it is free; `None` if another process holds it.
    ///
    /// # Errors
    /// As for [`Self::acquire`].
    pub(super) async fn try_acquire(
        &self,
        name: &str,
        purpose: LockPurpose,
    ) -> Result<Option<LockGuard>, StoreError> {
        let (locks, name) = (self.clone(), name.to_owned());
        on_disk(move || locks.take(&name, purpose)).await?
    }

    /// The process that last recorded that it holds this lock.
    pub(super) fn owner(&self, name: &str) -> Option<LockOwner> {
        serde_json::from_slice(&fs::read(self.owner_path(name)).ok()?).ok()
    }

    fn take(&self, name: &str, purpose: LockPurpose) -> Result<Option<LockGuard>, StoreError> {
        private_file::create_folder(&self.folder)?;
        let path = self.path(name, purpose);
        let file = private_file::open_lock(&path)?;
        let file = match file.try_lock() {
            Ok(()) => Some(file),
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(e)) if is_unsupported(&e) => {
                tracing::warn!(path = %path.display(), error = %e, "files cannot be locked here");
                None
            }
            Err(TryLockError::Error(e)) => return Err(StoreError::files("lock", &path, &e)),
        };
        let owner = (purpose == LockPurpose::Caller).then(|| self.owner_path(name));
        if let Some(path) = &owner {
            note_owner(path);
        }
        Ok(Some(LockGuard { _lock: HeldLock::File { _file: file, owner } }))
    }

    fn path(&self, name: &str, purpose: LockPurpose) -> PathBuf {
        self.folder.join(stem(name)).with_extension(match purpose {
            LockPurpose::Caller => "lock",
            LockPurpose::Record => "record-lock",
        })
    }

    /// The file that names the owner. It is not the lock file, because Windows does not let others
    /// read a locked file.
    fn owner_path(&self, name: &str) -> PathBuf {
        self.folder.join(stem(name)).with_extension("owner")
    }
}

impl LockGuard {
    /// A lock between tasks of this process only.
    pub(super) fn in_memory(guard: tokio::sync::OwnedMutexGuard<()>) -> Self {
        Self { _lock: HeldLock::Memory { _guard: guard } }
    }
}

impl Drop for HeldLock {
    /// Removes the note about the owner while the lock is still held; the lock file closes later.
    fn drop(&mut self) {
        if let Self::File { owner: Some(owner), .. } = self {
            let _ = fs::remove_file(owner);
        }
    }
}

fn note_owner(path: &Path) {
    let text = serde_json::to_vec(&LockOwner::this_process()).unwrap_or_default();
    if let Err(error) = private_file::write(path, &text, Durability::Process) {
        tracing::debug!(%error, "cannot note who holds the lock");
    }
}

/// Whether the file system does not support locks, like some network file systems. Working without
/// locks is then better than not working at all.
fn is_unsupported(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(rustix::io::Errno::NOLCK.raw_os_error()) {
        return true;
    }
    error.kind() == io::ErrorKind::Unsupported
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::error::StoreErrorKind;

    fn locks() -> (tempfile::TempDir, Locks) {
        let outer = tempfile::tempdir().unwrap();
        let locks = Locks::new(outer.path().join("locks"));
        (outer, locks)
    }

    /// S-04
    #[tokio::test]
    async fn a_held_lock_excludes_others_and_says_who_holds_it() {
        let (_outer, locks) = locks();
        let held = locks.acquire("a", LockPurpose::Caller).await.unwrap();
        assert!(locks.try_acquire("a", LockPurpose::Caller).await.unwrap().is_none());
        let refused = locks
            .acquire_within("a", LockPurpose::Caller, Duration::from_millis(20))
            .await
            .unwrap_err();
        assert_eq!(refused.kind(), StoreErrorKind::Busy);
        let process = format!("process {}", std::process::id());
        assert!(refused.message().contains(&process), "{refused}");
        drop(held);
        // The last attempt of the one that gave up may hold it for a moment.
        drop(locks.acquire("a", LockPurpose::Caller).await.unwrap());
        assert_eq!(locks.owner("a"), None);
    }

    #[tokio::test]
    async fn names_and_purposes_do_not_exclude_each_other() {
        let (_outer, locks) = locks();
        let _a = locks.acquire("a", LockPurpose::Caller).await.unwrap();
        assert!(locks.try_acquire("b", LockPurpose::Caller).await.unwrap().is_some());
        assert!(locks.try_acquire("a", LockPurpose::Record).await.unwrap().is_some());
    }

    /// The waiter must not stand still on the only thread of the runtime.
    #[tokio::test]
    async fn waiting_leaves_the_runtime_free_and_ends_with_the_holder() {
        let (_outer, locks) = locks();
        let held = locks.acquire("a", LockPurpose::Caller).await.unwrap();
        let waiter = tokio::spawn({
            let locks = locks.clone();
            async move { locks.acquire("a", LockPurpose::Caller).await.map(|_| ()) }
        });
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert!(!waiter.is_finished());
        drop(held);
        waiter.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_damaged_note_about_the_owner_does_no_harm() {
        let (_outer, locks) = locks();
        let _held = locks.acquire("a", LockPurpose::Caller).await.unwrap();
        fs::write(locks.owner_path("a"), "{").unwrap();
        let refused =
            locks.acquire_within("a", LockPurpose::Caller, Duration::ZERO).await.unwrap_err();
        assert_eq!(refused.message(), "the lock `a` is held by another process");
    }
}
