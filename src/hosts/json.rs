//! Configurations in JSON, with the comments and trailing commas that many hosts permit. An edit
//! changes only its own members; the rest of the text keeps its bytes.

use std::collections::{HashMap, HashSet};

use jsonc_parser::ast::{self, Object, ObjectProp};
use jsonc_parser::common::Ranged;
use jsonc_parser::cst::{CstInputValue, CstObject, CstObjectProp, CstRootNode};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde_json::{Map, Value};

use super::entry::{EntryEdit, EntryPlace, HostEntry, Nesting, flattened, words_and_variables};
use super::entry_shape::{EntryShape, Format};
use super::syntax_error::{LineEnds, SyntaxError};

/// The content of a new file.
const EMPTY: &str = "{}\n";

/// A parsed text that can be edited.
pub struct JsonText {
    text: String,
    /// The syntax tree, which is created at the first edit because it takes many times the memory
    /// of the text.
    root: Option<CstRootNode>,
    /// Every entry, in the order of the file.
    pub entries: Vec<HostEntry>,
    /// The sections that the text has.
    pub sections: Vec<&'static [&'static str]>,
    /// The keys of the outermost object whose values are objects.
    pub keys: Vec<String>,
}

impl JsonText {
    /// Parses a text and the entries in these sections.
    ///
    /// # Errors
    /// The text is not JSON with comments, or a section is not an object or contains a name twice.
    pub fn parse(
        text: &str,
        shape: EntryShape,
        sections: &'static [&'static [&'static str]],
    ) -> Result<Self, SyntaxError> {
        let text = if text.trim().is_empty() { EMPTY } else { text };
        let syntax_error = |error: jsonc_parser::errors::ParseError| SyntaxError {
            line: error.line_display(),
            column: error.column_display(),
            what: lower_case(&error.kind().to_string()),
        };
        let parsed =
            parse_to_ast(text, &CollectOptions::default(), &options()).map_err(syntax_error)?;
        let lines = LineEnds::of(text);
        let mut reader = EntryReader { text, lines, shape, entries: Vec::new() };
        let (mut there, mut keys) = (Vec::new(), Vec::new());
        match &parsed.value {
            None => {}
            Some(ast::Value::Object(root)) => {
                for section in sections {
                    if reader.section(root, section, &mut Vec::new())? {
                        there.push(*section);
                    }
                }
                let objects = root.properties.iter().filter(|p| p.value.as_object().is_some());
                keys.extend(objects.map(|property| property.name.as_str().to_owned()));
            }
            Some(other) => return Err(reader.error(other, "this is not an object")),
        }
        let mut entries = reader.entries;
        entries.sort_by_key(|entry| entry.line);
        Ok(Self { text: text.to_owned(), root: None, entries, sections: there, keys })
    }

    /// Adds an entry at the end of its section, which is created if it does not exist.
    pub fn add(&mut self, section: &[&str], name: &str, members: Vec<(String, Value)>) {
        let members = members.into_iter().map(|(key, value)| (key, input(value))).collect();
        self.section(section.iter().copied()).append(name, CstInputValue::Object(members));
    }

    /// Sets members of entries.
    pub fn set(&mut self, edits: Vec<EntryEdit>) {
        let mut sections: HashMap<Vec<String>, HashMap<String, CstObject>> = HashMap::new();
        for EntryEdit { place, nesting, members } in edits {
            let entries = sections.entry(place.section.clone());
            let entries = entries.or_insert_with(|| objects(&self.at(&place)));
            let Some(mut entry) = entries.get(&place.name).cloned() else { continue };
            if nesting == Nesting::InTransport {
                entry = entry.object_value_or_set("transport");
            }
            members.into_iter().for_each(|(key, value)| set_member(&entry, key, value));
        }
    }

    /// Removes an entry.
    pub fn remove(&mut self, place: &EntryPlace) {
        if let Some(member) = self.at(place).get(&place.name) {
            member.remove();
        }
    }

    /// Removes this section if it is empty.
    pub fn remove_empty_section(&mut self, section: &[&str]) {
        let Some((name, outer)) = section.split_last() else { return };
        let outer = self.section(outer.iter().copied());
        let is_empty = |member: &CstObjectProp| {
            member.object_value().is_some_and(|object| object.properties().is_empty())
        };
        if let Some(member) = outer.get(name).filter(is_empty) {
            member.remove();
        }
    }

    /// The text with all edits.
    pub fn text(&self) -> String {
        self.root.as_ref().map_or_else(|| self.text.clone(), ToString::to_string)
    }

    fn at(&mut self, place: &EntryPlace) -> CstObject {
        self.section(place.section.iter().map(String::as_str))
    }

    /// The values along these keys are objects: that was checked when the text was parsed.
    fn section<'a>(&mut self, keys: impl Iterator<Item = &'a str>) -> CstObject {
        let root = self.root.get_or_insert_with(|| {
            CstRootNode::parse(&self.text, &options()).expect("`Self::parse` accepted this text")
        });
        keys.fold(root.object_value_or_set(), |object, key| object.object_value_or_set(key))
    }
}

