//! Removes line breaks between the tokens of a JSON text, because the stdio transport allows none
//! in a message (T-01). Does not check that the text is JSON.

use bytes::{Bytes, BytesMut};

/// Removes the line breaks of pretty-printed JSON, which can only be between tokens. A raw line
/// break inside a string is not JSON and is left for the parser to reject.
pub(super) fn compact(raw: Bytes) -> Bytes {
    if memchr::memchr2(b'\n', b'\r', &raw).is_none() {
        return raw;
    }
    let mut out = BytesMut::with_capacity(raw.len());
    let mut rest: &[u8] = &raw;
    let mut in_string = false;
    while let Some(at) = memchr::memchr3(b'"', b'\n', b'\r', rest) {
        let (before, after) = rest.split_at(at);
        out.extend_from_slice(before);
        match after[0] {
            b'"' => {
                let escapes = before.iter().rev().take_while(|b| **b == b'\\').count();
                in_string = if in_string { escapes % 2 == 1 } else { true };
                out.extend_from_slice(b"\"");
            }
            _ if in_string => out.extend_from_slice(&after[..1]),
            // A line break may be all that separates two tokens: `1` and `2` must not become `12`.
            _ if out.last().is_some_and(is_of_word) && separates(after) => {
                out.extend_from_slice(b" ");
            }
            _ => {}
        }
        rest = &after[1..];
    }
    out.extend_from_slice(rest);
    out.freeze()
}

/// Returns whether these line breaks are followed by a byte of a number or a literal name.
fn separates(breaks: &[u8]) -> bool {
    matches!(breaks, [_, next, ..] if is_of_word(next) || matches!(next, b'\n' | b'\r'))
}

/// Returns whether this is a byte of a number or a literal name.
fn is_of_word(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T-01
    #[test]
    fn line_breaks_between_tokens_are_removed() {
        for (text, expected) in [
            ("{\n  \"a\": 1,\r\n  \"b\": [\n    2\n  ]\n}", "{  \"a\": 1,  \"b\": [    2  ]}"),
            ("\n{}\r\n", "{}"),
            ("{\"a\":\"x\\\"\",\n\"b\":1}", "{\"a\":\"x\\\"\",\"b\":1}"),
            ("{\"a\":\"x\\\\\",\n\"b\":1}", "{\"a\":\"x\\\\\",\"b\":1}"),
            ("{\"a\":\"\\n\",\n\"é\":1}", "{\"a\":\"\\n\",\"é\":1}"),
            ("", ""),
            ("\n", ""),
        ] {
            assert_eq!(compact(Bytes::from(text)), expected, "{text:?}");
        }
    }

    /// T-01
    #[test]
    fn two_tokens_never_become_one() {
        for (text, expected) in [
            ("1\n2", "1 2"),
            ("1\r\n2", "1 2"),
            ("1\n\n2", "1 2"),
            ("true\nfalse", "true false"),
            ("-\n1", "- 1"),
            ("1.\n5", "1. 5"),
            ("[1\n]", "[1]"),
            ("[1\n,2]", "[1,2]"),
            ("\"a\"\n\"b\"", "\"a\"\"b\""),
        ] {
            assert_eq!(compact(Bytes::from(text)), expected, "{text:?}");
        }
    }

    #[test]
    fn a_line_break_in_a_string_is_left_for_the_parser_to_refuse() {
        for text in ["{\"a\":\"x\ny\"}", "{\"a\":\"x\\\"\ny\"}", "{\"a\":\"x\r"] {
            assert_eq!(compact(Bytes::from(text)), text, "{text:?}");
        }
        let raw = Bytes::from("{\"a\": 1}");
        assert_eq!(compact(raw.clone()).as_ptr(), raw.as_ptr(), "the usual message is not copied");
    }
}
