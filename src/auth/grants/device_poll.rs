//! The token job for a device code (RFC 8628 §3.4): polls until the person has decided, and stores
//! the tokens.

use std::time::Duration;

use tokio::time::Instant;

use crate::auth::context::Context;
use crate::auth::durable::job::{DeviceCode, JobError, JobOutcome, SenderGone};
use crate::auth::grants::redemption::save_new;
use crate::auth::grants::token_endpoint::GrantError;
use crate::auth::records::record::SignIn;

/// A pause that ends this much after the deadline ends after it by every clock.
const PAST_DEADLINE: Duration = Duration::from_millis(50);

/// Waits for the tokens of a code. When the process that showed it is `gone`, nobody will enter it
/// any more: returns `None`, but not before a pending request is answered.
pub(crate) async fn poll(context: &Context, code: &DeviceCode, gone: SenderGone) -> JobOutcome {
    let (url, resource) = (&code.token_endpoint, code.resource.as_deref());
    let endpoint = context
        .token_endpoint(url, &code.registration, resource, &code.binding)
        .map_err(GrantError::Unavailable)?;
    let grants = endpoint.grants();
    let mut request = grants.exchange_device_access_token(&code.answer);
    if let Some(resource) = endpoint.resource {
        request = request.add_extra_param("resource", resource);
    }
    let timeout = context.options.auth_timeout.min(code.answer.expires_in());
    let deadline = Instant::now() + timeout;
    let nobody_waits = tokio::sync::Notify::new();
    let sleep = |pause: Duration| {
        let (nobody_waits, gone) = (&nobody_waits, gone.clone());
        // Whatever interval the server asks for, the wait ends in time (S-33).
        let pause = pause.min(deadline.saturating_duration_since(Instant::now()) + PAST_DEADLINE);
        async move {
            if tokio::time::timeout(pause, gone).await.is_ok() {
                nobody_waits.notify_one();
                std::future::pending::<()>().await;
            }
        }
    };
    let issued = tokio::select! {
        issued = request.request_async(&endpoint, sleep, Some(timeout)) => issued,
        () = nobody_waits.notified() => return Ok(None),
    };
    let tokens = endpoint.tokens(issued).map_err(|error| endpoint.explained(error))?;
    let record = SignIn {
        binding: code.binding.of_issued(tokens.is_dpop).map_err(GrantError::Unavailable)?,
        resource: code.resource.clone(),
        revocation_endpoint: code.revocation_endpoint.clone(),
        scopes_asked: code.scopes.clone(),
        ..SignIn::new(&context.options, url, &endpoint.registration(), tokens)
    };
    save_new(context, &record).await.map_err(JobError::Store)?;
    context.remember_accepted_method(&code.registration, &record.registration).await;
    Ok(Some(Box::new(record)))
}
