//! The text of a host's configuration, in either language: what entries it has, and the few edits
//! that are made to it. What cannot be read for sure is refused with its line and column.

use serde_json::{Value, json};

use super::entry::{Entry, NewEntry, Place};
use super::json::JsonText;
use super::table::{Format, Host};
use super::toml::TomlText;

/// A configuration that was read, and can be edited.
pub struct Document {
    format: Format,
    section: &'static [&'static str],
    text: Text,
}

enum Text {
    Json(JsonText),
    Toml(Box<TomlText>),
}

/// Why a text cannot be used. Lines and columns count from one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
    /// What is wrong.
    pub what: String,
}

impl Flaw {
    /// Something wrong at this byte of a text.
    pub(super) fn at(text: &str, offset: usize, what: impl Into<String>) -> Self {
        let (line, column) = position(text, offset);
        Self { line, column, what: what.into() }
    }
}

impl std::fmt::Display for Flaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.what)
    }
}

impl Document {
    /// Reads a configuration of this host. A text without anything in it is an empty one.
    pub fn parse(text: &str, host: &Host) -> Result<Self, Flaw> {
        let (format, sections) = (host.format, host.sections);
        let text = match format {
            Format::Toml => Text::Toml(Box::new(TomlText::parse(text, sections)?)),
            _ => Text::Json(JsonText::parse(text, format, sections)?),
        };
        Ok(Self { format, section: sections[0], text })
    }

    /// Every entry, in the order of the file.
    pub fn entries(&self) -> &[Entry] {
        match &self.text {
            Text::Json(json) => &json.entries,
            Text::Toml(toml) => &toml.entries,
        }
    }

    /// The entry of this name in the section where new ones go.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        let here = |entry: &&Entry| entry.place.name == name && self.is_first(&entry.place);
        self.entries().iter().find(here)
    }

    /// Whether this is the section where new entries go.
    pub fn is_first(&self, place: &Place) -> bool {
        place.section == self.section
    }

    /// Adds an entry, behind those that are there. Its name must be free.
    pub fn add(&mut self, entry: &NewEntry) {
        match &mut self.text {
            Text::Json(json) => json.add(self.section, &entry.name, entry.members(self.format)),
            Text::Toml(toml) => toml.add(self.section, &entry.name, entry.members(self.format)),
        }
    }

    /// Makes an entry start something else, and leaves its other members as they are.
    pub fn start(&mut self, place: &Place, words: &[String]) {
        let mut members = super::entry::command_members(self.format, words);
        let nested = |entry: &&Entry| entry.place == *place && entry.is_nested;
        if let Some(entry) = self.entries().iter().find(nested)
            && !entry.variables.is_empty()
        {
            // They stand in the member that is replaced.
            let pairs = entry.variables.iter().map(|(name, value)| (name.clone(), json!(value)));
            members.push(("env", Value::Object(pairs.collect())));
        }
        match &mut self.text {
            Text::Json(json) => json.set(place, members),
            Text::Toml(toml) => toml.set(place, members),
        }
    }

    /// Takes an entry out.
    pub fn remove(&mut self, place: &Place) {
        match &mut self.text {
            Text::Json(json) => json.remove(place),
            Text::Toml(toml) => toml.remove(place),
        }
    }

    /// The text as it is now.
    pub fn text(&self) -> String {
        match &self.text {
            Text::Json(json) => json.text(),
            Text::Toml(toml) => toml.text(),
        }
    }
}

/// The entry alone, as a file would have it that holds nothing else: to be pasted.
pub fn snippet(host: &Host, entry: &NewEntry) -> String {
    let mut document =
        Document::parse("", host).expect("an empty text is an empty configuration of every host");
    document.add(entry);
    document.text()
}

/// Line and column of a byte.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}
