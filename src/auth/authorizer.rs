//! The one type that others use: the header for the next request, and what to do when it is
//! refused.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::sync::watch;
use url::Url;

use super::challenge::Challenge;
use super::context::{Context, Notice, SignInState, vault_failure};
use super::errand::{Errands, NotRun};
use super::held::Held;
use super::incident;
use super::options::{AuthOptions, Grant};
use super::record::{Names, Record, SignIn};
use super::revocation::Revocation;
use super::single_flight::{AtHand, Inner};
use super::token_file::TokenFile;
use super::typed_answer::LineSource;
use super::vault::Vault;
use crate::error::{Error, ExitCode, Failure, FailureKind, Result};
use crate::http::HttpOptions;
use crate::platform::{Browser, Clock};
use crate::redact::Secret;

/// Gives requests their `Authorization` header and deals with refusals. Cheap to clone; clones
/// share everything.
#[derive(Clone, Debug)]
pub struct Authorizer {
    source: Source,
    state: watch::Receiver<SignInState>,
}

/// Where the header comes from.
#[derive(Clone, Debug)]
enum Source {
    /// The user's own headers, if anywhere.
    Nowhere,
    /// A file that another program keeps fresh.
    File(Arc<TokenFile>),
    /// A sign-in.
    SignIn(Arc<Inner>),
}

/// The header of one request.
#[derive(Clone, Debug)]
pub struct Authorization {
    /// Its value, marked sensitive.
    pub header: HeaderValue,
    /// Which of the tokens it was, for [`Authorizer::challenged`].
    pub serial: u64,
}

/// The outside world of an [`Authorizer`].
#[derive(Clone)]
pub struct World {
    /// Where sign-ins rest.
    pub vault: Arc<dyn Vault>,
    /// Opens pages.
    pub browser: Arc<dyn Browser>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Tells a person what to do.
    pub notice: Notice,
    /// Runs what must not break off, in a process that outlives this one; without it, it runs here.
    pub errands: Option<Arc<dyn Errands>>,
}

/// How the person at the terminal signs in. Device code and client credentials are chosen by
/// [`AuthOptions::grant`].
pub enum Interaction<'a> {
    /// A browser opens.
    Browser,
    /// The address is shown, and the address that the browser ended at is typed in.
    Typed(&'a mut dyn LineSource),
}

/// A sign-in that worked, as far as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// Who issued the tokens.
    pub issuer: String,
    /// What was granted, or asked for where the server does not say.
    pub scopes: Option<String>,
    /// When the access token ends, in seconds since 1970.
    pub expires_at: Option<u64>,
    /// Whether it is renewed without a person.
    pub renewable: bool,
}

/// What signing out did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedOut {
    /// Whether there was a sign-in.
    pub was_signed_in: bool,
    /// Whether the server took the tokens back; `None` if there were none.
    pub revocation: Option<Revocation>,
    /// Whether a registration was removed here. The server keeps its side.
    pub registration_removed: bool,
}

impl Authorizer {
    /// No sign-in at all: the user set an `Authorization` header, and a 401 is a plain failure
    /// without any discovery.
    pub fn off() -> Self {
        Self::without_sign_in(Source::Nowhere)
    }

    /// No sign-in, but a token that another program keeps in a file.
    pub fn of_file(file: TokenFile) -> Self {
        Self::without_sign_in(Source::File(Arc::new(file)))
    }

    fn without_sign_in(source: Source) -> Self {
        Self { source, state: watch::channel(SignInState::Idle).1 }
    }

    /// Whether a refusal can change nothing here.
    pub fn is_off(&self) -> bool {
        matches!(self.source, Source::Nowhere)
    }

    /// The token of the file as it is now, as the header that carries it; `None` without a file.
    pub fn token_of_file(&self) -> Option<http::HeaderValue> {
        match &self.source {
            Source::File(file) => Some(file.current().0),
            Source::Nowhere | Source::SignIn(_) => None,
        }
    }

    fn inner(&self) -> Option<&Arc<Inner>> {
        match &self.source {
            Source::SignIn(inner) => Some(inner),
            Source::Nowhere | Source::File(_) => None,
        }
    }

    /// Signs in to one remote as these options say.
    pub fn new(options: AuthOptions, http: &HttpOptions, world: World) -> Self {
        let names = Names::new(&options);
        Self::with_names(names, options, http, world)
    }

