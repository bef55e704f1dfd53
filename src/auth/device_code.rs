//! A sign-in by a person on another device (RFC 8628): a code to enter at an address, and polling.

use std::time::Duration;

use oauth2::{DeviceAuthorizationUrl, EmptyExtraDeviceAuthorizationFields, Scope};
use serde::{Deserialize, Serialize};
use url::Url;

use super::browser_sign_in::{conclude, wait_for_turn};
use super::context::{Context, SignInState, Waiting, Wish};
use super::discovery::Discovered;
use super::errand::{Errand, Gone, Outcome, Trouble};
use super::record::{Registration, SignIn};
use super::redemption::store;
use super::registration::Registrar;
use super::token_endpoint::{GrantError, TokenEndpoint, grant_error};
use crate::error::{Failure, FailureKind};
use crate::redact::{Secret, plain};

type Answer = oauth2::DeviceAuthorizationResponse<EmptyExtraDeviceAuthorizationFields>;

/// What is refused, in messages.
const SUBJECT: &str = "the device code";

/// A code that a person was shown, and everything that its tokens need.
#[derive(Serialize, Deserialize)]
pub(super) struct DeviceCode {
    answer: Answer,
    token_endpoint: Url,
    revocation_endpoint: Option<Url>,
    registration: Registration,
    resource: Option<String>,
    scopes: Option<String>,
}

/// Signs in.
///
/// # Errors
/// Whatever stands in the way, with the next step.
pub(super) async fn sign_in(context: &Context, wish: &Wish) -> Result<SignIn, Failure> {
    let _lock = wait_for_turn(context).await?;
    if let Some(done) = context.stored().await?.filter(|record| wish.is_met_by(record)) {
        return Ok(done);
    }
    let outcome = in_turn(context, wish).await;
    conclude(context, outcome).await
}

async fn in_turn(context: &Context, wish: &Wish) -> Result<SignIn, Failure> {
    let discovered = context.discover(wish).await?;
    let registration = client(context, wish, &discovered).await?;
    let scopes = context.scopes(&discovered, wish);
    let resource = discovered.resource_indicator(&context.options);
    let token_endpoint = discovered.server.token_endpoint.clone().ok_or_else(no_device_code)?;
    let endpoint = context.token_endpoint(&token_endpoint, &registration, resource.as_deref());
    let answer = ask(context, &endpoint, &discovered, scopes.as_deref()).await?;
    let accepted = endpoint.registration();
    drop(endpoint);
    context.remember_accepted(&registration, &accepted).await;
    announce(context, &answer).await?;
    let code = DeviceCode {
        answer,
        token_endpoint,
        revocation_endpoint: discovered.server.revocation_endpoint.clone(),
        registration: accepted,
        resource,
        scopes,
    };
    match context.run(Errand::AwaitDevice(Box::new(code))).await {
        Ok(Some(record)) => Ok(*record),
        Ok(None) => Err(refused(context, Failure::new(FailureKind::AuthFailed, "nobody waits"))),
        Err(Trouble::Grant(error)) => Err(refused(context, error.into_failure(SUBJECT))),
        Err(Trouble::Store(failure)) => Err(failure),
    }
}

async fn client(
    context: &Context,
    wish: &Wish,
    discovered: &Discovered,
) -> Result<Registration, Failure> {
    let registrar = Registrar {
        outside: &context.outside,
        options: &context.options,
        discovered,
        earlier: wish.refused.as_ref().map(|refused| &refused.registration),
        now: context.now(),
    };
    if let Some(standing) = registrar.standing()? {
        return Ok(standing);
    }
    if let Some(known) = context.stored_registration(discovered).await {
        return Ok(known);
    }
    let (registration, _) = registrar.register(None).await?;
    context.save_spare(&context.names.registration(&discovered.issuer), &registration).await;
    Ok(registration)
}

async fn ask(
    context: &Context,
    endpoint: &TokenEndpoint<'_>,
    discovered: &Discovered,
    scopes: Option<&str>,
) -> Result<Answer, Failure> {
    let url = discovered.server.device_authorization_endpoint.clone();
    let url = url.ok_or_else(no_device_code)?;
    let refuse = |error: GrantError| refused(context, error.into_failure(SUBJECT));
    let grants =
        endpoint.grants().set_device_authorization_url(DeviceAuthorizationUrl::from_url(url));
    let words = scopes.unwrap_or_default().split_whitespace();
    let mut request =
        grants.exchange_device_code().add_scopes(words.map(|word| Scope::new(word.to_owned())));
    if let Some(resource) = endpoint.resource {
        request = request.add_extra_param("resource", resource);
    }
    request.request_async(endpoint).await.map_err(|error| refuse(grant_error(error)))
}

/// The errand: ask again and again until the person has decided, and store what comes of it. When
/// whoever showed the code is gone nobody will enter it any more; an answer on its way is still
/// taken.
pub(super) async fn poll(context: &Context, code: &DeviceCode, gone: Gone) -> Outcome {
    let (url, resource) = (&code.token_endpoint, code.resource.as_deref());
    let endpoint = context.token_endpoint(url, &code.registration, resource);
    let grants = endpoint.grants();
    let mut request = grants.exchange_device_access_token(&code.answer);
    if let Some(resource) = endpoint.resource {
        request = request.add_extra_param("resource", resource);
    }
    let patience = context.options.auth_timeout.min(code.answer.expires_in());
    let between = tokio::sync::Notify::new();
    let sleep = |pause: Duration| {
        let (between, gone) = (&between, gone.clone());
        async move {
            if tokio::time::timeout(pause, gone).await.is_ok() {
                between.notify_one();
                std::future::pending::<()>().await;
            }
        }
    };
    let issued = tokio::select! {
        issued = request.request_async(&endpoint, sleep, Some(patience)) => issued,
        () = between.notified() => return Ok(None),
    };
    let tokens = endpoint.tokens(issued)?;
    let record = SignIn {
        resource: code.resource.clone(),
        revocation_endpoint: code.revocation_endpoint.clone(),
        scopes_asked: code.scopes.clone(),
        ..SignIn::new(&context.options, url, &endpoint.registration(), tokens)
    };
    store(context, &record).await?;
    context.remember_accepted(&code.registration, &record.registration).await;
    Ok(Some(Box::new(record)))
}

/// Tells the person where to go and what to enter there.
async fn announce(context: &Context, answer: &Answer) -> Result<(), Failure> {
    let parse = |text: &str| Url::parse(text).ok();
    let plain_page = parse(answer.verification_uri().as_str()).ok_or_else(no_device_code)?;
    let plain_page = context.outside.page(&plain_page).await?;
    let complete = answer.verification_uri_complete().and_then(|uri| parse(uri.secret()));
    let complete = complete.filter(|page| page.origin() == plain_page.origin());
    let code = plain(answer.user_code().secret());
    let server = context.options.shown_server();
    context.say(&format!(
        "to sign in to `{server}`, open this address on any device and enter the code {code}:\n\
         {plain_page}"
    ));
    context.publish(SignInState::Waiting(Waiting {
        page: Secret::new(complete.unwrap_or(plain_page)),
        user_code: Some(code),
        since: context.now(),
    }));
    Ok(())
}

fn no_device_code() -> Failure {
    Failure::new(FailureKind::AuthFailed, "the authorization server offers no device code")
        .hint("sign in with a browser: leave `--device-code` out, or use `--no-browser`")
}

fn refused(context: &Context, failure: Failure) -> Failure {
    match failure.hint {
        Some(_) => failure,
        None => failure.hint(format!("try again with {}", context.options.login_command())),
    }
}
