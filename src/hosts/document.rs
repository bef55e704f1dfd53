//! The text of a host's configuration, in JSON, TOML or YAML: its entries, and the edits that
//! commands make. Refuses text that cannot be parsed, with line and column.

use std::collections::HashMap;
use std::path::Path;

use serde_json::{Value, json};

use super::entry::{EntryEdit, EntryPlace, HostEntry, Nesting, NewEntry, command_members};
use super::entry_shape::{EntryShape, Fields, Format, SectionKeys};
use super::json::JsonText;
use super::known_host::KnownHost;
use super::syntax_error::SyntaxError;
use super::toml::TomlText;
use super::yaml::YamlText;

/// The keys of hosts for entries. Some hosts share a file name, but none reads the entries under
/// another one's key.
const ENTRY_KEYS: [&str; 2] = ["mcpServers", "servers"];

/// A parsed configuration that can be edited.
pub struct Document {
    shape: EntryShape,
    sections: &'static [SectionKeys],
    other_fields: &'static [(SectionKeys, Fields)],
    text: Text,
    /// The command line of each entry, after all edits.
    expected: HashMap<EntryPlace, Vec<String>>,
}

enum Text {
    Json(JsonText),
    Toml(Box<TomlText>),
    Yaml(YamlText),
}

impl Document {
    /// Parses the usual configuration of this host. An empty text is an empty configuration.
    ///
    /// # Errors
    /// The text is not in the host's format, or a section has the wrong type.
    pub fn parse(text: &str, host: &KnownHost) -> Result<Self, SyntaxError> {
        Self::parse_as(text, host, (host.format, host.sections))
    }

    /// Parses the content of this file of a host.
    ///
    /// # Errors
    /// As for [`Document::parse`].
    pub(super) fn parse_file(
        text: &str,
        host: &KnownHost,
        path: &Path,
    ) -> Result<Self, SyntaxError> {
        Self::parse_as(text, host, host.shape_of(path))
    }

    fn parse_as(
        text: &str,
        host: &KnownHost,
        (format, sections): (Format, &'static [SectionKeys]),
    ) -> Result<Self, SyntaxError> {
        let shape = EntryShape { format, fields: host.fields, expansion: host.expansion };
        let text = match format {
            Format::Toml => Text::Toml(Box::new(TomlText::parse(text, shape, sections)?)),
            Format::Yaml => Text::Yaml(YamlText::parse(text, shape, sections[0])?),
            Format::Json(_) | Format::JsonWords => {
                Text::Json(JsonText::parse(text, shape, sections)?)
            }
        };
        let mut parsed = Self {
            shape,
            sections,
            other_fields: host.other_fields,
            text,
            expected: HashMap::new(),
        };
        parsed.expected = parsed.command_lines();
        Ok(parsed)
    }

    fn command_lines(&self) -> HashMap<EntryPlace, Vec<String>> {
        let line = |entry: &HostEntry| (entry.place.clone(), entry.words.clone());
        self.entries().iter().map(line).collect()
    }

    /// Whether this, which was parsed from the text of an edited configuration, has the entries
    /// that the edits should have left.
    pub(super) fn has_entries_of(&self, edited: &Self) -> bool {
        self.expected == edited.expected
    }

    /// Every entry, in the order of the file.
    pub fn entries(&self) -> &[HostEntry] {
        match &self.text {
            Text::Json(json) => &json.entries,
            Text::Toml(toml) => &toml.entries,
            Text::Yaml(yaml) => &yaml.entries,
        }
    }

    /// The entry with this name in a section that counts everywhere.
    pub fn entry(&self, name: &str) -> Option<&HostEntry> {
        let here = |entry: &&HostEntry| entry.place.name == name && !self.is_local(&entry.place);
        self.entries().iter().find(here)
    }

    /// Returns whether this is a section for one folder, and that folder.
    pub(crate) fn is_local(&self, place: &EntryPlace) -> bool {
        !self.sections.iter().any(|section| place.section == *section)
    }

    /// The key under which this file has entries that this host does not read; `None` if it has
    /// entries of this host, or none.
    pub(crate) fn key_of_another_kind(&self) -> Option<&'static str> {
        let Text::Json(json) = &self.text else { return None };
        let own = self.sections[0][0];
        let has = |key: &str| json.keys.iter().any(|other| other == key);
        ENTRY_KEYS.into_iter().find(|key| *key != own && has(key) && !has(own))
    }

