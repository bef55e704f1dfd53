//! The type that other modules use: it provides the header for the next request, and deals with
//! refusals.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use tokio::sync::watch;
use url::Url;

use crate::auth::command_value::{CommandOutput, CommandValue};
use crate::auth::context::{AuthServices, Context, SignInState, vault_failure};
use crate::auth::discovery::challenge::Challenge;
use crate::auth::dpop::prover::BoundToken;
use crate::auth::durable::job::NotRun;
use crate::auth::durable::runner::run_for_another_process;
use crate::auth::login::{Interaction, SignedIn, SignedOut};
use crate::auth::options::{AuthOptions, Grant};
use crate::auth::records::names::Names;
use crate::auth::records::record::{SignIn, StoredRecord};
use crate::auth::recovery;
use crate::auth::state::{AuthorizerState, TokenStatus};
use crate::auth::token_cache::CachedToken;
use crate::auth::token_file::TokenFile;
use crate::error::{Error, Failure, FailureKind, Result};
use crate::http::HttpOptions;
use crate::platform::CommandLine;
use crate::redact::Secret;

/// Gives requests their `Authorization` header and deals with refusals. Cheap to clone; clones
/// share everything.
#[derive(Clone, Debug)]
pub struct Authorizer {
    source: HeaderSource,
    state: watch::Receiver<SignInState>,
}

/// The source of the header.
#[derive(Clone, Debug)]
enum HeaderSource {
    /// None here; the user may set the header.
    Nowhere,
    /// A file that another program keeps fresh.
    File(Arc<TokenFile>),
    /// A command that prints a token.
    Command(Arc<CommandValue>),
    /// A sign-in.
    SignIn(Arc<AuthorizerState>),
}

/// The header of one request.
#[derive(Clone, Debug)]
pub struct Authorization {
    /// Its value, marked sensitive.
    pub header: HeaderValue,
    /// The serial number of its token, for [`Authorizer::challenged`].
    pub serial: u64,
    bound: Option<BoundToken>,
}

impl Authorization {
    /// The `DPoP` header for the token in this one request; `None` for tokens that are not bound to
    /// a key (RFC 9449 §7.1).
    ///
    /// # Errors
    /// The key cannot sign.
    pub fn proof(
        &self,
        method: &Method,
        url: &Url,
    ) -> std::result::Result<Option<HeaderValue>, Failure> {
        self.bound.as_ref().map(|bound| bound.proof(method, url)).transpose()
    }
}

impl Authorizer {
    /// No sign-in at all: the user set an `Authorization` header, and a 401 is a plain failure
    /// without any discovery.
    pub fn off() -> Self {
        Self::without_sign_in(HeaderSource::Nowhere)
    }

    /// No sign-in, but a token that another program keeps in a file.
    pub fn of_file(file: TokenFile) -> Self {
        Self::without_sign_in(HeaderSource::File(Arc::new(file)))
    }

    /// No sign-in, but a token that a command prints, kept this long; zero runs it for every
    /// request.
    pub fn of_command(command: CommandLine, keep: Duration) -> Self {
        let value = CommandValue::new(command, CommandOutput::Token, keep);
        Self::without_sign_in(HeaderSource::Command(value))
    }

    fn without_sign_in(source: HeaderSource) -> Self {
        Self { source, state: watch::channel(SignInState::Idle).1 }
    }

    /// Whether nothing can be done about a refusal.
    pub fn is_off(&self) -> bool {
        matches!(self.source, HeaderSource::Nowhere)
    }

    /// The file's current token, as the value of an `Authorization` header; `None` without a token
    /// file.
    pub fn token_of_file(&self) -> Option<http::HeaderValue> {
        match &self.source {
            HeaderSource::File(file) => Some(file.current().0),
            HeaderSource::Nowhere | HeaderSource::Command(_) | HeaderSource::SignIn(_) => None,
        }
    }

    /// The header with the command's token, and how long it is kept; `None` without a command.
    ///
    /// # Errors
    /// The command failed.
    pub async fn token_of_command(
        &self,
    ) -> std::result::Result<Option<(HeaderValue, Option<Duration>)>, Failure> {
        let HeaderSource::Command(command) = &self.source else { return Ok(None) };
        let header = command.current().await?.header;
        Ok(Some((header, command.remaining())))
    }

    fn shared(&self) -> Option<&Arc<AuthorizerState>> {
        match &self.source {
            HeaderSource::SignIn(state) => Some(state),
            HeaderSource::Nowhere | HeaderSource::File(_) | HeaderSource::Command(_) => None,
        }
    }

