//! The token job for an authorization code: redeems it once across all processes and stores the
//! tokens. A code that a killed process left behind is redeemed the same way.

use crate::auth::context::Context;
use crate::auth::durable::job::{JobError, JobOutcome};
use crate::auth::grants::authorization_code as code_grant;
use crate::auth::grants::token::TokenSet;
use crate::auth::grants::token_endpoint::TokenEndpoint;
use crate::auth::records::record::{Pending, SignIn};
use crate::auth::sign_in_plan::SignInPlan;
use crate::error::Failure;

/// Locks, checks whether another process was faster, redeems, and stores. A code works only once,
/// and servers revoke its tokens if it is used again (RFC 6749 §4.1.2).
pub(crate) async fn redeem(context: &Context, pending: &Pending) -> JobOutcome {
    let _lock = context.lock_sign_in().await.map_err(JobError::Store)?;
    let done = completed_meanwhile(context, pending).await.map_err(JobError::Store)?;
    if let Some(done) = done {
        return Ok(Some(Box::new(done)));
    }
    let Some(code) = &pending.code else { return Ok(None) };
    let record = code_grant::redeem(context, pending, code).await?;
    context.save_sign_in(&record).await.map_err(JobError::Store)?;
    context.remember_accepted_method(&pending.registration, &record.registration).await;
    context.delete(&context.names.pending).await;
    Ok(Some(Box::new(record)))
}

/// The sign-in that another process got for this code, if its pending record is gone.
async fn completed_meanwhile(
    context: &Context,
    pending: &Pending,
) -> Result<Option<SignIn>, Failure> {
    let name = &context.names.pending;
    if context.vault.knows(name) {
        let other = context.load_optional::<Pending>(name).await;
        if other.is_none_or(|other| other.state == pending.state) {
            return Ok(None);
        }
    }
    let stored = context.stored_sign_in().await?;
    Ok(stored.filter(|stored| {
        stored.tokens.obtained_at >= pending.started && stored.scopes_asked == pending.scopes
    }))
}

/// Stores the tokens that an authorization server issued for this plan.
///
/// # Errors
/// They have to be bound to a key but are not, or the credential store cannot be used.
pub(crate) async fn save_issued(
    context: &Context,
    plan: &SignInPlan,
    endpoint: &TokenEndpoint<'_>,
    tokens: TokenSet,
) -> Result<SignIn, Failure> {
    let record = SignIn {
        binding: plan.binding.of_issued(tokens.is_dpop)?,
        resource: plan.resource.clone(),
        revocation_endpoint: plan.discovered.server.revocation_endpoint.clone(),
        scopes_asked: plan.scopes.clone(),
        ..SignIn::new(&context.options, endpoint.url, &endpoint.registration(), tokens)
    };
    save_new(context, &record).await?;
    Ok(record)
}

/// Stores a new sign-in, but not during another process's refresh.
///
/// # Errors
/// The credential store cannot be used.
pub(crate) async fn save_new(context: &Context, record: &SignIn) -> Result<(), Failure> {
    let _lock = context.lock_sign_in().await?;
    context.save_sign_in(record).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::records::record::StoredRecord;
    use crate::auth::tests::{NOW, options, pending, sign_in, state, store};
    use crate::redact::Secret;

    /// A-36, S-04
    #[tokio::test]
    async fn a_sign_in_is_complete_if_another_process_has_redeemed_its_code() {
        let own = pending();
        let other = Pending { state: Secret::new("other".to_owned()), ..pending() };
        let narrow = Some("read".to_owned());
        for (kept, obtained_at, asked, is_done) in [
            (None, NOW, None, true),
            (None, NOW + 5, None, true),
            (None, NOW - 1, None, false),
            (None, NOW, narrow, false),
            (Some(&own), NOW, None, false),
            (Some(&other), NOW, None, true),
        ] {
            let (state, vault) = state(options());
            let context = &state.context;
            if let Some(kept) = kept {
                context.vault.save(&context.names.pending, kept.to_bytes()).await.unwrap();
            }
            let mut stored = SignIn { scopes_asked: asked, ..sign_in(&options(), "a", None) };
            stored.tokens.obtained_at = obtained_at;
            store(&state, &vault, &stored).await;
            let done = completed_meanwhile(context, &own).await.unwrap();
            assert_eq!(done.is_some(), is_done, "{obtained_at} {:?}", stored.scopes_asked);
        }
    }

    ///
    #[tokio::test]
    async fn a_damaged_record_of_a_sign_in_in_progress_is_not_another_one() {
        let (state, vault) = state(options());
        let context = &state.context;
        let damaged = Secret::new(b"{".to_vec());
        context.vault.save(&context.names.pending, damaged).await.unwrap();
        let mut stored = sign_in(&options(), "a", None);
        stored.tokens.obtained_at = NOW;
        store(&state, &vault, &stored).await;
        assert!(completed_meanwhile(context, &pending()).await.unwrap().is_none());
        assert!(redeem(context, &pending()).await.is_ok_and(|done| done.is_none()), "no code");
    }
}
