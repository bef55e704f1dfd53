//! What one message has been through, and whether it goes out once more: after a network error,
//! after a pause that the remote asks for, to where it is redirected. Sends nothing itself.

use std::time::Duration;

use http::{StatusCode, header};
use reqwest::Response;
use url::Url;

use super::exchange::{Post, Trouble};
use super::refusal;
use super::retry::{self, Backoff};

/// How often a request that never left is tried again: about three seconds in all, enough for a
/// server that restarts.
const CONNECT_RETRIES: u32 = 5;
/// The same before there is a session: a wrong URL should be told soon.
const FIRST_CONNECT_RETRIES: u32 = 3;
/// How often a request that may have arrived is tried again, if that does no harm.
const REPEATS: u32 = 2;
/// How many redirects are followed.
const REDIRECTS: u32 = 5;

/// Counts what one message has been through.
#[derive(Default)]
pub(super) struct Attempts {
    redirects: u32,
    connects: Backoff,
    repeats: Backoff,
    waits: u32,
    pub(super) challenges: u32,
}

impl Attempts {
    /// The pause before sending again after a network error; `None`: it would not be safe, or
    /// enough is enough.
    pub(super) fn after_error(&mut self, error: &reqwest::Error, post: &Post) -> Option<Duration> {
        if error.is_builder() || is_hopeless(error) {
            return None;
        }
        if error.is_connect() {
            let first = post.session.generation == 0 && post.session.version.is_none();
            return self.connects.next(if first { FIRST_CONNECT_RETRIES } else { CONNECT_RETRIES });
        }
        // To a modern remote it goes out again only under a new id (T-60), which is not ours to
        // give.
        let repeatable = post.repeatable && post.modern.is_none();
        if repeatable { self.repeats.next(REPEATS) } else { None }
    }

    /// The pause before sending again what was met with silence: only what no request waits behind,
    /// for an answer or a notification that arrives twice does no harm and one that never does
    /// hangs a call.
    pub(super) fn after_silence(&mut self, post: &Post) -> Option<Duration> {
        let harmless = !post.is_request && post.repeatable && post.modern.is_none();
        if harmless { self.repeats.next(REPEATS) } else { None }
    }

    /// The pause that the remote asked for (T-28). `Ok(None)`: it did not ask for one.
    pub(super) fn after_wait(
        &mut self,
        response: &Response,
        repeatable: bool,
    ) -> Result<Option<Duration>, Trouble> {
        let status = response.status();
        let Some(wait) = retry::asked_to_wait(status, response.headers()) else { return Ok(None) };
        self.waits += 1;
        if repeatable && retry::is_bearable(wait) && self.waits <= 3 {
            return Ok(Some(wait));
        }
        match retry::retry_after(response.headers()) {
            Some(wait) => Err(Trouble::Failed(refusal::from_wait(status, wait))),
            None => Ok(None),
        }
    }

    /// Where to send the message instead: same origin and method only (T-25).
    pub(super) fn redirected(&mut self, response: &Response, url: &Url) -> Result<Url, Trouble> {
        self.redirects += 1;
        let status = response.status();
        let location = response.headers().get(header::LOCATION).and_then(|v| v.to_str().ok());
        let target = location.and_then(|location| url.join(location).ok());
        let keeps_method =
            matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
        match target {
            Some(target)
                if keeps_method
                    && self.redirects <= REDIRECTS
                    && target.origin() == url.origin() =>
            {
                Ok(target)
            }
            target => Err(Trouble::Failed(refusal::from_redirect(status, target.as_ref()))),
        }
    }
}

/// Errors that another attempt would meet again: bad certificates, or no TLS at the other end.
fn is_hopeless(error: &reqwest::Error) -> bool {
    const SIGNS: [&str; 5] =
        ["certificate", "unknownissuer", "corrupt message", "handshake", "invalidcontenttype"];
    let cause = refusal::root_cause(error).to_ascii_lowercase();
    SIGNS.iter().any(|sign| cause.contains(sign))
}
