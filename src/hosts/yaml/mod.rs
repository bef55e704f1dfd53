//! Configurations in YAML. An edit replaces, inserts or removes whole lines, or one value on its
//! line; every other line keeps its bytes, with its comments. Only block style can be edited. An
//! edit after which anything else would read differently is not made.

mod ends;
mod line_breaks;
mod scalars;
mod tree;

use std::collections::HashMap;
use std::ops::Range;

use serde_json::Value;

use self::ends::SPACE;
use self::line_breaks::{break_of, is_blank, line_end, line_start, lines};
use self::scalars::{in_braces, in_brackets, member, plain_value, scalar};
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

/// The outermost mapping.
struct Tree {
    members: Vec<(Node, Node)>,
    /// A value that means nothing, such as `{}`, where the mapping will be.
    empty: Option<Range<usize>>,
    /// The index of the section that entries are in.
    section: Option<usize>,
    /// The end of its content, in bytes.
    end: usize,
}

/// The parts that an edit may change: these members of these entries, or whole entries.
type Edited<'a> = HashMap<&'a str, Option<Vec<&'a str>>>;

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
        let block = |indentation: usize| {
            let mut block = format!("{}{}:\n", " ".repeat(indentation), scalar(name));
            for (key, value) in members {
                block += &member(key, value, indentation + 2);
            }
            block
        };
        let mut text = self.text.clone();
        let section = self.tree.section();
        let (end, before, lines) = match (section, section.and_then(|(_, s)| s.members().last())) {
            (_, Some(last)) => {
                let indentation = last.0.column;
                (end_of_lines(&text, last), Some(last.0.start), block(indentation))
            }
            (Some((key, value)), None) => {
                text.replace_range(self.place_of_nothing(key, value), "");
                let end = line_end(&text, end_of_key(&text, key, value));
                (end, None, block(key.column + 2))
            }
            (None, None) => {
                if let Some(empty) = &self.tree.empty {
                    text.replace_range(with_its_line(&text, empty), "");
                }
                let indentation = self.tree.members.first().map_or(0, |(key, _)| key.column);
                let key = format!("{}{}:\n", " ".repeat(indentation), self.section);
                let before = self.tree.members.last().map(|(key, _)| key.start);
                let end = end_of_document(&text, self.tree.end);
                (end, before, key + &block(indentation + 2))
            }
        };
        // A text at the end of a file without a line break would get one from what is below it.
        let before = before.map(|byte| line_start(&text, byte));
        for place in [end].into_iter().chain(before) {
            let lines = insertion(&text, place, &lines);
            let edited = [&text[..place], &lines, &text[place..]].concat();
            if self.change(edited, &HashMap::from([(name, None)])) {
                break;
            }
        }
    }

    /// Sets members of entries.
    pub fn set(&mut self, edits: &[EntryEdit]) {
        let Some((_, section)) = self.tree.section() else { return };
        let named = |pair: &'_ (Node, Node)| Some((pair.0.text()?.to_owned(), pair.clone()));
        let entries: HashMap<String, (Node, Node)> =
            section.members().iter().filter_map(named).collect();
        let (mut changes, mut edited) = (Vec::new(), HashMap::new());
        for edit in edits {
            let Some((name, value)) = entries.get(&edit.place.name) else { continue };
            for (key, member) in &edit.members {
                changes.push(match value.is_flow {
                    true => self.change_in_braces(value.members(), name, key, member),
                    false => self.change_in_lines(value.members(), name, key, member),
                });
            }
            let keys = edit.members.iter().map(|(key, _)| *key).collect();
            edited.insert(edit.place.name.as_str(), Some(keys));
        }
        changes.sort_by_key(|(place, _)| place.start);
        let (mut text, mut copied) = (String::with_capacity(self.text.len()), 0);
        for (place, new) in changes {
            text += &self.text[copied..place.start];
            text += &new;
            copied = place.end;
        }
        text += &self.text[copied..];
        self.change(text, &edited);
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
                (lines, native(&self.text, &member(key, value, indentation)))
            }
            (None, value) => {
                let after = there.first().map_or(name.end, |(key, value)| value.last_byte(key));
                let end = line_end(&self.text, after);
                (end..end, insertion(&self.text, end, &member(key, value, indentation)))
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
            (Some((key, old)), _) if old.end <= old.start => match colon_behind(&self.text, key) {
                Some(colon) => (colon..colon + 1, format!(": {text}")),
                None => (key.end..key.end, format!(": {text}")),
            },
            (Some((_, old)), _) => (old.start..old.end, text),
            (None, Some((first, value))) => {
                let end = value.end.max(first.end);
                (end..end, format!(", {key}: {text}"))
            }
            (None, None) => (name.end..name.end, String::new()),
        }
    }

    /// Removes an entry. An empty section stays.
    pub fn remove(&mut self, place: &EntryPlace) {
        let Some((section_key, section)) = self.tree.section() else { return };
        let entries = section.members();
        let Some(entry) = entries.iter().find(|(key, _)| key.text() == Some(&place.name)) else {
            return;
        };
        let start = line_start(&self.text, entry.0.start);
        let end = end_of_lines(&self.text, entry);
        let now_empty = (entries.len() == 1).then(|| match section.properties.is_empty() {
            false => section.properties.end,
            true => {
                colon_behind(&self.text, section_key).map_or(section_key.end, |colon| colon + 1)
            }
        });
        for lines in self.removals(start, end) {
            let mut text = self.text.clone();
            text.replace_range(lines, "");
            if let Some(at) = now_empty {
                text.insert_str(at, " {}");
            }
            if self.change(text, &HashMap::from([(place.name.as_str(), None)])) {
                break;
            }
        }
    }

    /// Removes the section if it is empty.
    pub fn remove_empty_section(&mut self) {
        let Some((key, value)) = self.tree.section() else { return };
        if !self.entries.is_empty() {
            return;
        }
        let start = line_start(&self.text, key.start);
        let end = line_end(&self.text, value.last_byte(key));
        for lines in self.removals(start, end) {
            let mut text = self.text.clone();
            text.replace_range(lines, "");
            if self.change(text, &HashMap::new()) {
                break;
            }
        }
    }

    /// Returns the places to remove, of which the first is best. A text before them that ends as
    /// after `|+` would get the empty lines behind them.
    fn removals(&self, start: usize, end: usize) -> Vec<Range<usize>> {
        let is_open = end == self.text.len() && !self.text.ends_with(['\r', '\n']);
        let before = &self.text[..start];
        let before = before.strip_suffix('\n').unwrap_or(before);
        let before = before.strip_suffix('\r').unwrap_or(before);
        let blank = lines(&self.text[end..]).take_while(|line| is_blank(line)).map(str::len);
        let mut removals = vec![start..end, start..end + blank.sum::<usize>()];
        if is_open {
            // A file whose last line has no line break stays one.
            removals.insert(0, before.len()..end);
        }
        removals
    }

    /// The text with all edits.
    pub fn text(&self) -> String {
        self.text.clone()
    }

    /// The place of an empty value of the section, with what separates it from its key.
    fn place_of_nothing(&self, key: &Node, value: &Node) -> Range<usize> {
        let before = end_of_key(&self.text, key, value);
        if value.end <= value.start {
            before..before
        } else if line_end(&self.text, before) > value.start {
            before..value.end
        } else {
            with_its_line(&self.text, &(value.start..value.end))
        }
    }

    /// Takes an edited text, unless something else reads differently in it: nothing is edited then,
    /// and [`super::HostFile::save`] refuses to write, as it misses what the edit should have made.
    fn change(&mut self, text: String, edited: &Edited<'_>) -> bool {
        let Ok((tree, entries)) = read(&text, self.shape, self.section) else { return false };
        let same = self.tree.says_the_same(&tree, edited);
        if same {
            (self.text, self.tree, self.entries) = (text, tree, entries);
        }
        same
    }
}

