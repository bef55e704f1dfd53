//! The thread that talks to the keyring. It starts with the first call, keeps the connection
//! briefly in case more calls follow, and ends. Callers give up after their deadline. The thread
//! may then stay in a call that never returns, but does not keep the process alive.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::{Entries, Open};
use crate::store::error::{StoreError, StoreErrorKind};

/// How long an unused connection is kept: long enough for the calls of one start, short enough that
/// an idle bridge holds neither a thread nor a connection.
const IDLE_TIMEOUT: Duration = Duration::from_secs(2);

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// Runs calls one after another on one thread.
pub(super) struct Worker {
    shared: Arc<Shared>,
}

struct Shared {
    open: Open,
    queue: Mutex<Queue>,
    arrived: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    /// Whether the thread exists.
    running: bool,
    /// How many calls were begun; the last of them may still be in progress.
    begun: u64,
    in_progress: bool,
    /// Whether the caller of the call in progress gave up, so the call seems to hang.
    hangs: bool,
}

/// The keyring, opened when first needed.
struct Connection {
    open: Open,
    entries: Option<Box<dyn Entries>>,
}

impl Worker {
    /// A worker that opens the keyring with `open` when it is first needed. Starts nothing.
    pub(super) fn new(open: Open) -> Self {
        let shared = Shared { open, queue: Mutex::default(), arrived: Condvar::new() };
        Self { shared: Arc::new(shared) }
    }

    /// Runs `operation` and waits at most `deadline` for it. It may run twice, if the kept
    /// connection turns out to be dead.
    ///
    /// # Errors
    /// The operation or opening the keyring failed, the keyring did not answer in time, or an
    /// earlier call still hangs.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        deadline: Duration,
        operation: impl Fn(&dyn Entries) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        if self.shared.queue().hangs {
            // This call would only wait for the one that hangs.
            return Err(no_answer(deadline));
        }
        let begun = Arc::new(AtomicU64::new(0));
        let (reply, answer) = oneshot::channel();
        let (number, shared) = (Arc::clone(&begun), Arc::clone(&self.shared));
        self.submit(Box::new(move |connection| {
            // A caller that gave up must not be surprised by a late write.
            if !reply.is_closed() {
                number.store(shared.begin(), Ordering::Relaxed);
                let result = connection.run(&operation);
                shared.end();
                let _ = reply.send(result);
            }
        }))?;
        match tokio::time::timeout(deadline, answer).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(failed("the keyring call ended without an answer")),
            Err(_) => {
                self.shared.give_up(begun.load(Ordering::Relaxed));
                Err(no_answer(deadline))
            }
        }
    }

    fn submit(&self, job: Job) -> Result<(), StoreError> {
        let mut queue = self.shared.queue();
        queue.jobs.push_back(job);
        if queue.running {
            self.shared.arrived.notify_one();
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        let thread = std::thread::Builder::new().name("keyring".into());
        match thread.spawn(move || shared.run()) {
            Ok(_) => queue.running = true,
            Err(e) => {
                queue.jobs.clear();
                return Err(failed(&format!("cannot start a thread for the keyring: {e}")));
            }
        }
        Ok(())
    }
}

impl Shared {
    fn run(&self) {
        let mut connection = Connection { open: Arc::clone(&self.open), entries: None };
        while let Some(job) = self.next() {
            job(&mut connection);
        }
    }

