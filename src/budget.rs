//! The process's memory budget (S-42): all code that keeps data from a server or host takes a share
//! of it, by the memory that it needs. While the budget is exhausted, reading bodies, events and
//! stdin pauses; data that cannot wait is refused, with an answer that says so.
//!
//! One half of the budget is shared; the other half is for one message at a time, the one that has
//! the turn, so that growing messages cannot wait for each other forever. Hence no message may be
//! larger than half of the budget.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Notify, Semaphore, SemaphorePermit};

/// The budget unless a setting says otherwise, in bytes.
pub const DEFAULT: usize = 256 * MIB;
/// The smallest budget, in bytes: a message of 32 MiB has to pass (T-04).
pub const SMALLEST: usize = 64 * MIB;
/// The reserve for pings and answers while stdin is paused, in bytes.
const RESERVE: usize = 8 * MIB;
/// The memory of a kept message besides its bytes, in bytes: ids, ranges, table entries.
pub const MESSAGE_OVERHEAD: usize = 512;
/// Bytes of a MiB.
pub const MIB: usize = 1024 * 1024;

static OF_PROCESS: Budget = Budget::new(DEFAULT);

/// A number of bytes of which shares can be taken.
#[derive(Debug)]
pub struct Budget {
    limit: AtomicUsize,
    taken: AtomicUsize,
    /// The bytes on their way from the host to the server, as a part of `taken`.
    outgoing: AtomicUsize,
    waiting: AtomicUsize,
    freed: Notify,
    /// The right to the second half.
    turn: Semaphore,
}

impl Budget {
    /// A budget of this many bytes, all of them free.
    pub const fn new(limit: usize) -> Self {
        Self {
            limit: AtomicUsize::new(limit),
            taken: AtomicUsize::new(0),
            outgoing: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            freed: Notify::const_new(),
            turn: Semaphore::const_new(1),
        }
    }

    /// The budget of this process.
    pub fn of_process() -> &'static Self {
        &OF_PROCESS
    }

    /// Sets the size of the budget, in bytes; at least [`SMALLEST`].
    pub fn set_limit(&self, bytes: usize) {
        self.limit.store(bytes.max(SMALLEST), Ordering::Relaxed);
    }

    /// The largest size of one message, in bytes.
    pub fn per_message(&self) -> usize {
        self.limit.load(Ordering::Relaxed) / 2
    }

    /// Whether there is room for more of the host's messages, or stdin has to pause (T-07). Data
    /// from the server does not count: a server must not decide whether the host is heard.
    pub fn has_room_for_host(&self) -> bool {
        self.outgoing.load(Ordering::Relaxed) + RESERVE < self.per_message()
    }

    /// Whether even the reserve for the host's pings and answers is used up.
    pub fn refuses_host(&self) -> bool {
        self.outgoing.load(Ordering::Relaxed) >= self.per_message()
    }

    /// Waits until there is room for more of the host's messages.
    pub async fn room_for_host(&self) {
        self.until(|| self.has_room_for_host()).await;
    }

    /// Counts a message of this size on its way to the server.
    pub fn outgoing(&'static self, bytes: usize) -> Outgoing {
        let bytes = bytes + MESSAGE_OVERHEAD;
        self.outgoing.fetch_add(bytes, Ordering::Relaxed);
        self.taken.fetch_add(bytes, Ordering::Relaxed);
        Outgoing { budget: self, bytes }
    }

    /// An empty share.
    pub fn share(&'static self) -> Share {
        Share { budget: self, bytes: 0, turn: None }
    }

    fn try_take(&self, bytes: usize) -> bool {
        let limit = self.per_message();
        let grown = |taken: usize| taken.checked_add(bytes).filter(|taken| *taken <= limit);
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.taken.fetch_sub(bytes, Ordering::Release);
        if self.waiting.load(Ordering::Acquire) > 0 {
            self.freed.notify_waiters();
        }
    }

    async fn until(&self, is_met: impl Fn() -> bool) {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        let _count = Count(&self.waiting);
        loop {
            // Registered before the check, so that no notification is missed in between.
            let freed = self.freed.notified();
            tokio::pin!(freed);
            freed.as_mut().enable();
            if is_met() {
                return;
            }
            freed.await;
        }
    }
}

struct Count<'a>(&'a AtomicUsize);

impl Drop for Count<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A share of a budget, returned when dropped.
#[derive(Debug)]
pub struct Share {
    budget: &'static Budget,
    bytes: usize,
    turn: Option<SemaphorePermit<'static>>,
}

impl Share {
    /// How many bytes were taken.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes more if available; returns whether it was.
    #[must_use]
    pub fn try_grow(&mut self, bytes: usize) -> bool {
        let is_taken = self.budget.try_take(bytes);
        self.bytes += if is_taken { bytes } else { 0 };
        is_taken
    }

