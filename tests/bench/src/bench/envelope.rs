//! Just enough JSON to read a message's envelope: the members of an object as untouched slices.
//!
//! Trusts its input to be JSON; what a bridge got wrong shows as a missing member.

use memchr::{memchr2, memmem};

/// Returns the value of the member `name` of the object in `text`, as it stands there.
pub(crate) fn member<'a>(text: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut at = after(text, 0, b'{')?;
    loop {
        at = skip_space(text, at);
        if text.get(at) != Some(&b'"') {
            return None;
        }
        let key_end = string_end(text, at)?;
        let key = &text[at + 1..key_end - 1];
        let start = skip_space(text, after(text, key_end, b':')?);
        let end = value_end(text, start)?;
        if key == name.as_bytes() {
            return Some(&text[start..end]);
        }
        at = after(text, end, b',')?;
    }
}

/// Returns the string member `name` without its quotes; escapes stay as they are.
pub(crate) fn string<'a>(text: &'a [u8], name: &str) -> Option<&'a [u8]> {
    member(text, name)?.strip_prefix(b"\"")?.strip_suffix(b"\"")
}

/// Returns whether `text` has the member `"text"` with exactly this (escaped) value at any depth.
pub(crate) fn has_text(text: &[u8], value: &[u8]) -> bool {
    let name = b"\"text\":";
    let Some(at) = memmem::find(text, name) else { return false };
    let rest = &text[at + name.len()..];
    let rest = &rest[skip_space(rest, 0)..];
    rest.first() == Some(&b'"')
        && rest[1..].starts_with(value)
        && rest.get(value.len() + 1) == Some(&b'"')
}

fn after(text: &[u8], at: usize, wanted: u8) -> Option<usize> {
    let at = skip_space(text, at);
    (text.get(at) == Some(&wanted)).then_some(at + 1)
}

fn skip_space(text: &[u8], mut at: usize) -> usize {
    while text.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    at
}

fn string_end(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += memchr2(b'"', b'\\', text.get(at..)?)?;
        if text[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

fn value_end(text: &[u8], start: usize) -> Option<usize> {
    let mut depth = 0usize;
    let mut at = start;
    loop {
        match *text.get(at)? {
            b'"' => at = string_end(text, at)?,
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' if depth == 0 => return Some(at),
            b'}' | b']' => {
                depth -= 1;
                at += 1;
            }
            b',' if depth == 0 => return Some(at),
            _ => {
                at += 1;
                continue;
            }
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_wherever_they_stand() {
        let text =
            br#" {"result" : {"id":7,"a":["}",{"x":"\"]"}]} ,"jsonrpc":"2.0","id": "b\"1"} "#;
        assert_eq!(member(text, "id"), Some(&br#""b\"1""#[..]));
        assert_eq!(member(text, "jsonrpc"), Some(&b"\"2.0\""[..]));
        assert_eq!(member(member(text, "result").unwrap(), "id"), Some(&b"7"[..]));
        assert_eq!(member(text, "method"), None);
        assert_eq!(member(br#"{"id":12}"#, "id"), Some(&b"12"[..]));
    }

    #[test]
    fn a_text_that_is_cut_or_longer_is_not_the_text() {
        let result = br#"{"content":[{"type":"text","text": "abc"}]}"#;
        assert!(has_text(result, b"abc"));
        assert!(!has_text(result, b"ab"));
        assert!(!has_text(result, b"abcd"));
    }
}
