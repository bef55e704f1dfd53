//! The state that all parts of signing in share: options, outside services, and typed access to
//! stored records.

use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;
use url::Url;

use crate::auth::browser::page::PageSubject;
use crate::auth::client::authenticated_client::AuthenticatedClient;
use crate::auth::client::signing_key::SigningKey;
use crate::auth::discovery::challenge::Challenge;
use crate::auth::discovery::issuer::{is_same_issuer, spellings};
use crate::auth::discovery::scopes::{self, ScopeSources};
use crate::auth::discovery::search::{self, DiscoveredServer, MetadataSearch};
use crate::auth::dpop::binding::TokenBinding;
use crate::auth::dpop::peers::DpopPeers;
use crate::auth::dpop::prover::Prover;
use crate::auth::durable::job::JobRunner;
use crate::auth::grants::token_endpoint::TokenEndpoint;
use crate::auth::guarded_http::client::GuardedClient;
use crate::auth::guarded_http::probe_response::failure_without_sign_in;
use crate::auth::options::AuthOptions;
use crate::auth::records::client_pin::ClientPins;
use crate::auth::records::names::Names;
use crate::auth::records::record::{SignIn, StoredRecord};
use crate::auth::records::registration::{Registered, Registration};
use crate::auth::records::vault::{Vault, VaultError, VaultLock};
use crate::error::{Failure, FailureKind};
use crate::http::{HttpOptions, failure_for_login_page};
use crate::platform::{Browser, Clock};
use crate::redact::{Secret, plain};

/// Shows a person something that they must act on, such as a URL to open. Not for logs.
pub type UserNotice = Arc<dyn Fn(&str) + Send + Sync>;

/// The state of a sign-in, for users and the bridge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SignInState {
    /// No sign-in was needed so far.
    #[default]
    Idle,
    /// A sign-in is needed, and none is in progress.
    Needed,
    /// A sign-in waits for a person.
    Waiting(WaitingSignIn),
    /// There are usable tokens.
    SignedIn,
    /// The last attempt failed.
    Failed(Failure),
}

impl SignInState {
    /// Whether a sign-in waits for a person.
    pub fn is_waiting(&self) -> bool {
        matches!(self, Self::Waiting(_))
    }
}

/// A sign-in that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingSignIn {
    /// The page to open. For the person only: its query holds the state.
    pub page: Secret<Url>,
    /// The code to enter there (RFC 8628).
    pub user_code: Option<String>,
    /// When it began, in seconds since 1970.
    pub since: u64,
}

/// The outside services that an [`Authorizer`](crate::auth::Authorizer) needs.
#[derive(Clone)]
pub struct AuthServices {
    /// Where credentials are stored.
    pub vault: Arc<dyn Vault>,
    /// Opens the sign-in page.
    pub browser: Arc<dyn Browser>,
    /// Tells the time, in seconds since 1970.
    pub clock: Arc<dyn Clock>,
    /// Tells a person what to do.
    pub notice: UserNotice,
    /// Runs token jobs in a process that outlives this one; if `None`, they run here.
    pub jobs: Option<Arc<dyn JobRunner>>,
}

/// The state that all parts of signing in to one remote share.
pub(crate) struct Context {
    pub(crate) options: AuthOptions,
    pub(crate) names: Names,
    /// The company's identity provider, for `Grant::EnterpriseManaged`.
    pub(crate) identity: Option<Box<Context>>,
    pub(crate) http_client: GuardedClient,
    pub(crate) vault: Arc<dyn Vault>,
    pub(crate) browser: Arc<dyn Browser>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) notice: UserNotice,
    pub(crate) state: watch::Sender<SignInState>,
    /// Locked from the request that spends a refresh token or a code until its result is stored.
    pub(crate) tokens_in_flight: tokio::sync::Mutex<()>,
    /// Runs token jobs in another process.
    pub(crate) jobs: Option<Arc<dyn JobRunner>>,
    /// Whether it was logged that this process runs the jobs itself.
    pub(crate) announced_in_process: std::sync::Once,
    /// The nonces and clocks of servers, for DPoP proofs.
    dpop_peers: Arc<DpopPeers>,
}

