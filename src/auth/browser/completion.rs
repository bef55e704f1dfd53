//! Completes a browser sign-in: validates the response, has a token job redeem its code, and
//! reports success only once the tokens are stored.

use crate::auth::browser::page::Ending;
use crate::auth::context::Context;
use crate::auth::discovery::scopes::covers;
use crate::auth::durable::job::{JobError, TokenJob};
use crate::auth::durable::runner;
use crate::auth::grants::authorization_response::{CallbackParameters, advice, validate_callback};
use crate::auth::grants::token_endpoint::{GrantError, is_unknown_client};
use crate::auth::records::record::{Pending, SignIn};
use crate::auth::records::registration::Registration;
use crate::error::{Failure, FailureKind};
use crate::redact::Secret;

/// Why a browser sign-in ended without tokens.
pub(crate) enum BrowserSignInError {
    /// The server does not know the client, or does not allow it these scopes: a new registration
    /// may help.
    StaleClient(Failure),
    /// Anything else.
    Failed(Failure),
}

impl From<Failure> for BrowserSignInError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl BrowserSignInError {
    /// The failure to report, whether or not the client was to blame.
    pub(crate) fn into_failure(self) -> Failure {
        match self {
            Self::StaleClient(failure) | Self::Failed(failure) => failure,
        }
    }
}

/// Returns the code of a valid response.
pub(crate) fn validate_response(
    context: &Context,
    pending: &Pending,
    parameters: CallbackParameters,
) -> Result<Secret<String>, (Ending, BrowserSignInError)> {
    let code = parameters.error.as_deref().unwrap_or_default();
    let registered = pending.registration.scope.as_deref();
    // Registrations of older releases named no scopes, and some servers restrict a client to the
    // ones it named.
    let is_stale = is_unknown_client(code)
        || code == "invalid_scope" && !covers(registered, pending.scopes.as_deref());
    let accepted = context.options.callback_issuer.as_deref();
    validate_callback(pending, parameters, accepted).map_err(|(ending, failure)| {
        let error = if is_stale && ending == Ending::Denied {
            BrowserSignInError::StaleClient(failure)
        } else {
            BrowserSignInError::Failed(failure)
        };
        (ending, error)
    })
}

/// Redeems the code and stores the tokens. The page reports success only after this.
pub(crate) async fn complete(
    context: &Context,
    pending: &Pending,
) -> Result<SignIn, (Ending, BrowserSignInError)> {
    let outcome = runner::run(context, TokenJob::Redeem(Box::new(pending.clone()))).await;
    // The state is used once, whatever the outcome.
    context.delete(&context.names.pending).await;
    match outcome {
        Ok(Some(record)) => Ok(*record),
        Ok(None) => {
            let failure =
                Failure::new(FailureKind::AuthFailed, "the browser came back without a code");
            Err((Ending::NotRedeemed, failure.hint(try_again(context)).into()))
        }
        Err(JobError::Grant(error)) => {
            Err((Ending::NotRedeemed, not_redeemed(context, &pending.registration, error)))
        }
        Err(JobError::Store(failure)) => Err((Ending::NotStored, failure.into())),
        Err(JobError::NoReply(failure)) => Err((Ending::NotRedeemed, failure.into())),
    }
}

fn not_redeemed(
    context: &Context,
    registration: &Registration,
    error: GrantError,
) -> BrowserSignInError {
    let unknown_client = error.is_unknown_client();
    let failure = error.into_failure("the sign-in", |code, description| {
        if unknown_client {
            return registration.hint_when_refused();
        }
        advice(code, description).map_or_else(|| try_again(context), str::to_owned)
    });
    if unknown_client {
        BrowserSignInError::StaleClient(failure)
    } else {
        BrowserSignInError::Failed(failure)
    }
}

fn try_again(context: &Context) -> String {
    let command = context.options.login_command();
    format!("try again with {command}; codes are only valid for a moment")
}
