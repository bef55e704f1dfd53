//! Pinned tools (`--pin`, S-73): the definitions of a server's tools as they were when they were
//! first seen or last accepted, in one private file for each server and account. This reveals a
//! server that changes a tool behind the user's back. What is sent is decided elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::tool_definition::{ToolDefinition, definitions};
use crate::jsonrpc::{Message, Object};
use crate::platform::private_file::{self, Durability, PrivateFileError};

/// The largest file that is read, in bytes.
const FILE_LIMIT: u64 = 32 * 1024 * 1024;
/// How many bytes of a list, and of reported changes, are kept (S-12).
const MAX_KEPT: usize = 16 * 1024 * 1024;
/// The most changes that are reported for one list.
const MAX_MESSAGES: usize = 20;

/// A tool as it was pinned.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct PinnedTool {
    sha256: String,
    definition: String,
}

/// The content of a file.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct PinFile {
    /// Whether the last page of the list was seen when it was written.
    complete: bool,
    /// How many pages of the list have been read.
    #[serde(default)]
    pages: usize,
    tools: BTreeMap<String, PinnedTool>,
}

/// How a tool differs from the one that was pinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PinChange {
    New,
    Changed,
    Vanished,
}

/// The pinned tools of one server and account.
#[derive(Clone, Debug)]
pub struct ToolPins {
    file: PathBuf,
    /// `None` until something is pinned.
    pinned: Option<PinFile>,
    /// The tools of the list that is being read.
    listed: BTreeMap<String, ToolDefinition>,
    /// How many of its pages have been read.
    pages: usize,
    /// The changes already reported: each is reported once.
    reported: BTreeSet<(String, String)>,
    /// The tools that differ from the pinned ones.
    different: BTreeSet<String>,
    /// How many bytes of the list were read.
    kept: usize,
    /// Whether a list was too large.
    is_overfull: bool,
}

impl ToolPins {
    /// Reads the pins from this file.
    ///
    /// # Errors
    /// The file cannot be read, or is damaged. That must not make tools trusted again.
    pub fn read(file: &Path) -> Result<Self, PinError> {
        let pinned = match private_file::read(file, FILE_LIMIT) {
            Ok(Some(bytes)) => Some(serde_json::from_slice(&bytes).map_err(|_| PinError::Damaged)?),
            Ok(None) => None,
            // Nothing that large was written by this program.
            Err(PrivateFileError::TooLarge { .. }) => return Err(PinError::Damaged),
            Err(error) => return Err(PinError::File(error)),
        };
        Ok(Self { pinned, ..Self::empty(file) })
    }

    /// Starts with no pins, whatever is in the file.
    pub fn empty(file: &Path) -> Self {
        Self {
            file: file.to_owned(),
            pinned: None,
            listed: BTreeMap::new(),
            pages: 0,
            reported: BTreeSet::new(),
            different: BTreeSet::new(),
            kept: 0,
            is_overfull: false,
        }
    }

    /// Whether nothing is pinned yet.
    pub fn is_empty(&self) -> bool {
        self.pinned.is_none()
    }

    /// How many tools are pinned.
    pub fn len(&self) -> usize {
        self.pinned.as_ref().map_or(0, |pinned| pinned.tools.len())
    }

    /// The tools, in the lists so far, that differ from the pinned ones.
    pub(in crate::bridge) fn different(&self) -> &BTreeSet<String> {
        &self.different
    }

    /// Handles a page of the list of tools, and pins tools that are seen for the first time.
    /// Returns messages for the user.
    pub(in crate::bridge) fn handle_page(
        &mut self,
        is_first: bool,
        answer: &Message,
    ) -> Vec<String> {
        let Some(result) = answer.outcome().and_then(Object::parse) else { return Vec::new() };
        let is_last = result.get("nextCursor").is_none_or(|cursor| cursor == "null");
        let lists = result.members().iter().filter(|member| member.name == "tools");
        let tools: Vec<&RawValue> = lists
            .filter_map(|list| serde_json::from_str::<Vec<&RawValue>>(list.value).ok())
            .flatten()
            .collect();
        if is_first {
            self.listed.clear();
            self.kept = 0;
            self.pages = 0;
        }
        self.pages += 1;
        self.kept += tools.iter().map(|tool| tool.get().len()).sum::<usize>();
        if self.kept + self.remembered_bytes() > MAX_KEPT {
            self.is_overfull = true;
            let mebibytes = MAX_KEPT / crate::budget::MIB;
            return vec![format!(
                "the tools are larger than {mebibytes} MiB: they cannot be pinned"
            )];
        }
        let page = definitions(tools.iter().map(|tool| tool.get()));
        let mut messages = self.compare(&page);
        let names: Vec<String> = page.keys().cloned().collect();
        for (name, definition) in page {
            match self.listed.get_mut(&name) {
                Some(known) => known.join(&definition),
                None => drop(self.listed.insert(name, definition)),
            }
        }
        if is_last {
            // A complete list of acceptable size replaces one that was too large.
            self.is_overfull = false;
            messages.extend(self.vanished());
        }
        messages.extend(self.pin_what_is_new(&names, is_last));
        if messages.len() > MAX_MESSAGES {
            let more = messages.len() - MAX_MESSAGES;
            messages.truncate(MAX_MESSAGES);
            messages.push(format!("… and {more} more tools"));
        }
        messages
    }

