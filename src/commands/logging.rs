//! Logs to stderr and to a file, and never to stdout, which is reserved for the protocol (T-02).
//! Ignores a closed stderr and a full disk, so that they do not end a bridge.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::{FilterFn, filter_fn};
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormattedFields, MakeWriter};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use super::log_repetition::{LogRepetition, Repetition};
use super::readable;
use crate::environment::{is_stdout, to_stderr};
use crate::error::{Error, Result};
use crate::redact::{self, plain};
use crate::settings::{LogFormat, LogOptions};

/// Starts logging. A second call in the same process has no effect.
///
/// # Errors
/// The log file cannot be opened for writing.
pub(super) fn start(options: &LogOptions) -> Result<()> {
    let file = options.file.as_deref().map(open_private).transpose()?;
    let output = Output { file: Mutex::new(file), as_json: options.format == LogFormat::Json };
    let layer = tracing_subscriber::fmt::layer().with_writer(output);
    let (filter, registry) = (ours(options.level), tracing_subscriber::registry());
    let _ = match options.format {
        LogFormat::Json => tracing::subscriber::set_global_default(
            registry.with(layer.event_format(JsonLine::default()).with_filter(filter)),
        ),
        LogFormat::Text => tracing::subscriber::set_global_default(
            registry.with(layer.event_format(TextLine::default()).with_filter(filter)),
        ),
    };
    Ok(())
}

/// Logs only this program's own events: those of libraries may contain secrets (S-09).
fn ours(level: Level) -> FilterFn<impl Fn(&Metadata<'_>) -> bool> {
    filter_fn(move |metadata| {
        *metadata.level() <= level && metadata.target().starts_with("mcp_tether")
    })
    .with_max_level_hint(level)
}

/// Opens a file for appending. A new file is readable by its owner only. A file or link of another
/// user is refused: the log would be theirs, or end up in a file of their choice (S-45). Stdout by
/// another name, such as `/dev/stdout`, is refused (T-02).
#[expect(clippy::disallowed_methods, reason = "the user named this file, wherever it is")]
fn open_private(path: &Path) -> Result<File> {
    let error = |why: String| {
        let shown = plain(&path.display().to_string());
        Error::usage(format!("cannot write to the log file `{shown}`: {why}"))
            .hint("name another file with `--log-file FILE`")
    };
    let mut options = File::options();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    if let Some(why) = std::fs::symlink_metadata(path).ok().as_ref().and_then(of_another_user) {
        return Err(error(why));
    }
    let file = options.open(path).map_err(|failed| error(failed.to_string()))?;
    match file.metadata().ok().as_ref().and_then(of_another_user) {
        Some(why) => Err(error(why)),
        None if is_stdout(&file) => {
            Err(error("it is stdout, which is reserved for messages and results".to_owned())
                .hint("leave out `--log-file`: logs go to stderr anyway"))
        }
        None => Ok(file),
    }
}

/// The reason not to trust a file: it belongs to another user, other than root.
#[cfg(unix)]
fn of_another_user(found: &std::fs::Metadata) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let (owner, we) = (found.uid(), rustix::process::geteuid().as_raw());
    (owner != we && owner != 0)
        .then(|| format!("it belongs to user {owner}, and this is user {we}"))
}

#[cfg(not(unix))]
fn of_another_user(_: &std::fs::Metadata) -> Option<String> {
    None
}

/// Formats an event as `level: span fields: message field=value`.
#[derive(Default)]
struct TextLine(LogRepetition);

impl<S, N> FormatEvent<S, N> for TextLine
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
        let Some(repetition) = self.0.admit(event.metadata()) else { return Ok(()) };
        write!(writer, "{}: ", level_name(*event.metadata().level()))?;
        for span in context.event_scope().into_iter().flat_map(|scope| scope.from_root()) {
            match span.extensions().get::<FormattedFields<N>>() {
                Some(fields) if !fields.is_empty() => write!(writer, "{fields}: ")?,
                _ => {}
            }
        }
        context.format_fields(writer.by_ref(), event)?;
        writeln!(writer, "{repetition}")
    }
}

/// Formats an event as a JSON object with `time`, `level`, `message` and its fields.
#[derive(Default)]
struct JsonLine(LogRepetition);

impl<S, N> FormatEvent<S, N> for JsonLine
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
        let Some(repetition) = self.0.admit(event.metadata()) else { return Ok(()) };
        let mut members = Members::default();
        event.record(&mut members);
        let spans = context.event_scope().into_iter().flat_map(|scope| scope.from_root());
        let spans: Vec<String> = spans
            .filter_map(|span| Some(span.extensions().get::<FormattedFields<N>>()?.to_string()))
            .filter(|fields| !fields.is_empty())
            .collect();
        let mut own = |name: &str, value: Value| members.0.insert(name.to_owned(), value);
        own("time", time().into());
        own("level", level_name(*event.metadata().level()).into());
        if !spans.is_empty() {
            own("within", spans.into());
        }
        if repetition != Repetition::None {
            own("repetition", repetition.to_string().trim().into());
        }
        writeln!(writer, "{}", Value::Object(members.0))
    }
}