    /// An authorizer that signs in to one remote with these options.
    pub fn new(options: AuthOptions, http: &HttpOptions, services: AuthServices) -> Self {
        let names = Names::new(&options);
        Self::with_names(names, options, http, services)
    }

    /// An authorizer for the sign-in stored under this name, for commands such as `logout --all`;
    /// `None` if there is none. A damaged one can only be signed out.
    ///
    /// # Errors
    /// The name is not that of a sign-in, or the store cannot be used.
    pub async fn of_stored(
        name: &str,
        http: &HttpOptions,
        services: AuthServices,
    ) -> Result<Option<Self>> {
        let names = Names::of_sign_in(name).ok_or_else(|| {
            Error::usage(format!("`{name}` is not a stored sign-in"))
                .hint("`mcp-tether status` shows what is stored")
        })?;
        let stored = services.vault.load(name).await;
        let Some(bytes) = stored.map_err(vault_failure)? else {
            return Ok(None);
        };
        let record = SignIn::from_bytes(&bytes);
        let server = record.as_ref().and_then(|record| Url::parse(&record.server).ok());
        let unknown = || Url::parse("https://unknown.invalid/").expect("a valid URL");
        let mut options = AuthOptions::new(server.unwrap_or_else(unknown));
        options.account = record.map(|record| record.account).unwrap_or_default();
        Ok(Some(Self::with_names(names, options, http, services)))
    }

    fn with_names(
        names: Names,
        options: AuthOptions,
        http: &HttpOptions,
        services: AuthServices,
    ) -> Self {
        let context = Context::new(names, options, http, services);
        let state = context.state.subscribe();
        Self { source: HeaderSource::SignIn(Arc::new(AuthorizerState::new(context))), state }
    }

    /// The header for the next request; `None` to send it without one. Costs nothing while nothing
    /// is stored or the token in memory is fresh. A token about to expire is refreshed first, once
    /// for all callers.
    ///
    /// # Errors
    /// The stored sign-in cannot be read or refreshed now.
    pub async fn authorization(&self) -> std::result::Result<Option<Authorization>, Failure> {
        let state = match &self.source {
            HeaderSource::Nowhere => return Ok(None),
            HeaderSource::File(file) => {
                let (header, serial) = file.current();
                return Ok(Some(Authorization { header, serial, bound: None }));
            }
            HeaderSource::Command(command) => {
                let printed = command.current().await?;
                return Ok(Some(Authorization {
                    header: printed.header,
                    serial: printed.serial,
                    bound: None,
                }));
            }
            HeaderSource::SignIn(state) => state,
        };
        // Loading is one step, refreshing another.
        for _ in 0..3 {
            match state.token_status() {
                TokenStatus::Ready(cached) => return Ok(Some(cached.into())),
                TokenStatus::Absent => return Ok(None),
                // Boxed because it is large and rare.
                TokenStatus::Stale => Box::pin(state.clone().load_or_refresh()).await?,
            }
        }
        Ok(state.cache().token.clone().map(Authorization::from))
    }

    /// The header of the last request, to be removed from text in which the server repeats it.
    pub fn last_header(&self) -> Option<HeaderValue> {
        match &self.source {
            HeaderSource::Nowhere => None,
            HeaderSource::File(file) => Some(file.current().0),
            HeaderSource::Command(command) => command.kept(),
            HeaderSource::SignIn(state) => {
                state.cache().token.as_ref().map(|cached| cached.header.clone())
            }
        }
    }

