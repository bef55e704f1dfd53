//! [`OAuth`]: what a test changes and asks while the mock runs.

use std::sync::Arc;
use std::time::Duration;

use super::issuer::{Issuer, IssuerHandle};
use super::issuer_options::IssuerOptions;
use super::options::OAuthOptions;
use super::resource::Resource;
use crate::recorder::Recorder;

/// The OAuth side of a running mock. What it says about tokens, clients and requests is about the
/// authorization server that its resource metadata names now, wherever that listens.
#[derive(Clone, Debug)]
pub struct OAuth(Arc<Resource>);

impl OAuth {
    pub(crate) fn new(
        options: OAuthOptions,
        paths: Vec<&'static str>,
        recorder: &Recorder,
    ) -> Self {
        Self(Arc::new(Resource::new(options, paths, recorder)))
    }

    pub(crate) fn set_port(&self, port: u16) {
        self.0.set_port(port);
    }

    pub(super) fn resource(&self) -> &Resource {
        &self.0
    }

    pub(super) fn issuer_now(&self) -> Arc<Issuer> {
        self.0.issuer()
    }

    /// The issuer identifier.
    pub fn issuer(&self) -> String {
        self.issuer_now().identifier()
    }

    /// What [`super::IssuerAt::There`] takes, for another remote that shares this server.
    pub fn handle(&self) -> IssuerHandle {
        IssuerHandle(self.issuer_now())
    }

    /// Changes how the resource behaves from now on. Its `issuer` is not looked at again: see
    /// [`OAuth::change_issuer`] and [`OAuth::move_to`].
    pub fn change_resource(&self, change: impl FnOnce(&mut OAuthOptions)) {
        self.0.change(change);
    }

    /// Changes how the authorization server behaves from now on.
    pub fn change_issuer(&self, change: impl FnOnce(&mut IssuerOptions)) {
        self.issuer_now().change(change);
    }

    /// Lets time pass for codes, tokens and secrets.
    pub fn advance(&self, by: Duration) {
        self.issuer_now().clock.advance(by);
    }

    /// Forgets every client that registered.
    pub fn forget_clients(&self) {
        self.issuer_now().book().registrations.clear();
    }

    /// Ends every access token. Refresh tokens stay good.
    pub fn expire_access_tokens(&self) {
        self.issuer_now().book().end_all_access();
    }

    /// Revokes every grant: access and refresh tokens and codes are good for nothing.
    pub fn revoke_all_tokens(&self) {
        self.issuer_now().book().end_all_grants();
    }

    /// Moves the authorization server to another path of its listener, as a new one: it knows no
    /// clients and no tokens, and nothing answers at the old path.
    pub fn move_issuer(&self, prefix: &str) {
        self.change_issuer(|options| options.prefix = prefix.to_owned());
        self.forget_clients();
        self.revoke_all_tokens();
    }

    /// Names another authorization server from now on. The old one goes on, but its tokens are good
    /// for nothing here.
    pub fn move_to(&self, other: &Self) {
        self.0.move_to(&other.issuer_now());
    }

    /// How often a spent refresh token was shown again (and took its grant with it).
    pub fn reuse_detected(&self) -> usize {
        self.issuer_now().book().counts.refresh_reuse
    }

    /// How often a spent authorization code was shown again.
    pub fn code_reuse_detected(&self) -> usize {
        self.issuer_now().book().counts.code_reuse
    }

    /// How often tokens were issued, by whatever grant.
    pub fn issued(&self) -> usize {
        self.issuer_now().book().counts.issued
    }

    /// How often tokens were renewed by a refresh token.
    pub fn renewed(&self) -> usize {
        self.issuer_now().book().counts.renewed
    }

    /// How many grants stand.
    pub fn grants(&self) -> usize {
        self.issuer_now().book().grants()
    }

    /// How many clients are registered.
    pub fn clients(&self) -> usize {
        self.issuer_now().book().registrations.len()
    }

    /// The account that a token, access or refresh, was granted by; `None` once the grant is
    /// revoked or when the token never was one.
    pub fn account_of(&self, token: &str) -> Option<String> {
        self.issuer_now().book().grant_of(token).map(|(_, grant)| grant.account.clone())
    }

    /// The scopes of a token, separated by spaces.
    pub fn scope_of(&self, token: &str) -> Option<String> {
        self.issuer_now().book().grant_of(token).map(|(_, grant)| grant.scope.clone())
    }
}
