//! Tracks whether there is a standalone stream on which answers can arrive (T-37).

use std::time::Duration;

use tokio::sync::watch;

/// How long an accepted request waits for the stream to open.
const OPENING_TIMEOUT: Duration = Duration::from_secs(5);

/// The standalone stream of the newest session.
#[derive(Debug)]
pub(super) struct StandaloneStream(watch::Sender<State>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It was requested; the server has not answered.
    Unknown,
    /// It was opened once.
    Offered,
    /// The server offers none.
    Missing,
}

impl Default for StandaloneStream {
    fn default() -> Self {
        Self(watch::Sender::new(State::Unknown))
    }
}

impl StandaloneStream {
    /// Notes that it is requested in a new session.
    pub(super) fn begin(&self) {
        self.0.send_replace(State::Unknown);
    }

    /// Notes whether the server offers it.
    pub(super) fn settle(&self, is_offered: bool) {
        self.0.send_replace(if is_offered { State::Offered } else { State::Missing });
    }

    /// Waits until it is certain that there is none, or opening it takes too long.
    pub(super) async fn wait_until_missing(&self) {
        let mut states = self.0.subscribe();
        let is_known = states.wait_for(|state| *state != State::Unknown);
        if tokio::time::timeout(OPENING_TIMEOUT, is_known).await.is_ok() {
            // Fails only if the sender is gone, and it is borrowed here.
            let _ = states.wait_for(|state| *state == State::Missing).await;
        }
    }
}
