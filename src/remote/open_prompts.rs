//! How many questions to a person are open: while there is one, silence does not mean that a request
//! hangs (T-26).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The questions to a person that are open. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct OpenPrompts {
    count: Arc<AtomicUsize>,
    /// How often the count has changed: a limit starts anew when a person has answered.
    changes: Arc<AtomicUsize>,
}

impl OpenPrompts {
    /// Sets how many questions are open now.
    pub fn set_count(&self, open: usize) {
        if self.count.swap(open, Ordering::Relaxed) != open {
            self.changes.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn is_prompting(&self) -> bool {
        self.count.load(Ordering::Relaxed) > 0
    }

    /// Waits for `future` for at most `limit`, which does not run while a person is being asked.
    /// Returns `None` when the time is over; no limit is no end.
    pub(super) async fn timeout_unless_prompting<T>(
        &self,
        limit: Option<Duration>,
        future: impl Future<Output = T>,
    ) -> Option<T> {
        let Some(limit) = limit else { return Some(future.await) };
        tokio::pin!(future);
        loop {
            let changes = self.changes.load(Ordering::Relaxed);
            match tokio::time::timeout(limit, &mut future).await {
                Ok(done) => return Some(done),
                Err(_) if self.is_prompting() => {}
                Err(_) if self.changes.load(Ordering::Relaxed) != changes => {}
                Err(_) => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T-26
    #[tokio::test(start_paused = true)]
    async fn a_question_to_a_person_suspends_the_limit() {
        let prompts = OpenPrompts::default();
        let limit = Some(Duration::from_secs(1));
        let slow = || tokio::time::sleep(Duration::from_secs(5));
        assert!(prompts.timeout_unless_prompting(limit, slow()).await.is_none());
        prompts.set_count(1);
        assert!(prompts.timeout_unless_prompting(limit, slow()).await.is_some());
        let answered = async {
            tokio::time::sleep(Duration::from_millis(2900)).await;
            prompts.set_count(0);
            tokio::time::sleep(Duration::from_millis(900)).await;
        };
        let done = prompts.timeout_unless_prompting(limit, answered).await;
        assert!(done.is_some(), "the limit starts anew");
    }
}