    /// Adds an entry after the existing ones. Its name must be unused.
    pub fn add(&mut self, entry: &NewEntry) {
        let section = self.section_for_new_entries();
        let others = self.other_fields.iter().find(|(other, _)| *other == section);
        let fields = others.map_or(self.shape.fields, |(_, fields)| *fields);
        let shape = EntryShape { fields, ..self.shape };
        let place = EntryPlace {
            section: section.iter().map(|key| (*key).to_owned()).collect(),
            name: entry.name.clone(),
        };
        self.expected.insert(place, entry.words());
        match &mut self.text {
            Text::Json(json) => json.add(section, &entry.name, entry.members(shape)),
            Text::Toml(toml) => toml.add(section, &entry.name, entry.members(shape)),
            Text::Yaml(yaml) => yaml.add(&entry.name, &entry.members(shape)),
        }
    }

    fn section_for_new_entries(&self) -> &'static [&'static str] {
        let there: &[&'static [&'static str]] = match &self.text {
            Text::Json(json) => &json.sections,
            Text::Toml(_) | Text::Yaml(_) => &[],
        };
        let usable = there.iter().rfind(|section| !section.contains(&"*"));
        usable.copied().unwrap_or(self.sections[0])
    }

    /// Replaces the command lines of entries, and leaves their other members unchanged.
    pub(crate) fn set_commands<'a>(
        &mut self,
        commands: impl IntoIterator<Item = (&'a EntryPlace, &'a [String])>,
    ) {
        let there: HashMap<&EntryPlace, &HostEntry> =
            self.entries().iter().map(|entry| (&entry.place, entry)).collect();
        let edit = |(place, words): (&EntryPlace, &[String])| {
            let entry = there.get(place)?;
            let mut members = command_members(self.shape, words);
            if entry.nesting == Nesting::InCommand && !entry.variables.is_empty() {
                // They are in the member that is replaced.
                let pairs =
                    entry.variables.iter().map(|(name, value)| (name.clone(), json!(value)));
                members.push(("env", Value::Object(pairs.collect())));
            }
            let edit = EntryEdit { place: place.clone(), nesting: entry.nesting, members };
            Some((edit, words.to_vec()))
        };
        let edits: Vec<(EntryEdit, Vec<String>)> = commands.into_iter().filter_map(edit).collect();
        let expect = |(edit, words): (EntryEdit, Vec<String>)| {
            self.expected.insert(edit.place.clone(), words);
            edit
        };
        let edits: Vec<EntryEdit> = edits.into_iter().map(expect).collect();
        match &mut self.text {
            Text::Json(json) => json.set(edits),
            Text::Toml(toml) => toml.set(edits),
            Text::Yaml(yaml) => yaml.set(&edits),
        }
    }

    /// Removes an entry.
    pub fn remove(&mut self, place: &EntryPlace) {
        self.expected.remove(place);
        match &mut self.text {
            Text::Json(json) => json.remove(place),
            Text::Toml(toml) => toml.remove(place),
            Text::Yaml(yaml) => yaml.remove(place),
        }
    }

    /// The text with all edits.
    pub fn text(&self) -> String {
        match &self.text {
            Text::Json(json) => json.text(),
            Text::Toml(toml) => toml.text(),
            Text::Yaml(yaml) => yaml.text(),
        }
    }

    /// Returns whether this text and a former one differ in nothing but layout and a section that
    /// is empty now.
    pub(super) fn differs_only_in_layout(&mut self, former: &str) -> bool {
        let is_json = matches!(self.text, Text::Json(_));
        let essence = |text: &str| {
            // In the other formats lines matter, but not their endings.
            let lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty());
            let lines = lines.collect::<Vec<_>>().join("\n");
            let lines = if is_json { without_spaces(&lines) } else { lines };
            // There may be comments before an empty object.
            if is_json && lines.ends_with("{}") && !lines.ends_with(":{}") {
                lines.trim_end_matches("{}").to_owned()
            } else {
                lines
            }
        };
        let former = essence(former);
        if essence(&self.text()) == former {
            return true;
        }
        self.remove_empty_section();
        let now = essence(&self.text());
        // Many hosts permit a trailing comma in JSON, and a removal also removes it.
        now == former || (is_json && now.replace(",}", "}") == former.replace(",}", "}"))
    }

    /// Returns whether nothing is left but sections without entries.
    pub(super) fn is_empty(&mut self) -> bool {
        self.remove_empty_section();
        matches!(self.text().trim(), "" | "{}")
    }

    fn remove_empty_section(&mut self) {
        let section = self.section_for_new_entries();
        match &mut self.text {
            Text::Json(json) => json.remove_empty_section(section),
            Text::Toml(_) => {}
            Text::Yaml(yaml) => yaml.remove_empty_section(),
        }
    }
}

