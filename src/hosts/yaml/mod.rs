//! Configurations in YAML. An edit replaces, inserts or removes whole lines, or one value on its
//! line; every other line keeps its bytes, with its comments. Only block style can be edited.

mod line_breaks;
mod tree;

use std::collections::HashMap;
use std::ops::Range;

use saphyr_parser::ScalarStyle;
use serde_json::{Map, Value};

use self::line_breaks::{break_of, line_end, line_start, lines};
use self::tree::{Node, NodeContent, pairs, parse};
use super::entry::{EntryEdit, EntryPlace, HostEntry, Nesting, words_and_variables};
use super::entry_shape::EntryShape;
use super::syntax_error::{LineEnds, SyntaxError};

/// A parsed text that can be edited. It is parsed anew after each edit.
pub struct YamlText {
    text: String,
    shape: EntryShape,
    section: &'static str,
    tree: Tree,
    /// Every entry, in the order of the file.
    pub entries: Vec<HostEntry>,
}

/// The part of the text that entries are in.
struct Tree {
    /// The key and the value of the section.
    section: Option<(Node, Node)>,
}

impl YamlText {
    /// Parses a text and the entries in this section.
    ///
    /// # Errors
    /// The text is not YAML of one document, or the section is not a mapping in block style or
    /// contains a name twice.
    pub fn parse(
        text: &str,
        shape: EntryShape,
        section: &'static [&'static str],
    ) -> Result<Self, SyntaxError> {
        let section = section[0];
        let (tree, entries) = read(text, shape, section)?;
        Ok(Self { text: text.to_owned(), shape, section, tree, entries })
    }

    /// Adds an entry at the end of the section, which is created if it does not exist.
    pub fn add(&mut self, name: &str, members: &[(String, Value)]) {
        let section = self.tree.section.clone();
        let existing = match &section {
            Some((_, Node { content: NodeContent::Members(members), .. })) => members.last(),
            _ => None,
        };
        let indentation = match (existing, &section) {
            (Some((key, _)), _) => key.column,
            (None, Some((key, _))) => key.column + 2,
            (None, None) => 2,
        };
        let mut block = format!("{}{}:\n", " ".repeat(indentation), scalar(name));
        for (key, value) in members {
            block += &member(key, value, indentation + 2);
        }
        match (existing, &section) {
            (Some((_, value)), _) => self.insert_below(value.end, &block),
            (None, Some((key, value))) => {
                // The section is empty: `{}`, `~` or `null`.
                if value.end > value.start {
                    self.text.replace_range(key.end + 1..value.end, "");
                }
                self.insert_below(key.end + 1, &block);
            }
            (None, None) => {
                let block = format!("{}:\n{block}", self.section);
                self.insert_below(self.end_of_document(), &block);
            }
        }
        self.read_again();
    }

    /// Sets members of entries.
    pub fn set(&mut self, edits: &[EntryEdit]) {
        let Some((_, Node { content: NodeContent::Members(entries), .. })) = &self.tree.section
        else {
            return;
        };
        let named = |pair: &'_ (Node, Node)| Some((pair.0.text()?.to_owned(), pair.clone()));
        let entries: HashMap<String, (Node, Node)> = entries.iter().filter_map(named).collect();
        let mut changes = Vec::new();
        for edit in edits {
            let Some((name, value)) = entries.get(&edit.place.name) else { continue };
            let NodeContent::Members(there) = &value.content else { continue };
            let is_in_braces = self.text[value.start..].starts_with('{');
            for (key, value) in &edit.members {
                changes.push(match is_in_braces {
                    true => self.change_in_braces(there, name, key, value),
                    false => self.change_in_lines(there, name, key, value),
                });
            }
        }
        changes.sort_by_key(|(place, _)| place.start);
        let (mut edited, mut copied) = (String::with_capacity(self.text.len()), 0);
        for (place, text) in changes {
            edited += &self.text[copied..place.start];
            edited += &text;
            copied = place.end;
        }
        edited += &self.text[copied..];
        self.text = edited;
        self.read_again();
    }

    fn change_in_lines(
        &self,
        there: &[(Node, Node)],
        name: &Node,
        key: &str,
        value: &Value,
    ) -> (Range<usize>, String) {
        let indentation = there.first().map_or(name.column + 2, |(key, _)| key.column);
        match (there.iter().find(|(other, _)| other.text() == Some(key)), value) {
            (Some((_, old)), Value::String(text)) if old.is_on_one_line(&self.text) => {
                (old.start..old.end, scalar(text))
            }
            // In brackets, perhaps with a comment behind them.
            (Some((_, old)), Value::Array(items)) if self.text[old.start..].starts_with('[') => {
                (old.start..old.end, in_brackets(items))
            }
            (Some((key_node, old)), value) => {
                let end = line_end(&self.text, old.last_byte(key_node));
                let lines = line_start(&self.text, key_node.start)..end;
                (lines, self.native(&member(key, value, indentation)))
            }
            (None, value) => {
                let after = there.first().map_or(name.end, |(key, value)| value.last_byte(key));
                self.insertion_below(after, &member(key, value, indentation))
            }
        }
    }

    fn change_in_braces(
        &self,
        there: &[(Node, Node)],
        name: &Node,
        key: &str,
        value: &Value,
    ) -> (Range<usize>, String) {
        let text = match value {
            Value::Array(items) => in_brackets(items),
            Value::Object(members) => in_braces(members),
            other => plain_value(other),
        };
        let old = there.iter().find(|(other, _)| other.text() == Some(key));
        match (old, there.first()) {
            (Some((key, old)), _) if old.end <= old.start => {
                (key.end..key.end + 1, format!(": {text}"))
            }
            (Some((_, old)), _) => (old.start..old.end, text),
            (None, Some((first, value))) => {
                let end = value.last_byte(first) + 1;
                (end..end, format!(", {key}: {text}"))
            }
            (None, None) => (name.end..name.end, String::new()),
        }
    }

    /// Removes an entry. An empty section stays.
    pub fn remove(&mut self, place: &EntryPlace) {
        let Some((name, value)) = self.entry(place) else { return };
        self.remove_lines(&name, &value);
        if self.entries.len() == 1
            && let Some((key, _)) = &self.tree.section
        {
            self.text.replace_range(key.end..key.end + 1, ": {}");
        }
        self.read_again();
    }

    /// Removes the section if it is empty.
    pub fn remove_empty_section(&mut self) {
        let Some((key, value)) = self.tree.section.clone() else { return };
        if self.entries.is_empty() {
            self.remove_lines(&key, &value);
            self.read_again();
        }
    }

    fn remove_lines(&mut self, key: &Node, value: &Node) {
        let end = line_end(&self.text, value.last_byte(key));
        self.text.replace_range(line_start(&self.text, key.start)..end, "");
    }

    /// The text with all edits.
    pub fn text(&self) -> String {
        self.text.clone()
    }

    fn entry(&self, place: &EntryPlace) -> Option<(Node, Node)> {
        let (_, section) = self.tree.section.as_ref()?;
        let NodeContent::Members(entries) = &section.content else { return None };
        entries.iter().find(|(key, _)| key.text() == Some(&place.name)).cloned()
    }

    /// The end of the text, or where a line of three dots ends the document.
    fn end_of_document(&self) -> usize {
        lines(&self.text).take_while(|line| line.trim_end() != "...").map(str::len).sum()
    }

    /// Inserts lines below the line that this byte is on.
    fn insert_below(&mut self, byte: usize, lines: &str) {
        let (place, lines) = self.insertion_below(byte.saturating_sub(1), lines);
        self.text.replace_range(place, &lines);
    }

    /// Returns the edit that inserts lines below the line that this byte is on.
    fn insertion_below(&self, byte: usize, lines: &str) -> (Range<usize>, String) {
        let lines = self.native(lines);
        let at = line_end(&self.text, byte);
        let is_open = at > 0 && !self.text[..at].ends_with(['\r', '\n']);
        let (before, lines) = if is_open {
            // The last line of the file has no line ending, and stays without one.
            (break_of(&self.text), lines.trim_end_matches(['\r', '\n']))
        } else {
            ("", lines.as_str())
        };
        (at..at, format!("{before}{lines}"))
    }

    /// Lines with the line ends of this text.
    fn native(&self, lines: &str) -> String {
        lines.replace('\n', break_of(&self.text))
    }

    /// The edits above keep a text valid; if one did not, nothing would be found in it any more,
    /// and [`super::HostFile::save`] refuses to write.
    fn read_again(&mut self) {
        let (tree, entries) = read(&self.text, self.shape, self.section)
            .unwrap_or((Tree { section: None }, Vec::new()));
        (self.tree, self.entries) = (tree, entries);
    }
}

