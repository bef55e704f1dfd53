//! Which way tokens are renewed: by their refresh token, or by asking the identity provider again.

use crate::auth::context::Context;
use crate::auth::discovery::challenge::Challenge;
use crate::auth::enterprise;
use crate::auth::options::Grant;
use crate::auth::records::record::SignIn;
use crate::auth::renewal::{self, Renewal};
use crate::error::Failure;

/// Renews the tokens of `stale`, or takes over what another process has renewed since. Do not drop
/// the future halfway: a rotated token would be lost.
///
/// # Errors
/// The servers or the credential store cannot be used now. The tokens are kept.
pub(crate) async fn renew(
    context: &Context,
    stale: &SignIn,
    challenge: Option<Challenge>,
) -> Result<Renewal, Failure> {
    match context.options.grant {
        Grant::EnterpriseManaged => enterprise::renew(context, stale).await,
        _ => renewal::renew(context, stale, challenge).await,
    }
}
