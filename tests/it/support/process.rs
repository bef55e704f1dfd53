//! The compiled program, spawned with an environment that holds nothing of the machine's: its own
//! home and configuration folder, no proxies, no certificate variables. Waits are bounded; a test
//! that fails prints what the program wrote to stderr.

#![allow(dead_code, reason = "not every topic needs everything")]

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

use super::waiting::{PATIENCE, until_seen_blocking};

/// A run of the program that is being prepared.
pub struct Program {
    home: Arc<tempfile::TempDir>,
    command: Command,
}

/// The results of a finished run.
#[derive(Debug)]
pub struct Finished {
    pub stdout: String,
    pub stderr: String,
    /// The exit code; `None` after a signal.
    pub code: Option<i32>,
    home: Arc<tempfile::TempDir>,
}

/// A run of the program that goes on. Dropped, it is killed.
pub struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    stderr: Arc<(Mutex<String>, Condvar)>,
    readers: Vec<JoinHandle<()>>,
    stop_reading: Arc<AtomicBool>,
    home: Arc<tempfile::TempDir>,
}

impl Program {
    /// Returns the program with these arguments and an empty home.
    pub fn new<Argument: AsRef<str>>(arguments: impl IntoIterator<Item = Argument>) -> Self {
        let home = tempfile::tempdir().expect("a temporary folder");
        let mut command = Command::new(env!("CARGO_BIN_EXE_mcp-tether"));
        command.env_clear();
        for name in ["SystemRoot", "PATH", "LLVM_PROFILE_FILE"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        for name in ["HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"] {
            command.env(name, home.path());
        }
        command.env("XDG_CONFIG_HOME", home.path().join("config"));
        command.env("XDG_STATE_HOME", home.path().join("state"));
        command.current_dir(home.path());
        for argument in arguments {
            command.arg(argument.as_ref());
        }
        Self { home: Arc::new(home), command }
    }

    /// Returns the home of this run.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it in this folder instead of its home.
    pub fn in_folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Writes a private file, named relative to home.
    pub fn file(self, name: &str, text: &str) -> Self {
        let path = self.home.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, text).expect("a file");
        set_mode(&path, 0o600);
        self
    }

    /// Writes the settings file to its usual place.
    pub fn settings(self, text: &str) -> Self {
        self.file("config/mcp-tether/config.toml", text)
    }

    /// Changes the mode of a file, named relative to home.
    pub fn mode(self, name: &str, mode: u32) -> Self {
        set_mode(&self.home.path().join(name), mode);
        self
    }

    /// Runs it to its end, with nothing on stdin.
    pub fn run(self) -> Finished {
        let running = self.spawn();
        running.finish()
    }

    /// Starts it with pipes on all three ends.
    pub fn spawn(mut self) -> Running {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        self.start()
    }

    /// Starts it with these two ends, and nothing of it to read but stderr.
    pub fn spawn_between(mut self, stdin: impl Into<Stdio>, stdout: impl Into<Stdio>) -> Running {
        self.command.stdin(stdin).stdout(stdout).stderr(Stdio::piped());
        self.start()
    }

