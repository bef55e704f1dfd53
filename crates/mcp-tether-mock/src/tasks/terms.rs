//! Which calls become tasks, and how long tasks live.

use std::time::Duration;

/// Whether calls of a tool can become tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TaskSupport {
    /// Never.
    #[default]
    Forbidden,
    /// If the host supports tasks.
    Optional,
    /// Always: hosts that do not support tasks are refused if the revision has a way to.
    Required,
    /// Like `Required`, but the call itself decides when: it may ask something first.
    Late,
}

/// How long tasks live and how often they should be polled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) ttl: Duration,
    pub(crate) poll: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        Self { ttl: Duration::from_secs(600), poll: Duration::from_millis(50) }
    }
}
