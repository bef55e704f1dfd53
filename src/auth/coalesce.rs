//! Makes all requests in this process share one refresh and one recovery. The work continues even
//! if every waiter gives up.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use http::StatusCode;

use crate::auth::context::SignInRequest;
use crate::auth::discovery::challenge::Challenge;
use crate::auth::recovery;
use crate::auth::refresh::refresh;
use crate::auth::refresh_at_issuer::RefreshOutcome;
use crate::auth::state::{AuthorizerState, TokenStatus};
use crate::auth::token_cache::{SharedWork, TokenCache, TokenOrigin};
use crate::error::{Failure, FailureKind};

impl AuthorizerState {
    /// Loads or refreshes the tokens, once for everyone in this process.
    ///
    /// # Errors
    /// They cannot be read or refreshed now.
    pub(crate) async fn load_or_refresh(self: Arc<Self>) -> Result<(), Failure> {
        let work = {
            let mut cache = self.cache();
            if let Some(failure) = cache.recent_refresh_failure() {
                return Err(failure);
            }
            let state = self.clone();
            let work = async move { state.load_or_refresh_alone().await };
            let end = |cache: &mut TokenCache, result: &Result<(), Failure>| {
                cache.refresh = None;
                if let Err(failure) = result {
                    cache.note_refresh_failure(failure.clone());
                }
            };
            cache.refresh.get_or_insert_with(|| self.launch(work, end)).clone()
        };
        match work.await {
            // A token that still works for a while is used meanwhile.
            Err(_) if matches!(self.token_status(), TokenStatus::Ready(_)) => Ok(()),
            other => other,
        }
    }

    async fn load_or_refresh_alone(&self) -> Result<(), Failure> {
        let cached = self.cache().token.clone();
        let Some(cached) = cached else {
            return match self.context.stored_sign_in().await? {
                Some(record) => self.cache_tokens(record, TokenOrigin::Loaded),
                None => Ok(()),
            };
        };
        match refresh(&self.context, &cached.record, None).await? {
            RefreshOutcome::Refreshed(record) => self.cache_tokens(*record, TokenOrigin::Loaded),
            RefreshOutcome::Impossible(reason) => {
                self.cache().note_not_refreshable(reason);
                Ok(())
            }
            // The token is sent anyway: if its server refuses it, `recovery` decides whether a
            // person has to sign in.
            RefreshOutcome::Refused(reason) => {
                self.cache().note_refresh_refusal(reason);
                Ok(())
            }
        }
    }

    /// Recovers from a refusal of the token with the serial `used`, once for all requests that it
    /// concerns.
    ///
    /// # Errors
    /// A person has to act, or signing in does not help.
    pub(crate) async fn recover(
        self: Arc<Self>,
        used: Option<u64>,
        status: StatusCode,
        challenge: Option<Challenge>,
    ) -> Result<(), Failure> {
        let work = {
            let mut cache = self.cache();
            cache.note_refusal();
            let refreshed_since =
                cache.token.as_ref().is_some_and(|cached| Some(cached.serial) != used);
            if cache.recovery.is_none() && refreshed_since {
                return Ok(());
            }
            cache.challenge = challenge.clone().or(cache.challenge.take());
            let state = self.clone();
            let work = async move { recovery::recover(&state, status, challenge).await };
            cache.recovery.get_or_insert_with(|| self.launch(work, end_recovery)).clone()
        };
        work.await
    }

    /// Starts a sign-in at a person's request, or joins the one in progress.
    pub(crate) fn sign_in_by_hand(self: Arc<Self>) -> SharedWork {
        let mut cache = self.cache();
        let request = SignInRequest {
            challenge: cache.challenge.clone(),
            refused: cache.token.as_ref().map(|cached| cached.record.clone()),
            ..SignInRequest::default()
        };
        let state = self.clone();
        let work = async move { recovery::sign_in(&state, request).await };
        cache.recovery.get_or_insert_with(|| self.launch(work, end_recovery)).clone()
    }

    /// The failure for a missing sign-in, with the reason if a refresh failed.
    pub(crate) fn sign_in_needed(&self) -> Failure {
        let server = self.context.options.display_server();
        let reason = self.cache().refresh_refusal().map(|reason| reason.message.clone());
        let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
        Failure::new(
            FailureKind::AuthRequired,
            format!("a sign-in to `{server}` is needed{reason}"),
        )
        .hint(recovery::hint_to_sign_in(&self.context))
    }

    /// The failure for a request that stops waiting while the sign-in continues.
    pub(crate) fn still_waiting(&self, status: StatusCode) -> Failure {
        self.sign_in_needed().status(status.as_u16())
    }

