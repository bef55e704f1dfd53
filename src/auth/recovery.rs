//! Recovers from a refused request: reads the store again, refreshes once,
//! discovers again and signs in, each at most once per recovery. `coalesce` shares one among all
//! requests.

use http::StatusCode;

use crate::auth::browser::sign_in::{self as browser_sign_in, ConsentPrompt};
use crate::auth::context::{Context, SignInRequest, SignInState};
use crate::auth::discovery::challenge::Challenge;
use crate::auth::discovery::scopes;
use crate::auth::enterprise;
use crate::auth::grants::{client_credentials, device_code, workload};
use crate::auth::options::{DpopPolicy, Grant, LoginPolicy};
use crate::auth::refresh::refresh;
use crate::auth::refresh_at_issuer::RefreshOutcome;
use crate::auth::state::AuthorizerState;
use crate::auth::token_cache::{CachedToken, TokenOrigin};
use crate::error::{Failure, FailureKind};
use crate::redact::{plain, shown_words};

/// Recovers from one refusal. `Ok` means that there is another token to try, perhaps with more
/// scopes.
///
/// # Errors
/// A person has to act, or signing in would not help.
pub(crate) async fn recover(
    state: &AuthorizerState,
    status: StatusCode,
    challenge: Option<Challenge>,
) -> Result<(), Failure> {
    let cached = state.cache().token.clone();
    let request = SignInRequest {
        refused: cached.as_ref().map(|cached| cached.record.clone()),
        challenge,
        ..SignInRequest::default()
    };
    match status {
        StatusCode::FORBIDDEN => step_up(state, request).await,
        _ => unauthorized(state, cached, request).await,
    }
}

async fn unauthorized(
    state: &AuthorizerState,
    cached: Option<CachedToken>,
    mut request: SignInRequest,
) -> Result<(), Failure> {
    let context = &state.context;
    let stage = state.cache().stage(context.now());
    if stage < TokenOrigin::LoadedAgain && stored_instead(state, &request).await? {
        return Ok(());
    }
    let may_refresh = stage < TokenOrigin::Refreshed && state.cache().may_refresh();
    if let Some(cached) = cached.as_ref().filter(|_| may_refresh) {
        match refresh(context, &cached.record, request.challenge.clone()).await? {
            RefreshOutcome::Refreshed(record) => {
                return state.cache_tokens(*record, TokenOrigin::Refreshed);
            }
            RefreshOutcome::Impossible(reason) => state.cache().note_not_refreshable(reason),
            RefreshOutcome::Refused(reason) => state.cache().note_refresh_refusal(reason),
        }
    }
    if state.cache().is_fresh_sign_in(context.now()) {
        let Some(is_bound) = other_binding(context, cached.as_ref(), request.challenge.as_ref())
        else {
            return Err(refused_after_sign_in(context));
        };
        tracing::info!(is_bound, "the server takes another kind of token: signing in for one");
        request.refuses_bound = !is_bound;
        return permitted_sign_in(state, request, PageKind::Second).await;
    }
    permitted_sign_in(state, request, PageKind::First).await
}

/// The kind of page that a sign-in would open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PageKind {
    First,
    /// A page for a token with the other binding, directly after the first one.
    Second,
}

/// Whether the refusal of a fresh token asks for one with the other binding; if so, whether that is
/// bound to a key. The challenge to a request without a token may not tell the truth.
fn other_binding(
    context: &Context,
    cached: Option<&CachedToken>,
    challenge: Option<&Challenge>,
) -> Option<bool> {
    if context.options.dpop != DpopPolicy::Auto {
        return None;
    }
    let is_bound = cached?.bound.is_some();
    match challenge {
        Some(challenge) if challenge.is_dpop && !is_bound => Some(true),
        Some(challenge) if challenge.offers_dpop => None,
        _ => is_bound.then_some(false),
    }
}

/// Signs in for more scopes, once per set of scopes: a server that still refuses will refuse
/// forever.
async fn step_up(state: &AuthorizerState, request: SignInRequest) -> Result<(), Failure> {
    let context = &state.context;
    let needed = request.challenge.as_ref().and_then(|challenge| challenge.scope.as_deref());
    if let Some(wanted) = context.options.wanted_scope()
        && !scopes::covers(Some(wanted), needed)
    {
        let flag = match context.options.scope {
            Some(_) => "`--scope`",
            None => "the `scope` in `--static-oauth-client-metadata`",
        };
        return Err(forbidden(StatusCode::FORBIDDEN, request.challenge.as_ref()).hint(format!(
            "add the scope `{}` to {flag}, or leave that out",
            plain(needed.unwrap_or_default())
        )));
    }
    if state.cache().has_consent_for(needed) {
        return Err(forbidden(StatusCode::FORBIDDEN, request.challenge.as_ref()));
    }
    if stored_instead(state, &request).await? {
        return Ok(());
    }
    permitted_sign_in(state, request, PageKind::First).await
}

