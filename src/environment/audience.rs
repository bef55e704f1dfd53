//! The audience of this run's output: people or, with `--json`, programs.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the audience is programs.
static JSON: AtomicBool = AtomicBool::new(false);

/// Makes results and errors JSON from now on.
pub(crate) fn use_json() {
    JSON.store(true, Ordering::Relaxed);
}

/// Returns whether results and errors are to be JSON.
pub(crate) fn wants_json() -> bool {
    JSON.load(Ordering::Relaxed)
}
