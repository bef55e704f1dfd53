//! Configurations in YAML. An edit replaces, inserts or removes whole lines, or one value on its
//! line; every other line keeps its bytes, with its comments. Only block style can be edited.

use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use serde_json::{Map, Value};

use super::entry::{EntryPlace, HostEntry, Nesting, words_and_variables};
use super::entry_shape::EntryShape;
use super::syntax_error::SyntaxError;

/// How deep a configuration may be nested.
const MAX_DEPTH: usize = 64;

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

#[derive(Clone)]
struct Node {
    content: Content,
    /// In bytes.
    start: usize,
    end: usize,
    /// The characters before it on its line.
    column: usize,
}

#[derive(Clone)]
enum Content {
    Scalar(String, ScalarStyle),
    List(Vec<Node>),
    Members(Vec<(Node, Node)>),
    /// A reference to another node.
    Alias,
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
            Some((_, Node { content: Content::Members(members), .. })) => members.last(),
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

    /// Sets members of an entry.
    pub fn set(&mut self, place: &EntryPlace, members: &[(&'static str, Value)]) {
        for (key, value) in members {
            let Some((name, Node { content: Content::Members(there), .. })) = self.entry(place)
            else {
                return;
            };
            let indentation = there.first().map_or(name.column + 2, |(key, _)| key.column);
            let old = there.iter().find(|(other, _)| other.text() == Some(*key));
            match (old, value) {
                (Some((_, old)), Value::String(text)) if old.is_on_one_line(&self.text) => {
                    self.text.replace_range(old.start..old.end, &scalar(text));
                }
                (Some((key_node, old)), value) => {
                    let start = self.line_start(key_node.start);
                    let end = self.line_end(old.last_byte(key_node));
                    self.text
                        .replace_range(start..end, &self.native(&member(key, value, indentation)));
                }
                (None, value) => {
                    let after = there.first().map_or(name.end, |(key, value)| value.last_byte(key));
                    self.insert_below(after, &member(key, value, indentation));
                }
            }
            self.read_again();
        }
    }

    /// Removes an entry. An empty section stays.
    pub fn remove(&mut self, place: &EntryPlace) {
        let Some((name, value)) = self.entry(place) else { return };
        let (start, end) = (self.line_start(name.start), self.line_end(value.last_byte(&name)));
        self.text.replace_range(start..end, "");
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
            let (start, end) = (self.line_start(key.start), self.line_end(value.last_byte(&key)));
            self.text.replace_range(start..end, "");
            self.read_again();
        }
    }

    /// The text with all edits.
    pub fn text(&self) -> String {
        self.text.clone()
    }

    fn entry(&self, place: &EntryPlace) -> Option<(Node, Node)> {
        let (_, section) = self.tree.section.as_ref()?;
        let Content::Members(entries) = &section.content else { return None };
        entries.iter().find(|(key, _)| key.text() == Some(&place.name)).cloned()
    }

    /// The end of the text, or where a line of three dots ends the document.
    fn end_of_document(&self) -> usize {
        let lines = self.text.split_inclusive('\n');
        lines.take_while(|line| line.trim_end() != "...").map(str::len).sum()
    }

    /// Inserts lines below the line that this byte is on.
    fn insert_below(&mut self, byte: usize, lines: &str) {
        let lines = self.native(lines);
        let at = self.line_end(byte.saturating_sub(1));
        let is_open = at > 0 && !self.text[..at].ends_with('\n');
        let end = if self.text.contains("\r\n") { "\r\n" } else { "\n" };
        let (before, lines) = if is_open {
            // The last line of the file has no line ending, and stays without one.
            (end, lines.trim_end_matches(['\r', '\n']))
        } else {
            ("", lines.as_str())
        };
        self.text.insert_str(at, &format!("{before}{lines}"));
    }

    /// Lines with the line ends of this text.
    fn native(&self, lines: &str) -> String {
        if self.text.contains("\r\n") { lines.replace('\n', "\r\n") } else { lines.to_owned() }
    }

    fn line_start(&self, byte: usize) -> usize {
        self.text[..byte].rfind('\n').map_or(0, |end| end + 1)
    }

    fn line_end(&self, byte: usize) -> usize {
        let byte = byte.min(self.text.len());
        self.text[byte..].find('\n').map_or(self.text.len(), |end| byte + end + 1)
    }

    /// The edits above keep a text valid; if one did not, nothing would be found in it any more,
    /// and [`super::HostFile::save`] refuses to write.
    fn read_again(&mut self) {
        let (tree, entries) = read(&self.text, self.shape, self.section)
            .unwrap_or((Tree { section: None }, Vec::new()));
        (self.tree, self.entries) = (tree, entries);
    }
}

impl Node {
    fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(text, _) => Some(text),
            _ => None,
        }
    }

    fn is_on_one_line(&self, text: &str) -> bool {
        matches!(self.content, Content::Scalar(..))
            && self.end > self.start
            && !text[self.start..self.end].contains('\n')
    }

    /// The last byte of a member's value, or of its key if the value is empty.
    fn last_byte(&self, key: &Node) -> usize {
        self.end.max(key.end + 1).saturating_sub(1)
    }

    fn value(&self) -> Value {
        match &self.content {
            Content::Scalar(text, _) => Value::from(text.as_str()),
            Content::List(items) => items.iter().map(Self::value).collect(),
            Content::Members(members) => Value::Object(pairs(members)),
            Content::Alias => Value::Null,
        }
    }
}

