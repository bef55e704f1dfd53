//! A value that a command prints: a token (`--token-command`) or a header (`--header-command`). The
//! command runs once for all waiting requests, its value is kept until it expires, and it runs once
//! more after a refusal (A-91). Nothing is stored.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use http::{HeaderName, HeaderValue};
use serde::Deserialize;
use tokio::time::Instant;

use super::token_file::token_header;
use crate::error::{Failure, FailureKind};
use crate::platform::{Clock, CommandLine, SystemClock, program_output};
use crate::redact::Secret;

/// How long a command may take.
pub(super) const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);
/// How long, in seconds, before its expiry a token is no longer used.
const MARGIN_SECONDS: u64 = 20;
/// How long a failure is repeated to later requests.
const FAILURE_PAUSE: Duration = Duration::from_secs(2);
/// The shortest time between two runs because of refusals.
const REFUSAL_PAUSE: Duration = Duration::from_secs(5);

/// A command and what it printed last.
pub struct CommandValue {
    command: CommandLine,
    output: CommandOutput,
    /// How long a value is kept; zero runs the command for every request.
    keep: Duration,
    cell: Mutex<Cell>,
}

/// The kind of value that a command prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CommandOutput {
    /// A token, for `Authorization: Bearer`.
    Token,
    /// The value of this header.
    Header(HeaderName),
}

type Run = Shared<BoxFuture<'static, Result<Printed, Failure>>>;

/// A value and its serial number.
#[derive(Clone, Debug)]
pub(super) struct Printed {
    pub(super) header: HeaderValue,
    /// Changes with the value.
    pub(super) serial: u64,
    until: ValueExpiry,
}

/// When a value is no longer used.
#[derive(Clone, Copy, Debug)]
struct ValueExpiry {
    at: Instant,
    /// The `exp` claim of a JWT, in seconds since 1970.
    expires: Option<u64>,
}

#[derive(Default)]
struct Cell {
    kept: Option<Printed>,
    running: Option<Run>,
    failed: Option<(Instant, Failure)>,
    /// When the command last ran because of a refusal, unless a request has succeeded since.
    refused: Option<Instant>,
}

impl CommandValue {
    /// Prepares a command whose value is kept for `keep`. Runs nothing yet.
    pub(super) fn new(command: CommandLine, output: CommandOutput, keep: Duration) -> Arc<Self> {
        Arc::new(Self { command, output, keep, cell: Mutex::default() })
    }

    /// The value for the next request.
    ///
    /// # Errors
    /// The command failed, or printed something else.
    pub(super) async fn current(self: &Arc<Self>) -> Result<Printed, Failure> {
        let run = {
            let mut cell = self.cell();
            if let Some(kept) = cell.kept.as_ref().filter(|kept| kept.until.is_ahead()) {
                return Ok(kept.clone());
            }
            if let Some((at, failure)) = &cell.failed
                && at.elapsed() < FAILURE_PAUSE
            {
                return Err(failure.clone());
            }
            self.run(&mut cell)
        };
        run.await
    }

    /// Whether there is a value other than the refused one. Runs the command once.
    ///
    /// # Errors
    /// As for [`CommandValue::current`].
    pub(super) async fn has_changed_since(
        self: &Arc<Self>,
        used: Option<u64>,
    ) -> Result<bool, Failure> {
        let run = {
            let mut cell = self.cell();
            let is_newer = |kept: &Printed| Some(kept.serial) != used && kept.until.is_ahead();
            if cell.kept.as_ref().is_some_and(is_newer) {
                return Ok(true);
            }
            if cell.running.is_none() {
                if cell.refused.is_some_and(|at| at.elapsed() < REFUSAL_PAUSE) {
                    return Ok(false);
                }
                cell.refused = Some(Instant::now());
            }
            self.run(&mut cell)
        };
        Ok(Some(run.await?.serial) != used)
    }

    /// Notes that a request with this value was accepted.
    pub(super) fn accept(&self) {
        self.cell().refused = None;
    }

    /// The serial number of the kept value; 0 if there is none yet.
    pub(super) fn serial(&self) -> u64 {
        self.cell().kept.as_ref().map_or(0, |kept| kept.serial)
    }

    /// The kept value, even if it is no longer used.
    pub(super) fn kept(&self) -> Option<HeaderValue> {
        self.cell().kept.as_ref().map(|kept| kept.header.clone())
    }

    /// The setting, safe to show.
    pub(super) fn setting(&self) -> String {
        match &self.output {
            CommandOutput::Token => "`--token-command`".to_owned(),
            CommandOutput::Header(name) => format!("`--header-command` for `{name}`"),
        }
    }

