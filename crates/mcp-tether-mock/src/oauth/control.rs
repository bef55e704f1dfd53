//! [`OAuth`]: the handle with which a test changes and queries the OAuth side of a running mock.

use std::sync::Arc;
use std::time::Duration;

use super::issuer::{Issuer, IssuerHandle};
use super::issuer_options::IssuerOptions;
use super::options::OAuthOptions;
use super::resource::ResourceServer;
use crate::recorder::RequestRecorder;

/// The OAuth side of a running mock. Its answers about tokens, clients and requests concern the
/// authorization server that its resource metadata names now, wherever that server listens.
#[derive(Clone, Debug)]
pub struct OAuth(Arc<ResourceServer>);

impl OAuth {
    pub(crate) fn new(
        options: OAuthOptions,
        paths: Vec<&'static str>,
        recorder: &RequestRecorder,
    ) -> Self {
        Self(Arc::new(ResourceServer::new(options, paths, recorder)))
    }

    pub(crate) fn set_port(&self, port: u16) {
        self.0.set_port(port);
    }

    pub(super) fn resource(&self) -> &ResourceServer {
        &self.0
    }

    pub(super) fn issuer_now(&self) -> Arc<Issuer> {
        self.0.issuer()
    }

    /// Returns the issuer identifier.
    pub fn issuer(&self) -> String {
        self.issuer_now().identifier()
    }

    /// Returns the value for [`super::IssuerAt::There`], for another remote that shares this
    /// server.
    pub fn handle(&self) -> IssuerHandle {
        IssuerHandle(self.issuer_now())
    }

    /// Changes how the resource behaves from now on. Its `issuer` is not read again: see
    /// [`OAuth::change_issuer`] and [`OAuth::move_to`].
    pub fn change_resource(&self, change: impl FnOnce(&mut OAuthOptions)) {
        self.0.change(change);
    }

    /// Changes how the authorization server behaves from now on.
    pub fn change_issuer(&self, change: impl FnOnce(&mut IssuerOptions)) {
        self.issuer_now().change(change);
    }

    /// Advances the clock for codes, tokens and secrets.
    pub fn advance(&self, by: Duration) {
        self.issuer_now().clock.advance(by);
    }

    /// Forgets every client that registered.
    pub fn forget_clients(&self) {
        self.issuer_now().book().registrations.clear();
    }

    /// Expires every access token. Refresh tokens stay valid.
    pub fn expire_access_tokens(&self) {
        self.issuer_now().book().end_all_access();
    }

    /// Ends the nonces of both servers: the next proof has to have another.
    pub fn end_dpop_nonces(&self) {
        self.issuer_now().dpop.end_nonce();
        self.resource().dpop.end_nonce();
    }

    /// Revokes every grant: access tokens, refresh tokens and codes become invalid.
    pub fn revoke_all_tokens(&self) {
        self.issuer_now().book().end_all_grants();
    }

    /// Moves the authorization server to another path of its listener, as a new server: it knows no
    /// clients and no tokens, and nothing answers at the old path.
    pub fn move_issuer(&self, prefix: &str) {
        self.change_issuer(|options| options.prefix = prefix.to_owned());
        self.forget_clients();
        self.revoke_all_tokens();
    }

    /// Switches to another authorization server. The old one keeps running, but its tokens are no
    /// longer accepted here.
    pub fn move_to(&self, other: &Self) {
        self.0.move_to(&other.issuer_now());
    }

    /// Returns how often a spent refresh token was presented again (and revoked its grant).
    pub fn reuse_detected(&self) -> usize {
        self.issuer_now().book().counts.refresh_reuse
    }

    /// Returns how often a spent authorization code was presented again.
    pub fn code_reuse_detected(&self) -> usize {
        self.issuer_now().book().counts.code_reuse
    }

    /// Returns how often tokens were issued, by any grant.
    pub fn issued(&self) -> usize {
        self.issuer_now().book().counts.issued
    }

    /// Returns how often tokens were refreshed.
    pub fn refreshed(&self) -> usize {
        self.issuer_now().book().counts.refreshed
    }

    /// Returns how many grants are valid.
    pub fn grants(&self) -> usize {
        self.issuer_now().book().grants()
    }

    /// Returns how many clients are registered.
    pub fn clients(&self) -> usize {
        self.issuer_now().book().registrations.len()
    }

    /// Returns the account that granted an access or refresh token; `None` once the grant is
    /// revoked, or if the token was never issued.
    pub fn account_of(&self, token: &str) -> Option<String> {
        self.issuer_now().book().grant_of(token).map(|(_, grant)| grant.account.clone())
    }

    /// Returns the scopes of a token, separated by spaces.
    pub fn scope_of(&self, token: &str) -> Option<String> {
        self.issuer_now().book().grant_of(token).map(|(_, grant)| grant.scope.clone())
    }
}
