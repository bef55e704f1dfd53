//! The keyring store: values in the operating system's keyring. Calls run on a thread of their own
//! with a deadline, so a keyring that hangs or prompts the user blocks nothing else and keeps no
//! process alive. Nothing is opened before the first call. Fallbacks are decided elsewhere.

#[cfg(all(unix, not(any(target_os = "macos", target_os = "ios", target_os = "android"))))]
mod bus;
mod parts;
mod platform;
mod worker;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::error::StoreError;
use worker::Worker;

pub(super) use parts::is_part;
pub(super) use platform::NAME as KEYRING_NAME;

/// How long a caller waits for one keyring call by default. Opening the Secret Service takes about
/// 10 ms.
pub const DEADLINE: Duration = Duration::from_secs(3);

/// Text entries by name, as every platform's keyring offers them. Tests implement it too.
pub(super) trait Entries {
    /// The text of this entry; `None` if there is none.
    ///
    /// # Errors
    /// The keyring refuses, or the entry is not text.
    fn read(&self, name: &str) -> Result<Option<String>, StoreError>;

    /// Creates or replaces an entry atomically.
    ///
    /// # Errors
    /// The keyring refuses.
    fn write(&self, name: &str, text: &str) -> Result<(), StoreError>;

    /// Removes an entry; returns whether there was one.
    ///
    /// # Errors
    /// The keyring refuses.
    fn remove(&self, name: &str) -> Result<bool, StoreError>;

    /// The names of all entries; empty if the keyring cannot list them.
    ///
    /// # Errors
    /// The keyring refuses.
    fn names(&self) -> Result<Vec<String>, StoreError>;

    /// The longest text of an entry in bytes, if there is a limit.
    fn limit(&self) -> Option<usize>;

    /// Checks that an entry could be written now, without asking the user.
    ///
    /// # Errors
    /// The keyring is locked or refuses.
    fn can_write(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Opens the keyring, on the thread that will use it.
type Open = Arc<dyn Fn() -> Result<Box<dyn Entries>, StoreError> + Send + Sync>;

/// The keyring of this user.
#[derive(Clone)]
pub(super) struct Keyring {
    worker: Arc<Worker>,
    deadline: Duration,
}

impl Keyring {
    /// The platform's keyring. Opens nothing.
    pub(super) fn of_platform(deadline: Duration) -> Self {
        Self::with(Arc::new(platform::open), deadline)
    }

    /// A keyring that is opened by `open` when it is first needed.
    pub(super) fn with(open: Open, deadline: Duration) -> Self {
        Self { worker: Arc::new(Worker::new(open)), deadline }
    }

    /// Loads the value with this name; `None` if there is none.
    ///
    /// # Errors
    /// The keyring refuses or does not answer in time, or the value is damaged.
    pub(super) async fn load(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let name = name.to_owned();
        self.worker.call(self.deadline, move |entries| parts::load(entries, &name)).await
    }

    /// Stores a value.
    ///
    /// # Errors
    /// The keyring refuses or does not answer in time; it may still store the value later.
    pub(super) async fn save(&self, name: &str, value: Vec<u8>) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.worker.call(self.deadline, move |entries| parts::save(entries, &name, &value)).await
    }

    /// Removes a value, damaged or not; returns whether there was one.
    ///
    /// # Errors
    /// The keyring refuses or does not answer in time.
    pub(super) async fn delete(&self, name: &str) -> Result<bool, StoreError> {
        let name = name.to_owned();
        self.worker.call(self.deadline, move |entries| parts::delete(entries, &name)).await
    }

    /// Checks that a value could be saved now, without asking the user to unlock anything.
    ///
    /// # Errors
    /// The keyring is locked, absent, or does not answer in time.
    pub(super) async fn can_save(&self) -> Result<(), StoreError> {
        self.worker.call(self.deadline, |entries| entries.can_write()).await
    }

    /// The names of all records; empty if the keyring cannot list them.
    ///
    /// # Errors
    /// The keyring refuses or does not answer in time.
    pub(super) async fn names(&self) -> Result<Vec<String>, StoreError> {
        let names = self.worker.call(self.deadline, |entries| entries.names()).await?;
        Ok(names.into_iter().filter(|name| !is_part(name)).collect())
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
