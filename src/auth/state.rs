//! What the clones of an [`Authorizer`](crate::auth::Authorizer) share: the context and the tokens
//! in memory. How requests wait for common work is in `coalesce`.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::auth::context::{Context, SignInState};
use crate::auth::grants::refresh::is_renewable;
use crate::auth::records::record::SignIn;
use crate::auth::token_cache::{CachedToken, TokenCache, TokenOrigin};
use crate::error::Failure;

/// What the clones share.
pub(crate) struct AuthorizerState {
    pub(crate) context: Context,
    cache: Mutex<TokenCache>,
    /// The newest serial of a request that succeeded.
    pub(crate) accepted: AtomicU64,
}

/// What is known without waiting.
pub(crate) enum TokenStatus {
    /// These tokens can be sent.
    Ready(CachedToken),
    /// Nothing is stored.
    Absent,
    /// Something is stored and not loaded, or about to expire.
    Stale,
}

impl AuthorizerState {
    pub(crate) fn new(context: Context) -> Self {
        Self { context, cache: Mutex::default(), accepted: AtomicU64::new(0) }
    }

    pub(crate) fn cache(&self) -> MutexGuard<'_, TokenCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn token_status(&self) -> TokenStatus {
        let mut cache = self.cache();
        let now = self.context.now();
        match &cache.token {
            Some(cached) if cached.record.tokens.is_fresh(now) || !cache.may_renew() => {
                TokenStatus::Ready(cached.clone())
            }
            // It could not be renewed a moment ago, and works for a while yet.
            Some(cached)
                if cache.recent_renewal_failure().is_some()
                    && !cached.record.tokens.is_expired(now) =>
            {
                TokenStatus::Ready(cached.clone())
            }
            Some(_) => TokenStatus::Stale,
            None if cache.found_nothing_lately() => TokenStatus::Absent,
            None if self.context.vault.knows(&self.context.names.sign_in) => TokenStatus::Stale,
            None => {
                cache.note_nothing_found();
                TokenStatus::Absent
            }
        }
    }

    /// Takes tokens into the cache.
    ///
    /// # Errors
    /// The token cannot be sent in a header.
    pub(crate) fn cache_tokens(&self, record: SignIn, origin: TokenOrigin) -> Result<(), Failure> {
        let renewable = is_renewable(&self.context, &record);
        let use_id_token = self.context.options.use_id_token;
        self.cache().put(Arc::new(record), use_id_token, origin, renewable)?;
        self.context.publish(SignInState::SignedIn);
        Ok(())
    }
}

impl fmt::Debug for AuthorizerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorizer").field("context", &self.context).finish_non_exhaustive()
    }
}