/// JSON without the white space around its tokens and in its comments. That in strings stays.
fn without_spaces(text: &str) -> String {
    let (mut dense, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => string_length(rest),
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            other => other.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        if first == '"' {
            dense.push_str(token);
        } else {
            dense.extend(token.split_whitespace());
        }
        rest = after;
    }
    dense
}

/// The length of the string at the start of `text`, with its quotation marks.
fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    let mut is_end = |place: usize, byte: u8| {
        let is_end = place > 0 && byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    };
    let end = text.bytes().enumerate().position(|(place, byte)| is_end(place, byte));
    end.map_or(text.len(), |end| end + 1)
}

/// A configuration with only this entry, for the user to paste.
pub(crate) fn snippet(host: &KnownHost, entry: &NewEntry) -> String {
    let mut document =
        Document::parse("", host).expect("an empty text is an empty configuration of every host");
    document.add(entry);
    document.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(id: &str) -> &'static KnownHost {
        KnownHost::from_id(id).unwrap()
    }

    fn parsed(text: &str, id: &str) -> Document {
        Document::parse(text, host(id)).unwrap()
    }

    fn new_entry(name: &str) -> NewEntry {
        NewEntry {
            name: name.to_owned(),
            command: "mcp-tether".to_owned(),
            arguments: vec!["https://mcp.example.com".to_owned()],
            variables: vec![("KEY".to_owned(), "a $b".to_owned())],
        }
    }

    /// S-32
    #[test]
    fn white_space_counts_in_strings_alone() {
        for (text, dense) in [
            ("{ \"a b\" :\t[ 1 , 2 ]\n}", r#"{"a b":[1,2]}"#),
            (r#" "a \" b" x "#, r#""a \" b"x"#),
            (r#" "a \\" x "b c" "#, r#""a \\"x"b c""#),
            ("// it's \" one\n \"a b\"", "//it's\"one\"a b\""),
            ("/* a \" b */ \"c d\"", "/*a\"b*/\"c d\""),
            ("/ 1", "/1"),
            ("/* open \" x", "/*open\"x"),
            ("// open \" x", "//open\"x"),
            ("\"open x", "\"open x"),
            ("\"", "\""),
            ("\"é ü\" \u{a0}", "\"é ü\""),
            ("", ""),
        ] {
            assert_eq!(without_spaces(text), dense, "{text}");
        }
    }

    /// S-32
    #[test]
    fn a_former_text_is_the_same_if_only_its_layout_differs() {
        for (id, now, former, is_same) in [
            ("cursor", "{\n \"a\": [1, 2]\n}\n", "{\"a\":[1,2]}", true),
            ("cursor", "{\"a\": \"x y\"}", "{\"a\": \"xy\"}", false),
            ("cursor", "{\"a\": \"x  y\"}", "{\"a\": \"x y\"}", false),
            ("cursor", "{\"a\": 1, \"mcpServers\": {}}", "{\"a\": 1}", true),
            ("cursor", "{\"a\": 1}", "{\"a\": 2}", false),
            ("cursor", "{}", "", true),
            ("cursor", "", "// mine\n{}", false),
            ("cursor", "{\"a\": {}}", "{\"a\": {}}", true),
            ("codex", "a = 1\n\nb = 2  \n", "a = 1\nb = 2\n", true),
            ("codex", "a = 1\nb = 2\n", "a = 1 b = 2\n", false),
            ("codex", "a = \"x y\"\n", "a = \"xy\"\n", false),
            ("goose", "a: 1\nextensions:\n", "a: 1\n", true),
            ("goose", "a: 1\n", "a: 2\n", false),
        ] {
            // What is not parsed is only compared.
            let same = parsed(now, id).differs_only_in_layout(former);
            assert_eq!(same, is_same, "{id}: {now} / {former}");
        }
    }

    #[test]
    fn a_file_is_empty_if_nothing_but_its_section_is_left() {
        for (id, text, is_empty) in [
            ("cursor", "", true),
            ("cursor", "{}", true),
            ("cursor", "{\"mcpServers\": {}}", true),
            ("cursor", "{\"mcpServers\": {\"a\": {\"command\": \"x\"}}}", false),
            ("cursor", "{\"a\": 1}", false),
            ("codex", "", true),
            ("codex", "a = 1", false),
            ("codex", "# mine", false),
        ] {
            assert_eq!(parsed(text, id).is_empty(), is_empty, "{id}: {text}");
        }
    }

    #[test]
    fn entries_of_another_kind_of_host_are_told_by_their_key() {
        for (text, key) in [
            (r#"{"servers": {}}"#, Some("servers")),
            (r#"{"mcpServers": {}, "servers": {}}"#, None),
            (r#"{"mcpServers": {}}"#, None),
            (r#"{"other": {}}"#, None),
            ("", None),
        ] {
            assert_eq!(parsed(text, "cursor").key_of_another_kind(), key, "{text}");
        }
        let reads = parsed(r#"{"mcpServers": {}}"#, "vscode").key_of_another_kind();
        assert_eq!(reads, Some("mcpServers"));
        assert_eq!(parsed("[servers]", "codex").key_of_another_kind(), None);
    }

    #[test]
    fn an_entry_is_added_found_changed_and_removed_in_every_format() {
        for id in ["cursor", "vscode", "codex", "goose", "opencode", "zed", "crush"] {
            let mut document = parsed("", id);
            document.add(&new_entry("first"));
            document.add(&new_entry("second"));
            let mut document = parsed(&document.text(), id);
            assert_eq!(document.entries().len(), 2, "{id}");
            let first = document.entry("first").unwrap().clone();
            assert_eq!(first.words, new_entry("first").words(), "{id}");
            assert!(!document.is_local(&first.place), "{id}");
            assert!(document.entry("third").is_none(), "{id}");
            let words = ["other".to_owned(), "a b".to_owned()];
            document.set_commands([(&first.place, &words[..])]);
            let second = document.entry("second").unwrap().place.clone();
            document.remove(&second);
            let changed = parsed(&document.text(), id);
            assert!(changed.has_entries_of(&document), "{id}");
            assert_eq!(changed.entries().len(), 1, "{id}");
            let kept = changed.entry("first").unwrap();
            assert_eq!((&kept.words[..], &kept.variables), (&words[..], &first.variables), "{id}");
            let other = parsed("", id);
            assert!(!other.has_entries_of(&document), "{id}");
        }
    }

    #[test]
    fn an_unknown_place_is_not_changed() {
        let mut document = parsed(r#"{"mcpServers": {"a": {"command": "x"}}}"#, "cursor");
        let text = document.text();
        let place = EntryPlace { section: vec!["mcpServers".to_owned()], name: "b".to_owned() };
        document.set_commands([(&place, &["y".to_owned()][..])]);
        assert_eq!(document.text(), text);
        let shown = snippet(host("cursor"), &new_entry("a"));
        assert_eq!(parsed(&shown, "cursor").entries().len(), 1);
    }
}
