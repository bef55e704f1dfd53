//! Shows what a command waits for, as a line on a terminal.

use std::time::Duration;

use super::prepare::Prepared;
use crate::auth::{Authorizer, SignInState};
use crate::environment::Waiting;
use crate::platform::{Clock, SystemClock};

/// Shows that a command waits for its server, or for the user to sign in there.
pub(crate) fn for_server(prepared: &Prepared) -> Waiting {
    let server = prepared.bridge.remote.url.host_str().unwrap_or_default().to_owned();
    for_sign_in(format!("waiting for {server}"), &prepared.authorizer, prepared.auth_timeout, "")
}

/// Shows `what` until the sign-in waits for the user, and then the remaining time. `way_out` is an
/// alternative for the user.
pub(super) fn for_sign_in(
    what: String,
    authorizer: &Authorizer,
    timeout: Duration,
    way_out: &'static str,
) -> Waiting {
    let state = authorizer.state();
    Waiting::start(move |elapsed| {
        Some(match &*state.borrow() {
            SignInState::Waiting(waiting) => {
                let end = waiting.since + timeout.as_secs();
                let left = minutes_and_seconds(end.saturating_sub(SystemClock.now()));
                format!("waiting for you to sign in ({left} left, Ctrl-C stops){way_out}")
            }
            _ => format!("{what} ({}, Ctrl-C stops)", minutes_and_seconds(elapsed.as_secs())),
        })
    })
}

/// Minutes and seconds, such as `4:58`.
fn minutes_and_seconds(seconds: u64) -> String {
    format!("{}:{:02}", seconds / 60, seconds % 60)
}
