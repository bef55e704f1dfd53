//! The state that the clones of an [`Authorizer`](crate::auth::Authorizer) share: the context and
//! the tokens in memory. Requests share work in `coalesce`.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::auth::context::{Context, SignInState};
use crate::auth::dpop::prover::{BoundToken, Prover};
use crate::auth::grants::refresh_job::is_refreshable;
use crate::auth::options::DpopPolicy;
use crate::auth::records::record::SignIn;
use crate::auth::token_cache::{CachedToken, TokenCache, TokenOrigin};
use crate::error::{Failure, FailureKind};

/// The state that the clones share.
pub(crate) struct AuthorizerState {
    pub(crate) context: Context,
    cache: Mutex<TokenCache>,
    /// The newest serial of a request that succeeded.
    pub(crate) accepted: AtomicU64,
    /// Whether the token in memory is bound to a key.
    is_bound: AtomicBool,
}

/// The state of the tokens, as known without waiting.
pub(crate) enum TokenStatus {
    /// These tokens can be sent.
    Ready(CachedToken),
    /// Nothing is stored.
    Absent,
    /// A stored sign-in is not loaded yet, or about to expire.
    Stale,
}

impl AuthorizerState {
    /// The state before anything is read from the store.
    pub(crate) fn new(context: Context) -> Self {
        Self {
            context,
            cache: Mutex::default(),
            accepted: AtomicU64::new(0),
            is_bound: AtomicBool::new(false),
        }
    }

    /// Locks the cached tokens. Never held while something is awaited.
    pub(crate) fn cache(&self) -> MutexGuard<'_, TokenCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state of the tokens, which decides whether the next request uses the cached token,
    /// refreshes it, or reads the store.
    pub(crate) fn token_status(&self) -> TokenStatus {
        let mut cache = self.cache();
        let now = self.context.now();
        match &cache.token {
            Some(cached) if cached.record.tokens.is_fresh(now) || !cache.may_refresh() => {
                TokenStatus::Ready(cached.clone())
            }
            // A refresh has just failed, and the token still works for a while.
            Some(cached)
                if cache.recent_refresh_failure().is_some()
                    && !cached.record.tokens.is_expired(now) =>
            {
                TokenStatus::Ready(cached.clone())
            }
            Some(_) => TokenStatus::Stale,
            None if cache.was_recently_empty() => TokenStatus::Absent,
            None if self.context.vault.knows(&self.context.names.sign_in) => TokenStatus::Stale,
            None => {
                cache.note_nothing_found();
                TokenStatus::Absent
            }
        }
    }

    /// The prover for the token in memory, if it is bound to a key. Otherwise costs next to
    /// nothing.
    pub(crate) fn bound_token(&self) -> Option<BoundToken> {
        if !self.is_bound.load(Ordering::Relaxed) {
            return None;
        }
        self.cache().token.as_ref()?.bound.clone()
    }

    /// Checks whether the user permits a token with this binding.
    ///
    /// # Errors
    /// `--dpop` requires a key and the sign-in has none, or forbids the one that it has.
    fn check_binding(&self, record: &SignIn) -> Result<(), Failure> {
        let options = &self.context.options;
        let (is_dpop, state) = match (options.dpop, record.tokens.is_dpop) {
            (DpopPolicy::Never, true) => ("never", "is bound to a key (DPoP)"),
            (DpopPolicy::Always, false) => ("always", "is not bound to a key (DPoP)"),
            _ => return Ok(()),
        };
        let message = format!("the stored sign-in {state}, and `--dpop {is_dpop}` is set");
        let command = options.login_command_with(&format!("--dpop {is_dpop}"));
        let hint = format!("sign in again with {command}, or leave that out");
        Err(Failure::new(FailureKind::AuthFailed, message).hint(hint))
    }

    /// The prover for what is sent of these tokens; `None` if that is not bound to a key. The ID
    /// token is not; a bound access token is never sent as a bearer token.
    fn prover_of(&self, record: &SignIn) -> Result<Option<Prover>, Failure> {
        let options = &self.context.options;
        if options.use_id_token || !record.tokens.is_dpop {
            return Ok(None);
        }
        let prover = self.context.prover(&record.binding)?.ok_or_else(|| {
            let server = options.display_server();
            let message = format!("the key of the stored sign-in for `{server}` is missing");
            Failure::new(FailureKind::AuthFailed, message)
                .hint(format!("sign in again with {}", options.login_command()))
        })?;
        Ok(Some(prover))
    }

    /// Puts tokens into the cache.
    ///
    /// # Errors
    /// The token cannot be sent in a header, or its key is missing or damaged.
    pub(crate) fn cache_tokens(&self, record: SignIn, origin: TokenOrigin) -> Result<(), Failure> {
        let refreshable = is_refreshable(&self.context, &record);
        let use_id_token = self.context.options.use_id_token;
        self.check_binding(&record)?;
        let is_bound = self.context.prover(&record.binding)?.is_some();
        let prover = self.prover_of(&record)?;
        self.cache().put(Arc::new(record), use_id_token, origin, refreshable, prover)?;
        self.is_bound.store(is_bound, Ordering::Relaxed);
        self.context.publish(SignInState::SignedIn);
        Ok(())
    }
}

impl fmt::Debug for AuthorizerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorizer").field("context", &self.context).finish_non_exhaustive()
    }
}
