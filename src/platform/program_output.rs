//! Runs a program for its output, bounded in time and size (S-70). It gets no stdin, terminal or
//! shell; if it takes too long, it is ended together with the processes that it started.

use std::fmt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

use super::command_line::{CommandLine, NoProgram};
use crate::redact::{Secret, plain};

/// The longest output of a program, in bytes.
pub const MAX_PRINTED: usize = 64 * 1024;
/// How much of stderr is kept, in bytes.
const MAX_COMPLAINT: usize = 4 * 1024;
/// How much of it is shown, in characters.
const MAX_SHOWN: usize = 400;
/// How long to wait for output from processes that a program left running.
const REST: Duration = Duration::from_millis(250);

/// The failure of a program. The text shows its stderr, never its stdout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramFailure(String);

impl fmt::Display for ProgramFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Runs a command to its end and returns what it printed on stdout.
///
/// # Errors
/// It cannot be started, ends with an error, prints more than `MAX_PRINTED` bytes, or takes longer
/// than `limit`. The text completes "the command failed: …".
pub async fn program_output(
    command: &CommandLine,
    limit: Duration,
) -> Result<Secret<Vec<u8>>, ProgramFailure> {
    let failed = |why: String| ProgramFailure(why);
    let shown = plain(command.program());
    let mut child = start(command)?;
    let mut leftover = ProcessTree::of(&child);
    let outcome = tokio::time::timeout(limit, collect(&mut child)).await;
    let (status, printed, complaint) = match outcome {
        Err(_) => {
            let seconds = limit.as_secs_f64();
            return Err(failed(format!("`{shown}` did not end within {seconds} s")));
        }
        Ok(Err(error)) => return Err(failed(format!("`{shown}`: {error}"))),
        Ok(Ok(collected)) => collected,
    };
    leftover.let_go();
    if status.success() {
        return Ok(printed);
    }
    Err(failed(format!("`{shown}` ended with {}{}", describe(status), last_lines(&complaint))))
}

fn start(command: &CommandLine) -> Result<Child, ProgramFailure> {
    let shown = plain(command.program());
    let path = std::env::var("PATH").unwrap_or_default();
    let file = command.file(&path, &program_endings(), Path::is_file).map_err(|why| {
        ProgramFailure(match why {
            NoProgram::Missing => format!("there is no program `{shown}`"),
            NoProgram::NotInPath => format!(
                "there is no program `{shown}` in `PATH`, which hosts often shorten; name it by \
                 its absolute path"
            ),
            NoProgram::Relative => format!(
                "`{shown}` is a relative path, which depends on the host's folder; name the \
                 program by its absolute path"
            ),
        })
    })?;
    let mut program = Command::new(file); // the words of a setting
    program.args(command.arguments());
    program.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    program.kill_on_drop(true);
    #[cfg(unix)]
    program.process_group(0);
    #[cfg(windows)]
    program.creation_flags(0x0800_0000); // CREATE_NO_WINDOW
    let cannot = |error| ProgramFailure(format!("`{shown}` cannot be started: {error}"));
    program.spawn().map_err(cannot)
}

/// `PATHEXT`: the endings that Windows adds to a program's name, such as `.CMD`.
fn program_endings() -> Vec<String> {
    if !cfg!(windows) {
        return Vec::new();
    }
    let usual = || ".COM;.EXE;.BAT;.CMD".to_owned();
    let endings = std::env::var("PATHEXT").ok().filter(|text| !text.is_empty());
    endings.unwrap_or_else(usual).split(';').map(str::to_owned).collect()
}

type Collected = (ExitStatus, Secret<Vec<u8>>, Vec<u8>);

/// Reads both outputs and waits for the end. Processes that the program left running may keep them
/// open.
async fn collect(child: &mut Child) -> std::io::Result<Collected> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (mut printed, mut complaint) = (Vec::new(), Vec::new());
    let status = {
        let reading = async {
            tokio::try_join!(
                read(stdout, &mut printed, MAX_PRINTED, AtLimit::Stop),
                read(stderr, &mut complaint, MAX_COMPLAINT, AtLimit::Discard)
            )
        };
        tokio::pin!(reading);
        tokio::select! {
            biased;
            read = &mut reading => {
                read?;
                None
            }
            status = child.wait() => {
                // An output that is still open then belongs to a process that was left running.
                if let Ok(read) = tokio::time::timeout(REST, &mut reading).await {
                    read?;
                }
                Some(status?)
            }
        }
    };
    let status = match status {
        Some(status) => status,
        None => child.wait().await?,
    };
    Ok((status, Secret::new(printed), complaint))
}

/// What to do with output beyond a limit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AtLimit {
    /// End the program.
    Stop,
    /// Discard it, so that the program can continue.
    Discard,
}

async fn read(
    pipe: Option<impl AsyncRead + Unpin>,
    into: &mut Vec<u8>,
    limit: usize,
    at_limit: AtLimit,
) -> std::io::Result<()> {
    let Some(mut pipe) = pipe else { return Ok(()) };
    let mut chunk = [0; 4096];
    loop {
        let length = pipe.read(&mut chunk).await?;
        if length == 0 {
            return Ok(());
        }
        let room = limit - into.len();
        into.extend_from_slice(&chunk[..length.min(room)]);
        if at_limit == AtLimit::Stop && length > room {
            return Err(std::io::Error::other(format!("it printed more than {MAX_PRINTED} bytes")));
        }
    }
}

