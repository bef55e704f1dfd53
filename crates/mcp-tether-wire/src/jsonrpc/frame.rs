//! The bytes of one outgoing message, possibly in several pieces, so that replacing the id of a
//! large message copies only the id.

use std::fmt;
use std::ops::Range;

use bytes::{Bytes, BytesMut};

/// Messages up to this many bytes are copied into one piece, which is cheaper than three small
/// writes.
const COPY_LIMIT: usize = 16 * 1024;

/// The error for edits that overlap, are out of order, or reach beyond the end of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overlap;

impl fmt::Display for Overlap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the edits of a message overlap")
    }
}

impl std::error::Error for Overlap {}

/// Checks edits of a text of `length` bytes.
///
/// # Errors
/// They are not in order, overlap, or reach beyond the end.
pub(super) fn check<With>(length: usize, edits: &[(Range<usize>, With)]) -> Result<(), Overlap> {
    let mut from = 0;
    for (range, _) in edits {
        if range.start < from || range.end < range.start {
            return Err(Overlap);
        }
        from = range.end;
    }
    if from > length { Err(Overlap) } else { Ok(()) }
}

/// One outgoing message without its line ending: one or more pieces that follow each other.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// The first piece. Nearly every message has only one, and needs no list.
    first: Bytes,
    rest: Vec<Bytes>,
    length: usize,
}

impl Frame {
    /// Replaces byte ranges of `raw`.
    ///
    /// # Errors
    /// The edits are not in order, overlap, or reach beyond the end of `raw`. No message is
    /// produced then, because none would be right.
    pub fn spliced<With: AsRef<[u8]>>(
        raw: &Bytes,
        edits: &[(Range<usize>, With)],
    ) -> Result<Self, Overlap> {
        check(raw.len(), edits)?;
        if raw.len() <= COPY_LIMIT {
            return Ok(Self::copied(raw, edits));
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
        let mut pieces = pieces.into_iter();
        Ok(Self { first: pieces.next().unwrap_or_default(), rest: pieces.collect(), length })
    }

    /// Applies edits that [`check`] has accepted, in a copy.
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

    /// Returns whether the frame has no bytes.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The pieces in order; none is empty.
    pub fn into_pieces(self) -> impl Iterator<Item = Bytes> {
        std::iter::once(self.first).filter(|first| !first.is_empty()).chain(self.rest)
    }

    /// The first piece, empty only in an empty frame, and the others.
    pub fn into_parts(self) -> (Bytes, Vec<Bytes>) {
        (self.first, self.rest)
    }

    /// All pieces as one; copies only if there is more than one.
    pub fn into_bytes(self) -> Bytes {
        if self.rest.is_empty() {
            return self.first;
        }
        let mut bytes = BytesMut::with_capacity(self.length);
        self.into_pieces().for_each(|piece| bytes.extend_from_slice(&piece));
        bytes.freeze()
    }
}

impl From<Bytes> for Frame {
    fn from(bytes: Bytes) -> Self {
        let length = bytes.len();
        Self { first: bytes, rest: Vec::new(), length }
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
            let edits = [(6..7, "\"abc\""), (end - 1..end, "33")];
            let frame = Frame::spliced(&raw, &edits).unwrap();
            assert_eq!(frame.len(), raw.len() + 5);
            let expected = format!("{{\"id\":\"abc\",\"x\":\"{}\",\"y\":33}}", "p".repeat(padding));
            assert_eq!(frame.into_bytes(), expected);
        }
    }

    #[test]
    fn a_large_message_is_not_copied() {
        let raw = Bytes::from(vec![b'x'; COPY_LIMIT + 1]);
        let frame = Frame::spliced(&raw, &[(5..6, "1")]).unwrap();
        let pieces: Vec<Bytes> = frame.into_pieces().collect();
        assert_eq!(pieces.len(), 3);
        assert_eq!(pieces[2].as_ptr(), raw[6..].as_ptr());
    }

    /// T-16: what would have to be sliced backwards is an error, not the end of the process.
    #[test]
    fn edits_that_overlap_are_refused() {
        for length in [10, COPY_LIMIT + 10] {
            let raw = Bytes::from(vec![b'x'; length]);
            let refused = |edits: &[(Range<usize>, &str)]| Frame::spliced(&raw, edits).is_err();
            assert!(refused(&[(2..5, "a"), (4..6, "b")]), "overlap");
            assert!(refused(&[(2..5, "a"), (2..5, "b")]), "the same place twice");
            assert!(refused(&[(5..6, "a"), (2..3, "b")]), "out of order");
            assert!(refused(&[(length..length + 1, "a")]), "beyond the end");
            assert!(!refused(&[(2..5, "a"), (5..6, "b"), (6..6, "c"), (6..6, "d")]), "adjacent");
        }
    }

    proptest::proptest! {
        /// T-16: whatever edits come, the result is what they say, or nothing is written.
        #[test]
        fn any_edits_are_carried_out_or_refused(
            length in 0_usize..40,
            edits in proptest::collection::vec((0_usize..44, 0_usize..44, "[a-z]{0,3}"), 0..5),
        ) {
            let raw = Bytes::from((b'A'..=b'Z').cycle().take(length).collect::<Vec<u8>>());
            let edits: Vec<(Range<usize>, String)> =
                edits.into_iter().map(|(start, end, with)| (start..end, with)).collect();
            let (mut expected, mut from, mut fits) = (Vec::new(), 0, true);
            for (range, with) in &edits {
                fits &= from <= range.start && range.start <= range.end && range.end <= length;
                if fits {
                    expected.extend_from_slice(&raw[from..range.start]);
                    expected.extend_from_slice(with.as_bytes());
                    from = range.end;
                }
            }
            let spliced = Frame::spliced(&raw, &edits).map(Frame::into_bytes);
            if fits {
                expected.extend_from_slice(&raw[from..]);
                proptest::prop_assert_eq!(spliced.unwrap(), expected);
            } else {
                proptest::prop_assert!(spliced.is_err());
            }
        }
    }
}
