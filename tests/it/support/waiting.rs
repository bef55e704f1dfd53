//! How tests wait: for an event where there is one, never without a deadline, and saying what did
//! not happen when the deadline passes.

use std::time::{Duration, Instant};

/// A safety net only: whatever takes this long hangs.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks at what announces nothing.
const GAP: Duration = Duration::from_millis(2);

/// Waits for an event; `what` is it, in words.
pub async fn until<T>(what: &str, event: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(PATIENCE, event).await;
    waited.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// Looks again and again for what announces nothing, such as a value in a store.
pub async fn until_seen<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            match look() {
                Some(seen) => return seen,
                None => tokio::time::sleep(GAP).await,
            }
        }
    };
    until(what, looking).await
}

/// The same on a thread that may block, for the end of another process.
pub fn until_seen_blocking<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        match look() {
            Some(seen) => return seen,
            None if started.elapsed() > PATIENCE => panic!("waited in vain for {what}"),
            None => std::thread::sleep(GAP),
        }
    }
}
