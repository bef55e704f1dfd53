//! The two ways a bridge is run: between stdin, stdout and a remote, or with a host in this
//! process.

use tokio::sync::mpsc;

use super::session::Lines;
use crate::bridge::{self, BridgeOptions, Ended};
use crate::error::{Error, ExitCode, Result};
use crate::host::{HostEnd, HostStreams, in_process};
use crate::platform::Shutdown;

/// How many lines may wait in each direction.
const LINES_WAITING: usize = 16;

/// Bridges stdin and stdout until one side is gone.
pub async fn stdio(options: BridgeOptions) -> Result<ExitCode> {
    match bridge::run(HostStreams::stdio(), options, Shutdown::of_process()).await? {
        Ended::OutputFailed => Err(Error::failed("cannot write the answers to stdout")
            .hint("check that the file or device that stdout leads to has room")),
        Ended::Broken => Ok(ExitCode::Failed),
        Ended::HostLeft | Ended::HostClosedOutput | Ended::Requested(_) => Ok(ExitCode::Ok),
    }
}

/// Runs `work` as a host of a bridge in this process.
pub async fn through_bridge<T>(
    options: BridgeOptions,
    work: impl AsyncFnOnce(Lines) -> Result<T>,
) -> Result<T> {
    let (host, end) = in_process();
    let (to_bridge, from_work) = mpsc::channel(LINES_WAITING);
    let (to_work, from_bridge) = mpsc::channel(LINES_WAITING);
    let bridge = bridge::run(host, options, Shutdown::of_process());
    let working = async {
        let (result, ()) =
            tokio::join!(work(Lines { to_bridge, from_bridge }), carry(end, from_work, to_work));
        result
    };
    let (bridged, result) = tokio::join!(bridge, working);
    match bridged? {
        Ended::Requested(_) => {
            Err(Error::failed("interrupted").with_exit_code(ExitCode::Interrupted))
        }
        _ => result,
    }
}

/// Carries lines between the work and the bridge until both are done.
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
                // A work that no longer listens has ended, which closes the other direction.
                Some(line) => drop(to_work.send(line).await),
                None => return,
            },
        }
    }
}
