//! What every part of signing in shares: the options, the outside world, and typed access to the
//! vault.

use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;
use url::Url;

use super::authenticated_client::AuthenticatedClient;
use super::authorizer::World;
use super::challenge::Challenge;
use super::client_authentication::SigningKey;
use super::discovery::{self, Discovered};
use super::errand::Errands;
use super::options::AuthOptions;
use super::outside::Outside;
use super::page::PageSubject;
use super::record::{Names, Record, Registered, Registration, SignIn};
use super::scopes::{self, ScopeSources};
use super::token_endpoint::TokenEndpoint;
use super::vault::{Vault, VaultError, VaultLock};
use crate::error::{Failure, FailureKind};
use crate::http::HttpOptions;
use crate::platform::{Browser, Clock};
use crate::redact::{Secret, plain};

/// Tells a person something that they must act on, such as a URL to open. Not a log.
pub type Notice = Arc<dyn Fn(&str) + Send + Sync>;

/// What people and the bridge can see of signing in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SignInState {
    /// Nothing was asked for so far.
    #[default]
    Idle,
    /// A sign-in is needed, and none is under way.
    Needed,
    /// A person is waited for.
    Waiting(Waiting),
    /// There are tokens.
    SignedIn,
    /// The last attempt did not work.
    Failed(Failure),
}

impl SignInState {
    /// Whether a person is waited for.
    pub fn is_waiting(&self) -> bool {
        matches!(self, Self::Waiting(_))
    }
}

/// A sign-in that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The page to open. For the person only: its query holds the state.
    pub page: Secret<Url>,
    /// The code to enter there (RFC 8628).
    pub user_code: Option<String>,
    /// Since when, in seconds since 1970.
    pub since: u64,
}

/// Shared by every part of signing in to one remote.
pub(super) struct Context {
    pub(super) options: AuthOptions,
    pub(super) names: Names,
    pub(super) outside: Outside,
    pub(super) vault: Arc<dyn Vault>,
    pub(super) browser: Arc<dyn Browser>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) notice: Notice,
    pub(super) state: watch::Sender<SignInState>,
    /// Held from the request that spends a refresh token or a code until what it brought is stored.
    pub(super) tokens_in_flight: tokio::sync::Mutex<()>,
    /// Runs what must not break off.
    pub(super) errands: Option<Arc<dyn Errands>>,
    /// Whether it was said that this process does that itself.
    pub(super) told_in_process: std::sync::Once,
}

/// What a sign-in is for.
#[derive(Clone, Debug, Default)]
pub(super) struct Wish {
    /// What the server said.
    pub(super) challenge: Option<Challenge>,
    /// The sign-in whose token it refused; another one in the store is the answer.
    pub(super) refused: Option<Arc<SignIn>>,
    /// Only a server that asks for a sign-in shall be registered at.
    pub(super) must_be_documented: bool,
}

impl Wish {
    /// Whether this sign-in would serve.
    pub(super) fn is_met_by(&self, record: &SignIn) -> bool {
        let challenge = self.challenge.as_ref();
        let needed = challenge.filter(|c| c.insufficient_scope()).and_then(|c| c.scope.as_deref());
        let refused = self.refused.as_ref().map(|refused| &refused.tokens.access_token);
        refused != Some(&record.tokens.access_token)
            && (needed.is_none() || scopes::covers(record.scopes_asked.as_deref(), needed))
    }
}

impl Context {
    pub(super) fn new(
        names: Names,
        options: AuthOptions,
        http: &HttpOptions,
        world: World,
    ) -> Self {
        Self {
            names,
            outside: Outside::new(&options, http),
            options,
            vault: world.vault,
            browser: world.browser,
            clock: world.clock,
            notice: world.notice,
            state: watch::channel(SignInState::Idle).0,
            tokens_in_flight: tokio::sync::Mutex::default(),
            errands: world.errands,
            told_in_process: std::sync::Once::new(),
        }
    }

    /// Seconds since 1970.
    pub(super) fn now(&self) -> u64 {
        self.clock.now()
    }

    pub(super) fn say(&self, text: &str) {
        (self.notice)(text);
    }

    pub(super) fn publish(&self, state: SignInState) {
        self.state.send_replace(state);
    }

    /// The key of the user's own client.
    pub(super) fn key(&self) -> Option<&SigningKey> {
        self.options.client_info.as_ref()?.signing_key.as_ref()
    }

    /// What the browser's page is about.
    pub(super) fn subject(&self) -> PageSubject {
        PageSubject {
            server: self.options.shown_server(),
            account: self.options.account.clone(),
            login_command: self.options.login_command(),
            success_url: self.options.success_url.clone(),
        }
    }

    /// The stored sign-in. A damaged one is reported, never replaced silently.
    pub(super) async fn stored(&self) -> Result<Option<SignIn>, Failure> {
        let name = &self.names.sign_in;
        let loaded = self.vault.load(name).await.map_err(|error| match error.damaged {
            true => self.damaged(&error.message),
            false => vault_failure(error),
        });
        let Some(bytes) = loaded? else { return Ok(None) };
        // Never send what was issued for another server.
        let ours = |record: &SignIn| record.server == self.options.server.as_str();
        let record = SignIn::from_bytes(&bytes).filter(ours);
        let server = self.options.shown_server();
        let damaged = || self.damaged(&format!("the stored sign-in for `{server}` is damaged"));
        let mut record = record.ok_or_else(damaged)?;
        record.registration = record.registration.completed(&self.options);
        Ok(Some(record))
    }

    fn damaged(&self, message: &str) -> Failure {
        Failure::new(FailureKind::AuthFailed, message).hint(format!(
            "remove it with {} and sign in again with {}",
            self.options.logout_command(),
            self.options.login_command()
        ))
    }

