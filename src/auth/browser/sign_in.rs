//! Signs a person in with a browser, once across all processes (S-04). Reads from top to bottom:
//! wait for the turn, look for a stored or interrupted sign-in, open one page, wait for the
//! response, redeem its code, save the tokens. A sign-in that a killed process left behind is
//! completed in the same tab, or with the code that the tab returned.

use std::time::Duration;

use url::Url;

use crate::auth::browser::callback_server::{Arrival, Callback, Listener};
use crate::auth::browser::completion::{BrowserSignInError, complete, validate_response};
use crate::auth::browser::page::Ending;
use crate::auth::browser::pasted_answer::{LineSource, pasted};
use crate::auth::browser::pushed_page::{push, time_of_page};
use crate::auth::client::redirect_uri::{Redirect, candidates};
use crate::auth::context::{Context, SignInRequest, SignInState, WaitingSignIn};
use crate::auth::discovery::scopes;
use crate::auth::grants::authorization_code as code_grant;
use crate::auth::grants::authorization_response::CallbackParameters;
use crate::auth::grants::pushed_request;
use crate::auth::grants::token_endpoint::is_unknown_client;
use crate::auth::one_sign_in::{conclude, wait_for_turn};
use crate::auth::records::record::{Pending, SignIn};
use crate::auth::records::registration::{Registered, Registration};
use crate::auth::sign_in_plan::SignInPlan;
use crate::error::{Failure, FailureKind};
use crate::redact::{Secret, plain};

/// How long, in seconds, a tab that an earlier process opened is assumed to be still open. Hosts
/// start us twice in a row and kill one of the two (docs/hosts/README.md#started-twice); a person
/// who restarts the host after this long wants a tab.
const OPENED_TAB_SECONDS: u64 = 120;

/// How the person is asked for consent.
pub(crate) enum ConsentPrompt<'a> {
    /// A tab is opened unless one is already open.
    Tab,
    /// A tab is always opened: the person asked for it now.
    NewTab,
    /// No tab is opened; the person pastes the address at which the browser ended.
    Pasted(&'a mut dyn LineSource),
}

impl ConsentPrompt<'_> {
    fn tabs(&self) -> Tabs {
        match self {
            Self::Tab => Tabs::UnlessOpen,
            Self::NewTab => Tabs::Always,
            Self::Pasted(_) => Tabs::Never,
        }
    }
}

/// When a tab is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tabs {
    UnlessOpen,
    Always,
    Never,
}

