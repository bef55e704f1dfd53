//! The nodes of a text in YAML, each with its place in the text.

use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

use super::super::syntax_error::SyntaxError;
use super::ends::{properties, scalar_end};
use super::line_breaks::line_start;

/// How deep a configuration may be nested.
const MAX_DEPTH: usize = 64;

#[derive(Clone)]
pub(super) struct Node {
    pub(super) content: NodeContent,
    /// The place of its anchor and its tag, in bytes; empty if it has none.
    pub(super) properties: Range<usize>,
    /// In bytes, behind its properties.
    pub(super) start: usize,
    pub(super) end: usize,
    /// The characters before it on its line.
    pub(super) column: usize,
    /// Whether it is in brackets or braces.
    pub(super) is_flow: bool,
}

#[derive(Clone, PartialEq)]
pub(super) enum NodeContent {
    Scalar(String, ScalarStyle),
    List(Vec<Node>),
    Members(Vec<(Node, Node)>),
    /// A reference to another node.
    Alias,
}

/// Two nodes are equal if they say the same, wherever they are.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.content == other.content
    }
}

impl Node {
    pub(super) fn text(&self) -> Option<&str> {
        match &self.content {
            NodeContent::Scalar(text, _) => Some(text),
            _ => None,
        }
    }

    /// Whether this is a scalar that an edit may replace in its line.
    pub(super) fn is_on_one_line(&self, text: &str) -> bool {
        let NodeContent::Scalar(_, style) = self.content else { return false };
        !is_block(style)
            && self.end > self.start
            && !text[self.start..self.end].contains(['\r', '\n'])
    }

    /// Whether this key and its colon are on one line with nothing before them: no mark of an
    /// explicit key, and no tab.
    pub(super) fn begins_its_line(&self, text: &str) -> bool {
        let before = &text[line_start(text, self.properties.start)..self.properties.start];
        let after = text[self.end..].trim_start_matches([' ', '\t']);
        before.bytes().all(|byte| byte == b' ') && after.starts_with(':')
    }

    /// Its members; none if it is not a mapping.
    pub(super) fn members(&self) -> &[(Self, Self)] {
        match &self.content {
            NodeContent::Members(members) => members,
            _ => &[],
        }
    }

    /// Whether it is a mapping without members or no value at all.
    pub(super) fn means_nothing(&self) -> bool {
        match &self.content {
            NodeContent::Members(members) => members.is_empty(),
            NodeContent::Scalar(text, ScalarStyle::Plain) => {
                matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL")
            }
            _ => false,
        }
    }

    /// Whether nothing is written for it, not even an empty text after `|`.
    fn is_absent(&self) -> bool {
        self.end == self.start
            && self.properties.is_empty()
            && matches!(self.content, NodeContent::Scalar(_, ScalarStyle::Plain))
    }

    /// This mapping without the members of these keys.
    pub(super) fn without(&self, keys: &[&str]) -> Self {
        let is_other = |(key, _): &&(Self, Self)| key.text().is_none_or(|key| !keys.contains(&key));
        let members = self.members().iter().filter(is_other).cloned().collect();
        Self { content: NodeContent::Members(members), ..self.clone() }
    }

    /// The last byte of a member's value, or of its key if the value is empty.
    pub(super) fn last_byte(&self, key: &Node) -> usize {
        self.end.max(key.end).saturating_sub(1)
    }

    pub(super) fn value(&self) -> Value {
        match &self.content {
            NodeContent::Scalar(text, _) => Value::from(text.as_str()),
            NodeContent::List(items) => items.iter().map(Self::value).collect(),
            NodeContent::Members(members) => Value::Object(pairs(members)),
            NodeContent::Alias => Value::Null,
        }
    }
}

pub(super) fn pairs(members: &[(Node, Node)]) -> Map<String, Value> {
    let pair = |(key, value): &(Node, Node)| Some((key.text()?.to_owned(), value.value()));
    members.iter().filter_map(pair).collect()
}

/// A list or mapping that is being read.
struct Open {
    node: Node,
    /// The key whose value comes next.
    key: Option<Node>,
}

