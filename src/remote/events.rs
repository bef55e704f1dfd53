//! Parses Server-Sent Events (HTML standard §9.2; T-23): incremental, in linear time and bounded
//! memory. Payloads are slices of the received bytes, not copies. Does no I/O.
//!
//! `eventsource-stream` 0.2 is quadratic in the size of an event and loses `id` and `retry` of
//! blocks without data; `sse-stream` 0.3 copies every payload. Hence this parser.

use std::ops::Range;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// One block of an event stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// The `event` field; `None` means `message`.
    pub name: Option<Box<str>>,
    /// The joined `data` lines; `None` when there were none or all were empty.
    pub data: Option<Bytes>,
    /// The `id` field, also of a block without data. An empty one resets the last event id.
    pub id: Option<Box<str>>,
    /// The `retry` field, also of a block without data.
    pub retry: Option<Duration>,
}

impl Event {
    /// Whether this block opens an HTTP+SSE stream.
    pub fn names_endpoint(&self) -> bool {
        self.name.as_deref().map(str::trim_end) == Some("endpoint") && self.data.is_some()
    }

    /// Whether this block carries a JSON-RPC message.
    pub fn is_message(&self) -> bool {
        let name = self.name.as_deref().unwrap_or_default().trim_end();
        self.data.is_some() && matches!(name, "" | "message")
    }
}

/// The error for an event larger than the limit; the stream cannot be read any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

/// Cuts an event stream into blocks.
#[derive(Debug)]
pub struct EventDecoder {
    /// The input, from the first byte of the current block.
    input: Input,
    /// Where the current line begins.
    line: usize,
    /// How far its end has been searched for.
    searched: usize,
    at_start: bool,
    after_carriage_return: bool,
    /// The current block, without its data.
    event: Event,
    /// The positions of its `data` values.
    data: Vec<Range<usize>>,
    limit: usize,
}

/// The unread input: one chunk as received, or several in one buffer.
#[derive(Debug)]
enum Input {
    Chunk(Bytes),
    Joined(BytesMut),
}

