//! Edits to the members of a JSON object by byte range, so that everything a rule does not name
//! stays as it came (T-03). Finds members without reading their values; linear; no I/O.

use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

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
            from = value.as_ptr() as usize - text.as_ptr() as usize + value.len();
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
        let start = value.as_ptr() as usize - self.text.as_ptr() as usize;
        start..start + value.len()
    }

    /// The edits that change members and add others at the front. `offset` is where the object's
    /// text begins in the message; the edits are sorted and do not overlap.
    pub fn rewrite(
        &self,
        offset: usize,
        change: impl Fn(&Member<'a>) -> Change,
        added: &[(&str, String)],
    ) -> Vec<Edit> {
        let changes: Vec<Change> = self.members.iter().map(&change).collect();
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

    /// The object's own text after [`Object::rewrite`].
    pub fn rewritten(
        &self,
        change: impl Fn(&Member<'a>) -> Change,
        added: &[(&str, String)],
    ) -> String {
        apply(self.text, &self.rewrite(0, change, added))
    }
}

/// A text after edits that are sorted and do not overlap.
pub fn apply(text: &str, edits: &[Edit]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (range, with) in edits {
        out.push_str(&text[from..range.start]);
        out.push_str(&String::from_utf8_lossy(with));
        from = range.end;
    }
    out.push_str(&text[from..]);
    out
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
        while let Some(pair) = map.next_entry::<String, &'de RawValue>()? {
            pairs.push(pair);
        }
        Ok(pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(text: &str, remove: &[&str], added: &[(&str, String)]) -> String {
        let gone = |member: &Member<'_>| match remove.contains(&member.name.as_str()) {
            true => Change::Remove,
            false => Change::Keep,
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
        assert_eq!(apply(message, &edits), expected);
    }

    #[test]
    fn what_is_no_object_has_no_members() {
        for text in ["[]", "1", "null", "\"{}\""] {
            assert!(Object::parse(text).is_none(), "{text}");
        }
    }

    proptest::proptest! {
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
