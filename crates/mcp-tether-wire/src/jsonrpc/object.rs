//! Edits the members of a JSON object by byte range, so that everything else stays unchanged
//! (T-03). Finds members without reading their values, in linear time and without I/O.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::frame::{Overlap, check};
use super::slice_range::range_in;

/// Objects up to this many members are searched for duplicate names member by member.
const FEW_MEMBERS: usize = 16;

/// A byte range of a message, and its replacement.
pub type Edit = (Range<usize>, Bytes);

/// The change to a member.
#[derive(Clone, Debug)]
pub enum Change {
    /// Keep it.
    Keep,
    /// Remove it, with one comma.
    Remove,
    /// Replace its value by this JSON text.
    Replace(String),
    /// Apply these edits inside its value.
    Within(Vec<Edit>),
}

/// One member of an object.
#[derive(Clone, Debug)]
pub struct Member<'a> {
    /// Its name, unescaped.
    pub name: String,
    /// The JSON text of its value.
    pub value: &'a str,
    /// Where its name begins in the object's text.
    start: usize,
}

/// The members of one JSON object, in the order in which they occur.
#[derive(Clone, Debug)]
pub struct Object<'a> {
    text: &'a str,
    members: Vec<Member<'a>>,
}

impl<'a> Object<'a> {
    /// Finds the members of an object. `None` for anything else.
    pub fn parse(text: &'a str) -> Option<Self> {
        let pairs = serde_json::Deserializer::from_str(text).deserialize_map(Pairs).ok()?;
        let mut members = Vec::with_capacity(pairs.len());
        let mut from = text.find('{')? + 1;
        for (name, raw) in pairs {
            let value = raw.get();
            let start = from + text[from..].find('"')?;
            from = range_in(text, value).end;
            members.push(Member { name, value, start });
        }
        Some(Self { text, members })
    }

