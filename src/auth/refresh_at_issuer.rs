//! Refreshes the tokens in use with a token job and, if the issuer has moved, a second one at its
//! new endpoint. The job itself is in `grants::refresh_job`.

use url::Url;

use crate::auth::context::{Context, SignInRequest};
use crate::auth::discovery::challenge::Challenge;
use crate::auth::discovery::issuer::is_same_issuer;
use crate::auth::durable::job::{JobError, TokenJob};
use crate::auth::durable::runner;
use crate::auth::grants::refresh_job::{self, is_refreshed};
use crate::auth::grants::token_endpoint::GrantError;
use crate::auth::records::record::SignIn;
use crate::error::{Failure, FailureKind};

/// The outcome of a refresh.
#[derive(Debug)]
pub(crate) enum RefreshOutcome {
    /// The new tokens, from here or from another process.
    Refreshed(Box<SignIn>),
    /// The tokens cannot be refreshed, with the server's reason if it gave one; a person has to
    /// sign in.
    Impossible(Option<Failure>),
    /// The server does not refresh the tokens now, for this reason. They are kept, because a later
    /// attempt may succeed; meanwhile a person may sign in.
    Refused(Failure),
}

/// Refreshes the tokens of `stale`, or adopts those that another process has refreshed since. If
/// the token endpoint is gone, discovers the issuer's new one. Do not drop the future
/// halfway: a rotated token would be lost.
///
/// # Errors
/// The authorization server or the credential store cannot be used now. The tokens are kept.
pub(crate) async fn refresh_at_issuer(
    context: &Context,
    stale: &SignIn,
    challenge: Option<Challenge>,
) -> Result<RefreshOutcome, Failure> {
    let token = &stale.tokens.access_token;
    if context.job_runner().is_some()
        && let Some(stored) =
            context.stored_sign_in().await?.filter(|stored| is_refreshed(context, stored, token))
    {
        return Ok(RefreshOutcome::Refreshed(Box::new(stored)));
    }
    match attempt(context, stale, None).await? {
        Attempt::Failed(failure) if is_gone(&failure) => {
            match locate_issuer(context, stale, challenge, Documents::Needed).await {
                IssuerLocation::Moved(endpoint) => {
                    attempt(context, stale, Some(endpoint)).await?.into_outcome()
                }
                IssuerLocation::AnotherIssuer => Ok(RefreshOutcome::Impossible(None)),
                // The server responds, but the endpoint is gone: waiting does not bring it back.
                IssuerLocation::Unchanged if failure.status.is_some() => {
                    Ok(RefreshOutcome::Refused(failure))
                }
                IssuerLocation::Unchanged | IssuerLocation::Unknown => Err(failure),
            }
        }
        // Some servers refuse with 500 or an unusable response. If the rest of the server works, a
        // person has to decide.
        Attempt::Failed(failure) if is_no_answer(&failure) => {
            match locate_issuer(context, stale, challenge, Documents::Optional).await {
                IssuerLocation::Unknown => Err(failure),
                _ => Ok(RefreshOutcome::Refused(failure)),
            }
        }
        other => other.into_outcome(),
    }
}

/// The outcome of one token job.
enum Attempt {
    Done(RefreshOutcome),
    /// The server did not respond to the request itself.
    Failed(Failure),
}

impl Attempt {
    fn into_outcome(self) -> Result<RefreshOutcome, Failure> {
        match self {
            Self::Done(refresh) => Ok(refresh),
            Self::Failed(failure) => Err(failure),
        }
    }
}

async fn attempt(
    context: &Context,
    stale: &SignIn,
    moved_to: Option<Url>,
) -> Result<Attempt, Failure> {
    let registration = &stale.registration;
    let stale = stale.tokens.access_token.clone();
    Ok(match runner::run(context, TokenJob::Refresh { stale, moved_to }).await {
        Ok(Some(record)) => Attempt::Done(RefreshOutcome::Refreshed(record)),
        Ok(None) => Attempt::Done(RefreshOutcome::Impossible(None)),
        Err(JobError::Store(failure) | JobError::NoReply(failure)) => return Err(failure),
        Err(JobError::Grant(GrantError::Unavailable(failure))) => Attempt::Failed(failure),
        Err(JobError::Grant(error)) => {
            let is_dead = error.ends_tokens_of(registration);
            let is_transient = error.is_transient();
            let failure =
                error.into_failure(refresh_job::SUBJECT, |_, _| "try again later".to_owned());
            if is_dead {
                Attempt::Done(RefreshOutcome::Impossible(Some(failure)))
            } else if is_transient {
                return Err(failure);
            } else {
                Attempt::Done(RefreshOutcome::Refused(failure))
            }
        }
    })
}

