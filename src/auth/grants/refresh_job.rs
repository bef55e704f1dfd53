//! The token job for a refresh: one at a time across all processes, and stored durably before the
//! tokens are used. For client credentials, tokens are requested anew.

use url::Url;

use crate::auth::context::Context;
use crate::auth::durable::job::{JobError, JobOutcome};
use crate::auth::grants::token::TokenSet;
use crate::auth::grants::token_endpoint::GrantError;
use crate::auth::grants::user_parameters::UserParameters;
use crate::auth::grants::workload;
use crate::auth::options::Grant;
use crate::auth::records::record::SignIn;
use crate::auth::records::registration::{Registered, Registration};
use crate::redact::Secret;

/// The subject of a refusal, in messages.
pub(crate) const SUBJECT: &str = "to refresh the sign-in";

/// Locks, reads the store again, requests tokens, and stores them. `stale` is the access token to
/// replace.
pub(crate) async fn run_refresh_job(
    context: &Context,
    stale: &Secret<String>,
    moved_to: Option<Url>,
) -> JobOutcome {
    let _lock = context.lock_sign_in().await.map_err(JobError::Store)?;
    let stored = context.stored_sign_in().await.map_err(JobError::Store)?;
    let Some(mut stored) = stored else { return Ok(None) };
    if is_refreshed(context, &stored, stale) {
        return Ok(Some(Box::new(stored)));
    }
    if let Some(endpoint) = moved_to {
        stored.token_endpoint = endpoint;
    }
    let (tokens, registration) = match ask(context, &stored).await {
        None => return Ok(None),
        Some(Ok(refreshed)) => refreshed,
        Some(Err(error)) => {
            note_failure(context, &stored, &error).await;
            return Err(error.into());
        }
    };
    let before = stored.registration.clone();
    let binding = match stored.binding.of_issued(tokens.is_dpop) {
        Ok(binding) => binding,
        Err(failure) => return Err(GrantError::Unavailable(failure).into()),
    };
    let tokens = stored.tokens.refreshed_by(tokens);
    let refreshed = SignIn { tokens, registration, binding, refresh_problem: None, ..stored };
    save_refreshed(context, &refreshed).await;
    context.remember_accepted_method(&before, &refreshed.registration).await;
    Ok(Some(Box::new(refreshed)))
}

/// Updates the store after a failed refresh: deletes dead tokens; otherwise keeps them, with the
/// reason for the failure.
async fn note_failure(context: &Context, stored: &SignIn, error: &GrantError) {
    if error.ends_tokens_of(&stored.registration) {
        return discard(context, stored, error).await;
    }
    if error.is_transient() {
        return;
    }
    let problem = Some(error.clone().into_failure(SUBJECT, |_, _| String::new()).message);
    if stored.refresh_problem != problem {
        let noted = SignIn { refresh_problem: problem, ..stored.clone() };
        if let Err(failure) = context.save_sign_in(&noted).await {
            tracing::debug!("cannot note why a refresh failed: {}", failure.message);
        }
    }
}

/// Whether another process has already replaced this access token.
pub(crate) fn is_refreshed(context: &Context, stored: &SignIn, stale: &Secret<String>) -> bool {
    stored.tokens.access_token != *stale && stored.tokens.is_fresh(context.now())
}

/// Whether these tokens can be refreshed at all.
pub(crate) fn is_refreshable(context: &Context, record: &SignIn) -> bool {
    !context.options.grant.needs_person() || record.tokens.refresh_token.is_some()
}

/// Requests new tokens; returns them with the client as the server accepted it. `None` if there is
/// nothing to request them with.
async fn ask(
    context: &Context,
    stored: &SignIn,
) -> Option<Result<(TokenSet, Registration), GrantError>> {
    let (url, resource) = (&stored.token_endpoint, stored.resource.as_deref());
    let endpoint = context.token_endpoint(url, &stored.registration, resource, &stored.binding);
    let endpoint = match endpoint {
        Ok(endpoint) => endpoint,
        Err(failure) => return Some(Err(GrantError::Unavailable(failure))),
    };
    let scope = stored.scopes_asked.as_deref();
    let tokens = if let Grant::ClientCredentials = context.options.grant {
        let params = UserParameters::of(&context.options);
        endpoint.client_credentials(scope, params).await
    } else if let Grant::Workload(source) = &context.options.grant {
        workload::ask(context, source, &endpoint, scope).await
    } else if needs_secret(stored) {
        return None;
    } else {
        // Exactly as granted: large providers require it, and refuse a mixture.
        let scope = stored.tokens.scope.as_ref().or(stored.scopes_asked.as_ref());
        endpoint.refresh(stored.tokens.refresh_token.as_ref()?, scope.map(String::as_str)).await
    };
    Some(tokens.map(|tokens| (tokens, endpoint.registration())))
}

/// Whether the client's secret is missing. The user's own client is stored without it, so without
/// the flag that gives it, tokens cannot be refreshed, and trying would only raise the server's
/// suspicion.
fn needs_secret(stored: &SignIn) -> bool {
    let registration = &stored.registration;
    registration.how == Registered::Beforehand
        && registration.client_secret.is_none()
        && registration.auth_method.needs_secret()
}

