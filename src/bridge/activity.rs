//! Counts a bridge's requests and errors for `status --running`. Counting costs one increment. The
//! observer is called shortly after a change, and never while nothing changes.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::Bridge;
use crate::error::FailureKind;

/// How long changes are collected before the observer is called. This also keeps its work out of
/// start-up.
const GATHER: Duration = Duration::from_secs(1);

/// What a bridge has done since it started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// The current phase: `starting`, `opening`, `signing in`, `ready` or `reconnecting`.
    pub phase: String,
    /// The era of the host, once it has spoken.
    pub host_era: Option<String>,
    /// The era of the remote, once it is known.
    pub server_era: Option<String>,
    /// The transport, once it is known.
    pub transport: Option<String>,
    /// How many requests the host has sent.
    pub requests: u64,
    /// How many of them were answered with an error, by the server or by the bridge.
    pub errors: u64,
    /// How often a session was opened again.
    pub reopened: u64,
    /// The last error: a kind of failure of the bridge (E-59), or `server`.
    pub last_error: Option<String>,
}

/// A callback that receives the bridge's counters.
pub struct Observer(Box<dyn FnMut(&Activity) + Send>);

impl Observer {
    /// Wraps a function, which is called on the bridge's own thread.
    pub fn new(tell: impl FnMut(&Activity) + Send + 'static) -> Self {
        Self(Box::new(tell))
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

/// The counters and their observer.
#[derive(Debug, Default)]
pub(super) struct Counters {
    observer: Option<Observer>,
    activity: Activity,
    due: Option<Instant>,
}

impl Counters {
    /// Starts all counters at zero; the observer is also called for the start.
    pub(super) fn new(observer: Option<Observer>) -> Self {
        let mut counters = Self { observer, ..Self::default() };
        counters.changed();
        counters
    }

    /// Schedules a call of the observer.
    pub(super) fn changed(&mut self) {
        if self.observer.is_some() && self.due.is_none() {
            self.due = Some(Instant::now() + GATHER);
        }
    }

    /// Counts a request from the host.
    pub(super) fn request(&mut self) {
        self.activity.requests += 1;
        self.changed();
    }

    /// Counts an error response: `failure` is the bridge's own kind of failure, `None` an error
    /// from the server.
    pub(super) fn error(&mut self, failure: Option<FailureKind>) {
        self.activity.errors += 1;
        self.activity.last_error = Some(failure.map_or("server", FailureKind::name).to_owned());
        self.changed();
    }

    /// Counts a session that is opened again.
    pub(super) fn reopened(&mut self) {
        self.activity.reopened += 1;
        self.changed();
    }

    /// When the observer is called next.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }
}

#[cfg(test)]
impl Counters {
    /// The number of errors, and the last one.
    pub(super) fn seen(&self) -> (u64, Option<&str>) {
        (self.activity.errors, self.activity.last_error.as_deref())
    }

    /// How often a session was opened again.
    pub(super) fn reopened_so_far(&self) -> u64 {
        self.activity.reopened
    }
}

impl Bridge {
    /// Calls the observer if a change is due to be reported.
    pub(super) fn report_activity(&mut self, now: Instant) {
        if self.counters.due.is_none_or(|due| due > now) {
            return;
        }
        self.counters.due = None;
        let (phase, era) = (self.phase(), self.choices.era);
        let slot = &self.slots[self.slots.for_host()];
        let host_era = match (slot.lifecycle.is_idle(), self.choices.host_is_modern) {
            (_, true) => Some("modern"),
            (false, false) => Some("legacy"),
            (true, false) => None,
        };
        let activity = &mut self.counters.activity;
        activity.phase = phase.to_owned();
        activity.host_era = host_era.map(str::to_owned);
        activity.server_era = era.map(|era| era.name().to_owned());
        activity.transport = slot.remote.transport().map(|transport| transport.name().to_owned());
        if let Some(Observer(tell)) = &mut self.counters.observer {
            tell(&self.counters.activity);
        }
    }

    fn phase(&self) -> &'static str {
        let slot = &self.slots[self.slots.for_host()];
        if self.slots.authorizer().state().borrow().is_waiting() {
            "signing in"
        } else if slot.lifecycle.is_ready() || slot.adapter.is_on() {
            "ready"
        } else if slot.lifecycle.is_lost() {
            "reconnecting"
        } else if slot.lifecycle.is_idle() && slot.detection.is_none() {
            "starting"
        } else {
            "opening"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn changes_are_collected_for_a_second_after_the_first() {
        let mut counters = Counters::new(Some(Observer::new(|_| ())));
        let first = counters.due().unwrap();
        assert_eq!(first, Instant::now() + GATHER, "the start is a change");
        tokio::time::advance(GATHER / 2).await;
        counters.request();
        counters.error(None);
        counters.reopened();
        assert_eq!(counters.due(), Some(first), "later changes do not put it off");
        assert_eq!((counters.seen(), counters.reopened_so_far()), ((1, Some("server")), 1));
        counters.error(Some(FailureKind::Network));
        assert_eq!(counters.seen(), (2, Some(FailureKind::Network.name())));
        assert_eq!(counters.activity.requests, 1);
    }

    #[test]
    fn without_an_observer_nothing_is_ever_due() {
        let mut counters = Counters::new(None);
        counters.request();
        assert!(counters.due().is_none());
        assert_eq!(counters.activity.requests, 1, "but it is counted");
    }
}
