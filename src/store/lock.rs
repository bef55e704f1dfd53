//! Locks that exclude all processes of this user: a lock on a file, released by the operating
//! system when its owner ends, however it ends (S-04). A second file says who the owner is; it is
//! for people only, and nothing is decided by it.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep, timeout_at};

use super::error::StoreError;
use super::record::{now, stem};
use super::safe_files::{self, Durability};
use super::tasks::on_disk;

/// Who waits looks again after this long at first, and after [`SLOWEST_LOOK`] at last. A thread
/// that waits inside the operating system could not be called back when nobody wants the lock any
/// more.
const FIRST_LOOK: Duration = Duration::from_millis(5);
const SLOWEST_LOOK: Duration = Duration::from_millis(150);

/// The locks of one state folder.
#[derive(Clone, Debug)]
pub(super) struct Locks {
    folder: PathBuf,
}

/// Two processes that need the same name exclude each other within a purpose, not across them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Held by callers around something of their own, such as a refresh.
    Caller,
    /// Held by the store for the few milliseconds in which a record changes.
    Record,
}

/// A lock, held until this is dropped or the process ends.
#[derive(Debug)]
pub struct LockGuard {
    _held: Held,
}

#[derive(Debug)]
enum Held {
    Memory { _guard: tokio::sync::OwnedMutexGuard<()> },
    File { _file: Option<File>, owner: Option<PathBuf> },
}

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Its process.
    pub pid: u32,
    /// The program that started that process, where the platform tells.
    pub host: Option<String>,
    /// Since when, in Unix milliseconds.
    pub since: u64,
}

impl Locks {
    /// Names the folder; touches nothing.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Waits for the lock of this name for as long as it takes.
    pub(super) async fn acquire(
        &self,
        name: &str,
        purpose: Purpose,
    ) -> Result<LockGuard, StoreError> {
        let mut pause = FIRST_LOOK;
        loop {
            if let Some(guard) = self.try_acquire(name, purpose).await? {
                return Ok(guard);
            }
            sleep(pause).await;
            pause = (pause * 2).min(SLOWEST_LOOK);
        }
    }

    /// Waits this long at most; then tells who holds it.
    pub(super) async fn acquire_within(
        &self,
        name: &str,
        purpose: Purpose,
        wait: Duration,
    ) -> Result<LockGuard, StoreError> {
        let deadline = Instant::now() + wait;
        // However short the wait, a free lock is taken.
        if let Some(guard) = self.try_acquire(name, purpose).await? {
            return Ok(guard);
        }
        match timeout_at(deadline, self.acquire(name, purpose)).await {
            Ok(acquired) => acquired,
            Err(_) => Err(StoreError::busy(self.owner(name))),
        }
    }

    /// Takes the lock if nobody holds it.
    pub(super) async fn try_acquire(
        &self,
        name: &str,
        purpose: Purpose,
    ) -> Result<Option<LockGuard>, StoreError> {
        let (locks, name) = (self.clone(), name.to_owned());
        on_disk(move || locks.take(&name, purpose)).await?
    }

    /// Who said last to hold this lock.
    pub(super) fn owner(&self, name: &str) -> Option<Owner> {
        serde_json::from_slice(&fs::read(self.owner_path(name)).ok()?).ok()
    }

    fn take(&self, name: &str, purpose: Purpose) -> Result<Option<LockGuard>, StoreError> {
        safe_files::private_folder(&self.folder)?;
        let path = self.path(name, purpose);
        let file = open(&path).map_err(|e| StoreError::files("open the lock file", &path, &e))?;
        let file = match file.try_lock() {
            Ok(()) => Some(file),
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(e)) if is_unsupported(&e) => {
                tracing::warn!(path = %path.display(), error = %e, "files cannot be locked here");
                None
            }
            Err(TryLockError::Error(e)) => return Err(StoreError::files("lock", &path, &e)),
        };
        let owner = (purpose == Purpose::Caller).then(|| self.owner_path(name));
        if let Some(path) = &owner {
            note_owner(path);
        }
        Ok(Some(LockGuard { _held: Held::File { _file: file, owner } }))
    }

    fn path(&self, name: &str, purpose: Purpose) -> PathBuf {
        self.folder.join(stem(name)).with_extension(match purpose {
            Purpose::Caller => "lock",
            Purpose::Record => "record-lock",
        })
    }

    /// Beside the lock file, because Windows lets nobody read a locked one.
    fn owner_path(&self, name: &str) -> PathBuf {
        self.folder.join(stem(name)).with_extension("owner")
    }
}

