//! Rate limits: calls per credential and class within a minute.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::desk_error::DeskError;
use super::entry::Class;

const LIMIT_WINDOW: Duration = Duration::from_secs(60);

/// Calls counted per credential and class.
#[derive(Debug, Default)]
pub(super) struct RateLimits(Mutex<HashMap<(String, &'static str), Window>>);

#[derive(Clone, Copy, Debug)]
struct Window {
    start: Instant,
    calls: u32,
}

impl RateLimits {
    /// Counts one call; the error says when to retry.
    pub(super) fn count(
        &self,
        credential: &str,
        class: Class,
        now: Instant,
    ) -> Result<(), DeskError> {
        let (name, limit) = class.limit();
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        windows.retain(|_, window| now.duration_since(window.start) < LIMIT_WINDOW);
        let key = (credential.to_owned(), name);
        let window = windows.entry(key).or_insert(Window { start: now, calls: 0 });
        window.calls += 1;
        if window.calls <= limit {
            return Ok(());
        }
        let left = LIMIT_WINDOW.saturating_sub(now.duration_since(window.start));
        let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        Err(DeskError::rate_limited(limit, name, seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_limited_per_credential_class_and_minute() {
        let limits = RateLimits::default();
        let start = Instant::now();
        for _ in 0..60 {
            limits.count("a", Class::Write, start).unwrap();
        }
        let problem = limits.count("a", Class::Destructive, start).unwrap_err().to_json();
        assert_eq!(problem["error"]["code"], "rate_limited");
        assert_eq!(problem["error"]["hint"], "try again in 60 seconds");
        limits.count("a", Class::Read, start).unwrap();
        limits.count("b", Class::Write, start).unwrap();
        limits.count("a", Class::Write, start + LIMIT_WINDOW).unwrap();
    }
}
