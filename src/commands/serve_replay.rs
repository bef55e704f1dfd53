//! `mcp-tether mock replay FILE`: plays the server of a recording until a signal ends it.

use std::io::Read;
use std::path::{Path, PathBuf};

use url::Url;

use super::logging;
use super::prepare::block_on;
use super::readable::counted;
use crate::environment::{CommandOutcome, to_stderr, to_stdout, wants_json};
use crate::error::{Error, ExitCode, Result};
use crate::platform::Shutdown;
use crate::redact::plain;
use crate::settings::LogOptions;
use mcp_tether_mock::{Recording, RecordingError, ReplayNote, ReplayTally, serve_replay};

/// The largest recording that is played, in bytes.
const FILE_LIMIT: u64 = 512 * 1024 * 1024;

/// The options of a replay, as typed.
#[derive(Clone, Debug)]
pub(crate) struct ReplayOptions {
    pub(crate) file: PathBuf,
    /// The loopback port; 0 for any free one.
    pub(crate) port: u16,
}

/// Plays until a signal ends it. The exit code is 1 if a request was not in the recording.
///
/// # Errors
/// The file cannot be read or is not a recording, or the port cannot be opened.
pub(crate) fn run(options: &ReplayOptions) -> Result<ExitCode> {
    logging::start(&LogOptions::default())?;
    let recording = read(&options.file)?;
    let port = options.port;
    let tally = block_on(async {
        let mut shutdown = Shutdown::by_signals();
        let ended = async {
            shutdown.requested().await;
        };
        let ready = |url: &Url| {
            if wants_json() {
                CommandOutcome::shown("listening", "").member("url", url.as_str()).print()
            } else {
                to_stdout(&announcement(url, &recording))
            }
        };
        let tell = |note: &ReplayNote| to_stderr(&format!("{}\n", plain(&note.to_string())));
        serve_replay(&recording, port, ready, tell, ended).await.map_err(|error| {
            Error::failed(format!("cannot serve on port `{port}`: {error}"))
                .hint("use a free port: `mcp-tether mock replay FILE --port 0`")
        })
    })?;
    if wants_json() {
        CommandOutcome::shown("replayed", "")
            .member("as_recorded", tally.as_recorded)
            .member("by_order", tally.by_order)
            .member("not_recorded", tally.not_recorded)
            .print()
    } else {
        to_stdout(&summary(tally))
    }
    Ok(if tally.not_recorded == 0 { ExitCode::Ok } else { ExitCode::Failed })
}

fn read(path: &Path) -> Result<Recording> {
    let shown = plain(&path.display().to_string());
    let cannot = |why: &dyn std::fmt::Display| {
        Error::usage(format!("cannot play `{shown}`: {}", plain(&why.to_string())))
            .hint("a recording is made with `--record FILE`")
    };
    let found = std::fs::metadata(path).map_err(|error| cannot(&error))?;
    if !found.is_file() {
        return Err(cannot(&"it is not a regular file"));
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| cannot(&error))?;
    file.take(FILE_LIMIT + 1).read_to_end(&mut bytes).map_err(|error| cannot(&error))?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(cannot(&"it is larger than 512 MiB"));
    }
    let text = String::from_utf8(bytes).map_err(|_| cannot(&RecordingError::NotARecording))?;
    Recording::read(&text).map_err(|fault| cannot(&fault))
}

fn announcement(url: &Url, recording: &Recording) -> String {
    let (server, started) = (plain(&recording.server), plain(&recording.started));
    let mut out = format!("listening on {url}\nplays        `{server}`, recorded {started}\n");
    if recording.conversations > 1 {
        out += &format!("note         the last of {} conversations\n", recording.conversations);
    }
    if recording.challenged > 0 {
        let requests = counted(recording.challenged, "request");
        out += &format!("note         {requests} that had to be sent again are left out\n");
    }
    if recording.left_out > 0 {
        let messages = counted(recording.left_out, "message");
        out += &format!("note         the recording lacks {messages}: there was no memory left\n");
    }
    out + &format!("\ntry it with `mcp-tether tools {url}`; press Ctrl-C to see what matched\n")
}

fn summary(tally: ReplayTally) -> String {
    let ReplayTally { as_recorded, by_order, not_recorded } = tally;
    format!(
        "\n{} as recorded, {by_order} matched by order, {not_recorded} not in the recording\n",
        counted(as_recorded, "request")
    )
}