impl LockGuard {
    /// A lock that excludes this process's tasks only.
    pub(super) fn in_memory(guard: tokio::sync::OwnedMutexGuard<()>) -> Self {
        Self { _held: Held::Memory { _guard: guard } }
    }
}

impl Drop for Held {
    /// The owner's name goes while the lock is still held; the file closes after this.
    fn drop(&mut self) {
        if let Self::File { owner: Some(owner), .. } = self {
            let _ = fs::remove_file(owner);
        }
    }
}

impl Owner {
    fn this_process() -> Self {
        Self { pid: std::process::id(), host: parent_program(), since: now() }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.pid)?;
        if let Some(host) = &self.host {
            write!(f, ", started by `{host}`,")?;
        }
        write!(f, " for {} s", now().saturating_sub(self.since) / 1000)
    }
}

/// Lock files are never deleted: who opened one just before would lock a file that others no longer
/// find.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    }
    options.open(path)
}

fn note_owner(path: &Path) {
    let text = serde_json::to_vec(&Owner::this_process()).unwrap_or_default();
    if let Err(error) = safe_files::write(path, &text, Durability::Process) {
        tracing::debug!(%error, "cannot note who holds the lock");
    }
}

/// Some network file systems know no locks. Working without them is better than not at all there.
fn is_unsupported(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(rustix::io::Errno::NOLCK.raw_os_error()) {
        return true;
    }
    error.kind() == io::ErrorKind::Unsupported
}

#[cfg(target_os = "linux")]
fn parent_program() -> Option<String> {
    let parent = std::os::unix::process::parent_id();
    let name = fs::read_to_string(format!("/proc/{parent}/comm")).ok()?;
    Some(crate::redact::plain(name.trim()))
}

#[cfg(not(target_os = "linux"))]
fn parent_program() -> Option<String> {
    None
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
        let held = locks.acquire("a", Purpose::Caller).await.unwrap();
        assert!(locks.try_acquire("a", Purpose::Caller).await.unwrap().is_none());
        let refused = locks
            .acquire_within("a", Purpose::Caller, Duration::from_millis(20))
            .await
            .unwrap_err();
        let StoreErrorKind::Busy(Some(owner)) = refused.kind() else { panic!("{refused:?}") };
        assert_eq!(owner.pid, std::process::id());
        assert!(refused.message().contains(&format!("process {}", owner.pid)), "{refused}");
        assert!(refused.may_pass());
        drop(held);
        assert!(locks.try_acquire("a", Purpose::Caller).await.unwrap().is_some());
        assert_eq!(locks.owner("a"), None);
    }

    #[tokio::test]
    async fn names_and_purposes_do_not_exclude_each_other() {
        let (_outer, locks) = locks();
        let _a = locks.acquire("a", Purpose::Caller).await.unwrap();
        assert!(locks.try_acquire("b", Purpose::Caller).await.unwrap().is_some());
        assert!(locks.try_acquire("a", Purpose::Record).await.unwrap().is_some());
    }

    /// The waiter must not stand still on the only thread of the runtime.
    #[tokio::test]
    async fn waiting_leaves_the_runtime_free_and_ends_with_the_holder() {
        let (_outer, locks) = locks();
        let held = locks.acquire("a", Purpose::Caller).await.unwrap();
        let waiter = tokio::spawn({
            let locks = locks.clone();
            async move { locks.acquire("a", Purpose::Caller).await.map(|_| ()) }
        });
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert!(!waiter.is_finished());
        drop(held);
        waiter.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn garbage_about_the_owner_harms_nobody() {
        let (_outer, locks) = locks();
        let _held = locks.acquire("a", Purpose::Caller).await.unwrap();
        fs::write(locks.owner_path("a"), "{").unwrap();
        let refused = locks.acquire_within("a", Purpose::Caller, Duration::ZERO).await.unwrap_err();
        assert_eq!(refused.message(), "the lock is held by another process");
    }
}
