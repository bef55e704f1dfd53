//! What happens when the server refuses a request: read the store again, renew
//! once, discover again and sign in. Each at most once per incident; the caller shares it among all
//! requests.

use http::StatusCode;

use super::browser_sign_in::{self, Reach};
use super::challenge::Challenge;
use super::context::{Context, SignInState, Wish};
use super::held::{Held, Source};
use super::options::{Grant, Login};
use super::refresh::{self, Renewal};
use super::single_flight::Inner;
use super::{client_credentials, device_code, scopes};
use crate::error::{Failure, FailureKind};
use crate::redact::plain;

/// Deals with one refusal. `Ok`: there is another token, or one with more scopes, to try.
pub(super) async fn resolve(
    inner: &Inner,
    status: StatusCode,
    challenge: Option<Challenge>,
) -> Result<(), Failure> {
    let held = inner.memory().held.clone();
    let wish = Wish {
        refused: held.as_ref().map(|held| held.record.clone()),
        challenge,
        must_be_documented: false,
    };
    match status {
        StatusCode::FORBIDDEN => step_up(inner, wish).await,
        _ => unauthorized(inner, held, wish).await,
    }
}

async fn unauthorized(inner: &Inner, held: Option<Held>, wish: Wish) -> Result<(), Failure> {
    let context = &inner.context;
    let stage = inner.memory().stage(context.now());
    if stage < Source::LoadedAgain && stored_instead(inner, &wish).await? {
        return Ok(());
    }
    let renewable = held.as_ref().filter(|held| held.renewable && stage < Source::Renewed);
    if let Some(held) = renewable {
        match refresh::renew(context, &held.record, wish.challenge.clone()).await? {
            Renewal::Renewed(record) => return inner.hold(*record, Source::Renewed),
            Renewal::Impossible => inner.memory().exhaust(),
        }
    }
    if inner.memory().is_fresh_sign_in(context.now()) {
        return Err(refused_after_sign_in(context));
    }
    permitted_sign_in(inner, wish).await
}

/// More scopes are needed. One sign-in per set of scopes: a server that still refuses will
/// refuse for ever.
async fn step_up(inner: &Inner, wish: Wish) -> Result<(), Failure> {
    let context = &inner.context;
    let needed = wish.challenge.as_ref().and_then(|challenge| challenge.scope.as_deref());
    if let Some(wanted) = &context.options.scope
        && !scopes::covers(Some(wanted), needed)
    {
        return Err(forbidden(StatusCode::FORBIDDEN, wish.challenge.as_ref())
            .hint("add the scope to `--scope`, or leave that flag out"));
    }
    if inner.memory().was_agreed_to(needed) {
        return Err(forbidden(StatusCode::FORBIDDEN, wish.challenge.as_ref()));
    }
    if stored_instead(inner, &wish).await? {
        return Ok(());
    }
    permitted_sign_in(inner, wish).await
}

/// Whether another process stored something that serves.
async fn stored_instead(inner: &Inner, wish: &Wish) -> Result<bool, Failure> {
    let context = &inner.context;
    if !context.vault.knows(&context.names.sign_in) {
        return Ok(false);
    }
    match context.stored().await?.filter(|record| wish.is_met_by(record)) {
        Some(record) => inner.hold(record, Source::LoadedAgain).map(|()| true),
        None => Ok(false),
    }
}

/// Signs in if that may happen now.
async fn permitted_sign_in(inner: &Inner, wish: Wish) -> Result<(), Failure> {
    let context = &inner.context;
    let demanded = inner.memory().is_demanded();
    let person = !matches!(context.options.grant, Grant::ClientCredentials { .. });
    let put_off = match context.options.login {
        Login::Eager => false,
        Login::OnDemand => !demanded,
        Login::Never => true,
    };
    if person && put_off {
        context.publish(SignInState::Needed);
        let server = context.options.shown_server();
        return Err(Failure::new(
            FailureKind::AuthRequired,
            format!("a sign-in to `{server}` is needed"),
        )
        .hint(how_to_sign_in(context)));
    }
    if let Some(failure) = inner.memory().hindrance() {
        return Err(failure);
    }
    sign_in(inner, wish).await
}

/// Signs in, whether or not it may happen by itself.
pub(super) async fn sign_in(inner: &Inner, wish: Wish) -> Result<(), Failure> {
    let context = &inner.context;
    let signed_in = match context.options.grant {
        Grant::AuthorizationCode => browser_sign_in::sign_in(context, &wish, Reach::Tab).await,
        Grant::DeviceCode => device_code::sign_in(context, &wish).await,
        Grant::ClientCredentials { .. } => client_credentials::sign_in(context, &wish).await,
    };
    match signed_in {
        // One that another process completed while we waited counts as ours: the person has just
        // consented to it.
        Ok(record) => inner.hold(record, Source::SignedIn),
        Err(failure) => {
            let waited = context.state.borrow().is_waiting();
            inner.memory().note_failure(failure.clone(), waited);
            context.publish(SignInState::Failed(failure.clone()));
            Err(failure)
        }
    }
}

/// What to do about a sign-in that is needed.
pub(super) fn how_to_sign_in(context: &Context) -> String {
    let command = context.options.login_command();
    match &*context.state.borrow() {
        SignInState::Waiting(waiting) => {
            let page = waiting.page.expose();
            let code = waiting.user_code.as_ref();
            let code = code.map_or_else(String::new, |code| format!(", enter the code {code}"));
            format!("open {page} in a browser{code}, sign in, and try again")
        }
        _ => format!("run {command}, then try again"),
    }
}

fn refused_after_sign_in(context: &Context) -> Failure {
    let server = context.options.shown_server();
    Failure::new(
        FailureKind::AuthFailed,
        format!("`{server}` refuses the token of a sign-in that just worked"),
    )
    .status(401)
    .hint("the server and its authorization server disagree; tell the server's operator")
}

/// The server refuses, and signing in would not change that.
pub(super) fn forbidden(status: StatusCode, challenge: Option<&Challenge>) -> Failure {
    let said = challenge.and_then(|challenge| challenge.error_description.as_deref());
    let said = said.map_or_else(String::new, |said| format!(": {}", plain(said)));
    let scope = challenge.and_then(|challenge| challenge.scope.as_deref());
    let failure = Failure::new(
        FailureKind::Forbidden,
        format!("server answered HTTP {}{said}", status.as_u16()),
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