/// Uses a sign-in that another process has stored, if it satisfies the request; returns whether
/// there is one.
async fn stored_instead(state: &AuthorizerState, request: &SignInRequest) -> Result<bool, Failure> {
    let context = &state.context;
    if !context.vault.knows(&context.names.sign_in) {
        return Ok(false);
    }
    match context.stored_sign_in().await?.filter(|record| request.is_satisfied_by(record)) {
        Some(record) => state.cache_tokens(record, TokenOrigin::LoadedAgain).map(|()| true),
        None => Ok(false),
    }
}

/// Signs in if that is permitted now.
async fn permitted_sign_in(
    state: &AuthorizerState,
    mut request: SignInRequest,
    page: PageKind,
) -> Result<(), Failure> {
    let context = &state.context;
    let demanded = state.cache().is_demanded();
    let put_off = match context.options.login {
        LoginPolicy::Eager => false,
        LoginPolicy::OnDemand => !demanded,
        LoginPolicy::Never => true,
    };
    request.without_person = put_off;
    if context.options.grant.needs_person() && put_off {
        context.publish(SignInState::Needed);
        return Err(state.sign_in_needed());
    }
    if let Some(failure) = state.cache().reason_to_wait() {
        return Err(failure);
    }
    // Whoever runs a command asks for every page that it opens, so only bridges are limited.
    if context.options.grant.needs_person() && context.options.outlives_requests {
        let begun = match page {
            PageKind::First if state.cache().is_token_proven() => {
                let begun = state.cache().begin_page();
                begun.or_else(|_| state.cache().begin_second_page())
            }
            PageKind::First => state.cache().begin_page(),
            PageKind::Second => state.cache().begin_second_page(),
        };
        begun.map_err(|seconds| too_many_pages(context, seconds))?;
    }
    sign_in(state, request).await
}

/// Signs in, even if that is not permitted to happen automatically.
pub(crate) async fn sign_in(
    state: &AuthorizerState,
    request: SignInRequest,
) -> Result<(), Failure> {
    let context = &state.context;
    let signed_in = match &context.options.grant {
        Grant::AuthorizationCode => {
            browser_sign_in::sign_in(context, &request, ConsentPrompt::Tab).await
        }
        Grant::DeviceCode => device_code::sign_in(context, &request).await,
        Grant::ClientCredentials => client_credentials::sign_in(context, &request).await,
        Grant::Workload(source) => workload::sign_in(context, source, &request).await,
        Grant::EnterpriseManaged => {
            enterprise::sign_in(context, &request, ConsentPrompt::Tab).await
        }
    };
    match signed_in {
        // A sign-in that another process completed while we waited counts as ours: the person has
        // just consented to it.
        Ok(record) => state.cache_tokens(record, TokenOrigin::SignedIn),
        Err(failure) => {
            let waited = context.state.borrow().is_waiting();
            state.cache().note_failure(failure.clone(), waited);
            context.publish(SignInState::Failed(failure.clone()));
            Err(failure)
        }
    }
}

/// The failure for a server that asks for one sign-in after the other (S-39).
fn too_many_pages(context: &Context, seconds: u64) -> Failure {
    let server = context.options.display_server();
    let message =
        format!("`{server}` asks for a sign-in again and again; no page is opened for now");
    let command = context.options.login_command();
    Failure::new(FailureKind::AuthRequired, message)
        .hint(format!("sign in with {command}, or try again in {seconds} s"))
}

/// The hint for a missing sign-in.
pub(crate) fn hint_to_sign_in(context: &Context) -> String {
    let command = context.options.login_command();
    match &*context.state.borrow() {
        SignInState::Waiting(waiting) if context.options.outlives_requests => {
            let page = waiting.page.expose_to_person();
            let code = waiting.user_code.as_ref();
            let code = code.map_or_else(String::new, |code| format!(", enter the code {code}"));
            format!("open {page} in a browser{code}, sign in, and try again")
        }
        _ => format!("run {command}, then try again"),
    }
}

fn refused_after_sign_in(context: &Context) -> Failure {
    let server = context.options.display_server();
    Failure::new(
        FailureKind::AuthFailed,
        format!("`{server}` refused the token of a sign-in that has just succeeded"),
    )
    .status(401)
    .hint(
        "the server may want a token for another audience (`--resource URI`, `--authorize-param \
         audience=URI`), with other scopes (`--scope`), or the ID token (`--use-id-token`); \
         otherwise tell its operator",
    )
}

/// The failure for a refusal that signing in would not change.
pub(crate) fn forbidden(status: StatusCode, challenge: Option<&Challenge>) -> Failure {
    let said = challenge.and_then(|challenge| challenge.error_description.as_deref());
    let said = said.map_or_else(String::new, |said| format!(": {}", shown_words(said)));
    let scope = challenge.and_then(|challenge| challenge.scope.as_deref());
    let failure = Failure::new(
        FailureKind::Forbidden,
        format!("the server answered HTTP {}{said}", status.as_u16()),
    )
    .status(status.as_u16());
    match scope {
        Some(scope) => failure.hint(format!(
            "the server wants the scope `{}`, which this account does not get; sign in with an \
             account that may do this",
            plain(scope)
        )),
        None => failure.hint(
            "the account is not allowed to do this, or the server refuses this address; signing in \
             again would not help",
        ),
    }
}

#[cfg(test)]
mod tests;
