//! Chooses how tokens are refreshed: with their refresh token, or through the identity provider.

use crate::auth::context::Context;
use crate::auth::discovery::challenge::Challenge;
use crate::auth::enterprise;
use crate::auth::options::Grant;
use crate::auth::records::record::SignIn;
use crate::auth::refresh_at_issuer::{RefreshOutcome, refresh_at_issuer};
use crate::error::Failure;

/// Refreshes the tokens of `stale`, or adopts those that another process has refreshed since. Do
/// not drop the future halfway: a rotated token would be lost.
///
/// # Errors
/// The servers or the credential store cannot be used now. The tokens are kept.
pub(crate) async fn refresh(
    context: &Context,
    stale: &SignIn,
    challenge: Option<Challenge>,
) -> Result<RefreshOutcome, Failure> {
    match context.options.grant {
        Grant::EnterpriseManaged => enterprise::refresh(context, stale).await,
        _ => refresh_at_issuer(context, stale, challenge).await,
    }
}