    /// A record that can be done without: damage and trouble count as absence.
    pub(super) async fn spare<R: Record>(&self, name: &str) -> Option<R> {
        match self.vault.load(name).await {
            Ok(bytes) => {
                let bytes = bytes?;
                let record = R::from_bytes(&bytes);
                if record.is_none() {
                    tracing::warn!(kind = R::KIND, "a stored record is damaged and left out");
                }
                record
            }
            Err(error) => {
                tracing::warn!(kind = R::KIND, %error, "a stored record cannot be read");
                None
            }
        }
    }

    /// Stores a record that can be done without.
    pub(super) async fn save_spare<R: Record>(&self, name: &str, record: &R) {
        if let Err(error) = self.vault.save(name, record.to_bytes()).await {
            tracing::warn!(kind = R::KIND, %error, "cannot store a record");
        }
    }

    /// Removes a record, if it is there.
    pub(super) async fn forget(&self, name: &str) {
        if let Err(error) = self.vault.delete(name).await {
            tracing::warn!(%error, "cannot remove a stored record");
        }
    }

    /// Stores a sign-in durably.
    pub(super) async fn keep(&self, record: &SignIn) -> Result<(), Failure> {
        self.vault.save(&self.names.sign_in, record.to_bytes()).await.map_err(vault_failure)
    }

    /// Excludes the other processes from renewing or replacing the sign-in.
    pub(super) async fn lock_sign_in(&self) -> Result<VaultLock, Failure> {
        self.vault.lock(&self.names.sign_in).await.map_err(vault_failure)
    }

    /// The stored registration at this issuer, if it can still be used.
    pub(super) async fn stored_registration(
        &self,
        discovered: &Discovered,
    ) -> Option<Registration> {
        let issuer = &discovered.issuer;
        let name = self.names.registration(issuer);
        if !self.vault.knows(&name) {
            return None;
        }
        let mut registration: Registration = self.spare(&name).await?;
        registration.listed_methods = discovered.server.known_auth_methods();
        (registration.issuer == *issuer && registration.is_valid(self.now()))
            .then_some(registration)
    }

    /// Stores how the server accepted a client, so that every later request begins with that.
    pub(super) async fn remember_accepted(&self, before: &Registration, accepted: &Registration) {
        if before == accepted || accepted.how != Registered::Dynamically {
            return;
        }
        let name = self.names.registration(&accepted.issuer);
        if !self.vault.knows(&name) {
            return;
        }
        // Another process may have registered anew meanwhile.
        let stored: Option<Registration> = self.spare(&name).await;
        if stored.is_some_and(|stored| stored.client_id == accepted.client_id) {
            self.save_spare(&name, accepted).await;
        }
    }

    /// A client, as requests to the authorization server see it.
    pub(super) fn authenticated<'a>(
        &'a self,
        registration: &Registration,
    ) -> AuthenticatedClient<'a> {
        AuthenticatedClient::new(&self.outside, registration, self.key(), self.now())
    }

    /// A token endpoint, as this client sees it.
    pub(super) fn token_endpoint<'a>(
        &'a self,
        url: &'a Url,
        registration: &Registration,
        resource: Option<&'a str>,
    ) -> TokenEndpoint<'a> {
        let client = self.authenticated(registration);
        TokenEndpoint { client, url, resource, now: self.now() }
    }

    /// Finds the authorization server, preferring one that knows us.
    pub(super) async fn discover(&self, wish: &Wish) -> Result<Discovered, Failure> {
        let known = |issuer: &str| self.vault.knows(&self.names.registration(issuer));
        let earlier = wish.refused.as_ref().map(|refused| refused.issuer.as_str());
        let prefer = |issuer: &str| Some(issuer) == earlier || known(issuer);
        let challenge = wish.challenge.as_ref();
        let found = discovery::discover(&self.outside, &self.options, challenge, prefer).await?;
        if wish.must_be_documented && !found.documented {
            let server = self.options.shown_server();
            return Err(Failure::new(
                FailureKind::AuthFailed,
                format!("`{server}` does not ask for a sign-in"),
            )
            .hint("use it as it is, or with the API key that its operator gave you"));
        }
        Ok(found)
    }

    /// The scopes to ask for.
    pub(super) fn scopes(&self, discovered: &Discovered, wish: &Wish) -> Option<String> {
        let pinned = self.options.client_metadata.get("scope").and_then(|scope| scope.as_str());
        let same_issuer = |record: &&Arc<SignIn>| record.issuer == discovered.issuer;
        let earlier = wish.refused.as_ref().filter(same_issuer);
        let resource = discovered.resource.as_ref();
        scopes::choose(ScopeSources {
            wanted: self.options.scope.as_deref().or(pinned),
            challenged: wish.challenge.as_ref().and_then(|c| c.scope.as_deref()),
            earlier: earlier.and_then(|record| record.scopes_asked.as_deref()),
            resource_supports: resource.map_or(&[], |r| r.scopes_supported.as_slice()),
            server_supports: &discovered.server.scopes_supported,
        })
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("names", &self.names).finish_non_exhaustive()
    }
}

/// The place where sign-ins rest cannot be used: never a reason to sign in anew.
pub(super) fn vault_failure(error: VaultError) -> Failure {
    let failure = Failure::new(
        FailureKind::AuthFailed,
        format!("cannot use the stored sign-in: {}", plain(&error.message)),
    );
    match error.hint {
        Some(hint) => failure.hint(hint),
        None => failure.hint("`mcp-tether doctor` says what is wrong with the credential store"),
    }
}
