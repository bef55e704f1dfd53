//! Tracks open questions to a person: while a request waits for one, its time limit is suspended
//! (T-26). Questions of other requests do not affect it.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The open questions to a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OpenQuestions {
    /// Their number, by the exchange that caused them.
    pub(crate) by_cause: HashMap<u64, usize>,
    /// The numbers of those whose cause is unknown. They may belong to any earlier request, which
    /// has a lower number.
    pub(crate) of_unknown_cause: BTreeSet<u64>,
}

/// A shared record of the open questions to a person. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct OpenPrompts {
    state: Arc<Mutex<PromptState>>,
}

#[derive(Debug, Default)]
struct PromptState {
    open: OpenQuestions,
    /// How often the questions of an exchange have changed: a limit restarts when a person has
    /// answered.
    changes: HashMap<u64, usize>,
    /// How many questions of unknown cause were closed, and the highest number among them.
    closed: (usize, u64),
}

impl OpenPrompts {
    /// Sets which questions are open now.
    pub fn set_open(&self, open: OpenQuestions) {
        let mut state = self.state();
        let PromptState { open: before, changes, closed } = &mut *state;
        changes.retain(|exchange, _| before.by_cause.contains_key(exchange));
        for exchange in before.by_cause.keys().chain(open.by_cause.keys()) {
            if before.by_cause.get(exchange) != open.by_cause.get(exchange) {
                *changes.entry(*exchange).or_default() += 1;
            }
        }
        for number in before.of_unknown_cause.difference(&open.of_unknown_cause) {
            *closed = (closed.0 + 1, closed.1.max(*number));
        }
        state.open = open;
    }

    /// The questions that may concern this exchange.
    pub(super) fn of(&self, exchange: Option<u64>) -> PromptsOfExchange<'_> {
        PromptsOfExchange { prompts: self, exchange }
    }

    /// Like [`PromptsOfExchange::timeout_unless_prompting`], without an exchange.
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
        let exchange = self.exchange.unwrap_or_default();
        let open = &state.open;
        let own = self.exchange.and_then(|exchange| open.by_cause.get(&exchange));
        let may_be_own = open.of_unknown_cause.last().is_some_and(|number| *number > exchange);
        let (closed, highest) = state.closed;
        let closed = if highest > exchange { closed } else { 0 };
        let changes = state.changes.get(&exchange).copied().unwrap_or_default();
        (may_be_own || own.is_some_and(|open| *open > 0), [closed, changes])
    }

    /// Waits for `future` for at most `limit`, which is suspended while a person is being asked for
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

    fn unknown(numbers: &[u64]) -> OpenQuestions {
        OpenQuestions {
            of_unknown_cause: numbers.iter().copied().collect(),
            ..OpenQuestions::default()
        }
    }

    const LIMIT: Option<Duration> = Some(Duration::from_secs(1));

    /// T-26
    #[tokio::test(start_paused = true)]
    async fn a_question_to_a_person_suspends_the_limit() {
        let prompts = OpenPrompts::default();
        assert!(prompts.of(Some(1)).timeout_unless_prompting(LIMIT, slow()).await.is_none());
        prompts.set_open(unknown(&[2]));
        assert!(prompts.of(Some(1)).timeout_unless_prompting(LIMIT, slow()).await.is_some());
        let answered = async {
            tokio::time::sleep(Duration::from_millis(2900)).await;
            prompts.set_open(OpenQuestions::default());
            tokio::time::sleep(Duration::from_millis(900)).await;
        };
        let done = prompts.of(Some(1)).timeout_unless_prompting(LIMIT, answered).await;
        assert!(done.is_some(), "the limit restarts");
    }

    /// T-92
    #[tokio::test(start_paused = true)]
    async fn a_question_suspends_the_limit_of_its_own_request_only() {
        let prompts = OpenPrompts::default();
        prompts.set_open(OpenQuestions { by_cause: HashMap::from([(7, 1)]), ..unknown(&[]) });
        assert!(prompts.of(Some(7)).timeout_unless_prompting(LIMIT, slow()).await.is_some());
        assert!(prompts.of(Some(8)).timeout_unless_prompting(LIMIT, slow()).await.is_none());
        assert!(prompts.timeout_unless_prompting(LIMIT, slow()).await.is_none());
    }

    /// T-92
    #[tokio::test(start_paused = true)]
    async fn a_question_of_unknown_cause_suspends_no_limit_of_a_later_request() {
        let prompts = OpenPrompts::default();
        prompts.set_open(unknown(&[5]));
        assert!(prompts.of(Some(4)).timeout_unless_prompting(LIMIT, slow()).await.is_some());
        assert!(prompts.of(Some(6)).timeout_unless_prompting(LIMIT, slow()).await.is_none());
    }
}
