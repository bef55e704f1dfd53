//! A sign-in by a person in a browser, once over all processes (S-04): lock, look what others did,
//! prepare, open one tab, wait; `redemption` does the rest. A killed owner's sign-in is completed
//! in the same tab, or with the code that its tab brought.

use std::time::Duration;

use futures_util::future::BoxFuture;
use url::Url;

use super::authorization_code::{self as code_grant, CallbackParameters};
use super::callback::{Arrival, Callback, Listener};
use super::context::{Context, SignInState, Waiting, Wish, vault_failure};
use super::discovery::Discovered;
use super::page::Ending;
use super::record::{Pending, Refusal, Registered, Registration, SignIn};
use super::redemption::{Ended, complete, judge};
use super::redirect::{Redirect, candidates};
use super::registration::Registrar;
use super::typed_answer::{LineSource, typed};
use super::vault::{VaultError, VaultLock};
use crate::error::{Failure, FailureKind};
use crate::redact::{Secret, plain};

/// How often a process that waits for another's sign-in looks for its page.
const LOOK_AGAIN: [u64; 5] = [50, 200, 1000, 3000, 5000];

/// How long a tab that an earlier process opened is taken to be still there. Hosts start us twice
/// in a row and kill one of them (docs/hosts/README.md#started-twice); a person who starts the host
/// anew after this long wants a tab.
const TAB_LASTS: u64 = 120;

/// How the person is reached.
pub(super) enum Reach<'a> {
    /// A tab is opened unless one is open already.
    Tab,
    /// A tab is opened in any case: the person asked for it now.
    NewTab,
    /// No tab; the address that the browser ended at is typed in.
    Typed(&'a mut dyn LineSource),
}

/// Signs in.
///
/// # Errors
/// Whatever stands in the way, with the next step.
pub(super) async fn sign_in(
    context: &Context,
    wish: &Wish,
    mut reach: Reach<'_>,
) -> Result<SignIn, Failure> {
    let _lock = wait_for_turn(context).await?;
    if let Some(done) = context.stored().await?.filter(|record| wish.is_met_by(record)) {
        return Ok(done);
    }
    let outcome = in_turn(context, wish, &mut reach).await.map_err(Ended::into_failure);
    conclude(context, outcome).await
}

async fn in_turn(context: &Context, wish: &Wish, reach: &mut Reach<'_>) -> Result<SignIn, Ended> {
    match left_behind(context, wish).await {
        Some(LeftBehind::Tab(pending, listener)) => {
            return consent(context, *pending, listener, reach).await;
        }
        Some(LeftBehind::Code(pending)) => match complete(context, &pending).await {
            Ok(record) => return Ok(record),
            // Its code is spent or too old: the person has to consent once more.
            Err((_, ended)) => tracing::info!(
                "a sign-in that was interrupted cannot be completed: {}",
                ended.into_failure().message
            ),
        },
        None => {}
    }
    let discovered = context.discover(wish).await?;
    let scopes = context.scopes(&discovered, wish);
    let (pending, listener) = prepare(context, wish, &discovered, scopes.clone(), true).await?;
    let stale = pending.registration.how == Registered::Dynamically
        && pending.registration.registered_at < pending.started;
    match consent(context, pending, listener, reach).await {
        // The server forgot the client: register once more.
        Err(Ended::UnknownClient(_)) if stale => {
            let (pending, listener) = prepare(context, wish, &discovered, scopes, false).await?;
            consent(context, pending, listener, reach).await
        }
        other => other,
    }
}

/// Takes the lock of the one sign-in by a person. While another process has it, its page is shown
/// here too; if that one ends in a refusal, so does this one.
///
/// # Errors
/// The vault cannot be used, or the sign-in that was waited for was refused.
pub(super) async fn wait_for_turn(context: &Context) -> Result<VaultLock, Failure> {
    let began = context.now();
    let mut lock = context.vault.lock(&context.names.browser);
    let first = Duration::from_millis(LOOK_AGAIN[0]);
    if let Ok(locked) = tokio::time::timeout(first, &mut lock).await {
        return locked.map_err(vault_failure);
    }
    let locked = watch_the_other(context, &mut lock).await.map_err(vault_failure)?;
    let name = &context.names.refusal;
    let refusal = match context.vault.knows(name) {
        true => context.spare::<Refusal>(name).await,
        false => None,
    };
    match refusal.filter(|refusal| refusal.at >= began) {
        Some(refusal) => Err(refusal.to_failure()),
        None => Ok(locked),
    }
}

