//! A sign-in by a person on another device (RFC 8628): a code to enter at an address, and polling.

use std::time::Duration;

use oauth2::{DeviceAuthorizationUrl, EmptyExtraDeviceAuthorizationFields, Scope};
use url::Url;

use super::browser_sign_in::{conclude, store, wait_for_turn};
use super::context::{Context, SignInState, Waiting, Wish};
use super::discovery::Discovered;
use super::record::{Registration, SignIn};
use super::registration::Registrar;
use super::token::TokenSet;
use super::token_endpoint::{GrantError, TokenEndpoint, grant_error};
use crate::error::{Failure, FailureKind};
use crate::redact::{Secret, plain};

type Answer = oauth2::DeviceAuthorizationResponse<EmptyExtraDeviceAuthorizationFields>;

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
    let registration = client(context, &discovered).await?;
    let scopes = context.scopes(&discovered, wish);
    let resource = discovered.resource_indicator(&context.options);
    let token_endpoint = discovered.server.token_endpoint.clone().ok_or_else(no_device_code)?;
    let endpoint = TokenEndpoint {
        outside: &context.outside,
        url: &token_endpoint,
        registration: &registration,
        key: context.key(),
        resource: resource.as_deref(),
        now: context.now(),
    };
    let tokens = ask(context, &endpoint, &discovered, scopes.as_deref()).await?;
    let record = SignIn {
        resource: resource.clone(),
        revocation_endpoint: discovered.server.revocation_endpoint.clone(),
        scopes_asked: scopes,
        ..SignIn::new(&context.options, &token_endpoint, &registration, tokens)
    };
    store(context, &record).await?;
    Ok(record)
}

async fn client(context: &Context, discovered: &Discovered) -> Result<Registration, Failure> {
    let options = &context.options;
    let registrar =
        Registrar { outside: &context.outside, options, discovered, now: context.now() };
    if let Some(standing) = registrar.standing()? {
        return Ok(standing);
    }
    if let Some(known) = context.stored_registration(&discovered.issuer).await {
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
) -> Result<TokenSet, Failure> {
    let url = discovered.server.device_authorization_endpoint.clone();
    let url = url.ok_or_else(no_device_code)?;
    let refused = |error: GrantError| with_hint(context, error.into_failure("the device code"));
    let grants =
        endpoint.grants().set_device_authorization_url(DeviceAuthorizationUrl::from_url(url));
    let words = scopes.unwrap_or_default().split_whitespace();
    let mut request =
        grants.exchange_device_code().add_scopes(words.map(|word| Scope::new(word.to_owned())));
    for (name, value) in endpoint.extras().map_err(refused)? {
        request = request.add_extra_param(name, value);
    }
    let answer: Answer =
        request.request_async(endpoint).await.map_err(|error| refused(grant_error(error)))?;
    announce(context, &answer).await?;
    let mut poll = grants.exchange_device_access_token(&answer);
    for (name, value) in endpoint.extras().map_err(refused)? {
        poll = poll.add_extra_param(name, value);
    }
    let patience = context.options.auth_timeout.min(answer.expires_in());
    let sleep = |pause: Duration| tokio::time::sleep(pause);
    let issued = poll.request_async(endpoint, sleep, Some(patience)).await;
    endpoint.tokens(issued).map_err(refused)
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

fn with_hint(context: &Context, failure: Failure) -> Failure {
    match failure.hint {
        Some(_) => failure,
        None => failure.hint(format!("try again with {}", context.options.login_command())),
    }
}
