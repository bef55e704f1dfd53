//! Revoking tokens at the server (RFC 7009), when a user signs out.

use url::Url;

use crate::auth::client::authenticated_client::AuthenticatedClient;
use crate::auth::context::Context;
use crate::auth::guarded_http::error_answer::ErrorAnswer;
use crate::auth::records::record::SignIn;
use crate::error::Failure;
use crate::redact::SafeUrl;

/// Whether the server revoked the tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// It revoked all of them.
    Done,
    /// It revoked the refresh token; access tokens expire on their own.
    RefreshTokenOnly,
    /// It offers no revocation: the tokens expire on their own.
    NotOffered,
    /// It did not revoke them; the text says why.
    Failed(String),
}

/// Revokes the tokens: the refresh token first, which ends the whole grant at most servers.
pub(crate) async fn revoke(context: &Context, record: &SignIn) -> Revocation {
    let Some(endpoint) = &record.revocation_endpoint else { return Revocation::NotOffered };
    let tokens = &record.tokens;
    let request =
        RevocationRequest { client: context.authenticated(&record.registration), endpoint };
    if let Some(token) = &tokens.refresh_token
        && let Err(refused) = request.send(token.expose_to_wire(), "refresh_token").await
    {
        return Revocation::Failed(refused.reason);
    }
    match request.send(tokens.access_token.expose_to_wire(), "access_token").await {
        Ok(()) => Revocation::Done,
        // RFC 7009 §2.2.1: servers that issue self-contained tokens cannot revoke them.
        Err(refused) if refused.code == "unsupported_token_type" => {
            if tokens.refresh_token.is_some() {
                Revocation::RefreshTokenOnly
            } else {
                Revocation::NotOffered
            }
        }
        Err(refused) => Revocation::Failed(refused.reason),
    }
}

/// The common part of a sign-in's revocation requests.
struct RevocationRequest<'a> {
    client: AuthenticatedClient<'a>,
    endpoint: &'a Url,
}

/// A token that was not revoked.
struct RevocationRefused {
    /// The error code of RFC 7009 §2.2.1.
    code: String,
    reason: String,
}

impl From<Failure> for RevocationRefused {
    fn from(failure: Failure) -> Self {
        Self { code: String::new(), reason: failure.message }
    }
}

impl RevocationRequest<'_> {
    async fn send(&self, token: &str, kind: &str) -> Result<(), RevocationRefused> {
        let form = [("token", token), ("token_type_hint", kind)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let answer = self.client.post(self.endpoint, &form).await?;
        if answer.status.is_success() {
            return Ok(());
        }
        let error = ErrorAnswer::of(&answer);
        let status = answer.status.as_u16();
        let said = error.in_words();
        let said = if said.is_empty() { said } else { format!(" ({said})") };
        Err(RevocationRefused {
            reason: format!("`{}` answered HTTP {status}{said}", SafeUrl::new(self.endpoint)),
            code: error.code.unwrap_or_default(),
        })
    }
}