    /// The longest time for which the value is still used.
    pub(super) fn remaining(&self) -> Option<Duration> {
        self.cell().kept.as_ref().map(|kept| kept.until.remaining())
    }

    /// Starts the command, or joins the run in progress. It continues even if no request waits for
    /// it any more.
    fn run(self: &Arc<Self>, cell: &mut Cell) -> Run {
        if let Some(running) = &cell.running {
            return running.clone();
        }
        let value = Arc::clone(self);
        let before = cell.kept.as_ref().map(|kept| (kept.header.clone(), kept.serial));
        let task = tokio::spawn(async move {
            // After a panic too, the next request must not join a run that has ended.
            let printed = AssertUnwindSafe(value.run_alone(before)).catch_unwind().await;
            let printed = printed.unwrap_or_else(|_| Err(value.interrupted()));
            let mut cell = value.cell();
            cell.running = None;
            cell.failed = printed.as_ref().err().map(|failure| (Instant::now(), failure.clone()));
            if let Ok(printed) = &printed {
                cell.kept = Some(printed.clone());
            }
            printed
        });
        let value = Arc::clone(self);
        let run = async move { task.await.unwrap_or_else(|_| Err(value.interrupted())) };
        let run = run.boxed().shared();
        cell.running = Some(run.clone());
        run
    }

    async fn run_alone(&self, before: Option<(HeaderValue, u64)>) -> Result<Printed, Failure> {
        let output = program_output(&self.command, COMMAND_TIMEOUT).await;
        let output = output.map_err(|why| self.failure(&why.to_string()))?;
        let header = self.header(&output).map_err(|why| self.failure(why))?;
        let expires = expiry(&header);
        if expires.is_some_and(|end| end <= SystemClock.now()) {
            return Err(self.failure("it printed a token that has expired"));
        }
        let serial = match before {
            Some((old, serial)) if old == header => serial,
            Some((_, serial)) => serial + 1,
            None => 1,
        };
        Ok(Printed {
            header,
            serial,
            until: ValueExpiry { at: Instant::now() + self.keep, expires },
        })
    }

    fn header(&self, output: &Secret<Vec<u8>>) -> Result<HeaderValue, &'static str> {
        let text = std::str::from_utf8(output.expose()).map_err(|_| "its output is not UTF-8")?;
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() {
            return Err("it printed nothing");
        }
        if self.output == CommandOutput::Token {
            return token_header(text).ok_or("it did not print one token and nothing else");
        }
        if text.contains(['\r', '\n']) {
            return Err("it printed more than one line");
        }
        let mut header = HeaderValue::from_bytes(text.as_bytes())
            .map_err(|_| "it printed a control character")?;
        header.set_sensitive(true);
        Ok(header)
    }

    fn failure(&self, why: &str) -> Failure {
        let message = format!("the command of {} failed: {why}", self.setting());
        Failure::new(FailureKind::AuthFailed, message)
            .hint(format!("try it in a terminal: {}", self.command))
    }

    fn interrupted(&self) -> Failure {
        let message = format!("the command of {} was interrupted", self.setting());
        Failure::new(FailureKind::AuthFailed, message)
            .hint("try again; if it happens again, please report this as a bug in `mcp-tether`")
    }

    fn cell(&self) -> MutexGuard<'_, Cell> {
        self.cell.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for CommandValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CommandValue").field("output", &self.output).finish_non_exhaustive()
    }
}

impl ValueExpiry {
    fn is_ahead(self) -> bool {
        Instant::now() < self.at
            && self.expires.is_none_or(|end| SystemClock.now() + MARGIN_SECONDS < end)
    }

    fn remaining(self) -> Duration {
        let kept = self.at.saturating_duration_since(Instant::now());
        let valid = self
            .expires
            .map(|end| Duration::from_secs(end.saturating_sub(SystemClock.now() + MARGIN_SECONDS)));
        valid.map_or(kept, |valid| valid.min(kept))
    }
}

