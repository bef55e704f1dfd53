//! `--ignore-tool`: which tools the host does not get to see, and the `tools/list` without them.

use std::ops::Range;

use serde_json::value::RawValue;

use crate::jsonrpc::{Message, cut_ranges};

/// Hides tools by name: case-insensitive patterns over the whole name, `*` stands for anything.
#[derive(Clone, Debug, Default)]
pub struct ToolFilter {
    patterns: Vec<String>,
}

impl ToolFilter {
    /// Hides what any of these patterns matches.
    pub fn new<Pattern: AsRef<str>>(patterns: impl IntoIterator<Item = Pattern>) -> Self {
        Self { patterns: patterns.into_iter().map(|p| p.as_ref().to_lowercase()).collect() }
    }

    /// Whether nothing is hidden.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether this tool is hidden.
    pub fn hides(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        self.patterns.iter().any(|pattern| matches(pattern, &name))
    }

    /// The ranges to cut out of a `tools/list` answer; all other bytes stay (E-24: `nextCursor`
    /// too).
    pub(super) fn cuts(&self, answer: &Message) -> Vec<Range<usize>> {
        let (Some(result), Some(list)) = (answer.outcome(), answer.outcome_as::<ToolList<'_>>())
        else {
            return Vec::new();
        };
        let Some(offset) = answer.outcome_range().map(|range| range.start) else {
            return Vec::new();
        };
        let at = |text: &str| text.as_ptr() as usize - result.as_ptr() as usize + offset;
        let places: Vec<(Range<usize>, bool)> = list
            .tools
            .iter()
            .map(|tool| {
                let start = at(tool.get());
                (start..start + tool.get().len(), self.hides_tool(tool))
            })
            .collect();
        cut_ranges(&places)
    }

    fn hides_tool(&self, tool: &RawValue) -> bool {
        serde_json::from_str::<Named>(tool.get()).is_ok_and(|tool| self.hides(&tool.name))
    }
}

#[derive(serde::Deserialize)]
struct ToolList<'a> {
    #[serde(borrow)]
    tools: Vec<&'a RawValue>,
}

#[derive(serde::Deserialize)]
struct Named {
    name: String,
}

/// Whether `pattern` matches all of `name`. Linear in the name for each `*`, without recursion.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_names_in_any_case() {
        let cases = [
            ("delete*", "Delete_order", true),
            ("delete*", "undelete", false),
            ("*_order", "get_order", true),
            ("*_order", "get_orders", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*a", "a", false),
            ("*", "", true),
            ("get", "get", true),
            ("get", "gets", false),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(ToolFilter::new([pattern]).hides(name), expected, "{pattern} {name}");
        }
        assert!(ToolFilter::default().is_empty());
    }

    /// E-24, T-03
    #[test]
    fn hidden_tools_are_cut_out_and_nothing_else_changes() {
        let listed = |names: &[&str]| {
            let tools: Vec<_> =
                names.iter().map(|n| format!(r#"{{"name":"{n}","x":1.0}}"#)).collect();
            let joined = tools.join(" , ");
            format!(
                r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":[ {joined} ],"nextCursor":""}}}}"#
            )
        };
        let shown = |names: &[&str]| {
            let answer = Message::parse(listed(names)).unwrap();
            let cuts = ToolFilter::new(["x*"]).cuts(&answer);
            let edits: Vec<_> = cuts.into_iter().map(|cut| (cut, &b""[..])).collect();
            let bytes = answer.edited(&edits).into_bytes();
            let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            assert_eq!(value["result"]["nextCursor"], "");
            let tools = value["result"]["tools"].as_array().unwrap().clone();
            tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let all = ["x1", "a", "x2", "x3", "b", "x4", "x5"];
        for mask in 0u32..128 {
            let names: Vec<_> = all
                .iter()
                .enumerate()
                .filter(|(i, _)| mask & (1 << i) != 0)
                .map(|(_, n)| *n)
                .collect();
            let expected: Vec<_> = names.iter().filter(|n| !n.starts_with('x')).copied().collect();
            assert_eq!(shown(&names), expected, "{names:?}");
        }
    }
}
