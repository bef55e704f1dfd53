//! Signing in and out at the terminal: `login` and `logout`.

use std::sync::Arc;

use http::StatusCode;

use crate::auth::browser::pasted_answer::LineSource;
use crate::auth::browser::sign_in::{self as browser_sign_in, ConsentPrompt};
use crate::auth::context::{SignInRequest, SignInState, vault_failure};
use crate::auth::discovery::challenge::Challenge;
use crate::auth::enterprise;
use crate::auth::grants::refresh_job::is_refreshable;
use crate::auth::grants::revocation::{self, Revocation};
use crate::auth::grants::{client_credentials, device_code, workload};
use crate::auth::guarded_http::probe_response::ProbeResponse;
use crate::auth::options::Grant;
use crate::auth::records::names::REGISTRATION;
use crate::auth::records::record::SignIn;
use crate::auth::records::registration::Registration;
use crate::auth::state::AuthorizerState;
use crate::auth::token_cache::TokenOrigin;
use crate::error::Failure;

/// How the person at the terminal signs in. Device code and client credentials are selected by
/// [`AuthOptions::grant`](crate::auth::AuthOptions::grant).
pub enum Interaction<'a> {
    /// A browser opens the page.
    Browser,
    /// The address is shown, and the person pastes the address at which the browser ended.
    Typed(&'a mut dyn LineSource),
}

impl<'a> Interaction<'a> {
    fn into_prompt(self) -> ConsentPrompt<'a> {
        match self {
            Self::Browser => ConsentPrompt::NewTab,
            Self::Typed(lines) => ConsentPrompt::Pasted(lines),
        }
    }
}

/// The part of a successful sign-in that may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// The identifier of the tokens' issuer.
    pub issuer: String,
    /// The granted scopes, or the requested ones if the server does not say; separated by spaces.
    pub scopes: Option<String>,
    /// When the access token expires, in seconds since 1970.
    pub expires_at: Option<u64>,
    /// Whether it can be refreshed without a person.
    pub refreshable: bool,
}

impl SignedIn {
    /// The part of this record that may be shown.
    pub(crate) fn of(record: &SignIn, refreshable: bool) -> Self {
        Self {
            issuer: record.issuer.clone(),
            scopes: record.tokens.scope.clone().or_else(|| record.scopes_asked.clone()),
            expires_at: record.tokens.expires_at,
            refreshable,
        }
    }
}

/// The effects of signing out, here and at the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedOut {
    /// Whether there was a sign-in.
    pub was_signed_in: bool,
    /// Whether the server revoked the tokens; `None` if there were none.
    pub revocation: Option<Revocation>,
    /// Whether a registration was removed here. The server keeps its own record.
    pub registration_removed: bool,
}

impl AuthorizerState {
    /// Signs in now and replaces the stored sign-in.
    ///
    /// # Errors
    /// The sign-in failed; the error has the next step.
    pub(crate) async fn sign_in(&self, how: Interaction<'_>) -> Result<SignedIn, Failure> {
        let context = &self.context;
        let request = self.request_of_a_person().await?;
        let record = match (&context.options.grant, how) {
            (Grant::ClientCredentials, _) => client_credentials::sign_in(context, &request).await?,
            (Grant::Workload(source), _) => workload::sign_in(context, source, &request).await?,
            (Grant::EnterpriseManaged, how) => {
                enterprise::sign_in(context, &request, how.into_prompt()).await?
            }
            (Grant::DeviceCode, _) => device_code::sign_in(context, &request).await?,
            (Grant::AuthorizationCode, how) => {
                browser_sign_in::sign_in(context, &request, how.into_prompt()).await?
            }
        };
        let signed_in = SignedIn::of(&record, is_refreshable(context, &record));
        self.cache_tokens(record, TokenOrigin::SignedIn)?;
        Ok(signed_in)
    }

    /// Requests the server's challenge, for a sign-in by a person.
    async fn request_of_a_person(&self) -> Result<SignInRequest, Failure> {
        if self.context.options.is_identity_provider {
            let refused = self.context.stored_sign_in().await?.map(Arc::new);
            return Ok(SignInRequest { refused, ..SignInRequest::default() });
        }
        let probe_response = self.context.http_client.probe().await?;
        let is_missing = probe_response.is_missing();
        let ProbeResponse { status, headers, is_login_page } = probe_response;
        let asked =
            Challenge::asks_for_a_sign_in(status, &headers) || status == StatusCode::FORBIDDEN;
        let refused = self.context.stored_sign_in().await?;
        Ok(SignInRequest {
            challenge: Challenge::find(&headers).filter(|_| asked),
            refused: refused.map(Arc::new),
            must_be_documented: !asked,
            is_login_page,
            is_missing,
            ..SignInRequest::default()
        })
    }

    /// Revokes the tokens if possible, and removes the stored records.
    ///
    /// # Errors
    /// The credential store cannot be used.
    pub(crate) async fn sign_out(&self) -> Result<SignedOut, Failure> {
        let context = &self.context;
        let _lock = context.lock_sign_in().await?;
        // A damaged record cannot be revoked, but is removed.
        let record = context.stored_sign_in().await.ok().flatten();
        let revocation = match &record {
            Some(record) => Some(revocation::revoke(context, record).await),
            None => None,
        };
        let was_signed_in = self.remove(&context.names.sign_in).await?;
        self.remove(&context.names.pending).await?;
        self.remove(&context.names.refusal).await?;
        let registration_removed = match record.map(|record| record.registration_name) {
            Some(name) if !name.is_empty() => self.remove(&name).await?,
            _ => self.remove_registrations().await?,
        };
        self.cache().token = None;
        context.publish(SignInState::Idle);
        Ok(SignedOut { was_signed_in, revocation, registration_removed })
    }

    /// Removes this server's registrations that no sign-in uses.
    async fn remove_registrations(&self) -> Result<bool, Failure> {
        let context = &self.context;
        let mut removed = false;
        let names = context.vault.names_beginning(REGISTRATION).await.map_err(vault_failure)?;
        for name in names {
            let Some(stored) = context.load_optional::<Registration>(&name).await else { continue };
            if context.names.is_registration(&name, &stored.issuer) {
                removed |= self.remove(&name).await?;
            }
        }
        Ok(removed)
    }

    async fn remove(&self, name: &str) -> Result<bool, Failure> {
        self.context.vault.delete(name).await.map_err(vault_failure)
    }
}
