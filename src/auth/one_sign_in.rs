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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::records::record::StoredRecord;
    use crate::auth::tests::{NOW, options, pending, sign_in, state};
    use crate::error::FailureKind;

    fn refused() -> Failure {
        Failure::new(FailureKind::AuthFailed, "the person said no").hint("try again")
    }

    fn waiting() -> SignInState {
        let page = pending().page;
        SignInState::Waiting(WaitingSignIn { page, user_code: None, since: NOW })
    }

    /// S-04
    #[tokio::test(start_paused = true)]
    async fn the_page_of_another_process_is_shown_and_its_refusal_counts_here_too() {
        for (at, is_refused) in [(NOW, true), (NOW + 1, true), (NOW - 1, false)] {
            let (state, _) = state(options());
            let (context, name) = (&state.context, &state.context.names);
            let turn = context.vault.lock(&name.browser).await.unwrap();
            context.vault.save(&name.pending, pending().to_bytes()).await.unwrap();
            let mut shown = context.state.subscribe();
            let other = async {
                shown.changed().await.unwrap();
                assert_eq!(*context.state.borrow(), waiting());
                let refusal = StoredRefusal::new(&refused(), at);
                context.vault.save(&name.refusal, refusal.to_bytes()).await.unwrap();
                drop(turn);
            };
            let (taken, ()) = tokio::join!(wait_for_turn(context), other);
            assert_eq!(taken.is_err(), is_refused, "{at}");
            if let Err(failure) = taken {
                assert_eq!(failure, refused());
            }
        }
    }

    /// S-04
    #[tokio::test(start_paused = true)]
    async fn a_turn_is_taken_when_the_other_process_ends_before_it_shows_a_page() {
        let (state, _) = state(options());
        let (context, name) = (&state.context, &state.context.names);
        let turn = context.vault.lock(&name.browser).await.unwrap();
        let redeemed = Pending { code: Some(Secret::new("c".to_owned())), ..pending() };
        assert_eq!(super::waiting(&redeemed), None, "nobody has to open that page");
        context.vault.save(&name.pending, redeemed.to_bytes()).await.unwrap();
        let other = async {
            tokio::time::advance(Duration::from_secs(60)).await;
            drop(turn);
        };
        let (taken, ()) = tokio::join!(wait_for_turn(context), other);
        assert!(taken.is_ok());
        assert_eq!(*context.state.borrow(), SignInState::Idle);
    }

    /// S-04
    #[tokio::test]
    async fn a_turn_that_is_free_is_taken_at_once_whatever_was_refused_before() {
        let (state, _) = state(options());
        let context = &state.context;
        let refusal = StoredRefusal::new(&refused(), NOW + 10);
        context.vault.save(&context.names.refusal, refusal.to_bytes()).await.unwrap();
        assert!(wait_for_turn(context).await.is_ok());
    }

    /// S-04
    #[tokio::test]
    async fn a_refusal_is_left_for_others_only_if_a_person_was_asked() {
        let (state, vault) = state(options());
        let context = &state.context;
        let name = context.names.refusal.clone();
        assert!(conclude(context, Err(refused())).await.is_err());
        assert!(!vault_knows(context, &name), "nobody was asked");
        context.publish(waiting());
        assert_eq!(conclude(context, Err(refused())).await.unwrap_err(), refused());
        assert!(vault_knows(context, &name));
        let signed_in = sign_in(&options(), "a", None);
        assert_eq!(conclude(context, Ok(signed_in.clone())).await.unwrap(), signed_in);
        assert!(!vault_knows(context, &name), "a sign-in that worked removes it");
        assert_eq!(vault.saves(), 1);
    }

    fn vault_knows(context: &Context, name: &str) -> bool {
        context.vault.knows(name)
    }
}
