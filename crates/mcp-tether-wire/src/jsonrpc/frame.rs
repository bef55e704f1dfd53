//! The bytes of one outgoing message, possibly in several pieces, so that replacing an id in a
//! large message copies nothing but the id.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

/// Messages up to this many bytes are copied into one piece: cheaper than three small writes.
const COPY_LIMIT: usize = 16 * 1024;

/// One outgoing message without its line ending: one or more pieces that follow each other.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    pieces: Vec<Bytes>,
    length: usize,
}

impl Frame {
    /// Replaces byte ranges of `raw`. `edits` must be sorted and must not overlap.
    pub fn spliced<With: AsRef<[u8]>>(raw: &Bytes, edits: &[(Range<usize>, With)]) -> Self {
        if raw.len() <= COPY_LIMIT {
            return Self::copied(raw, edits);
        }
        let mut pieces = Vec::with_capacity(edits.len() * 2 + 1);
        let mut from = 0;
        for (range, with) in edits {
            pieces.push(raw.slice(from..range.start));
            pieces.push(Bytes::copy_from_slice(with.as_ref()));
            from = range.end;
        }
        pieces.push(raw.slice(from..));
        pieces.retain(|piece| !piece.is_empty());
        let length = pieces.iter().map(Bytes::len).sum();
        Self { pieces, length }
    }

    fn copied<With: AsRef<[u8]>>(raw: &Bytes, edits: &[(Range<usize>, With)]) -> Self {
        let added: usize = edits.iter().map(|(_, with)| with.as_ref().len()).sum();
        let mut bytes = BytesMut::with_capacity(raw.len() + added);
        let mut from = 0;
        for (range, with) in edits {
            bytes.extend_from_slice(&raw[from..range.start]);
            bytes.extend_from_slice(with.as_ref());
            from = range.end;
        }
        bytes.extend_from_slice(&raw[from..]);
        Self::from(bytes.freeze())
    }

    /// Length in bytes of all pieces together.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The pieces in order; none is empty.
    pub fn into_pieces(self) -> Vec<Bytes> {
        self.pieces
    }

    /// The pieces joined; copies only when there is more than one.
    pub fn into_bytes(mut self) -> Bytes {
        if self.pieces.len() == 1 {
            return self.pieces.remove(0);
        }
        self.pieces.concat().into()
    }
}

impl From<Bytes> for Frame {
    fn from(bytes: Bytes) -> Self {
        let length = bytes.len();
        let pieces = if bytes.is_empty() { Vec::new() } else { vec![bytes] };
        Self { pieces, length }
    }
}

impl From<String> for Frame {
    fn from(text: String) -> Self {
        Self::from(Bytes::from(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_land_in_place_in_small_and_large_messages() {
        for padding in [0, COPY_LIMIT] {
            let raw =
                Bytes::from(format!("{{\"id\":1,\"x\":\"{}\",\"y\":2}}", "p".repeat(padding)));
            let end = raw.len() - 1;
            let frame = Frame::spliced(&raw, &[(6..7, "\"abc\""), (end - 1..end, "33")]);
            assert_eq!(frame.len(), raw.len() + 5);
            let expected = format!("{{\"id\":\"abc\",\"x\":\"{}\",\"y\":33}}", "p".repeat(padding));
            assert_eq!(frame.into_bytes(), expected);
        }
    }

    #[test]
    fn a_large_message_is_not_copied() {
        let raw = Bytes::from(vec![b'x'; COPY_LIMIT + 1]);
        let pieces = Frame::spliced(&raw, &[(5..6, "1")]).into_pieces();
        assert_eq!(pieces.len(), 3);
        assert_eq!(pieces[2].as_ptr(), raw[6..].as_ptr());
    }
}
