//! The one type that others use: the header for the next request, and what to do when it is refused.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::sync::watch;

use super::browser_sign_in::{self, LineSource, Reach};
use super::challenge::Challenge;
use super::context::{Context, Notice, SignInState, Wish};
use super::held::{Flight, Held, Memory, Source};
use super::incident;
use super::options::{AuthOptions, Grant};
use super::outside::Outside;
use super::record::{Names, SignIn};
use super::refresh::{self, Renewal};
use super::revocation::{self, Revocation};
use super::vault::Vault;
use super::{client_credentials, device_code};
use crate::error::{Error, ExitCode, Failure, FailureKind, Result};
use crate::http::HttpOptions;
use crate::platform::{Browser, Clock};

/// Gives requests their `Authorization` header and deals with refusals. Cheap to clone; clones share
/// everything.
#[derive(Clone, Debug)]
pub struct Authorizer {
    inner: Option<Arc<Inner>>,
    state: watch::Receiver<SignInState>,
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
    /// No sign-in at all: the user set an `Authorization` header, and a 401 is a plain failure without
    /// any discovery (A-75).
    pub fn off() -> Self {
        Self { inner: None, state: watch::channel(SignInState::Idle).1 }
    }

    /// Signs in to one remote as these options say.
    pub fn new(options: AuthOptions, http: &HttpOptions, world: World) -> Self {
        let outside = Outside::new(&options, http);
        let (sender, state) = watch::channel(SignInState::Idle);
        let context = Context {
            names: Names::new(&options),
            outside,
            options,
            vault: world.vault,
            browser: world.browser,
            clock: world.clock,
            notice: world.notice,
            state: sender,
        };
        let inner = Inner { context, memory: Mutex::default(), accepted: AtomicU64::new(0) };
        Self { inner: Some(Arc::new(inner)), state }
    }

