//! Limits the number of log lines of one kind (S-39). A server can cause many of them, and hosts
//! keep stderr in files: eight bytes of an event would become eighty in the log. A kind is a place
//! in the source.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tracing::callsite::Identifier;
use tracing::{Level, Metadata};

use crate::pace;

/// The recently logged kinds of lines.
#[derive(Debug, Default)]
pub(super) struct LogRepetition {
    kinds: Mutex<HashMap<Identifier, Window>>,
}

#[derive(Debug)]
struct Window {
    began: Instant,
    shown: u32,
    left_out: u64,
}

/// What to add to a line about others of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repetition {
    /// Nothing.
    None,
    /// This many lines before it were left out.
    LeftOut(u64),
    /// It is the last one for now.
    Last,
}

impl fmt::Display for Repetition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::LeftOut(count) => write!(f, " ({count} more like this were left out before)"),
            Self::Last => {
                let seconds = pace::LOG_WINDOW.as_secs();
                write!(f, " (more like this are left out for up to {seconds} s)")
            }
        }
    }
}

impl LogRepetition {
    /// Counts a line. `None` means that it is left out.
    pub(super) fn admit(&self, line: &Metadata<'_>) -> Option<Repetition> {
        self.admit_at(line, Instant::now())
    }

    fn admit_at(&self, line: &Metadata<'_>, now: Instant) -> Option<Repetition> {
        let mut kinds = self.kinds();
        let window = kinds.entry(line.callsite()).or_insert_with(|| Window::new(now));
        let mut repetition = Repetition::None;
        if now.duration_since(window.began) >= pace::LOG_WINDOW {
            if window.left_out > 0 {
                repetition = Repetition::LeftOut(window.left_out);
            }
            *window = Window::new(now);
        }
        let most = most(*line.level());
        if window.shown >= most {
            window.left_out += 1;
            return None;
        }
        window.shown += 1;
        Some(if window.shown == most { Repetition::Last } else { repetition })
    }

    fn kinds(&self) -> MutexGuard<'_, HashMap<Identifier, Window>> {
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Window {
    fn new(began: Instant) -> Self {
        Self { began, shown: 0, left_out: 0 }
    }
}

fn most(level: Level) -> u32 {
    if level <= Level::INFO { pace::MAX_LOG_LINES } else { pace::MAX_DETAILED_LOG_LINES }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tracing::callsite::DefaultCallsite;
    use tracing::metadata::Kind;

    use super::*;

    static CALLSITE: DefaultCallsite = DefaultCallsite::new(&WARNING);
    static WARNING: Metadata<'static> = Metadata::new(
        "a warning",
        "mcp_tether",
        Level::WARN,
        None,
        None,
        None,
        tracing::field::FieldSet::new(&[], Identifier(&CALLSITE)),
        Kind::EVENT,
    );

    /// S-39
    #[test]
    fn ten_lines_of_a_kind_are_logged_a_minute_and_the_others_counted() {
        let (repetition, start) = (LogRepetition::default(), Instant::now());
        let admitted = |after| repetition.admit_at(&WARNING, start + Duration::from_secs(after));
        let shown: Vec<_> = (0..1000).filter_map(|_| admitted(0)).collect();
        assert_eq!(shown.len(), 10);
        assert_eq!(shown[..9], [Repetition::None; 9]);
        assert_eq!(shown[9], Repetition::Last);
        assert_eq!(admitted(59), None);
        assert_eq!(admitted(61), Some(Repetition::LeftOut(991)));
        assert_eq!(admitted(61), Some(Repetition::None));
    }
}