    /// Recovers from the refusal of a request sent with `used`: 401, or 400 or 403 with a
    /// challenge. `Ok` means that it can be sent again with a fresh [`Authorizer::authorization`].
    /// All waiting requests share one recovery, which ends however many requests join it.
    ///
    /// Waits for a person no longer than `request_wait`; the sign-in then continues in the
    /// background.
    ///
    /// # Errors
    /// A person has to act, or signing in would not help.
    pub async fn challenged(
        &self,
        used: Option<u64>,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> std::result::Result<(), Failure> {
        let state = match &self.source {
            HeaderSource::SignIn(state) => state,
            HeaderSource::Nowhere => return Err(failure_of_own_header(status)),
            HeaderSource::File(_) | HeaderSource::Command(_)
                if status != StatusCode::UNAUTHORIZED =>
            {
                return Err(recovery::forbidden(status, Challenge::find(headers).as_ref()));
            }
            HeaderSource::File(file) if file.has_changed_since(used) => return Ok(()),
            HeaderSource::File(file) => return Err(failure_of_file(status, file)),
            HeaderSource::Command(command) => {
                let has_changed = command.has_changed_since(used).await?;
                return if has_changed { Ok(()) } else { Err(failure_of_command(status)) };
            }
        };
        if let Some(failure) = failure_of_proof(state, status, headers) {
            return Err(failure);
        }
        let challenge = Challenge::find(headers);
        let step_up = challenge.as_ref().is_some_and(Challenge::insufficient_scope);
        let first = used.is_none() && Challenge::asks_for_a_sign_in(status, headers);
        let ended = challenge.as_ref().is_some_and(Challenge::refuses_token);
        let status = match status {
            // A refusal of a request without a token is not about scopes, and an invalid
            // token is refreshed whatever the status.
            _ if first || ended => StatusCode::UNAUTHORIZED,
            StatusCode::UNAUTHORIZED => status,
            StatusCode::FORBIDDEN if step_up => status,
            _ => return Err(recovery::forbidden(status, challenge.as_ref())),
        };
        let wait = state.context.options.request_wait;
        let work = state.clone().recover(used, status, challenge);
        match tokio::time::timeout(wait, work).await {
            Ok(result) => result,
            Err(_) => Err(state.still_waiting(status)),
        }
    }

    /// Reads what a response says about DPoP proofs; returns whether it refused its request's proof
    /// and a fresh one may be accepted (RFC 9449 §9). Costs nothing for unbound tokens.
    pub fn may_prove_again(&self, url: &Url, status: StatusCode, headers: &HeaderMap) -> bool {
        let bound = self.shared().and_then(|state| state.bound_token());
        bound.is_some_and(|bound| bound.may_retry(url, status, headers))
    }

    /// Notes that a request with this token succeeded: a later refusal begins a new recovery. Costs
    /// nothing after the first time.
    pub fn accepted(&self, serial: u64) {
        if let HeaderSource::Command(command) = &self.source {
            return command.accept();
        }
        if let Some(state) = self.shared()
            && state.accepted.fetch_max(serial, Ordering::Relaxed) < serial
        {
            state.cache().accept(serial);
        }
    }

    /// Notes that somebody is waiting for an answer, such as a tool's result. Permits the sign-in
    /// that `--login on-demand` defers, and another tab after a sign-in that no one completed.
    pub fn demand(&self) {
        if let Some(state) = self.shared() {
            state.cache().demand();
        }
    }

    /// Begins a sign-in now, whatever `--login` says, and continues in the background;
    /// [`Authorizer::state`] shows its page. For the tool `sign_in`.
    pub fn begin(&self) {
        if let Some(state) = self.shared() {
            state.cache().forget_failures();
            drop(state.clone().sign_in_by_hand());
        }
    }

    /// The state of the sign-in, for users and the bridge.
    pub fn state(&self) -> watch::Receiver<SignInState> {
        self.state.clone()
    }

    /// Whether a sign-in waits for a person; [`Authorizer::state`] shows its page.
    pub fn waits(&self) -> bool {
        self.state.borrow().is_waiting()
    }

    /// Waits until no token is in transit from server to store, so that the process can end
    /// without losing one; not longer than `limit`.
    pub async fn settle(&self, limit: Duration) {
        let Some(state) = self.shared() else { return };
        let _ = tokio::time::timeout(limit, async {
            let _own = state.context.tokens_in_flight.lock().await;
            if let Some(identity) = &state.context.identity {
                let _of_person = identity.tokens_in_flight.lock().await;
            }
        })
        .await;
    }

    /// The extension to announce to a modern host, because the bridge uses it.
    pub fn extension(&self) -> Option<&'static str> {
        match &self.shared()?.context.options.grant {
            Grant::ClientCredentials => Some("io.modelcontextprotocol/oauth-client-credentials"),
            Grant::EnterpriseManaged => {
                Some("io.modelcontextprotocol/enterprise-managed-authorization")
            }
            Grant::Workload(_) => Some("io.modelcontextprotocol/auth/wif"),
            Grant::AuthorizationCode | Grant::DeviceCode => None,
        }
    }

    /// Signs in now, for the command `login`, and replaces the stored sign-in, unless another
    /// process completes one in the meantime.
    ///
    /// # Errors
    /// The sign-in failed; the error has the next step.
    pub async fn sign_in(&self, how: Interaction<'_>) -> Result<SignedIn> {
        let state = self.shared().ok_or_else(|| {
            Error::usage("the `Authorization` header given replaces signing in")
                .hint("leave `--header 'Authorization: …'` out to sign in")
        })?;
        state.sign_in(how).await.map_err(Error::from)
    }

