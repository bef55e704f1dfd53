//! The text of a host's configuration, in JSON or TOML: its entries, and the edits that commands make.
//! Refuses text that cannot be parsed, with line and column.

use serde_json::{Value, json};

use super::entry::{EntryPlace, HostEntry, NewEntry};
use super::json::JsonText;
use super::syntax_error::SyntaxError;
use super::table::{Format, KnownHost};
use super::toml::TomlText;

/// A parsed configuration that can be edited.
pub struct Document {
    format: Format,
    section: &'static [&'static str],
    text: Text,
}

enum Text {
    Json(JsonText),
    Toml(Box<TomlText>),
}

impl Document {
    /// Parses a configuration of this host. An empty text is an empty configuration.
    ///
    /// # Errors
    /// The text is not in the host's format, or a section has the wrong type.
    pub fn parse(text: &str, host: &KnownHost) -> Result<Self, SyntaxError> {
        let (format, sections) = (host.format, host.sections);
        let text = match format {
            Format::Toml => Text::Toml(Box::new(TomlText::parse(text, sections)?)),
            _ => Text::Json(JsonText::parse(text, format, sections)?),
        };
        Ok(Self { format, section: sections[0], text })
    }

    /// Every entry, in the order of the file.
    pub fn entries(&self) -> &[HostEntry] {
        match &self.text {
            Text::Json(json) => &json.entries,
            Text::Toml(toml) => &toml.entries,
        }
    }

    /// The entry with this name in the section for new entries.
    pub fn entry(&self, name: &str) -> Option<&HostEntry> {
        let here =
            |entry: &&HostEntry| entry.place.name == name && self.is_in_first_section(&entry.place);
        self.entries().iter().find(here)
    }

    /// Returns whether this is the section for new entries.
    pub(crate) fn is_in_first_section(&self, place: &EntryPlace) -> bool {
        place.section == self.section
    }

    /// Adds an entry after the existing ones. Its name must be unused.
    pub fn add(&mut self, entry: &NewEntry) {
        match &mut self.text {
            Text::Json(json) => json.add(self.section, &entry.name, entry.members(self.format)),
            Text::Toml(toml) => toml.add(self.section, &entry.name, entry.members(self.format)),
        }
    }

    /// Replaces the command line of an entry, and leaves its other members unchanged.
    pub fn set_command(&mut self, place: &EntryPlace, words: &[String]) {
        let mut members = super::entry::command_members(self.format, words);
        let nested = |entry: &&HostEntry| entry.place == *place && entry.is_nested;
        if let Some(entry) = self.entries().iter().find(nested)
            && !entry.variables.is_empty()
        {
            // They are in the member that is replaced.
            let pairs = entry.variables.iter().map(|(name, value)| (name.clone(), json!(value)));
            members.push(("env", Value::Object(pairs.collect())));
        }
        match &mut self.text {
            Text::Json(json) => json.set(place, members),
            Text::Toml(toml) => toml.set(place, members),
        }
    }

    /// Removes an entry.
    pub fn remove(&mut self, place: &EntryPlace) {
        match &mut self.text {
            Text::Json(json) => json.remove(place),
            Text::Toml(toml) => toml.remove(place),
        }
    }

    /// The text with all edits.
    pub fn text(&self) -> String {
        match &self.text {
            Text::Json(json) => json.text(),
            Text::Toml(toml) => toml.text(),
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