impl Tree {
    fn section(&self) -> Option<&(Node, Node)> {
        self.members.get(self.section?)
    }

    /// Whether another tree says the same, except for what is edited.
    fn says_the_same(&self, other: &Self, edited: &Edited<'_>) -> bool {
        fn outside(tree: &Tree) -> impl Iterator<Item = &(Node, Node)> {
            let members = tree.members.iter().enumerate();
            members.filter(|(n, _)| Some(*n) != tree.section).map(|(_, member)| member)
        }
        let entries = |tree: &'_ Self| -> Vec<(Node, Node)> {
            let entries = tree.section().map_or(&[][..], |(_, section)| section.members());
            let unedited = |(key, value): &(Node, Node)| match edited.get(key.text()?) {
                None => Some((key.clone(), value.clone())),
                Some(None) => None,
                Some(Some(keys)) => Some((key.clone(), value.without(keys))),
            };
            entries.iter().filter_map(unedited).collect()
        };
        outside(self).eq(outside(other)) && entries(self) == entries(other)
    }
}

fn read(
    text: &str,
    shape: EntryShape,
    section: &str,
) -> Result<(Tree, Vec<HostEntry>), SyntaxError> {
    let at = |byte: usize, what: &str| SyntaxError::at(text, byte, what);
    let mut tree = Tree { members: Vec::new(), empty: None, section: None, end: 0 };
    let Some(root) = parse(text)? else { return Ok((tree, Vec::new())) };
    if root.means_nothing() && root.properties.is_empty() {
        (tree.empty, tree.end) = (Some(root.start..root.end), root.start);
        return Ok((tree, Vec::new()));
    }
    let NodeContent::Members(members) = root.content else {
        return Err(at(root.start, "this is not a mapping"));
    };
    if root.is_flow {
        return Err(at(root.start, "a mapping in braces cannot be edited here"));
    }
    refuse_duplicates(text, &members)?;
    let found = members.iter().position(|(key, _)| key.text() == Some(section));
    let entries = match found.map(|found| &members[found].1) {
        None => &[],
        Some(Node { content: NodeContent::Members(entries), is_flow, start, .. }) => {
            if *is_flow && !entries.is_empty() {
                return Err(at(*start, "a mapping in braces cannot be edited here"));
            }
            entries.as_slice()
        }
        Some(value) if value.means_nothing() => &[],
        Some(value) => return Err(at(value.start, &format!("`{section}` is not a mapping"))),
    };
    refuse_duplicates(text, entries)?;
    let first = members.first().map(|(key, _)| key);
    let keys = found.map(|found| &members[found].0).into_iter();
    for key in first.into_iter().chain(keys).chain(entries.iter().map(|(key, _)| key)) {
        if !key.begins_its_line(text) {
            return Err(at(key.start, "this key is not written as `key: value` on its line"));
        }
    }
    let lines = LineEnds::of(text);
    let entry = |(key, value): &(Node, Node)| {
        let name = key.text()?.to_owned();
        let (words, variables) = words_and_variables(shape, &pairs(value.members()));
        let place = EntryPlace { section: vec![section.to_owned()], name };
        let line = lines.line_at(key.start);
        Some(HostEntry { place, line, words, variables, nesting: Nesting::None })
    };
    let read = entries.iter().filter_map(entry).collect();
    Ok((Tree { members, section: found, end: root.end, ..tree }, read))
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

/// Returns the end of the document whose content ends here: the start of a line of three dots or of
/// an empty line without a line break, or the end of the text.
fn end_of_document(text: &str, content_end: usize) -> usize {
    let mut end = line_start(text, content_end.min(text.len()));
    for line in lines(&text[end..]) {
        let dots = line.strip_prefix("...");
        let is_end = dots.is_some_and(|rest| rest.is_empty() || rest.starts_with(SPACE));
        if is_end || is_blank(line) && !line.ends_with(['\r', '\n']) {
            break;
        }
        end += line.len();
    }
    end
}

/// The end of the lines of a member, with the comments below it that are indented as if they
/// belonged to it.
fn end_of_lines(text: &str, (key, value): &(Node, Node)) -> usize {
    let mut end = line_end(text, value.last_byte(key));
    let mut at = end;
    for line in lines(&text[end..]) {
        at += line.len();
        let content = line.trim_start_matches(' ');
        if content.starts_with('#') && line.len() - content.len() > key.column {
            end = at;
        } else if !is_blank(line) {
            break;
        }
    }
    end
}

/// This place, with its line if nothing else is on it.
fn with_its_line(text: &str, place: &Range<usize>) -> Range<usize> {
    let line = line_start(text, place.start)..line_end(text, place.end);
    let is_alone = is_blank(&text[line.start..place.start]) && is_blank(&text[place.end..line.end]);
    if is_alone { line } else { place.clone() }
}

/// Returns the text to insert here for these lines.
fn insertion(text: &str, at: usize, lines: &str) -> String {
    let lines = native(text, lines);
    if at == 0 || text[..at].ends_with(['\r', '\n']) {
        return lines;
    }
    // The last line of the file has no line break, and stays without one.
    format!("{}{}", break_of(text), lines.trim_end_matches(['\r', '\n']))
}

/// Lines with the line breaks of this text.
fn native(text: &str, lines: &str) -> String {
    lines.replace('\n', break_of(text))
}

/// The end of a key with its colon, and with the anchor and the tag of its value.
fn end_of_key(text: &str, key: &Node, value: &Node) -> usize {
    match value.properties.is_empty() {
        true => colon_behind(text, key).map_or(key.end, |colon| colon + 1),
        false => value.properties.end,
    }
}

/// The place of the colon behind this key.
fn colon_behind(text: &str, key: &Node) -> Option<usize> {
    let rest = text[key.end..].trim_start_matches([' ', '\t']);
    rest.starts_with(':').then(|| text.len() - rest.len())
}

#[cfg(test)]
mod tests;
