//! The true start and end of a node in YAML: the parser counts an anchor or a tag before it, and
//! the space and the comment behind it.

use saphyr_parser::ScalarStyle;

use super::line_breaks::{is_blank, line_start, lines};

/// Space in YAML; other white space is content.
pub(super) const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// Characters that cannot be in an anchor or a tag (YAML 1.2.2, §6.9).
const ENDS: [char; 9] = [' ', '\t', '\r', '\n', '[', ']', '{', '}', ','];

/// The end of the anchor and the tag at this byte, and where the content behind them begins.
pub(super) fn properties(text: &str, start: usize) -> (usize, usize) {
    let (mut end, mut content) = (start, start);
    while text[content..].starts_with(['&', '!']) {
        let rest = &text[content..];
        end = content
            + match rest.starts_with("!<") {
                true => rest.find('>').map_or(rest.len(), |offset| offset + 1),
                false => rest.find(ENDS).unwrap_or(rest.len()),
            };
        content = content_after(text, end);
    }
    (end, content)
}

/// Returns the start of the next content, behind space, line breaks and comments.
fn content_after(text: &str, byte: usize) -> usize {
    let mut at = byte;
    loop {
        at = text.len() - text[at..].trim_start_matches(SPACE).len();
        if !text[at..].starts_with('#') {
            return at;
        }
        at += lines(&text[at..]).next().map_or(0, str::len);
    }
}

/// The end of a scalar whose content begins here, from the end that the parser reports.
pub(super) fn scalar_end(
    text: &str,
    start: usize,
    end: usize,
    (value, style): (&str, ScalarStyle),
) -> usize {
    match style {
        ScalarStyle::Plain => end,
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => quoted_end(text, start, end),
        ScalarStyle::Literal | ScalarStyle::Folded => block_end(text, start, end, value),
    }
}

/// The end of a text in quotes.
fn quoted_end(text: &str, start: usize, end: usize) -> usize {
    let mut characters = text[start..end].char_indices();
    let Some((_, quote)) = characters.next() else { return end };
    while let Some((offset, character)) = characters.next() {
        match character {
            '\\' if quote == '"' => drop(characters.next()),
            // Two are one in the text; the second then counts as an opening one.
            _ if character == quote => {
                let after = start + offset + 1;
                if quote == '"' || !text[after..end].starts_with('\'') {
                    return after;
                }
                characters.next();
            }
            _ => {}
        }
    }
    end
}

/// The end of a text after `|` or `>`, without the empty lines behind it unless they are part of
/// it, as after `|+`.
fn block_end(text: &str, start: usize, end: usize, value: &str) -> usize {
    let inner = value.trim_end_matches(SPACE);
    if inner.is_empty() {
        // The parser reports where the next node is.
        let line = line_start(text, end);
        return if is_blank(&text[line..end]) { line } else { end };
    }
    let content = start + text[start..end].trim_end_matches(SPACE).len();
    let kept = value[inner.len()..].matches('\n').count();
    content + lines(&text[content..]).take(kept).map(str::len).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_begins_behind_its_properties() {
        for (text, properties_end, content) in [
            ("x", "", "x"),
            ("&a x", "&a", "x"),
            ("!!map &a # c\n  # d\n  x", "!!map &a", "x"),
            ("&a\r\n- x", "&a", "- x"),
            ("&\u{2028}a x", "&\u{2028}a", "x"),
            ("&a{}", "&a", "{}"),
            ("!<tag:x,2002:y> &b", "!<tag:x,2002:y> &b", ""),
            ("!<tag:x> &b", "!<tag:x> &b", ""),
        ] {
            let (end, start) = properties(text, 0);
            assert_eq!((&text[..end], &text[start..]), (properties_end, content));
        }
    }

    #[test]
    fn a_text_in_quotes_ends_with_its_quote() {
        for (text, quoted) in [
            ("'it''s' # 'c'", "'it''s'"),
            ("'' # c", "''"),
            ("\"a\\\"\\\\\" # \"", "\"a\\\"\\\\\""),
            ("\"é\n  b\" ", "\"é\n  b\""),
            ("'open", "'open"),
        ] {
            assert_eq!(&text[..quoted_end(text, 0, text.len())], quoted);
        }
    }
}