async fn watch_the_other(
    context: &Context,
    lock: &mut BoxFuture<'_, Result<VaultLock, VaultError>>,
) -> Result<VaultLock, VaultError> {
    for pause in LOOK_AGAIN {
        let pending = match context.vault.knows(&context.names.pending) {
            true => context.spare::<Pending>(&context.names.pending).await,
            false => None,
        };
        if let Some(waiting) = pending.as_ref().and_then(waiting) {
            context.publish(SignInState::Waiting(waiting));
            break;
        }
        let pause = Duration::from_millis(pause);
        if let Ok(locked) = tokio::time::timeout(pause, &mut *lock).await {
            return locked;
        }
    }
    lock.await
}

/// Ends a sign-in by a person: those who waited for it get to know a refusal.
pub(super) async fn conclude(
    context: &Context,
    outcome: Result<SignIn, Failure>,
) -> Result<SignIn, Failure> {
    let name = &context.names.refusal;
    match &outcome {
        Ok(_) if context.vault.knows(name) => context.forget(name).await,
        Err(failure) if context.state.borrow().is_waiting() => {
            context.save_spare(name, &Refusal::new(failure, context.now())).await;
        }
        _ => {}
    }
    outcome
}

fn waiting(pending: &Pending) -> Option<Waiting> {
    if pending.code.is_some() {
        return None;
    }
    let page = Url::parse(pending.page.expose()).ok()?;
    Some(Waiting { page: Secret::new(page), user_code: None, since: pending.started })
}

/// What a killed process left behind (S-04).
enum LeftBehind {
    /// A tab that may still come back, and its place to come to.
    Tab(Box<Pending>, Listener),
    /// A tab that came back with a code; another process may be redeeming it this very moment.
    Code(Box<Pending>),
}

async fn left_behind(context: &Context, wish: &Wish) -> Option<LeftBehind> {
    if !context.vault.knows(&context.names.pending) {
        return None;
    }
    let mut pending: Pending = context.spare(&context.names.pending).await?;
    let end = pending.started + context.options.auth_timeout.as_secs();
    let needed = wish.challenge.as_ref().and_then(|challenge| challenge.scope.as_deref());
    let serves = context.now() < end
        && super::scopes::covers(pending.scopes.as_deref(), needed)
        && pending.registration.is_valid(context.now());
    if serves && pending.code.is_some() {
        pending.registration = pending.registration.completed(&context.options);
        return Some(LeftBehind::Code(Box::new(pending)));
    }
    let redirect = Redirect::parse(&pending.redirect_uri).filter(|_| serves);
    let listener = match redirect {
        Some(redirect) => Listener::bind(&[redirect]).await.ok(),
        None => None,
    };
    if listener.is_none() {
        context.forget(&context.names.pending).await;
    }
    pending.registration = pending.registration.completed(&context.options);
    Some(LeftBehind::Tab(Box::new(pending), listener?))
}

/// Everything before the tab: port, client, verifier, page.
async fn prepare(
    context: &Context,
    wish: &Wish,
    discovered: &Discovered,
    scopes: Option<String>,
    reuse: bool,
) -> Result<(Pending, Listener), Failure> {
    let options = &context.options;
    let now = context.now();
    let earlier = wish.refused.as_ref().map(|refused| &refused.registration);
    let registrar = Registrar { outside: &context.outside, options, discovered, earlier, now };
    let standing = registrar.standing()?;
    let known = match (&standing, reuse) {
        (Some(_), _) => standing,
        (None, true) => context.stored_registration(discovered).await,
        (None, false) => None,
    };
    let registered = known.as_ref().map_or(&[][..], |known| known.redirect_uris.as_slice());
    let listener = Listener::bind(&candidates(options, registered)).await?;
    let (registration, listener) = match known {
        Some(known) if known.allows_redirect(listener.redirect()) => (known, listener),
        Some(known) if known.how != Registered::Dynamically => {
            return Err(redirect_unknown(&known, listener.redirect()));
        }
        _ => register(context, &registrar, listener).await?,
    };
    let redirect = listener.redirect().clone();
    let pending = code_grant::begin(discovered, registration, &redirect, scopes, options, now)?;
    Ok((pending, listener))
}

async fn register(
    context: &Context,
    registrar: &Registrar<'_>,
    listener: Listener,
) -> Result<(Registration, Listener), Failure> {
    let (registration, redirect) = registrar.register(Some(listener.redirect())).await?;
    let name = context.names.registration(&registration.issuer);
    context.save_spare(&name, &registration).await;
    let listener = match redirect {
        Some(redirect) => listener.with_redirect(redirect),
        None => listener,
    };
    Ok((registration, listener))
}

fn redirect_unknown(known: &Registration, redirect: &Redirect) -> Failure {
    let uris = known.redirect_uris.iter().map(|uri| plain(uri)).collect::<Vec<_>>().join("`, `");
    Failure::new(
        FailureKind::AuthFailed,
        format!(
            "the OAuth client `{}` is registered for `{uris}`, and `{}` is what is free here",
            plain(&known.client_id),
            redirect.uri()
        ),
    )
    .hint("end the program that uses the registered port, or register this redirect URI as well")
}

