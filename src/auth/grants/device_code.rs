//! Signs a person in on another device (RFC 8628): shows a code and the address at which to enter
//! it. The token job in `device_poll` waits for the tokens.

use oauth2::{DeviceAuthorizationUrl, RequestTokenError, Scope};
use url::Url;

use crate::auth::context::{Context, SignInRequest, SignInState, WaitingSignIn};
use crate::auth::discovery::requirements::without_device_codes;
use crate::auth::durable::job::{DeviceAuthorization, DeviceCode, JobError, TokenJob};
use crate::auth::durable::runner;
use crate::auth::grants::token_endpoint::{TokenEndpoint, grant_error};
use crate::auth::grants::user_parameters::UserParameters;
use crate::auth::one_sign_in::{conclude, wait_for_turn};
use crate::auth::records::record::SignIn;
use crate::auth::sign_in_plan::SignInPlan;
use crate::error::{Failure, FailureKind};
use crate::pace;
use crate::redact::{SafeUrl, Secret, plain};

/// The subject of a refusal, in messages.
const SUBJECT: &str = "the device code";

/// Signs in.
///
/// # Errors
/// The sign-in failed; the error has the next step.
pub(crate) async fn sign_in(context: &Context, request: &SignInRequest) -> Result<SignIn, Failure> {
    let _turn = wait_for_turn(context).await?;
    if let Some(done) = context.sign_in_that_satisfies(request).await? {
        return Ok(done);
    }
    let outcome = in_turn(context, request).await;
    conclude(context, outcome).await
}

async fn in_turn(context: &Context, request: &SignInRequest) -> Result<SignIn, Failure> {
    let mut plan = SignInPlan::of(context, request).await?;
    if !plan.registration.as_ref().is_some_and(|it| it.covers_scopes(plan.scopes.as_deref())) {
        plan.register(context, None).await?;
    }
    let code = code(context, &plan).await?;
    announce(context, &code.answer).await?;
    match runner::run(context, TokenJob::AwaitDevice(Box::new(code))).await {
        Ok(Some(record)) => Ok(*record),
        Ok(None) => {
            let message = "the process that waited for the device code has ended";
            Err(Failure::new(FailureKind::AuthFailed, message).hint(try_again(context)))
        }
        Err(JobError::Grant(error)) => Err(error.into_failure(SUBJECT, |_, _| try_again(context))),
        Err(JobError::Store(failure) | JobError::NoReply(failure)) => Err(failure),
    }
}

/// Gets a code to show.
async fn code(context: &Context, plan: &SignInPlan) -> Result<DeviceCode, Failure> {
    let registration = plan.client()?;
    let url = plan.token_endpoint()?;
    let resource = plan.resource.as_deref();
    let endpoint = context.token_endpoint(url, registration, resource, &plan.binding)?;
    let answer = ask(context, &endpoint, plan).await?;
    let accepted = endpoint.registration();
    context.remember_accepted_method(registration, &accepted).await;
    Ok(DeviceCode {
        answer,
        token_endpoint: url.clone(),
        revocation_endpoint: plan.discovered.server.revocation_endpoint.clone(),
        registration: accepted,
        resource: plan.resource.clone(),
        scopes: plan.scopes.clone(),
        binding: plan.binding.clone(),
    })
}

async fn ask(
    context: &Context,
    endpoint: &TokenEndpoint<'_>,
    plan: &SignInPlan,
) -> Result<DeviceAuthorization, Failure> {
    let server = &plan.discovered.server;
    let url = server.device_authorization_endpoint.as_ref();
    let url = url.ok_or_else(|| without_device_codes(server))?;
    let device_url = DeviceAuthorizationUrl::from_url(url.clone());
    let grants = endpoint.grants().set_device_authorization_url(device_url);
    let params = UserParameters::of(&context.options);
    let scopes = params.ours("scope", plan.scopes.as_deref()).unwrap_or_default();
    let scopes = scopes.split_whitespace();
    let mut request =
        grants.exchange_device_code().add_scopes(scopes.map(|scope| Scope::new(scope.to_owned())));
    if let Some(resource) = params.ours("resource", endpoint.resource) {
        request = request.add_extra_param("resource", resource);
    }
    for (name, value) in params.pairs() {
        request = request.add_extra_param(name, value);
    }
    let answer = request.request_async(endpoint).await;
    answer.map(bounded).map_err(|error| match error {
        RequestTokenError::Parse(..) => without_code(url),
        error => grant_error(url, error).into_failure(SUBJECT, |_, _| try_again(context)),
    })
}

/// The response with its interval limited, so that it causes no storm of requests and does not
/// overflow (S-33).
fn bounded(answer: DeviceAuthorization) -> DeviceAuthorization {
    let Ok(mut value) = serde_json::to_value(&answer) else { return answer };
    let interval = pace::DEVICE_INTERVAL.clamp(answer.interval());
    value["interval"] = interval.as_secs().into();
    serde_json::from_value(value).unwrap_or(answer)
}

/// Tells the person where to go and what to enter there.
async fn announce(context: &Context, answer: &DeviceAuthorization) -> Result<(), Failure> {
    let plain_page = context.http_client.page(answer.verification_uri().url()).await?;
    let complete = answer.verification_uri_complete();
    let complete = complete.and_then(|uri| Url::parse(uri.secret()).ok());
    let complete = complete.filter(|page| page.origin() == plain_page.origin());
    let code = plain(answer.user_code().secret());
    let server = context.options.display_server();
    context.notify_user(&format!(
        "to sign in to `{server}`, open this address on any device and enter the code {code}:\n\
         {plain_page}"
    ));
    context.publish(SignInState::Waiting(WaitingSignIn {
        page: Secret::new(complete.unwrap_or(plain_page)),
        user_code: Some(code),
        since: context.now(),
    }));
    Ok(())
}

/// The failure for an answer without a code, or without an address at which to enter it.
fn without_code(endpoint: &Url) -> Failure {
    let message = format!(
        "`{}` answered HTTP 200 without a usable `device_code`, `user_code` or `verification_uri`",
        SafeUrl::new(endpoint)
    );
    Failure::new(FailureKind::AuthFailed, message).status(200).hint(
        "tell the server's operator; if codes come from another address, name it with \
         `--device-endpoint URL`",
    )
}

fn try_again(context: &Context) -> String {
    format!("try again with {}", context.options.login_command())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    /// S-33
    #[test]
    fn a_server_does_not_choose_the_pace_of_polling_freely() {
        for (asked, seconds) in [(json!(0), 1), (json!(7), 7), (json!(u64::MAX), 60)] {
            let answer = json!({
                "device_code": "d", "user_code": "u", "verification_uri": "https://as.example/d",
                "expires_in": 600, "interval": asked,
            });
            let answer = bounded(serde_json::from_value(answer).unwrap());
            assert_eq!(answer.interval(), Duration::from_secs(seconds));
            assert_eq!(answer.user_code().secret(), "u");
        }
    }
}
