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
    text[..byte].rfind(['\r', '\n']).map_or(0, |end| end + 1)
}

/// Where the line of this byte ends, behind its line break.
pub(super) fn line_end(text: &str, byte: usize) -> usize {
    let byte = byte.min(text.len());
    let rest = &text[byte..];
    let Some(offset) = rest.find(['\r', '\n']) else { return text.len() };
    let length = if rest[offset..].starts_with("\r\n") { 2 } else { 1 };
    byte + offset + length
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
    }

    #[test]
    fn added_lines_end_as_those_of_the_text_do() {
        for (text, end) in [("", "\n"), ("a\n", "\n"), ("a\r\n", "\r\n"), ("a\r", "\r")] {
            assert_eq!(break_of(text), end, "{text:?}");
        }
        assert_eq!(break_of("a: \"\r\"\nb: 1\n"), "\n");
    }
}