    /// The next job; `None`, with `running` cleared, if none came for a while.
    fn next(&self) -> Option<Job> {
        let (mut queue, _) = self
            .arrived
            .wait_timeout_while(self.queue(), IDLE_TIMEOUT, |queue| queue.jobs.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        let job = queue.jobs.pop_front();
        queue.running = job.is_some();
        job
    }

    /// Notes that a call begins; returns its number, counted from 1.
    fn begin(&self) -> u64 {
        let mut queue = self.queue();
        queue.begun += 1;
        queue.in_progress = true;
        queue.begun
    }

    fn end(&self) {
        let mut queue = self.queue();
        queue.in_progress = false;
        queue.hangs = false;
    }

    /// Notes that the caller of the call with this number has given up.
    fn give_up(&self, number: u64) {
        let mut queue = self.queue();
        queue.hangs |= queue.in_progress && queue.begun == number;
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    /// Runs an operation; if it fails on a kept connection, which may be dead after a restart of
    /// the service, runs it again on a new one.
    fn run<T>(
        &mut self,
        operation: &dyn Fn(&dyn Entries) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let kept = self.entries.is_some();
        let result = operation(self.entries()?);
        if !matches!(&result, Err(e) if e.kind() == StoreErrorKind::KeyringFailed) {
            return result;
        }
        self.entries = None;
        if kept { operation(self.entries()?) } else { result }
    }

    fn entries(&mut self) -> Result<&dyn Entries, StoreError> {
        if self.entries.is_none() {
            self.entries = Some((self.open)()?);
        }
        Ok(self.entries.as_deref().expect("it is open by now"))
    }
}

fn failed(message: &str) -> StoreError {
    StoreError::new(StoreErrorKind::KeyringFailed, message)
}

fn no_answer(deadline: Duration) -> StoreError {
    let message = format!("the keyring did not answer within {:?}", deadline);
    StoreError::other(message)
        .hint("if it asks for a password, enter it; otherwise try `--credential-store file`")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::sync::mpsc;
    use std::time::Instant;

    use super::*;

    const SOON: Duration = Duration::from_millis(50);
    const LONG: Duration = Duration::from_secs(20);

    struct Nothing;

    impl Entries for Nothing {
        fn read(&self, _: &str) -> Result<Option<String>, StoreError> {
            Ok(None)
        }
        fn write(&self, _: &str, _: &str) -> Result<(), StoreError> {
            Ok(())
        }
        fn remove(&self, _: &str) -> Result<bool, StoreError> {
            Ok(false)
        }
        fn names(&self) -> Result<Vec<String>, StoreError> {
            Ok(Vec::new())
        }
        fn limit(&self) -> Option<usize> {
            None
        }
    }

    fn counting() -> (Worker, Arc<AtomicUsize>) {
        let opened = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&opened);
        let open = move || {
            count.fetch_add(1, Ordering::SeqCst);
            Ok(Box::new(Nothing) as Box<dyn Entries>)
        };
        (Worker::new(Arc::new(open)), opened)
    }

    #[tokio::test]
    async fn nothing_is_opened_before_the_first_call_and_one_connection_serves_several() {
        let (worker, opened) = counting();
        assert_eq!(opened.load(Ordering::SeqCst), 0);
        for _ in 0..3 {
            worker.call(LONG, |_| Ok(())).await.unwrap();
        }
        assert_eq!(opened.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_call_that_hangs_ends_with_the_deadline_and_later_calls_fail_at_once() {
        let (worker, _) = counting();
        let (release, hold) = mpsc::channel::<()>();
        let hold = Mutex::new(hold);
        worker.call(LONG, |_| Ok(())).await.expect("the thread runs");
        let hung = worker.call(10 * SOON, move |_| {
            let _ = hold.lock().unwrap().recv();
            Ok(())
        });
        let gave_up = hung.await.unwrap_err();
        assert!(gave_up.message().contains("did not answer"), "{gave_up}");

        let started = Instant::now();
        let refused = worker.call(LONG, |_| Ok(())).await.unwrap_err();
        assert!(refused.message().contains("did not answer"), "{refused}");
        assert!(started.elapsed() < LONG / 2, "it does not queue behind the call that hangs");

        release.send(()).unwrap();
        let (done, released) = (Arc::clone(&worker.shared), Instant::now());
        while done.queue().in_progress && released.elapsed() < LONG {
            tokio::task::yield_now().await;
        }
        worker.call(LONG, |_| Ok(())).await.expect("the keyring answers again, and so do we");
    }

    /// A write whose caller has given up could bring back what was removed in the meantime.
    #[tokio::test]
    async fn a_call_that_was_given_up_while_it_queued_is_never_made() {
        let (worker, _) = counting();
        let (release, hold) = mpsc::channel::<()>();
        let hold = Mutex::new(hold);
        let first = worker.call(LONG, move |_| Ok(hold.lock().unwrap().recv()));
        let made = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&made);
        let second = worker.call(SOON, move |_| Ok(count.fetch_add(1, Ordering::SeqCst)));
        tokio::pin!(first);
        tokio::select! {
            biased;
            _ = &mut first => unreachable!("it waits for the release below"),
            given_up = second => assert!(given_up.is_err()),
        }
        release.send(()).unwrap();
        first.await.unwrap().unwrap();
        worker.call(LONG, |_| Ok(())).await.unwrap();
        assert_eq!(made.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn a_kept_connection_that_died_is_replaced() {
        let (worker, opened) = counting();
        worker.call(LONG, |_| Ok(())).await.unwrap();
        let count = Arc::clone(&opened);
        let restarted = move |_: &dyn Entries| match count.load(Ordering::SeqCst) {
            1 => Err(failed("no such session")),
            _ => Ok("answered"),
        };
        assert_eq!(worker.call(LONG, restarted).await.unwrap(), "answered");
        assert_eq!(opened.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_keyring_that_cannot_be_opened_is_tried_again_by_the_next_call() {
        let attempts = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&attempts);
        let worker = Worker::new(Arc::new(move || match count.fetch_add(1, Ordering::SeqCst) {
            0 => Err(StoreError::new(StoreErrorKind::NoKeyring, "no bus")),
            _ => Ok(Box::new(Nothing) as Box<dyn Entries>),
        }));
        assert!(worker.call(LONG, |_| Ok(())).await.is_err());
        worker.call(LONG, |_| Ok(())).await.unwrap();
    }
}
