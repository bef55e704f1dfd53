//! Processes of their own that use the store. The test binary starts itself again, as the one test
//! below, with nothing in its environment but what a test gives it: that is how hosts start us.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

use mcp_tether::platform::Paths;
use mcp_tether::redact::Secret;
use mcp_tether::store::{CredentialStore, DEADLINE, SaveOutcome, StorageLocation, StoreError};

const ACT: &str = "STORE_DRIVER_ACT";
const CHOICE: &str = "STORE_DRIVER_CHOICE";
const DEADLINE_MS: &str = "STORE_DRIVER_DEADLINE_MS";

/// The prefix of the driver's lines; the test harness writes other lines around them.
const MARK: &str = "@ ";

/// A process to be started.
pub struct Driver {
    command: Command,
}

impl Driver {
    /// Prepares a process with this home, and so this state folder, that performs `act`; see
    /// [`perform`].
    pub fn new(home: &Path, act: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "store_driver::driver", "--ignored", "--nocapture"])
            .env_clear()
            .env("HOME", home)
            .env(ACT, act)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // Windows programs do not start without these.
        for name in ["PATH", "SystemRoot", "LOCALAPPDATA", "APPDATA", "USERPROFILE"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.env("MCP_TETHER_STATE_DIR", home.join("state"));
        Self { command }
    }

    /// Sets the credential store; `auto` by default, as for `--credential-store`.
    pub fn choice(mut self, choice: &str) -> Self {
        self.command.env(CHOICE, choice);
        self
    }

    /// Sets a limit on keyring calls that lets a test end soon.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.command.env(DEADLINE_MS, deadline.as_millis().to_string());
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn env_remove(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Starts it and lets it run.
    pub fn start(mut self) -> RunningDriver {
        let mut child = self.command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        RunningDriver { child, lines }
    }

    /// Runs it to its end.
    pub fn run(mut self) -> Said {
        let Output { status, stdout, stderr } = self.command.output().unwrap();
        let stdout = String::from_utf8(stdout).unwrap();
        let stderr = String::from_utf8(stderr).unwrap();
        assert!(status.success(), "the driver failed\n{stdout}\n{stderr}");
        Said {
            line: stdout.lines().find_map(said).unwrap_or_default().to_owned(),
            everything: stdout + &stderr,
        }
    }

    /// Returns the one thing it says.
    pub fn says(self) -> String {
        self.run().line
    }
}

/// The output of a process.
pub struct Said {
    pub line: String,
    /// All output, logs at the highest verbosity included.
    pub everything: String,
}

/// A process that runs. It is killed when this is dropped.
pub struct RunningDriver {
    pub child: Child,
    lines: BufReader<ChildStdout>,
}

impl RunningDriver {
    /// Returns the next thing it says, or `None` at its end.
    pub fn next(&mut self) -> Option<String> {
        let mut line = String::new();
        loop {
            line.clear();
            if self.lines.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            // A line without its end was cut off by a kill.
            if let Some(said) = line.strip_suffix('\n').and_then(said) {
                return Some(said.to_owned());
            }
        }
    }

    /// Returns everything it still says.
    pub fn rest(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.next()).collect()
    }

    /// Ends it as `kill -9` does.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Lets a driver that waits for the end of its input go on.
    pub fn release(&mut self) {
        drop(self.child.stdin.take());
    }
}

impl Drop for RunningDriver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn said(line: &str) -> Option<&str> {
    // The harness begins a line of its own and does not end it.
    Some(line.split_once(MARK)?.1)
}

/// The process itself.
#[test]
#[ignore = "started by other tests as a process of its own"]
fn driver() {
    let Ok(act) = std::env::var(ACT) else { return };
    let logs = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE);
    logs.with_writer(std::io::stderr).with_ansi(false).init();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(perform(&act));
}

