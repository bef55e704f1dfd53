//! The hidden verb `token-job`: runs one token job in the process that `durable_process` started
//! for it, so that the job survives a kill of the bridge.

use std::io::BufRead;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::value::RawValue;

use super::durable_process::{JobInput, JobReport, VERB};
use super::prepare::{block_on, for_token_job};
use crate::auth::NotRun;
use crate::environment::{Environment, stdin_is_terminal, to_stdout};
use crate::error::{Error, ExitCode, Result};
use crate::redact::Secret;

/// Runs one job and writes a report. Continues if the process that started it dies.
///
/// # Errors
/// Stdin is a terminal, because a person ran the command.
pub fn run(environment: &Environment) -> Result<ExitCode> {
    if stdin_is_terminal() {
        return Err(Error::usage(format!("`{VERB}` is for the bridge's own use"))
            .hint("sign in with `mcp-tether login URL`"));
    }
    let mut stdin = std::io::stdin().lock();
    let mut line = || {
        let mut line = Vec::new();
        let _ = stdin.read_until(b'\n', &mut line);
        Secret::new(line)
    };
    let (input, job) = (line(), line());
    drop(stdin);
    let messages = Arc::<Mutex<Vec<String>>>::default();
    let outcome = run_job(&input, &job, environment, &messages);
    let messages = std::mem::take(&mut *messages.lock().unwrap_or_else(PoisonError::into_inner));
    let report = JobReport { messages, outcome };
    let text = serde_json::to_string(&report);
    let text = text.map_err(|error| {
        Error::failed(format!("cannot report: {error}"))
            .hint("please report this as a bug in `mcp-tether`")
    })?;
    to_stdout(&text);
    Ok(ExitCode::Ok)
}

fn run_job(
    input: &Secret<Vec<u8>>,
    job: &Secret<Vec<u8>>,
    environment: &Environment,
    messages: &Arc<Mutex<Vec<String>>>,
) -> std::result::Result<Box<RawValue>, String> {
    let input: JobInput = serde_json::from_slice(input.expose())
        .map_err(|_| "the input cannot be read".to_owned())?;
    if input.version != env!("CARGO_PKG_VERSION") {
        return Err(format!("another version was installed: {}", env!("CARGO_PKG_VERSION")));
    }
    let messages = Arc::clone(messages);
    let notice = Arc::new(move |text: &str| {
        messages.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_owned());
    });
    let flags = input.flags();
    let prepared = for_token_job(&input.url, &flags, environment, input.keyring_wait, notice);
    let authorizer = prepared.map_err(|error| error.to_string())?;
    let outcome = block_on(async {
        // A signal that ends the bridge must not end this process, which soon ends anyway.
        #[cfg(unix)]
        let _ignored = ignore_termination_signals();
        let (left, gone) = tokio::sync::oneshot::channel::<()>();
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
            drop(left);
        });
        let gone = async {
            let _ = gone.await;
        };
        Ok(authorizer.run_token_job(job, gone).await)
    });
    let NotRun(reason) = match outcome.map_err(|error| error.to_string())? {
        Ok(bytes) => {
            let text = String::from_utf8(bytes.expose_to_store().clone()).unwrap_or_default();
            return RawValue::from_string(text).map_err(|error| error.to_string());
        }
        Err(not_run) => not_run,
    };
    Err(reason)
}

/// Ignores the signals that would end this process, for as long as the result lives.
#[cfg(unix)]
fn ignore_termination_signals() -> Vec<tokio::signal::unix::Signal> {
    use tokio::signal::unix::{SignalKind, signal};
    let kinds = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
    kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect()
}