fn read(
    text: &str,
    shape: EntryShape,
    section: &str,
) -> Result<(Tree, Vec<HostEntry>), SyntaxError> {
    let at = |byte: usize, what: &str| SyntaxError::at(text, byte, what);
    let root = match parse(text)? {
        None => return Ok((Tree { section: None }, Vec::new())),
        Some(root) => root,
    };
    let NodeContent::Members(members) = &root.content else {
        let is_null = root.text().is_some_and(|text| matches!(text, "" | "~" | "null"));
        let error = at(root.start, "this is not a mapping");
        return if is_null { Ok((Tree { section: None }, Vec::new())) } else { Err(error) };
    };
    if text[root.start..].starts_with('{') {
        return Err(at(root.start, "a mapping in braces cannot be edited here"));
    }
    refuse_duplicates(text, members)?;
    let found = members.iter().find(|(key, _)| key.text() == Some(section));
    let Some((key, value)) = found else { return Ok((Tree { section: None }, Vec::new())) };
    let entries = match &value.content {
        NodeContent::Members(entries) => entries.as_slice(),
        NodeContent::Scalar(text, ScalarStyle::Plain)
            if matches!(text.as_str(), "" | "~" | "null") =>
        {
            &[]
        }
        _ => return Err(at(value.start, &format!("`{section}` is not a mapping"))),
    };
    if !entries.is_empty() && text[value.start..].starts_with('{') {
        return Err(at(value.start, "a mapping in braces cannot be edited here"));
    }
    refuse_duplicates(text, entries)?;
    let lines = LineEnds::of(text);
    let entry = |(key, value): &(Node, Node)| {
        let name = key.text()?.to_owned();
        let members = match &value.content {
            NodeContent::Members(members) => pairs(members),
            _ => Map::new(),
        };
        let (words, variables) = words_and_variables(shape, &members);
        let place = EntryPlace { section: vec![section.to_owned()], name };
        let line = lines.line_at(key.start);
        Some(HostEntry { place, line, words, variables, nesting: Nesting::None })
    };
    let read = entries.iter().filter_map(entry).collect();
    Ok((Tree { section: Some((key.clone(), value.clone())) }, read))
}

