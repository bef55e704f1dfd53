//! Merges the pages of a list: all items are copied into the first page, byte for byte (E-26).
//! Requests no pages itself.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::Instant;

use crate::budget::{MESSAGE_OVERHEAD, Share};
use crate::jsonrpc::{Change, Edit, Member, Message, MessageKind, Object};

/// The most pages of a list that are read.
const MAX_PAGES: usize = 100;
/// The most bytes of items that are collected.
const MAX_BYTES: usize = 32 * 1024 * 1024;
/// How long the host waits for further pages.
const PAGES_TIMEOUT: Duration = Duration::from_secs(5);

/// The pages of a list received so far.
#[derive(Debug)]
pub(in crate::bridge) struct ListPages {
    pub(in crate::bridge) first: Message,
    member: &'static str,
    /// The items of further pages, each with a comma in front.
    items: String,
    /// The cursor of the next page, as JSON text.
    pub(in crate::bridge) cursor: String,
    seen: HashSet<String>,
    pub(in crate::bridge) due: Instant,
    share: Share,
}

impl ListPages {
    /// Starts with the first page of a list, if another one follows.
    pub(in crate::bridge) fn begin(member: &'static str, first: &Message) -> Option<Self> {
        let (_, cursor) = read_page(first, member)?;
        let due = Instant::now() + PAGES_TIMEOUT;
        let (first, cursor) = (first.clone(), cursor?.to_owned());
        let mut share = Share::default();
        if !share.try_grow(first.raw().len() + cursor.len()) {
            return None;
        }
        Some(Self { first, member, items: String::new(), cursor, seen: HashSet::new(), due, share })
    }

    /// Adds a page. Returns whether another one is to be read.
    pub(in crate::bridge) fn add(&mut self, page: &Message) -> bool {
        let Some((items, cursor)) = read_page(page, self.member) else { return false };
        let cost = items.len() + cursor.map_or(0, str::len) + MESSAGE_OVERHEAD;
        if self.items.len() + items.len() > MAX_BYTES || !self.share.try_grow(cost) {
            return false;
        }
        if !items.is_empty() {
            self.items.push(',');
            self.items.push_str(items);
        }
        self.seen.insert(std::mem::take(&mut self.cursor));
        match cursor {
            // A repeated cursor would loop forever: the list ends there.
            Some(cursor) if !self.seen.contains(cursor) => {
                self.cursor = cursor.to_owned();
                self.seen.len() < MAX_PAGES
            }
            _ => false,
        }
    }

    /// The first page with all items, and with the cursor of the next page if there is an unread
    /// one.
    pub(in crate::bridge) fn merged(&self) -> Option<Message> {
        let range = self.first.outcome_range()?;
        let result = Object::parse(self.first.outcome()?)?;
        let list = result.get(self.member)?;
        let end = range.start + result.range_of(list).end - 1;
        let is_empty = items_of(list)?.is_empty();
        let items = if is_empty { self.items.trim_start_matches(',') } else { &self.items };
        let more: Vec<Edit> = vec![(end..end, items.to_owned().into())];
        let change = |member: &Member<'_>| match member.name.as_str() {
            "nextCursor" if self.cursor.is_empty() => Change::Remove,
            "nextCursor" => Change::Replace(self.cursor.clone()),
            name if name == self.member => Change::Within(more.clone()),
            _ => Change::Keep,
        };
        self.first.rewritten(None, &result.rewrite(range.start, change, &[])).ok()
    }
}

/// The items of a page, without their brackets, and the cursor of the next page. `None` unless both
/// are unambiguous.
fn read_page<'a>(page: &'a Message, member: &str) -> Option<(&'a str, Option<&'a str>)> {
    if page.kind() != MessageKind::Response {
        return None;
    }
    let result = Object::parse(page.outcome()?)?;
    if result.has_duplicate(member) || result.has_duplicate("nextCursor") {
        return None;
    }
    let cursor = result.get("nextCursor").filter(|cursor| *cursor != "null");
    Some((items_of(result.get(member)?)?, cursor))
}

/// The text between the brackets of an array.
fn items_of(list: &str) -> Option<&str> {
    Some(list.strip_prefix('[')?.strip_suffix(']')?.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(result: &str) -> Message {
        Message::parse(format!(r#"{{"jsonrpc":"2.0","id":1,"result":{result}}}"#)).unwrap()
    }

    fn merged(pages: &[&str]) -> Option<(String, bool)> {
        let mut list = ListPages::begin("tools", &page(pages[0]))?;
        let mut goes_on = true;
        for next in &pages[1..] {
            assert!(goes_on);
            goes_on = list.add(&page(next));
        }
        Some((list.merged().unwrap().outcome().unwrap().to_owned(), goes_on))
    }

    /// E-26, T-03
    #[test]
    fn items_of_all_pages_stand_in_the_first_byte_for_byte() {
        let pages = [
            r#"{"x":1.10,"tools":[ {"name":"a","n":1E+2} ],"nextCursor":"1"}"#,
            r#"{"nextCursor":"","tools":[]}"#,
            r#"{"tools":[{"name":"\u0062"} , {"name":"c"}],"y":2}"#,
        ];
        let expected =
            r#"{"x":1.10,"tools":[ {"name":"a","n":1E+2} ,{"name":"\u0062"} , {"name":"c"}]}"#;
        assert_eq!(merged(&pages), Some((expected.to_owned(), false)));
        let none_in_the_first = [r#"{"tools":[],"nextCursor":"1"}"#, r#"{"tools":[{}]}"#];
        assert_eq!(merged(&none_in_the_first), Some((r#"{"tools":[{}]}"#.to_owned(), false)));
    }

    /// E-26
    #[test]
    fn the_cursor_that_was_reached_stays_and_a_circle_ends() {
        let first = r#"{"tools":[1],"nextCursor":"a"}"#;
        assert_eq!(merged(&[first]), Some((first.to_owned(), true)));
        let second = r#"{"tools":[2],"nextCursor":"b"}"#;
        let expected = r#"{"tools":[1,2],"nextCursor":"b"}"#;
        assert_eq!(merged(&[first, second]), Some((expected.to_owned(), true)));
        let circle = r#"{"tools":[3],"nextCursor":"a"}"#;
        let expected = r#"{"tools":[1,2,3]}"#;
        assert_eq!(merged(&[first, second, circle]), Some((expected.to_owned(), false)));
    }

    /// E-26: what is not a plain page passes as it came
    #[test]
    fn a_single_page_and_duplicate_members_are_left_alone() {
        for result in [
            r#"{"tools":[]}"#,
            r#"{"tools":[],"nextCursor":null}"#,
            r#"{"tools":[],"tools":[],"nextCursor":"a"}"#,
            r#"{"tools":7,"nextCursor":"a"}"#,
            r#"{"nextCursor":"a"}"#,
        ] {
            assert!(merged(&[result]).is_none(), "{result}");
        }
    }
}
