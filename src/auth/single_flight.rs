//! What the clones of an [`Authorizer`](super::Authorizer) share, and how everyone in this process
//! waits for one renewal and one incident together. Work goes on when those who wait give up.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use http::StatusCode;

use super::challenge::Challenge;
use super::context::{Context, SignInState, Wish};
use super::held::{Flight, Held, Memory, Source};
use super::incident;
use super::record::SignIn;
use super::refresh::{self, Renewal};
use crate::error::{Failure, FailureKind};

/// Shared by the clones.
pub(super) struct Inner {
    pub(super) context: Context,
    memory: Mutex<Memory>,
    /// The newest serial of a request that succeeded.
    pub(super) accepted: AtomicU64,
}

/// What is known without waiting.
pub(super) enum AtHand {
    /// These tokens can be sent.
    Ready(Held),
    /// Nothing is stored.
    Nothing,
    /// Something is stored and not loaded, or about to end.
    Stale,
}

impl Inner {
    pub(super) fn new(context: Context) -> Self {
        Self { context, memory: Mutex::default(), accepted: AtomicU64::new(0) }
    }

    pub(super) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn at_hand(&self) -> AtHand {
        let mut memory = self.memory();
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
            None if memory.looked_in_vain() => AtHand::Nothing,
            None if self.context.vault.knows(&self.context.names.sign_in) => AtHand::Stale,
            None => {
                memory.note_vain_look();
                AtHand::Nothing
            }
        }
    }

    /// Loads or renews, once for everyone in this process.
    pub(super) async fn renewal(self: Arc<Self>) -> Result<(), Failure> {
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
            // A token that still works for a while is used for that while.
            Err(_) if matches!(self.at_hand(), AtHand::Ready(_)) => Ok(()),
            other => other,
        }
    }

    async fn load_or_renew(&self) -> Result<(), Failure> {
        let held = self.memory().held.clone();
        match held {
            None => {
                if let Some(record) = self.context.stored().await? {
                    self.hold(record, Source::Loaded)?;
                }
                Ok(())
            }
            Some(held) => {
                match refresh::renew(&self.context, &held.record, None).await? {
                    Renewal::Renewed(record) => self.hold(*record, Source::Loaded)?,
                    Renewal::Impossible => self.memory().exhaust(),
                }
                Ok(())
            }
        }
    }

    /// Takes tokens over into memory.
    pub(super) fn hold(&self, record: SignIn, source: Source) -> Result<(), Failure> {
        let renewable = refresh::is_renewable(&self.context, &record);
        let use_id_token = self.context.options.use_id_token;
        self.memory().hold(Arc::new(record), use_id_token, source, renewable)?;
        self.context.publish(SignInState::SignedIn);
        Ok(())
    }

    /// Deals with a refusal, together with everyone whom it concerns.
    pub(super) async fn incident(
        self: Arc<Self>,
        used: Option<u64>,
        status: StatusCode,
        challenge: Option<Challenge>,
    ) -> Result<(), Failure> {
        let flight = {
            let mut memory = self.memory();
            memory.note_refusal();
            let renewed_since = memory.held.as_ref().is_some_and(|held| Some(held.serial) != used);
            if memory.incident.is_none() && renewed_since {
                return Ok(());
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
    pub(super) fn by_hand(self: Arc<Self>) -> Flight {
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

    pub(super) fn still_waiting(&self, status: StatusCode) -> Failure {
        let server = self.context.options.shown_server();
        let failure =
            Failure::new(FailureKind::AuthRequired, format!("a sign-in to `{server}` is needed"))
                .status(status.as_u16());
        failure.hint(incident::how_to_sign_in(&self.context))
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorizer").field("context", &self.context).finish_non_exhaustive()
    }
}

/// Starts work that goes on even if everyone who waits for it gives up: a rotated token must be
/// stored, and a sign-in must not end because one request did.
fn launch(work: impl Future<Output = Result<(), Failure>> + Send + 'static) -> Flight {
    let task = tokio::spawn(work);
    let flight = async move {
        task.await
            .unwrap_or_else(|_| Err(Failure::new(FailureKind::AuthFailed, "the sign-in broke off")))
    };
    flight.boxed().shared()
}