/// The reason for a sign-in.
#[derive(Clone, Debug, Default)]
pub(crate) struct SignInRequest {
    /// The challenge of the refusal.
    pub(crate) challenge: Option<Challenge>,
    /// The sign-in whose token was refused: any other one in the store satisfies the request.
    pub(crate) refused: Option<Arc<SignIn>>,
    /// Whether to register only at a server that asks for a sign-in.
    pub(crate) must_be_documented: bool,
    /// Whether the server shows browsers a login page and sends programs no challenge.
    pub(crate) is_login_page: bool,
    /// Whether the server has nothing at its URL.
    pub(crate) is_missing: bool,
    /// Whether the server has just refused a token that was bound to a key.
    pub(crate) refuses_bound: bool,
    /// Whether no person may be asked now.
    pub(crate) without_person: bool,
}

impl SignInRequest {
    /// Whether this sign-in satisfies the request.
    pub(crate) fn is_satisfied_by(&self, record: &SignIn) -> bool {
        let challenge = self.challenge.as_ref();
        let needed = challenge.filter(|c| c.insufficient_scope()).and_then(|c| c.scope.as_deref());
        let refused = self.refused.as_ref().map(|refused| &refused.tokens.access_token);
        refused != Some(&record.tokens.access_token)
            && (needed.is_none() || scopes::covers(record.scopes_asked.as_deref(), needed))
    }
}

impl Context {
    /// A context for one server. Reads and sends nothing yet.
    pub(crate) fn new(
        names: Names,
        options: AuthOptions,
        http: &HttpOptions,
        services: AuthServices,
    ) -> Self {
        Self::with_state(names, options, http, services, watch::channel(SignInState::Idle).0)
    }

    /// Like [`Context::new`], but publishes to this channel: a sign-in at the identity provider
    /// concerns those who wait for the server.
    fn with_state(
        names: Names,
        options: AuthOptions,
        http: &HttpOptions,
        services: AuthServices,
        state: watch::Sender<SignInState>,
    ) -> Self {
        let identity = options.at_identity_provider().map(|options| {
            let names = Names::new(&options);
            let (services, state) = (services.clone(), state.clone());
            Box::new(Self::with_state(names, options, http, services, state))
        });
        Self {
            identity,
            names,
            http_client: GuardedClient::new(&options, http),
            options,
            vault: services.vault,
            browser: services.browser,
            clock: services.clock,
            notice: services.notice,
            state,
            tokens_in_flight: tokio::sync::Mutex::default(),
            jobs: services.jobs,
            announced_in_process: std::sync::Once::new(),
            dpop_peers: Arc::default(),
        }
    }