/// From the page to the stored tokens.
async fn consent(
    context: &Context,
    mut pending: Pending,
    listener: Listener,
    reach: &mut Reach<'_>,
) -> Result<SignIn, Ended> {
    let page = Url::parse(pending.page.expose()).expect("the page was made by us");
    let page = context.outside.page(&page).await.map_err(Ended::Failed)?;
    let mut callback = listener.listen(pending.state.clone(), context.subject());
    // Before the browser opens: whoever comes after a kill can complete this very tab.
    let name = &context.names.pending;
    context.save_spare(name, &pending).await;
    context.publish(SignInState::Waiting(Waiting {
        page: Secret::new(page.clone()),
        user_code: None,
        since: pending.started,
    }));
    show(context, &mut pending, &page, reach).await;
    let answer = answer(context, &mut callback, &pending, reach).await;
    let failure = match answer {
        Some(Ok((parameters, arrival))) => {
            return finish(context, pending, parameters, arrival).await;
        }
        Some(Err(failure)) => failure,
        None => nobody_came(context, &pending).await,
    };
    // The state is used once, whatever comes of it.
    context.forget(name).await;
    Err(Ended::Failed(failure))
}

/// Judges what came, redeems the code, and tells the browser how it ended.
async fn finish(
    context: &Context,
    mut pending: Pending,
    parameters: CallbackParameters,
    arrival: Option<Arrival>,
) -> Result<SignIn, Ended> {
    let name = &context.names.pending;
    let outcome = match judge(&pending, parameters) {
        Ok(code) => {
            // Durable before it is spent: a kill from here on loses neither code nor tokens.
            pending.code = Some(code);
            context.save_spare(name, &pending).await;
            complete(context, &pending).await
        }
        Err(refused) => {
            context.forget(name).await;
            Err(refused)
        }
    };
    let ending = outcome.as_ref().map_or_else(|(ending, _)| *ending, |_| Ending::SignedIn);
    if let Some(arrival) = arrival {
        arrival.finish(ending).await;
    }
    outcome.map_err(|(_, ended)| ended)
}

/// Opens the tab, and tells the person the address in any case: that the system agreed to open it
/// does not prove that anybody sees it.
async fn show(context: &Context, pending: &mut Pending, page: &Url, reach: &mut Reach<'_>) {
    let server = context.options.shown_server();
    let opens = match reach {
        Reach::Tab => !pending.opened || context.now() > pending.started + TAB_LASTS,
        Reach::NewTab => true,
        Reach::Typed(_) => false,
    };
    if !opens {
        let how = match reach {
            Reach::Typed(_) => {
                "open this address in a browser, and paste the address that it ends at"
            }
            _ => "a tab was opened before; if it is gone, open this address",
        };
        context.say(&format!("to sign in to `{server}`, {how}:\n{page}"));
        return;
    }
    match context.browser.open(page).await {
        Ok(()) => context.say(&format!(
            "a browser opens to sign in to `{server}`; if it does not, open this address:\n{page}"
        )),
        Err(error) => {
            tracing::warn!(%error, "no browser could be opened");
            context.say(&format!("to sign in to `{server}`, open this address:\n{page}"));
        }
    }
    pending.opened = true;
    context.save_spare(&context.names.pending, pending).await;
}

type Answer = Result<(CallbackParameters, Option<Arrival>), Failure>;

/// What comes first: the browser, a pasted address, or the end of patience (`None`).
async fn answer(
    context: &Context,
    callback: &mut Callback,
    pending: &Pending,
    reach: &mut Reach<'_>,
) -> Option<Answer> {
    let end = pending.started + context.options.auth_timeout.as_secs();
    let patience = Duration::from_secs(end.saturating_sub(context.now()).max(1));
    let arrived = async {
        match reach {
            Reach::Typed(lines) => {
                tokio::select! {
                    arrival = callback.arrival() => came(arrival),
                    typed = typed(context, *lines, pending) => typed.map(|typed| (typed, None)),
                }
            }
            _ => came(callback.arrival().await),
        }
    };
    tokio::time::timeout(patience, arrived).await.ok()
}

fn came(arrival: Arrival) -> Answer {
    Ok((arrival.parameters.clone(), Some(arrival)))
}

/// Nobody came back in time. A registration that the server forgot looks just like this, because
/// its error page never comes back to us: the next attempt registers anew.
async fn nobody_came(context: &Context, pending: &Pending) -> Failure {
    let registration = &pending.registration;
    if registration.how == Registered::Dynamically && registration.registered_at < pending.started {
        context.forget(&context.names.registration(&registration.issuer)).await;
    }
    let seconds = context.options.auth_timeout.as_secs();
    let command = context.options.login_command();
    Failure::new(FailureKind::AuthRequired, format!("nobody completed the sign-in in {seconds} s"))
        .hint(format!("sign in with {command}"))
}
