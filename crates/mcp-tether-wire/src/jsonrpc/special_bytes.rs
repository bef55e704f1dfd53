//! Finds the special bytes of a JSON string, sixteen at a time: quotes, backslashes, and control
//! characters, which a string must escape.

use wide::u8x16;

/// The last of the control characters that a JSON string must escape (RFC 8259 §7).
const LAST_CONTROL: u8 = 0x1f;
/// How many bytes are examined at once.
pub(super) const BLOCK: usize = 16;

/// Returns the block that starts at `at`, padded with spaces at the end of the text; `None` if the
/// text ends before it.
pub(super) fn block_at(bytes: &[u8], at: usize) -> Option<[u8; BLOCK]> {
    let rest = bytes.get(at..)?;
    if let Some(block) = rest.first_chunk() {
        return Some(*block);
    }
    let mut block = [b' '; BLOCK];
    block[..rest.len()].copy_from_slice(rest);
    (!rest.is_empty()).then_some(block)
}

/// Returns one bit for each byte of the block, the lowest for the first, set where the byte is a
/// quote, a backslash or a control character.
pub(super) fn special_bytes(block: [u8; BLOCK]) -> u32 {
    let block = u8x16::new(block);
    let quotes = block.simd_eq(u8x16::splat(b'"'));
    let backslashes = block.simd_eq(u8x16::splat(b'\\'));
    let controls = block.simd_eq(block.min(u8x16::splat(LAST_CONTROL)));
    (quotes | backslashes | controls).to_bitmask()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bit_by_bit(block: &[u8; BLOCK]) -> u32 {
        let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
        (0..BLOCK).filter(|at| special(&block[*at])).map(|at| 1 << at).sum()
    }

    #[test]
    fn each_byte_is_judged_alike_at_each_place() {
        for byte in u8::MIN..=u8::MAX {
            for at in 0..BLOCK {
                for around in [b'a', b'"', 0, 0x80, 0xff] {
                    let mut block = [around; BLOCK];
                    block[at] = byte;
                    assert_eq!(special_bytes(block), bit_by_bit(&block), "{block:?}");
                }
            }
        }
    }

    #[test]
    fn the_last_block_is_filled_with_what_is_not_special() {
        assert_eq!(block_at(b"ab", 1), Some(*b"b               "));
        assert_eq!(block_at(b"0123456789abcdefg", 0), Some(*b"0123456789abcdef"));
        assert_eq!(block_at(b"ab", 2), None);
        assert_eq!(block_at(b"ab", 3), None);
    }
}
