//! Tasks: calls that continue after they were answered with a handle. The same tasks serve both
//! forms, that of 2025-11-25 (`basic/utilities/tasks`) and the extension of 2026-07-28 (SEP-2663);
//! only their JSON differs (`shown`).

mod announce;
mod shown;
mod task;
mod terms;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand::TryRngCore;
use rand::rngs::OsRng;

pub(super) use announce::announce;
pub(super) use shown::TaskForm;
pub(super) use task::{Becomes, CallTask};
pub(super) use terms::{TaskSupport, Terms};

/// Every task of one mock.
#[derive(Debug, Default)]
pub(super) struct Tasks(Mutex<HashMap<String, Arc<CallTask>>>);

impl Tasks {
    /// Creates a task of this owner.
    pub(super) fn create(&self, owner: &str, terms: Terms) -> Arc<CallTask> {
        let mut bytes = [0; 16];
        OsRng.try_fill_bytes(&mut bytes).expect("the system has randomness");
        // The id gives access to the task, so it must not be guessable.
        let id = format!("{:032x}", u128::from_le_bytes(bytes));
        let task = Arc::new(CallTask::new(id.clone(), owner.to_owned(), terms));
        let mut tasks = self.lock();
        tasks.retain(|_, task| !task.is_expired());
        tasks.insert(id, Arc::clone(&task));
        task
    }

    /// Returns the task with this id, if it belongs to this owner and has not expired.
    pub(super) fn find(&self, id: &str, owner: &str) -> Option<Arc<CallTask>> {
        let found = self.lock().get(id).cloned();
        found.filter(|task| task.owner() == owner && !task.is_expired())
    }

    /// Returns every task of this owner, oldest first.
    pub(super) fn of(&self, owner: &str) -> Vec<Arc<CallTask>> {
        let mut tasks: Vec<_> = {
            let tasks = self.lock();
            tasks.values().filter(|task| task.owner() == owner).cloned().collect()
        };
        tasks.retain(|task| !task.is_expired());
        tasks.sort_by_key(|task| (task.created(), task.id().to_owned()));
        tasks
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<CallTask>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
