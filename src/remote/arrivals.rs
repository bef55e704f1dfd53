//! Counts partly received answers: a bridge whose host has left waits for the rest (T-08).

use std::sync::atomic::{AtomicUsize, Ordering};

/// The number of answers that are arriving.
#[derive(Debug, Default)]
pub(super) struct Arrivals(AtomicUsize);

/// Counts one arriving answer until it is dropped.
#[derive(Debug)]
pub(super) struct Arriving<'a>(&'a Arrivals);

impl Arrivals {
    /// Counts an answer.
    pub(super) fn begin(&self) -> Arriving<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Arriving(self)
    }

    /// Whether the rest of an answer is awaited.
    pub(super) fn is_any(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }
}

impl Drop for Arriving<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}
