//! Makes text and JSON from a server safe to print: control characters that could manipulate a
//! terminal become visible (S-15). Text keeps its lines, and JSON its value.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::redact::{is_deceptive, visible};

/// Text whose control characters are escaped, except line breaks and tabs.
pub(crate) fn text(text: &str) -> String {
    visible(&text.replace("\r\n", "\n"), |character| matches!(character, '\n' | '\t'))
}

/// Text on one line, with single spaces between its words.
pub(crate) fn one_line(words: &str) -> String {
    text(&words.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The members of an array, one per line, as with [`json`].
pub(super) fn json_members(members: &[Box<RawValue>]) -> String {
    members.iter().map(|member| json(member.get())).collect::<Vec<_>>().join(",\n")
}

/// JSON with the same value and without control characters: they can only occur in strings, where
/// an escape has the same meaning.
pub(super) fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if is_deceptive(character) && !character.is_ascii_whitespace() {
            let units = character.encode_utf16(&mut [0; 2]).to_vec();
            out.extend(units.iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            out.push(character);
        }
    }
    out
}

/// An indented JSON value.
pub(crate) fn pretty(value: &Value) -> String {
    json(&format!("{value:#}"))
}

/// A number and a noun, which is singular after 1.
pub(super) fn counted(count: impl ToString, noun: &str) -> String {
    let count = count.to_string();
    let plural = if count == "1" { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// The first sentence of a description, on one line.
pub(super) fn first_sentence(description: &str) -> String {
    let line: Vec<&str> = description.split_whitespace().collect();
    let line = line.join(" ");
    let end = line
        .match_indices(['.', '!', '?'])
        .map(|(at, mark)| at + mark.len())
        .find(|end| line[*end..].starts_with(' ') && !ends_with_abbreviation(&line[..*end]));
    text(end.map_or(line.as_str(), |end| &line[..end]))
}

fn ends_with_abbreviation(sentence: &str) -> bool {
    ["e.g.", "i.e.", "etc.", "vs.", "z.B."].iter().any(|short| sentence.ends_with(short))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-15
    #[test]
    fn text_keeps_its_lines_and_shows_what_could_fool_a_terminal() {
        assert_eq!(
            text("a\r\n\tb\u{1b}[2J\u{9b}\u{202e}\r"),
            "a\n\tb\\u{1b}[2J\\u{9b}\\u{202e}\\r"
        );
        assert_eq!(text(&"x".repeat(2_000)).len(), 2_000);
    }

    /// S-15
    #[test]
    fn json_keeps_its_value() {
        let raw = "{\"a\": \"x\u{9b}\u{7f}\u{202e}\u{e0041}\",\n \"b\": 1.10}";
        let shown = json(raw);
        assert_eq!(shown, "{\"a\": \"x\\u009b\\u007f\\u202e\\udb40\\udc41\",\n \"b\": 1.10}");
        let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(value(&shown), value(raw));
    }

    #[test]
    fn the_first_sentence_ends_where_a_reader_would_say() {
        for (description, expected) in [
            ("", ""),
            ("Finds products. Needs a key.", "Finds products."),
            ("Finds products", "Finds products"),
            ("Finds e.g. products. Fast.", "Finds e.g. products."),
            ("Version 1.5 of it! More", "Version 1.5 of it!"),
            ("  Two\n  lines. Rest", "Two lines."),
        ] {
            assert_eq!(first_sentence(description), expected);
        }
    }
}