    /// Runs it to its end with a terminal as stdin, at which this is typed.
    #[cfg(target_os = "linux")]
    pub fn run_at_a_terminal(self, typed: &str) -> Finished {
        use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

        let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&person).expect("a terminal");
        unlockpt(&person).expect("a terminal");
        let name = ptsname(&person, Vec::new()).expect("a terminal");
        let name = name.to_str().expect("a path").to_owned();
        let terminal = std::fs::File::options().read(true).write(true).open(name);
        let terminal = terminal.expect("a terminal");
        let running = self.spawn_between(terminal, Stdio::piped());
        let mut person = std::fs::File::from(person);
        person.write_all(typed.as_bytes()).expect("it is open");
        // The terminal stays open until the end.
        running.finish()
    }

    /// Runs it to its end with a terminal of so many columns on all three ends, at which this is
    /// typed; what the terminal shows, and the exit code.
    #[cfg(target_os = "linux")]
    pub fn run_in_terminal(mut self, columns: u16, typed: &str) -> (String, Option<i32>) {
        use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
        use rustix::termios::{Winsize, tcsetwinsize};

        let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&person).expect("a terminal");
        unlockpt(&person).expect("a terminal");
        let size = Winsize { ws_col: columns, ws_row: 50, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&person, size).expect("a terminal");
        let name = ptsname(&person, Vec::new()).expect("a terminal");
        let name = name.to_str().expect("a path").to_owned();
        let end = || std::fs::File::options().read(true).write(true).open(&name);
        let (stdin, stdout, stderr) =
            (end().expect("a terminal"), end().expect("a terminal"), end().expect("a terminal"));
        if !self.command.get_envs().any(|(name, _)| name == "TERM") {
            self.command.env("TERM", "xterm-256color");
        }
        self.command.stdin(stdin).stdout(stdout).stderr(stderr);
        let mut child = self.command.spawn().expect("the program starts");
        // The other end closes with the program only if it is not open here.
        drop(self.command);
        let mut person = std::fs::File::from(person);
        person.write_all(typed.as_bytes()).expect("it is open");
        let (mut shown, mut chunk) = (Vec::new(), [0; 4096]);
        // Reading from a terminal whose other end is closed is an error.
        while let Ok(length @ 1..) = person.read(&mut chunk) {
            shown.extend_from_slice(&chunk[..length]);
        }
        let code = child.wait().expect("a child of ours").code();
        (String::from_utf8_lossy(&shown).replace("\r\n", "\n"), code)
    }

    /// Starts it with a stderr whose other end is closed.
    pub fn spawn_without_stderr(mut self) -> Running {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(writer);
        self.start()
    }

    /// Starts it with this soft limit of open files.
    #[cfg(unix)]
    pub fn with_descriptor_limit(mut self, limit: u64) -> Self {
        let mut shell = Command::new("/bin/sh");
        shell.arg("-c").arg(format!("ulimit -S -n {limit}; exec \"$0\" \"$@\""));
        shell.arg(self.command.get_program()).args(self.command.get_args());
        shell.env_clear().current_dir(self.home.path());
        for (name, value) in self.command.get_envs() {
            shell.env(name, value.unwrap_or_default());
        }
        self.command = shell;
        self
    }

    /// Starts it as the child of a shell, which is what [`Running`] then stands for.
    #[cfg(unix)]
    pub fn spawn_in_shell(mut self) -> Running {
        let mut shell = Command::new("/bin/sh");
        // Without the second command the shell would replace itself by the program.
        shell.arg("-c").arg("\"$0\" \"$@\"; exit 0").arg(self.command.get_program());
        shell.args(self.command.get_args()).env_clear().current_dir(self.home.path());
        for (name, value) in self.command.get_envs() {
            shell.env(name, value.unwrap_or_default());
        }
        self.command = shell;
        self.spawn()
    }

    /// Returns the program with a terminal as its stdout. What stands for it then is `script`,
    /// which passes on what the terminal shows; its stdin is the program's.
    #[cfg(target_os = "linux")]
    pub fn in_terminal(mut self) -> Self {
        let mut shell = Command::new("/bin/sh");
        // Descriptor 3 is the stdin that was given: `script` itself reads none.
        let script = "exec 3<&0 0</dev/null; exec script -qec \"$IN_TERMINAL\" /dev/null";
        shell.arg("-c").arg(script).env_clear().current_dir(self.home.path());
        shell.env("IN_TERMINAL", "exec \"$PROGRAM\" $ARGUMENTS 0<&3 2>/dev/null");
        for (name, value) in self.command.get_envs() {
            shell.env(name, value.unwrap_or_default());
        }
        let arguments: Vec<_> =
            self.command.get_args().map(|argument| argument.to_string_lossy()).collect();
        shell.env("PROGRAM", self.command.get_program()).env("ARGUMENTS", arguments.join(" "));
        self.command = shell;
        self
    }

    fn start(mut self) -> Running {
        let mut child = self.command.spawn().expect("the program starts");
        // The ends given to the program must be closed here, or the other ends never see the end of
        // the stream.
        drop(self.command);
        let stop_reading = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop_reading);
        let (sender, lines) = mpsc::channel();
        let mut readers = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            readers.push(std::thread::spawn(move || {
                let mut stdout = BufReader::new(stdout);
                let mut line = String::new();
                while stdout.read_line(&mut line).is_ok_and(|length| length > 0) {
                    if stopped.load(Ordering::Acquire)
                        || sender.send(std::mem::take(&mut line)).is_err()
                    {
                        return;
                    }
                }
            }));
        }
        let stderr = Arc::<(Mutex<String>, Condvar)>::default();
        if let Some(mut pipe) = child.stderr.take() {
            let kept = Arc::clone(&stderr);
            readers.push(std::thread::spawn(move || {
                let mut chunk = [0; 4096];
                while let Ok(length @ 1..) = pipe.read(&mut chunk) {
                    let text = String::from_utf8_lossy(&chunk[..length]);
                    kept.0.lock().expect("no panic").push_str(&text);
                    kept.1.notify_all();
                }
            }));
        }
        let stdin = child.stdin.take();
        Running { stdin, child, lines, stderr, readers, stop_reading, home: self.home }
    }
}