fn refuse_duplicates(text: &str, members: &[(Node, Node)]) -> Result<(), SyntaxError> {
    let mut seen = std::collections::HashSet::new();
    for (key, _) in members {
        let Some(name) = key.text() else {
            return Err(SyntaxError::at(text, key.start, "a key that is not a word"));
        };
        if !seen.insert(name) {
            let name = crate::redact::shown_words(name);
            return Err(SyntaxError::at(text, key.start, format!("duplicate key `{name}`")));
        }
    }
    Ok(())
}

/// The lines of a member.
fn member(key: &str, value: &Value, indentation: usize) -> String {
    let space = " ".repeat(indentation);
    match value {
        Value::Array(items) if !items.is_empty() => {
            let items: String =
                items.iter().map(|item| format!("{space}- {}\n", plain_value(item))).collect();
            format!("{space}{key}:\n{items}")
        }
        Value::Object(members) if !members.is_empty() => {
            let inner = |(key, value): (&String, &Value)| {
                format!("{space}  {}: {}\n", scalar(key), plain_value(value))
            };
            format!("{space}{key}:\n{}", members.iter().map(inner).collect::<String>())
        }
        other => format!("{space}{key}: {}\n", plain_value(other)),
    }
}

/// A list on one line.
fn in_brackets(items: &[Value]) -> String {
    let items: Vec<String> = items.iter().map(plain_value).collect();
    format!("[{}]", items.join(", "))
}

/// A mapping on one line.
fn in_braces(members: &Map<String, Value>) -> String {
    let member =
        |(key, value): (&String, &Value)| format!("{}: {}", scalar(key), plain_value(value));
    format!("{{ {} }}", members.iter().map(member).collect::<Vec<_>>().join(", "))
}

fn plain_value(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        other => other.to_string(),
    }
}

