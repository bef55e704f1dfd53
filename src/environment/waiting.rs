//! Shows on a terminal what a command waits for, once that takes longer than a second. Without a
//! terminal it shows nothing.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::output::{can_redraw, remove_transient, show_transient, stderr_is_terminal, to_stderr};

/// Shorter waits need no explanation.
const PATIENCE: Duration = Duration::from_secs(1);

/// A line that stays until this is dropped.
pub(crate) struct Waiting {
    /// Dropping it ends the thread.
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Waiting {
    /// Starts to wait. `line` is called once a second with the time so far, and returns the line to
    /// show; while it returns `None`, nothing is shown.
    pub(crate) fn start(line: impl Fn(Duration) -> Option<String> + Send + 'static) -> Self {
        if !stderr_is_terminal() {
            return Self { end: None, thread: None };
        }
        let (end, ended) = mpsc::channel::<()>();
        let started = Instant::now();
        let redraw = can_redraw();
        let thread = std::thread::spawn(move || {
            let mut said = false;
            while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(PATIENCE) {
                let Some(line) = line(started.elapsed()) else { continue };
                if redraw {
                    show_transient(&line);
                } else if !std::mem::replace(&mut said, true) {
                    to_stderr(&format!("{line}\n"));
                }
            }
        });
        Self { end: Some(end), thread: Some(thread) }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.end = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
            remove_transient();
        }
    }
}
