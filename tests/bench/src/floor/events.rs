//! SSE to lines, as it streams: the data of an event goes out while the event still arrives.
//!
//! Only data is kept; `id`, `retry` and `event` lines are skipped. Lines end in LF or CRLF, not in
//! a lone CR.

use bytes::{Buf, Bytes};

use crate::output::Output;

const FIELD: &[u8] = b"data:";

/// The parser's position at the end of the last chunk.
#[derive(Default)]
pub(crate) struct Events {
    place: Place,
    /// Data was written since the last event end.
    written: bool,
}

#[derive(Clone, Copy, Default)]
enum Place {
    /// At a line start, with this much of `data:` seen.
    #[default]
    LineStart,
    Field(usize),
    /// Behind `data:`; one space is not part of the data.
    AfterColon,
    Data,
    OtherLine,
}

impl Events {
    /// Returns whether an event has begun and not ended: no other line may come between.
    pub(crate) fn inside(&self) -> bool {
        self.written
    }

    pub(crate) fn feed(&mut self, mut chunk: Bytes, output: &Output) {
        while let Some(&first) = chunk.first() {
            match self.place {
                Place::LineStart if chunk.starts_with(b"data: ") => {
                    chunk.advance(6);
                    self.place = Place::Data;
                }
                Place::LineStart => self.line_start(first, &mut chunk, output),
                Place::Field(seen) => self.field(seen, first, &mut chunk),
                Place::AfterColon => {
                    chunk.advance(usize::from(first == b' '));
                    self.place = Place::Data;
                }
                Place::Data => self.data(&mut chunk, output),
                Place::OtherLine => self.place = skip_line(&mut chunk),
            }
        }
    }

    fn line_start(&mut self, first: u8, chunk: &mut Bytes, output: &Output) {
        match first {
            b'\n' => {
                chunk.advance(1);
                if std::mem::take(&mut self.written) {
                    output.push(b"\n");
                }
            }
            b'\r' => chunk.advance(1),
            _ => self.place = Place::Field(0),
        }
    }

    fn field(&mut self, seen: usize, first: u8, chunk: &mut Bytes) {
        self.place = if first != FIELD[seen] {
            Place::OtherLine
        } else {
            chunk.advance(1);
            if seen + 1 == FIELD.len() { Place::AfterColon } else { Place::Field(seen + 1) }
        };
    }

    fn data(&mut self, chunk: &mut Bytes, output: &Output) {
        let end = memchr::memchr(b'\n', chunk);
        let mut data = chunk.split_to(end.unwrap_or(chunk.len()));
        if end.is_some() {
            chunk.advance(1);
            self.place = Place::LineStart;
        }
        if data.last() == Some(&b'\r') {
            data.truncate(data.len() - 1);
        }
        self.written |= !data.is_empty();
        output.push_shared(data);
    }
}

fn skip_line(chunk: &mut Bytes) -> Place {
    match memchr::memchr(b'\n', chunk) {
        Some(end) => {
            chunk.advance(end + 1);
            Place::LineStart
        }
        None => {
            chunk.clear();
            Place::OtherLine
        }
    }
}
