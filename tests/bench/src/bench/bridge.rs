//! One running bridge, driven like a host drives it: lines in, lines out, over its pipes.
//!
//! One thread, blocking in `poll` with a deadline: nothing of ours runs while the bridge works.

use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::contenders::Contender;
use crate::envelope;
use crate::fault::{Fault, Outcome};
use crate::upstream::{TOOLS, VERSION};

/// How long a bridge may take for one answer before it counts as not answering.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// How long it may take to end once its stdin has ended.
const FAREWELL: Duration = Duration::from_secs(5);
const READ_SIZE: usize = 256 * 1024;

/// A spawned bridge and what was read of its stdout.
pub(crate) struct Bridge {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
    complaints: PathBuf,
    buffer: Vec<u8>,
    /// Bytes that are read and not yet taken.
    unread: Range<usize>,
    patience: Duration,
    next_id: u64,
}

/// When the two first answers came, counted from before the spawn.
pub(crate) struct Opening {
    pub(crate) initialize: Duration,
    pub(crate) tools: Duration,
}

impl Bridge {
    pub(crate) fn spawn(contender: &Contender, url: &str) -> Outcome<Self> {
        let home = contender.home();
        fs::create_dir_all(home).map_err(Fault::from_io("make a home for the bridge"))?;
        let complaints = home.join("stderr");
        let stderr =
            File::create(&complaints).map_err(Fault::from_io("keep the bridge's stderr"))?;
        let mut words = contender.command(url).into_iter();
        let program = words.next().ok_or_else(|| Fault::new("empty bridge command"))?;
        let mut command = Command::new(&program);
        command.env_clear();
        if let Some(authority) = contender.authority() {
            // The one variable that Node.js and every bridge here read.
            command.env("NODE_EXTRA_CA_CERTS", authority);
        }
        let mut child = command
            .args(words)
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home)
            .env("LANG", "C.UTF-8")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .map_err(Fault::from_io(&format!("start `{program}`")))?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().expect("it was asked for");
        rustix::io::ioctl_fionbio(stdin.as_ref().expect("it was asked for"), true)
            .map_err(|error| Fault::from_io("set up the bridge's stdin")(error.into()))?;
        Ok(Self {
            child,
            stdin,
            stdout,
            complaints,
            buffer: vec![0; READ_SIZE],
            unread: 0..0,
            patience: PATIENCE,
            next_id: 1,
        })
    }

    /// Opens a session as a host does; `start` was before the spawn.
    pub(crate) fn begin(&mut self, start: Instant) -> Outcome<Opening> {
        self.ask_to_open()?;
        self.await_opening(start)
    }

    /// Does the first half of [`Self::begin`].
    pub(crate) fn ask_to_open(&mut self) -> Outcome<()> {
        self.send(
            format!(
                r#"{{"jsonrpc":"2.0","id":0,"method":"initialize","params":{{"protocolVersion":"{VERSION}","capabilities":{{}},"clientInfo":{{"name":"bench","version":"1"}}}}}}
"#
            )
            .as_bytes(),
        )
    }

    /// Does the second half of [`Self::begin`].
    pub(crate) fn await_opening(&mut self, start: Instant) -> Outcome<Opening> {
        let answer = self.answer_to(0)?;
        let initialize = start.elapsed();
        let result = envelope::member(&self.buffer[answer], "result").unwrap_or_default();
        if envelope::string(result, "protocolVersion") != Some(VERSION.as_bytes()) {
            return Err(self.fault("wrong answer to `initialize`"));
        }
        self.send(
            br#"{"jsonrpc":"2.0","method":"notifications/initialized"}
{"jsonrpc":"2.0","id":"list","method":"tools/list"}
"#,
        )?;
        let line = self.response()?;
        let tools = start.elapsed();
        let line = &self.buffer[line];
        let named = memchr::memmem::find_iter(line, b"\"inputSchema\"").count();
        if envelope::string(line, "id") != Some(b"list") || named != TOOLS {
            return Err(self.fault("wrong answer to `tools/list`"));
        }
        Ok(Opening { initialize, tools })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How long an answer may take from now on.
    pub(crate) fn be_patient(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Makes room for a line of this size now, so that it costs nothing while the clock runs.
    pub(crate) fn expect_line(&mut self, size: usize) {
        if self.buffer.len() < size + READ_SIZE {
            self.buffer.resize(size + READ_SIZE, 0);
        }
    }

    /// Returns an id that was not used in this process.
    pub(crate) fn fresh_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// Writes everything, waiting for the bridge to take it.
    pub(crate) fn send(&mut self, mut bytes: &[u8]) -> Outcome<()> {
        let deadline = Instant::now() + self.patience;
        let stdin = self.stdin.as_ref().expect("open until `finish`");
        while !bytes.is_empty() {
            match rustix::io::write(stdin, bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(rustix::io::Errno::AGAIN) => {
                    if !wait(PollFd::new(stdin, PollFlags::OUT), deadline)? {
                        return Err(self.fault("it stopped reading its stdin"));
                    }
                }
                Err(error) => return Err(self.fault(&format!("its stdin is closed: {error}"))),
            }
        }
        Ok(())
    }

    /// Returns the next line that is a response, which must be the one to `id`.
    pub(crate) fn answer_to(&mut self, id: u64) -> Outcome<Range<usize>> {
        let line = self.response()?;
        if envelope::member(&self.buffer[line.clone()], "id") == Some(id.to_string().as_bytes()) {
            return Ok(line);
        }
        let start: String = String::from_utf8_lossy(&self.buffer[line]).chars().take(120).collect();
        Err(self.fault(&format!("an answer that is not to id {id}: `{start}`")))
    }

    /// Returns the next line that is not a notification.
    fn response(&mut self) -> Outcome<Range<usize>> {
        loop {
            let line = self.line()?;
            if envelope::member(&self.buffer[line.clone()], "id").is_some() {
                return Ok(line);
            }
        }
    }

    /// Returns the bytes of a line handed out before the next one was asked for.
    pub(crate) fn text(&self, line: Range<usize>) -> &[u8] {
        &self.buffer[line]
    }

    /// Returns the next line, without its end.
    pub(crate) fn line(&mut self) -> Outcome<Range<usize>> {
        let deadline = Instant::now() + self.patience;
        loop {
            if let Some(line) = self.line_at_hand() {
                return Ok(line);
            }
            self.read_until(deadline)?;
        }
    }

    /// Returns a line that needs no reading.
    pub(crate) fn line_at_hand(&mut self) -> Option<Range<usize>> {
        let start = self.unread.start;
        let length = memchr::memchr(b'\n', &self.buffer[self.unread.clone()])?;
        self.unread.start += length + 1;
        Some(start..start + length)
    }

    /// Reads until there is a line end in what is new.
    fn read_until(&mut self, deadline: Instant) -> Outcome<()> {
        loop {
            let new = self.read(deadline)?;
            if memchr::memchr(b'\n', &self.buffer[new]).is_some() {
                return Ok(());
            }
        }
    }

    /// Reads until this many lines are at hand and leaves looking at them for later.
    pub(crate) fn read_lines(&mut self, count: usize) -> Outcome<()> {
        let deadline = Instant::now() + self.patience;
        let mut lines = memchr::memchr_iter(b'\n', &self.buffer[self.unread.clone()]).count();
        while lines < count {
            let new = self.read(deadline)?;
            lines += memchr::memchr_iter(b'\n', &self.buffer[new]).count();
        }
        Ok(())
    }

    /// One read; where in the buffer it is.
    fn read(&mut self, deadline: Instant) -> Outcome<Range<usize>> {
        self.make_room();
        if !wait(PollFd::new(&self.stdout, PollFlags::IN), deadline)? {
            return Err(self.fault(&format!("no answer within {} s", self.patience.as_secs())));
        }
        let end = self.unread.end;
        match rustix::io::read(&self.stdout, &mut self.buffer[end..]) {
            Ok(0) => Err(self.fault("it closed its stdout")),
            Ok(read) => {
                self.unread.end += read;
                Ok(end..end + read)
            }
            Err(error) => Err(self.fault(&format!("cannot read its stdout: {error}"))),
        }
    }

    fn make_room(&mut self) {
        if self.unread.is_empty() {
            self.unread = 0..0;
        }
        if self.buffer.len() - self.unread.end >= READ_SIZE / 4 {
            return;
        }
        self.buffer.copy_within(self.unread.clone(), 0);
        self.unread = 0..self.unread.len();
        if self.buffer.len() - self.unread.end < READ_SIZE / 4 {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
    }

    /// Ends stdin and tells how long the bridge took to end, and whether it did by itself.
    pub(crate) fn finish(mut self) -> Outcome<Duration> {
        let start = Instant::now();
        drop(self.stdin.take());
        while start.elapsed() < FAREWELL {
            if self.child.try_wait().map_err(Fault::from_io("wait for the bridge"))?.is_some() {
                return Ok(start.elapsed());
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        Err(self.fault(&format!("it still ran {} s after its stdin ended", FAREWELL.as_secs())))
    }

    fn fault(&self, what: &str) -> Fault {
        let complaints = fs::read_to_string(&self.complaints).unwrap_or_default();
        let telling = complaints.lines().rfind(|line| line.contains("rror"));
        match telling.or(complaints.lines().rfind(|line| !line.trim().is_empty())) {
            Some(line) => Fault::new(format!("{what} (stderr: `{}`)", line.trim())),
            None => Fault::new(what),
        }
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns whether it became ready before the deadline.
fn wait(fd: PollFd<'_>, deadline: Instant) -> Outcome<bool> {
    let mut fds = [fd];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
        match poll(&mut fds, Some(&left)) {
            Ok(ready) => return Ok(ready > 0),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(Fault::from_io("wait for a pipe")(io::Error::from(error))),
        }
    }
}