fn pairs(members: &[(Node, Node)]) -> Map<String, Value> {
    let pair = |(key, value): &(Node, Node)| Some((key.text()?.to_owned(), value.value()));
    members.iter().filter_map(pair).collect()
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
    let Content::Members(members) = &root.content else {
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
        Content::Members(entries) => entries.as_slice(),
        Content::Scalar(text, ScalarStyle::Plain) if matches!(text.as_str(), "" | "~" | "null") => {
            &[]
        }
        _ => return Err(at(value.start, &format!("`{section}` is not a mapping"))),
    };
    if !entries.is_empty() && text[value.start..].starts_with('{') {
        return Err(at(value.start, "a mapping in braces cannot be edited here"));
    }
    refuse_duplicates(text, entries)?;
    let entry = |(key, value): &(Node, Node)| {
        let name = key.text()?.to_owned();
        let members = match &value.content {
            Content::Members(members) => pairs(members),
            _ => Map::new(),
        };
        let (words, variables) = words_and_variables(shape, &members);
        let place = EntryPlace { section: vec![section.to_owned()], name };
        let line = SyntaxError::at(text, key.start, "").line;
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

/// A list or mapping that is being read.
enum Open {
    List(Vec<Node>, usize, usize),
    Members(Vec<(Node, Node)>, Option<Node>, usize, usize),
}

/// Parses the only document of a text. Aliases are not followed, so that no text grows.
fn parse(text: &str) -> Result<Option<Node>, SyntaxError> {
    let bytes = byte_offsets(text);
    let byte = |index: usize| bytes.get(index).copied().unwrap_or(text.len());
    let mut open: Vec<Open> = Vec::new();
    let (mut root, mut documents) = (None, 0);
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| SyntaxError {
            line: error.marker().line(),
            column: error.marker().col() + 1,
            what: crate::redact::plain(error.info()),
        })?;
        let (start, end) = (byte(span.start.index()), byte(span.end.index()));
        let column = span.start.col();
        let node = match event {
            Event::DocumentStart(_) if documents == 1 => {
                return Err(SyntaxError::at(text, start, "a second document in one file"));
            }
            Event::DocumentStart(_) => {
                documents += 1;
                continue;
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => continue,
            Event::SequenceStart(..) | Event::MappingStart(..) if open.len() == MAX_DEPTH => {
                return Err(SyntaxError::at(text, start, "this is nested too deeply"));
            }
            Event::SequenceStart(..) => {
                open.push(Open::List(Vec::new(), start, column));
                continue;
            }
            Event::MappingStart(..) => {
                open.push(Open::Members(Vec::new(), None, start, column));
                continue;
            }
            Event::Alias(_) => Node { content: Content::Alias, start, end, column },
            Event::Scalar(value, style, ..) => {
                let end = content_end(text, start, end, &span);
                let content = Content::Scalar(value.into_owned(), style);
                Node { content, start, end, column }
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(open) => open.closed(text, end),
                None => continue,
            },
        };
        match open.last_mut() {
            None => root = Some(node),
            Some(Open::List(items, ..)) => items.push(node),
            Some(Open::Members(members, key, ..)) => match key.take() {
                None => *key = Some(node),
                Some(key) => members.push((key, node)),
            },
        }
    }
    Ok(root)
}

impl Open {
    /// The node, which ends where its last part does: the parser reports where the next one begins.
    fn closed(self, text: &str, end: usize) -> Node {
        let (content, start, column, last) = match self {
            Self::List(items, start, column) => {
                let last = items.last().map(|item| item.end);
                (Content::List(items), start, column, last)
            }
            Self::Members(members, _, start, column) => {
                let last = members.last().map(|(key, value)| value.end.max(key.end + 1));
                (Content::Members(members), start, column, last)
            }
        };
        let is_flow = text[start.min(text.len())..].starts_with(['[', '{']);
        let end = if is_flow { end } else { last.unwrap_or(start) };
        Node { content, start, end, column }
    }
}

/// The end of a scalar without the line ends and comments behind it.
fn content_end(text: &str, start: usize, end: usize, span: &Span) -> usize {
    if span.start.line() == span.end.line() {
        return end;
    }
    start + text[start..end].trim_end().len()
}

/// The offset of each character. The parser counts characters.
fn byte_offsets(text: &str) -> Vec<usize> {
    text.char_indices().map(|(offset, _)| offset).collect()
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
        text.set(&place, &[("cmd", json!("/bin/new")), ("args", json!(["u", "- v"]))]);
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
        text.set(&place, &[("envs", json!({ "A": "b" }))]);
        assert_eq!(parsed(&text.text()).entries[0].variables, [("A".to_owned(), "b".to_owned())]);
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
