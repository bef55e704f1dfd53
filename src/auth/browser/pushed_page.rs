//! Pages that refer to a pushed request (RFC 9126): whether to push, what to do after a refusal,
//! and how long the page is valid. The request itself is in `grants::pushed_request`.

use std::time::Duration;

use crate::auth::browser::completion::BrowserSignInError;
use crate::auth::context::Context;
use crate::auth::discovery::scopes::covers;
use crate::auth::grants::pushed_request;
use crate::auth::grants::token_endpoint::is_unknown_client;
use crate::auth::records::record::Pending;
use crate::auth::sign_in_plan::SignInPlan;

/// How long, in seconds, before a pushed page expires it is replaced.
const PAGE_MARGIN_SECONDS: u64 = 5;

/// Pushes the request if the server requires or offers that (RFC 9126).
pub(crate) async fn push(
    context: &Context,
    plan: &SignInPlan,
    pending: &mut Pending,
) -> Result<(), BrowserSignInError> {
    let server = &plan.discovered.server;
    let (Some(endpoint), Some(own)) =
        (&server.pushed_authorization_request_endpoint, &server.authorization_endpoint)
    else {
        return Ok(());
    };
    match pushed_request::push(context, pending, endpoint, own).await {
        Ok(()) => Ok(()),
        Err(refused) if !server.require_pushed_authorization_requests => {
            tracing::info!("the request is not pushed: {}", refused.failure.message);
            Ok(())
        }
        Err(refused) => {
            let covered = covers(pending.registration.scope.as_deref(), pending.scopes.as_deref());
            let is_stale =
                is_unknown_client(&refused.code) || refused.code == "invalid_scope" && !covered;
            Err(if is_stale {
                BrowserSignInError::StaleClient(refused.failure)
            } else {
                BrowserSignInError::Failed(refused.failure)
            })
        }
    }
}

/// How long a pushed page remains valid at the server.
pub(crate) fn time_of_page(context: &Context, pending: &Pending) -> Option<Duration> {
    let pushed = pending.pushed.as_ref()?;
    Some(Duration::from_secs(pushed.ends.saturating_sub(context.now() + PAGE_MARGIN_SECONDS)))
}
