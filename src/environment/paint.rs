//! Colours text for people with escape sequences. The writers remove them if no colours are wanted,
//! so nothing here checks the terminal.

use anstyle::{AnsiColor, Style};

/// The role of a text, which decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    Good,
    Warning,
    Bad,
    Heading,
    /// A next step, such as a hint.
    Next,
    /// Unimportant text.
    Faint,
}

impl Paint {
    fn style(self) -> Style {
        match self {
            Self::Good => AnsiColor::Green.on_default(),
            Self::Warning => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
            Self::Heading => Style::new().bold(),
            Self::Next => AnsiColor::Cyan.on_default(),
            Self::Faint => Style::new().dimmed(),
        }
    }
}

/// The text in the colour of this role.
pub(crate) fn paint(kind: Paint, text: &str) -> String {
    let style = kind.style();
    format!("{style}{text}{style:#}")
}

/// Paints the added and the removed lines of a difference in the format of `diff -u`.
pub(crate) fn paint_difference(difference: &str) -> String {
    let painted = difference.split_inclusive('\n').map(|line| {
        let kind = match line.as_bytes().first() {
            Some(b'+') => Paint::Good,
            Some(b'-') => Paint::Bad,
            Some(b'@') => Paint::Faint,
            _ => return line.to_owned(),
        };
        let text = line.trim_end_matches('\n');
        paint(kind, text) + &line[text.len()..]
    });
    painted.collect()
}

/// The labels of messages, at the start of a line.
const LABELS: [(&str, Paint); 5] = [
    ("error:", Paint::Bad),
    ("warn:", Paint::Warning),
    ("warning:", Paint::Warning),
    ("hint:", Paint::Next),
    ("note:", Paint::Next),
];

/// Paints the label of each line that begins with one.
pub(super) fn paint_labels(text: &str) -> String {
    let painted = text.split_inclusive('\n').map(|line| {
        let label = LABELS.iter().find(|(label, _)| line.starts_with(label));
        label.map_or(line.to_owned(), |(label, kind)| paint(*kind, label) + &line[label.len()..])
    });
    painted.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_labels_and_changed_lines_are_painted_and_the_text_stays() {
        let message = "error: it failed\n\nhint: try again\nno label: here\n";
        let painted = paint_labels(message);
        assert!(
            painted.starts_with("\u{1b}[1m\u{1b}[31merror:\u{1b}[0m it failed\n"),
            "{painted:?}"
        );
        assert!(
            painted.contains("\u{1b}[36mhint:\u{1b}[0m try")
                && painted.ends_with("no label: here\n")
        );
        let difference = "--- a\n+++ a\n@@ -1 +1 @@\n same\n-old\n+new\n";
        let painted = paint_difference(difference);
        assert!(painted.contains("\n same\n") && painted.contains("old\u{1b}[0m\n"), "{painted:?}");
        for (painted, plain) in [(painted, difference), (paint_labels(message), message)] {
            assert_eq!(anstream::adapter::strip_str(&painted).to_string(), plain);
        }
    }
}