impl EventDecoder {
    /// A decoder that accepts events of up to `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            input: Input::Chunk(Bytes::new()),
            line: 0,
            searched: 0,
            at_start: true,
            after_carriage_return: false,
            event: Event::default(),
            data: Vec::new(),
            limit,
        }
    }

    /// Appends the next bytes of the stream.
    pub fn feed(&mut self, chunk: Bytes) {
        self.input.append(chunk);
    }

    /// Returns the next complete block.
    ///
    /// # Errors
    /// [`TooLarge`] if the current block exceeds the limit.
    pub fn next_event(&mut self) -> Result<Option<Event>, TooLarge> {
        while let Some(line) = self.next_line() {
            if !line.is_empty() {
                self.read_field(line);
            } else if let Some(event) = self.finish_block() {
                return Ok(Some(event));
            }
        }
        if self.memory() > self.limit { Err(TooLarge) } else { Ok(None) }
    }

    /// The unfinished block at the end of the stream. The standard drops it (HTML §9.2.6), but some
    /// servers omit the last blank line. Input without any field is returned as it was sent.
    pub fn unfinished(&mut self) -> Option<Event> {
        let end = self.input.bytes().len();
        if self.line < end {
            self.read_field(self.line..end);
            self.line = end;
        }
        let has_fields = self.event != Event::default() || !self.data.is_empty();
        if has_fields {
            return self.finish_block();
        }
        let rest = self.input.take(end);
        (!rest.is_empty()).then(|| Event { data: Some(rest), ..Event::default() })
    }

    /// The memory of the current block, in bytes (S-42), including the list of its data lines.
    pub fn memory(&self) -> usize {
        let places = self.data.len().saturating_sub(1) * size_of::<Range<usize>>();
        self.input.bytes().len() + places
    }

    fn next_line(&mut self) -> Option<Range<usize>> {
        self.skip_marks();
        let input = self.input.bytes();
        let Some(at) = memchr::memchr2(b'\n', b'\r', &input[self.searched..]) else {
            self.searched = input.len();
            return None;
        };
        let end = self.searched + at;
        self.after_carriage_return = input[end] == b'\r';
        let line = self.line..end;
        self.begin_line(end + 1);
        Some(line)
    }

    /// Skips the byte order mark at the start and the line feed that completes a CR LF.
    fn skip_marks(&mut self) {
        let input = self.input.bytes();
        if self.after_carriage_return
            && let Some(next) = input.get(self.line)
        {
            self.after_carriage_return = false;
            if *next == b'\n' {
                self.begin_line(self.line + 1);
            }
        } else if self.at_start {
            let has_mark = input.starts_with(BYTE_ORDER_MARK);
            self.at_start = BYTE_ORDER_MARK.starts_with(input);
            if has_mark {
                self.at_start = false;
                self.begin_line(BYTE_ORDER_MARK.len());
            }
        }
    }

    fn begin_line(&mut self, at: usize) {
        self.line = at;
        self.searched = at;
    }

    fn read_field(&mut self, line: Range<usize>) {
        let text = &self.input.bytes()[line.clone()];
        let colon = memchr::memchr(b':', &text[..text.len().min(16)]);
        let (name, mut value) = match colon {
            Some(at) => (&text[..at], &text[at + 1..]),
            None => (text, &text[..0]),
        };
        if let [b' ', rest @ ..] = value {
            value = rest;
        }
        match name {
            // A line without a colon has an empty value.
            b"data" => self.data.push(line.end - value.len()..line.end),
            b"event" => self.event.name = Some(String::from_utf8_lossy(value).into()),
            b"id" if !value.contains(&0) => {
                self.event.id = Some(String::from_utf8_lossy(value).into());
            }
            b"retry" => self.event.retry = milliseconds(value).or(self.event.retry),
            _ => {}
        }
    }

    fn finish_block(&mut self) -> Option<Event> {
        let block = self.input.take(self.line);
        self.begin_line(0);
        let mut event = std::mem::take(&mut self.event);
        event.data = match &self.data[..] {
            [] => None,
            [one] => Some(block.slice(one.clone())),
            several => {
                let lines: Vec<&[u8]> = several.iter().map(|line| &block[line.clone()]).collect();
                Some(lines.join(&b'\n').into())
            }
        };
        self.data.clear();
        event.data = event.data.filter(|data| !data.iter().all(u8::is_ascii_whitespace));
        let carries = event.data.is_some() || event.id.is_some() || event.retry.is_some();
        carries.then_some(event)
    }
}

impl Input {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Chunk(chunk) => chunk,
            Self::Joined(buffer) => buffer,
        }
    }

    fn append(&mut self, chunk: Bytes) {
        match self {
            Self::Chunk(first) if first.is_empty() => *first = chunk,
            Self::Chunk(first) => {
                // Twice the size needed, because more is to come.
                let mut buffer = BytesMut::with_capacity(2 * (first.len() + chunk.len()));
                buffer.extend_from_slice(first);
                buffer.extend_from_slice(&chunk);
                *self = Self::Joined(buffer);
            }
            Self::Joined(buffer) => buffer.extend_from_slice(&chunk),
        }
    }

    /// Takes the first `length` bytes.
    fn take(&mut self, length: usize) -> Bytes {
        let taken = match self {
            Self::Chunk(chunk) => chunk.split_to(length),
            Self::Joined(buffer) => buffer.split_to(length).freeze(),
        };
        if self.bytes().is_empty() {
            // Frees a buffer that one event has made large.
            *self = Self::Chunk(Bytes::new());
        }
        taken
    }
}

