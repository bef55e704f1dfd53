//! The clock of the authorization server: the system's, or one that started at another time. It can
//! be set forward.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970.
pub(super) type EpochMillis = i64;

/// A clock that can be set forward.
#[derive(Debug)]
pub(super) struct IssuerClock {
    ahead: AtomicI64,
}

impl IssuerClock {
    /// Creates a clock that shows this many seconds since 1970 now.
    pub(super) fn starting_at(seconds: Option<u64>) -> Self {
        let ahead =
            seconds.map_or(0, |seconds| milliseconds(Duration::from_secs(seconds)) - system());
        Self { ahead: AtomicI64::new(ahead) }
    }

    pub(super) fn now(&self) -> EpochMillis {
        system() + self.ahead.load(Ordering::SeqCst)
    }

    /// Returns the moment `time` from now.
    pub(super) fn after(&self, time: Duration) -> EpochMillis {
        self.now().saturating_add(milliseconds(time))
    }

    pub(super) fn advance(&self, by: Duration) {
        self.ahead.fetch_add(milliseconds(by), Ordering::SeqCst);
    }
}

fn system() -> EpochMillis {
    milliseconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

pub(super) fn milliseconds(time: Duration) -> EpochMillis {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX / 4)
}
