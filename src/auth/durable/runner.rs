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
        let limit = timeout_of(context, &job);
        let answer = tokio::time::timeout(limit, runner.run(bytes_of(&order))).await;
        match reply_in(answer, limit) {
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
    limit: Duration,
) -> Result<JobReply, NotRun> {
    // The process may still hold the lock, so this one would only wait for it.
    let Ok(answer) = answer else {
        return Ok(JobReply::Failed(JobError::NoReply(timed_out(limit))));
    };
    serde_json::from_slice(answer?.expose())
        .map_err(|_| NotRun("the answer cannot be read".to_owned()))
}

fn timed_out(limit: Duration) -> Failure {
    let seconds = limit.as_secs();
    let message = format!("`mcp-tether token-job` did not finish within {seconds} s");
    Failure::new(FailureKind::Timeout, message)
        .hint("look for `mcp-tether token-job` among the processes of this machine and end it")
}

fn bytes_of(value: &impl Serialize) -> Secret<Vec<u8>> {
    Secret::new(serde_json::to_vec(value).expect("a job has text keys and plain values"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::future::BoxFuture;

    use super::*;
    use crate::auth::JobRunner;
    use crate::auth::context::AuthServices;
    use crate::auth::grants::token_endpoint::GrantError;
    use crate::auth::options::{AuthOptions, Grant};
    use crate::auth::records::names::Names;
    use crate::auth::records::record::StoredRecord;
    use crate::auth::records::vault::{MemoryVault, Vault};
    use crate::auth::tests::{options, pending, services, sign_in, state, store};
    use crate::http::HttpOptions;

    /// Another process that answers every job with this.
    struct Answers(Result<Vec<u8>, NotRun>);

    impl JobRunner for Answers {
        fn run(&self, _: Secret<Vec<u8>>) -> BoxFuture<'_, Result<Secret<Vec<u8>>, NotRun>> {
            let answer = self.0.clone().map(Secret::new);
            Box::pin(async { answer })
        }
    }

    fn context(options: AuthOptions, answer: Result<Vec<u8>, NotRun>) -> (Context, MemoryVault) {
        let vault = MemoryVault::new();
        let jobs: Option<Arc<dyn JobRunner>> = Some(Arc::new(Answers(answer)));
        let services = AuthServices { jobs, ..services(&vault) };
        let context =
            Context::new(Names::new(&options), options, &HttpOptions::default(), services);
        (context, vault)
    }

    fn bytes(reply: &JobReply) -> Result<Vec<u8>, NotRun> {
        Ok(serde_json::to_vec(reply).unwrap())
    }

    /// A job that is over at once: there is no code to redeem, and nothing is stored.
    fn job() -> TokenJob {
        TokenJob::Redeem(Box::new(pending()))
    }

    ///
    #[tokio::test]
    async fn the_report_of_the_other_process_is_the_outcome() {
        let options = options();
        let record = || Box::new(sign_in(&options, "a", None));
        let (context, vault) = context(options.clone(), bytes(&JobReply::Stored));
        vault.save(&context.names.sign_in, record().to_bytes()).await.unwrap();
        assert_eq!(run(&context, job()).await.ok().unwrap(), Some(record()));
        let with = async |reply: JobReply| {
            let (context, _) = self::context(options.clone(), bytes(&reply));
            run(&context, job()).await
        };
        assert!(with(JobReply::Stored).await.is_ok_and(|done| done.is_none()), "it is gone again");
        let kept = with(JobReply::NotStored(record())).await;
        assert_eq!(kept.ok().unwrap(), Some(record()));
        assert!(with(JobReply::Impossible).await.is_ok_and(|done| done.is_none()));
        let error = GrantError::Rejected { code: "invalid_grant".to_owned(), description: None };
        let failed = with(JobReply::Failed(JobError::Grant(error.clone()))).await;
        assert!(matches!(failed, Err(JobError::Grant(found)) if found == error));
    }

    #[tokio::test]
    async fn a_job_that_no_other_process_runs_is_run_here() {
        for answer in [Err(NotRun("no program".to_owned())), Ok(b"nonsense".to_vec())] {
            let (context, vault) = context(options(), answer);
            assert!(run(&context, job()).await.is_ok_and(|done| done.is_none()));
            assert!(vault.lockings() > 0, "the work was done");
        }
        // Without a person nothing is lost, so no process is started.
        let machine = AuthOptions { grant: Grant::ClientCredentials, ..options() };
        let (context, vault) = context(machine, bytes(&JobReply::Impossible));
        assert!(context.job_runner().is_none());
        assert!(run(&context, job()).await.is_ok() && vault.lockings() > 0);
    }

    ///
    #[tokio::test(start_paused = true)]
    async fn a_process_that_does_not_end_is_named() {
        let late = tokio::time::timeout(
            Duration::from_secs(1),
            futures_util::future::pending::<Result<Secret<Vec<u8>>, NotRun>>(),
        );
        let Ok(JobReply::Failed(JobError::NoReply(failure))) = reply_in(late.await, JOB_TIMEOUT)
        else {
            panic!("it did not answer")
        };
        assert_eq!(failure.kind, FailureKind::Timeout);
        assert!(failure.hint.contains("mcp-tether token-job"), "{}", failure.hint);
        let (state, _) = state(options());
        let (context, stale) = (&state.context, Secret::new("a".to_owned()));
        let refresh = TokenJob::Refresh { stale, moved_to: None };
        assert_eq!(timeout_of(context, &refresh), JOB_TIMEOUT);
        assert_eq!(timeout_of(context, &job()), JOB_TIMEOUT);
    }

    ///
    #[tokio::test]
    async fn tokens_leave_the_process_only_if_they_could_not_be_stored() {
        let (state, vault) = state(options());
        let record = || Box::new(sign_in(&options(), "a", None));
        let reply = async |outcome| reply_to(&state.context, outcome).await;
        assert!(matches!(reply(Ok(None)).await, JobReply::Impossible));
        assert!(matches!(reply(Ok(Some(record()))).await, JobReply::NotStored(_)));
        store(&state, &vault, &sign_in(&options(), "other", None)).await;
        assert!(matches!(reply(Ok(Some(record()))).await, JobReply::NotStored(_)));
        store(&state, &vault, &record()).await;
        assert!(matches!(reply(Ok(Some(record()))).await, JobReply::Stored));
        let failure = Failure::new(FailureKind::Timeout, "late").hint("wait");
        let failed = reply(Err(JobError::NoReply(failure))).await;
        assert!(matches!(failed, JobReply::Failed(JobError::NoReply(_))));
    }

    #[tokio::test]
    async fn an_order_for_another_record_is_not_carried_out() {
        let (state, vault) = state(options());
        let gone = || futures_util::future::pending().boxed().shared();
        let order =
            |sign_in: &str| bytes_of(&JobOrder { sign_in: sign_in.to_owned(), job: &job() });
        let run = async |order: Secret<Vec<u8>>| {
            run_for_another_process(&state.context, &order, gone()).await
        };
        let other = run(order("sign-in.other")).await.unwrap_err();
        assert_eq!(other.0, "the settings have changed in the meantime");
        let damaged = run(Secret::new(b"{".to_vec())).await.unwrap_err();
        assert_eq!(damaged.0, "the job cannot be read");
        assert_eq!(vault.lockings(), 0);
        let done = run(order(&state.context.names.sign_in)).await.unwrap();
        let reply: JobReply = serde_json::from_slice(done.expose()).unwrap();
        assert!(matches!(reply, JobReply::Impossible), "there is no code");
    }
}
