//! Which questions to a person are open: while there is one for a request, silence does not mean that
//! this request hangs (T-26). Questions of other requests change nothing for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many questions are open, by the exchange that caused them. `None` is for those of which the
/// cause is not known: they may belong to any request.
pub(crate) type PromptCounts = HashMap<Option<u64>, usize>;

/// The questions to a person that are open. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct OpenPrompts {
    state: Arc<Mutex<PromptState>>,
}

#[derive(Debug, Default)]
struct PromptState {
    counts: PromptCounts,
    /// How often the count of an exchange has changed: a limit starts anew when a person has
    /// answered.
    changes: PromptCounts,
}

impl OpenPrompts {
    /// Sets which questions are open now.
    pub fn set_counts(&self, counts: PromptCounts) {
        let mut state = self.state();
        let PromptState { counts: before, changes } = &mut *state;
        changes.retain(|exchange, _| exchange.is_none() || before.contains_key(exchange));
        for exchange in before.keys().chain(counts.keys()) {
            if before.get(exchange) != counts.get(exchange) {
                *changes.entry(*exchange).or_default() += 1;
            }
        }
        state.counts = counts;
    }

    /// The questions that may concern this exchange.
    pub(super) fn of(&self, exchange: Option<u64>) -> PromptsOfExchange<'_> {
        PromptsOfExchange { prompts: self, exchange }
    }

    /// As [`PromptsOfExchange::timeout_unless_prompting`], for what belongs to no exchange.
    pub(super) async fn timeout_unless_prompting<T>(
        &self,
        limit: Option<Duration>,
        future: impl Future<Output = T>,
    ) -> Option<T> {
        self.of(None).timeout_unless_prompting(limit, future).await
    }

    fn state(&self) -> MutexGuard<'_, PromptState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The questions that may concern one exchange.
#[derive(Clone, Copy, Debug)]
pub(super) struct PromptsOfExchange<'a> {
    prompts: &'a OpenPrompts,
    exchange: Option<u64>,
}

impl PromptsOfExchange<'_> {
    /// Whether one is open, and how often that has changed.
    pub(super) fn look(&self) -> (bool, [usize; 2]) {
        let state = self.prompts.state();
        let of = |counts: &PromptCounts| {
            let own = self.exchange.and_then(|_| counts.get(&self.exchange)).copied();
            [counts.get(&None).copied().unwrap_or_default(), own.unwrap_or_default()]
        };
        (of(&state.counts).iter().any(|open| *open > 0), of(&state.changes))
    }

    /// Waits for `future` for at most `limit`, which does not run while a person is being asked for
    /// this exchange. Returns `None` when the time is over; without a limit, waits forever.
    pub(super) async fn timeout_unless_prompting<T>(
        self,
        limit: Option<Duration>,
        future: impl Future<Output = T>,
    ) -> Option<T> {
        let Some(limit) = limit else { return Some(future.await) };
        tokio::pin!(future);
        loop {
            let (_, before) = self.look();
            if let Ok(done) = tokio::time::timeout(limit, &mut future).await {
                return Some(done);
            }
            let (is_prompting, changes) = self.look();
            if !is_prompting && changes == before {
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slow() -> impl Future<Output = ()> {
        tokio::time::sleep(Duration::from_secs(5))
    }

    const LIMIT: Option<Duration> = Some(Duration::from_secs(1));

    /// T-26
    #[tokio::test(start_paused = true)]
    async fn a_question_to_a_person_suspends_the_limit() {
        let prompts = OpenPrompts::default();
        assert!(prompts.of(Some(1)).timeout_unless_prompting(LIMIT, slow()).await.is_none());
        prompts.set_counts(HashMap::from([(None, 1)]));
        assert!(prompts.of(Some(1)).timeout_unless_prompting(LIMIT, slow()).await.is_some());
        let answered = async {
            tokio::time::sleep(Duration::from_millis(2900)).await;
            prompts.set_counts(HashMap::new());
            tokio::time::sleep(Duration::from_millis(900)).await;
        };
        let done = prompts.of(Some(1)).timeout_unless_prompting(LIMIT, answered).await;
        assert!(done.is_some(), "the limit restarts");
    }

    /// T-26
    #[tokio::test(start_paused = true)]
    async fn a_question_suspends_the_limit_of_its_own_request_only() {
        let prompts = OpenPrompts::default();
        prompts.set_counts(HashMap::from([(Some(7), 1)]));
        assert!(prompts.of(Some(7)).timeout_unless_prompting(LIMIT, slow()).await.is_some());
        assert!(prompts.of(Some(8)).timeout_unless_prompting(LIMIT, slow()).await.is_none());
        assert!(prompts.timeout_unless_prompting(LIMIT, slow()).await.is_none());
    }
}
