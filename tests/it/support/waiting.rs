//! How tests wait: for an event where there is one, and always with a deadline, after which the
//! panic names the missing event.

use std::time::{Duration, Instant};

/// A safety net only: whatever takes this long hangs.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// The pause between two checks of a state that sends no event.
const GAP: Duration = Duration::from_millis(2);

/// Waits for an event; `what` is it, in words.
pub async fn until<T>(what: &str, event: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(PATIENCE, event).await;
    waited.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// Checks a state that sends no event again and again, such as a value in a store.
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

/// Returns the same on a thread that may block, for the end of another process.
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