impl Running {
    /// Writes one line to its stdin.
    pub fn send(&mut self, line: impl AsRef<str>) {
        let stdin = self.stdin.as_mut().expect("stdin is open");
        stdin.write_all(format!("{}\n", line.as_ref()).as_bytes()).expect("it reads");
        stdin.flush().expect("it reads");
    }

    /// Returns the next line on its stdout, without its ending; `None` once stdout is closed.
    pub fn next_line(&mut self) -> Option<String> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => Some(line.trim_end_matches(['\r', '\n']).to_owned()),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("no line came"),
        }
    }

    /// Returns the next line as JSON.
    pub fn next_json(&mut self) -> serde_json::Value {
        let line = self.next_line().expect("a line");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// Closes its stdin.
    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Closes our end of its stdout with the next line that it writes, which a ping makes it do.
    pub fn close_stdout(&mut self) {
        self.stop_reading.store(true, Ordering::Release);
        self.send(r#"{"jsonrpc":"2.0","id":"last","method":"ping"}"#);
    }

    /// Sends it a signal by name.
    #[cfg(unix)]
    pub fn signal(&self, name: &str) {
        let status =
            Command::new("kill").arg(format!("-{name}")).arg(self.id().to_string()).status();
        assert!(status.expect("kill is there").success());
    }

    /// Waits for its end with stdin open; the exit code, `None` after a signal.
    pub fn end(&mut self) -> Option<i32> {
        self.wait()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns the most memory that it has had so far, in bytes; 0 where the system does not tell.
    pub fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()));
        let Ok(status) = status else { return 0 };
        let line = status.lines().find(|line| line.starts_with("VmHWM")).expect("the peak");
        let number: u64 = line.split_whitespace().nth(1).expect("a number").parse().expect("one");
        number << 10
    }

    /// What it wrote to stderr so far.
    pub fn stderr(&self) -> String {
        self.stderr.0.lock().expect("no panic").clone()
    }

    /// Waits until it has written something to stderr in which this is found; `what` is it, in
    /// words.
    pub fn until_stderr<T>(&self, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
        let (said, changed) = &*self.stderr;
        let said = said.lock().expect("no panic");
        let waited = changed.wait_timeout_while(said, PATIENCE, |said| find(said).is_none());
        let (said, _) = waited.expect("no panic");
        find(&said).unwrap_or_else(|| panic!("waited in vain for {what}: {said}"))
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
    }

    /// Closes stdin and waits for its end.
    pub fn finish(mut self) -> Finished {
        self.close_stdin();
        let code = self.wait();
        for reader in self.readers.drain(..) {
            reader.join().expect("no panic");
        }
        let stdout = self.lines.try_iter().collect();
        Finished { stdout, stderr: self.stderr(), code, home: Arc::clone(&self.home) }
    }

    fn wait(&mut self) -> Option<i32> {
        let ended = || self.child.try_wait().expect("a child of ours");
        until_seen_blocking("the end of the program", ended).code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let text = format!("--- stderr of the program ---\n{}\n", self.stderr());
            let _ = std::io::stderr().write_all(text.as_bytes());
        }
    }
}

impl Finished {
    /// Returns the text of a file it left behind, named relative to home.
    pub fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.home.path().join(name)).expect("a file")
    }

    /// Returns the home of the run.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Returns everything that can be seen of the run, with the home folder replaced.
    pub fn shown(&self) -> String {
        let mut out = format!("exit code: {}\n", self.code.map_or(-1, |code| code));
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                out += &format!("--- {name} ---\n{text}");
            }
        }
        self.without_home(&out)
    }

    /// stdout with the home folder replaced.
    pub fn stdout_shown(&self) -> String {
        self.without_home(&self.stdout)
    }

    fn without_home(&self, text: &str) -> String {
        text.replace(&self.home.path().display().to_string(), "[HOME]")
    }
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).expect("a file of ours");
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) {}
