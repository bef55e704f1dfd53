//! Configurations in TOML. An edit changes only its own tables; the rest of the text keeps its
//! bytes, including line endings.

use serde_json::{Map, Value};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value as Toml, value};

use super::entry::{EntryEdit, EntryPlace, HostEntry, Nesting, words_and_variables};
use super::entry_shape::EntryShape;
use super::syntax_error::{LineEnds, SyntaxError};

/// A parsed text that can be edited.
pub struct TomlText {
    document: DocumentMut,
    /// The original text if it has carriage returns, which `toml_edit` drops.
    returns: Option<String>,
    /// Every entry, in the order of the file.
    pub entries: Vec<HostEntry>,
}

impl TomlText {
    /// Parses a text and the entries in these sections.
    ///
    /// # Errors
    /// The text is not TOML, or a section is not a table.
    pub fn parse(text: &str, shape: EntryShape, sections: &[&[&str]]) -> Result<Self, SyntaxError> {
        let parsed = toml_edit::Document::parse(text).map_err(|error| {
            let what = error.message().trim().replace('\n', ", ");
            SyntaxError::at(text, error.span().map_or(0, |span| span.start), what)
        })?;
        let (lines, mut entries) = (LineEnds::of(text), Vec::new());
        for section in sections {
            let mut table: Option<&dyn TableLike> = Some(parsed.as_table());
            for key in *section {
                let Some(item) = table.and_then(|table| table.get(key)) else {
                    table = None;
                    break;
                };
                let start = item.span().map_or(0, |span| span.start);
                let not_a_table =
                    || SyntaxError::at(text, start, format!("`{key}` is not a table"));
                table = Some(item.as_table_like().ok_or_else(not_a_table)?);
            }
            let section: Vec<String> = section.iter().map(|key| (*key).to_owned()).collect();
            for (name, item) in table.iter().flat_map(|table| table.iter()) {
                let start = table.and_then(|table| table.key(name)?.span());
                let line = lines.line_at(start.map_or(0, |span| span.start));
                let (words, variables) = words_and_variables(shape, &members(item));
                let place = EntryPlace { section: section.clone(), name: name.to_owned() };
                let nesting = Nesting::None;
                entries.push(HostEntry { place, line, words, variables, nesting });
            }
        }
        let returns = text.contains('\r').then(|| text.to_owned());
        Ok(Self { document: parsed.into_mut(), returns, entries })
    }

    /// Adds an entry as a table of its own.
    pub fn add(&mut self, section: &[&str], name: &str, members: Vec<(String, Value)>) {
        let mut entry = Table::new();
        for (key, member) in members {
            entry.insert(&key, value(toml(&member)));
        }
        let mut table: &mut dyn TableLike = self.document.as_table_mut();
        for key in section {
            let mut made = Table::new();
            // Otherwise the text would contain an empty `[mcp_servers]`.
            made.set_implicit(true);
            let item = table.entry(key).or_insert(Item::Table(made));
            table = item.as_table_like_mut().expect("`Self::parse` refuses a section that is none");
        }
        table.insert(name, Item::Table(entry));
    }

    /// Sets members of entries.
    pub fn set(&mut self, edits: Vec<EntryEdit>) {
        edits.into_iter().for_each(|edit| self.set_members(&edit.place, edit.members));
    }