/// A scalar that is read back as this text.
fn scalar(text: &str) -> String {
    const OTHER_MEANINGS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c))
        && !OTHER_MEANINGS.contains(&text.to_ascii_lowercase().as_str());
    if is_word {
        return text.to_owned();
    }
    // JSON strings are YAML, but for characters that YAML wants escaped.
    let json = Value::from(text).to_string();
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '\u{7f}'..='\u{9f}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}' => {
                out += &format!("\\u{:04X}", u32::from(character));
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::hosts::entry_shape::{Expansion, Format};

    const SHAPE: EntryShape =
        EntryShape { format: Format::Yaml, fields: &[], expansion: Expansion::Known };

    fn parsed(text: &str) -> YamlText {
        YamlText::parse(text, SHAPE, &["extensions"]).unwrap()
    }

    fn members() -> Vec<(String, Value)> {
        let members = json!({ "cmd": "/opt/x y", "args": ["https://a.example/mcp", "é\u{85}\n"] });
        members.as_object().unwrap().clone().into_iter().collect()
    }

    fn set(text: &mut YamlText, place: &EntryPlace, members: &[(&'static str, Value)]) {
        let members = members.to_vec();
        text.set(&[EntryEdit { place: place.clone(), nesting: Nesting::None, members }]);
    }

    #[test]
    fn what_is_added_is_read_back_and_removed_without_a_trace() {
        for before in [
            "GOOSE_MODEL: x # mine\n",
            "# only a comment\n",
            "",
            "a: 1",
            "extensions:\n  developer:\n    enabled: true # keep\n    args:\n    - a\n\n\
             # after\nz: 1\n",
            "extensions:\r\n    d:\r\n        cmd: x\r\nz: |\r\n  text\r\n",
            "é: \"ü\"\nextensions:\n  d: { cmd: x }\n",
        ] {
            let mut text = parsed(before);
            text.add("my shop", &members());
            let added = parsed(&text.text());
            let entry = added.entries.last().unwrap();
            assert_eq!(entry.place.name, "my shop", "{}", text.text());
            assert_eq!(entry.words, ["/opt/x y", "https://a.example/mcp", "é\u{85}\n"]);
            let place = entry.place.clone();
            text.remove(&place);
            if text.text() != before {
                text.remove_empty_section();
            }
            assert_eq!(text.text().trim_end(), before.trim_end());
        }
    }

    #[test]
    fn an_empty_section_is_filled() {
        for before in ["extensions: {}\n", "extensions:\nz: 1\n", "extensions: # none yet\nz: 1\n"]
        {
            let mut text = parsed(before);
            text.add("shop", &members());
            assert_eq!(parsed(&text.text()).entries.len(), 1, "{}", text.text());
        }
    }

    #[test]
    fn a_command_is_replaced_and_what_is_beside_it_stays() {
        let before = r"
extensions:
  shop:
    cmd: npx # the old way
    args:
      - -y
      - mcp-remote
    enabled: true
  next:
    cmd: x
";
        let mut text = parsed(before);
        let place = text.entries[0].place.clone();
        set(&mut text, &place, &[("cmd", json!("/bin/new")), ("args", json!(["u", "- v"]))]);
        let expected = r#"
extensions:
  shop:
    cmd: /bin/new # the old way
    args:
    - u
    - "- v"
    enabled: true
  next:
    cmd: x
"#;
        assert_eq!(text.text(), expected);
        set(&mut text, &place, &[("envs", json!({ "A": "b" }))]);
        assert_eq!(parsed(&text.text()).entries[0].variables, [("A".to_owned(), "b".to_owned())]);
    }

    #[test]
    fn an_entry_in_braces_is_edited_in_its_braces() {
        for (before, expected) in [
            (
                "extensions:\n  d: { cmd: npx, args: [mcp-remote, 'u'] } # mine\n",
                "extensions:\n  d: { cmd: /bin/new, args: [u, \"- v\"] } # mine\n",
            ),
            (
                "extensions:\n  d: { cmd: npx }\n  e: { cmd: x }\n",
                "extensions:\n  d: { cmd: /bin/new, args: [u, \"- v\"] }\n  e: { cmd: x }\n",
            ),
            (
                "extensions:\n  d: {\n    args: [mcp-remote,\n      u],\n    cmd: npx, }\nz: 1\n",
                "extensions:\n  d: {\n    args: [u, \"- v\"],\n    cmd: /bin/new, }\nz: 1\n",
            ),
            (
                "extensions:\n  d:\n    cmd: npx\n    args: [mcp-remote, u] # mine\n",
                "extensions:\n  d:\n    cmd: /bin/new\n    args: [u, \"- v\"] # mine\n",
            ),
        ] {
            let mut text = parsed(before);
            let place = text.entries[0].place.clone();
            set(&mut text, &place, &[("cmd", json!("/bin/new")), ("args", json!(["u", "- v"]))]);
            assert_eq!(text.text(), expected);
            set(&mut text, &place, &[("envs", json!({ "A": "b c" }))]);
            assert_eq!(text.entries[0].variables, [("A".to_owned(), "b c".to_owned())]);
            assert_eq!(text.entries.len(), parsed(before).entries.len());
        }
    }

    /// After `|+`, empty lines are part of the text.
    #[test]
    fn the_last_lines_of_a_text_stay_with_it() {
        for before in [
            "extensions:\n  d:\n    cmd: x\n    description: |+\n      a\n\n\n",
            "extensions:\n  d:\n    cmd: x\n    description: |+\n\n\n",
            "extensions:\n  d:\n    about: >2+\n        a\n\n\n    cmd: x\n  e:\n    cmd: y\n",
            "extensions:\r\n  d:\r\n    cmd: x\r\n    description: |+\r\n      a\r\n\r\nz: 1\r\n",
            "extensions:\n  d:\n    cmd: x\n    description: |\n      a\n\n\nz: 1\n",
            "extensions:\n  d:\n    cmd: x\n    description: |-\n      a\n\n# b\n\nz: 1\n",
            "extensions: {}\nz: |+\n  a\n\n",
            "a: 1\nz: |+\n  a\n\n",
            "a: 1\nz: |+\n  a\n\n...\n",
            "a: 1\rz: |+\r  a\r\r",
            "extensions:\r  d:\r    cmd: x\r    about: |+\r      a\r\rz: 1\r",
            "extensions:\n  d:\n    cmd: x\n    envs:\n      A\r: \"b\"\n\nz: 1\n",
        ] {
            let all = |text: &str| value_of(text, "shop");
            let mut text = parsed(before);
            text.add("shop", &members());
            assert_eq!(all(&text.text()), all(before), "{}", text.text());
            let place = text.entries.last().unwrap().place.clone();
            assert_eq!(place.name, "shop");
            text.remove(&place);
            assert_eq!(all(&text.text()), all(before), "{}", text.text());
            if text.entries.is_empty() {
                continue;
            }
            assert_eq!(text.text(), before);
            let first = text.entries[0].place.clone();
            set(&mut text, &first, &[("args", json!(["u"]))]);
            assert_eq!(text.entries[0].words, ["x", "u"]);
            text.remove(&first);
            assert!(parsed(&text.text()).entries.len() < parsed(before).entries.len());
        }
    }

    /// The values of a text, without the entry of this name and without empty sections.
    fn value_of(text: &str, name: &str) -> Value {
        let mut value = parse(text).unwrap().unwrap().value();
        let root = value.as_object_mut().unwrap();
        if let Some(entries) = root.get_mut("extensions").and_then(Value::as_object_mut) {
            entries.remove(name);
        }
        root.retain(|_, value| !value.as_object().is_some_and(Map::is_empty) && *value != "");
        value
    }

    #[test]
    fn what_cannot_be_edited_for_sure_is_refused_with_its_place() {
        for (text, fault) in [
            ("- a\n", "line 1, column 1: this is not a mapping"),
            ("a: 1\n---\nb: 2\n", "second document"),
            ("extensions: [a]\n", "`extensions` is not a mapping"),
            ("extensions: { a: { cmd: x } }\n", "in braces"),
            ("extensions:\n  a: {}\n  a: {}\n", "line 3, column 3: duplicate key `a`"),
            ("a: 'open\n", "line"),
            ("a: [\n", "line"),
            (&"[".repeat(200), "nested too deeply"),
        ] {
            let error = YamlText::parse(text, SHAPE, &["extensions"]).err().unwrap().to_string();
            assert!(error.contains(fault), "{text:?}: {error}");
        }
    }

    #[test]
    fn aliases_are_not_followed() {
        let mut text = "a0: &a0 [x]\n".to_owned();
        for n in 1..60 {
            text += &format!("a{n}: &a{n} [*a{}, *a{}]\n", n - 1, n - 1);
        }
        assert_eq!(parsed(&text).entries.len(), 0);
    }
}
