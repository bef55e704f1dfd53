//! Dispatches a token job to the function that does it.

use crate::auth::context::Context;
use crate::auth::durable::job::{JobOutcome, SenderGone, TokenJob};
use crate::auth::grants::{device_poll, redemption, refresh_job};

/// Does the job in this process.
pub(crate) async fn work(context: &Context, job: TokenJob, gone: SenderGone) -> JobOutcome {
    match job {
        TokenJob::Refresh { stale, moved_to } => {
            refresh_job::run_refresh_job(context, &stale, moved_to).await
        }
        TokenJob::Redeem(pending) => redemption::redeem(context, &pending).await,
        TokenJob::AwaitDevice(code) => device_poll::poll(context, &code, gone).await,
    }
}