    fn set_members(&mut self, place: &EntryPlace, members: Vec<(&'static str, Value)>) {
        let entry = self.section(place).and_then(|table| table.get_mut(&place.name));
        let Some(entry) = entry.and_then(Item::as_table_like_mut) else { return };
        for (key, member) in members {
            let mut new = toml(&member);
            match entry.get_mut(key).and_then(Item::as_value_mut) {
                Some(old) => {
                    *new.decor_mut() = old.decor().clone();
                    *old = new;
                }
                None => {
                    entry.insert(key, value(new));
                }
            }
        }
    }

    /// Removes an entry.
    pub fn remove(&mut self, place: &EntryPlace) {
        if let Some(table) = self.section(place) {
            table.remove(&place.name);
        }
    }

    /// The text with all edits.
    pub fn text(&self) -> String {
        let text = self.document.to_string();
        match &self.returns {
            Some(read) => with_line_ends_of(read, &text),
            None => text,
        }
    }

    fn section(&mut self, place: &EntryPlace) -> Option<&mut dyn TableLike> {
        let mut table: &mut dyn TableLike = self.document.as_table_mut();
        for key in &place.section {
            table = table.get_mut(key)?.as_table_like_mut()?;
        }
        Some(table)
    }
}

/// Restores line endings: lines of the former text keep theirs, and new lines get the most frequent
/// one.
fn with_line_ends_of(former: &str, text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let kept: Vec<&str> = former.split_inclusive('\n').collect();
    let old: Vec<&str> = kept.iter().map(|line| without_end(line)).collect();
    let new: Vec<&str> = text.split_inclusive('\n').collect();
    let bare: Vec<&str> = new.iter().map(|line| without_end(line)).collect();
    let returns = kept.iter().filter(|line| line.ends_with("\r\n")).count();
    let end = if returns * 2 > kept.len() { "\r\n" } else { "\n" };
    let mut out = String::with_capacity(text.len() + returns);
    for step in similar::capture_diff_slices(similar::Algorithm::Myers, &old, &bare) {
        let same = matches!(step, similar::DiffOp::Equal { .. });
        for (line, place) in step.new_range().zip(step.old_range().chain(std::iter::repeat(0))) {
            match kept.get(place).filter(|old| same && old.ends_with('\n')) {
                Some(old) => out.push_str(old),
                None if new[line].ends_with('\n') => out.extend([bare[line], end]),
                None => out.push_str(bare[line]),
            }
        }
    }
    out
}

fn without_end(line: &str) -> &str {
    line.strip_suffix('\n').map_or(line, |line| line.strip_suffix('\r').unwrap_or(line))
}

/// The members of an entry.
fn members(entry: &Item) -> Map<String, Value> {
    let Some(table) = entry.as_table_like() else { return Map::new() };
    let member = |(key, item): (&str, &Item)| Some((key.to_owned(), json(item)?));
    table.iter().filter_map(member).collect()
}

/// Converts strings, and lists and tables of strings; entries need nothing else.
fn json(item: &Item) -> Option<Value> {
    if let Some(text) = item.as_str() {
        return Some(Value::from(text));
    }
    if let Some(array) = item.as_array() {
        return array.iter().map(|text| text.as_str().map(Value::from)).collect();
    }
    item.as_table_like()?;
    Some(Value::Object(members(item)))
}

fn toml(value: &Value) -> Toml {
    match value {
        Value::Array(values) => Toml::Array(values.iter().map(toml).collect::<Array>()),
        Value::Object(members) => {
            let members = members.iter().map(|(key, value)| (key.clone(), toml(value)));
            Toml::InlineTable(members.collect::<InlineTable>())
        }
        Value::Bool(value) => Toml::from(*value),
        Value::Number(number) if number.is_i64() => Toml::from(number.as_i64().unwrap_or_default()),
        Value::String(text) if text.contains(['\n', '\r']) => escaped(text),
        Value::String(text) => Toml::from(text.as_str()),
        // An entry contains nothing else.
        other => Toml::from(other.to_string()),
    }
}

/// A string on one line: the line endings in a multi-line string would become those of the file.
fn escaped(text: &str) -> Toml {
    // JSON and TOML have the same escapes; TOML forbids one more character.
    let json = Value::from(text).to_string().replace('\u{7f}', "\\u007F");
    json.parse().unwrap_or_else(|_| Toml::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hosts::entry_shape::{Expansion, Format};

    const SHAPE: EntryShape =
        EntryShape { format: Format::Toml, fields: &[], expansion: Expansion::Known };

    #[test]
    fn a_file_of_mixed_line_ends_keeps_each_of_them() {
        let text = "a = 1\r\nb = 2\n# c\r\n[d]\r\ne = \"\"\"x\r\ny\nz\"\"\"\n";
        let mut read = TomlText::parse(text, SHAPE, &[]).unwrap();
        assert_eq!(read.text(), text);
        read.add(&["servers"], "shop", vec![("command".to_owned(), Value::from("c"))]);
        let added = "\r\n[servers.shop]\r\ncommand = \"c\"\r\n";
        assert_eq!(read.text(), format!("{text}{added}"));
    }

    #[test]
    fn line_ends_in_an_argument_are_no_line_ends_of_the_file() {
        let argument = "a\nb\r\n\u{7f}\"";
        let mut read = TomlText::parse("a = 1\r\n", SHAPE, &[]).unwrap();
        read.add(&["servers"], "x", vec![("args".to_owned(), Value::from(vec![argument]))]);
        let again: DocumentMut = read.text().parse().unwrap();
        assert_eq!(again["servers"]["x"]["args"][0].as_str(), Some(argument));
    }
}