async fn perform(act: &str) {
    let choice = std::env::var(CHOICE).map_or(Ok(Default::default()), |name| name.parse());
    let deadline = std::env::var(DEADLINE_MS).map(|ms| Duration::from_millis(ms.parse().unwrap()));
    let deadline = deadline.unwrap_or(DEADLINE);
    let paths = Paths::of_process();
    let store = CredentialStore::open_with_deadline(choice.unwrap(), &paths, deadline);
    let words: Vec<_> = act.split(' ').collect();
    match words[..] {
        ["save", name, value] => say(&saved(store.save(name, &secret(value)).await)),
        ["load", name] => say(&load(&store, name).await),
        ["knows", name] => say(&store.knows(name).to_string()),
        ["delete", name] => {
            let removal = store.delete(name).await.unwrap();
            let failed = removal.failed.iter().map(|(place, e)| format!("{place}: {e}"));
            let failed = failed.collect::<Vec<_>>().join("; ");
            say(&format!("removed {:?} failed [{failed}]", removal.removed_from));
        }
        ["move", to] => {
            let to = if to == "file" { StorageLocation::File } else { StorageLocation::Keyring };
            say(&format!("{:?}", store.move_all(to).await.unwrap()));
        }
        ["rebuild"] => say(&format!("{:?}", store.rebuild_index().await)),
        ["rotate", name] => rotate(&store, name).await,
        ["count", name, rounds] => count(&store, name, rounds.parse().unwrap()).await,
        ["hold", name] => {
            let _held = store.lock(name).await.unwrap();
            say("held");
            tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()))
                .await
                .unwrap()
                .unwrap();
        }
        ["load-and-stay", name] => {
            say(&load(&store, name).await);
            tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()))
                .await
                .unwrap()
                .unwrap();
        }
        ["try-lock", name] => {
            say(&match store.lock_within(name, Duration::from_millis(50)).await {
                Ok(_) => "locked".to_owned(),
                Err(error) => failure(&error),
            });
        }
        _ => panic!("the driver knows no `{act}`"),
    }
}

/// Stores a number that grows, as a rotating token does, and says each one that is stored.
async fn rotate(store: &CredentialStore, name: &str) {
    loop {
        let last = load(store, name).await;
        let last: u64 = last.strip_prefix("value ").map_or(0, |value| padded(value).unwrap());
        let next = format!("{}x{}", last + 1, "y".repeat(2000));
        store.save(name, &secret(&next)).await.unwrap();
        say(&(last + 1).to_string());
    }
}

/// Returns the number of a value that [`rotate`] stored.
pub fn padded(value: &str) -> Option<u64> {
    let (number, padding) = value.split_once('x')?;
    (padding.len() == 2000).then(|| number.parse().ok())?
}

/// Adds one to a number, again and again, each time under the lock: no addition may get lost.
async fn count(store: &CredentialStore, name: &str, rounds: u32) {
    for _ in 0..rounds {
        let _held = store.lock(name).await.unwrap();
        let last = load(store, name).await;
        let last: u64 = last.strip_prefix("value ").map_or(0, |value| value.parse().unwrap());
        store.save(name, &secret(&(last + 1).to_string())).await.unwrap();
    }
}

async fn load(store: &CredentialStore, name: &str) -> String {
    match store.load(name).await {
        Ok(Some(value)) => format!("value {}", String::from_utf8_lossy(value.expose())),
        Ok(None) => "absent".to_owned(),
        Err(error) => failure(&error),
    }
}

fn saved(saved: Result<SaveOutcome, StoreError>) -> String {
    match saved {
        Ok(SaveOutcome { place, notice: None }) => format!("saved {place}"),
        Ok(SaveOutcome { place, notice: Some(notice) }) => {
            format!("saved {place}, notice: {} hint: {}", notice.message, notice.hint)
        }
        Err(error) => failure(&error),
    }
}

fn failure(error: &StoreError) -> String {
    let hint = error.next_step();
    format!("error {:?}: {error}, hint: {hint}", error.kind())
}

fn secret(text: &str) -> Secret<Vec<u8>> {
    Secret::new(text.as_bytes().to_vec())
}

fn say(text: &str) {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(format!("{MARK}{text}\n").as_bytes()).unwrap();
    stdout.flush().unwrap();
}