/// Parses the only document of a text. Aliases are not followed, so that no text grows.
pub(super) fn parse(text: &str) -> Result<Option<Node>, SyntaxError> {
    if let Some(mark) = text.find('\u{feff}') {
        // Readers differ in what it means there (YAML 1.2.2, §5.2).
        return Err(SyntaxError::at(text, mark, "a byte order mark inside the text"));
    }
    let bytes = byte_offsets(text);
    let byte = |index: usize| bytes.get(index).copied().unwrap_or(text.len());
    let mut open: Vec<Open> = Vec::new();
    let (mut root, mut documents) = (None, 0);
    let parsed = without_open_line(text);
    for event in Parser::new_from_str(parsed) {
        let (event, span) = event.map_err(|error| SyntaxError {
            line: error.marker().line(),
            column: error.marker().col() + 1,
            what: crate::redact::plain(error.info()),
        })?;
        let (start, end) = (byte(span.start.index()), byte(span.end.index()));
        let node = |content, has_properties| {
            let place = (start, end, span.start.col());
            Node::at(text, place, content, has_properties)
        };
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
            Event::SequenceStart(anchor, tag) => {
                let node = node(NodeContent::List(Vec::new()), anchor > 0 || tag.is_some());
                open.push(Open { node, key: None });
                continue;
            }
            Event::MappingStart(anchor, tag) => {
                let node = node(NodeContent::Members(Vec::new()), anchor > 0 || tag.is_some());
                open.push(Open { node, key: None });
                continue;
            }
            Event::Alias(_) => node(NodeContent::Alias, false),
            Event::Scalar(value, style, anchor, tag) => {
                let content = scalar_content(parsed, end, value.into_owned(), style);
                node(content, anchor > 0 || tag.is_some())
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open { node, .. }) => node.closed(start),
                None => continue,
            },
        };
        match open.last_mut() {
            None => root = Some(node),
            Some(open) => open.add(text, node),
        }
    }
    Ok(root)
}

impl Open {
    fn add(&mut self, text: &str, mut node: Node) {
        if let (Some(key), true) = (&self.key, node.is_absent())
            && !text[node.start..].starts_with(':')
        {
            // Without a colon, the parser reports it where the next node is.
            (node.start, node.end) = (key.end, key.end);
        }
        match (&mut self.node.content, self.key.take()) {
            (NodeContent::List(items), _) => items.push(node),
            (NodeContent::Members(members), Some(key)) => members.push((key, node)),
            _ => self.key = Some(node),
        }
    }
}

impl Node {
    /// A node at this place, which begins with its properties.
    fn at(
        text: &str,
        (start, end, column): (usize, usize, usize),
        content: NodeContent,
        has_properties: bool,
    ) -> Self {
        let (properties, start) = match has_properties {
            true => {
                let (properties_end, content) = properties(text, start);
                (start..properties_end.min(end), content.min(end))
            }
            false => (start..start, start),
        };
        let (end, is_flow) = match &content {
            NodeContent::Scalar(value, style) => {
                (scalar_end(text, start, end, (value, *style)), false)
            }
            // A bracket has a place of its own; a block begins with its first part.
            NodeContent::List(_) | NodeContent::Members(_) => (end, end > start),
            NodeContent::Alias => (end, false),
        };
        Self { content, properties, start: start.min(end), end, column, is_flow }
    }

    /// The node with its end: its bracket, or where its last part ends, as the parser reports where
    /// the next one begins.
    fn closed(self, bracket: usize) -> Self {
        let last = match &self.content {
            NodeContent::List(items) => items.last().map(|item| item.end),
            NodeContent::Members(members) => {
                members.last().map(|(key, value)| value.end.max(key.end))
            }
            NodeContent::Scalar(..) | NodeContent::Alias => None,
        };
        let end = if self.is_flow { bracket + 1 } else { last.unwrap_or(self.start) };
        Self { end, ..self }
    }
}

/// A scalar that ends at this byte, as hosts that read with libyaml have it: a text at the end of a
/// file without a line break gets none.
fn scalar_content(text: &str, end: usize, mut value: String, style: ScalarStyle) -> NodeContent {
    let is_open = end == text.len() && !text.ends_with(['\r', '\n']);
    if is_open && is_block(style) && value.ends_with('\n') {
        value.pop();
    }
    NodeContent::Scalar(value, style)
}

/// Whether a text stands in lines of its own, after `|` or `>`.
fn is_block(style: ScalarStyle) -> bool {
    matches!(style, ScalarStyle::Literal | ScalarStyle::Folded)
}

/// The text without an empty last line that has no line break, which the parser counts as a line
/// break of the text above it.
fn without_open_line(text: &str) -> &str {
    let rest = text.trim_end_matches([' ', '\t']);
    if rest.ends_with(['\r', '\n']) { rest } else { text }
}

/// The offset of each character. The parser counts characters.
fn byte_offsets(text: &str) -> Vec<usize> {
    text.char_indices().map(|(offset, _)| offset).collect()
}
