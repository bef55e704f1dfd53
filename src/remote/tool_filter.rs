//! Which tools are hidden from the host (`--ignore-tool`).

/// Patterns of tool names: `*` stands for any characters, everything else for itself, case is
/// ignored, and a pattern must fit the whole name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolFilter {
    patterns: Vec<String>,
}

impl ToolFilter {
    /// Hides what fits any of these patterns.
    pub fn new<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Self {
        Self { patterns: patterns.into_iter().map(str::to_lowercase).collect() }
    }

    /// Whether nothing is hidden.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether the tool of this name is hidden.
    pub fn hides(&self, name: &str) -> bool {
        !self.is_empty() && {
            let name = name.to_lowercase();
            self.patterns.iter().any(|pattern| fits(pattern, &name))
        }
    }
}

/// Each piece between stars is found as early as possible, so no pattern needs more than one walk
/// through the name for each of its pieces.
fn fits(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(first) else { return false };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    for piece in middle.split('*').filter(|piece| !piece.is_empty()) {
        let Some(at) = name.find(piece) else { return false };
        name = &name[at + piece.len()..];
    }
    name.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_are_anchored_and_ignore_case() {
        for (pattern, name, hidden) in [
            ("delete_order", "delete_order", true),
            ("delete_order", "delete_orders", false),
            ("delete_*", "Delete_Order", true),
            ("DELETE_*", "delete_", true),
            ("delete_*", "undelete_order", false),
            ("*_order", "delete_order", true),
            ("*order*", "my_orders", true),
            ("a*b*c", "abc", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "acb", false),
            ("ab*ba", "aba", false),
            ("*", "", true),
            ("**", "x", true),
            ("", "x", false),
            ("a.c", "abc", false),
            ("a?c", "abc", false),
            ("*ÜBER*", "x-über-y", true),
        ] {
            assert_eq!(ToolFilter::new([pattern]).hides(name), hidden, "{pattern} {name}");
        }
        assert!(ToolFilter::default().is_empty());
        assert!(!ToolFilter::default().hides("x"));
        assert!(ToolFilter::new(["a", "b*"]).hides("bc"));
    }

    #[test]
    fn many_stars_cost_no_more_than_linear_time() {
        let filter = ToolFilter::new([format!("{}b", "a*".repeat(2_000)).as_str()]);
        assert!(!filter.hides(&"a".repeat(100_000)));
    }
}