    /// The sign-in that rests under this name, for `logout --all` and the like; `None` if there is
    /// none. Of a damaged one nothing is known but that it can be signed out of.
    ///
    /// # Errors
    /// The name is not a sign-in's, or the store cannot be used.
    pub async fn of_stored(name: &str, http: &HttpOptions, world: World) -> Result<Option<Self>> {
        let names = Names::of_sign_in(name)
            .ok_or_else(|| Error::usage(format!("`{name}` is no stored sign-in")))?;
        let stored = world.vault.load(name).await;
        let Some(bytes) = stored.map_err(|error| to_error(vault_failure(error)))? else {
            return Ok(None);
        };
        let record = SignIn::from_bytes(&bytes);
        let server = record.as_ref().and_then(|record| Url::parse(&record.server).ok());
        let unknown = || Url::parse("https://unknown.invalid/").expect("a valid URL");
        let mut options = AuthOptions::new(server.unwrap_or_else(unknown));
        options.account = record.map(|record| record.account).unwrap_or_default();
        Ok(Some(Self::with_names(names, options, http, world)))
    }

    fn with_names(names: Names, options: AuthOptions, http: &HttpOptions, world: World) -> Self {
        let context = Context::new(names, options, http, world);
        let state = context.state.subscribe();
        Self { source: Source::SignIn(Arc::new(Inner::new(context))), state }
    }

    /// The header for the next request; `None` to send it without one. Costs nothing while nothing
    /// is stored or the token in memory is fresh; a token about to end is renewed first, once for
    /// all who ask.
    ///
    /// # Errors
    /// The stored sign-in cannot be read or renewed now.
    pub async fn authorization(&self) -> std::result::Result<Option<Authorization>, Failure> {
        let inner = match &self.source {
            Source::Nowhere => return Ok(None),
            Source::File(file) => {
                let (header, serial) = file.current();
                return Ok(Some(Authorization { header, serial }));
            }
            Source::SignIn(inner) => inner,
        };
        // Loading and renewing are a step each.
        for _ in 0..3 {
            match inner.at_hand() {
                AtHand::Ready(held) => return Ok(Some(held.into())),
                AtHand::Nothing => return Ok(None),
                AtHand::Stale => inner.clone().renewal().await?,
            }
        }
        Ok(inner.memory().held.clone().map(Authorization::from))
    }

    /// The remote refused a request that was sent with `used`: 401, or 403 with a challenge. `Ok`
    /// means: send it again with a fresh [`Authorizer::authorization`]. Everyone who waits shares
    /// one incident, which ends by itself however often it is asked.
    ///
    /// Waits for a person no longer than `request_wait`; the sign-in then goes on behind.
    ///
    /// # Errors
    /// A person has to act, or signing in does not help.
    pub async fn challenged(
        &self,
        used: Option<u64>,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> std::result::Result<(), Failure> {
        let inner = match &self.source {
            Source::SignIn(inner) => inner,
            Source::Nowhere => return Err(switched_off(status)),
            Source::File(_) if status != StatusCode::UNAUTHORIZED => {
                return Err(incident::forbidden(status, Challenge::find(headers).as_ref()));
            }
            Source::File(file) if file.has_changed_since(used) => return Ok(()),
            Source::File(file) => return Err(refused_file(status, file)),
        };
        let challenge = Challenge::find(headers);
        let step_up = challenge.as_ref().is_some_and(Challenge::insufficient_scope);
        if status != StatusCode::UNAUTHORIZED && !(status == StatusCode::FORBIDDEN && step_up) {
            return Err(incident::forbidden(status, challenge.as_ref()));
        }
        let wait = inner.context.options.request_wait;
        let work = inner.clone().incident(used, status, challenge);
        match tokio::time::timeout(wait, work).await {
            Ok(result) => result,
            Err(_) => Err(inner.still_waiting(status)),
        }
    }

    /// A request succeeded with this token: trouble with it from now on is a new incident. Costs
    /// nothing after the first time.
    pub fn accepted(&self, serial: u64) {
        if let Some(inner) = self.inner()
            && inner.accepted.fetch_max(serial, Ordering::Relaxed) < serial
        {
            inner.memory().accept(serial);
        }
    }

    /// Somebody waits for an answer now, such as for a tool. Permits what `--login on-demand` puts
    /// off, and another tab after a sign-in that nobody completed.
    pub fn demand(&self) {
        if let Some(inner) = self.inner() {
            inner.memory().demand();
        }
    }

    /// Begins a sign-in now, whatever `--login` says, and goes on behind; [`Authorizer::state`]
    /// tells its page. For the tool `sign_in`.
    pub fn begin(&self) {
        if let Some(inner) = self.inner() {
            inner.memory().forgive();
            drop(inner.clone().by_hand());
        }
    }

    /// What people and the bridge can see.
    pub fn state(&self) -> watch::Receiver<SignInState> {
        self.state.clone()
    }

    /// Whether a sign-in waits for a person; [`Authorizer::state`] tells its page.
    pub fn waits(&self) -> bool {
        self.state.borrow().is_waiting()
    }

    /// Waits until no token is between the server and the store, so that the process can end
    /// without losing one; not longer than `limit`.
    pub async fn settle(&self, limit: Duration) {
        let Some(inner) = self.inner() else { return };
        let _ = tokio::time::timeout(limit, inner.context.tokens_in_flight.lock()).await;
    }

    /// The extension that a modern host must be told of, because the bridge uses it.
    pub fn extension(&self) -> Option<&'static str> {
        match self.inner()?.context.options.grant {
            Grant::ClientCredentials { .. } => {
                Some("io.modelcontextprotocol/oauth-client-credentials")
            }
            Grant::AuthorizationCode | Grant::DeviceCode => None,
        }
    }

