//! Runs token jobs: in a process that outlives this one if there is a
//! [`JobRunner`](crate::auth::JobRunner), otherwise here. The work is the same in either place. How
//! that process is started is up to the `JobRunner`.

use std::time::Duration;

use futures_util::future::FutureExt;
use serde::Serialize;

use crate::auth::context::Context;
use crate::auth::durable::dispatch::work;
use crate::auth::durable::job::{
    JobError, JobOrder, JobOutcome, JobReply, NotRun, SenderGone, TokenJob,
};
use crate::error::{Failure, FailureKind};
use crate::redact::Secret;

/// How long a job without a person may take: it waits for other processes, then sends one request.
const JOB_TIMEOUT: Duration = Duration::from_secs(120);

/// Runs a job in a process that outlives this one; otherwise here.
pub(crate) async fn run(context: &Context, job: TokenJob) -> JobOutcome {
    if let Some(runner) = context.job_runner() {
        let order = JobOrder { sign_in: context.names.sign_in.clone(), job: &job };
        let answer =
            tokio::time::timeout(timeout_of(context, &job), runner.run(bytes_of(&order))).await;
        match reply_in(answer) {
            Ok(JobReply::Stored) => {
                let stored = context.stored_sign_in().await.map_err(JobError::Store)?;
                return Ok(stored.map(Box::new));
            }
            Ok(JobReply::NotStored(record)) => return Ok(Some(record)),
            Ok(JobReply::Impossible) => return Ok(None),
            Ok(JobReply::Failed(error)) => return Err(error),
            Err(NotRun(reason)) => context.announced_in_process.call_once(|| {
                tracing::info!(
                    "tokens are asked for in this process, not in one of their own: {reason}"
                );
            }),
        }
    }
    // This process must not end meanwhile, unless the job has a process of its own.
    let _in_flight = match job {
        TokenJob::Refresh { .. } | TokenJob::Redeem(_) => {
            Some(context.tokens_in_flight.lock().await)
        }
        // A person may take minutes, and no token is in flight for most of that time.
        TokenJob::AwaitDevice(_) => None,
    };
    work(context, job, futures_util::future::pending().boxed().shared()).await
}

/// Runs a job for another process.
///
/// # Errors
/// It cannot be read, or concerns another record than these options name, because the settings have
/// changed.
pub(crate) async fn run_for_another_process(
    context: &Context,
    order: &Secret<Vec<u8>>,
    gone: SenderGone,
) -> Result<Secret<Vec<u8>>, NotRun> {
    let order: JobOrder<TokenJob> = serde_json::from_slice(order.expose())
        .map_err(|_| NotRun("the job cannot be read".to_owned()))?;
    // The sign-in at the identity provider can be refreshed with any server's settings.
    let candidates = [Some(context), context.identity.as_deref()];
    let context = candidates.into_iter().flatten().find(|it| it.names.sign_in == order.sign_in);
    let Some(context) = context else {
        return Err(NotRun("the settings have changed in the meantime".to_owned()));
    };
    let outcome = work(context, order.job, gone).await;
    Ok(bytes_of(&reply_to(context, outcome).await))
}

async fn reply_to(context: &Context, outcome: JobOutcome) -> JobReply {
    let record = match outcome {
        Ok(Some(record)) => record,
        Ok(None) => return JobReply::Impossible,
        Err(error) => return JobReply::Failed(error),
    };
    let stored = context.stored_sign_in().await.ok().flatten();
    if stored.is_some_and(|stored| stored.tokens == record.tokens) {
        JobReply::Stored
    } else {
        JobReply::NotStored(record)
    }
}

fn timeout_of(context: &Context, job: &TokenJob) -> Duration {
    match job {
        TokenJob::Refresh { .. } | TokenJob::Redeem(_) => JOB_TIMEOUT,
        TokenJob::AwaitDevice(_) => context.options.auth_timeout + JOB_TIMEOUT,
    }
}

fn reply_in(
    answer: Result<Result<Secret<Vec<u8>>, NotRun>, tokio::time::error::Elapsed>,
) -> Result<JobReply, NotRun> {
    // The process may still hold the lock, so this one would only wait for it.
    let Ok(answer) = answer else { return Ok(JobReply::Failed(JobError::NoReply(timed_out()))) };
    serde_json::from_slice(answer?.expose())
        .map_err(|_| NotRun("the answer cannot be read".to_owned()))
}

fn timed_out() -> Failure {
    Failure::new(FailureKind::Timeout, "the process that asks for tokens does not end")
        .hint("look for `mcp-tether token-job` among the processes of this machine and end it")
}

fn bytes_of(value: &impl Serialize) -> Secret<Vec<u8>> {
    Secret::new(serde_json::to_vec(value).expect("a job has text keys and plain values"))
}
