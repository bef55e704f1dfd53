//! Computes the pauses before a request is sent again.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, header};

/// The longest `Retry-After` that is told apart from longer ones.
const LONGEST_ASKED: Duration = Duration::from_secs(u32::MAX as u64);

/// Growing pauses between attempts.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    attempt: u32,
}

impl Backoff {
    /// The next pause, or `None` after this many attempts.
    pub(super) fn next(&mut self, max_attempts: u32) -> Option<Duration> {
        if self.attempt >= max_attempts {
            return None;
        }
        self.attempt += 1;
        Some(self.pause())
    }

    /// The next pause of an endless series.
    pub(super) fn next_endless(&mut self) -> Duration {
        self.attempt = (self.attempt + 1).min(16);
        self.pause()
    }

    /// Starts over after a success.
    pub(super) fn reset(&mut self) {
        self.attempt = 0;
    }

    /// 100 ms, doubling up to 30 s, with a quarter of jitter so that many bridges do not retry in
    /// step.
    fn pause(&self) -> Duration {
        let base = 100u64.saturating_mul(1 << (self.attempt.min(16) - 1)).min(30_000);
        let spread = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |time| u64::from(time.subsec_nanos()));
        Duration::from_millis(base + spread % (base / 4 + 1))
    }
}

/// Reads `Retry-After` in both of its forms (RFC 9110 §10.2.3).
pub(super) fn parse_retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    // Some servers send fractions, or more seconds than a `Duration` can hold.
    if let Ok(seconds) = text.parse::<f64>()
        && text.starts_with(|first: char| first.is_ascii_digit() || first == '.')
    {
        let asked = Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST_ASKED);
        return Some(asked.min(LONGEST_ASKED));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::RETRY_AFTER, value.parse().unwrap())])
    }

    /// T-28
    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        assert_eq!(parse_retry_after(&headers("7")), Some(Duration::from_secs(7)));
        assert_eq!(parse_retry_after(&headers("0.5")), Some(Duration::from_millis(500)));
        assert_eq!(parse_retry_after(&headers("-1")), None);
        let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(100));
        let wait = parse_retry_after(&headers(&date)).unwrap();
        assert!(wait > Duration::from_secs(95) && wait <= Duration::from_secs(100), "{wait:?}");
        assert_eq!(
            parse_retry_after(&headers("Thu, 01 Jan 1970 00:00:00 GMT")),
            Some(Duration::ZERO)
        );
        for nothing in ["soon", "inf", "nan", "", "+1 second"] {
            assert_eq!(parse_retry_after(&headers(nothing)), None, "{nothing}");
        }
        for digits in [20, 400] {
            let wait = parse_retry_after(&headers(&"9".repeat(digits))).unwrap();
            assert!(wait > Duration::from_secs(100 * 365 * 86_400), "{wait:?}");
        }
    }

    #[test]
    fn pauses_grow_to_a_bound_and_end() {
        let mut backoff = Backoff::default();
        let pauses: Vec<_> = std::iter::from_fn(|| backoff.next(12)).collect();
        assert_eq!(pauses.len(), 12);
        assert!(pauses[0] < Duration::from_millis(130));
        assert!(pauses[11] >= Duration::from_secs(30) && pauses[11] < Duration::from_secs(38));
        backoff.reset();
        assert!(backoff.next_endless() < Duration::from_millis(130));
    }
}