impl Tabs {
    fn opens(self, context: &Context, pending: &Pending) -> bool {
        match self {
            Self::UnlessOpen => {
                !pending.opened || context.now() > pending.started + OPENED_TAB_SECONDS
            }
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// Signs in.
///
/// # Errors
/// Says what prevented the sign-in, with the next step.
pub(crate) async fn sign_in(
    context: &Context,
    request: &SignInRequest,
    mut prompt: ConsentPrompt<'_>,
) -> Result<SignIn, Failure> {
    let _turn = wait_for_turn(context).await?;
    if let Some(done) = context.sign_in_that_satisfies(request).await? {
        return Ok(done);
    }
    let outcome = in_turn(context, request, &mut prompt).await;
    conclude(context, outcome.map_err(BrowserSignInError::into_failure)).await
}

async fn in_turn(
    context: &Context,
    request: &SignInRequest,
    prompt: &mut ConsentPrompt<'_>,
) -> Result<SignIn, BrowserSignInError> {
    match find_interrupted(context, request, prompt.tabs()).await {
        Some(Interrupted::AtPage(pending, listener)) => {
            return ask_for_consent(context, *pending, listener, prompt).await;
        }
        Some(Interrupted::AtCode(pending)) => match complete(context, &pending).await {
            Ok(record) => return Ok(record),
            // The code is already used or too old: the person has to consent once more.
            Err((_, error)) => tracing::info!(
                "a sign-in that was interrupted cannot be completed: {}",
                error.into_failure().message
            ),
        },
        None => {}
    }
    let mut plan = SignInPlan::of(context, request).await?;
    let is_known = plan.registration.as_ref().is_some_and(|it| it.how == Registered::Dynamically);
    let prepared = match prepare(context, &mut plan).await {
        Err(BrowserSignInError::StaleClient(_)) if is_known => {
            plan.registration = None;
            prepare(context, &mut plan).await
        }
        prepared => prepared,
    };
    let (mut pending, mut listener) = prepared?;
    if pending.client_is_reused && is_page_refused(context, &pending).await {
        plan.registration = None;
        drop(listener);
        (pending, listener) = prepare(context, &mut plan).await?;
    }
    let is_reused = pending.client_is_reused;
    match ask_for_consent(context, pending, listener, prompt).await {
        // The server has forgotten the client: register once more.
        Err(BrowserSignInError::StaleClient(_)) if is_reused => {
            plan.registration = None;
            let (pending, listener) = prepare(context, &mut plan).await?;
            ask_for_consent(context, pending, listener, prompt).await
        }
        other => other,
    }
}

/// A sign-in that a killed process did not finish (S-04).
enum Interrupted {
    /// Its tab may still return, to this listener.
    AtPage(Box<Pending>, Listener),
    /// Its tab has returned a code, which another process may be redeeming right now.
    AtCode(Box<Pending>),
}

async fn find_interrupted(
    context: &Context,
    request: &SignInRequest,
    tabs: Tabs,
) -> Option<Interrupted> {
    if !context.vault.knows(&context.names.pending) {
        return None;
    }
    let mut pending: Pending = context.load_optional(&context.names.pending).await?;
    let end = pending.started + context.options.auth_timeout.as_secs();
    let needed = request.challenge.as_ref().and_then(|challenge| challenge.scope.as_deref());
    // Nobody has seen the page, and the server no longer knows it.
    let is_gone = !pending.opened
        && pending.pushed.as_ref().is_some_and(|pushed| pushed.ends <= context.now());
    let is_useful = context.now() < end
        && !is_gone
        && scopes::covers(pending.scopes.as_deref(), needed)
        && pending.registration.is_valid(context.now());
    pending.registration = pending.registration.completed(&context.options);
    if is_useful && pending.code.is_some() {
        return Some(Interrupted::AtCode(Box::new(pending)));
    }
    let is_useful = is_useful && !cannot_be_completed(context, &pending, tabs).await;
    let redirect = Redirect::parse(&pending.redirect_uri).filter(|_| is_useful);
    let listener = match redirect {
        Some(redirect) => Listener::bind(&[redirect], &context.options).await.ok(),
        None => None,
    };
    if listener.is_none() {
        context.delete(&context.names.pending).await;
    }
    Some(Interrupted::AtPage(Box::new(pending), listener?))
}

/// Whether an interrupted sign-in with an earlier client cannot succeed, so that a new client has
/// to be registered: the server refuses its page, or its tab was opened and must be gone by
/// now.
async fn cannot_be_completed(context: &Context, pending: &Pending, tabs: Tabs) -> bool {
    if !pending.client_is_reused {
        return false;
    }
    let is_unanswered = pending.opened && tabs.opens(context, pending);
    if !is_unanswered && !is_page_refused(context, pending).await {
        return false;
    }
    let issuer = &pending.registration.issuer;
    context.delete(&context.names.registration(issuer)).await;
    true
}

/// Whether the server refuses the page of a client that it registered earlier: it has then
/// forgotten the client, and its error page would never return to us. Checked before a person is
/// sent there.
async fn is_page_refused(context: &Context, pending: &Pending) -> bool {
    // Fetching a pushed request's page would use it up (RFC 9126 §4); its client has already been
    // accepted.
    if pending.pushed.is_some() {
        return false;
    }
    let page = pending.page.expose_to_wire();
    if context.http_client.page(page).await.is_err() {
        return false;
    }
    let Some(answer) = context.http_client.probe_page(page).await else { return false };
    let is_ours = |target: &Url| target.as_str().starts_with(&pending.redirect_uri);
    let error = answer.redirect.filter(is_ours).and_then(|target| {
        let error = target.query_pairs().find(|(name, _)| name == "error");
        error.map(|(_, code)| code.into_owned())
    });
    let refused = matches!(answer.status.as_u16(), 400 | 401 | 404 | 422)
        || error.is_some_and(|code| is_unknown_client(&code) || code == "invalid_scope");
    if refused {
        tracing::info!("the authorization server no longer accepts the client: registering again");
    }
    refused
}

/// Prepares everything before the page: port, client, verifier, state.
async fn prepare(
    context: &Context,
    plan: &mut SignInPlan,
) -> Result<(Pending, Listener), BrowserSignInError> {
    let known = plan.registration.as_ref();
    let registered = known.map_or(&[][..], |known| known.redirect_uris.as_slice());
    let options = &context.options;
    let mut listener = Listener::bind(&candidates(options, registered), options).await?;
    let mut is_reused = false;
    match known {
        Some(known)
            if known.allows_redirect(listener.redirect())
                && known.covers_scopes(plan.scopes.as_deref()) =>
        {
            is_reused = known.how == Registered::Dynamically;
        }
        Some(known) if known.how != Registered::Dynamically => {
            return Err(redirect_not_registered(known, listener.redirect()).into());
        }
        _ => {
            if let Some(redirect) = plan.register(context, Some(listener.redirect())).await? {
                listener = listener.with_redirect(redirect);
            }
        }
    }
    let mut pending =
        code_grant::begin(plan, listener.redirect(), &context.options, context.now())?;
    pending.client_is_reused = is_reused;
    push(context, plan, &mut pending).await?;
    Ok((pending, listener))
}

fn redirect_not_registered(known: &Registration, redirect: &Redirect) -> Failure {
    let uris = known.redirect_uris.iter().map(|uri| plain(uri)).collect::<Vec<_>>().join("`, `");
    Failure::new(
        FailureKind::AuthFailed,
        format!(
            "the OAuth client `{}` is registered for `{uris}`, but only `{}` is free here",
            plain(&known.client_id),
            redirect.uri()
        ),
    )
    .hint("end the program that uses the registered port, or register this redirect URI as well")
}

/// Shows the page, waits for the response, and stores the tokens.
async fn ask_for_consent(
    context: &Context,
    mut pending: Pending,
    listener: Listener,
    prompt: &mut ConsentPrompt<'_>,
) -> Result<SignIn, BrowserSignInError> {
    if time_of_page(context, &pending).is_some_and(|left| left.is_zero()) {
        pushed_request::push_again(context, &mut pending).await;
    }
    let page = context.http_client.page(pending.page.expose_to_person()).await?;
    let mut callback = listener.listen(pending.state.clone(), context.page_subject());
    // Before the browser opens, so that another process can complete this tab's sign-in if this one
    // is killed.
    let name = &context.names.pending;
    publish_page(context, &pending, &page).await;
    show_page(context, &mut pending, &page, prompt).await;
    let answer = loop {
        let left = time_of_page(context, &pending).filter(|_| prompt.tabs() != Tabs::Never);
        let page_ends = async {
            match left {
                Some(left) => tokio::time::sleep(left).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            answer = wait_for_answer(context, &mut callback, &pending, prompt) => break answer,
            () = page_ends => {}
        }
        // A person may still open the page by hand, so it must remain valid.
        pushed_request::push_again(context, &mut pending).await;
        if let Ok(page) = context.http_client.page(pending.page.expose_to_person()).await {
            publish_page(context, &pending, &page).await;
        }
    };
    let failure = match answer {
        Some(Ok((parameters, arrival))) => {
            return redeem(context, pending, parameters, arrival).await;
        }
        Some(Err(failure)) => failure,
        None => timed_out(context, &pending).await,
    };
    // The state is used once, whatever the outcome.
    context.delete(name).await;
    Err(failure.into())
}

/// Stores the sign-in in progress, and publishes its page.
async fn publish_page(context: &Context, pending: &Pending, page: &Url) {
    context.save_best_effort(&context.names.pending, pending).await;
    context.publish(SignInState::Waiting(WaitingSignIn {
        page: Secret::new(page.clone()),
        user_code: None,
        since: pending.started,
    }));
}

/// Opens the tab, and always tells the person the address: that the system agreed to open it
/// does not prove that anyone sees it.
async fn show_page(
    context: &Context,
    pending: &mut Pending,
    page: &Url,
    prompt: &mut ConsentPrompt<'_>,
) {
    let server = context.options.display_server();
    if !prompt.tabs().opens(context, pending) {
        let how = match prompt {
            ConsentPrompt::Pasted(_) => {
                "open this address in any browser, sign in, and paste the address that it ends at"
            }
            _ => "use the tab that was opened before; if it is gone, open this address",
        };
        context.notify_user(&format!("to sign in to `{server}`, {how}:\n{page}"));
        return;
    }
    match context.browser.open(page).await {
        Ok(()) => {
            context.notify_user(&format!(
                "your browser opens to sign in to `{server}`; if it does not, open this address:\n\
                 {page}"
            ));
            pending.opened = true;
            context.save_best_effort(&context.names.pending, pending).await;
        }
        Err(error) => {
            tracing::info!(%error, "no browser could be opened");
            context.notify_user(&format!(
                "no browser opens here ({error})\n\
                 to sign in to `{server}`, open this address:\n{page}"
            ));
        }
    }
}

/// The authorization response, with the browser's connection if it came from one.
type ConsentAnswer = Result<(CallbackParameters, Option<Arrival>), Failure>;

/// Waits for the browser, a pasted address, or the time limit (`None`), whichever comes first.
async fn wait_for_answer(
    context: &Context,
    callback: &mut Callback,
    pending: &Pending,
    prompt: &mut ConsentPrompt<'_>,
) -> Option<ConsentAnswer> {
    let end = pending.started + context.options.auth_timeout.as_secs();
    let timeout = Duration::from_secs(end.saturating_sub(context.now()).max(1));
    let by_browser = |arrival: Arrival| Ok((arrival.parameters.clone(), Some(arrival)));
    let answer = async {
        let arrival = callback.arrival();
        let ConsentPrompt::Pasted(lines) = prompt else { return by_browser(arrival.await) };
        let pasted = pasted(context, *lines, pending);
        tokio::select! {
            arrival = arrival => by_browser(arrival),
            parameters = pasted => parameters.map(|parameters| (parameters, None)),
        }
    };
    tokio::time::timeout(timeout, answer).await.ok()
}

/// Handles a sign-in that nobody completed in time. A forgotten registration looks the same,
/// because the server's error page never returns to us, so the next attempt registers again.
async fn timed_out(context: &Context, pending: &Pending) -> Failure {
    let registration = &pending.registration;
    let seconds = context.options.auth_timeout.as_secs();
    let command = context.options.login_command();
    let failure =
        Failure::new(FailureKind::AuthRequired, format!("sign-in timed out after {seconds} s"));
    if !pending.client_is_reused {
        return failure.hint(format!("sign in with {command}"));
    }
    context.delete(&context.names.registration(&registration.issuer)).await;
    failure.hint(format!(
        "sign in with {command}, which also registers a new client if the page did not know this \
         one"
    ))
}

/// Validates the response, redeems its code, saves the tokens, and shows the browser the result.
async fn redeem(
    context: &Context,
    mut pending: Pending,
    parameters: CallbackParameters,
    arrival: Option<Arrival>,
) -> Result<SignIn, BrowserSignInError> {
    let name = &context.names.pending;
    let outcome = match validate_response(context, &pending, parameters) {
        Ok(code) => {
            // Stored before it is redeemed, so that a kill from here on loses neither code nor
            // tokens.
            pending.code = Some(code);
            context.save_best_effort(name, &pending).await;
            complete(context, &pending).await
        }
        Err(refused) => {
            context.delete(name).await;
            Err(refused)
        }
    };
    let ending = outcome.as_ref().map_or_else(|(ending, _)| *ending, |_| Ending::SignedIn);
    if let Some(arrival) = arrival {
        arrival.finish(ending).await;
    }
    outcome.map_err(|(_, error)| error)
}
