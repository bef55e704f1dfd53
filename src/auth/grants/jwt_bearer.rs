//! Exchanges an assertion for tokens (RFC 7523 §2.1): one from a company's identity provider, or a
//! workload's.

use crate::auth::grants::token::TokenSet;
use crate::auth::grants::token_endpoint::{GrantError, TokenEndpoint};
use crate::auth::grants::user_parameters::UserParameters;
use crate::redact::Secret;

/// The grant type (RFC 7523 §2.1).
pub(crate) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Asks for tokens.
///
/// # Errors
/// [`GrantError`].
pub(crate) async fn redeem(
    endpoint: &TokenEndpoint<'_>,
    assertion: &Secret<String>,
    scope: Option<&str>,
    params: UserParameters<'_>,
) -> Result<TokenSet, GrantError> {
    let mut form =
        vec![("grant_type", GRANT_TYPE), ("assertion", assertion.expose_to_wire().as_str())];
    form.extend(params.ours("scope", scope).map(|scope| ("scope", scope)));
    form.extend(params.ours("resource", endpoint.resource).map(|resource| ("resource", resource)));
    form.extend(params.pairs());
    let body = endpoint.extension_grant(&form).await?;
    endpoint.issued(&body)
}
