//! Runs token jobs, which must survive a kill of the bridge, in a process of their own: this
//! program with the hidden verb `token-job` (`token_job.rs`). Settings and secrets are passed on
//! stdin and the result on stdout, never in arguments or variables.

use std::io::{Read, Write};
use std::process::Stdio;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::keyring_wait::KeyringWait;
use crate::auth::{JobRunner, NotRun};
use crate::environment::{Environment, to_stderr};
use crate::platform::own_program;
use crate::redact::Secret;
use crate::settings::{Flags, Key, Setting};
use crate::store::StoreChoice;

/// The hidden verb.
pub(super) const VERB: &str = "token-job";

/// The command line of this process, from which the other process resolves the same settings.
#[derive(Serialize, Deserialize)]
pub(super) struct JobInput {
    /// The version of this program: an update may have replaced the file since it started.
    pub(super) version: String,
    pub(super) url: String,
    config: Option<String>,
    flags: Vec<(String, Vec<String>)>,
    pub(super) keyring_wait: KeyringWait,
}

/// What the process of a token job writes to its stdout.
#[derive(Serialize, Deserialize)]
pub(super) struct JobReport {
    /// Messages for the user.
    pub(super) messages: Vec<String>,
    /// The result of the job as JSON, or the reason why it was not started.
    pub(super) outcome: std::result::Result<Box<RawValue>, String>,
}

/// Runs each token job in a process of its own.
pub struct DetachedProcess {
    input: Secret<Vec<u8>>,
}

impl DetachedProcess {
    /// A runner for a command with this URL and these flags. `None` if the store is in memory, or
    /// if this process is a test rather than the program.
    pub fn for_command(
        url: &str,
        flags: &Flags,
        environment: &Environment,
        choice: StoreChoice,
        keyring_wait: KeyringWait,
    ) -> Option<Arc<dyn JobRunner>> {
        if choice == StoreChoice::Memory || !environment.is_of_process() {
            return None;
        }
        let by_name =
            |(key, texts): &(Key, Vec<String>)| (key.setting().name.to_owned(), texts.clone());
        let input = JobInput {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            url: url.to_owned(),
            config: flags.config.clone(),
            flags: flags.values.iter().map(by_name).collect(),
            keyring_wait,
        };
        Some(Arc::new(Self { input: Secret::new(serde_json::to_vec(&input).ok()?) }))
    }
}

impl JobRunner for DetachedProcess {
    fn run(
        &self,
        job: Secret<Vec<u8>>,
    ) -> BoxFuture<'_, std::result::Result<Secret<Vec<u8>>, NotRun>> {
        let input = self.input.clone();
        Box::pin(async move {
            let exchanging = tokio::task::spawn_blocking(move || exchange(&input, &job));
            let report = exchanging.await.map_err(|_| NotRun("this process ends".to_owned()))??;
            for text in &report.messages {
                to_stderr(&format!("{text}\n"));
            }
            let outcome = report.outcome.map_err(NotRun)?;
            Ok(Secret::new(outcome.get().as_bytes().to_vec()))
        })
    }
}

/// Starts the process and waits for its report. Closing its stdin would tell the process that its
/// starter has died, so stdin stays open until the report is read.
fn exchange(
    input: &Secret<Vec<u8>>,
    job: &Secret<Vec<u8>>,
) -> std::result::Result<JobReport, NotRun> {
    let not_run = |what: &str, error: &dyn std::fmt::Display| NotRun(format!("{what}: {error}"));
    let mut child = own_program()
        .and_then(|mut program| {
            // A host that reads our stderr to its end would wait for a process that inherits it.
            program.arg(VERB).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
            program.spawn()
        })
        .map_err(|error| not_run("its process cannot be started", &error))?;
    let mut stdin = child.stdin.take().expect("a pipe was asked for");
    let mut stdout = child.stdout.take().expect("a pipe was asked for");
    let lines = [input.expose_to_store().as_slice(), b"\n", job.expose_to_store(), b"\n"].concat();
    let written = stdin.write_all(&lines);
    let mut text = Vec::new();
    let read = stdout.read_to_end(&mut text);
    drop(stdin);
    let status = child.wait();
    written.and(read).map_err(|error| not_run("cannot communicate with its process", &error))?;
    serde_json::from_slice(&text).map_err(|_| match status {
        Ok(status) => not_run("its process ended without a report", &status),
        Err(error) => not_run("cannot wait for its process", &error),
    })
}

impl JobInput {
    /// The flags of the command line, without those that this version does not know.
    pub(super) fn flags(&self) -> Flags {
        let known = |(name, texts): &(String, Vec<String>)| {
            Some((Setting::from_name(name)?.key, texts.clone()))
        };
        Flags { config: self.config.clone(), values: self.flags.iter().filter_map(known).collect() }
    }
}