    /// Runs a token job for another process, and returns its outcome as JSON that holds secrets.
    /// `gone` resolves when that process ends; a job that only waits for a person then ends too.
    ///
    /// # Errors
    /// The job was not run.
    pub async fn run_token_job(
        &self,
        job: &Secret<Vec<u8>>,
        gone: impl Future<Output = ()> + Send + 'static,
    ) -> std::result::Result<Secret<Vec<u8>>, NotRun> {
        let Some(state) = self.shared() else {
            return Err(NotRun("an `Authorization` header is given".to_owned()));
        };
        run_for_another_process(&state.context, job, gone.boxed().shared()).await
    }

    /// Signs out, for the command `logout`: revokes the tokens if possible, and removes the stored
    /// records. A second call succeeds and says that there was nothing to do.
    ///
    /// # Errors
    /// The store cannot be used.
    pub async fn sign_out(&self) -> Result<SignedOut> {
        let state = self.shared().ok_or_else(|| {
            Error::usage("the `Authorization` header given is not a sign-in that is stored")
                .hint("leave the header out to sign out; `mcp-tether status` shows what is stored")
        })?;
        state.sign_out().await.map_err(Error::from)
    }
}

impl From<CachedToken> for Authorization {
    fn from(cached: CachedToken) -> Self {
        Self { header: cached.header, serial: cached.serial, bound: cached.bound }
    }
}

/// The failure for a server that repeatedly refuses a token's proof: another token would not help.
fn failure_of_proof(
    state: &AuthorizerState,
    status: StatusCode,
    headers: &HeaderMap,
) -> Option<Failure> {
    state.bound_token()?;
    let error = Challenge::find_dpop(headers)?.error?;
    matches!(error.as_str(), "use_dpop_nonce" | "invalid_dpop_proof").then(|| {
        let code = status.as_u16();
        let message = format!("the server answered HTTP {code} to the DPoP proof (`{error}`)");
        Failure::new(FailureKind::AuthFailed, message).status(code).hint(
            "check the clock of this machine; if it is right, tell the server's operator, or sign \
             in again with `--dpop never`",
        )
    })
}

fn failure_of_own_header(status: StatusCode) -> Failure {
    let code = status.as_u16();
    let kind = match status {
        StatusCode::UNAUTHORIZED => FailureKind::AuthFailed,
        _ => FailureKind::Forbidden,
    };
    let message = format!("the server answered HTTP {code} to the `Authorization` header given");
    Failure::new(kind, message)
        .status(code)
        .hint("check the key or token; leave the header out to sign in with a browser")
}

fn failure_of_file(status: StatusCode, file: &TokenFile) -> Failure {
    let code = status.as_u16();
    let message = format!(
        "the server answered HTTP {code} to the token of the file `{}`",
        file.display_path()
    );
    Failure::new(FailureKind::AuthFailed, message).status(code).hint(
        "put a new token into the file, which is read again; to sign in instead, leave out \
         `--token-file`",
    )
}

