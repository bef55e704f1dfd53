//! Reads a recording: the requests to the server, and its answers to each.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use mcp_tether_wire::jsonrpc::{Message, MessageKind};
use mcp_tether_wire::protocol::methods;

/// How the first line of a recording begins; the number is that of its format.
const MARKER: &str = "{\"mcp-tether-recording\":";
const FORMAT: u64 = 1;

/// The last conversation of a recording, from the server's side.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// The server that was recorded, in a form that may be shown.
    pub server: String,
    /// When it began.
    pub started: String,
    /// How many conversations the file holds; the last one is played.
    pub conversations: usize,
    /// How many messages the recording left out.
    pub left_out: u64,
    /// How many requests were refused for want of a credential and sent again.
    pub challenged: usize,
    pub(super) turns: Vec<Turn>,
    pub(super) pushes: Vec<Push>,
    /// Whether the server gave a session id.
    pub(super) has_sessions: bool,
    /// Whether it offered a standalone stream.
    pub(super) has_stream: bool,
}

/// One request to the server, and its outcome.
#[derive(Clone, Debug)]
pub(super) struct Turn {
    /// The line of the file.
    pub(super) line: usize,
    pub(super) request: Message,
    /// The parameters that identify it besides its method; see [`identity`].
    pub(super) params: Value,
    /// The HTTP status; 0 if there was no response.
    pub(super) status: u16,
    pub(super) is_stream: bool,
    /// The value of `Retry-After`.
    pub(super) retry_after: Option<String>,
    /// The body of a refusal.
    pub(super) body: Option<String>,
    pub(super) messages: Vec<Message>,
    /// The kind of failure that ended it without an answer.
    pub(super) failed: Option<String>,
    exchange: Option<u64>,
}

/// A message that the server sent unasked, after so many requests.
#[derive(Clone, Debug)]
pub(super) struct Push {
    pub(super) after: usize,
    pub(super) message: Message,
}

/// The reason why a file cannot be played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordingError {
    /// It does not begin like a recording.
    NotARecording,
    /// It was written in a format of a newer program.
    NewerFormat,
    /// This line is not one of a recording.
    BadLine(usize),
    /// The server was sent no request.
    Empty,
}

impl fmt::Display for RecordingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotARecording => f.write_str("it is not a recording"),
            Self::NewerFormat => f.write_str("a newer version wrote it"),
            Self::BadLine(line) => write!(f, "line {line} is not one of a recording"),
            Self::Empty => f.write_str("it holds no request to a server"),
        }
    }
}

#[derive(Deserialize)]
struct HeadLine {
    #[serde(rename = "mcp-tether-recording")]
    format: u64,
    #[serde(default)]
    server: String,
    #[serde(default)]
    started: String,
}

#[derive(Deserialize)]
struct RecordedLine<'a> {
    #[serde(borrow)]
    from: Option<Cow<'a, str>>,
    #[serde(borrow)]
    to: Option<Cow<'a, str>>,
    exchange: Option<u64>,
    http: Option<String>,
    status: Option<u16>,
    #[serde(default)]
    headers: HashMap<String, String>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
    failed: Option<String>,
    left_out: Option<u64>,
}

impl Recording {
    /// Reads the text of a recording. A last line that was not written to its end is left out.
    ///
    /// # Errors
    /// It is not a recording, or holds nothing that can be played.
    pub fn read(text: &str) -> Result<Self, RecordingError> {
        if !text.starts_with(MARKER) {
            return Err(RecordingError::NotARecording);
        }
        let mut reader = Reader::default();
        for (number, line) in (1..).zip(text.split_inclusive('\n')) {
            match reader.take(number, line.trim_end()) {
                Err(RecordingError::BadLine(_)) if !line.ends_with('\n') => {}
                taken => taken?,
            }
        }
        reader.finish()
    }
}

#[derive(Default)]
struct Reader {
    recording: Recording,
    /// The turn of each exchange; `None` if it is not a request.
    current: HashMap<u64, Option<usize>>,
    last_was_get: bool,
}

