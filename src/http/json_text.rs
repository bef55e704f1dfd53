//! The JSON in a body, in whatever form it was sent: UTF-16, a guard against being run as a script
//! in front of it, zero bytes behind it. Used where a parser has refused the body as it is.

use std::borrow::Cow;

/// Prefixes that servers put in front of JSON, so that no page can run it as a script.
const GUARDS: [&str; 6] = [")]}',", ")]}'", ")]}", "for(;;);", "while(1);", "{}&&"];
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The text of a body without what surrounds its JSON. Bytes that are not text are replaced.
pub fn json_text(body: &[u8]) -> Cow<'_, str> {
    match utf16(body) {
        Some(text) => Cow::Owned(bare(&text).to_owned()),
        None => match String::from_utf8_lossy(body) {
            Cow::Borrowed(text) => Cow::Borrowed(bare(text)),
            Cow::Owned(text) => Cow::Owned(bare(&text).to_owned()),
        },
    }
}

/// Whether a body begins with such a guard, or is UTF-16: then it can only be meant as JSON.
pub fn begins_guarded_json(body: &[u8]) -> bool {
    let has_guard = GUARDS.iter().any(|guard| body.starts_with(guard.as_bytes()));
    has_guard || byte_order(body).is_some()
}

fn bare(text: &str) -> &str {
    let text = text.trim_start_matches(BYTE_ORDER_MARK).trim_start();
    let guard = GUARDS.iter().find_map(|guard| text.strip_prefix(guard));
    let is_filler = |character: char| character.is_whitespace() || matches!(character, '\0');
    guard.unwrap_or(text).trim_start().trim_end_matches(is_filler)
}

/// Puts two bytes together as one unit of UTF-16.
type ByteOrder = fn([u8; 2]) -> u16;

/// The order of the bytes, by the mark or by the zero in the first character of JSON, which is
/// ASCII (RFC 4627 §3).
fn byte_order(body: &[u8]) -> Option<ByteOrder> {
    match body {
        [0xff, 0xfe, ..] => Some(u16::from_le_bytes),
        [0xfe, 0xff, ..] => Some(u16::from_be_bytes),
        [b'{' | b'[', 0, ..] => Some(u16::from_le_bytes),
        [0, b'{' | b'[', ..] => Some(u16::from_be_bytes),
        _ => None,
    }
}

fn utf16(body: &[u8]) -> Option<String> {
    let unit = byte_order(body)?;
    let (units, _) = body.as_chunks::<2>();
    let characters = char::decode_utf16(units.iter().map(|bytes| unit(*bytes)));
    Some(characters.map(|read| read.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T-43
    #[test]
    fn json_is_found_in_every_form_of_a_body() {
        let json = "{\"a\":\"caf\u{e9}\"}";
        for guard in GUARDS {
            let body = format!("{guard}\n{json}");
            assert_eq!(json_text(body.as_bytes()), json, "{guard}");
            assert!(begins_guarded_json(body.as_bytes()), "{guard}");
        }
        for around in [format!("{json}\0"), format!("\u{feff} {json}\n"), json.to_owned()] {
            assert_eq!(json_text(around.as_bytes()), json, "{around:?}");
        }
        let units: Vec<u16> = json.encode_utf16().collect();
        let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        for (mark, body) in [(&[0xff, 0xfe], &little), (&[0xfe, 0xff], &big)] {
            assert_eq!(json_text(body), json);
            assert_eq!(json_text(&[mark.as_slice(), body].concat()), json);
        }
        assert_eq!(json_text(b"caf\xe9"), "caf\u{fffd}");
        assert!(!begins_guarded_json(b"{\"a\":1}") && !begins_guarded_json(b""));
    }
}