    /// The JSON text of the value with this name; of the last one if there are duplicates, like in
    /// parsers that build values.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.members.iter().rev().find(|member| member.name == name).map(|member| member.value)
    }

    /// The string with this name.
    pub fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.get(name)?).ok()
    }

    /// All members.
    pub fn members(&self) -> &[Member<'a>] {
        &self.members
    }

    /// The range of a member's value in the object's text.
    pub fn range_of(&self, value: &str) -> Range<usize> {
        range_in(self.text, value)
    }

    /// Whether several members have this name, however each is escaped.
    pub fn has_duplicate(&self, name: &str) -> bool {
        self.members.iter().filter(|member| member.name == name).nth(1).is_some()
    }

    /// The object's text with only the last member of each name; `None` if there are no duplicates.
    pub fn without_duplicates(&self) -> Option<String> {
        let last = self.last_of_each_name();
        if last.iter().enumerate().all(|(at, last)| at == *last) {
            return None;
        }
        let place = |member: &Member<'_>| member.start..self.range_of(member.value).end;
        let places: Vec<(Range<usize>, bool)> = self
            .members
            .iter()
            .enumerate()
            .map(|(at, member)| (place(member), last[at] != at))
            .collect();
        let cuts = cut_ranges(&places).into_iter().map(|cut| (cut, Bytes::new()));
        apply(self.text, &cuts.collect::<Vec<_>>()).ok()
    }

    /// The edits that change members and add others at the front. `offset` is where the object's
    /// text begins in the message; the edits are sorted and do not overlap.
    ///
    /// `change` is called once per name, with the last member of that name, which counts for most
    /// parsers. If it changes that member, the earlier duplicates are removed, so that every parser
    /// sees the same; if it keeps it, they stay too. An added name replaces all members of that
    /// name.
    pub fn rewrite(
        &self,
        offset: usize,
        change: impl Fn(&Member<'a>) -> Change,
        added: &[(&str, String)],
    ) -> Vec<Edit> {
        let changes = self.changes(change, added);
        let places: Vec<(Range<usize>, bool)> = self
            .members
            .iter()
            .zip(&changes)
            .map(|(member, change)| {
                let end = self.range_of(member.value).end;
                (member.start..end, matches!(change, Change::Remove))
            })
            .collect();
        let mut edits: Vec<Edit> = Vec::new();
        if !added.is_empty() {
            let front = self.text.find('{').map_or(0, |at| at + 1);
            let keeps = places.iter().any(|(_, removed)| !removed);
            edits.push((front..front, joined(added, keeps).into()));
        }
        edits.extend(cut_ranges(&places).into_iter().map(|cut| (cut, Bytes::new())));
        for (member, change) in self.members.iter().zip(changes) {
            match change {
                Change::Keep | Change::Remove => {}
                Change::Replace(text) => edits.push((self.range_of(member.value), text.into())),
                // Edits inside a value already count from the start of the message.
                Change::Within(inner) => edits.extend(
                    inner
                        .into_iter()
                        .map(|(range, with)| (range.start - offset..range.end - offset, with)),
                ),
            }
        }
        // A front insertion and a cut may begin at the same place: the sort is stable.
        edits.sort_by_key(|(range, _)| range.start);
        edits
            .into_iter()
            .map(|(range, with)| (range.start + offset..range.end + offset, with))
            .collect()
    }

    /// The change to each member: `change` decides for the last one of each name; earlier
    /// duplicates stay if it stays, and are removed otherwise.
    fn changes(
        &self,
        change: impl Fn(&Member<'a>) -> Change,
        added: &[(&str, String)],
    ) -> Vec<Change> {
        let last = self.last_of_each_name();
        let mut changes = vec![Change::Keep; self.members.len()];
        for (at, member) in self.members.iter().enumerate().rev() {
            changes[at] = if added.iter().any(|(name, _)| *name == member.name) {
                Change::Remove
            } else if last[at] == at {
                change(member)
            } else if changes[last[at]].changes_anything() {
                Change::Remove
            } else {
                Change::Keep
            };
        }
        changes
    }

    /// For each member the position of the last member of its name. Linear.
    fn last_of_each_name(&self) -> Vec<usize> {
        let members = &self.members;
        if members.len() <= FEW_MEMBERS {
            let last = |name: &str| members.iter().rposition(|member| member.name == name);
            let of = |(at, member): (usize, &Member<'_>)| last(&member.name).unwrap_or(at);
            return members.iter().enumerate().map(of).collect();
        }
        let last: HashMap<&str, usize> =
            members.iter().enumerate().map(|(at, member)| (member.name.as_str(), at)).collect();
        members.iter().map(|member| last[member.name.as_str()]).collect()
    }

    /// The object's own text after [`Object::rewrite`].
    pub fn rewritten(
        &self,
        change: impl Fn(&Member<'a>) -> Change,
        added: &[(&str, String)],
    ) -> String {
        let edits = self.rewrite(0, change, added);
        // Only edits within a member could be invalid, and those come from `rewrite` too.
        apply(self.text, &edits).unwrap_or_else(|_| self.text.to_owned())
    }
}

impl Change {
    fn changes_anything(&self) -> bool {
        match self {
            Self::Keep => false,
            Self::Within(edits) => !edits.is_empty(),
            Self::Remove | Self::Replace(_) => true,
        }
    }
}

/// Applies edits to a text.
///
/// # Errors
/// The edits are not in order, overlap, or reach beyond the end of the text.
pub fn apply(text: &str, edits: &[Edit]) -> Result<String, Overlap> {
    check(text.len(), edits)?;
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (range, with) in edits {
        out.push_str(text.get(from..range.start).ok_or(Overlap)?);
        out.push_str(&String::from_utf8_lossy(with));
        from = range.end;
    }
    out.push_str(text.get(from..).ok_or(Overlap)?);
    Ok(out)
}

/// Joins members as `"name":value`, with a trailing comma if more follow.
fn joined(added: &[(&str, String)], more: bool) -> String {
    let one =
        |(name, value): &(&str, String)| format!("{}:{value}", serde_json::Value::from(*name));
    let text = added.iter().map(one).collect::<Vec<_>>().join(",");
    if more { text + "," } else { text }
}

/// The ranges to cut to remove elements of an object or array, each with one comma: the one after
/// an element, or the one before it if no kept element follows. Takes all elements and whether each
/// is removed.
pub fn cut_ranges(places: &[(Range<usize>, bool)]) -> Vec<Range<usize>> {
    let mut cuts: Vec<Range<usize>> = Vec::new();
    let last_kept = places.iter().rposition(|(_, goes)| !goes);
    for (position, (range, _)) in places.iter().enumerate().filter(|(_, (_, goes))| *goes) {
        let cut = match (last_kept, places.get(position + 1)) {
            (Some(kept), Some((next, _))) if position < kept => range.start..next.start,
            (Some(_), _) => places[position - 1].0.end..range.end,
            (None, Some((next, _))) => range.start..next.start,
            (None, None) => range.clone(),
        };
        cuts.push(cut);
    }
    cuts
}

struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some((Name(name), value)) = map.next_entry::<Name, &'de RawValue>()? {
            pairs.push((name, value));
        }
        Ok(pairs)
    }
}

/// The name of a member, unescaped. A lone surrogate, which JSON can escape but UTF-8 cannot hold,
/// becomes a replacement character: no name in a rule has one.
struct Name(String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(NameBytes)
    }
}

struct NameBytes;

impl Visitor<'_> for NameBytes {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Name, E> {
        Ok(Name(String::from_utf8_lossy(bytes).into_owned()))
    }
}

#[cfg(test)]
mod tests;