/// Whether the failure looks like a token endpoint that no longer exists.
fn is_gone(failure: &Failure) -> bool {
    failure.kind == FailureKind::Network || matches!(failure.status, Some(404 | 410))
}

/// Whether the server responded, but neither with tokens nor with a refusal, and did not ask to try
/// again later.
fn is_no_answer(failure: &Failure) -> bool {
    failure.status.is_some_and(|status| !matches!(status, 408 | 425 | 429))
}

/// Whether a server has to have documents to count as responding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Documents {
    Needed,
    Optional,
}

/// The current location of the tokens' issuer.
enum IssuerLocation {
    /// At the same endpoint.
    Unchanged,
    /// Unknown; it may be back later.
    Unknown,
    /// At another endpoint.
    Moved(Url),
    /// The server has moved to another issuer, which knows nothing of these tokens.
    AnotherIssuer,
}

async fn locate_issuer(
    context: &Context,
    stale: &SignIn,
    challenge: Option<Challenge>,
    documents: Documents,
) -> IssuerLocation {
    // The user names the endpoint, so there is nowhere else to look.
    if context.options.named_token_endpoint().is_some() {
        return IssuerLocation::Unknown;
    }
    let must_be_documented = documents == Documents::Needed;
    let request = SignInRequest { challenge, must_be_documented, ..SignInRequest::default() };
    let Ok(found) = context.discover(&request).await else { return IssuerLocation::Unknown };
    let named = found.resource.map_or_else(Vec::new, |resource| resource.authorization_servers);
    let is_another = !is_same_issuer(&stale.issuer, &found.issuer);
    match found.server.token_endpoint {
        // The resource names several issuers, and this one is temporarily away.
        _ if is_another && named.iter().any(|named| is_same_issuer(named, &stale.issuer)) => {
            IssuerLocation::Unknown
        }
        _ if is_another => IssuerLocation::AnotherIssuer,
        Some(endpoint) if endpoint != stale.token_endpoint => IssuerLocation::Moved(endpoint),
        _ => IssuerLocation::Unchanged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::options::AuthOptions;
    use crate::auth::tests::{options, sign_in, state, store};

    fn failure(kind: FailureKind, status: Option<u16>) -> Failure {
        let failure = Failure::new(kind, "it failed").hint("wait");
        status.into_iter().fold(failure, Failure::status)
    }

    ///
    #[test]
    fn a_failure_says_whether_the_endpoint_is_gone_or_only_in_trouble() {
        for (kind, status, gone, no_answer) in [
            (FailureKind::Network, None, true, false),
            (FailureKind::Http, Some(404), true, true),
            (FailureKind::Http, Some(410), true, true),
            (FailureKind::Http, Some(500), false, true),
            (FailureKind::Http, Some(200), false, true),
            (FailureKind::Http, Some(405), false, true),
            (FailureKind::Http, Some(408), false, false),
            (FailureKind::Http, Some(425), false, false),
            (FailureKind::Http, Some(429), false, false),
            (FailureKind::AuthFailed, None, false, false),
        ] {
            let failure = failure(kind, status);
            assert_eq!(
                (is_gone(&failure), is_no_answer(&failure)),
                (gone, no_answer),
                "{status:?}"
            );
        }
    }

    /// the user names the endpoint, so there is nowhere else to look.
    #[tokio::test]
    async fn an_endpoint_that_the_user_names_does_not_move() {
        let named = Url::parse("https://as.example.com/token").ok();
        let page = Url::parse("https://as.example.com/page").ok();
        let options =
            AuthOptions { token_endpoint: named, authorization_endpoint: page, ..options() };
        let (state, _) = state(options.clone());
        let stale = sign_in(&options, "a", Some(-1));
        let found = locate_issuer(&state.context, &stale, None, Documents::Optional).await;
        assert!(matches!(found, IssuerLocation::Unknown));
    }

    ///
    #[tokio::test]
    async fn only_another_and_fresh_token_counts_as_refreshed() {
        let (state, vault) = state(options());
        let stale = sign_in(&options(), "a", Some(-1));
        for (token, left, is_new) in [
            ("b", Some(3600), true),
            ("b", None, true),
            ("a", Some(3600), false),
            ("b", Some(-1), false),
        ] {
            store(&state, &vault, &sign_in(&options(), token, left)).await;
            let stored = state.context.stored_sign_in().await.unwrap().unwrap();
            let found = is_refreshed(&state.context, &stored, &stale.tokens.access_token);
            assert_eq!(found, is_new, "{token} {left:?}");
        }
    }
}
