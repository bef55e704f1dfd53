//! What a turn of the loop waits for besides lines and timers.

use std::task::Poll;

use tokio::sync::{mpsc, watch};

use super::Ended;
use crate::host::DriveOutcome;
use crate::platform::Reason;
use crate::remote::{RemoteEvent, SignInState};

/// How many times the streams may continue before their events are handled.
const MAX_GATHERED: usize = 32;

/// Lets the streams continue while they deliver more events: events that arrive together then cost
/// one turn of the loop and one write.
pub(super) async fn gather(events: &mpsc::Receiver<RemoteEvent>) {
    for _ in 0..MAX_GATHERED {
        let before = events.len();
        let mut has_yielded = false;
        // Not `yield_now` of the runtime, which looks at the sockets first.
        std::future::poll_fn(|cx| {
            if std::mem::replace(&mut has_yielded, true) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        if events.len() == before {
            return;
        }
    }
}

/// An interruption of the loop.
pub(super) enum Signal {
    End(Reason),
    SignIn(watch::Receiver<SignInState>),
}

/// Waits for a change of the sign-in; forever if there is nothing to wait for.
pub(super) async fn sign_in_change(mut state: watch::Receiver<SignInState>) -> Signal {
    if state.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
    Signal::SignIn(state)
}

/// The reason for the bridge to end after a write, if there is one.
pub(super) fn ended_by(drove: DriveOutcome) -> Option<Ended> {
    match drove {
        DriveOutcome::Flushed => None,
        DriveOutcome::Closed => Some(Ended::HostClosedOutput),
        DriveOutcome::Failed => Some(Ended::OutputFailed),
    }
}
