//! Pages of which a part follows from the program: a test writes them when snapshots are written,
//! and compares otherwise.

use super::sources;

/// Writes the page with `INSTA_UPDATE=always`. Otherwise it must have this text.
pub fn assert_page(path: &str, expected: &str) {
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        std::fs::write(sources::root().join(path), expected).unwrap();
    }
    let is_there = sources::read(path) == expected;
    assert!(is_there, "run this test with INSTA_UPDATE=always to write {path}");
}

/// Holds the numbers before `noun` in a page against the program. `count` gets the text before such
/// a number, and leaves a number that is not its own alone.
pub fn assert_counts(path: &str, noun: &str, count: impl Fn(&str) -> Option<usize>) {
    let text = sources::read(path);
    assert_page(path, &with_counts(&text, noun, count));
}

fn with_counts(text: &str, noun: &str, count: impl Fn(&str) -> Option<usize>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(&format!(" {noun}")) {
        let before = rest[..at].trim_end_matches(|c: char| c.is_ascii_digit());
        out += before;
        let number = &rest[before.len()..at];
        let counted = if number.is_empty() { None } else { count(&out) };
        out += &counted.map_or_else(|| number.to_owned(), |count| count.to_string());
        let (noun, after) = rest[at..].split_at(noun.len() + 1);
        out += noun;
        rest = after;
    }
    out + rest
}

#[test]
fn only_numbers_before_the_noun_are_counted() {
    let count = |before: &str| before.contains("shop").then_some(12);
    let text = with_counts("7 tools, shop: 3 tools, some tools", "tools", count);
    assert_eq!(text, "7 tools, shop: 12 tools, some tools");
}