    /// The header for the next request; `None` to send it without one. Costs nothing while nothing is
    /// stored or the token in memory is fresh; a token about to end is renewed first, once for all who
    /// ask (A-53, A-54).
    ///
    /// # Errors
    /// The stored sign-in cannot be read or renewed now.
    pub async fn authorization(&self) -> std::result::Result<Option<Authorization>, Failure> {
        let Some(inner) = &self.inner else { return Ok(None) };
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

    /// The remote refused a request that was sent with `used`: 401, or 403 with a challenge. `Ok` means:
    /// send it again with a fresh [`Authorizer::authorization`]. Everyone who waits shares one incident
    /// (A-56), which ends by itself however often it is asked.
    ///
    /// Waits for a person no longer than `request_wait`; the sign-in then goes on behind (A-63).
    ///
    /// # Errors
    /// A person has to act, or signing in does not help.
    pub async fn challenged(
        &self,
        used: Option<u64>,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> std::result::Result<(), Failure> {
        let Some(inner) = &self.inner else { return Err(switched_off(status)) };
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

    /// A request succeeded with this token: trouble with it from now on is a new incident. Costs nothing
    /// after the first time.
    pub fn accepted(&self, serial: u64) {
        if let Some(inner) = &self.inner
            && inner.accepted.fetch_max(serial, Ordering::Relaxed) < serial
        {
            inner.memory().accept(serial);
        }
    }

    /// Somebody waits for an answer now, such as for a tool. Permits what `--login on-demand` puts off,
    /// and another tab after a sign-in that nobody completed.
    pub fn demand(&self) {
        if let Some(inner) = &self.inner {
            inner.memory().demand();
        }
    }

    /// Begins a sign-in now, whatever `--login` says, and goes on behind; [`Authorizer::state`] tells its
    /// page. For the tool `sign_in`.
    pub fn begin(&self) {
        if let Some(inner) = &self.inner {
            inner.memory().forgive();
            drop(inner.clone().by_hand());
        }
    }

    /// What people and the bridge can see.
    pub fn state(&self) -> watch::Receiver<SignInState> {
        self.state.clone()
    }

    /// The page of the sign-in that waits for a person, and since when.
    pub fn waits(&self) -> bool {
        matches!(*self.state.borrow(), SignInState::Waiting(_))
    }

    /// Waits until nothing is being renewed or stored, so that the process can end without losing a
    /// rotated token; not longer than `limit`.
    pub async fn settle(&self, limit: Duration) {
        let Some(inner) = &self.inner else { return };
        let renewal = inner.memory().renewal.clone();
        if let Some(renewal) = renewal {
            let _ = tokio::time::timeout(limit, renewal).await;
        }
    }

    /// Signs in now, for the command `login`. What is stored is replaced, except by a sign-in that
    /// another process completes meanwhile.
    ///
    /// # Errors
    /// Whatever stands in the way, with the next step.
    pub async fn sign_in(&self, how: Interaction<'_>) -> Result<SignedIn> {
        let inner = self.inner.as_ref().ok_or_else(|| {
            Error::usage("the `Authorization` header given replaces signing in")
                .hint("leave `--header 'Authorization: …'` out to sign in")
        })?;
        inner.sign_in(how).await.map_err(to_error)
    }

    /// Signs out, for the command `logout`: revokes at the server where it can be done, and removes what
    /// is stored. A second call succeeds and says so.
    ///
    /// # Errors
    /// The store cannot be used.
    pub async fn sign_out(&self) -> Result<SignedOut> {
        let inner = self.inner.as_ref().ok_or_else(|| {
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

/// Shared by the clones.
pub(super) struct Inner {
    pub(super) context: Context,
    memory: Mutex<Memory>,
    /// The newest serial of a request that succeeded.
    accepted: AtomicU64,
}

/// What is known without waiting.
enum AtHand {
    /// These tokens can be sent.
    Ready(Held),
    /// Nothing is stored.
    Nothing,
    /// Something is stored and not loaded, or about to end.
    Stale,
}

impl Inner {
    pub(super) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn at_hand(&self) -> AtHand {
        let memory = self.memory();
        let now = self.context.now();
        match &memory.held {
            Some(held) if held.record.tokens.is_fresh(now) || !held.renewable => {
                AtHand::Ready(held.clone())
            }
            Some(held) => match memory.recent_renewal_failure() {
                // It just failed and the token still works for a while.
                Some(_) if !held.record.tokens.is_expired(now) => AtHand::Ready(held.clone()),
                _ => AtHand::Stale,
            },
            None if self.context.vault.knows(&self.context.names.sign_in) => AtHand::Stale,
            None => AtHand::Nothing,
        }
    }

    /// Loads or renews, once for everyone in this process.
    async fn renewal(self: Arc<Self>) -> std::result::Result<(), Failure> {
        let flight = {
            let mut memory = self.memory();
            if let Some(failure) = memory.recent_renewal_failure() {
                return Err(failure);
            }
            let inner = self.clone();
            let work = async move {
                let result = inner.load_or_renew().await;
                let mut memory = inner.memory();
                memory.renewal = None;
                if let Err(failure) = &result {
                    memory.note_renewal_failure(failure.clone());
                }
                result
            };
            memory.renewal.get_or_insert_with(|| launch(work)).clone()
        };
        match flight.await {
            // A token that still works for a while is used for that while (A-55).
            Err(_) if matches!(self.at_hand(), AtHand::Ready(_)) => Ok(()),
            other => other,
        }
    }

    async fn load_or_renew(&self) -> std::result::Result<(), Failure> {
        let held = self.memory().held.clone();
        match held {
            None => {
                if let Some(record) = self.context.stored().await? {
                    self.hold(record, Source::Loaded)?;
                }
                Ok(())
            }
            Some(held) => {
                match refresh::renew(&self.context, &held.record).await? {
                    Renewal::Renewed(record) => self.hold(*record, Source::Loaded)?,
                    Renewal::Impossible => self.memory().exhaust(),
                }
                Ok(())
            }
        }
    }

    /// Takes tokens over into memory.
    pub(super) fn hold(&self, record: SignIn, source: Source) -> std::result::Result<(), Failure> {
        let renewable = refresh::is_renewable(&self.context, &record);
        let use_id_token = self.context.options.use_id_token;
        self.memory().hold(Arc::new(record), use_id_token, source, renewable)?;
        self.context.publish(SignInState::SignedIn);
        Ok(())
    }

    /// Deals with a refusal, together with everyone whom it concerns.
    async fn incident(
        self: Arc<Self>,
        used: Option<u64>,
        status: StatusCode,
        challenge: Option<Challenge>,
    ) -> std::result::Result<(), Failure> {
        let flight = {
            let mut memory = self.memory();
            if memory.incident.is_none() && memory.held.as_ref().map(|held| held.serial) != used {
                if memory.held.is_some() {
                    // Somebody renewed since this request was sent.
                    return Ok(());
                }
            }
            memory.challenge = challenge.clone().or(memory.challenge.take());
            let inner = self.clone();
            let work = async move {
                let result = incident::resolve(&inner, status, challenge).await;
                inner.memory().incident = None;
                result
            };
            memory.incident.get_or_insert_with(|| launch(work)).clone()
        };
        flight.await
    }

    /// A sign-in that somebody starts by hand; joins the one that is under way.
    fn by_hand(self: Arc<Self>) -> Flight {
        let mut memory = self.memory();
        let wish = Wish {
            challenge: memory.challenge.clone(),
            refused: memory.held.as_ref().map(|held| held.record.clone()),
            must_be_documented: false,
        };
        let inner = self.clone();
        let work = async move {
            let result = incident::sign_in(&inner, wish).await;
            inner.memory().incident = None;
            result
        };
        memory.incident.get_or_insert_with(|| launch(work)).clone()
    }

    fn still_waiting(&self, status: StatusCode) -> Failure {
        let server = self.context.options.shown_server();
        let failure =
            Failure::new(FailureKind::AuthRequired, format!("a sign-in to `{server}` is needed"))
                .status(status.as_u16());
        failure.hint(incident::how_to_sign_in(&self.context))
    }

    async fn sign_in(&self, how: Interaction<'_>) -> std::result::Result<SignedIn, Failure> {
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

    /// Asks the server what it wants. `ping` means nothing, needs no session, and is refused before it
    /// is understood.
    async fn wish_of_a_person(&self) -> std::result::Result<Wish, Failure> {
        let ping = br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#.to_vec();
        let (status, headers) = self.context.outside.probe(ping).await?;
        let asked = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        let refused = match self.context.vault.knows(&self.context.names.sign_in) {
            // A damaged or unreadable one is replaced: that is what the person asks for.
            true => self.context.stored().await.unwrap_or_default(),
            false => None,
        };
        Ok(Wish {
            challenge: Challenge::find(&headers).filter(|_| asked),
            refused: refused.map(Arc::new),
            must_be_documented: !asked,
        })
    }

    async fn sign_out(&self) -> std::result::Result<SignedOut, Failure> {
        let context = &self.context;
        let _lock = context.lock_sign_in().await?;
        let known = context.vault.knows(&context.names.sign_in);
        // A damaged one cannot be revoked, and is removed all the same.
        let record = if known { context.stored().await.ok().flatten() } else { None };
        let revocation = match &record {
            Some(record) => Some(revocation::revoke(context, record).await),
            None => None,
        };
        let deleted = |name: String| async move {
            context.vault.delete(&name).await.map_err(super::context::vault_failure)
        };
        let was_signed_in = deleted(context.names.sign_in.clone()).await?;
        deleted(context.names.pending.clone()).await?;
        let registration_removed = match &record {
            Some(record) => deleted(context.names.registration(&record.issuer)).await?,
            None => false,
        };
        self.memory().held = None;
        context.publish(SignInState::Idle);
        Ok(SignedOut { was_signed_in, revocation, registration_removed })
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorizer").field("context", &self.context).finish_non_exhaustive()
    }
}

/// Starts work that goes on even if everyone who waits for it gives up: a rotated token must be
/// stored, and a sign-in must not end because one request did.
fn launch(work: impl Future<Output = std::result::Result<(), Failure>> + Send + 'static) -> Flight {
    let task = tokio::spawn(work);
    let flight = async move {
        task.await
            .unwrap_or_else(|_| Err(Failure::new(FailureKind::AuthFailed, "the sign-in broke off")))
    };
    flight.boxed().shared()
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
