//! Tool definitions in a form that can be compared: the members that a model or a person sees,
//! regardless of order and spacing.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;
use sha2::{Digest, Sha256};
use similar::{ChangeTag, TextDiff};

use crate::jsonrpc::Object;
use crate::redact::{judged, plain};

/// The members that are compared.
const MEMBERS: [&str; 6] =
    ["name", "title", "description", "inputSchema", "outputSchema", "annotations"];
/// The longest time for comparing two definitions.
const MAX_COMPARING: std::time::Duration = std::time::Duration::from_millis(200);
/// The most lines of a difference that are shown.
const MAX_LINES: usize = 40;
/// The most hidden characters that are named.
const MAX_NAMED: usize = 5;

/// The definition of a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolDefinition {
    name: String,
    text: String,
}

impl ToolDefinition {
    /// The definition in an entry of `tools/list`; `None` without a name. All duplicates of a
    /// member count.
    pub fn of(tool: &str) -> Option<Self> {
        let tool = Object::parse(tool)?;
        let name = tool.text("name")?;
        let mut text = String::new();
        for member in MEMBERS {
            for found in tool.members().iter().filter(|found| found.name == member) {
                let _ = write!(text, "{member}: ");
                match serde_json::from_str::<Value>(found.value) {
                    Ok(value) => write_sorted(&value, 0, &mut text),
                    Err(_) => text.push_str(found.value),
                }
                text.push('\n');
            }
        }
        Some(Self { name, text })
    }

    /// Restores a stored definition.
    pub(super) fn kept(name: &str, text: &str) -> Self {
        Self { name: name.to_owned(), text: text.to_owned() }
    }

    /// The text that is compared.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Adds the definition of another tool with the same name.
    pub(super) fn join(&mut self, other: &Self) {
        self.text.push_str(&other.text);
    }

    /// The SHA-256 digest of the definition, in hexadecimal.
    pub fn digest(&self) -> String {
        hex::encode(Sha256::digest(&self.text))
    }

    /// Its invisible characters, such as `U+200B`; `None` if it has none.
    pub fn hidden_characters(&self) -> Option<String> {
        let hidden = |(c, deceives): (char, bool)| (deceives && c != '\n').then_some(c);
        let mut found: Vec<char> = judged(&self.text).filter_map(hidden).collect();
        found.sort_unstable();
        found.dedup();
        let named = found.iter().take(MAX_NAMED).map(|c| format!("U+{:04X}", u32::from(*c)));
        let named = named.collect::<Vec<_>>().join(", ");
        let more = if found.len() > MAX_NAMED { ", …" } else { "" };
        (!found.is_empty()).then(|| format!("{named}{more}"))
    }

    /// The lines that differ, old ones after `-` and new ones after `+`, safe for a terminal.
    pub fn difference(&self, new: &Self) -> String {
        // A server must not decide how long this takes: whatever was not compared in time counts as
        // different (S-39).
        let difference = TextDiff::configure()
            .timeout(MAX_COMPARING)
            .diff_lines(self.text.as_str(), new.text.as_str());
        let changes = difference.iter_all_changes();
        let mut lines: Vec<String> = changes
            .filter_map(|change| {
                let sign = match change.tag() {
                    ChangeTag::Delete => '-',
                    ChangeTag::Insert => '+',
                    ChangeTag::Equal => return None,
                };
                Some(format!("  {sign} {}", plain(change.value().trim_end_matches('\n'))))
            })
            .collect();
        if lines.len() > MAX_LINES {
            let more = lines.len() - MAX_LINES;
            lines.truncate(MAX_LINES);
            lines.push(format!("  … and {more} more lines"));
        }
        lines.join("\n")
    }
}

/// The definitions in a list of tools, by name. Two tools with one name are merged into one.
pub fn definitions<'a>(tools: impl Iterator<Item = &'a str>) -> BTreeMap<String, ToolDefinition> {
    let mut found: BTreeMap<String, ToolDefinition> = BTreeMap::new();
    for definition in tools.filter_map(ToolDefinition::of) {
        match found.get_mut(&definition.name) {
            Some(known) => known.join(&definition),
            None => drop(found.insert(definition.name.clone(), definition)),
        }
    }
    found
}

/// Writes pretty-printed JSON, with members sorted by name.
fn write_sorted(value: &Value, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth + 1);
    let (open, close, items): (char, char, Vec<(String, &Value)>) = match value {
        Value::Object(members) if !members.is_empty() => {
            let mut members: Vec<_> = members
                .iter()
                .map(|(name, value)| (format!("{}: ", Value::from(name.as_str())), value))
                .collect();
            members.sort_by(|one, other| one.0.cmp(&other.0));
            ('{', '}', members)
        }
        Value::Array(items) if !items.is_empty() => {
            ('[', ']', items.iter().map(|item| (String::new(), item)).collect())
        }
        other => return out.push_str(&other.to_string()),
    };
    out.push(open);
    for (number, (name, value)) in items.iter().enumerate() {
        out.push_str(if number == 0 { "\n" } else { ",\n" });
        out.push_str(&indent);
        out.push_str(name);
        write_sorted(value, depth + 1, out);
    }
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
    out.push(close);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tool: &str) -> ToolDefinition {
        ToolDefinition::of(tool).unwrap()
    }

    /// S-73
    #[test]
    fn order_and_spacing_make_no_other_definition() {
        let one = of(r#"{"name":"a","description":"d","inputSchema":{"b":[1,2],"a":{}}}"#);
        let other = of(
            r#"{ "inputSchema": {"a": {}, "b": [1, 2]}, "description":"d","name":"a","_meta":{"x":1}}"#,
        );
        assert_eq!((one.digest(), one.difference(&other)), (other.digest(), String::new()));
        for changed in [
            r#"{"name":"a","description":"D","inputSchema":{"b":[1,2],"a":{}}}"#,
            r#"{"name":"a","description":"d","inputSchema":{"b":[2,1],"a":{}}}"#,
            r#"{"name":"a","description":"d","inputSchema":{"b":[1,2],"a":{}},"annotations":{}}"#,
            r#"{"name":"a","description":"d","description":"d","inputSchema":{"b":[1,2],"a":{}}}"#,
        ] {
            assert_ne!(one.digest(), of(changed).digest(), "{changed}");
        }
        assert!(ToolDefinition::of("{}").is_none());
    }

    /// S-73
    #[test]
    fn a_difference_names_what_changed_and_shows_what_is_hidden() {
        let old =
            of(r#"{"name":"a","description":"Reads a file.","inputSchema":{"type":"object"}}"#);
        let new = of("{\"name\":\"a\",\"description\":\"Reads\u{200b} a \
             file\\u001b[2J.\",\"inputSchema\":{\"type\":\"object\",\"x\":1}}");
        let shown = old.difference(&new);
        assert!(shown.contains("- description: \"Reads a file.\""), "{shown}");
        assert!(shown.contains("\\u{200b}") && shown.contains("+   \"x\": 1"), "{shown}");
        assert!(!shown.contains(['\u{200b}', '\u{1b}']), "{shown}");
        assert_eq!(new.hidden_characters().as_deref(), Some("U+200B"));
        assert_eq!(old.hidden_characters(), None);
        let long = format!(r#"{{"name":"a","inputSchema":{:?}}}"#, vec![1; 1000]);
        assert!(old.difference(&of(&long)).lines().count() <= MAX_LINES + 1);
    }
}
