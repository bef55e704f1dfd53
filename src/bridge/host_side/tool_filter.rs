//! `--ignore-tool`: which tools the host does not get to see, and the `tools/list` without them.

use std::ops::Range;

use bytes::Bytes;
use serde::Deserializer;
use serde_json::value::RawValue;

use crate::jsonrpc::{Edit, Member, Message, Object, cut_ranges};

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

    /// Whether this `tools/call` may be sent, or why not. A call that names its tool twice may not
    /// where tools are hidden: the server might read the other name.
    ///
    /// # Errors
    /// What the host is told instead.
    pub(in crate::bridge) fn allows(&self, call: &Message) -> Result<(), &'static str> {
        if self.is_empty() {
            return Ok(());
        }
        let Some(params) = call.params().and_then(Object::parse) else { return Ok(()) };
        if params.is_doubled("name") {
            return Err("`params` has the member `name` twice: send it once");
        }
        if params.members().iter().any(|member| self.hides_named(member)) {
            return Err("this tool is hidden by `--ignore-tool`");
        }
        Ok(())
    }

    /// The edits that cut hidden tools out of a `tools/list` answer; all other bytes stay (E-24:
    /// `nextCursor` too). Every member `tools` is cut, even if there are two.
    pub(in crate::bridge) fn cuts(&self, answer: &Message) -> Vec<Edit> {
        let result = answer.outcome().and_then(Object::parse).zip(answer.outcome_range());
        let Some((result, range)) = result else { return Vec::new() };
        let place = |tool: &RawValue| {
            let place = result.range_of(tool.get());
            range.start + place.start..range.start + place.end
        };
        let mut edits = Vec::new();
        for list in result.members().iter().filter(|member| member.name == "tools") {
            let Ok(tools) = serde_json::from_str::<Vec<&RawValue>>(list.value) else { continue };
            let places: Vec<(Range<usize>, bool)> =
                tools.iter().map(|tool| (place(tool), self.hides_tool(tool.get()))).collect();
            edits.extend(cut_ranges(&places).into_iter().map(|cut| (cut, Bytes::new())));
        }
        edits
    }

    fn hides_tool(&self, tool: &str) -> bool {
        let tool = Object::parse(tool);
        tool.is_some_and(|tool| tool.members().iter().any(|member| self.hides_named(member)))
    }

    /// Whether this member is the name of a hidden tool.
    fn hides_named(&self, member: &Member<'_>) -> bool {
        member.name == "name" && text(member.value).is_some_and(|name| self.hides(&name))
    }
}

/// A JSON string, unescaped; half of a surrogate pair becomes a replacement character.
fn text(json: &str) -> Option<String> {
    struct Text;
    impl serde::de::Visitor<'_> for Text {
        type Value = String;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a string")
        }
        fn visit_bytes<E>(self, bytes: &[u8]) -> Result<String, E> {
            Ok(String::from_utf8_lossy(bytes).into_owned())
        }
    }
    serde_json::Deserializer::from_str(json).deserialize_bytes(Text).ok()
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
            let bytes = answer.edited(&cuts).unwrap().into_bytes();
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

    /// T-15: whichever of two members a host reads, it sees no hidden tool.
    #[test]
    fn doubled_members_show_no_hidden_tool() {
        let results = [
            r#"{"tools":[{"name":"x1"},{"name":"a"}],"tools":[{"name":"b"},{"name":"x2"}]}"#,
            r#"{"tools":[{"name":"x1","name":"a"},{"name":"b","\u006eame":"x"}]}"#,
            r#"{"tools":[{"name":"x\ud800"}]}"#,
        ];
        for result in results {
            let text = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{result}}}"#);
            let answer = Message::parse(text).unwrap();
            let bytes = answer.edited(&ToolFilter::new(["x*"]).cuts(&answer)).unwrap().into_bytes();
            assert!(!bytes.windows(2).any(|window| window == b"\"x"), "{bytes:?}");
            Message::parse(bytes).unwrap();
        }
    }

    /// T-15
    #[test]
    fn a_doubled_name_calls_no_hidden_tool() {
        let filter = ToolFilter::new(["x*"]);
        let allows = |params: &str| {
            let text =
                format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
            filter.allows(&Message::parse(text).unwrap()).is_ok()
        };
        assert!(allows(r#"{"name":"a","arguments":{},"arguments":{}}"#));
        for params in [
            r#"{"name":"x"}"#,
            r#"{"name":"x","name":"x"}"#,
            r#"{"name":"x","name":"a"}"#,
            r#"{"name":"a","\u006eame":"x"}"#,
            r#"{"\u006eame":"x"}"#,
            r#"{"name":"x\ud800"}"#,
        ] {
            assert!(!allows(params), "{params}");
        }
    }
}