    /// Starts work that continues even if every waiter gives up: a rotated token must be
    /// stored, and a sign-in must not end because one request did. `end` is called with its result,
    /// and after a panic too: the next request must not join work that has ended.
    fn launch(
        self: &Arc<Self>,
        work: impl Future<Output = Result<(), Failure>> + Send + 'static,
        end: impl FnOnce(&mut TokenCache, &Result<(), Failure>) + Send + 'static,
    ) -> SharedWork {
        let state = self.clone();
        let task = tokio::spawn(async move {
            let result = AssertUnwindSafe(work).catch_unwind().await;
            let result = result.unwrap_or_else(|_| Err(interrupted()));
            end(&mut state.cache(), &result);
            result
        });
        async move { task.await.unwrap_or_else(|_| Err(interrupted())) }.boxed().shared()
    }
}

fn end_recovery(cache: &mut TokenCache, _: &Result<(), Failure>) {
    cache.recovery = None;
}

fn interrupted() -> Failure {
    Failure::new(FailureKind::AuthFailed, "the sign-in was interrupted")
        .hint("try again; if it happens again, please report this as a bug in `mcp-tether`")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::auth::options::{AuthOptions, LoginPolicy};
    use crate::auth::records::record::SignIn;
    use crate::auth::records::vault::MemoryVault;
    use crate::auth::tests::{options, sign_in, state, store};

    fn never() -> AuthOptions {
        AuthOptions { login: LoginPolicy::Never, ..options() }
    }

    fn shared() -> (Arc<AuthorizerState>, MemoryVault) {
        let (state, vault) = state(never());
        (Arc::new(state), vault)
    }

    /// A sign-in that cannot be refreshed, so that nothing is sent.
    fn signed_in(token: &str) -> SignIn {
        let mut record = sign_in(&never(), token, None);
        record.tokens.refresh_token = None;
        record
    }

    ///
    #[tokio::test(start_paused = true)]
    async fn a_store_that_fails_is_not_asked_again_at_once() {
        let (state, vault) = shared();
        store(&state, &vault, &signed_in("a")).await;
        vault.break_name(&state.context.names.sign_in);
        let first = state.clone().load_or_refresh().await.unwrap_err();
        assert_eq!(state.cache().recent_refresh_failure(), Some(first.clone()));
        assert_eq!(state.clone().load_or_refresh().await.unwrap_err(), first);
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(state.cache().recent_refresh_failure(), None);
        assert!(state.clone().load_or_refresh().await.is_err(), "it still fails");
    }

    #[tokio::test]
    async fn what_is_stored_is_loaded_and_nothing_stored_is_no_failure() {
        let (state, vault) = shared();
        state.clone().load_or_refresh().await.unwrap();
        assert!(state.cache().token.is_none());
        store(&state, &vault, &signed_in("a")).await;
        state.clone().load_or_refresh().await.unwrap();
        let cached = state.cache().token.clone().unwrap();
        assert_eq!((cached.header, cached.origin), {
            (http::HeaderValue::from_static("Bearer a"), TokenOrigin::Loaded)
        });
        assert!(state.cache().refresh.is_none(), "the work is over");
    }

    ///
    #[tokio::test]
    async fn a_request_whose_token_was_replaced_meanwhile_is_simply_sent_again() {
        let (state, _) = shared();
        state.cache_tokens(signed_in("a"), TokenOrigin::Loaded).unwrap();
        let serial = state.cache().token.as_ref().unwrap().serial;
        let refused = |used| state.clone().recover(used, StatusCode::UNAUTHORIZED, None);
        assert_eq!(refused(Some(serial)).await.unwrap_err().kind, FailureKind::AuthRequired);
        state.cache_tokens(signed_in("b"), TokenOrigin::Loaded).unwrap();
        assert!(refused(Some(serial)).await.is_ok(), "there is another token by now");
        assert!(refused(None).await.is_ok(), "that request had none");
        assert!(refused(Some(serial + 1)).await.is_err());
        assert!(state.cache().recovery.is_none(), "the work is over");
    }

    #[tokio::test]
    async fn a_missing_sign_in_says_why_the_last_refresh_failed() {
        let (state, _) = shared();
        let plain = state.sign_in_needed();
        assert_eq!(plain.message, "a sign-in to `https://mcp.example.com/mcp` is needed");
        let reason = Failure::new(FailureKind::AuthFailed, "the token was revoked").hint("wait");
        state.cache().note_refresh_refusal(reason);
        let waiting = state.still_waiting(StatusCode::UNAUTHORIZED);
        assert!(waiting.message.ends_with("is needed: the token was revoked"));
        assert_eq!((waiting.kind, waiting.status), (FailureKind::AuthRequired, Some(401)));
    }
}
