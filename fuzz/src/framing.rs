//! Line framing and event streams, held against readers that see the whole input at once.

use std::time::Duration;

use bytes::Bytes;
use mcp_tether::jsonrpc::{Line, LineDecoder};
use mcp_tether::remote::{Event, EventDecoder};

const LIMIT: usize = 48;

/// However the input is cut, the lines are those between line feeds (T-01, T-04).
pub fn lines(input: &[u8]) {
    let Some((chunks, whole)) = super::chunks(input) else { return };
    let mut decoder = LineDecoder::new(LIMIT);
    let mut found = Vec::new();
    for chunk in chunks {
        decoder.buffer().extend_from_slice(chunk);
        while let Some(line) = decoder.next_line() {
            found.push(line);
        }
        assert!(decoder.buffer().len() <= LIMIT, "more is kept than a line may have");
    }
    found.extend(decoder.finish());
    let mut found = found.into_iter();
    for line in whole.split(|byte| *byte == b'\n') {
        if line.len() > LIMIT {
            let Some(Line::TooLong(start)) = found.next() else { panic!("a long line passed") };
            assert!(line.starts_with(&start) && !start.is_empty());
            continue;
        }
        let end = line.iter().rposition(|byte| *byte != b'\r').map_or(0, |at| at + 1);
        if !line[..end].iter().all(u8::is_ascii_whitespace) {
            assert_eq!(found.next(), Some(Line::Text(Bytes::copy_from_slice(&line[..end]))));
        }
    }
    assert_eq!(found.next(), None);
}

/// However the stream is cut, its events are those of the HTML standard §9.2 (T-23).
pub fn events(input: &[u8]) {
    let Some((chunks, whole)) = super::chunks(input) else { return };
    let wanted = all_events(whole);
    assert_eq!(decoded(&chunks), wanted, "cut");
    assert_eq!(decoded(&[whole]), wanted, "whole");
}

fn decoded(chunks: &[&[u8]]) -> Vec<Event> {
    let mut decoder = EventDecoder::new(1 << 24);
    let mut events = Vec::new();
    for chunk in chunks {
        decoder.feed(Bytes::copy_from_slice(chunk));
        while let Some(event) = decoder.next_event().expect("below the limit") {
            events.push(event);
        }
    }
    events
}

fn all_events(stream: &[u8]) -> Vec<Event> {
    let stream = stream.strip_prefix(b"\xef\xbb\xbf").unwrap_or(stream);
    let (mut events, mut block) = (Vec::new(), Block::default());
    for line in ended_lines(stream) {
        if line.is_empty() {
            events.extend(std::mem::take(&mut block).event());
        } else {
            block.line(line);
        }
    }
    events
}

/// Lines with their ends (LF, CR or CR LF) taken off; one without an end does not count.
fn ended_lines(stream: &[u8]) -> Vec<&[u8]> {
    let (mut lines, mut start, mut at) = (Vec::new(), 0, 0);
    while at < stream.len() {
        if matches!(stream[at], b'\n' | b'\r') {
            lines.push(&stream[start..at]);
            at += usize::from(stream[at..].starts_with(b"\r\n"));
            start = at + 1;
        }
        at += 1;
    }
    lines
}

#[derive(Default)]
struct Block {
    data: Vec<Vec<u8>>,
    name: Option<String>,
    id: Option<String>,
    retry: Option<u64>,
}

impl Block {
    fn line(&mut self, line: &[u8]) {
        let colon = line.iter().position(|byte| *byte == b':');
        let (field, value) = line.split_at(colon.unwrap_or(line.len()));
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        let text = || String::from_utf8_lossy(value).into_owned();
        match field {
            b"data" => self.data.push(value.to_vec()),
            b"event" => self.name = Some(text()),
            b"id" if !value.contains(&0) => self.id = Some(text()),
            b"retry" if value.iter().all(u8::is_ascii_digit) => {
                self.retry = text().parse().ok().or(self.retry);
            }
            _ => {}
        }
    }

    /// White space alone is no message; a block with an id or a time counts without one.
    fn event(self) -> Option<Event> {
        let data = self.data.join(&b'\n');
        let data = (!data.iter().all(u8::is_ascii_whitespace)).then(|| Bytes::from(data));
        let retry = self.retry.map(Duration::from_millis);
        let (name, id) = (self.name.map(Into::into), self.id.map(Into::into));
        (data.is_some() || id.is_some() || retry.is_some()).then_some(Event {
            name,
            data,
            id,
            retry,
        })
    }
}
