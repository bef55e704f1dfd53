//! Work whose broken end would cost a person a sign-in: renewing a rotated token, redeeming a code,
//! waiting for the tokens of a device code. It is the same work in either place: in a
//! process that outlives this one where [`Errands`] starts one, else here. How it is started is not
//! known here.

use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt, Shared};
use serde::{Deserialize, Serialize};
use url::Url;

use super::context::Context;
use super::device_code::{self, DeviceCode};
use super::options::Grant;
use super::record::{Pending, SignIn};
use super::redemption;
use super::refresh;
use super::secret_text;
use super::token_endpoint::GrantError;
use crate::error::{Failure, FailureKind};
use crate::redact::Secret;

/// Runs errands where they end even if this process is killed.
pub trait Errands: Send + Sync {
    /// Runs an errand and brings its outcome, both as bytes that hold secrets. The errand goes on
    /// when the future is dropped.
    fn run(&self, errand: Secret<Vec<u8>>) -> BoxFuture<'_, Result<Secret<Vec<u8>>, NotRun>>;
}

/// Why an errand brought nothing; one sentence without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotRun(pub String);

/// How long an errand without a person may take: other processes come first, then one request.
const LONGEST: Duration = Duration::from_secs(120);

/// Ends when whoever sent an errand is gone.
pub(super) type Gone = Shared<BoxFuture<'static, ()>>;

/// What is to be done.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Errand {
    /// Renew the stored tokens, unless they are others than these by now.
    Renew {
        #[serde(with = "secret_text")]
        stale: Secret<String>,
        /// Where the same issuer renews them now, if not where it did.
        moved_to: Option<Url>,
    },
    /// Redeem the code of a sign-in by browser.
    Redeem(Box<Pending>),
    /// Ask for the tokens of a device code until the person has decided.
    AwaitDevice(Box<DeviceCode>),
}

/// The tokens that are stored now; `None`: these cannot be had without a person.
pub(super) type Outcome = Result<Option<Box<SignIn>>, Trouble>;

/// Why there are no tokens.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Trouble {
    /// The authorization server gave none.
    Grant(GrantError),
    /// The place where sign-ins rest cannot be used.
    Store(Failure),
}

/// What the other process tells. Where the tokens rest in the store it tells no more than that:
/// whoever else of this machine sends an errand gets no token.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Reply {
    Stored,
    NotStored(Box<SignIn>),
    Impossible,
    Trouble(Trouble),
}

/// An errand and the record that it is about.
#[derive(Serialize, Deserialize)]
struct Order<E> {
    sign_in: String,
    errand: E,
}

impl Context {
    /// Runs an errand where it outlives this process, else here.
    pub(super) async fn run(&self, errand: Errand) -> Outcome {
        let _in_flight = match errand {
            Errand::Renew { .. } | Errand::Redeem(_) => Some(self.tokens_in_flight.lock().await),
            // A person may take minutes; nothing is in flight for most of that time.
            Errand::AwaitDevice(_) => None,
        };
        if let Some(errands) = self.outliving() {
            let order = Order { sign_in: self.names.sign_in.clone(), errand: &errand };
            let run = tokio::time::timeout(self.limit_of(&errand), errands.run(bytes_of(&order)));
            match reply_of(run.await) {
                Ok(Reply::Stored) => return Ok(self.stored().await?.map(Box::new)),
                Ok(Reply::NotStored(record)) => return Ok(Some(record)),
                Ok(Reply::Impossible) => return Ok(None),
                Ok(Reply::Trouble(trouble)) => return Err(trouble),
                Err(NotRun(reason)) => self.told_in_process.call_once(|| {
                    tracing::info!(
                        "tokens are asked for in this process, not in one of their own: {reason}"
                    );
                }),
            }
        }
        errand.work(self, futures_util::future::pending().boxed().shared()).await
    }

    fn limit_of(&self, errand: &Errand) -> Duration {
        match errand {
            Errand::Renew { .. } | Errand::Redeem(_) => LONGEST,
            Errand::AwaitDevice(_) => self.options.auth_timeout + LONGEST,
        }
    }

    /// Who runs errands apart. For a client's own credentials nobody does: it asks again for
    /// nothing.
    pub(super) fn outliving(&self) -> Option<&dyn Errands> {
        match self.options.grant {
            Grant::ClientCredentials { .. } => None,
            Grant::AuthorizationCode | Grant::DeviceCode => self.errands.as_deref(),
        }
    }

    /// Runs an errand that another process sent.
    ///
    /// # Errors
    /// It cannot be read, or is about another record than these options name: settings have
    /// changed.
    pub(super) async fn run_for_another(
        &self,
        order: &Secret<Vec<u8>>,
        gone: Gone,
    ) -> Result<Secret<Vec<u8>>, NotRun> {
        let order: Order<Errand> = serde_json::from_slice(order.expose())
            .map_err(|_| NotRun("the errand cannot be read".to_owned()))?;
        if order.sign_in != self.names.sign_in {
            return Err(NotRun("the settings have changed meanwhile".to_owned()));
        }
        Ok(bytes_of(&self.reply(order.errand.work(self, gone).await).await))
    }

    async fn reply(&self, outcome: Outcome) -> Reply {
        let record = match outcome {
            Ok(Some(record)) => record,
            Ok(None) => return Reply::Impossible,
            Err(trouble) => return Reply::Trouble(trouble),
        };
        let stored = self.stored().await.ok().flatten();
        match stored.is_some_and(|stored| stored.tokens == record.tokens) {
            true => Reply::Stored,
            false => Reply::NotStored(record),
        }
    }
}

impl Errand {
    async fn work(self, context: &Context, gone: Gone) -> Outcome {
        match self {
            Self::Renew { stale, moved_to } => refresh::work(context, &stale, moved_to).await,
            Self::Redeem(pending) => redemption::redeem(context, &pending).await,
            Self::AwaitDevice(code) => device_code::poll(context, &code, gone).await,
        }
    }
}

impl From<GrantError> for Trouble {
    fn from(error: GrantError) -> Self {
        Self::Grant(error)
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Store(failure)
    }
}

fn reply_of(
    run: Result<Result<Secret<Vec<u8>>, NotRun>, tokio::time::error::Elapsed>,
) -> Result<Reply, NotRun> {
    // It may still hold the lock, so that trying here would only wait as well.
    let Ok(answer) = run else { return Ok(Reply::Trouble(Trouble::Store(does_not_end()))) };
    serde_json::from_slice(answer?.expose())
        .map_err(|_| NotRun("the answer cannot be read".to_owned()))
}

fn does_not_end() -> Failure {
    Failure::new(FailureKind::Timeout, "the process that asks for tokens does not end")
        .hint("look for `mcp-tether errand` among the processes of this machine and end it")
}

fn bytes_of(value: &impl Serialize) -> Secret<Vec<u8>> {
    Secret::new(serde_json::to_vec(value).expect("errands have text keys and plain values"))
}
