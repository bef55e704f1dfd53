//! The revocation endpoint (RFC 7009).

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::answer::{OAuthError, empty};
use super::authenticate::authenticate_client;
use super::fields::{FormFields, missing};
use super::issuer::Issuer;
use crate::faults::OAuthFaults;

/// Revokes a token. A refresh token revokes its whole grant, an access token only itself; an
/// unknown token is not an error (RFC 7009 §2.2).
pub(super) async fn revoke(
    issuer: &Issuer,
    headers: &HeaderMap,
    form: &FormFields,
    faults: &OAuthFaults,
) -> Result<Response, OAuthError> {
    let registration = authenticate_client(issuer, headers, form, faults).await?;
    let token = form.get("token").ok_or_else(|| missing("token"))?;
    let mut book = issuer.book();
    let found = book.grant_of(token).map(|(number, grant)| (number, grant.client_id.clone()));
    match found {
        Some((_, owner)) if owner != registration.id => {
            return Err(OAuthError::invalid_grant("the token was given to another client"));
        }
        Some((number, _)) if token.starts_with("refresh_") => book.end_grant(number),
        Some(_) => book.end_access(token),
        None => {}
    }
    Ok(empty(StatusCode::OK))
}
