//! From what the browser brought back to the stored tokens: judged, redeemed once over all
//! processes, and told as success only when the tokens rest. A code that a killed process left
//! behind goes the same way.

use super::authorization_code::{self as code_grant, CallbackParameters};
use super::context::Context;
use super::errand::{Errand, Outcome, Trouble};
use super::page::Ending;
use super::record::{Pending, Registration, SignIn};
use super::token_endpoint::GrantError;
use crate::error::{Failure, FailureKind};
use crate::redact::Secret;

/// How a sign-in ended without tokens.
pub(super) enum Ended {
    /// The server does not know the client.
    UnknownClient(Failure),
    /// Anything else.
    Failed(Failure),
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Ended {
    pub(super) fn into_failure(self) -> Failure {
        match self {
            Self::UnknownClient(failure) | Self::Failed(failure) => failure,
        }
    }
}

/// The code of an answer that may be used.
pub(super) fn judge(
    pending: &Pending,
    parameters: CallbackParameters,
) -> Result<Secret<String>, (Ending, Ended)> {
    let unknown =
        matches!(parameters.error.as_deref(), Some("invalid_client" | "unauthorized_client"));
    code_grant::judge(pending, parameters).map_err(|(ending, failure)| {
        let unknown = unknown && ending == Ending::Denied;
        (ending, if unknown { Ended::UnknownClient(failure) } else { Ended::Failed(failure) })
    })
}

/// Redeems and stores. The page says success only after this.
pub(super) async fn complete(
    context: &Context,
    pending: &Pending,
) -> Result<SignIn, (Ending, Ended)> {
    let outcome = context.run(Errand::Redeem(Box::new(pending.clone()))).await;
    // The state is used once, whatever comes of it.
    context.forget(&context.names.pending).await;
    match outcome {
        Ok(Some(record)) => Ok(*record),
        Ok(None) => {
            let failure = Failure::new(FailureKind::AuthFailed, "the browser brought no code");
            Err((Ending::NotRedeemed, Ended::Failed(failure)))
        }
        Err(Trouble::Grant(error)) => {
            Err((Ending::NotRedeemed, not_redeemed(context, &pending.registration, error)))
        }
        Err(Trouble::Store(failure)) => Err((Ending::NotStored, Ended::Failed(failure))),
    }
}

/// The errand: lock, see whether somebody was faster, redeem, store. A code is good once, and
/// servers take the tokens back when it is shown again (RFC 6749 §4.1.2).
pub(super) async fn redeem(context: &Context, pending: &Pending) -> Outcome {
    let _lock = context.lock_sign_in().await?;
    if let Some(done) = completed_meanwhile(context, pending).await? {
        return Ok(Some(Box::new(done)));
    }
    let Some(code) = &pending.code else { return Ok(None) };
    let record = code_grant::redeem(context, pending, code).await?;
    context.keep(&record).await?;
    context.remember_accepted(&pending.registration, &record.registration).await;
    context.forget(&context.names.pending).await;
    Ok(Some(Box::new(record)))
}

/// The sign-in that another process made of this very code: then its own record of it is gone.
async fn completed_meanwhile(
    context: &Context,
    pending: &Pending,
) -> Result<Option<SignIn>, Failure> {
    let name = &context.names.pending;
    if context.vault.knows(name) {
        let other = context.spare::<Pending>(name).await;
        if other.is_none_or(|other| other.state == pending.state) {
            return Ok(None);
        }
    }
    let stored = context.stored().await?;
    Ok(stored.filter(|stored| {
        stored.tokens.obtained_at >= pending.started && stored.scopes_asked == pending.scopes
    }))
}

/// Stores a new sign-in, not in the middle of another process's renewal.
pub(super) async fn store(context: &Context, record: &SignIn) -> Result<(), Failure> {
    let _lock = context.lock_sign_in().await?;
    context.keep(record).await
}

fn not_redeemed(context: &Context, registration: &Registration, error: GrantError) -> Ended {
    let unknown = error.is_unknown_client();
    let advice = match &error {
        GrantError::Rejected { .. } if unknown => Some(registration.hint_when_refused()),
        GrantError::Rejected { code, .. } => code_grant::advice(code).map(str::to_owned),
        GrantError::Unavailable(_) => None,
    };
    let mut failure = error.into_failure("the sign-in");
    if failure.hint.is_none() {
        let again = || {
            let command = context.options.login_command();
            format!("try again with {command}; codes are good only for a moment")
        };
        failure = failure.hint(advice.unwrap_or_else(again));
    }
    match unknown {
        true => Ended::UnknownClient(failure),
        false => Ended::Failed(failure),
    }
}
