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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::tests::{options, pending, state};

    fn parameters(error: Option<&str>, code: Option<&str>) -> CallbackParameters {
        CallbackParameters {
            code: code.map(|code| Secret::new(code.to_owned())),
            issuer: None,
            error: error.map(str::to_owned),
            error_description: None,
        }
    }

    ///
    #[tokio::test]
    async fn a_refusal_that_a_new_registration_may_mend_is_told_apart() {
        let (state, _) = state(options());
        let registered = |scope: Option<&str>| Registration {
            scope: scope.map(str::to_owned),
            ..pending().registration
        };
        for (error, registration, asked, is_stale) in [
            ("unauthorized_client", registered(Some("a")), Some("a"), true),
            ("invalid_client", registered(None), None, true),
            ("invalid_scope", registered(None), Some("a"), true),
            ("invalid_scope", registered(Some("a")), Some("a b"), true),
            ("invalid_scope", registered(Some("a b")), Some("a"), false),
            ("invalid_scope", registered(None), None, false),
            ("access_denied", registered(None), Some("a"), false),
            ("server_error", registered(None), Some("a"), false),
        ] {
            let scopes = asked.map(str::to_owned);
            let pending = Pending { registration, scopes, ..pending() };
            let refused =
                validate_response(&state.context, &pending, parameters(Some(error), None));
            let Err((ending, found)) = refused else { panic!("{error}") };
            let found_stale = matches!(found, BrowserSignInError::StaleClient(_));
            assert_eq!((ending, found_stale), (Ending::Denied, is_stale), "{error} {asked:?}");
            assert!(!found.into_failure().message.is_empty());
        }
        let code = validate_response(&state.context, &pending(), parameters(None, Some("c")));
        assert!(code.is_ok_and(|code| code.expose() == "c"));
    }

    /// whatever it says of the client, it is not from the right server.
    #[tokio::test]
    async fn a_refusal_from_another_issuer_says_nothing_of_the_client() {
        let (state, _) = state(options());
        let foreign = CallbackParameters {
            issuer: Some("https://other.example.com".to_owned()),
            ..parameters(Some("invalid_client"), None)
        };
        let Err((ending, error)) = validate_response(&state.context, &pending(), foreign) else {
            panic!("it is from another issuer")
        };
        assert_eq!(ending, Ending::WrongIssuer);
        assert!(matches!(error, BrowserSignInError::Failed(_)));
    }
}