fn failure_of_command(status: StatusCode) -> Failure {
    let code = status.as_u16();
    let message = format!(
        "the server answered HTTP {code} to the token that `--token-command` printed, twice"
    );
    Failure::new(FailureKind::AuthFailed, message).status(code).hint(
        "run the command in a terminal: is it signed in, with the account that this server wants?",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::IdentityProvider;
    use crate::auth::tests::{options, services, sign_in};
    use crate::auth::{AssertionSource, MemoryVault, Vault};

    fn headers(challenge: &'static str) -> HeaderMap {
        let value = HeaderValue::from_static(challenge);
        HeaderMap::from_iter([(http::header::WWW_AUTHENTICATE, value)])
    }

    async fn refused(authorizer: &Authorizer, used: Option<u64>, status: u16) -> Failure {
        let status = StatusCode::from_u16(status).unwrap();
        authorizer.challenged(used, status, &HeaderMap::new()).await.unwrap_err()
    }

    ///
    #[tokio::test]
    async fn a_header_of_the_user_is_never_replaced_by_a_sign_in() {
        let authorizer = Authorizer::off();
        assert!(authorizer.is_off() && authorizer.authorization().await.unwrap().is_none());
        assert!(authorizer.last_header().is_none() && authorizer.token_of_file().is_none());
        for (status, kind) in [(401, FailureKind::AuthFailed), (403, FailureKind::Forbidden)] {
            let failure = refused(&authorizer, None, status).await;
            assert_eq!((failure.kind, failure.status), (kind, Some(status)));
            assert!(failure.hint.contains("leave the header out"), "{}", failure.hint);
        }
        assert!(authorizer.sign_in(Interaction::Browser).await.is_err());
        assert!(authorizer.sign_out().await.is_err());
        assert_eq!((authorizer.extension(), authorizer.waits()), (None, false));
        authorizer.settle(Duration::ZERO).await;
    }

    ///
    #[tokio::test]
    async fn a_refused_token_of_a_file_is_replaced_by_a_newer_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "first").unwrap();
        let authorizer = Authorizer::of_file(TokenFile::new(path.clone(), "first").unwrap());
        let sent = authorizer.authorization().await.unwrap().unwrap();
        assert_eq!(sent.header, "Bearer first");
        let failure = refused(&authorizer, Some(sent.serial), 401).await;
        assert_eq!(failure.kind, FailureKind::AuthFailed);
        assert!(failure.message.contains(path.to_str().unwrap()), "{}", failure.message);
        assert_eq!(refused(&authorizer, Some(sent.serial), 403).await.kind, FailureKind::Forbidden);
        std::fs::write(&path, "second").unwrap();
        let status = StatusCode::UNAUTHORIZED;
        authorizer.challenged(Some(sent.serial), status, &HeaderMap::new()).await.unwrap();
        let sent = authorizer.authorization().await.unwrap().unwrap();
        assert_eq!(sent.header, "Bearer second");
        assert_eq!(authorizer.last_header().unwrap(), "Bearer second");
    }

    ///
    #[tokio::test]
    async fn a_refusal_that_names_no_scopes_is_not_answered_with_a_sign_in() {
        let vault = MemoryVault::new();
        let authorizer = Authorizer::new(options(), &HttpOptions::default(), services(&vault));
        for challenge in ["Bearer", "Bearer error=\"other\"", "Basic realm=\"a\""] {
            let status = StatusCode::FORBIDDEN;
            let refused = authorizer.challenged(Some(1), status, &headers(challenge)).await;
            assert_eq!(refused.unwrap_err().kind, FailureKind::Forbidden, "{challenge}");
        }
        assert_eq!(*authorizer.state().borrow(), SignInState::Idle);
    }

    ///
    #[test]
    fn the_extension_of_the_grant_is_announced() {
        let extension = |grant, identity_provider| {
            let options = AuthOptions { grant, identity_provider, ..options() };
            let vault = MemoryVault::new();
            Authorizer::new(options, &HttpOptions::default(), services(&vault)).extension()
        };
        let issuer = Url::parse("https://idp.example.com").unwrap();
        let provider = Some(IdentityProvider { issuer, client: None, token: None });
        let file = AssertionSource::File("/token".into());
        for (grant, provider, words) in [
            (Grant::AuthorizationCode, None, None),
            (Grant::DeviceCode, None, None),
            (Grant::ClientCredentials, None, Some("oauth-client-credentials")),
            (Grant::Workload(file), None, Some("auth/wif")),
            (Grant::EnterpriseManaged, provider, Some("enterprise-managed-authorization")),
        ] {
            let found = extension(grant, provider);
            assert_eq!(found.is_some(), words.is_some(), "{found:?}");
            assert!(words.is_none_or(|words| found.unwrap().ends_with(words)), "{found:?}");
        }
    }

    #[tokio::test]
    async fn a_stored_sign_in_is_found_by_its_name_even_if_it_is_damaged() {
        let vault = MemoryVault::new();
        let name = Names::new(&options()).sign_in;
        let of = async |name: &str| {
            Authorizer::of_stored(name, &HttpOptions::default(), services(&vault)).await
        };
        assert!(of(&name).await.unwrap().is_none());
        assert!(of("pending.x").await.is_err() && of("").await.is_err());
        vault.save(&name, Secret::new(b"{".to_vec())).await.unwrap();
        assert!(of(&name).await.unwrap().is_some(), "so that it can be signed out");
        vault.save(&name, sign_in(&options(), "a", None).to_bytes()).await.unwrap();
        let found = of(&name).await.unwrap().unwrap();
        let server = &found.shared().unwrap().context.options.server;
        assert_eq!(server.as_str(), "https://mcp.example.com/mcp");
        vault.break_name(&name);
        assert!(of(&name).await.is_err());
    }
}
