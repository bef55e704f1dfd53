//! Who reads the output of this run: people, or with `--json` programs.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether programs read it.
static JSON: AtomicBool = AtomicBool::new(false);

/// From now on results and errors are JSON.
pub(crate) fn use_json() {
    JSON.store(true, Ordering::Relaxed);
}

/// Returns whether results and errors are to be JSON.
pub(crate) fn wants_json() -> bool {
    JSON.load(Ordering::Relaxed)
}