fn describe(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("exit code {code}"),
        None => "a signal".to_owned(),
    }
}

/// The end of what a program wrote to stderr, on one line.
fn last_lines(complaint: &[u8]) -> String {
    let text = String::from_utf8_lossy(complaint);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        return " and no message".to_owned();
    }
    let last = plain(&lines[lines.len().saturating_sub(4)..].join(" / "));
    let skipped = last.chars().count().saturating_sub(MAX_SHOWN);
    let shown: String = last.chars().skip(skipped).collect();
    format!(": {shown}")
}

/// Ends a program and the processes that it started when dropped, unless they are let go.
struct ProcessTree {
    #[cfg(unix)]
    group: Option<rustix::process::Pid>,
}

impl ProcessTree {
    #[cfg(unix)]
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self { group: id.and_then(rustix::process::Pid::from_raw) }
    }

    /// On other platforms only the program itself is ended, when its handle is dropped.
    #[cfg(not(unix))]
    fn of(_: &Child) -> Self {
        Self {}
    }

    /// Leaves the started processes running, such as an agent that holds a key.
    fn let_go(&mut self) {
        #[cfg(unix)]
        {
            self.group = None;
        }
    }
}

#[cfg(unix)]
impl Drop for ProcessTree {
    fn drop(&mut self) {
        if let Some(group) = self.group.take() {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(20);

    async fn run(script: &str) -> Result<String, String> {
        let words = ["/bin/sh", "-c", script].map(str::to_owned);
        let command = CommandLine::parse(&CommandLine::text_of(&words).unwrap()).unwrap();
        let output =
            program_output(&command, LIMIT).await.map_err(|failure| failure.to_string())?;
        Ok(String::from_utf8(output.expose().clone()).unwrap())
    }

    /// S-70
    #[tokio::test]
    async fn what_a_program_prints_is_taken_and_its_failure_is_told_in_its_words() {
        assert_eq!(run("echo a; echo b >&2").await, Ok("a\n".to_owned()));
        assert_eq!(run("read x || echo none").await, Ok("none\n".to_owned()), "stdin is empty");
        let refused = run("echo hunter2; echo first >&2; echo not signed in >&2; exit 3").await;
        let expected = "`/bin/sh` ended with exit code 3: first / not signed in";
        assert_eq!(refused, Err(expected.to_owned()));
        let silent = run("exit 1").await.unwrap_err();
        assert!(silent.ends_with("exit code 1 and no message"), "{silent}");
        let killed = run("kill -9 $$").await.unwrap_err();
        assert!(killed.contains("a signal"), "{killed}");
        let long = run("yes complaint | head -c 1000000 >&2; exit 1").await.unwrap_err();
        assert!(long.chars().count() < 500, "{}", long.len());
    }

    /// S-70
    #[tokio::test]
    async fn output_that_never_ends_is_refused() {
        let endless = run("yes hunter2").await.unwrap_err();
        assert!(endless.contains("more than 65536 bytes") && !endless.contains("hunter2"));
    }

    /// S-70: an agent that stays in the background keeps the pipe open.
    #[tokio::test]
    async fn what_a_program_leaves_running_holds_nobody_up() {
        let started = std::time::Instant::now();
        assert_eq!(run("sleep 30 & echo done").await, Ok("done\n".to_owned()));
        assert!(started.elapsed() < Duration::from_secs(15));
    }

    /// S-70
    #[tokio::test]
    async fn a_program_that_takes_too_long_is_ended_with_what_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let pid = folder.path().join("pid");
        let script = format!("sleep 60 & echo $! > {}; wait", pid.display());
        let words = ["/bin/sh", "-c", &script].map(str::to_owned);
        let command = CommandLine::parse(&CommandLine::text_of(&words).unwrap()).unwrap();
        let slow = program_output(&command, Duration::from_secs(2)).await.unwrap_err().to_string();
        assert_eq!(slow, "`/bin/sh` did not end within 2 s");
        let pid: i32 = std::fs::read_to_string(&pid).unwrap().trim().parse().unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        let started = std::time::Instant::now();
        while rustix::process::test_kill_process(pid).is_ok() {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
            if stat.is_ok_and(|stat| stat.contains(") Z ")) {
                break; // ended, and not yet collected by whoever inherited it
            }
            assert!(started.elapsed() < Duration::from_secs(10), "it is still running");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// S-71
    #[tokio::test]
    async fn a_program_that_is_not_there_is_named_with_the_next_step() {
        for (text, part) in [
            ("no-such-program-9", "in `PATH`"),
            ("./script", "relative path"),
            ("/no/such/program", "there is no program `/no/such/program`"),
        ] {
            let command = CommandLine::parse(text).unwrap();
            let failure = program_output(&command, LIMIT).await.unwrap_err().to_string();
            assert!(failure.contains(part), "{failure}");
        }
    }
}