    /// Whether a list was too large to be compared with the pins.
    pub(in crate::bridge) fn is_overfull(&self) -> bool {
        self.is_overfull
    }

    /// How many bytes are kept besides the list.
    fn remembered_bytes(&self) -> usize {
        let reported = self.reported.iter().map(|(name, digest)| name.len() + digest.len());
        reported.chain(self.different.iter().map(String::len)).sum()
    }

    /// Compares a page with the pins.
    fn compare(&mut self, page: &BTreeMap<String, ToolDefinition>) -> Vec<String> {
        let mut messages = Vec::new();
        for (name, definition) in page {
            let change = self.change_of(name, definition);
            let is_pinned_now = change == Some(PinChange::New) && self.trusts_new_tools();
            if change.is_none() || is_pinned_now {
                self.different.remove(name);
            } else {
                self.different.insert(name.clone());
            }
            let shown = change.filter(|_| !is_pinned_now);
            let hidden = definition.hidden_characters();
            if shown.is_none() && (hidden.is_none() || !is_pinned_now) {
                continue;
            }
            if self.reported.insert((name.clone(), definition.digest())) {
                messages.push(self.describe(name, shown, definition));
            }
        }
        messages
    }

    /// Whether unpinned tools of this page are trusted on first use: nothing is pinned yet, or the
    /// list was never read as far as this.
    fn trusts_new_tools(&self) -> bool {
        let is_unread = |pinned: &PinFile| !pinned.complete && self.pages > pinned.pages;
        self.pinned.as_ref().is_none_or(is_unread)
    }

    fn change_of(&self, name: &str, definition: &ToolDefinition) -> Option<PinChange> {
        let pinned = self.pinned.as_ref().and_then(|pinned| pinned.tools.get(name));
        match pinned {
            None => Some(PinChange::New),
            Some(pinned) if pinned.sha256 == definition.digest() => None,
            Some(_) => Some(PinChange::Changed),
        }
    }

    fn describe(
        &self,
        name: &str,
        change: Option<PinChange>,
        definition: &ToolDefinition,
    ) -> String {
        let shown = crate::redact::plain(name);
        let mut text = match change {
            Some(PinChange::Changed) => {
                let pinned = self.pinned.as_ref().and_then(|pinned| pinned.tools.get(name));
                let old = pinned.map(|pinned| pinned.definition.as_str()).unwrap_or_default();
                let old = ToolDefinition::kept(name, old);
                format!(
                    "the tool `{shown}` has changed since it was pinned:\n{}",
                    old.difference(definition)
                )
            }
            Some(PinChange::New) => {
                let nothing = ToolDefinition::kept(name, "");
                let lines = nothing.difference(definition);
                format!("the tool `{shown}` is new since the tools were pinned:\n{lines}")
            }
            Some(PinChange::Vanished) => format!("the tool `{shown}` is gone"),
            None => format!("the tool `{shown}`"),
        };
        if let Some(hidden) = definition.hidden_characters() {
            text += &format!("\n  its definition contains hidden characters: {hidden}");
        }
        text
    }

    /// The pinned tools that are missing from a complete list.
    fn vanished(&mut self) -> Vec<String> {
        let Some(pinned) = &self.pinned else { return Vec::new() };
        let gone = pinned.tools.keys().filter(|name| !self.listed.contains_key(*name));
        let gone: Vec<String> = gone.cloned().collect();
        let is_news = |name: &String| self.reported.insert((name.clone(), String::new()));
        let news: Vec<String> = gone.into_iter().filter(is_news).collect();
        let nothing = |name: &String| ToolDefinition::kept(name, "");
        news.iter()
            .map(|name| self.describe(name, Some(PinChange::Vanished), &nothing(name)))
            .collect()
    }

