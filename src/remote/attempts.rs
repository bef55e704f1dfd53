//! Counts the attempts at one request and decides whether it is sent once more: after a network
//! error, after a pause that the remote asks for, to the target of a redirect. The same rules hold
//! for every method and transport. Sends nothing itself.

use std::time::Duration;

use http::{HeaderMap, Method, StatusCode, header};
use tokio::time::Instant;

use super::failures::{failure_for_network_error, failure_for_redirect, failure_for_wait};
use super::post::Post;
use super::retry::{self, Backoff};
use crate::error::Failure;
use crate::http::{HttpError, Response, Target};
use crate::pace;

/// How often a failed connection is retried if the error is unlikely to be transient.
const MAX_CONNECT_RETRIES: u32 = 3;
/// How often a message that may have arrived is sent again, if that does no harm.
const MAX_REPEATS: u32 = 2;
/// How many redirects are followed in a row.
const MAX_REDIRECTS: u32 = 5;
/// How often the remote may ask for a pause.
const MAX_WAITS: u32 = 3;
/// How often one request is sent again after a sign-in or with a fresh token.
const MAX_CHALLENGES: u32 = 2;
/// How often a request is sent again with a fresh DPoP proof: once for the nonce, once for the
/// clock.
const MAX_PROOFS: u32 = 2;
/// How many connections in a row may turn out to be closed before the request was sent.
const MAX_UNSENT: u32 = 8;
/// The longest pause between two attempts to connect.
const MAX_CONNECT_PAUSE: Duration = Duration::from_secs(2);

/// Counts the attempts at one request.
#[derive(Debug)]
pub(super) struct Attempts {
    started: Instant,
    /// How long transient failures are retried.
    patience: Duration,
    /// Whether the request opens a session or stream, and has no other effect.
    is_opening: bool,
    redirects: u32,
    connects: Backoff,
    repeats: Backoff,
    /// Whether the server has already said once that it did not process the request.
    was_refused: bool,
    /// How often it was not sent, because its connection was already closed.
    unsent: u32,
    has_started_over: bool,
    waits: u32,
    challenges: u32,
    proofs: u32,
}

impl Attempts {
    /// For a message within a session.
    pub(super) fn of_message(patience: Duration) -> Self {
        Self {
            started: Instant::now(),
            patience,
            is_opening: false,
            redirects: 0,
            connects: Backoff::default(),
            repeats: Backoff::default(),
            was_refused: false,
            unsent: 0,
            has_started_over: false,
            waits: 0,
            challenges: 0,
            proofs: 0,
        }
    }

    /// For a request that opens a session or a stream.
    pub(super) fn of_opening(patience: Duration) -> Self {
        Self { is_opening: true, ..Self::of_message(patience) }
    }

    /// Whether the request may be sent again after a sign-in or with a fresh token.
    pub(super) fn may_answer_challenge(&mut self) -> bool {
        self.challenges += 1;
        self.challenges <= MAX_CHALLENGES
    }

    /// Whether a remembered redirect may be dropped and the original target tried: once.
    pub(super) fn may_start_over(&mut self) -> bool {
        !std::mem::replace(&mut self.has_started_over, true)
    }

    /// Whether the request may be sent once more with a fresh DPoP proof.
    pub(super) fn may_prove_again(&mut self) -> bool {
        self.proofs += 1;
        self.proofs <= MAX_PROOFS
    }

    /// The pause before a message is sent again after a network error. `None` if that would not be
    /// safe, or was tried often enough.
    pub(super) fn pause_after_error(&mut self, error: &HttpError, post: &Post) -> Option<Duration> {
        if let Some(pause) = self.pause_after_unsent(error) {
            return pause;
        }
        // A modern remote's request is repeated by its adapter (T-60).
        let repeatable = post.repeatable && post.modern.is_none();
        if repeatable { self.repeats.next(MAX_REPEATS) } else { None }
    }

    /// The pause before a stream is requested again after a network error.
    pub(super) fn pause_before_reopening(&mut self, error: &HttpError) -> Option<Duration> {
        self.pause_after_unsent(error).unwrap_or_else(|| self.repeats.next(MAX_REPEATS))
    }

