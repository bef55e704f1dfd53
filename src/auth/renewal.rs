//! Renews the tokens in use: a token job, and where the issuer has moved, a second one at its new
//! endpoint. The job itself is `grants::refresh`.

use url::Url;

use crate::auth::context::{Context, SignInRequest};
use crate::auth::discovery::challenge::Challenge;
use crate::auth::durable::job::{JobError, TokenJob};
use crate::auth::durable::runner;
use crate::auth::grants::refresh::is_renewed;
use crate::auth::grants::token_endpoint::GrantError;
use crate::auth::options::Grant;
use crate::auth::records::record::SignIn;
use crate::error::{Failure, FailureKind};

/// What became of an attempt to renew.
#[derive(Debug)]
pub(crate) enum Renewal {
    /// These are the tokens now: renewed here, or by another process.
    Renewed(Box<SignIn>),
    /// They cannot be renewed; a person has to sign in.
    Impossible,
}

/// Renews the tokens of `stale`, or takes over what another process has renewed since. If the token
/// endpoint is gone, looks once where the issuer went. Do not drop the future halfway: a
/// rotated token would be lost.
///
/// # Errors
/// The authorization server or the credential store cannot be used now. The tokens are kept.
pub(crate) async fn renew(
    context: &Context,
    stale: &SignIn,
    challenge: Option<Challenge>,
) -> Result<Renewal, Failure> {
    let token = &stale.tokens.access_token;
    if context.job_runner().is_some()
        && let Some(stored) =
            context.stored_sign_in().await?.filter(|stored| is_renewed(context, stored, token))
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
    match runner::run(context, TokenJob::Renew { stale, moved_to }).await {
        Ok(Some(record)) => Ok(Renewal::Renewed(record)),
        Ok(None) => Ok(Renewal::Impossible),
        Err(JobError::Store(failure) | JobError::Grant(GrantError::Unavailable(failure))) => {
            Err(failure)
        }
        Err(JobError::Grant(error)) => {
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
    /// Where it was, or this cannot be told: it may be back later.
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
    let request = SignInRequest { challenge, must_be_documented: true, ..SignInRequest::default() };
    let Ok(found) = context.discover(&request).await else { return Whereabouts::Unchanged };
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
