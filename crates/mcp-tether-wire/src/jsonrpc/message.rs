//! A message: its kind, id and method are parsed, its bytes stay unchanged (T-03).
//!
//! The whole text is checked once to be JSON in UTF-8, in linear time and without building values,
//! so that no forwarded text can break the other side's framing.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::batch::{BatchMembers, MAX_BATCH_MEMBERS};
use super::frame::{Frame, Overlap};
use super::id::RequestId;
use super::invalid::Invalid;
use super::kind::MessageKind;
use super::line_breaks::compact;
use super::object::{Change, Member, Object};
use super::slice_range::range_in;
use super::top_level::TopLevel;

/// One JSON-RPC message. Cheap to clone: the bytes are shared.
#[derive(Clone, Debug)]
pub struct Message {
    kind: MessageKind,
    raw: Bytes,
    id: Option<(RequestId, Range<usize>)>,
    method: Option<Box<str>>,
    params: Option<Range<usize>>,
    outcome: Option<Range<usize>>,
}

/// Where the id of a message is written.
enum IdPlace {
    /// In the place of the value of its member `id`.
    Value(Range<usize>),
    /// There is no such member: it is inserted here.
    Missing(usize),
}

/// The content of one line, body or event.
#[derive(Debug)]
pub enum Received {
    /// A single message.
    One(Message),
    /// A JSON-RPC batch (revision 2025-03-26): its members, each parsed on its own.
    Batch(Vec<Result<Message, Invalid>>),
}

impl Received {
    /// Parses one line, body or event payload. Line breaks between tokens are removed (T-01).
    ///
    /// # Errors
    /// The text is not JSON in UTF-8, not a message, or a batch that is empty or has more than
    /// [`MAX_BATCH_MEMBERS`] members. Errors in the members of a batch are in [`Received::Batch`].
    pub fn parse(raw: Bytes) -> Result<Self, Invalid> {
        let raw = without_byte_order_mark(raw);
        let text = checked(&raw)?;
        // The usual case: one pass over the text finds the members, and no line breaks.
        if let Some(members) = TopLevel::find(text) {
            return Message::from_members(&raw, text, &members).map(Self::One);
        }
        let raw = compact(raw);
        let text = checked(&raw)?;
        if !text.trim_start().starts_with('[') {
            return Message::parse_text(&raw, text).map(Self::One);
        }
        let BatchMembers { texts, has_too_many } =
            serde_json::from_str(text).map_err(Invalid::from_json_error)?;
        if texts.is_empty() {
            return Err(Invalid::not_message(None, "an empty batch"));
        }
        if has_too_many {
            let reason = format!("a batch of more than {MAX_BATCH_MEMBERS} members");
            return Err(Invalid::not_message(None, &reason));
        }
        let parse = |member: &&RawValue| {
            let range = range_in(text, member.get());
            Message::parse_text(&raw.slice(range), member.get())
        };
        Ok(Self::Batch(texts.iter().map(parse).collect()))
    }
}

impl Message {
    /// Parses exactly one message.
    ///
    /// # Errors
    /// As for [`Received::parse`], or the text is a batch.
    pub fn parse(raw: impl Into<Bytes>) -> Result<Self, Invalid> {
        match Received::parse(raw.into())? {
            Received::One(message) => Ok(message),
            Received::Batch(_) => {
                Err(Invalid::not_message(None, "a batch where one message belongs"))
            }
        }
    }

    fn parse_text(raw: &Bytes, text: &str) -> Result<Self, Invalid> {
        let members = match TopLevel::find(text) {
            Some(members) => members,
            None => serde_json::from_str(text).map_err(|_| Invalid::classify(text))?,
        };
        Self::from_members(raw, text, &members)
    }