/// The fields of an event as members of an object.
#[derive(Default)]
struct Members(Map<String, Value>);

impl Members {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Members {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
}

/// The current time, in RFC 3339 format.
pub(super) fn time() -> String {
    let mut time = String::new();
    // Writing to a string does not fail.
    let _ = SystemTime.format_time(&mut Writer::new(&mut time));
    time
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

/// Where lines are written: stderr, and a file if there is one.
struct Output {
    file: Mutex<Option<File>>,
    as_json: bool,
}

/// Writes one line to an [`Output`].
struct LineWriter<'a>(&'a Output);

impl<'a> MakeWriter<'a> for Output {
    type Writer = LineWriter<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        LineWriter(self)
    }
}

impl Write for LineWriter<'_> {
    /// The subscriber passes each line as a whole.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        // JSON has its own escapes and contains the time.
        let shown = if self.0.as_json { readable::json(&text) } else { visible(&text) };
        to_stderr(&shown);
        if let Ok(mut file) = self.0.file.lock()
            && let Some(file) = file.as_mut()
        {
            let time = if self.0.as_json { String::new() } else { time() + " " };
            let _ = file.write_all(format!("{time}{shown}").as_bytes());
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Escapes everything that could manipulate a terminal or look like a second line (S-15).
fn visible(line: &str) -> String {
    redact::visible(line.strip_suffix('\n').unwrap_or(line), |_| false) + "\n"
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// Lines as they would go to stderr.
    fn logged(level: Level, log: impl FnOnce()) -> String {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let writer = Arc::clone(&lines);
        let layer = tracing_subscriber::fmt::layer()
            .event_format(TextLine::default())
            .with_writer(move || Collected(Arc::clone(&writer)))
            .with_filter(ours(level));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
        let lines = lines.lock().unwrap();
        String::from_utf8(lines.clone()).unwrap()
    }

    struct Collected(Arc<Mutex<Vec<u8>>>);

    impl Write for Collected {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            let line_shown = visible(&String::from_utf8_lossy(line));
            self.0.lock().unwrap().extend_from_slice(line_shown.as_bytes());
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_has_level_span_message_and_fields() {
        let text = logged(Level::INFO, || {
            let span = tracing::info_span!("request", id = 7);
            let _entered = span.enter();
            tracing::warn!(status = 503, "try again");
            tracing::debug!("not shown");
        });
        assert_eq!(text, "warning: id=7: try again status=503\n");
    }

    /// S-09
    #[test]
    fn lines_of_libraries_are_left_out_at_every_level() {
        let text = logged(Level::TRACE, || {
            tracing::trace!(target: "h2::frame", "authorization: Bearer x");
            tracing::trace!("ours");
        });
        assert_eq!(text, "trace: ours\n");
    }

    /// S-39
    #[test]
    fn a_server_does_not_decide_how_much_is_logged() {
        let text = logged(Level::WARN, || (0..1000).for_each(|_| tracing::warn!("one kind")));
        assert_eq!(text.lines().count(), 10, "{text}");
        assert!(text.ends_with("(more like this are left out for up to 60 s)\n"), "{text}");
    }

    /// S-15
    #[test]
    fn what_a_server_says_cannot_fake_a_line_or_move_the_cursor() {
        let text = logged(Level::WARN, || tracing::warn!("{}", "a\nerror: b\u{1b}[2J"));
        assert!(text.starts_with("warning: a\\nerror: b\\"), "{text}");
        assert!(!text.contains('\u{1b}') && text.lines().count() == 1, "{text}");
    }

    /// S-45
    #[cfg(unix)]
    #[test]
    fn a_log_file_of_another_user_is_not_written_to() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let (own, theirs) = (folder.path().join("own"), folder.path().join("theirs"));
        std::fs::write(&own, "").unwrap();
        std::fs::write(&theirs, "").unwrap();
        std::os::unix::fs::chown(&theirs, Some(54_321), None).unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&own, &link).unwrap();
        assert!(open_private(&link).is_ok(), "a link of this user");
        std::os::unix::fs::lchown(&link, Some(54_321), None).unwrap();
        for path in [&theirs, &link] {
            let error = open_private(path).unwrap_err().to_string();
            assert!(error.contains("it belongs to user 54321"), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_new_log_file_is_private_and_an_old_one_grows() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.txt");
        let write = |text: &str| {
            let file = Mutex::new(Some(open_private(&path).unwrap()));
            let output = Output { file, as_json: false };
            output.make_writer().write_all(text.as_bytes()).unwrap();
        };
        write("warning: one\n");
        write("warning: two\n");
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().map(|line| line.split_once(' ').unwrap()).collect();
        assert_eq!(
            lines.iter().map(|line| line.1).collect::<Vec<_>>(),
            ["warning: one", "warning: two"]
        );
        assert!(lines[0].0.starts_with("20") && lines[0].0.ends_with('Z'), "{text}");
        let error = open_private(&folder.path().join("absent/log.txt")).unwrap_err().to_string();
        assert!(error.contains("cannot write to the log file") && error.contains("hint: "));
    }
}
