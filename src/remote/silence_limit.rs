//! Limits how long a body may be silent while it is read, with one timer for all chunks: a new
//! timer for each would cost more than reading a small chunk.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::open_prompts::PromptsOfExchange;

/// The limit for one body. Questions to a person suspend it (T-26).
#[derive(Debug)]
pub(super) struct SilenceLimit<'a> {
    prompts: PromptsOfExchange<'a>,
    limit: Option<Duration>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl<'a> SilenceLimit<'a> {
    /// The longest silence.
    pub(super) fn limit(&self) -> Option<Duration> {
        self.limit
    }

    /// A limit that restarts with each wait; `None` means no limit.
    pub(super) fn new(prompts: PromptsOfExchange<'a>, limit: Option<Duration>) -> Self {
        Self { prompts, limit, timer: None }
    }

    /// Waits for `future`; returns `None` when it took longer than the limit.
    pub(super) async fn wait<T>(&mut self, future: impl Future<Output = T>) -> Option<T> {
        let Some(limit) = self.limit else { return Some(future.await) };
        let mut future = pin!(future);
        let prompts = self.prompts;
        let mut waits = None;
        poll_fn(|cx| {
            if let Poll::Ready(done) = future.as_mut().poll(cx) {
                return Poll::Ready(Some(done));
            }
            // A chunk that is already there, the usual case, needs no timer.
            let (due, before) =
                waits.get_or_insert_with(|| (Instant::now() + limit, prompts.look().1));
            loop {
                let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(*due)));
                ready!(timer.as_mut().poll(cx));
                let now = Instant::now();
                // Otherwise the timer was still set for an earlier chunk.
                if *due <= now {
                    let (is_prompting, changes) = prompts.look();
                    if !is_prompting && changes == *before {
                        return Poll::Ready(None);
                    }
                    (*due, *before) = (now + limit, changes);
                }
                timer.as_mut().reset(*due);
            }
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::super::open_prompts::{OpenPrompts, OpenQuestions};
    use super::*;

    async fn chunk_after(milliseconds: u64) {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }

    /// T-26
    #[tokio::test(start_paused = true)]
    async fn each_chunk_has_the_whole_limit() {
        let prompts = OpenPrompts::default();
        let mut silence = SilenceLimit::new(prompts.of(None), Some(Duration::from_secs(1)));
        for _ in 0..5 {
            assert!(silence.wait(chunk_after(900)).await.is_some());
            assert!(silence.wait(std::future::ready(())).await.is_some());
        }
        let began = Instant::now();
        assert!(silence.wait(chunk_after(5000)).await.is_none());
        assert_eq!(began.elapsed().as_secs(), 1);
        assert!(silence.wait(chunk_after(900)).await.is_some(), "the limit can be used again");
    }

    /// T-26
    #[tokio::test(start_paused = true)]
    async fn a_question_to_a_person_suspends_it() {
        let prompts = OpenPrompts::default();
        prompts
            .set_open(OpenQuestions { of_unknown_cause: [1].into(), ..OpenQuestions::default() });
        let mut silence = SilenceLimit::new(prompts.of(None), Some(Duration::from_secs(1)));
        assert!(silence.wait(chunk_after(5000)).await.is_some());
        prompts.set_open(OpenQuestions::default());
        assert!(silence.wait(chunk_after(5000)).await.is_none());
    }
}
