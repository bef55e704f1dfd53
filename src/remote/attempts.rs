//! Counts the attempts at one message and decides whether it is sent once more: after a network
//! error, after a pause that the remote asks for, to the target of a redirect. Sends nothing itself.

use std::time::Duration;

use http::{StatusCode, header};
use reqwest::Response;
use url::Url;

use super::failures::{failure_for_redirect, failure_for_wait, root_cause};
use super::post::{ExchangeError, Post};
use super::retry::{self, Backoff};

/// How often a request that was never sent is tried again: for about three seconds, enough for a
/// server that restarts.
const MAX_CONNECT_RETRIES: u32 = 5;
/// The same before there is a session: a wrong URL should be reported soon.
const MAX_FIRST_CONNECT_RETRIES: u32 = 3;
/// How often a message that may have arrived is sent again, if that does no harm.
const MAX_REPEATS: u32 = 2;
/// How many redirects are followed.
const MAX_REDIRECTS: u32 = 5;
/// How many pauses that the remote asks for are made.
const MAX_WAITS: u32 = 3;

/// The attempts at one message.
#[derive(Default)]
pub(super) struct Attempts {
    redirects: u32,
    connects: Backoff,
    repeats: Backoff,
    waits: u32,
    pub(super) challenges: u32,
}

impl Attempts {
    /// The pause before the message is sent again after a network error. `None` where that would not
    /// be safe, or was tried often enough.
    pub(super) fn pause_after_error(
        &mut self,
        error: &reqwest::Error,
        post: &Post,
    ) -> Option<Duration> {
        if error.is_builder() || is_permanent(error) {
            return None;
        }
        if error.is_connect() {
            let is_first = post.session.generation == 0 && post.session.version.is_none();
            let most = if is_first { MAX_FIRST_CONNECT_RETRIES } else { MAX_CONNECT_RETRIES };
            return self.connects.next(most);
        }
        // A modern remote needs a new id for each attempt (T-60), which is not given here.
        let repeatable = post.repeatable && post.modern.is_none();
        if repeatable { self.repeats.next(MAX_REPEATS) } else { None }
    }

    /// The pause before the message is sent again after silence. Only for answers and notifications:
    /// two of them do no harm, and one that never arrives hangs a call.
    pub(super) fn pause_after_silence(&mut self, post: &Post) -> Option<Duration> {
        let harmless = !post.is_request && post.repeatable && post.modern.is_none();
        if harmless { self.repeats.next(MAX_REPEATS) } else { None }
    }

    /// The pause that the remote asked for (T-28); `None` if it asked for none.
    ///
    /// # Errors
    /// The pause is too long, or the message must not be repeated.
    pub(super) fn pause_asked_for(
        &mut self,
        response: &Response,
        repeatable: bool,
    ) -> Result<Option<Duration>, ExchangeError> {
        let status = response.status();
        let Some(wait) = retry::read_wait(status, response.headers()) else { return Ok(None) };
        self.waits += 1;
        if repeatable && retry::is_short_enough(wait) && self.waits <= MAX_WAITS {
            return Ok(Some(wait));
        }
        match retry::parse_retry_after(response.headers()) {
            Some(wait) => Err(ExchangeError::Failed(failure_for_wait(status, wait))),
            None => Ok(None),
        }
    }

    /// The URL to send the message to instead: same origin and method only (T-25).
    ///
    /// # Errors
    /// A redirect that must not be followed.
    pub(super) fn follow_redirect(
        &mut self,
        response: &Response,
        url: &Url,
    ) -> Result<Url, ExchangeError> {
        self.redirects += 1;
        let status = response.status();
        let location = response.headers().get(header::LOCATION).and_then(|v| v.to_str().ok());
        let target = location.and_then(|location| url.join(location).ok());
        let keeps_method =
            matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
        match target {
            Some(target)
                if keeps_method
                    && self.redirects <= MAX_REDIRECTS
                    && target.origin() == url.origin() =>
            {
                Ok(target)
            }
            target => Err(ExchangeError::Failed(failure_for_redirect(status, target.as_ref()))),
        }
    }
}

/// Whether another attempt would meet the same error: a bad certificate, or no TLS at the other end.
fn is_permanent(error: &reqwest::Error) -> bool {
    const SIGNS: [&str; 5] =
        ["certificate", "unknownissuer", "corrupt message", "handshake", "invalidcontenttype"];
    let cause = root_cause(error).to_ascii_lowercase();
    SIGNS.iter().any(|sign| cause.contains(sign))
}