fn milliseconds(value: &[u8]) -> Option<Duration> {
    let digits = std::str::from_utf8(value).ok()?;
    let valid = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    valid.then(|| digits.parse().ok().map(Duration::from_millis))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(chunks: &[&[u8]]) -> Vec<Event> {
        let mut decoder = EventDecoder::new(1 << 20);
        let mut events = Vec::new();
        for chunk in chunks {
            decoder.feed(Bytes::copy_from_slice(chunk));
            while let Some(event) = decoder.next_event().unwrap() {
                events.push(event);
            }
        }
        events
    }

    fn data(text: &'static str) -> Event {
        Event { data: Some(Bytes::from_static(text.as_bytes())), ..Event::default() }
    }

    fn both_ways(input: &[u8]) -> Vec<Event> {
        let whole = decode(&[input]);
        let bytes: Vec<&[u8]> = input.chunks(1).collect();
        assert_eq!(decode(&bytes), whole, "cut into single bytes");
        whole
    }

    /// T-23
    #[test]
    fn every_line_ending_ends_a_line() {
        for ending in ["\n", "\r", "\r\n"] {
            let input = format!("data: a{ending}data: b{ending}{ending}data:c{ending}{ending}");
            let expected = [data("a\nb"), data("c")];
            assert_eq!(
                both_ways(format!("{input}: end{ending}").as_bytes()),
                expected,
                "{ending:?}"
            );
        }
    }

    /// T-23
    #[test]
    fn id_and_retry_count_in_a_block_without_data() {
        let expected = Event {
            id: Some("7".into()),
            retry: Some(Duration::from_millis(500)),
            ..Event::default()
        };
        assert_eq!(both_ways(b"id: 7\nretry: 500\n\n"), [expected]);
    }

    /// T-23
    #[test]
    fn a_byte_order_mark_comments_and_unknown_fields_are_ignored() {
        assert_eq!(both_ways(b"\xef\xbb\xbfdata: x\n: beat\nfoo: bar\n\n: beat\n\n"), [data("x")]);
    }

    /// T-23
    #[test]
    fn empty_data_is_no_message() {
        let events = both_ways(b"id: 1\ndata:\n\ndata: \n\n");
        assert_eq!(events, [Event { id: Some("1".into()), ..Event::default() }]);
        assert!(!events[0].is_message());
    }

    /// T-23: the end of a stream ends its last block
    #[test]
    fn a_block_that_nothing_ends_is_there_at_the_end() {
        let rest = |input: &'static str| {
            let mut decoder = EventDecoder::new(1 << 20);
            decoder.feed(Bytes::from_static(input.as_bytes()));
            while decoder.next_event().unwrap().is_some() {}
            decoder.unfinished()
        };
        for input in ["data: x", "data: x\n", "data: y\n\ndata: x\r\n", "\u{feff}data:x\r"] {
            assert_eq!(rest(input), Some(data("x")), "{input:?}");
        }
        assert_eq!(rest("{\n\"id\": 1}\n"), Some(data("{\n\"id\": 1}\n")), "no stream at all");
        assert_eq!(rest("data: x\n\n"), None);
        assert_eq!(rest(""), None);
    }

    #[test]
    fn a_retry_that_is_no_number_and_an_id_with_nul_are_ignored() {
        assert_eq!(both_ways(b"retry: 5s\nid: a\0b\ndata: x\n\n"), [data("x")]);
    }

    #[test]
    fn other_event_types_are_told_apart() {
        let events =
            both_ways(b"event: endpoint\ndata: /m\n\nevent: message\ndata: {}\n\ndata: {}\n\n");
        let messages: Vec<bool> = events.iter().map(Event::is_message).collect();
        assert_eq!(messages, [false, true, true]);
    }

    #[test]
    fn a_block_cut_off_by_the_end_of_the_stream_is_not_an_event() {
        assert_eq!(both_ways(b"data: a\n\ndata: half"), [data("a")]);
    }

    /// T-23
    #[test]
    fn invalid_utf8_costs_only_its_own_event() {
        let events = both_ways(b"data: \xff\n\ndata: b\n\n");
        assert_eq!(events[1], data("b"));
    }

    /// S-12
    #[test]
    fn an_event_over_the_limit_is_an_error() {
        let mut decoder = EventDecoder::new(10);
        decoder.feed(Bytes::from_static(b"data: 0123456789"));
        assert_eq!(decoder.next_event(), Err(TooLarge));
        let mut decoder = EventDecoder::new(10);
        decoder.feed(Bytes::from_static(b"data: 1\ndata: 2\ndata: 3\n"));
        assert_eq!(decoder.next_event(), Err(TooLarge));
    }

    proptest::proptest! {
        #[test]
        fn cuts_do_not_matter(
            input in "(data: ?[a-z]{0,5}|id: [0-9]|retry: 5|: c|\
                      event: x|)((\r\n)|\n|\r){1,2}(data:[a-z]{0,3}\n\n){0,3}",
            size in 1usize..7,
        ) {
            let chunks: Vec<&[u8]> = input.as_bytes().chunks(size).collect();
            proptest::prop_assert_eq!(decode(&chunks), decode(&[input.as_bytes()]));
        }
    }
}
