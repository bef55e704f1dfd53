//! Renewing tokens: one at a time over all processes, stored durably before they are used (A-53 to
//! Client credentials are renewed the same way, by asking again.

use url::Url;

use super::challenge::Challenge;
use super::context::{Context, Wish};
use super::errand::{Errand, Outcome, Trouble};
use super::options::Grant;
use super::record::{Registered, Registration, SignIn};
use super::token::TokenSet;
use super::token_endpoint::{GrantError, is_unknown_client};
use crate::error::{Failure, FailureKind};
use crate::redact::Secret;

/// What became of an attempt to renew.
#[derive(Debug)]
pub(super) enum Renewal {
    /// These are the tokens now: renewed here, or by another process.
    Renewed(Box<SignIn>),
    /// They cannot be renewed; a person has to sign in.
    Impossible,
}

/// Renews the tokens of `stale`, or takes over what another process renewed since. Where the token
/// endpoint is gone, looks once where the issuer went. Runs to its end once it is started:
/// the caller must not drop it halfway, or a rotated token gets lost.
///
/// # Errors
/// The authorization server or the vault cannot be used now. The tokens are kept.
pub(super) async fn renew(
    context: &Context,
    stale: &SignIn,
    challenge: Option<Challenge>,
) -> Result<Renewal, Failure> {
    if context.outliving().is_some()
        && let Some(stored) =
            context.stored().await?.filter(|it| is_renewed(context, it, &stale.tokens.access_token))
    {
        return Ok(Renewal::Renewed(Box::new(stored)));
    }
    match attempt(context, stale, None).await {
        Err(failure) if is_gone(&failure) => match whereabouts(context, stale, challenge).await {
            Whereabouts::Unchanged => Err(failure),
            Whereabouts::Moved(endpoint) => attempt(context, stale, Some(endpoint)).await,
            Whereabouts::AnotherIssuer => Ok(Renewal::Impossible),
        },
        renewal => renewal,
    }
}

async fn attempt(
    context: &Context,
    stale: &SignIn,
    moved_to: Option<Url>,
) -> Result<Renewal, Failure> {
    let stale = stale.tokens.access_token.clone();
    match context.run(Errand::Renew { stale, moved_to }).await {
        Ok(Some(record)) => Ok(Renewal::Renewed(record)),
        Ok(None) => Ok(Renewal::Impossible),
        Err(Trouble::Store(failure) | Trouble::Grant(GrantError::Unavailable(failure))) => {
            Err(failure)
        }
        Err(Trouble::Grant(error)) => {
            Err(error.into_failure("to renew the sign-in").hint("try again later"))
        }
    }
}

/// What a token endpoint that is no longer there looks like from here.
fn is_gone(failure: &Failure) -> bool {
    failure.kind == FailureKind::Network || matches!(failure.status, Some(404 | 410))
}

/// Where the tokens' issuer is now.
enum Whereabouts {
    /// Where it was, or nobody can tell: it may be back later.
    Unchanged,
    /// At another endpoint.
    Moved(Url),
    /// The server has gone over to another issuer, who knows nothing of these tokens.
    AnotherIssuer,
}

async fn whereabouts(
    context: &Context,
    stale: &SignIn,
    challenge: Option<Challenge>,
) -> Whereabouts {
    if let Grant::ClientCredentials { token_endpoint: Some(_) } = context.options.grant {
        return Whereabouts::Unchanged;
    }
    let wish = Wish { challenge, must_be_documented: true, ..Wish::default() };
    let Ok(found) = context.discover(&wish).await else { return Whereabouts::Unchanged };
    let named = found.resource.map_or_else(Vec::new, |resource| resource.authorization_servers);
    match found.server.token_endpoint {
        // Another one of several was found, because this one is away for now.
        _ if found.issuer != stale.issuer && named.contains(&stale.issuer) => {
            Whereabouts::Unchanged
        }
        _ if found.issuer != stale.issuer => Whereabouts::AnotherIssuer,
        Some(endpoint) if endpoint != stale.token_endpoint => Whereabouts::Moved(endpoint),
        _ => Whereabouts::Unchanged,
    }
}

/// The errand: lock, read again, ask, store.
pub(super) async fn work(
    context: &Context,
    stale: &Secret<String>,
    moved_to: Option<Url>,
) -> Outcome {
    let _lock = context.lock_sign_in().await?;
    let Some(mut stored) = context.stored().await? else { return Ok(None) };
    if is_renewed(context, &stored, stale) {
        return Ok(Some(Box::new(stored)));
    }
    if let Some(endpoint) = moved_to {
        stored.token_endpoint = endpoint;
    }
    match ask(context, &stored).await {
        None => Ok(None),
        Some(Ok((tokens, registration))) => {
            let before = stored.registration.clone();
            let tokens = stored.tokens.renewed_by(tokens);
            let renewed = SignIn { tokens, registration, ..stored };
            keep(context, &renewed).await;
            context.remember_accepted(&before, &renewed.registration).await;
            Ok(Some(Box::new(renewed)))
        }
        Some(Err(GrantError::Rejected { code, .. })) if !is_passing(&code) => {
            discard(context, &stored, &code).await;
            Ok(None)
        }
        Some(Err(GrantError::Rejected { code, .. })) => {
            Err(GrantError::Rejected { code, description: None }.into())
        }
        Some(Err(unavailable)) => Err(unavailable.into()),
    }
}

/// Whether another process renewed them already.
fn is_renewed(context: &Context, stored: &SignIn, stale: &Secret<String>) -> bool {
    stored.tokens.access_token != *stale && stored.tokens.is_fresh(context.now())
}

/// Whether these tokens can be renewed at all.
pub(super) fn is_renewable(context: &Context, record: &SignIn) -> bool {
    matches!(context.options.grant, Grant::ClientCredentials { .. })
        || record.tokens.refresh_token.is_some()
}

/// The new tokens, and the client as the server accepted it; `None` if there is nothing to ask with.
async fn ask(
    context: &Context,
    stored: &SignIn,
) -> Option<Result<(TokenSet, Registration), GrantError>> {
    let (url, resource) = (&stored.token_endpoint, stored.resource.as_deref());
    let endpoint = context.token_endpoint(url, &stored.registration, resource);
    let tokens = if let Grant::ClientCredentials { .. } = context.options.grant {
        endpoint.client_credentials(stored.scopes_asked.as_deref()).await
    } else if needs_secret(stored) {
        return None;
    } else {
        endpoint.refresh(stored.tokens.refresh_token.as_ref()?).await
    };
    Some(tokens.map(|tokens| (tokens, endpoint.registration())))
}

/// A client that the user gave is stored without its secret; without the flag that gives it, its
/// tokens cannot be renewed, and asking would only make the server distrust us.
fn needs_secret(stored: &SignIn) -> bool {
    let registration = &stored.registration;
    registration.how == Registered::Beforehand
        && registration.client_secret.is_none()
        && registration.auth_method.needs_secret()
}

/// Stores what was renewed. If that fails the tokens are still good for this process, and losing
/// them would be worse than saying so.
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
async fn discard(context: &Context, stored: &SignIn, code: &str) {
    context.forget(&context.names.sign_in).await;
    if is_unknown_client(code) && stored.registration.how == Registered::Dynamically {
        context.forget(&context.names.registration(&stored.issuer)).await;
    }
    tracing::info!(%code, "the sign-in can no longer be renewed");
}
