//! A rough parser of Rust sources for tests on the shape of the code: code without comments,
//! strings and tests, its functions and its definitions.

use std::ops::Range;

use super::sources::SourceFile;

/// A file without its comments and its strings.
#[derive(Clone, Debug)]
pub struct Code {
    pub path: String,
    /// The code without items that only tests build. Lines and columns stay the same.
    pub text: String,
    /// The items that only tests build.
    pub tests: String,
    /// Lines that belong to tests, from 1.
    pub test_lines: usize,
    pub lines: usize,
}

/// A function and how many lines it takes, from `fn` to its closing brace.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    pub name: String,
    pub line: usize,
    pub lines: usize,
}

impl Code {
    pub fn of(file: &SourceFile) -> Self {
        let blank = without_comments_and_strings(&file.text);
        let (text, tests) = without_tests(&blank);
        let (test_lines, lines) = (tests.lines().count(), file.text.lines().count());
        Self { path: file.path.clone(), text, tests, test_lines, lines }
    }

    pub fn functions(&self) -> Vec<Function> {
        let text = &self.text;
        words(text, "fn ")
            .filter_map(|at| {
                let name = word(&text[at + 3..]);
                let open = body(&text[at..])? + at;
                let lines = text[at..=closing(text, open)].matches('\n').count() + 1;
                let line = text[..at].matches('\n').count() + 1;
                (!name.is_empty()).then(|| Function { name: name.to_owned(), line, lines })
            })
            .collect()
    }

    /// Names after one of these words (`struct `, `enum `, …), with the text in front of them on
    /// their line.
    pub fn definitions<'t>(&'t self, keyword: &'static str) -> Vec<(&'t str, &'t str)> {
        words(&self.text, keyword)
            .map(|at| {
                let line = self.text[..at].rfind('\n').map_or(0, |at| at + 1);
                (self.text[line..at].trim(), word(&self.text[at + keyword.len()..]))
            })
            .collect()
    }
}

/// Returns the identifier that a text begins with.
pub fn word(text: &str) -> &str {
    &text[..text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())]
}

/// Returns the position of the brace that closes the one at `open`.
pub fn closing(text: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return at,
            b'}' => depth -= 1,
            _ => {}
        }
    }
    text.len() - 1
}

/// Returns the positions of `what` as a whole word.
pub fn words<'t>(text: &'t str, what: &'t str) -> impl Iterator<Item = usize> + 't {
    let is_free = |at: usize| {
        !text[..at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '.'))
    };
    text.match_indices(what).map(|(at, _)| at).filter(move |at| is_free(*at))
}

/// Returns the brace that opens the body of a function; none where there is only a signature.
pub fn body(text: &str) -> Option<usize> {
    let mut depth = 0_i32;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b'{' if depth == 0 => return Some(at),
            b';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

fn without_comments_and_strings(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut at = 0;
    for blank in comments_and_strings(text) {
        kept.push_str(&text[at..blank.start]);
        let gone = text[blank.clone()].bytes();
        kept.extend(gone.map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
        at = blank.end;
    }
    kept.push_str(&text[at..]);
    kept
}

/// Returns the ranges of the strings in a source.
pub fn strings(text: &str) -> Vec<Range<usize>> {
    let is_string = |at: &Range<usize>| text[at.clone()].starts_with(['"', 'r']);
    comments_and_strings(text).into_iter().filter(is_string).collect()
}

/// Returns the ranges of the raw strings in a source.
pub fn raw_strings(text: &str) -> Vec<Range<usize>> {
    strings(text).into_iter().filter(|at| text[at.clone()].starts_with('r')).collect()
}

fn comments_and_strings(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let is_free = !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_')
            || found.last().is_some_and(|last: &Range<usize>| last.end == at);
        let length = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |at| at + 2),
            '"' => string_length(rest),
            'r' if is_free || text[..at].ends_with('b') => raw_length(rest),
            '\'' => character_length(rest),
            _ => 0,
        };
        if length > 0 {
            found.push(at..at + length);
        }
        at += length.max(first.len_utf8());
    }
    found
}

fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Returns the length of `r"…"` or `r#"…"#`; 0 for anything else.
fn raw_length(text: &str) -> usize {
    let hashes = text[1..].bytes().take_while(|byte| *byte == b'#').count();
    if !text[1 + hashes..].starts_with('"') {
        return 0;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let from = 2 + hashes;
    text[from..].find(&end).map_or(text.len(), |at| from + at + end.len())
}

/// Returns the length of `'x'` or `'\n'`; 0 for a lifetime.
fn character_length(text: &str) -> usize {
    if text[1..].starts_with('\\') {
        return text[3..].find('\'').map_or(0, |at| at + 4);
    }
    let Some(character) = text[1..].chars().next() else { return 0 };
    let end = 1 + character.len_utf8();
    if text[end..].starts_with('\'') { end + 1 } else { 0 }
}

/// Blanks the items under `#[cfg(test)]`; returns them as well, each in lines of its own.
fn without_tests(text: &str) -> (String, String) {
    let mut kept = text.to_owned();
    let mut tests = String::new();
    for marker in ["#[cfg(test)]", "#[cfg(all(test", "#[cfg(any(test"] {
        while let Some(start) = kept.find(marker) {
            let open = kept[start..].find(['{', ';']).map_or(kept.len() - 1, |at| start + at);
            let is_block = kept.as_bytes()[open] == b'{';
            let end = if is_block { closing(&kept, open) } else { open };
            let gone = &kept[start..=end];
            tests.push_str(gone);
            tests.push('\n');
            let blank: String = gone.chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
            kept.replace_range(start..=end, &blank);
        }
    }
    (kept, tests)
}
