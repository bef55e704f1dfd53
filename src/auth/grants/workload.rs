//! Tokens for a workload (SEP-1933): its platform's assertion, from a file or a command, is
//! exchanged at the server's authorization server. There is no person and no refresh token; to
//! refresh, the current assertion is exchanged again.

use crate::auth::client::assertion_source::{AssertionSource, audiences_of};
use crate::auth::context::{Context, SignInRequest};
use crate::auth::grants::jwt_bearer;
use crate::auth::grants::redemption::save_issued;
use crate::auth::grants::token::TokenSet;
use crate::auth::grants::token_endpoint::{GrantError, TokenEndpoint};
use crate::auth::grants::user_parameters::UserParameters;
use crate::auth::records::record::SignIn;
use crate::auth::sign_in_plan::SignInPlan;
use crate::error::{Failure, FailureKind};
use crate::redact::{Secret, display_identifier, plain};

/// Gets tokens for the workload.
///
/// # Errors
/// There is no assertion, or discovery or the authorization server failed.
pub(crate) async fn sign_in(
    context: &Context,
    source: &AssertionSource,
    request: &SignInRequest,
) -> Result<SignIn, Failure> {
    let plan = SignInPlan::of(context, request).await?;
    let registration = plan.client()?;
    let url = plan.token_endpoint()?;
    let resource = plan.resource.as_deref();
    let endpoint = context.token_endpoint(url, registration, resource, &plan.binding)?;
    let tokens = ask(context, source, &endpoint, plan.scopes.as_deref()).await;
    let tokens = tokens.map_err(failure_of)?;
    save_issued(context, &plan, &endpoint, tokens).await
}

/// Exchanges the current assertion.
///
/// # Errors
/// [`GrantError`].
pub(crate) async fn ask(
    context: &Context,
    source: &AssertionSource,
    endpoint: &TokenEndpoint<'_>,
    scope: Option<&str>,
) -> Result<TokenSet, GrantError> {
    let assertion = source.read(context.now()).await.map_err(GrantError::Unavailable)?;
    check_audience(context, endpoint, &assertion).map_err(GrantError::Unavailable)?;
    jwt_bearer::redeem(endpoint, &assertion, scope, UserParameters::of(&context.options)).await
}

/// Checks the assertion's audience. It is a credential: an MCP server that names its own
/// authorization server must not get one for another server.
fn check_audience(
    context: &Context,
    endpoint: &TokenEndpoint<'_>,
    assertion: &Secret<String>,
) -> Result<(), Failure> {
    let issuer = endpoint.registration().issuer;
    let given = context.options.client_info.as_ref().and_then(|client| client.issuer.as_ref());
    let audiences = audiences_of(assertion.expose());
    let bare = |text: &str| text.trim_end_matches('/').to_owned();
    let ours = [bare(&issuer), bare(endpoint.url.as_str())];
    if audiences.iter().any(|audience| ours.contains(&bare(audience)))
        || audiences.is_empty() && given.is_some()
    {
        return Ok(());
    }
    let (message, hint) = match audiences.first() {
        Some(audience) => (
            format!(
                "the workload's token is for `{}`, and the server's authorization server is `{}`: \
                 it was not sent",
                plain(&audience.chars().take(200).collect::<String>()),
                display_identifier(&issuer)
            ),
            format!(
                "have the platform make one with the audience `{}`",
                display_identifier(&issuer)
            ),
        ),
        None => (
            "the workload's token does not say which authorization server it is for: it was not \
             sent"
                .to_owned(),
            format!(
                "if it is for `{0}`, say so: `--static-oauth-client-info \
                 '{{\"client_id\":\"ID\",\"issuer\":\"{0}\"}}'`",
                display_identifier(&issuer)
            ),
        ),
    };
    Err(Failure::new(FailureKind::AuthFailed, message).hint(hint))
}

fn failure_of(error: GrantError) -> Failure {
    error.into_failure("the workload's assertion", |_, _| {
        "check issuer and subject of the token, and whether the authorization server knows them"
            .to_owned()
    })
}
