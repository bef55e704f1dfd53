//! The error for a configuration that cannot be parsed, with line and column. Never quotes a value.

/// The error for a text that cannot be parsed. Lines and columns count from one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    pub(crate) line: usize,
    /// In characters.
    pub(crate) column: usize,
    pub(crate) what: String,
}

impl SyntaxError {
    /// An error at this byte of a text.
    pub(super) fn at(text: &str, offset: usize, what: impl Into<String>) -> Self {
        let (line, column) = position(text, offset);
        Self { line, column, what: what.into() }
    }
}

/// Where the lines of a text end. Finds the line of a byte without counting from the start, which
/// takes long for each of many entries.
pub(super) struct LineEnds(Vec<usize>);

impl LineEnds {
    /// Those of this text.
    pub(super) fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(offset, _)| offset).collect())
    }

    /// The line of a byte, counted from one.
    pub(super) fn line_at(&self, offset: usize) -> usize {
        self.0.partition_point(|end| *end < offset) + 1
    }
}

impl std::fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.what)
    }
}

/// The line and column of a byte.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}