    /// The decision for an error that proves that the request was not processed
    /// (`Some(Some(pause))`) or that another attempt is useless (`Some(None)`); `None` if neither
    /// is certain.
    fn pause_after_unsent(&mut self, error: &HttpError) -> Option<Option<Duration>> {
        if error.is_invalid_request() || error.tls_failure().is_some() {
            return Some(None);
        }
        if error.was_not_sent() || error.was_not_processed() {
            return Some(self.may_repeat_unprocessed(error).then_some(Duration::ZERO));
        }
        if !error.is_connect() {
            return None;
        }
        if self.patience.is_zero() {
            return Some(None);
        }
        if error.is_transient() {
            return Some(self.within_patience());
        }
        Some(self.connects.next(MAX_CONNECT_RETRIES))
    }

    /// Whether the request is sent again, whatever its method, because it was certainly not
    /// processed. If only the server says so (RFC 9113 §8.7), it is sent again once.
    pub(super) fn may_repeat_unprocessed(&mut self, error: &HttpError) -> bool {
        if error.was_not_sent() {
            self.unsent += 1;
            return self.unsent <= MAX_UNSENT;
        }
        error.was_not_processed() && !std::mem::replace(&mut self.was_refused, true)
    }

    fn within_patience(&mut self) -> Option<Duration> {
        let pause = self.connects.next_endless().min(MAX_CONNECT_PAUSE);
        (self.started.elapsed() + pause <= self.patience).then_some(pause)
    }

    /// The pause before the message is sent again after silence. Only for answers and
    /// notifications: a duplicate does no harm, and a lost one hangs a call.
    pub(super) fn pause_after_silence(&mut self, post: &Post) -> Option<Duration> {
        let harmless = !post.is_request && post.repeatable && post.modern.is_none();
        if harmless { self.repeats.next(MAX_REPEATS) } else { None }
    }

    /// The pause after a transient refusal (T-28); `None` if the refusal is final. `repeatable`
    /// says whether executing the request twice is harmless.
    ///
    /// After 429, and after 503 with `Retry-After`, the server has done nothing, so any request is
    /// sent again. 502, 504 and a bare 503 may come from a gateway, and the server behind it may
    /// have executed the request.
    ///
    /// # Errors
    /// The server asks for too long a pause.
    pub(super) fn pause_after_refusal(
        &mut self,
        status: StatusCode,
        headers: &HeaderMap,
        repeatable: bool,
    ) -> Result<Option<Duration>, Failure> {
        let asked = retry::parse_retry_after(headers);
        let is_refused = status == StatusCode::TOO_MANY_REQUESTS
            || status == StatusCode::SERVICE_UNAVAILABLE && asked.is_some();
        if is_refused || status == StatusCode::SERVICE_UNAVAILABLE && repeatable {
            return self.pause_asked_for(status, asked);
        }
        if !self.is_opening {
            return Ok(None);
        }
        Ok(match status.as_u16() {
            502..=504 => self.within_patience(),
            // These are rarely transient, so a few attempts are enough.
            408 | 425 | 500 if !self.patience.is_zero() => self.repeats.next(MAX_REPEATS),
            _ => None,
        })
    }

    fn pause_asked_for(
        &mut self,
        status: StatusCode,
        asked: Option<Duration>,
    ) -> Result<Option<Duration>, Failure> {
        self.waits += 1;
        let most = if self.is_opening { self.patience } else { pace::RETRY_AFTER.longest() };
        let left = most.saturating_sub(self.started.elapsed());
        let wait = match asked {
            Some(asked) => asked,
            None if self.is_opening => return Ok(self.within_patience()),
            None => Duration::from_secs(1),
        };
        if wait <= left && (self.waits <= MAX_WAITS || self.is_opening) {
            // A server that asks for no pause at all is asked again after a short one.
            return Ok(Some(wait.max(pace::RETRY_AFTER.shortest())));
        }
        match asked {
            Some(wait) => Err(failure_for_wait(status, wait)),
            None => Ok(None),
        }
    }