    /// Pins this page's new tools if they are trusted, and notes how far the list was read.
    fn pin_what_is_new(&mut self, names: &[String], is_last: bool) -> Option<String> {
        let is_trusted = self.trusts_new_tools();
        let is_complete = self.pinned.as_ref().is_some_and(|pinned| pinned.complete);
        if !is_trusted && (is_complete || !is_last) {
            return None;
        }
        let pinned = self.pinned.get_or_insert_default();
        for name in names.iter().filter(|_| is_trusted) {
            if let Some(definition) = self.listed.get(name) {
                let new = || PinnedTool::of(definition);
                pinned.tools.entry(name.clone()).or_insert_with(new);
            }
        }
        pinned.complete = is_last;
        pinned.pages = pinned.pages.max(self.pages);
        let error = self.write().err()?;
        Some(format!("the tools could not be pinned: {error}"))
    }

    /// Describes how these tools differ from the pinned ones; empty if they do not.
    pub fn differences(&self, tools: &[Box<RawValue>]) -> Vec<String> {
        let mut pins = self.clone();
        pins.reported.clear();
        let Some(pinned) = &mut pins.pinned else { return Vec::new() };
        pinned.complete = true;
        pins.listed = definitions(tools.iter().map(|tool| tool.get()));
        let listed = pins.listed.clone();
        let mut messages = pins.compare(&listed);
        messages.extend(pins.vanished());
        messages
    }

    /// Pins exactly these tools.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn accept(&mut self, tools: &[Box<RawValue>]) -> Result<(), PinError> {
        let listed = definitions(tools.iter().map(|tool| tool.get()));
        let tools = listed.into_iter().map(|(name, one)| (name, PinnedTool::of(&one))).collect();
        self.pinned = Some(PinFile { complete: true, pages: self.pages, tools });
        self.write()
    }

    fn write(&self) -> Result<(), PinError> {
        let bytes = serde_json::to_vec(&self.pinned).expect("names and texts are JSON");
        if bytes.len() as u64 > FILE_LIMIT {
            return Err(PinError::TooLarge);
        }
        private_file::write(&self.file, &bytes, Durability::Disk).map_err(PinError::File)
    }
}

impl PinnedTool {
    fn of(definition: &ToolDefinition) -> Self {
        Self { sha256: definition.digest(), definition: definition.text().to_owned() }
    }
}

/// Why pinned tools cannot be read or written. What helps differs.
#[derive(Debug)]
pub enum PinError {
    /// The file cannot be used: it has to be made usable.
    File(PrivateFileError),
    /// The file holds something else: the tools have to be looked at and pinned anew.
    Damaged,
    /// There is too much to pin: the server cannot be used with pinned tools.
    TooLarge,
}

