//! The in-memory state of a sign-in: tokens, work in progress, and recent failures. Does not access
//! the store.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, Shared};
use http::HeaderValue;
use tokio::time::Instant;

use crate::auth::discovery::challenge::Challenge;
use crate::auth::discovery::scopes::covers;
use crate::auth::dpop::prover::{BoundToken, Prover};
use crate::auth::records::record::SignIn;
use crate::error::{Failure, FailureKind};
use crate::pace;
use crate::redact::display_identifier;

/// Work whose result all callers share.
pub(crate) type SharedWork = Shared<BoxFuture<'static, Result<(), Failure>>>;

/// How long to wait after a failure before trying again.
const FAILURE_COOL_DOWN: Duration = Duration::from_secs(5);
/// How often to check the store while it is empty.
const STORE_POLL_INTERVAL: Duration = Duration::from_secs(1);
/// How long to wait after a person's refusal before opening a tab again, even on demand.
const PERSON_COOL_DOWN: Duration = Duration::from_secs(30);
/// How long a token from a recovery is on probation, unless a request succeeds with it.
const PROBATION_PERIOD: Duration = Duration::from_secs(60);
/// How long after a consent it is useless to request the same scopes again.
const CONSENT_VALIDITY: Duration = Duration::from_secs(600);

/// The origin of the tokens in memory, in the order in which a recovery proceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TokenOrigin {
    /// From the store, before any refusal.
    Loaded,
    /// From the store, after the server refused the previous token.
    LoadedAgain,
    /// Refreshed after a refusal.
    Refreshed,
    /// From a sign-in by this process.
    SignedIn,
}

/// The tokens in memory.
#[derive(Clone, Debug)]
pub(crate) struct CachedToken {
    pub(crate) record: Arc<SignIn>,
    pub(crate) header: HeaderValue,
    pub(crate) serial: u64,
    pub(crate) origin: TokenOrigin,
    pub(crate) refreshable: bool,
    /// The token's prover, if it is bound to a key.
    pub(crate) bound: Option<BoundToken>,
    since: Instant,
}

/// The in-memory state of a sign-in.
#[derive(Debug, Default)]
pub(crate) struct TokenCache {
    pub(crate) token: Option<CachedToken>,
    pub(crate) refresh: Option<SharedWork>,
    pub(crate) recovery: Option<SharedWork>,
    /// The last challenge, for a sign-in that a person starts.
    pub(crate) challenge: Option<Challenge>,
    refresh_failure: Option<(Failure, Instant)>,
    /// Why and when the server refused to refresh these tokens.
    refresh_refusal: Option<(Failure, Instant)>,
    /// How often in a row the server had a failure of its own instead of refreshing them.
    refresh_troubles: u32,
    nothing_found: Option<Instant>,
    /// Whether the server has refused a request, so that the store is checked for a sign-in each
    /// time.
    refused: bool,
    failure: Option<LastFailure>,
    demanded: Option<Instant>,
    /// The scopes of the last consent, and its time.
    consent: Option<(Option<String>, Instant)>,
    /// When pages were recently shown to a person who had not asked for one.
    pages: VecDeque<Instant>,
    /// When a page for a token with the other binding was last opened.
    second_page: Option<Instant>,
    serials: u64,
    accepted: u64,
}

#[derive(Debug)]
struct LastFailure {
    failure: Failure,
    at: Instant,
    by_person: bool,
}

impl TokenCache {
    /// Stores tokens.
    ///
    /// # Errors
    /// The token cannot be sent in a header.
    pub(crate) fn put(
        &mut self,
        record: Arc<SignIn>,
        use_id_token: bool,
        origin: TokenOrigin,
        refreshable: bool,
        prover: Option<Prover>,
    ) -> Result<(), Failure> {
        let tokens = &record.tokens;
        let token = match (use_id_token, &tokens.id_token) {
            (true, Some(token)) => token,
            (true, None) => {
                let issuer = display_identifier(&record.issuer);
                let message = format!("the authorization server `{issuer}` issued no ID token");
                return Err(Failure::new(FailureKind::AuthFailed, message)
                    .hint("leave `--use-id-token` out, or ask for the scope `openid`"));
            }
            (false, _) => &tokens.access_token,
        };
        let bound = prover.map(|prover| BoundToken::new(prover, token.expose()));
        let scheme = if bound.is_some() { "DPoP" } else { "Bearer" };
        let mut header = HeaderValue::from_str(&format!("{scheme} {}", token.expose_to_wire()))
            .map_err(|_| {
                let message = "the token has characters that are not allowed in a header";
                Failure::new(FailureKind::AuthFailed, message)
                    .hint("tell the operator of the authorization server")
            })?;
        header.set_sensitive(true);
        self.serials += 1;
        let (serial, since) = (self.serials, Instant::now());
        if origin == TokenOrigin::SignedIn {
            self.consent = Some((record.scopes_asked.clone(), since));
        }
        self.token =
            Some(CachedToken { record, header, serial, origin, refreshable, bound, since });
        self.refresh_failure = None;
        self.refresh_refusal = None;
        self.refresh_troubles = 0;
        self.failure = None;
        Ok(())
    }