    /// The target of a redirect, of the same origin only. POST and DELETE must keep their method,
    /// which only 307 and 308 guarantee; GET also follows 301, 302 and 303 (T-25).
    ///
    /// # Errors
    /// The redirect must not be followed.
    pub(super) fn follow_redirect(
        &mut self,
        method: &Method,
        response: &Response,
        from: &Target,
    ) -> Result<Target, Failure> {
        self.redirects += 1;
        let url = from.url();
        let status = response.status();
        // Bytes beyond ASCII are taken as UTF-8; joining the URL encodes them.
        let location = response.headers().get(header::LOCATION);
        let location = location.and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
        let target = location.and_then(|location| url.join(location).ok());
        let may_follow = match status.as_u16() {
            307 | 308 => true,
            301..=303 => *method == Method::GET,
            _ => false,
        };
        match target {
            Some(mut target)
                if may_follow
                    && self.redirects <= MAX_REDIRECTS
                    && target.origin() == url.origin() =>
            {
                target.set_fragment(None);
                Target::new(target).map_err(|error| failure_for_network_error(&error, url))
            }
            target => Err(failure_for_redirect(status, url, target.as_ref())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    fn headers(retry_after: Option<&str>) -> HeaderMap {
        let value = retry_after.map(|value| (header::RETRY_AFTER, value.parse().unwrap()));
        value.into_iter().collect()
    }

    /// a server that refuses each token or each proof is asked a few times only.
    #[test]
    fn what_a_server_can_cause_to_be_sent_again_is_bounded() {
        let mut attempts = Attempts::of_message(PATIENCE);
        let challenges = (0..10).filter(|_| attempts.may_answer_challenge()).count();
        let proofs = (0..10).filter(|_| attempts.may_prove_again()).count();
        let starts = (0..10).filter(|_| attempts.may_start_over()).count();
        assert_eq!((challenges, proofs, starts), (2, 2, 1));
    }

    fn pause(
        mut attempts: Attempts,
        status: u16,
        retry_after: Option<&str>,
        repeatable: bool,
    ) -> Result<Option<Duration>, Failure> {
        let status = StatusCode::from_u16(status).unwrap();
        attempts.pause_after_refusal(status, &headers(retry_after), repeatable)
    }

    /// T-28: what proves that nothing was done is repeated, whatever it is; the rest is not
    #[tokio::test(start_paused = true)]
    async fn a_call_is_repeated_only_where_it_certainly_did_not_run() {
        let call =
            |status, retry_after| pause(Attempts::of_message(PATIENCE), status, retry_after, false);
        let second = Some(Duration::from_secs(1));
        assert_eq!(call(429, None).unwrap(), second);
        assert_eq!(call(429, Some("1")).unwrap(), second);
        assert_eq!(call(503, Some("1")).unwrap(), second);
        for status in [400, 408, 425, 500, 502, 503, 504] {
            assert_eq!(call(status, None).unwrap(), None, "{status}");
        }
        assert_eq!(call(502, Some("1")).unwrap(), None);
        let failure = call(503, Some("61")).unwrap_err();
        assert!(failure.hint.contains("61 s"));
        let list = pause(Attempts::of_message(PATIENCE), 503, None, true);
        assert_eq!(list.unwrap(), second);
        assert!(call(429, Some("0")).unwrap().unwrap() >= pace::RETRY_AFTER.shortest());
    }

    /// T-87, T-80
    #[tokio::test(start_paused = true)]
    async fn an_opening_is_repeated_for_as_long_as_the_host_is_patient() {
        let mut attempts = Attempts::of_opening(PATIENCE);
        let mut tries = 0;
        while let Some(pause) =
            attempts.pause_after_refusal(StatusCode::BAD_GATEWAY, &headers(None), true).unwrap()
        {
            tokio::time::advance(pause).await;
            tries += 1;
        }
        assert!((10..40).contains(&tries), "{tries}");
        let spent = attempts.started.elapsed();
        assert!(spent > Duration::from_secs(17) && spent <= PATIENCE, "{spent:?}");
        let refused = pause(Attempts::of_opening(PATIENCE), 503, Some("30"), true).unwrap_err();
        assert!(refused.hint.contains("30 s"));
        for status in [502, 503, 504, 500] {
            let at_once = pause(Attempts::of_opening(Duration::ZERO), status, None, true);
            assert_eq!(at_once.unwrap(), None, "a person is told at once: {status}");
        }
    }
}