    /// The time, in seconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        self.clock.now()
    }

    /// Shows the user a notice.
    pub(crate) fn notify_user(&self, text: &str) {
        (self.notice)(text);
    }

    /// The runner for token jobs in other processes; `None` if no person is needed, because lost
    /// tokens are then simply requested again.
    pub(crate) fn job_runner(&self) -> Option<&dyn JobRunner> {
        self.jobs.as_deref().filter(|_| self.options.grant.needs_person())
    }

    /// Publishes the state of the sign-in to all watchers.
    pub(crate) fn publish(&self, state: SignInState) {
        self.state.send_replace(state);
    }

    /// The key of the user's own client.
    pub(crate) fn signing_key(&self) -> Option<&SigningKey> {
        self.options.client_info.as_ref()?.signing_key.as_ref()
    }

    /// The subject of the browser's page.
    pub(crate) fn page_subject(&self) -> PageSubject {
        PageSubject {
            server: self.options.display_server(),
            account: self.options.account.clone(),
            login_command: self.options.login_command(),
            success_url: self.options.success_url.clone(),
        }
    }

    /// The stored sign-in. A damaged one is reported, never replaced silently.
    pub(crate) async fn stored_sign_in(&self) -> Result<Option<SignIn>, Failure> {
        let name = &self.names.sign_in;
        let loaded = self.vault.load(name).await.map_err(|error| {
            if error.damaged { self.damaged(&error.message) } else { vault_failure(error) }
        });
        let Some(bytes) = loaded? else { return Ok(None) };
        // Tokens issued for another server are never sent.
        let ours = |record: &SignIn| record.server == self.options.server.as_str();
        let record = SignIn::from_bytes(&bytes).filter(ours);
        let server = self.options.display_server();
        let damaged = || self.damaged(&format!("the stored sign-in for `{server}` is damaged"));
        let mut record = record.ok_or_else(damaged)?;
        record.registration = record.registration.completed(&self.options);
        Ok(Some(record))
    }

    /// The stored sign-in, if it satisfies the request.
    pub(crate) async fn sign_in_that_satisfies(
        &self,
        request: &SignInRequest,
    ) -> Result<Option<SignIn>, Failure> {
        let stored = self.stored_sign_in().await?;
        Ok(stored.filter(|record| request.is_satisfied_by(record)))
    }

    fn damaged(&self, message: &str) -> Failure {
        Failure::new(FailureKind::AuthFailed, message).hint(format!(
            "remove it with {} and sign in again with {}",
            self.options.logout_command(),
            self.options.login_command()
        ))
    }

    /// Loads an optional record: a damaged or unreadable one counts as absent.
    pub(crate) async fn load_optional<R: StoredRecord>(&self, name: &str) -> Option<R> {
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

    /// The issuers with which a client's secrets are used. An unreadable record is an error:
    /// without it, a secret could be sent anywhere (S-41).
    pub(crate) async fn client_pins(&self, name: &str) -> Result<ClientPins, Failure> {
        if !self.vault.knows(name) {
            return Ok(ClientPins::default());
        }
        let Some(bytes) = self.vault.load(name).await.map_err(vault_failure)? else {
            return Ok(ClientPins::default());
        };
        ClientPins::from_bytes(&bytes).ok_or_else(|| {
            Failure::new(FailureKind::AuthFailed, "the record of a client secret's use is damaged")
                .hint(
                    "name the client's authorization server yourself: add `\"issuer\":\"URL\"` to \
                     the JSON of `--static-oauth-client-info`",
                )
        })
    }

    /// Stores an optional record: a failure is logged.
    pub(crate) async fn save_best_effort<R: StoredRecord>(&self, name: &str, record: &R) {
        if let Err(error) = self.vault.save(name, record.to_bytes()).await {
            tracing::warn!(kind = R::KIND, %error, "cannot store a record");
        }
    }

    /// Deletes a record, if it is there; a failure is logged.
    pub(crate) async fn delete(&self, name: &str) {
        if let Err(error) = self.vault.delete(name).await {
            tracing::warn!(%error, "cannot remove a stored record");
        }
    }

    /// Stores a sign-in durably.
    pub(crate) async fn save_sign_in(&self, record: &SignIn) -> Result<(), Failure> {
        self.vault.save(&self.names.sign_in, record.to_bytes()).await.map_err(vault_failure)
    }

    /// Excludes the other processes from refreshing or replacing the sign-in.
    pub(crate) async fn lock_sign_in(&self) -> Result<VaultLock, Failure> {
        self.vault.lock(&self.names.sign_in).await.map_err(vault_failure)
    }

    /// The stored registration at this issuer, if it can still be used.
    pub(crate) async fn stored_registration(
        &self,
        discovered: &DiscoveredServer,
    ) -> Option<Registration> {
        let issuer = &discovered.issuer;
        let name = self.names.registration(issuer);
        if !self.vault.knows(&name) {
            return None;
        }
        let mut registration: Registration = self.load_optional(&name).await?;
        registration.listed_methods = discovered.server.known_auth_methods();
        (registration.issuer == *issuer && registration.is_valid(self.now()))
            .then_some(registration)
    }

    /// Stores how the server accepted a client, so that every later request begins with that
    ///
    pub(crate) async fn remember_accepted_method(
        &self,
        before: &Registration,
        accepted: &Registration,
    ) {
        if before == accepted || accepted.how != Registered::Dynamically {
            return;
        }
        let name = self.names.registration(&accepted.issuer);
        if !self.vault.knows(&name) {
            return;
        }
        // Another process may have registered again in the meantime.
        let stored: Option<Registration> = self.load_optional(&name).await;
        if stored.is_some_and(|stored| stored.client_id == accepted.client_id) {
            self.save_best_effort(&name, accepted).await;
        }
    }

    /// A client for authenticated requests to the authorization server.
    pub(crate) fn authenticated<'a>(
        &'a self,
        registration: &Registration,
    ) -> AuthenticatedClient<'a> {
        AuthenticatedClient::new(&self.http_client, registration, self.signing_key(), self.now())
    }

    /// The prover for tokens with this binding; `None` if they are not bound.
    ///
    /// # Errors
    /// The key is damaged.
    pub(crate) fn prover(&self, binding: &TokenBinding) -> Result<Option<Prover>, Failure> {
        let signer = binding.key().map(|key| key.signer(&self.options)).transpose()?;
        Ok(signer.map(|signer| Prover::new(signer, &self.dpop_peers, &self.clock)))
    }

    /// A token endpoint, for this client and tokens with this binding.
    ///
    /// # Errors
    /// The key is damaged.
    pub(crate) fn token_endpoint<'a>(
        &'a self,
        url: &'a Url,
        registration: &Registration,
        resource: Option<&'a str>,
        binding: &TokenBinding,
    ) -> Result<TokenEndpoint<'a>, Failure> {
        let client = self.authenticated(registration).proving(self.prover(binding)?);
        Ok(TokenEndpoint::new(client, url, resource, self.now()))
    }

    /// Finds the authorization server, preferring one that already knows us.
    pub(crate) async fn discover(
        &self,
        request: &SignInRequest,
    ) -> Result<DiscoveredServer, Failure> {
        if self.options.is_identity_provider {
            let search = MetadataSearch { http_client: &self.http_client, options: &self.options };
            return search.identity_provider().await;
        }
        let is_stored = |issuer: &String| self.vault.knows(&self.names.registration(issuer));
        let earlier = request.refused.as_ref().map(|refused| refused.issuer.as_str());
        let knows = |issuer: &str| {
            earlier.is_some_and(|earlier| is_same_issuer(issuer, earlier))
                || spellings(issuer).iter().any(is_stored)
        };
        let challenge = request.challenge.as_ref();
        let found = search::discover(&self.http_client, &self.options, challenge, knows).await;
        let server = self.options.display_server();
        if request.is_login_page && !found.as_ref().is_ok_and(|found| found.documented) {
            let message = format!("`{server}` answers with a login page, which is for browsers");
            return Err(failure_for_login_page(FailureKind::AuthFailed, message));
        }
        let found = found?;
        if request.must_be_documented && !found.documented {
            return Err(failure_without_sign_in(&server, request.is_missing));
        }
        Ok(found)
    }

    /// The scopes to ask for.
    pub(crate) fn choose_scopes(
        &self,
        discovered: &DiscoveredServer,
        request: &SignInRequest,
    ) -> Option<String> {
        if self.options.is_identity_provider {
            return Some(scopes::of_identity(&discovered.server.scopes_supported));
        }
        let same_issuer = |record: &&Arc<SignIn>| record.issuer == discovered.issuer;
        let earlier = request.refused.as_ref().filter(same_issuer);
        let resource = discovered.resource.as_ref();
        scopes::choose(ScopeSources {
            wanted: self.options.wanted_scope(),
            challenged: request.challenge.as_ref().and_then(|c| c.scope.as_deref()),
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

/// The failure for an unusable credential store, which is never a reason to sign in again.
pub(crate) fn vault_failure(error: VaultError) -> Failure {
    let failure = Failure::new(
        FailureKind::AuthFailed,
        format!("cannot use the stored sign-in: {}", plain(&error.message)),
    );
    let otherwise =
        || "`mcp-tether doctor` says what is wrong with the credential store".to_owned();
    failure.hint(error.hint.unwrap_or_else(otherwise))
}

#[cfg(test)]
mod tests;
