//! Finds the range of a slice in its text, for parsers that return slices of their input.

use std::ops::Range;

/// The byte range of `part`, which must be a slice of `text`.
pub fn range_in(text: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - text.as_ptr() as usize;
    start..start + part.len()
}