    /// Takes more even if it exceeds the budget: for data that has already arrived and cannot be
    /// refused.
    pub fn grow_anyway(&mut self, bytes: usize) {
        self.budget.taken.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
    }

    /// Grows the share to this many bytes, waiting until they are available. The caller ensures
    /// that no message exceeds [`Budget::per_message`].
    pub async fn grow_to(&mut self, bytes: usize) {
        let missing = bytes.saturating_sub(self.bytes);
        if missing == 0 || self.try_grow(missing) {
            return;
        }
        if self.turn.is_none() {
            let budget = self.budget;
            tokio::select! {
                biased;
                () = budget.until(|| budget.try_take(missing)) => {
                    self.bytes += missing;
                    return;
                }
                // The semaphore is never closed.
                turn = budget.turn.acquire() => self.turn = turn.ok(),
            }
        }
        self.grow_anyway(missing);
    }

    /// Returns a part to the budget.
    pub fn shrink(&mut self, bytes: usize) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        self.budget.give_back(bytes);
    }

    /// Moves everything out of this share, which is then empty.
    #[must_use]
    pub fn take(&mut self) -> Self {
        let bytes = std::mem::take(&mut self.bytes);
        Self { budget: self.budget, bytes, turn: self.turn.take() }
    }
}

/// A message on its way to the server.
#[derive(Debug)]
pub struct Outgoing {
    budget: &'static Budget,
    bytes: usize,
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.budget.outgoing.fetch_sub(self.bytes, Ordering::Relaxed);
        self.budget.give_back(self.bytes);
    }
}

impl Default for Share {
    fn default() -> Self {
        Budget::of_process().share()
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.turn = None;
        if self.bytes > 0 {
            self.budget.give_back(self.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn budget(limit: usize) -> &'static Budget {
        Box::leak(Box::new(Budget::new(limit)))
    }

    /// S-42
    #[test]
    fn what_cannot_wait_is_refused_at_half_and_given_back_when_dropped() {
        let budget = budget(1000);
        let (mut one, mut other) = (budget.share(), budget.share());
        assert!(one.try_grow(300) && !other.try_grow(201) && other.try_grow(200));
        assert!(!one.try_grow(1));
        other.shrink(50);
        assert!(one.try_grow(50));
        drop(one);
        assert!(other.try_grow(350));
        drop(other);
        assert_eq!(budget.taken.load(Ordering::Relaxed), 0);
    }

    /// S-42: bodies that grow at the same time never wait for each other without end.
    #[tokio::test(start_paused = true)]
    async fn messages_that_grow_together_all_end_and_stay_within_the_limit() {
        let budget = budget(1000);
        let grow = |_| async move {
            let mut share = budget.share();
            for bytes in (50..=500).step_by(50) {
                share.grow_to(bytes).await;
                assert!(budget.taken.load(Ordering::Relaxed) <= 1000);
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let all = futures_util::future::join_all((0..8).map(grow));
        tokio::time::timeout(Duration::from_secs(60), all).await.expect("nothing hangs");
        assert_eq!(budget.taken.load(Ordering::Relaxed), 0);
        assert_eq!(budget.turn.available_permits(), 1);
    }

    /// S-42
    #[tokio::test(start_paused = true)]
    async fn a_waiting_share_goes_on_when_another_is_dropped() {
        let budget = budget(1000);
        let (mut first, mut turn) = (budget.share(), budget.share());
        first.grow_to(450).await;
        turn.grow_to(500).await;
        let waits = async {
            let mut third = budget.share();
            third.grow_to(400).await;
            tokio::time::Instant::now()
        };
        let frees = async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            drop((first, turn));
            tokio::time::Instant::now()
        };
        let (went_on, freed) = tokio::join!(waits, frees);
        assert_eq!(went_on, freed);
    }

    /// S-42, T-07
    #[tokio::test(start_paused = true)]
    async fn only_what_the_host_sent_pauses_the_host() {
        let budget = budget(100 * MIB);
        let mut body = budget.share();
        body.grow_to(50 * MIB).await;
        assert!(budget.has_room_for_host() && !budget.refuses_host());
        let large = budget.outgoing(45 * MIB);
        assert!(!budget.has_room_for_host(), "the reserve is for pings and answers");
        assert!(!budget.refuses_host());
        let more = budget.outgoing(5 * MIB);
        assert!(budget.refuses_host());
        let room = budget.room_for_host();
        let frees = async { drop((large, more)) };
        tokio::join!(room, frees);
        assert!(budget.has_room_for_host());
    }
}