impl Reader {
    fn take(&mut self, number: usize, line: &str) -> Result<(), RecordingError> {
        if line.starts_with(MARKER) {
            return self.begin(number, line);
        }
        let bad = |_| RecordingError::BadLine(number);
        let line: RecordedLine<'_> = serde_json::from_str(line).map_err(bad)?;
        self.recording.left_out += line.left_out.unwrap_or(0);
        match (line.from.as_deref(), line.to.as_deref()) {
            (_, Some("server")) => self.take_request(number, &line),
            (Some("server"), _) => self.take_answer(&line),
            _ if line.failed.is_some() => {
                if let Some(turn) = self.turn(line.exchange) {
                    turn.failed.clone_from(&line.failed);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn begin(&mut self, number: usize, line: &str) -> Result<(), RecordingError> {
        let head: HeadLine =
            serde_json::from_str(line).map_err(|_| RecordingError::BadLine(number))?;
        if head.format != FORMAT {
            return Err(RecordingError::NewerFormat);
        }
        let conversations = self.recording.conversations + 1;
        *self = Self::default();
        let HeadLine { server, started, .. } = head;
        self.recording = Recording { server, started, conversations, ..Recording::default() };
        Ok(())
    }

    fn take_request(&mut self, number: usize, line: &RecordedLine<'_>) {
        self.last_was_get = line.http.as_deref() == Some("GET");
        let Some(exchange) = line.exchange else { return };
        let request = line.message.and_then(parsed);
        let request = request.filter(|message| message.kind() == MessageKind::Request);
        let turn = request.map(|request| {
            self.recording.turns.push(Turn::new(number, exchange, request));
            self.recording.turns.len() - 1
        });
        self.current.insert(exchange, turn);
    }

    fn take_answer(&mut self, line: &RecordedLine<'_>) {
        if let Some(status) = line.status {
            self.take_head(status, line);
        }
        if let (Some(body), Some(turn)) = (line.body, self.turn(line.exchange)) {
            turn.body = Some(text_of(body));
        }
        let Some(message) = line.message.and_then(parsed) else { return };
        if let Some(turn) = self.turn(line.exchange) {
            return turn.messages.push(message);
        }
        if let Some(turn) = self.turn_that_waits_for(&message) {
            return turn.messages.push(message);
        }
        let after = self.recording.turns.len();
        self.recording.pushes.push(Push { after, message });
    }

    fn take_head(&mut self, status: u16, line: &RecordedLine<'_>) {
        let is_stream =
            line.headers.get("content-type").is_some_and(|kind| kind.contains("event-stream"));
        self.recording.has_sessions |= line.headers.contains_key("mcp-session-id");
        self.recording.has_stream |=
            line.exchange.is_none() && self.last_was_get && status == 200 && is_stream;
        if let Some(turn) = self.turn(line.exchange) {
            turn.status = status;
            turn.is_stream = is_stream;
            turn.retry_after = line.headers.get("retry-after").cloned();
        }
    }

    fn turn(&mut self, exchange: Option<u64>) -> Option<&mut Turn> {
        let at = (*self.current.get(&exchange?)?)?;
        self.recording.turns.get_mut(at)
    }

    /// Returns the turn that this message answers on another stream.
    fn turn_that_waits_for(&mut self, message: &Message) -> Option<&mut Turn> {
        let id = message.id().filter(|_| is_answer(message))?;
        let mut turns = self.recording.turns.iter_mut().rev();
        turns.find(|turn| turn.request.id() == Some(id) && !turn.is_answered())
    }

    fn finish(mut self) -> Result<Recording, RecordingError> {
        let last: HashMap<_, _> =
            self.recording.turns.iter().map(|turn| (turn.exchange, turn.line)).collect();
        let before = self.recording.turns.len();
        // Credentials are redacted and not asked for, and redirects lead elsewhere.
        self.recording.turns.retain(|turn| {
            let is_passing = matches!(turn.status, 300..=399 | 401 | 403);
            !is_passing || last.get(&turn.exchange) == Some(&turn.line)
        });
        self.recording.challenged = before - self.recording.turns.len();
        if self.recording.turns.is_empty() {
            return Err(RecordingError::Empty);
        }
        Ok(self.recording)
    }
}

impl Turn {
    fn new(line: usize, exchange: u64, request: Message) -> Self {
        Self {
            line,
            params: identity(&request),
            request,
            status: 0,
            is_stream: false,
            retry_after: None,
            body: None,
            messages: Vec::new(),
            failed: None,
            exchange: Some(exchange),
        }
    }

    pub(super) fn is_answered(&self) -> bool {
        let id = self.request.id();
        self.messages.iter().any(|message| is_answer(message) && message.id() == id)
    }
}

pub(super) fn is_answer(message: &Message) -> bool {
    matches!(message.kind(), MessageKind::Response | MessageKind::ErrorResponse)
}

/// Returns the parameters that tell two requests of one method apart: all but the metadata, and
/// none for requests that only introduce the host.
pub(super) fn identity(request: &Message) -> Value {
    if matches!(request.method(), methods::INITIALIZE | methods::DISCOVER) {
        return Value::Null;
    }
    let params = request.params().and_then(|params| serde_json::from_str(params).ok());
    let mut params: Value = params.unwrap_or_default();
    if let Some(members) = params.as_object_mut() {
        members.remove("_meta");
        if members.is_empty() {
            return Value::Null;
        }
    }
    params
}

fn parsed(message: &RawValue) -> Option<Message> {
    Message::parse(message.get().to_owned()).ok()
}

/// Returns a body as text: JSON unchanged, a JSON string without its quotation marks.
fn text_of(body: &RawValue) -> String {
    #[derive(Deserialize)]
    struct Text {
        text: String,
    }
    serde_json::from_str::<Text>(body.get()).map_or_else(|_| body.get().to_owned(), |t| t.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "{\"mcp-tether-recording\":1,\"server\":\"https://x\",\"started\":\"t\"}\n";

    fn read(lines: &[&str]) -> Result<Recording, RecordingError> {
        Recording::read(&format!("{HEAD}{}\n", lines.join("\n")))
    }

    const CALL: &str = r#"{"at":1,"to":"server","exchange":4,"http":"POST","headers":{},"message":{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"a","_meta":{"x":1}}}}"#;

    /// O-31
    #[test]
    fn requests_and_their_outcomes_are_read() {
        let recording = read(&[
            r#"{"at":0,"from":"host","message":{"text":"no json"}}"#,
            CALL,
            r#"{"at":2,"from":"server","exchange":4,"status":401,"headers":{}}"#,
            CALL,
            r#"{"at":2,"from":"server","exchange":4,"status":200,"headers":{"content-type":"text/event-stream","mcp-session-id":"[redacted]"}}"#,
            r#"{"at":3,"from":"server","exchange":4,"message":{"jsonrpc":"2.0","method":"notifications/progress"}}"#,
            r#"{"at":3,"from":"server","message":{"jsonrpc":"2.0","id":4,"result":{}}}"#,
            r#"{"at":3,"from":"server","message":{"jsonrpc":"2.0","method":"notifications/x"}}"#,
            r#"{"at":3,"left_out":3}"#,
        ])
        .unwrap();
        assert_eq!((recording.turns.len(), recording.challenged, recording.left_out), (1, 1, 3));
        let turn = &recording.turns[0];
        assert_eq!(turn.params, serde_json::json!({ "name": "a" }));
        assert!(turn.is_answered() && turn.is_stream && turn.messages.len() == 2);
        assert_eq!((recording.pushes.len(), recording.has_sessions), (1, true));
    }

    /// O-31: the newest conversation is played, and a line that a kill cut short is left out.
    #[test]
    fn the_last_conversation_counts_and_a_broken_last_line_does_not() {
        let text = format!("{HEAD}{CALL}\n{CALL}\n{HEAD}{CALL}\n{{\"at\":3,\"fr");
        let recording = Recording::read(&text).unwrap();
        assert_eq!((recording.turns.len(), recording.conversations), (1, 2));
    }

    /// O-31
    #[test]
    fn an_invalid_recording_is_refused_with_its_line() {
        assert_eq!(Recording::read("").unwrap_err(), RecordingError::NotARecording);
        assert_eq!(Recording::read("{}\n").unwrap_err(), RecordingError::NotARecording);
        let newer = HEAD.replace(":1,", ":2,");
        assert_eq!(Recording::read(&newer).unwrap_err(), RecordingError::NewerFormat);
        assert_eq!(read(&[CALL, "rubbish", CALL]).unwrap_err(), RecordingError::BadLine(3));
        assert_eq!(read(&["{}"]).unwrap_err(), RecordingError::Empty);
        assert_eq!(Recording::read(HEAD).unwrap_err(), RecordingError::Empty);
        let deep = "[".repeat(100_000);
        assert_eq!(read(&[&deep, CALL]).unwrap_err(), RecordingError::BadLine(2));
    }
}
