//! Which calls become tasks, and for how long.

use std::time::Duration;

/// Whether calls of a tool can become tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TaskSupport {
    /// Never.
    #[default]
    Forbidden,
    /// Where the host knows tasks.
    Optional,
    /// Always: hosts that know no tasks are refused where the revision has a way to.
    Required,
    /// Like `Required`, but the call decides itself when: it may ask something first.
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