/// The members of an object that are objects, by name.
fn objects(object: &CstObject) -> HashMap<String, CstObject> {
    let named = |member: CstObjectProp| {
        Some((member.name()?.decoded_value().ok()?, member.object_value()?))
    };
    object.properties().into_iter().filter_map(named).collect()
}

/// Sets a member of an entry. The last duplicate counts.
fn set_member(entry: &CstObject, key: &str, value: Value) {
    let named = |member: &CstObjectProp| {
        member.name().and_then(|name| name.decoded_value().ok()).as_deref() == Some(key)
    };
    let mut there: Vec<CstObjectProp> = entry.properties().into_iter().filter(named).collect();
    let last = there.pop();
    there.into_iter().for_each(CstObjectProp::remove);
    match last {
        Some(member) => member.set_value(input(value)),
        None => {
            entry.append(key, input(value));
        }
    }
}

struct EntryReader<'a> {
    text: &'a str,
    lines: LineEnds,
    shape: EntryShape,
    entries: Vec<HostEntry>,
}

impl EntryReader<'_> {
    /// Reads the sections below these keys; `path` contains the keys above them. Returns whether
    /// there is one.
    fn section(
        &mut self,
        object: &Object<'_>,
        keys: &[&str],
        path: &mut Vec<String>,
    ) -> Result<bool, SyntaxError> {
        let Some((key, rest)) = keys.split_first() else {
            self.members(object, path)?;
            return Ok(true);
        };
        let any = *key == "*";
        let (mut seen, mut is_there) = (false, false);
        for property in object.properties.iter().filter(|p| any || p.name.as_str() == *key) {
            if seen && !any {
                return Err(self.error_for_duplicate(property));
            }
            seen = true;
            match &property.value {
                // An entry may have the name of an inner section.
                ast::Value::Object(inner)
                    if !path.is_empty() && rest.is_empty() && self.is_entry(inner) => {}
                ast::Value::Object(inner) => {
                    path.push(property.name.as_str().to_owned());
                    is_there |= self.section(inner, rest, path)?;
                    path.pop();
                }
                // Counts as absent.
                ast::Value::NullKeyword(_) => {}
                _ if any => {}
                other => return Err(self.error(other, format!("`{key}` is not an object"))),
            }
        }
        Ok(is_there)
    }

    /// Whether an object is an entry of opencode and not the section `mcp.servers`.
    fn is_entry(&self, object: &Object<'_>) -> bool {
        let has = |key: &str| {
            object
                .properties
                .iter()
                .any(|p| p.name.as_str() == key && p.value.as_object().is_none())
        };
        self.shape.format == Format::JsonWords && (has("type") || has("command"))
    }

    /// Whether a member beside entries is a setting: `servers` and `timeout` in opencode's newer
    /// shape.
    fn is_setting(&self, path: &[String], property: &ObjectProp<'_>) -> bool {
        self.shape.format == Format::JsonWords
            && path.len() == 1
            && match &property.value {
                ast::Value::Object(inner) => {
                    property.name.as_str() == "servers" && !self.is_entry(inner)
                }
                _ => true,
            }
    }

    fn members(&mut self, section: &Object<'_>, path: &[String]) -> Result<(), SyntaxError> {
        let mut names = HashSet::new();
        for property in &section.properties {
            let name = property.name.as_str();
            if !names.insert(name) {
                return Err(self.error_for_duplicate(property));
            }
            if self.is_setting(path, property) {
                continue;
            }
            let members = match Value::from(property.value.clone()) {
                Value::Object(members) => members,
                _ => Map::new(),
            };
            let (flat, nesting) = flattened(&members);
            let (words, variables) = words_and_variables(self.shape, &flat);
            let line = self.lines.line_at(property.start());
            let place = EntryPlace { section: path.to_vec(), name: name.to_owned() };
            self.entries.push(HostEntry { place, line, words, variables, nesting });
        }
        Ok(())
    }

    fn error_for_duplicate(&self, property: &ObjectProp<'_>) -> SyntaxError {
        let name = crate::redact::shown_words(property.name.as_str());
        self.error(property, format!("duplicate key `{name}`"))
    }

    fn error(&self, at: &impl Ranged, what: impl Into<String>) -> SyntaxError {
        SyntaxError::at(self.text, at.start(), what)
    }
}

/// The syntax that the hosts themselves accept: JSON with comments and trailing commas.
fn options() -> ParseOptions {
    ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

fn input(value: Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(value) => CstInputValue::Bool(value),
        Value::Number(value) => CstInputValue::Number(value.to_string()),
        Value::String(value) => CstInputValue::String(value),
        Value::Array(values) => CstInputValue::Array(values.into_iter().map(input).collect()),
        Value::Object(members) => {
            CstInputValue::Object(members.into_iter().map(|(k, v)| (k, input(v))).collect())
        }
    }
}

fn lower_case(sentence: &str) -> String {
    let mut characters = sentence.chars();
    let first = characters.next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(characters).collect()
}
