//! Revoking tokens at the server (RFC 7009), when a user signs out.

use url::form_urlencoded;

use super::client_authentication as authentication;
use super::context::Context;
use super::record::SignIn;
use crate::error::{Failure, FailureKind};

/// Whether the server took the tokens back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// It did.
    Done,
    /// It offers no revocation: the tokens end by themselves.
    NotOffered,
    /// It was asked and did not. The text says why.
    Failed(String),
}

/// Takes the tokens back: the refresh token first, which ends the whole grant at most servers.
pub(super) async fn revoke(context: &Context, record: &SignIn) -> Revocation {
    if record.revocation_endpoint.is_none() {
        return Revocation::NotOffered;
    }
    let tokens = &record.tokens;
    let refresh = tokens.refresh_token.as_ref().map(|token| (token, "refresh_token"));
    let all = refresh.into_iter().chain([(&tokens.access_token, "access_token")]);
    for (token, kind) in all {
        if let Err(failure) = revoke_one(context, record, token.expose(), kind).await {
            return Revocation::Failed(failure.message);
        }
    }
    Revocation::Done
}

async fn revoke_one(
    context: &Context,
    record: &SignIn,
    token: &str,
    kind: &str,
) -> Result<(), Failure> {
    let broken =
        || Failure::new(FailureKind::AuthFailed, "the revocation endpoint is no valid URL");
    let endpoint = record.revocation_endpoint.as_ref().ok_or_else(broken)?;
    let credentials = authentication::credentials(
        &record.registration,
        context.key(),
        &record.issuer,
        context.now(),
    )?;
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("token", token)
        .append_pair("token_type_hint", kind)
        .extend_pairs(credentials.fields)
        .finish();
    let mut request = http::Request::post(endpoint.as_str())
        .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(http::header::ACCEPT, crate::protocol::headers::JSON);
    if let Some(header) = credentials.header {
        request = request.header(http::header::AUTHORIZATION, header.expose());
    }
    let request = request.body(body.into_bytes()).map_err(|_| broken())?;
    let status = context.outside.post(request).await?.status;
    match status.is_success() {
        true => Ok(()),
        false => Err(Failure::new(
            FailureKind::AuthFailed,
            format!("the revocation endpoint answered HTTP {}", status.as_u16()),
        )),
    }
}