    /// Notes that the tokens can no longer be refreshed; they are used as long as the server
    /// accepts them.
    pub(crate) fn note_not_refreshable(&mut self, reason: Option<Failure>) {
        if let Some(cached) = &mut self.token {
            cached.refreshable = false;
        }
        if let Some(reason) = reason {
            self.note_refresh_refusal(reason);
        }
    }

    /// Notes that the server refuses to refresh the tokens now.
    pub(crate) fn note_refresh_refusal(&mut self, reason: Failure) {
        // A failure that says nothing about the request may pass soon.
        let may_pass = reason.status.is_some_and(|status| status >= 500 || status == 200);
        self.refresh_troubles = if may_pass { self.refresh_troubles + 1 } else { 0 };
        self.refresh_refusal = Some((reason, Instant::now()));
    }

    /// Why the server refuses to refresh the tokens.
    pub(crate) fn refresh_refusal(&self) -> Option<&Failure> {
        self.refresh_refusal.as_ref().map(|(reason, _)| reason)
    }

    /// Whether a refresh may be tried: it is possible and was not refused recently.
    pub(crate) fn may_refresh(&self) -> bool {
        let refused = self.refresh_refusal.as_ref();
        self.token.as_ref().is_some_and(|cached| cached.refreshable)
            && refused.is_none_or(|(_, at)| at.elapsed() >= self.refresh_pause())
    }

    /// How long to wait after the server refused a refresh before trying again.
    fn refresh_pause(&self) -> Duration {
        let pause = pace::REFRESH_PAUSE;
        match self.refresh_troubles.checked_sub(1) {
            Some(before) => pause.clamp(pause.shortest() * 2_u32.pow(before.min(8))),
            None => pause.longest(),
        }
    }

    /// Notes that a request succeeded with this token.
    pub(crate) fn accept(&mut self, serial: u64) {
        self.accepted = self.accepted.max(serial);
    }

    /// The stage that this token's recovery has reached. A token from a recovery that has never
    /// worked continues that recovery; any other begins a new one.
    pub(crate) fn stage(&self, now: u64) -> TokenOrigin {
        let Some(cached) = &self.token else { return TokenOrigin::Loaded };
        let unproven = cached.serial > self.accepted && cached.since.elapsed() < PROBATION_PERIOD;
        if unproven && !cached.record.tokens.is_expired(now) {
            cached.origin
        } else {
            TokenOrigin::Loaded
        }
    }

    /// Whether a person has recently consented to these scopes, so that asking again would change
    /// nothing.
    pub(crate) fn has_consent_for(&self, needed: Option<&str>) -> bool {
        self.consent.as_ref().is_some_and(|(scopes, at)| {
            at.elapsed() < CONSENT_VALIDITY && covers(scopes.as_deref(), needed)
        })
    }

    /// Whether the server has accepted the token before: a later refusal has another reason, such
    /// as a changed authorization server (SEP-2352).
    pub(crate) fn is_token_proven(&self) -> bool {
        self.token.as_ref().is_some_and(|cached| cached.serial <= self.accepted)
    }

    /// Whether the token comes from a fresh sign-in, so that another one would not help.
    pub(crate) fn is_fresh_sign_in(&self, now: u64) -> bool {
        self.token.is_some() && self.stage(now) == TokenOrigin::SignedIn
    }

    /// Remembers why a refresh failed, so that it is not tried again at once.
    pub(crate) fn note_refresh_failure(&mut self, failure: Failure) {
        self.refresh_failure = Some((failure, Instant::now()));
    }

    /// Why the last refresh failed, if that was so recent that it is not tried again yet.
    pub(crate) fn recent_refresh_failure(&self) -> Option<Failure> {
        let (failure, at) = self.refresh_failure.as_ref()?;
        (at.elapsed() < FAILURE_COOL_DOWN).then(|| failure.clone())
    }

    /// Whether the store was recently empty and the server has not refused a request since. Missing
    /// another process's sign-in for this long costs one refusal.
    pub(crate) fn was_recently_empty(&self) -> bool {
        !self.refused && self.nothing_found.is_some_and(|at| at.elapsed() < STORE_POLL_INTERVAL)
    }

    /// Remembers that the server refused the cached token.
    pub(crate) fn note_refusal(&mut self) {
        self.refused = true;
    }

