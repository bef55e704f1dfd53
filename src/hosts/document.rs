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
            let lines = if is_json { lines.split_whitespace().collect() } else { lines };
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

/// A configuration with only this entry, for the user to paste.
pub(crate) fn snippet(host: &KnownHost, entry: &NewEntry) -> String {
    let mut document =
        Document::parse("", host).expect("an empty text is an empty configuration of every host");
    document.add(entry);
    document.text()
}