/// The `exp` claim of a JWT (RFC 7519 §4.1.4), whatever the header is called. It only decides when
/// the command runs again.
fn expiry(header: &HeaderValue) -> Option<u64> {
    #[derive(Deserialize)]
    struct Claims {
        exp: Option<f64>,
    }
    let token = header.to_str().ok()?.rsplit(' ').next()?;
    let mut parts = token.split('.');
    let (_, payload, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else {
        return None;
    };
    let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    let exp = serde_json::from_slice::<Claims>(&payload).ok()?.exp?;
    (exp >= 0.0).then_some(exp as u64)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    /// A command that counts its runs in a file and prints `script`'s output, where `$n` is the
    /// run.
    fn counting(script: &str, keep: Duration) -> (Arc<CommandValue>, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let runs = folder.path().join("runs");
        let script = format!("echo x >> {0}; n=$(wc -l < {0}); n=$((n)); {script}", runs.display());
        let words = ["/bin/sh", "-c", &script].map(str::to_owned);
        let command = CommandLine::parse(&CommandLine::text_of(&words).unwrap()).unwrap();
        (CommandValue::new(command, CommandOutput::Token, keep), folder)
    }

    fn runs(folder: &tempfile::TempDir) -> usize {
        let text = std::fs::read_to_string(folder.path().join("runs")).unwrap_or_default();
        text.lines().count()
    }

    fn jwt(exp: &str) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.c2ln", part(r#"{"alg":"none"}"#), part(&format!(r#"{{"exp":{exp}}}"#)))
    }

    /// A-91
    #[tokio::test]
    async fn requests_that_wait_share_one_run_and_what_it_printed_is_kept() {
        let (value, folder) = counting("sleep 0.2; echo token-$n", HOUR);
        let asked = (0..32).map(|_| value.current());
        for printed in futures_util::future::join_all(asked).await {
            assert_eq!(printed.unwrap().header, "Bearer token-1");
        }
        assert_eq!(value.current().await.unwrap().serial, 1);
        assert_eq!(runs(&folder), 1);
        let (value, folder) = counting("echo token-$n", Duration::ZERO);
        assert_eq!(value.current().await.unwrap().header, "Bearer token-1");
        assert_eq!(value.current().await.unwrap().header, "Bearer token-2");
        assert_eq!(runs(&folder), 2);
    }

    /// A-91
    #[tokio::test]
    async fn a_refusal_runs_it_once_more_for_everyone() {
        let (value, folder) = counting("echo token-$n", HOUR);
        let used = Some(value.current().await.unwrap().serial);
        let asked = (0..32).map(|_| value.has_changed_since(used));
        for changed in futures_util::future::join_all(asked).await {
            assert!(changed.unwrap());
        }
        assert_eq!(runs(&folder), 2);
        let used = Some(value.current().await.unwrap().serial);
        assert!(!value.has_changed_since(used).await.unwrap(), "refused again at once");
        assert_eq!(runs(&folder), 2);
        value.accept();
        assert!(value.has_changed_since(used).await.unwrap());
        let (same, folder) = counting("echo token", HOUR);
        let used = Some(same.current().await.unwrap().serial);
        assert!(!same.has_changed_since(used).await.unwrap());
        assert_eq!(runs(&folder), 2);
    }

    /// A-91
    #[tokio::test]
    async fn a_jwt_is_used_until_shortly_before_its_end() {
        let soon = (SystemClock.now() + 5).to_string();
        let (value, folder) = counting(&format!("echo {}", jwt(&soon)), HOUR);
        value.current().await.unwrap();
        value.current().await.unwrap();
        assert_eq!(runs(&folder), 2, "it ends within the margin");
        let later = (SystemClock.now() + 3000).to_string();
        let (value, folder) = counting(&format!("echo {}", jwt(&later)), HOUR);
        value.current().await.unwrap();
        value.current().await.unwrap();
        assert_eq!(runs(&folder), 1);
        assert!(value.remaining().unwrap() < Duration::from_secs(3000));
        let (value, _folder) = counting(&format!("echo {}", jwt("17")), HOUR);
        assert!(value.current().await.unwrap_err().message.contains("has expired"));
        for odd in ["-1", "1e300", "\"x\"", "null"] {
            let (value, _folder) = counting(&format!("echo {}", jwt(odd)), HOUR);
            value.current().await.unwrap();
        }
    }

    /// A-91
    #[tokio::test]
    async fn a_failure_is_told_once_for_a_burst_and_shows_no_value() {
        let (value, folder) = counting("echo hunter2; echo please sign in >&2; exit 1", HOUR);
        for _ in 0..10 {
            let failure = value.current().await.unwrap_err();
            assert!(failure.message.contains("please sign in"), "{failure:?}");
            assert!(!format!("{failure:?}").contains("hunter2 "), "{failure:?}");
        }
        assert_eq!(runs(&folder), 1);
        for (script, why) in [
            ("true", "printed nothing"),
            ("echo", "printed nothing"),
            ("echo a b", "one token"),
            ("echo a; echo b", "one token"),
            ("printf 'a\\001b'", "one token"),
            ("printf '\\377\\376'", "not UTF-8"),
        ] {
            let (value, _folder) = counting(script, HOUR);
            let failure = value.current().await.unwrap_err();
            assert!(failure.message.contains(why), "{script}: {failure:?}");
        }
    }
}
