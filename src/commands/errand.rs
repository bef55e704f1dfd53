//! What must not break off when a bridge is killed runs in a process of its own: [`Apart`] starts
//! this program again with the hidden verb `errand`, and [`run`] is that verb. Settings and secrets
//! go through its stdin, what became of it comes back through its stdout, the tokens rest in the
//! store; nothing is in arguments or variables.

use std::io::{BufRead, Read, Write};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::prepare::{Patience, block_on, for_errand};
use crate::auth::{Errands, NotRun};
use crate::environment::{Environment, stdin_is_terminal, to_stderr, to_stdout};
use crate::error::{Error, ExitCode, Result};
use crate::platform::own_program;
use crate::redact::Secret;
use crate::settings::{Flags, Key, SETTINGS};
use crate::store::StoreChoice;

/// The hidden verb.
const VERB: &str = "errand";

/// How a run of this program came to its options, so that another run comes to the same.
#[derive(Serialize, Deserialize)]
struct Briefing {
    /// An update may have put another version in our place.
    version: String,
    url: String,
    config: Option<String>,
    flags: Vec<(String, Vec<String>)>,
    patience: Patience,
}

/// What the process of an errand writes.
#[derive(Serialize, Deserialize)]
struct Report {
    /// What a person should be told.
    said: Vec<String>,
    /// What became of it; a sentence if it was not begun.
    outcome: std::result::Result<Box<RawValue>, String>,
}

/// Runs errands in processes of their own.
pub struct Apart {
    briefing: Secret<Vec<u8>>,
}

impl Apart {
    /// For a run with this URL and these flags; `None` where what it stores would end with the
    /// errand's own process, and where this is not the program itself.
    pub fn of_run(
        url: &str,
        flags: &Flags,
        environment: &Environment,
        choice: StoreChoice,
        patience: Patience,
    ) -> Option<Arc<dyn Errands>> {
        if choice == StoreChoice::Memory || !environment.is_of_process() {
            return None;
        }
        let by_name =
            |(key, texts): &(Key, Vec<String>)| (key.setting().name.to_owned(), texts.clone());
        let briefing = Briefing {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            url: url.to_owned(),
            config: flags.config.clone(),
            flags: flags.values.iter().map(by_name).collect(),
            patience,
        };
        Some(Arc::new(Self { briefing: Secret::new(serde_json::to_vec(&briefing).ok()?) }))
    }
}

impl Errands for Apart {
    fn run(
        &self,
        errand: Secret<Vec<u8>>,
    ) -> BoxFuture<'_, std::result::Result<Secret<Vec<u8>>, NotRun>> {
        let briefing = self.briefing.clone();
        Box::pin(async move {
            let talking = tokio::task::spawn_blocking(move || talk(&briefing, &errand));
            let report = talking.await.map_err(|_| NotRun("this process ends".to_owned()))??;
            for text in &report.said {
                to_stderr(&format!("{text}\n"));
            }
            let outcome = report.outcome.map_err(NotRun)?;
            Ok(Secret::new(outcome.get().as_bytes().to_vec()))
        })
    }
}

/// Starts the process and waits for its report. Its stdin stays open until then: the end of it
/// tells the process that nobody waits any longer.
fn talk(
    briefing: &Secret<Vec<u8>>,
    errand: &Secret<Vec<u8>>,
) -> std::result::Result<Report, NotRun> {
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
    let lines = [briefing.expose().as_slice(), b"\n", errand.expose(), b"\n"].concat();
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

/// The verb: does one errand and reports. It goes on when whoever sent it is gone, and ends by
/// itself.
pub fn run(environment: &Environment) -> Result<ExitCode> {
    if stdin_is_terminal() {
        return Err(Error::usage(format!("`{VERB}` is run by the bridge itself"))
            .hint("sign in with `mcp-tether login URL`"));
    }
    let mut stdin = std::io::stdin().lock();
    let mut line = || {
        let mut line = Vec::new();
        let _ = stdin.read_until(b'\n', &mut line);
        Secret::new(line)
    };
    let (briefing, errand) = (line(), line());
    drop(stdin);
    let said = Arc::<Mutex<Vec<String>>>::default();
    let outcome = begin(&briefing, &errand, environment, &said);
    let said = std::mem::take(&mut *said.lock().unwrap_or_else(PoisonError::into_inner));
    let report = Report { said, outcome };
    let text = serde_json::to_string(&report);
    to_stdout(&text.map_err(|error| Error::failed(format!("cannot report: {error}")))?);
    Ok(ExitCode::Ok)
}

fn begin(
    briefing: &Secret<Vec<u8>>,
    errand: &Secret<Vec<u8>>,
    environment: &Environment,
    said: &Arc<Mutex<Vec<String>>>,
) -> std::result::Result<Box<RawValue>, String> {
    let briefing: Briefing = serde_json::from_slice(briefing.expose())
        .map_err(|_| "the briefing cannot be read".to_owned())?;
    if briefing.version != env!("CARGO_PKG_VERSION") {
        return Err(format!("another version is installed by now: {}", env!("CARGO_PKG_VERSION")));
    }
    let said = Arc::clone(said);
    let notice = Arc::new(move |text: &str| {
        said.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_owned());
    });
    let flags = briefing.flags();
    let prepared = for_errand(&briefing.url, &flags, environment, briefing.patience, notice);
    let authorizer = prepared.map_err(|error| error.to_string())?;
    let outcome = block_on(async {
        // Whatever ends the bridge must not end this: it is over in a moment by itself.
        #[cfg(unix)]
        let _deaf = deaf();
        let (left, gone) = tokio::sync::oneshot::channel::<()>();
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
            drop(left);
        });
        let gone = async {
            let _ = gone.await;
        };
        Ok(authorizer.run_errand(errand, gone).await)
    });
    let NotRun(reason) = match outcome.map_err(|error| error.to_string())? {
        Ok(bytes) => {
            let text = String::from_utf8(bytes.expose().clone()).unwrap_or_default();
            return RawValue::from_string(text).map_err(|error| error.to_string());
        }
        Err(not_run) => not_run,
    };
    Err(reason)
}

/// Takes over the signals that would end this process, and does nothing about them.
#[cfg(unix)]
fn deaf() -> Vec<tokio::signal::unix::Signal> {
    use tokio::signal::unix::{SignalKind, signal};
    let kinds = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
    kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect()
}

impl Briefing {
    fn flags(&self) -> Flags {
        let known = |(name, texts): &(String, Vec<String>)| {
            let setting = SETTINGS.iter().find(|setting| setting.name == name)?;
            Some((setting.key, texts.clone()))
        };
        Flags { config: self.config.clone(), values: self.flags.iter().filter_map(known).collect() }
    }
}