    /// Remembers when the store was found empty.
    pub(crate) fn note_nothing_found(&mut self) {
        self.nothing_found = Some(Instant::now());
    }

    /// Remembers why a sign-in failed. If a person was involved, no second tab opens automatically.
    pub(crate) fn note_failure(&mut self, failure: Failure, by_person: bool) {
        self.failure = Some(LastFailure { failure, at: Instant::now(), by_person });
    }

    /// Notes that somebody is waiting for an answer right now.
    pub(crate) fn demand(&mut self) {
        self.demanded = Some(Instant::now());
    }

    /// Whether somebody has waited for an answer since the last failure.
    pub(crate) fn is_demanded(&self) -> bool {
        match (&self.failure, self.demanded) {
            (Some(failure), Some(demanded)) => demanded > failure.at,
            (None, demanded) => demanded.is_some(),
            (Some(_), None) => false,
        }
    }

    /// Why no sign-in may begin now; `None` if one may.
    pub(crate) fn reason_to_wait(&self) -> Option<Failure> {
        let last = self.failure.as_ref()?;
        let over = if last.by_person {
            last.at.elapsed() >= PERSON_COOL_DOWN && self.is_demanded()
        } else {
            last.at.elapsed() >= FAILURE_COOL_DOWN
        };
        (!over).then(|| last.failure.clone())
    }

    /// Counts a page that is about to be shown to a person. At most one a minute is allowed, or
    /// three in three minutes if somebody has been waiting for an answer since the last one. If it
    /// is too early, the error is the number of seconds to wait (S-39).
    pub(crate) fn begin_page(&mut self) -> Result<(), u64> {
        self.pages.retain(|at| at.elapsed() < pace::PAGE_WINDOW);
        let until =
            |at: Instant, span: Duration| span.saturating_sub(at.elapsed()).as_secs().max(1);
        if let (Some(oldest), Some(last)) = (self.pages.front(), self.pages.back()) {
            let is_demanded = self.demanded.is_some_and(|demanded| demanded > *last);
            if self.pages.len() >= pace::MAX_PAGES {
                return Err(until(*oldest, pace::PAGE_WINDOW));
            }
            if !is_demanded && last.elapsed() < pace::PAGE_PAUSE {
                return Err(until(*last, pace::PAGE_PAUSE));
            }
        }
        self.pages.push_back(Instant::now());
        Ok(())
    }

    /// Like [`TokenCache::begin_page`], for a page directly after another: the server wants a token
    /// with the other binding, or refuses one that it had accepted. Allowed once in three
    /// minutes.
    pub(crate) fn begin_second_page(&mut self) -> Result<(), u64> {
        if let Some(second) = self.second_page.filter(|at| at.elapsed() < pace::PAGE_WINDOW) {
            return Err(pace::PAGE_WINDOW.saturating_sub(second.elapsed()).as_secs().max(1));
        }
        self.second_page = Some(Instant::now());
        self.pages.push_back(Instant::now());
        Ok(())
    }

    /// Forgets failures, for a sign-in that a person starts.
    pub(crate) fn forget_failures(&mut self) {
        self.failure = None;
        self.refresh_failure = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A-106, S-39
    #[test]
    fn trouble_that_may_pass_is_waited_for_in_growing_pauses() {
        let mut cache = TokenCache::default();
        let mut pause_after = |status: u16| {
            let failure = Failure::new(FailureKind::Http, "no").status(status).hint("wait");
            cache.note_refresh_refusal(failure);
            cache.refresh_pause().as_secs()
        };
        assert_eq!([503, 500, 200, 502, 503, 503].map(&mut pause_after), [5, 10, 20, 40, 60, 60]);
        assert_eq!([403, 503].map(&mut pause_after), [60, 5]);
    }

    /// S-39
    #[tokio::test(start_paused = true)]
    async fn a_server_gets_one_page_a_minute_unless_somebody_calls() {
        let second = || tokio::time::advance(Duration::from_secs(1));
        let mut cache = TokenCache::default();
        assert_eq!(cache.begin_page(), Ok(()));
        assert_eq!(cache.begin_page(), Err(60));
        let mut shown = 0;
        for _ in 0..600 {
            second().await;
            shown += u32::from(cache.begin_page().is_ok());
        }
        assert_eq!(shown, 10, "in ten minutes");
        assert!(cache.begin_second_page().is_ok() && cache.begin_second_page().is_err());
        assert!(!cache.is_token_proven(), "there is no token yet");
        let mut called_for = TokenCache::default();
        for may_open in [true, true, true, false] {
            called_for.demand();
            assert_eq!(called_for.begin_page().is_ok(), may_open);
            assert!(called_for.begin_page().is_err(), "once for each call");
            second().await;
        }
    }
}