impl std::fmt::Display for PinError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(error) => write!(f, "{error}"),
            Self::Damaged => f.write_str("the file of the pinned tools is damaged"),
            Self::TooLarge => f.write_str("the definitions of the tools are too large"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(tools: &[(&str, &str)], cursor: Option<&str>) -> Message {
        let tools: Vec<String> = tools
            .iter()
            .map(|(name, about)| format!(r#"{{"name":"{name}","description":"{about}"}}"#))
            .collect();
        let cursor = cursor.map_or(String::new(), |cursor| format!(r#","nextCursor":"{cursor}""#));
        let text = format!(
            r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":[{}]{cursor}}}}}"#,
            tools.join(",")
        );
        Message::parse(text).unwrap()
    }

    fn different(pins: &ToolPins) -> Vec<&str> {
        pins.different().iter().map(String::as_str).collect()
    }

    /// S-73
    #[test]
    fn what_changes_after_the_first_time_is_told_once_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pins/x.json");
        let open = || ToolPins::read(&file).unwrap();
        let mut pins = open();
        let first = [("a", "reads"), ("b", "writes"), ("c", "lists")];
        assert!(pins.handle_page(true, &page(&first, None)).is_empty());
        let mut pins = open();
        assert!(pins.handle_page(true, &page(&first, None)).is_empty(), "the same again");
        let later = [("a", "reads"), ("b", "sends everything"), ("d", "new")];
        let messages = pins.handle_page(true, &page(&later, None));
        assert_eq!(messages.len(), 3, "{messages:?}");
        assert!(
            messages[0].contains("`b` has changed")
                && messages[0].contains("+ description: \"sends")
        );
        assert!(messages[1].contains("`d` is new") && messages[2].contains("`c` is gone"));
        assert_eq!(different(&pins), ["b", "d"]);
        assert!(pins.handle_page(true, &page(&later, None)).is_empty(), "told once");
        pins.handle_page(true, &page(&first, None));
        assert_eq!(different(&pins), ["d"], "it is the pinned one again");
        let mut again = open();
        assert_eq!(again.handle_page(true, &page(&later, None)).len(), 3, "until it is accepted");
    }

    /// S-72, S-73, S-12: what cannot be held against the pins is not trusted, and not kept either.
    #[test]
    fn a_list_that_is_too_large_is_pinned_by_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let mut pins = ToolPins::read(&folder.path().join("x.json")).unwrap();
        let large = "x".repeat(6 * 1024 * 1024);
        let counts: Vec<usize> = (0..6)
            .map(|number| {
                let (name, cursor) = (format!("t{number}"), (number < 5).then_some("next"));
                pins.handle_page(number == 0, &page(&[(&name, &large)], cursor)).len()
            })
            .collect();
        assert_eq!(counts, [0, 0, 1, 1, 1, 1], "two fit");
        assert!(pins.is_overfull() && pins.listed.len() == 2);
        pins.handle_page(true, &page(&[("a", "x")], None));
        assert!(!pins.is_overfull(), "a whole list makes up for it");
    }

    /// S-39: without a limit, comparing texts without a line in common would take hours.
    #[test]
    fn a_difference_does_not_take_longer_because_a_server_changed_every_line() {
        let text = |mark: &str| {
            let lines: Vec<String> = (0..60_000).map(|line| format!("\"{mark}{line}\"")).collect();
            ToolDefinition::kept("a", &lines.join("\n"))
        };
        assert!(text("a").difference(&text("b")).contains("more lines"));
    }

    /// S-73
    #[test]
    fn pages_are_one_list_and_a_list_that_was_not_read_to_its_end_goes_on_later() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.json");
        let mut pins = ToolPins::read(&file).unwrap();
        assert!(pins.handle_page(true, &page(&[("a", "x")], Some("2"))).is_empty());
        let mut pins = ToolPins::read(&file).unwrap();
        assert!(pins.handle_page(true, &page(&[("a", "x")], Some("2"))).is_empty());
        assert!(pins.handle_page(false, &page(&[("b", "y")], None)).is_empty());
        assert!(different(&pins).is_empty());
        let messages = pins.handle_page(true, &page(&[("a", "z")], Some("2")));
        assert!(messages.len() == 1 && messages[0].contains("`a` has changed"), "{messages:?}");
        assert!(pins.handle_page(false, &page(&[("b", "y")], None)).is_empty(), "none vanished");
    }

    /// S-73: a list without an end does not make its first page trusted for ever.
    #[test]
    fn a_page_that_was_read_once_is_trusted_no_further() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.json");
        let open = || ToolPins::read(&file).unwrap();
        assert!(open().handle_page(true, &page(&[("a", "x")], Some("2"))).is_empty());
        for session in 0..2 {
            let mut pins = open();
            let messages = pins.handle_page(true, &page(&[("a", "x"), ("n", "y")], Some("2")));
            assert!(messages.len() == 1 && messages[0].contains("`n` is new"), "{session}");
            assert_eq!(different(&pins), ["n"], "{session}");
            assert!(pins.handle_page(false, &page(&[("b", "y")], Some("3"))).is_empty());
            assert_eq!(different(&pins), ["n"], "the second page is new, the first is not");
        }
        let mut pins = open();
        pins.handle_page(true, &page(&[("a", "x"), ("n", "y")], None));
        assert_eq!(different(&pins), ["n"], "nor when the list ends");
        assert_eq!(open().handle_page(true, &page(&[("a", "x"), ("m", "y")], None)).len(), 2);
    }

    /// S-73
    #[test]
    fn a_damaged_file_is_no_reason_to_trust_anew() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.json");
        for text in ["", "{", "[]", r#"{"tools":7}"#] {
            private_file::write(&file, text.as_bytes(), Durability::Process).unwrap();
            assert!(matches!(ToolPins::read(&file), Err(PinError::Damaged)), "{text}");
        }
        std::fs::File::create(&file).unwrap().set_len(FILE_LIMIT + 1).unwrap();
        assert!(matches!(ToolPins::read(&file), Err(PinError::Damaged)));
        std::fs::remove_file(&file).unwrap();
        std::fs::create_dir(&file).unwrap();
        assert!(matches!(ToolPins::read(&file), Err(PinError::File(_))));
    }

    /// S-73
    #[test]
    fn hidden_characters_are_named_the_first_time_too() {
        let folder = tempfile::tempdir().unwrap();
        let mut pins = ToolPins::read(&folder.path().join("x.json")).unwrap();
        let messages = pins.handle_page(true, &page(&[("a", "see\u{e0041}n"), ("b", "x")], None));
        assert!(messages.len() == 1 && messages[0].contains("U+E0041"), "{messages:?}");
        assert!(different(&pins).is_empty());
    }
}
