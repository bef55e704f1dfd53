//! Line framing of the stdio transport: bounded, linear in the size of its input, and independent
//! of how the bytes are split into reads (T-01, T-04). Does no I/O.

use bytes::{Bytes, BytesMut};

/// A buffer that grew beyond this many bytes for one line is freed once it is empty.
const KEPT_CAPACITY: usize = 256 * 1024;

/// A line that the decoder found.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// A line without its line ending; never blank.
    Text(Bytes),
    /// The first bytes (at most 4096) of a line that is longer than the limit; the rest is
    /// discarded.
    TooLong(Bytes),
}

/// Splits a byte stream into lines.
#[derive(Debug)]
pub struct LineDecoder {
    buffer: BytesMut,
    searched: usize,
    limit: usize,
    discarding: Option<Bytes>,
}

impl LineDecoder {
    /// A decoder that accepts lines of up to `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { buffer: BytesMut::new(), searched: 0, limit, discarding: None }
    }

    /// The buffer to which the caller appends the next bytes of the stream.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// The next complete line; `None` if the buffer does not hold one.
    pub fn next_line(&mut self) -> Option<Line> {
        loop {
            let Some(at) = memchr::memchr(b'\n', &self.buffer[self.searched..]) else {
                self.searched = self.buffer.len();
                self.discard_excess();
                return None;
            };
            let line = self.buffer.split_to(self.searched + at + 1).freeze();
            self.searched = 0;
            self.shrink_buffer();
            if let Some(start) = self.discarding.take() {
                return Some(Line::TooLong(start));
            }
            let line = line.slice(..line.len() - 1);
            if let Some(line) = self.check_line(line) {
                return Some(line);
            }
        }
    }

    /// The last line, without a line ending, when the stream has ended.
    pub fn finish(&mut self) -> Option<Line> {
        let rest = self.buffer.split().freeze();
        self.searched = 0;
        match self.discarding.take() {
            Some(start) => Some(Line::TooLong(start)),
            None => self.check_line(rest),
        }
    }

    fn check_line(&self, line: Bytes) -> Option<Line> {
        if line.len() > self.limit {
            return Some(Line::TooLong(beginning(&line)));
        }
        let end = line.iter().rposition(|b| *b != b'\r').map_or(0, |at| at + 1);
        let line = line.slice(..end);
        (!line.iter().all(u8::is_ascii_whitespace)).then_some(Line::Text(line))
    }

    fn discard_excess(&mut self) {
        if self.discarding.is_some() {
            self.buffer.clear();
        } else if self.buffer.len() > self.limit {
            self.discarding = Some(beginning(&self.buffer));
            self.buffer = BytesMut::new();
        }
        self.searched = self.buffer.len();
    }

    fn shrink_buffer(&mut self) {
        if self.buffer.is_empty() && self.buffer.capacity() > KEPT_CAPACITY {
            self.buffer = BytesMut::new();
        }
    }
}

/// The beginning of a line, long enough to find its id.
fn beginning(line: &[u8]) -> Bytes {
    Bytes::copy_from_slice(&line[..line.len().min(4096)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(limit: usize, chunks: &[&[u8]]) -> Vec<Line> {
        let mut decoder = LineDecoder::new(limit);
        let mut found = Vec::new();
        for chunk in chunks {
            decoder.buffer().extend_from_slice(chunk);
            while let Some(line) = decoder.next_line() {
                found.push(line);
            }
        }
        found.extend(decoder.finish());
        found
    }

    fn text(text: &'static str) -> Line {
        Line::Text(Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn endings_and_blank_lines() {
        let input: &[u8] = b"a\r\n\n  \r\nb\n\xc3\xa9\nlast";
        let expected = [text("a"), text("b"), text("\u{e9}"), text("last")];
        assert_eq!(lines(100, &[input]), expected);
        let bytes: Vec<&[u8]> = input.chunks(1).collect();
        assert_eq!(lines(100, &bytes), expected);
    }

    #[test]
    fn a_line_over_the_limit_is_reported_once_and_the_next_one_is_whole() {
        let long = "x".repeat(50);
        let input = format!("{long}\nnext\n");
        let expected = [Line::TooLong(Bytes::from(long)), text("next")];
        assert_eq!(lines(10, &[input.as_bytes()])[1], expected[1]);
        let pieces: Vec<&[u8]> = input.as_bytes().chunks(7).collect();
        let found = lines(10, &pieces);
        assert!(matches!(found[0], Line::TooLong(_)));
        assert_eq!(found[1], expected[1]);
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn memory_of_a_long_line_is_given_back() {
        let mut decoder = LineDecoder::new(1 << 24);
        decoder.buffer().extend_from_slice(&vec![b'x'; 1 << 22]);
        decoder.buffer().extend_from_slice(b"\n");
        assert!(decoder.next_line().is_some());
        assert!(decoder.buffer().capacity() <= KEPT_CAPACITY);
    }

    proptest::proptest! {
        #[test]
        fn cuts_do_not_matter(
            content in proptest::collection::vec("[a-z\r ]{0,12}", 0..12),
            size in 1usize..9,
        ) {
            let input = content.join("\n");
            let whole = lines(8, &[input.as_bytes()]);
            let cut: Vec<&[u8]> = input.as_bytes().chunks(size).collect();
            let shape = |lines: Vec<Line>| -> Vec<Option<Bytes>> {
                lines
                    .into_iter()
                    .map(|line| match line {
                        Line::Text(text) => Some(text),
                        Line::TooLong(_) => None,
                    })
                    .collect()
            };
            proptest::prop_assert_eq!(shape(lines(8, &cut)), shape(whole));
        }
    }
}
