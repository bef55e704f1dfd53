//! The text that results and arguments are made of, and what must come back.

use bytes::Bytes;

/// 2^20 bytes: what the table calls a MB.
pub(crate) const MEGABYTE: usize = 1 << 20;

/// One line of a tool's text as it stands in JSON: escapes and a letter beyond ASCII, so that a
/// bridge that looks at it has something to look at.
const UNIT: &str = r#"row 0042 \"caf\u00e9\" "#;

/// Returns the unit with its letter as UTF-8, padded to [`UNIT_SIZE`].
fn unit() -> Vec<u8> {
    let mut unit = UNIT.replace(r"\u00e9", "é").into_bytes();
    let filler = b"bolts M8 x 40 zinc, stock 7, price 12.50 EUR, reorder soon";
    unit.extend_from_slice(&filler[..UNIT_SIZE - unit.len() - 2]);
    unit.extend_from_slice(br"\n");
    unit
}

const UNIT_SIZE: usize = 64;

/// The text, made once and shared by both ends.
#[derive(Clone)]
pub(crate) struct Payload(Bytes);

impl Payload {
    pub(crate) fn new(longest: usize) -> Self {
        Self(unit().repeat(longest.div_ceil(UNIT_SIZE)).into())
    }

    /// Returns the first `size` bytes, cut down to whole units.
    pub(crate) fn text(&self, size: usize) -> Bytes {
        self.0.slice(..size - size % UNIT_SIZE)
    }
}
