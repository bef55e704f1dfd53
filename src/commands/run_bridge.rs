//! Runs a bridge in one of two ways: for a host on stdin and stdout, or for a host in this process.

use std::time::Duration;

use tokio::sync::mpsc;

use super::session::Lines;
use crate::bridge::{self, BridgeOptions, Ended};
use crate::error::{Error, ExitCode, Result};
use crate::host::{HostEnd, HostStreams, in_process};
use crate::platform::{Shutdown, raise_descriptor_limit};
use crate::recording::Recorder;

/// How long to wait at the end until a recording is written.
const LAST_LINES_TIMEOUT: Duration = Duration::from_secs(1);
/// The largest number of lines that are queued in each direction.
const QUEUED_LINES: usize = 16;

/// Bridges stdin and stdout until one side goes away.
///
/// # Errors
/// The bridge cannot be started, or stdout cannot be written.
pub async fn on_stdio(options: BridgeOptions) -> Result<ExitCode> {
    raise_descriptor_limit();
    let recorder = options.remote.recorder.clone();
    // Runs in a task of its own, because waking the runtime's root future costs a poll of the
    // system.
    let bridge = tokio::spawn(bridge::run(HostStreams::stdio(), options, Shutdown::of_process()));
    let ended = bridge.await.map_err(|error| {
        Error::failed(format!("the bridge broke: {error}"))
            .hint("restart it; please report this as a bug in `mcp-tether`")
    })?;
    finish(recorder.as_ref());
    match ended? {
        Ended::OutputFailed => Err(Error::failed("cannot write the answers to stdout")
            .hint("check that the file or device behind stdout is not full")),
        Ended::Broken => Ok(ExitCode::Failed),
        Ended::HostLeft | Ended::HostClosedOutput | Ended::Requested(_) => Ok(ExitCode::Ok),
    }
}

/// Runs `work` as the host of a bridge in this process.
///
/// # Errors
/// The error of the work or of the bridge, or "interrupted" after a signal.
pub async fn for_host_in_process<T>(
    mut options: BridgeOptions,
    work: impl AsyncFnOnce(Lines) -> Result<T>,
) -> Result<T> {
    // Failures are reported to a person at once.
    options.remote.limits.opening = Duration::ZERO;
    let recorder = options.remote.recorder.clone();
    let (host, end) = in_process();
    let (to_bridge, from_work) = mpsc::channel(QUEUED_LINES);
    let (to_work, from_bridge) = mpsc::channel(QUEUED_LINES);
    let bridge = bridge::run(host, options, Shutdown::of_process());
    let working = async {
        let (result, ()) =
            tokio::join!(work(Lines { to_bridge, from_bridge }), carry(end, from_work, to_work));
        result
    };
    let (bridged, result) = tokio::join!(bridge, working);
    finish(recorder.as_ref());
    match bridged? {
        Ended::Requested(_) => Err(Error::interrupted()),
        _ => result,
    }
}

/// Waits for a recording to be complete.
fn finish(recorder: Option<&Recorder>) {
    if let Some(recorder) = recorder {
        recorder.finish(LAST_LINES_TIMEOUT);
    }
}

/// Passes lines between the work and the bridge until both are done.
async fn carry(
    mut end: HostEnd,
    mut from_work: mpsc::Receiver<bytes::Bytes>,
    to_work: mpsc::Sender<bytes::Bytes>,
) {
    let mut working = true;
    loop {
        tokio::select! {
            line = from_work.recv(), if working => match line {
                Some(line) => end.send(line).await,
                None => {
                    working = false;
                    end.close();
                }
            },
            line = end.receive() => match line {
                // If the work no longer receives, it has ended and closes the other direction.
                Some(line) => drop(to_work.send(line).await),
                None => return,
            },
        }
    }
}
