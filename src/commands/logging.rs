//! Lines about the run, on stderr and if wanted in a file; never on stdout, which belongs to the
//! protocol (T-02). A closed stderr or a full disk is no reason to end a bridge.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

use crate::environment::to_stderr;
use crate::error::{Error, Result};
use crate::redact::plain;
use crate::settings::LogOptions;

/// Starts logging. A second call in one process changes nothing.
pub fn start(options: &LogOptions) -> Result<()> {
    let file = options.file.as_deref().map(open_private).transpose()?;
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(options.level)
        .event_format(Line)
        .with_writer(Output { file: Mutex::new(file) })
        .finish();
    let _ = tracing::subscriber::set_global_default(subscriber);
    Ok(())
}

/// Opens a file for appending that only the owner may read when it is new.
fn open_private(path: &Path) -> Result<File> {
    let mut options = File::options();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| {
        let shown = plain(&path.display().to_string());
        Error::usage(format!("cannot write to the log file `{shown}`: {error}"))
            .hint("name another file with `--log-file FILE`")
    })
}

/// `level: message field=value`; values of spans come first.
struct Line;

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> std::fmt::Result {
        write!(writer, "{}: ", level_name(*event.metadata().level()))?;
        context.format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warning",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

/// Where lines go.
struct Output {
    file: Mutex<Option<File>>,
}

/// Where one line goes.
struct Both<'a>(&'a Output);

impl<'a> MakeWriter<'a> for Output {
    type Writer = Both<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        Both(self)
    }
}

impl Write for Both<'_> {
    /// Gets each line in one piece.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let shown = visible(&String::from_utf8_lossy(line));
        to_stderr(&shown);
        if let Ok(mut file) = self.0.file.lock()
            && let Some(file) = file.as_mut()
        {
            let mut stamped = String::new();
            let _ = SystemTime.format_time(&mut Writer::new(&mut stamped));
            let _ = write!(stamped, " {shown}");
            let _ = file.write_all(stamped.as_bytes());
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The line with everything that could fool a terminal or fake a second line made visible (S-15).
fn visible(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for character in line.strip_suffix('\n').unwrap_or(line).chars() {
        if character.is_control() {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out.push('\n');
    out
}
