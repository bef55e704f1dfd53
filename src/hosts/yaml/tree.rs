//! The nodes of a text in YAML, each with its place in the text.

use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use serde_json::{Map, Value};

use super::super::syntax_error::SyntaxError;
use super::line_breaks::lines;

/// How deep a configuration may be nested.
const MAX_DEPTH: usize = 64;

#[derive(Clone)]
pub(super) struct Node {
    pub(super) content: NodeContent,
    /// In bytes.
    pub(super) start: usize,
    pub(super) end: usize,
    /// The characters before it on its line.
    pub(super) column: usize,
}

#[derive(Clone)]
pub(super) enum NodeContent {
    Scalar(String, ScalarStyle),
    List(Vec<Node>),
    Members(Vec<(Node, Node)>),
    /// A reference to another node.
    Alias,
}

impl Node {
    pub(super) fn text(&self) -> Option<&str> {
        match &self.content {
            NodeContent::Scalar(text, _) => Some(text),
            _ => None,
        }
    }

    pub(super) fn is_on_one_line(&self, text: &str) -> bool {
        matches!(self.content, NodeContent::Scalar(..))
            && self.end > self.start
            && !text[self.start..self.end].contains(['\r', '\n'])
    }

    /// The last byte of a member's value, or of its key if the value is empty.
    pub(super) fn last_byte(&self, key: &Node) -> usize {
        self.end.max(key.end + 1).saturating_sub(1)
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
enum Open {
    List(Vec<Node>, usize, usize),
    Members(Vec<(Node, Node)>, Option<Node>, usize, usize),
}

/// Parses the only document of a text. Aliases are not followed, so that no text grows.
pub(super) fn parse(text: &str) -> Result<Option<Node>, SyntaxError> {
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
            Event::Alias(_) => Node { content: NodeContent::Alias, start, end, column },
            Event::Scalar(value, style, ..) => {
                let end = content_end(text, start, end, &span, (&value, style));
                let content = NodeContent::Scalar(value.into_owned(), style);
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
                (NodeContent::List(items), start, column, last)
            }
            Self::Members(members, _, start, column) => {
                let last = members.last().map(|(key, value)| value.end.max(key.end + 1));
                (NodeContent::Members(members), start, column, last)
            }
        };
        let end = match text[start.min(text.len())..].chars().next() {
            Some(mark @ ('[' | '{')) => end_in_brackets(text, start, end, mark, &content),
            _ => last.unwrap_or(start),
        };
        Node { content, start, end, column }
    }
}

/// The end of what is in brackets or braces: the parser counts the space and the comment behind it.
fn end_in_brackets(
    text: &str,
    start: usize,
    end: usize,
    mark: char,
    content: &NodeContent,
) -> usize {
    let last = match content {
        NodeContent::List(items) => items.last().map(|item| item.end),
        NodeContent::Members(members) => members.last().map(|(key, value)| value.end.max(key.end)),
        NodeContent::Scalar(..) | NodeContent::Alias => None,
    };
    let inside = last.unwrap_or(start + 1).min(end);
    let closing = if mark == '[' { ']' } else { '}' };
    text[inside..end].find(closing).map_or(end, |offset| inside + offset + 1)
}

/// The end of a scalar without the line ends and comments behind it, unless they are part of it, as
/// after `|+`.
fn content_end(
    text: &str,
    start: usize,
    end: usize,
    span: &Span,
    (value, style): (&str, ScalarStyle),
) -> usize {
    if span.start.line() == span.end.line() {
        return end;
    }
    let content = start + text[start..end].trim_end().len();
    if !matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
        return content;
    }
    let inner = value.trim_end();
    let kept = value[inner.len()..].matches('\n').count();
    // The line of the indicator has an end of its own.
    let kept = kept + usize::from(inner.is_empty());
    content + lines(&text[content..]).take(kept).map(str::len).sum::<usize>()
}

/// The offset of each character. The parser counts characters.
fn byte_offsets(text: &str) -> Vec<usize> {
    text.char_indices().map(|(offset, _)| offset).collect()
}
