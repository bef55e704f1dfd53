//! Tokens for the client itself, without a person (RFC 6749 §4.4, SEP-1046, A-70): only with
//! pre-registered credentials, a secret or a signed assertion.

use crate::auth::client::auth_method::AuthMethod;
use crate::auth::context::{Context, SignInRequest};
use crate::auth::grants::redemption::save_issued;
use crate::auth::grants::token_endpoint::GrantError;
use crate::auth::grants::user_parameters::UserParameters;
use crate::auth::records::record::SignIn;
use crate::auth::sign_in_plan::SignInPlan;
use crate::error::{Failure, FailureKind};

/// Gets tokens for the client.
///
/// # Errors
/// No credentials are given, or discovery or the authorization server failed.
pub(crate) async fn sign_in(context: &Context, request: &SignInRequest) -> Result<SignIn, Failure> {
    if context.options.client_info.is_none() {
        return Err(missing("a client"));
    }
    let plan = SignInPlan::of(context, request).await?;
    let registration = plan.registration.as_ref().ok_or_else(|| missing("a client"))?;
    if registration.auth_method == AuthMethod::None {
        return Err(missing("a secret or a private key"));
    }
    let url = plan.token_endpoint()?;
    let resource = plan.resource.as_deref();
    let endpoint = context.token_endpoint(url, registration, resource, &plan.binding)?;
    let params = UserParameters::of(&context.options);
    let tokens = endpoint.client_credentials(plan.scopes.as_deref(), params).await;
    let tokens = tokens.map_err(failure_of)?;
    save_issued(context, &plan, &endpoint, tokens).await
}

fn missing(what: &str) -> Failure {
    Failure::new(FailureKind::AuthFailed, format!("client credentials need {what}")).hint(
        "give `client_id` with `client_secret` or `private_key_pem` as JSON: \
         `--static-oauth-client-info @FILE`",
    )
}

fn failure_of(error: GrantError) -> Failure {
    error.into_failure("the client's credentials", |_, _| {
        "check the client's id, secret and permissions at the authorization server".to_owned()
    })
}
