//! Allows one sign-in by a person at a time across all processes (S-04), with a lock, and with its
//! owner's page and refusal for the processes that wait for it.

use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::auth::context::{Context, SignInState, WaitingSignIn, vault_failure};
use crate::auth::records::record::{Pending, SignIn, StoredRefusal};
use crate::auth::records::vault::{VaultError, VaultLock};
use crate::error::Failure;
use crate::redact::Secret;

/// The pauses, in milliseconds, before a process that waits for another's sign-in looks for its
/// page again.
const POLL_DELAYS_MS: [u64; 5] = [50, 200, 1000, 3000, 5000];

/// Takes the lock for a sign-in by a person. While another process holds it, its page is shown here
/// too; if that sign-in is refused, so is this one.
///
/// # Errors
/// The credential store cannot be used, or the sign-in that was waited for was refused.
pub(crate) async fn wait_for_turn(context: &Context) -> Result<VaultLock, Failure> {
    let began = context.now();
    let mut lock = context.vault.lock(&context.names.browser);
    let first = Duration::from_millis(POLL_DELAYS_MS[0]);
    if let Ok(locked) = tokio::time::timeout(first, &mut lock).await {
        return locked.map_err(vault_failure);
    }
    let locked = watch_other_process(context, &mut lock).await.map_err(vault_failure)?;
    let name = &context.names.refusal;
    let refusal = if context.vault.knows(name) {
        context.load_optional::<StoredRefusal>(name).await
    } else {
        None
    };
    match refusal.filter(|refusal| refusal.at >= began) {
        Some(refusal) => Err(refusal.to_failure()),
        None => Ok(locked),
    }
}

async fn watch_other_process(
    context: &Context,
    lock: &mut BoxFuture<'_, Result<VaultLock, VaultError>>,
) -> Result<VaultLock, VaultError> {
    let name = &context.names.pending;
    for delay in POLL_DELAYS_MS {
        let pending = if context.vault.knows(name) {
            context.load_optional::<Pending>(name).await
        } else {
            None
        };
        if let Some(waiting) = pending.as_ref().and_then(waiting) {
            context.publish(SignInState::Waiting(waiting));
            break;
        }
        if let Ok(locked) = tokio::time::timeout(Duration::from_millis(delay), &mut *lock).await {
            return locked;
        }
    }
    lock.await
}

fn waiting(pending: &Pending) -> Option<WaitingSignIn> {
    if pending.code.is_some() {
        return None;
    }
    let page = Secret::new(pending.page.expose().clone());
    Some(WaitingSignIn { page, user_code: None, since: pending.started })
}

/// Ends a sign-in by a person, and records a refusal for the processes that waited for it.
///
/// # Errors
/// The error in `outcome`.
pub(crate) async fn conclude(
    context: &Context,
    outcome: Result<SignIn, Failure>,
) -> Result<SignIn, Failure> {
    let name = &context.names.refusal;
    match &outcome {
        Ok(_) if context.vault.knows(name) => context.delete(name).await,
        Err(failure) if context.state.borrow().is_waiting() => {
            let refusal = StoredRefusal::new(failure, context.now());
            context.save_best_effort(name, &refusal).await;
        }
        _ => {}
    }
    outcome
}
