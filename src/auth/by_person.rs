//! What a person asks for at the terminal: `login` and `logout`.

use std::sync::Arc;

use http::StatusCode;

use super::authorizer::{Interaction, SignedIn, SignedOut};
use super::browser_sign_in::{self, Reach};
use super::challenge::Challenge;
use super::context::{SignInState, Wish, vault_failure};
use super::held::Source;
use super::options::Grant;
use super::single_flight::Inner;
use super::{client_credentials, device_code, refresh, revocation};
use crate::error::Failure;

impl Inner {
    pub(super) async fn sign_in(&self, how: Interaction<'_>) -> Result<SignedIn, Failure> {
        let wish = self.wish_of_a_person().await?;
        let record = match (&self.context.options.grant, how) {
            (Grant::ClientCredentials { .. }, _) => {
                client_credentials::sign_in(&self.context, &wish).await?
            }
            (Grant::DeviceCode, _) => device_code::sign_in(&self.context, &wish).await?,
            (Grant::AuthorizationCode, how) => {
                let reach = match how {
                    Interaction::Browser => Reach::NewTab,
                    Interaction::Typed(lines) => Reach::Typed(lines),
                };
                browser_sign_in::sign_in(&self.context, &wish, reach).await?
            }
        };
        let signed_in = SignedIn {
            issuer: record.issuer.clone(),
            scopes: record.tokens.scope.clone().or_else(|| record.scopes_asked.clone()),
            expires_at: record.tokens.expires_at,
            renewable: refresh::is_renewable(&self.context, &record),
        };
        self.hold(record, Source::SignedIn)?;
        Ok(signed_in)
    }

    /// Asks the server what it wants. `ping` means nothing, needs no session, and is refused before
    /// it is understood.
    async fn wish_of_a_person(&self) -> Result<Wish, Failure> {
        let ping = br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#.to_vec();
        let (status, headers) = self.context.outside.probe(ping).await?;
        let asked = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        let refused = self.context.stored().await?;
        Ok(Wish {
            challenge: Challenge::find(&headers).filter(|_| asked),
            refused: refused.map(Arc::new),
            must_be_documented: !asked,
        })
    }

    pub(super) async fn sign_out(&self) -> Result<SignedOut, Failure> {
        let context = &self.context;
        let _lock = context.lock_sign_in().await?;
        // A damaged one cannot be revoked, and is removed all the same.
        let record = context.stored().await.ok().flatten();
        let revocation = match &record {
            Some(record) => Some(revocation::revoke(context, record).await),
            None => None,
        };
        let was_signed_in = self.delete(&context.names.sign_in).await?;
        self.delete(&context.names.pending).await?;
        self.delete(&context.names.refusal).await?;
        let registration_removed = match record.map(|record| record.registration_name) {
            Some(name) if !name.is_empty() => self.delete(&name).await?,
            _ => false,
        };
        self.memory().held = None;
        context.publish(SignInState::Idle);
        Ok(SignedOut { was_signed_in, revocation, registration_removed })
    }
    async fn delete(&self, name: &str) -> Result<bool, Failure> {
        self.context.vault.delete(name).await.map_err(vault_failure)
    }
}
