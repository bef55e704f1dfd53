//! Edits to the members of a JSON object by byte range, so that everything a rule does not name
//! stays as it came (T-03). Finds members without reading their values; linear; no I/O.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::frame::{Overlap, check};
use super::slice_range::range_in;

/// Objects up to this many members are searched for doubled names member by member.
const FEW_MEMBERS: usize = 16;

/// What replaces a byte range of a message.
pub type Edit = (Range<usize>, Bytes);

/// What happens to one member.
#[derive(Clone, Debug)]
pub enum Change {
    /// It stays.
    Keep,
    /// It goes, with one comma.
    Remove,
    /// Its value becomes this JSON text.
    Replace(String),
    /// These edits happen inside its value.
    Within(Vec<Edit>),
}

/// One member of an object.
#[derive(Clone, Debug)]
pub struct Member<'a> {
    /// Its name, unescaped.
    pub name: String,
    /// The JSON text of its value.
    pub value: &'a str,
    /// Where it begins in the object's text, with its name.
    start: usize,
}

/// The members of one JSON object, in the order they stand in.
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

    /// The JSON text of the value of this name; of the last one if there are several, which is what
    /// parsers that build values keep.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.members.iter().rev().find(|member| member.name == name).map(|member| member.value)
    }

    /// The string of this name.
    pub fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.get(name)?).ok()
    }

    /// All members.
    pub fn members(&self) -> &[Member<'a>] {
        &self.members
    }

    /// Where the value of this name lies in the object's text.
    pub fn range_of(&self, value: &str) -> Range<usize> {
        range_in(self.text, value)
    }

    /// Whether more than one member has this name, however each of them is escaped.
    pub fn is_doubled(&self, name: &str) -> bool {
        self.members.iter().filter(|member| member.name == name).nth(1).is_some()
    }

    /// The object's text with the last member of each name only; `None` if no name is there twice.
    pub fn undoubled(&self) -> Option<String> {
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
    /// `change` is asked once per name, about the last member of that name, which is the one that
    /// counts for most parsers. If that member changes, the earlier ones of its name go, so that
    /// every parser of the result sees the same; if it stays, they stay untouched too. A name that
    /// is added replaces all members of that name.
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

    /// What happens to each member: to the last one of a name what `change` says, to the earlier
    /// ones of that name nothing, or they go if it changes.
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
        // Only edits within a member could be wrong, and they come from `rewrite` too.
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

/// A text after edits.
///
/// # Errors
/// Edits that are not in order, overlap, or reach beyond the end of the text.
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

/// `"name":value` for each, with a comma behind if members follow.
fn joined(added: &[(&str, String)], more: bool) -> String {
    let one =
        |(name, value): &(&str, String)| format!("{}:{value}", serde_json::Value::from(*name));
    let text = added.iter().map(one).collect::<Vec<_>>().join(",");
    if more { text + "," } else { text }
}

/// What to cut so that elements of an object or array go with one comma each: the one behind an
/// element, or the one before if only cut ones follow. Takes all elements and whether each goes.
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

/// The name of a member, unescaped. Half of a surrogate pair, which JSON can escape and UTF-8
/// cannot hold, becomes a replacement character: no name that a rule speaks of has one.
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
mod tests {
    use super::*;

    fn changed(text: &str, remove: &[&str], added: &[(&str, String)]) -> String {
        let gone = |member: &Member<'_>| {
            if remove.contains(&member.name.as_str()) { Change::Remove } else { Change::Keep }
        };
        Object::parse(text).unwrap().rewritten(gone, added)
    }

    /// T-03
    #[test]
    #[expect(clippy::type_complexity, reason = "a table")]
    fn members_go_and_come_and_everything_else_keeps_its_bytes() {
        let one = [("n", "1".to_owned())];
        let cases: [(&str, &[&str], &[(&str, String)], &str); 9] = [
            (r#"{ "a" : 1.10 , "b":2 }"#, &["a"], &[], r#"{ "b":2 }"#),
            (r#"{ "a" : 1.10 , "b":2 }"#, &["b"], &[], r#"{ "a" : 1.10 }"#),
            (r#"{"a":1,"b":2,"c":3}"#, &["b", "c"], &[], r#"{"a":1}"#),
            (r#"{"a":1,"b":2,"c":3}"#, &["a", "b", "c"], &[], "{}"),
            (r#"{"a":1,"b":2}"#, &["a", "b"], &one, r#"{"n":1}"#),
            (r#"{"a":1,"b":2}"#, &["a"], &one, r#"{"n":1,"b":2}"#),
            ("{}", &[], &one, r#"{"n":1}"#),
            (" { } ", &[], &one, r#" {"n":1 } "#),
            (r#"{"\u0061":"x\"}","b":[{"a":1}]}"#, &["a"], &[], r#"{"b":[{"a":1}]}"#),
        ];
        for (text, remove, added, expected) in cases {
            assert_eq!(changed(text, remove, added), expected, "{text}");
        }
    }

    #[test]
    fn edits_within_a_member_count_from_the_start_of_the_message() {
        let message = r#"{"id":1,"result":{"_meta":{"x":1,"y":2},"content":[]}}"#;
        let outer = Object::parse(message).unwrap();
        let result = outer.get("result").unwrap();
        let offset = outer.range_of(result).start;
        let result = Object::parse(result).unwrap();
        let meta = result.get("_meta").unwrap();
        let at = offset + result.range_of(meta).start;
        let inner = Object::parse(meta).unwrap().rewrite(
            at,
            |m| if m.name == "x" { Change::Remove } else { Change::Keep },
            &[],
        );
        let edits = result.rewrite(
            offset,
            |m| if m.name == "_meta" { Change::Within(inner.clone()) } else { Change::Keep },
            &[],
        );
        let expected = r#"{"id":1,"result":{"_meta":{"y":2},"content":[]}}"#;
        assert_eq!(apply(message, &edits).unwrap(), expected);
    }

    /// T-13, T-03
    #[test]
    fn the_last_member_of_a_name_decides_and_earlier_ones_go_only_with_a_change() {
        let text = r#"{"a":1,"\u0061":2,"b":3,"a":4,"c":5}"#;
        let object = Object::parse(text).unwrap();
        let asked = std::cell::RefCell::new(Vec::new());
        let changed = |change: Change| {
            object.rewritten(
                |member| {
                    asked.borrow_mut().push(member.value.to_owned());
                    if member.name == "a" { change.clone() } else { Change::Keep }
                },
                &[],
            )
        };
        assert_eq!(changed(Change::Keep), text);
        assert_eq!(asked.take(), ["5", "4", "3"], "once per name, about its last member");
        assert_eq!(changed(Change::Within(Vec::new())), text);
        assert_eq!(changed(Change::Remove), r#"{"b":3,"c":5}"#);
        assert_eq!(changed(Change::Replace("6".to_owned())), r#"{"b":3,"a":6,"c":5}"#);
        let at = text.find('4').unwrap();
        let within = Change::Within(vec![(at..at + 1, "[4]".into())]);
        assert_eq!(changed(within), r#"{"b":3,"a":[4],"c":5}"#);
        assert!(object.is_doubled("a") && !object.is_doubled("b"));
    }

    /// T-13
    #[test]
    fn an_added_member_replaces_all_of_its_name() {
        let text = r#"{"a":1,"b":2,"a":3}"#;
        assert_eq!(changed(text, &[], &[("a", "4".to_owned())]), r#"{"a":4,"b":2}"#);
    }

    /// S-12, T-13
    #[test]
    fn many_doubled_members_are_rewritten_in_linear_time() {
        let members: Vec<String> = (0..200_000).map(|at| format!("\"{}\":1", at % 100)).collect();
        let text = format!("{{{}}}", members.join(","));
        let began = std::time::Instant::now();
        let out = Object::parse(&text).unwrap().rewritten(|_| Change::Replace("2".into()), &[]);
        assert_eq!(Object::parse(&out).unwrap().members().len(), 100);
        assert!(began.elapsed() < std::time::Duration::from_secs(20));
    }

    /// T-03: a name that no Rust string can hold hides no other member.
    #[test]
    fn a_member_whose_name_is_half_a_surrogate_pair_is_a_member() {
        let text = r#"{"\ud800":1,"a":2}"#;
        assert_eq!(changed(text, &["a"], &[]), r#"{"\ud800":1}"#);
    }

    #[test]
    fn what_is_no_object_has_no_members() {
        for text in ["[]", "1", "null", "\"{}\""] {
            assert!(Object::parse(text).is_none(), "{text}");
        }
    }

    proptest::proptest! {
        /// T-13
        #[test]
        fn any_doubled_members_and_any_change_leave_json(
            names in proptest::collection::vec(0_usize..4, 0..24),
            changes in proptest::collection::vec(0_u8..4, 4),
            adds in proptest::bool::ANY,
        ) {
            const SPELLINGS: [[&str; 2]; 4] =
                [["a", "\\u0061"], ["b", "b"], ["c/", "c\\/"], ["\u{e9}", "\\u00e9"]];
            let parts: Vec<String> = names.iter().enumerate().map(|(at, name)| {
                format!("\"{}\" : {{\"in\":{at}}}", SPELLINGS[*name][at % 2])
            }).collect();
            let text = format!("{{{}}}", parts.join(" , "));
            let object = Object::parse(&text).unwrap();
            let change = |member: &Member<'_>| {
                let name = SPELLINGS.iter().position(|[name, _]| *name == member.name).unwrap();
                let start = object.range_of(member.value).start;
                match changes[name] {
                    0 => Change::Keep,
                    1 => Change::Remove,
                    2 => Change::Replace("true".to_owned()),
                    _ => Change::Within(vec![(start + 1..start + 5, "\"out\"".into())]),
                }
            };
            let added = [("a", "null".to_owned())];
            let added = if adds { &added[..] } else { &[] };
            let out = apply(&text, &object.rewrite(0, change, added)).unwrap();
            let value: serde_json::Value = serde_json::from_str(&out).unwrap();
            let out = Object::parse(&out).unwrap();
            for (name, [plain, _]) in SPELLINGS.iter().enumerate() {
                let last = names.iter().rposition(|other| *other == name);
                let expected = match (last, changes[name]) {
                    _ if adds && name == 0 => Some(serde_json::json!(null)),
                    (None, _) | (_, 1) => None,
                    (Some(at), 0) => Some(serde_json::json!({ "in": at })),
                    (Some(_), 2) => Some(serde_json::json!(true)),
                    (Some(at), _) => Some(serde_json::json!({ "out": at })),
                };
                proptest::prop_assert_eq!(value.get(*plain), expected.as_ref());
                let changed = changes[name] != 0 || adds && name == 0;
                proptest::prop_assert!(!changed || !out.is_doubled(plain));
            }
        }

        #[test]
        fn every_choice_of_members_leaves_json_with_the_others(
            names in proptest::collection::vec("[a-e\"\\\\\u{e9}]{1,3}", 0..6),
            mask in proptest::num::u8::ANY,
            space in "[ ]{0,2}",
        ) {
            let mut unique = names;
            unique.sort();
            unique.dedup();
            let parts: Vec<String> = unique.iter().enumerate().map(|(at, name)| {
                format!("{space}{}{space}:{space}{at}", serde_json::Value::from(name.as_str()))
            }).collect();
            let text = format!("{{{}{space}}}", parts.join(","));
            let gone: Vec<&str> = unique.iter().enumerate()
                .filter(|(at, _)| mask & (1 << at) != 0).map(|(_, name)| name.as_str()).collect();
            let out = changed(&text, &gone, &[("new", "true".to_owned())]);
            let value: serde_json::Value = serde_json::from_str(&out).unwrap();
            let map = value.as_object().unwrap();
            proptest::prop_assert_eq!(map.len(), unique.len() - gone.len() + 1);
            proptest::prop_assert!(gone.iter().all(|name| !map.contains_key(*name)));
        }
    }
}
