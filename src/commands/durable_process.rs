//! Runs what must not break off when a bridge is killed in a process of its own: this program
//! again, with the hidden verb `token-job` (`token_job.rs`). Settings and secrets go through its
//! stdin and its result comes back through its stdout; nothing is in arguments or variables.

use std::io::{Read, Write};
use std::process::Stdio;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::prepare::Patience;
use crate::auth::{JobRunner, NotRun};
use crate::environment::{Environment, to_stderr};
use crate::platform::own_program;
use crate::redact::Secret;
use crate::settings::{Flags, Key, SETTINGS};
use crate::store::StoreChoice;

/// The hidden verb.
pub(super) const VERB: &str = "token-job";

/// How a run of this program came to its options, so that another run comes to the same.
#[derive(Serialize, Deserialize)]
pub(super) struct JobInput {
    /// The version that wrote this: an update may have replaced the program since.
    pub(super) version: String,
    pub(super) url: String,
    config: Option<String>,
    flags: Vec<(String, Vec<String>)>,
    pub(super) patience: Patience,
}

/// What the process of a job writes to its stdout.
#[derive(Serialize, Deserialize)]
pub(super) struct JobReport {
    /// For the person at the terminal.
    pub(super) messages: Vec<String>,
    /// The job's own result, as JSON; if it was not begun, the reason in one sentence.
    pub(super) outcome: std::result::Result<Box<RawValue>, String>,
}

/// Runs each token job in a process of its own.
pub struct DetachedProcess {
    input: Secret<Vec<u8>>,
}

impl DetachedProcess {
    /// For a run with this URL and these flags. `None` if what the job stores would end with its own
    /// process, or if this process is not the program itself.
    pub fn of_run(
        url: &str,
        flags: &Flags,
        environment: &Environment,
        choice: StoreChoice,
        patience: Patience,
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
            patience,
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

/// Starts the process and waits for its report. Its stdin stays open until then: its end tells the
/// process that nobody is waiting.
fn exchange(
    input: &Secret<Vec<u8>>,
    job: &Secret<Vec<u8>>,
) -> std::result::Result<JobReport, NotRun> {
    let trouble = |what: &str, error: &dyn std::fmt::Display| NotRun(format!("{what}: {error}"));
    let mut child = own_program()
        .and_then(|mut program| {
            // A stderr that outlives us would keep a host waiting that reads ours to its end.
            program.arg(VERB).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
            program.spawn()
        })
        .map_err(|error| trouble("its process cannot be started", &error))?;
    let mut stdin = child.stdin.take().expect("a pipe was asked for");
    let mut stdout = child.stdout.take().expect("a pipe was asked for");
    let lines = [input.expose().as_slice(), b"\n", job.expose(), b"\n"].concat();
    let written = stdin.write_all(&lines);
    let mut text = Vec::new();
    let read = stdout.read_to_end(&mut text);
    drop(stdin);
    let status = child.wait();
    written.and(read).map_err(|error| trouble("its process cannot be talked to", &error))?;
    serde_json::from_slice(&text).map_err(|_| match status {
        Ok(status) => trouble("its process ended without a report", &status),
        Err(error) => trouble("its process cannot be waited for", &error),
    })
}

impl JobInput {
    /// The flags of that run. Those that this version does not know are left out.
    pub(super) fn flags(&self) -> Flags {
        let known = |(name, texts): &(String, Vec<String>)| {
            let setting = SETTINGS.iter().find(|setting| setting.name == name)?;
            Some((setting.key, texts.clone()))
        };
        Flags { config: self.config.clone(), values: self.flags.iter().filter_map(known).collect() }
    }
}
