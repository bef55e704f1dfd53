//! Wraps text at the width of a terminal. A long line continues below the text of its last column,
//! words are not split, and lines that fit stay unchanged.

use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm, core::display_width};

/// The part of the width, as a fraction, beyond which text no longer hangs below a column.
const FARTHEST_COLUMN: (usize, usize) = (1, 2);

/// Wraps each line at `columns`; escape sequences have no width.
pub(crate) fn wrap(text: &str, columns: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches('\n');
        if display_width(content) <= columns {
            out.push_str(line);
            continue;
        }
        out.push_str(&wrap_line(content, columns));
        out.push_str(&line[content.len()..]);
    }
    out
}

fn wrap_line(line: &str, columns: usize) -> String {
    let words = line.trim_start_matches(' ');
    let start = line.len() - words.len();
    let hang = hanging_column(line, columns);
    let longest = words.split(' ').map(display_width).max().unwrap_or(0);
    // A word that does not fit beside its column gets a line with less space before it.
    let hang = if hang + longest > columns { start.min(columns / 4) + 2 } else { hang };
    let (first, rest) = (" ".repeat(start), " ".repeat(hang));
    let options = Options::new(columns)
        .initial_indent(&first)
        .subsequent_indent(&rest)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    textwrap::fill(words, options)
}

/// Where the last column of the line begins: after the last gap of two spaces or more that is not
/// too far to the right. Without a gap, where the text begins.
fn hanging_column(line: &str, columns: usize) -> usize {
    let (part, of) = FARTHEST_COLUMN;
    let farthest = columns * part / of;
    let start = line.len() - line.trim_start_matches(' ').len();
    let mut column = start;
    for (at, _) in line.match_indices("  ").filter(|(at, _)| *at > start) {
        let text = line[at..].trim_start_matches(' ');
        let begins = display_width(&line[..line.len() - text.len()]);
        if begins <= farthest {
            column = begins;
        } else if column == start {
            // The continuation is indented, so that the first word of each row stands out.
            column = start + 2;
        }
    }
    // A list or a sentence continues a little to the right, so that its first line stands out.
    match line[start..].strip_prefix("- ") {
        Some(_) => column.max(start + 2),
        None => column,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_continues_below_its_last_column() {
        let row = "  ok      name    some words that are too many";
        assert_eq!(
            wrap(row, 36),
            "  ok      name    some words that\n                  are too many"
        );
        let wide = "find_duplicate_orders  read  Finds groups of orders";
        assert_eq!(wrap(wide, 34), "find_duplicate_orders  read  Finds\n  groups of orders");
        assert_eq!(wrap("a sentence that is too long\n", 14), "a sentence\nthat is too\nlong\n");
        assert_eq!(wrap("short  line\n\n  x\n", 14), "short  line\n\n  x\n");
    }

    #[test]
    fn a_word_is_never_split_and_colours_have_no_width() {
        let path = "/home/sara/a-very-long/path-that/does-not-fit";
        assert!(wrap(&format!("  stored in  {path}"), 30).ends_with(&format!("\n    {path}")));
        let plain = "  ok  name  some words that are wrapped";
        let painted = plain.replace("ok", "\u{1b}[32mok\u{1b}[0m");
        let stripped = anstream::adapter::strip_str(&wrap(&painted, 24)).to_string();
        assert_eq!(stripped, wrap(plain, 24));
    }

    proptest! {
        #[test]
        fn no_line_is_too_long_and_no_word_is_lost(
            text in "( {0,4}([a-zé`{}:/=-]{1,12} {1,4}){0,12}\n){0,5}",
            columns in 30_usize..120,
        ) {
            let wrapped = wrap(&text, columns);
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(words(&wrapped), words(&text));
            for line in wrapped.lines() {
                let line = line.trim_end();
                prop_assert!(display_width(line) <= columns, "{:?}", line);
            }
        }
    }
}