    /// The message with these members, which are slices of `text`, the text of `raw`.
    fn from_members(raw: &Bytes, text: &str, members: &TopLevel<'_>) -> Result<Self, Invalid> {
        let id = members.id.and_then(RequestId::from_json);
        if members.jsonrpc != Some("\"2.0\"") {
            return Err(Invalid::not_message(id, "`jsonrpc` is not \"2.0\""));
        }
        let span = |value: &str| range_in(text, value);
        let method = match members.method().map(unescaped) {
            Some(Some(method)) => Some(Box::from(method.as_ref())),
            Some(None) => {
                return Err(Invalid::not_message(id, "`method` is not a string").of_request());
            }
            None => None,
        };
        let kind = members.kind(method.as_deref(), id.as_ref())?;
        let strays = members.strays(kind);
        if !strays.is_empty() {
            return Self::without(text, &strays);
        }
        Ok(Self {
            kind,
            raw: raw.clone(),
            id: id.filter(RequestId::is_legal).zip(members.id.map(span)),
            method,
            params: members.params.map(span),
            outcome: members.outcome().map(span),
        })
    }

    /// The message without these members, with which a strict reader would see another kind of
    /// message.
    fn without(text: &str, strays: &[&str]) -> Result<Self, Invalid> {
        let strays_go = |member: &Member<'_>| {
            if strays.contains(&member.name.as_str()) { Change::Remove } else { Change::Keep }
        };
        let whole = Object::parse(text).map(|whole| whole.rewritten(strays_go, &[]));
        let rest = Bytes::from(whole.unwrap_or_default());
        let text = std::str::from_utf8(&rest).unwrap_or_default();
        Self::parse_text(&rest, text)
    }

    /// A message about which everything is already known: `raw` is not read.
    pub(super) fn from_parts(
        kind: MessageKind,
        raw: Bytes,
        id: Option<(RequestId, Range<usize>)>,
        method: Option<&str>,
        params: Option<Range<usize>>,
        outcome: Option<Range<usize>>,
    ) -> Self {
        Self { kind, raw, id, method: method.map(Box::from), params, outcome }
    }

    /// The kind of this message.
    pub fn kind(&self) -> MessageKind {
        self.kind
    }

    /// The id of a request or an answer.
    pub fn id(&self) -> Option<&RequestId> {
        self.id.as_ref().map(|(id, _)| id)
    }

    /// The method of a request or notification, `""` for answers.
    pub fn method(&self) -> &str {
        self.method.as_deref().unwrap_or_default()
    }

    /// The bytes as received, without line breaks.
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// The JSON text of `params`.
    pub fn params(&self) -> Option<&str> {
        self.text(self.params.clone()?)
    }

    /// The JSON text of `result`, or of `error` in an error answer.
    pub fn outcome(&self) -> Option<&str> {
        self.text(self.outcome.clone()?)
    }

    /// The byte range of `params` in [`Message::raw`].
    pub fn params_range(&self) -> Option<Range<usize>> {
        self.params.clone()
    }

    /// The byte range of `result` or `error` in [`Message::raw`].
    pub fn outcome_range(&self) -> Option<Range<usize>> {
        self.outcome.clone()
    }

    /// Reads chosen members of `params`, the last of each name; `None` if absent or of another
    /// shape.
    pub fn params_as<T: DeserializeOwned>(&self) -> Option<T> {
        last_members(self.params()?)
    }

    /// Reads chosen members of `result` or `error`, the last of each name; `None` if absent or of
    /// another shape.
    pub fn outcome_as<T: DeserializeOwned>(&self) -> Option<T> {
        last_members(self.outcome()?)
    }

    /// This message with another id and otherwise the same bytes. An error answer without an id
    /// gains one.
    pub fn with_id(&self, id: &str) -> Frame {
        let inserted;
        let edit = match self.id_place() {
            IdPlace::Value(range) => (range, id),
            IdPlace::Missing(at) => {
                inserted = format!("\"id\":{id},");
                (at..at, inserted.as_str())
            }
        };
        // A single edit within the message cannot overlap anything.
        Frame::spliced(&self.raw, &[edit]).unwrap_or_default()
    }

    /// This message with another id and further edits, which must be sorted.
    ///
    /// # Errors
    /// The edits overlap each other or the id.
    pub fn with_edits<With: AsRef<[u8]>>(
        &self,
        id: &str,
        edits: &[(Range<usize>, With)],
    ) -> Result<Frame, Overlap> {
        let inserted;
        let (range, with) = match self.id_place() {
            IdPlace::Value(range) => (range, id.as_bytes()),
            IdPlace::Missing(at) => {
                inserted = format!("\"id\":{id},");
                (at..at, inserted.as_bytes())
            }
        };
        let edits = edits.iter().map(|(range, with)| (range.clone(), with.as_ref()));
        let mut all: Vec<(Range<usize>, &[u8])> = edits.collect();
        all.push((range, with));
        all.sort_by_key(|(range, _)| range.start);
        Frame::spliced(&self.raw, &all)
    }

    /// This message with edits to anything but its id; they must be sorted.
    ///
    /// # Errors
    /// The edits overlap.
    pub fn edited<With: AsRef<[u8]>>(
        &self,
        edits: &[(Range<usize>, With)],
    ) -> Result<Frame, Overlap> {
        Frame::spliced(&self.raw, edits)
    }

    fn id_place(&self) -> IdPlace {
        let known = self.id.as_ref().map(|(_, range)| range.clone());
        match known.or_else(|| self.unusable_id_range()) {
            Some(range) => IdPlace::Value(range),
            None => {
                let start = self.raw.iter().position(|b| *b == b'{').map_or(0, |at| at + 1);
                IdPlace::Missing(start)
            }
        }
    }

    /// Where an illegal `id` is (`null` in an error answer).
    fn unusable_id_range(&self) -> Option<Range<usize>> {
        let text = std::str::from_utf8(&self.raw).ok()?;
        let members: TopLevel<'_> = serde_json::from_str(text).ok()?;
        members.id.map(|id| range_in(text, id))
    }

    /// This message with edits inside `params` or the outcome, and with another id, as a message
    /// again. Nothing is read a second time. The edits must be sorted.
    ///
    /// # Errors
    /// Edits that overlap each other or the id.
    pub fn rewritten<Text: AsRef<[u8]>>(
        &self,
        id: Option<&RequestId>,
        edits: &[(Range<usize>, Text)],
    ) -> Result<Self, Overlap> {
        let new_id = self.id.as_ref().zip(id).map(|((_, range), id)| (range.clone(), id.to_json()));
        let mut all: Vec<(Range<usize>, &[u8])> =
            edits.iter().map(|(range, with)| (range.clone(), with.as_ref())).collect();
        all.extend(new_id.iter().map(|(range, id)| (range.clone(), id.as_bytes())));
        all.sort_by_key(|(range, _)| range.start);
        let raw = Frame::spliced(&self.raw, &all)?.into_bytes();
        let shifted = |at: usize| {
            let before = all.iter().filter(|(range, _)| range.end <= at);
            before.fold(at, |to, (range, with)| to + with.len() - range.len())
        };
        let moved = |range: &Range<usize>| shifted(range.start)..shifted(range.end);
        let id = match (id, &self.id) {
            (Some(id), Some((_, range))) => Some((id.clone(), moved(range))),
            (_, known) => known.as_ref().map(|(id, range)| (id.clone(), moved(range))),
        };
        Ok(Self {
            kind: self.kind,
            raw,
            id,
            method: self.method.clone(),
            params: self.params.as_ref().map(moved),
            outcome: self.outcome.as_ref().map(moved),
        })
    }

    fn text(&self, range: Range<usize>) -> Option<&str> {
        simdutf8::basic::from_utf8(self.raw.get(range)?).ok()
    }
}

fn checked(raw: &[u8]) -> Result<&str, Invalid> {
    simdutf8::compat::from_utf8(raw).map_err(|error| {
        Invalid::not_json(format!("invalid UTF-8 at byte {}", error.valid_up_to()))
    })
}

/// The string of this JSON text, if it is one.
fn unescaped(text: &str) -> Option<Cow<'_, str>> {
    let quoted = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match quoted {
        Some(plain) if !plain.contains('\\') => Some(Cow::Borrowed(plain)),
        _ => serde_json::from_str(text).ok().map(Cow::Owned),
    }
}

/// Removes a byte order mark, as RFC 8259 §8.1 allows.
fn without_byte_order_mark(raw: Bytes) -> Bytes {
    if raw.starts_with(b"\xef\xbb\xbf") { raw.slice(3..) } else { raw }
}

/// Reads a value. Of duplicate members the last one counts, as for most parsers.
fn last_members<T: DeserializeOwned>(text: &str) -> Option<T> {
    let read = serde_json::from_str(text).ok();
    read.or_else(|| serde_json::from_str(&Object::parse(text)?.without_duplicates()?).ok())
}

#[cfg(test)]
mod tests;