    /// Signs in now, for the command `login`. What is stored is replaced, except by a sign-in that
    /// another process completes meanwhile.
    ///
    /// # Errors
    /// Whatever stands in the way, with the next step.
    pub async fn sign_in(&self, how: Interaction<'_>) -> Result<SignedIn> {
        let inner = self.inner().ok_or_else(|| {
            Error::usage("the `Authorization` header given replaces signing in")
                .hint("leave `--header 'Authorization: …'` out to sign in")
        })?;
        inner.sign_in(how).await.map_err(to_error)
    }

    /// Runs an errand that another process sent, and gives the bytes of its outcome. When `gone`
    /// ends, that process waits no longer, and what only waits for a person ends too.
    ///
    /// # Errors
    /// Nothing was done.
    pub async fn run_errand(
        &self,
        errand: &Secret<Vec<u8>>,
        gone: impl Future<Output = ()> + Send + 'static,
    ) -> std::result::Result<Secret<Vec<u8>>, NotRun> {
        let Some(inner) = self.inner() else {
            return Err(NotRun("an `Authorization` header is given".to_owned()));
        };
        inner.context.run_for_another(errand, gone.boxed().shared()).await
    }

    /// Signs out, for the command `logout`: revokes at the server where it can be done, and removes
    /// what is stored. A second call succeeds and says so.
    ///
    /// # Errors
    /// The store cannot be used.
    pub async fn sign_out(&self) -> Result<SignedOut> {
        let inner = self.inner().ok_or_else(|| {
            Error::usage("the `Authorization` header given is not a sign-in that is stored")
        })?;
        inner.sign_out().await.map_err(to_error)
    }
}

impl From<Held> for Authorization {
    fn from(held: Held) -> Self {
        Self { header: held.header, serial: held.serial }
    }
}

fn switched_off(status: StatusCode) -> Failure {
    let code = status.as_u16();
    let kind = match status {
        StatusCode::UNAUTHORIZED => FailureKind::AuthFailed,
        _ => FailureKind::Forbidden,
    };
    Failure::new(kind, format!("server answered HTTP {code} to the `Authorization` header given"))
        .status(code)
        .hint("check the key or token; leave the header out to sign in with a browser")
}

fn refused_file(status: StatusCode, file: &TokenFile) -> Failure {
    let code = status.as_u16();
    let message =
        format!("server answered HTTP {code} to the token of the file `{}`", file.shown());
    Failure::new(FailureKind::AuthFailed, message).status(code).hint(
        "put a fresh token into the file: it is read again; leave `--token-file` out to sign in",
    )
}

fn to_error(failure: Failure) -> Error {
    let exit = match failure.kind {
        FailureKind::AuthRequired => ExitCode::LoginNeeded,
        _ => ExitCode::Failed,
    };
    let error = Error::failed(&failure.message).with_exit_code(exit);
    match failure.hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}