/// Stores refreshed tokens. If that fails, this process can still use them, and losing them would
/// be worse than saying so.
async fn save_refreshed(context: &Context, refreshed: &SignIn) {
    let mut result = context.save_sign_in(refreshed).await;
    if result.is_err() {
        result = context.save_sign_in(refreshed).await;
    }
    if let Err(failure) = result {
        let server = context.options.display_server();
        context.notify_user(&format!(
            "the refreshed sign-in for `{server}` could not be stored and ends with this \
             process: {}",
            failure.message
        ));
    }
}

/// Deletes dead tokens, and also the client if the server no longer knows it.
async fn discard(context: &Context, stored: &SignIn, error: &GrantError) {
    context.delete(&context.names.sign_in).await;
    if error.is_unknown_client() && stored.registration.how == Registered::Dynamically {
        context.delete(&context.names.registration(&stored.issuer)).await;
    }
    tracing::info!(?error, "the sign-in can no longer be refreshed");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::client::auth_method::AuthMethod;
    use crate::auth::options::AuthOptions;
    use crate::auth::records::record::StoredRecord;
    use crate::auth::tests::{options, sign_in, state, store};
    use crate::error::{Failure, FailureKind};

    fn rejected(code: &str) -> GrantError {
        GrantError::Rejected { code: code.to_owned(), description: Some("so it is".to_owned()) }
    }

    fn failed(status: Option<u16>) -> GrantError {
        let failure = Failure::new(FailureKind::Http, "the server failed").hint("wait");
        GrantError::Unavailable(status.into_iter().fold(failure, Failure::status))
    }

    /// what is left of the stored sign-in and of its client after an error.
    async fn left_after(error: &GrantError, how: Registered) -> (Option<Option<String>>, bool) {
        let (state, vault) = state(options());
        let context = &state.context;
        let mut stored = sign_in(&options(), "a", Some(-1));
        stored.registration.how = how;
        store(&state, &vault, &stored).await;
        let name = context.names.registration(&stored.issuer);
        context.vault.save(&name, stored.registration.to_bytes()).await.unwrap();
        note_failure(context, &stored, error).await;
        let left = context.stored_sign_in().await.unwrap();
        (left.map(|left| left.refresh_problem), context.vault.knows(&name))
    }

    ///
    #[tokio::test]
    async fn only_dead_tokens_are_removed_and_a_reason_is_kept_with_the_others() {
        let ours = Registered::Dynamically;
        let given = Registered::Beforehand;
        let because = |words: &str| Some(Some(words.to_owned()));
        let refuses = |code: &str| {
            let server = "the authorization server refuses to refresh the sign-in";
            because(&format!("{server} (`{code}`: so it is)"))
        };
        for (error, how, sign_in, keeps_client) in [
            (rejected("invalid_grant"), ours, None, true),
            (rejected("invalid_client"), ours, None, false),
            (rejected("invalid_client"), given, refuses("invalid_client"), true),
            (rejected("invalid_scope"), ours, refuses("invalid_scope"), true),
            (rejected("temporarily_unavailable"), ours, Some(None), true),
            (failed(None), ours, Some(None), true),
            (failed(Some(429)), ours, Some(None), true),
            (failed(Some(500)), ours, because("the server failed"), true),
        ] {
            assert_eq!(left_after(&error, how).await, (sign_in, keeps_client), "{error:?} {how:?}");
        }
    }

    #[tokio::test]
    async fn the_same_reason_is_not_stored_again() {
        let (state, vault) = state(options());
        let stored = sign_in(&options(), "a", Some(-1));
        store(&state, &vault, &stored).await;
        note_failure(&state.context, &stored, &failed(Some(500))).await;
        let noted = state.context.stored_sign_in().await.unwrap().unwrap();
        let saves = vault.saves();
        note_failure(&state.context, &noted, &failed(Some(500))).await;
        assert_eq!(vault.saves(), saves);
    }

    ///
    #[tokio::test]
    async fn tokens_are_refreshed_only_with_what_is_needed_for_it() {
        let (state, _) = state(options());
        let mut record = sign_in(&options(), "a", None);
        assert!(is_refreshable(&state.context, &record) && !needs_secret(&record));
        record.registration.how = Registered::Beforehand;
        record.registration.auth_method = AuthMethod::Post;
        assert!(needs_secret(&record), "the flag that gives it is missing");
        assert!(ask(&state.context, &record).await.is_none(), "nothing is sent");
        record.registration.client_secret = Some(Secret::new("s".to_owned()));
        assert!(!needs_secret(&record));
        record.tokens.refresh_token = None;
        assert!(!is_refreshable(&state.context, &record));
        assert!(ask(&state.context, &record).await.is_none(), "nothing is sent");
        let machine = AuthOptions { grant: Grant::ClientCredentials, ..options() };
        assert!(is_refreshable(&self::state(machine).0.context, &record));
    }

    ///
    #[tokio::test]
    async fn what_another_process_has_refreshed_is_used_and_nothing_stored_is_no_error() {
        let (state, vault) = state(options());
        let stale = Secret::new("old".to_owned());
        assert!(
            run_refresh_job(&state.context, &stale, None).await.is_ok_and(|done| done.is_none())
        );
        let new = sign_in(&options(), "new", Some(3600));
        store(&state, &vault, &new).await;
        let Ok(Some(found)) = run_refresh_job(&state.context, &stale, None).await else {
            panic!("it is there")
        };
        assert_eq!(*found, new);
    }
}
