//! The lines of a text in YAML, which end with `\n`, `\r\n` or `\r` alone (YAML 1.2.2, §5.4).

/// The lines, each with its line break.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (line, after) = rest.split_at(line_end(rest, 0));
        rest = after;
        Some(line).filter(|line| !line.is_empty())
    })
}

/// Where the line of this byte begins.
pub(super) fn line_start(text: &str, byte: usize) -> usize {
    let mut before = text.as_bytes()[..byte].iter();
    before.rposition(is_break).map_or(0, |end| end + 1)
}

/// Where the line of this byte ends, behind its line break.
pub(super) fn line_end(text: &str, byte: usize) -> usize {
    // Any byte of a character will do.
    let rest = &text.as_bytes()[byte.min(text.len())..];
    let Some(offset) = rest.iter().position(is_break) else { return text.len() };
    let length = if rest[offset..].starts_with(b"\r\n") { 2 } else { 1 };
    byte + offset + length
}

/// Whether a line has nothing in it.
pub(super) fn is_blank(line: &str) -> bool {
    line.bytes().all(|byte| matches!(byte, b' ' | b'\t') || is_break(&byte))
}

fn is_break(byte: &u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// The line break that this text uses, for lines that are added to it.
pub(super) fn break_of(text: &str) -> &'static str {
    match text {
        _ if text.contains("\r\n") => "\r\n",
        _ if text.contains('\r') && !text.contains('\n') => "\r",
        _ => "\n",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_with_any_line_break() {
        let text = "a\rb\r\n\nc";
        assert_eq!(lines(text).collect::<Vec<_>>(), ["a\r", "b\r\n", "\n", "c"]);
        assert_eq!((line_start(text, 2), line_end(text, 2)), (2, 5));
        assert_eq!((line_start(text, 6), line_end(text, 6)), (6, 7));
        assert_eq!(lines("").count(), 0);
        let text = "é\nü";
        assert_eq!((line_end(text, 1), line_start(text, 4), line_end(text, 4)), (3, 3, 5));
        assert!(is_blank(" \t\r\n") && !is_blank("\u{2028}"));
    }

    #[test]
    fn added_lines_end_as_those_of_the_text_do() {
        for (text, end) in [("", "\n"), ("a\n", "\n"), ("a\r\n", "\r\n"), ("a\r", "\r")] {
            assert_eq!(break_of(text), end, "{text:?}");
        }
        assert_eq!(break_of("a: \"\r\"\nb: 1\n"), "\n");
    }
}
