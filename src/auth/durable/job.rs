//! Token jobs as data that another process can read: work whose interruption would cost a person a
//! sign-in. The work itself is elsewhere.

use futures_util::future::{BoxFuture, Shared};
use oauth2::EmptyExtraDeviceAuthorizationFields;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::auth::dpop::binding::TokenBinding;
use crate::auth::grants::token_endpoint::GrantError;
use crate::auth::records::record::{Pending, SignIn};
use crate::auth::records::registration::Registration;
use crate::auth::records::secret_text;
use crate::error::Failure;
use crate::redact::Secret;

/// Runs token jobs so that they complete even if this process is killed.
pub trait JobRunner: Send + Sync {
    /// Runs a job and returns its outcome, both as JSON that holds secrets. The job continues if
    /// the future is dropped.
    fn run(&self, job: Secret<Vec<u8>>) -> BoxFuture<'_, Result<Secret<Vec<u8>>, NotRun>>;
}

/// Why a job was not started or has no outcome: one sentence without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotRun(pub String);

/// Resolves when the process that sent a job has ended.
pub(crate) type SenderGone = Shared<BoxFuture<'static, ()>>;

/// Work that must not be interrupted.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TokenJob {
    /// Refresh the stored tokens, unless they are no longer the stale ones.
    Refresh {
        #[serde(with = "secret_text")]
        stale: Secret<String>,
        /// The issuer's new token endpoint, if it has moved.
        moved_to: Option<Url>,
    },
    /// Redeem the code of a browser sign-in.
    Redeem(Box<Pending>),
    /// Poll for the tokens of a device code until the person has decided.
    AwaitDevice(Box<DeviceCode>),
}

/// A code that a person was shown, and everything needed to get its tokens.
#[derive(Serialize, Deserialize)]
pub(crate) struct DeviceCode {
    pub(crate) answer: DeviceAuthorization,
    pub(crate) token_endpoint: Url,
    pub(crate) revocation_endpoint: Option<Url>,
    pub(crate) registration: Registration,
    pub(crate) resource: Option<String>,
    pub(crate) scopes: Option<String>,
    #[serde(default)]
    pub(crate) binding: TokenBinding,
}

/// The response of a device authorization endpoint (RFC 8628 §3.2).
pub(crate) type DeviceAuthorization =
    oauth2::DeviceAuthorizationResponse<EmptyExtraDeviceAuthorizationFields>;

/// The sign-in that is now stored; `None` if it cannot be had without a person.
pub(crate) type JobOutcome = Result<Option<Box<SignIn>>, JobError>;

/// Why a job got no tokens.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum JobError {
    /// The authorization server issued none.
    Grant(GrantError),
    /// The credential store cannot be used.
    Store(Failure),
    /// The process that runs the job did not report in time.
    NoReply(Failure),
}

/// The report of the other process. For stored tokens it only says that they are stored: another
/// sender on this machine must not get a token.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum JobReply {
    Stored,
    NotStored(Box<SignIn>),
    Impossible,
    Failed(JobError),
}

/// A job, and the name of the record that it concerns.
#[derive(Serialize, Deserialize)]
pub(crate) struct JobOrder<J> {
    pub(crate) sign_in: String,
    pub(crate) job: J,
}

impl From<GrantError> for JobError {
    fn from(error: GrantError) -> Self {
        Self::Grant(error)
    }
}
