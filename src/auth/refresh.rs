//! Renewing tokens: one at a time over all processes, stored durably before they are used.
//! Client credentials are renewed the same way, by asking again.

use super::client_authentication::AuthMethod;
use super::context::Context;
use super::options::Grant;
use super::record::{Registered, SignIn};
use super::token_endpoint::{GrantError, TokenEndpoint};
use crate::error::Failure;

/// What became of an attempt to renew.
#[derive(Debug)]
pub(super) enum Renewal {
    /// These are the tokens now: renewed here, or by another process.
    Renewed(Box<SignIn>),
    /// They cannot be renewed; a person has to sign in.
    Impossible,
}

/// Renews the tokens of `stale`, or takes over what another process renewed since. Runs to its end
/// once it is started: the caller must not drop it halfway, or a rotated token gets lost.
///
/// # Errors
/// The authorization server or the vault cannot be used now. The tokens are kept.
pub(super) async fn renew(context: &Context, stale: &SignIn) -> Result<Renewal, Failure> {
    let _lock = context.lock_sign_in().await?;
    let _in_flight = context.tokens_in_flight.lock().await;
    let Some(stored) = context.stored().await? else { return Ok(Renewal::Impossible) };
    let changed = stored.tokens.access_token != stale.tokens.access_token;
    if changed && stored.tokens.is_fresh(context.now()) {
        return Ok(Renewal::Renewed(Box::new(stored)));
    }
    match ask(context, &stored).await {
        None => Ok(Renewal::Impossible),
        Some(Ok(tokens)) => {
            let renewed = SignIn { tokens: stored.tokens.renewed_by(tokens), ..stored };
            keep(context, &renewed).await;
            Ok(Renewal::Renewed(Box::new(renewed)))
        }
        Some(Err(GrantError::Unavailable(failure))) => Err(failure),
        Some(Err(GrantError::Rejected { code, .. })) if is_passing(&code) => {
            let error = GrantError::Rejected { code, description: None };
            Err(error.into_failure("to renew the sign-in").hint("try again later"))
        }
        Some(Err(rejected)) => {
            discard(context, &stored, &rejected).await;
            Ok(Renewal::Impossible)
        }
    }
}

/// Whether these tokens can be renewed at all.
pub(super) fn is_renewable(context: &Context, record: &SignIn) -> bool {
    matches!(context.options.grant, Grant::ClientCredentials { .. })
        || record.tokens.refresh_token.is_some()
}

async fn ask(
    context: &Context,
    stored: &SignIn,
) -> Option<Result<super::token::TokenSet, GrantError>> {
    let endpoint = TokenEndpoint {
        outside: &context.outside,
        url: &stored.token_endpoint,
        registration: &stored.registration,
        key: context.key(),
        resource: stored.resource.as_deref(),
        now: context.now(),
    };
    if let Grant::ClientCredentials { .. } = context.options.grant {
        return Some(endpoint.client_credentials(stored.scopes_asked.as_deref()).await);
    }
    if needs_secret(stored) {
        return None;
    }
    let token = stored.tokens.refresh_token.as_ref()?;
    Some(endpoint.refresh(token).await)
}

/// A client that the user gave is stored without its secret; without the flag that gives it, its
/// tokens cannot be renewed, and asking would only make the server distrust us.
fn needs_secret(stored: &SignIn) -> bool {
    let registration = &stored.registration;
    registration.how == Registered::Beforehand
        && registration.client_secret.is_none()
        && matches!(registration.auth_method, AuthMethod::Basic | AuthMethod::Post)
}

/// Stores what was renewed. If that fails the tokens are still good for this process, and losing them
/// would be worse than saying so.
async fn keep(context: &Context, renewed: &SignIn) {
    let mut result = context.keep(renewed).await;
    if result.is_err() {
        result = context.keep(renewed).await;
    }
    if let Err(failure) = result {
        let server = context.options.shown_server();
        context.say(&format!(
            "the renewed sign-in for `{server}` could not be stored and ends with this process: {}",
            failure.message
        ));
    }
}

/// Errors of RFC 6749 §4.1.2.1 and others that say nothing about the grant.
fn is_passing(code: &str) -> bool {
    matches!(code, "temporarily_unavailable" | "server_error" | "slow_down")
}

/// The grant is dead: delete it, and the client as well if that is what the server does not know.
async fn discard(context: &Context, stored: &SignIn, rejected: &GrantError) {
    context.forget(&context.names.sign_in).await;
    if rejected.is_unknown_client() && stored.registration.how == Registered::Dynamically {
        context.forget(&context.names.registration(&stored.issuer)).await;
    }
    if let GrantError::Rejected { code, .. } = rejected {
        tracing::info!(%code, "the sign-in can no longer be renewed");
    }
}
