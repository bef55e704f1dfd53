//! Decides which of a server's tools, prompts and resources the host may see and use:
//! `--only-tool`, `--ignore-tool`, the same flags for prompts and resources, and `--read-only`
//! (T-15, S-72). Hidden items are cut out of lists by byte range; the rest stays untouched.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use bytes::Bytes;
use serde::Deserializer;
use serde_json::value::RawValue;

use crate::jsonrpc::{Edit, Message, Object, cut_ranges};
use crate::protocol::methods;

/// How many tools are remembered as read-only or not; the tools of a server that lists more are
/// listed again.
const MAX_KNOWN: usize = 100_000;
/// How many bytes their names may have (S-12).
const MAX_KNOWN_BYTES: usize = 8 * 1024 * 1024;

/// The names that are shown: case-insensitive patterns for the whole name, in which `*` matches
/// anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamePatterns {
    only: Vec<String>,
    ignore: Vec<String>,
}

/// Which tools, prompts and resources the host sees.
#[derive(Clone, Debug, Default)]
pub struct OfferFilter {
    tools: NamePatterns,
    prompts: NamePatterns,
    resources: NamePatterns,
    read_only: bool,
    /// Whether tools that differ from the pinned ones are hidden.
    blocks_unpinned: bool,
    /// Whether each listed tool is read-only.
    known: HashMap<String, bool>,
    /// The tools that differ from the pinned ones.
    unpinned: BTreeSet<String>,
    /// Whether no tool could be compared with the pinned ones.
    are_all_unpinned: bool,
}

/// A kind of item that a server offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kind {
    /// The member that identifies it in a list.
    key: &'static str,
    /// The member of a list's result that holds the items.
    list: &'static str,
    /// The word for it in messages.
    word: &'static str,
    /// The end of the flags' names.
    flag: &'static str,
}

const TOOL: Kind = Kind { key: "name", list: "tools", word: "tool", flag: "tool" };
const PROMPT: Kind = Kind { key: "name", list: "prompts", word: "prompt", flag: "prompt" };
const RESOURCE: Kind = Kind { key: "uri", list: "resources", word: "resource", flag: "resource" };
/// A skill is the resource of its `SKILL.md` (SEP-2640).
const SKILL: Kind = Kind { key: "uri", list: "skills", word: "skill", flag: "resource" };
const TEMPLATE: Kind = Kind {
    key: "uriTemplate",
    list: "resourceTemplates",
    word: "resource template",
    flag: "resource",
};

impl NamePatterns {
    /// Shows the names that a pattern in `only` matches (all, if it is empty), except those that a
    /// pattern in `ignore` matches.
    pub fn new<Pattern: AsRef<str>>(
        only: impl IntoIterator<Item = Pattern>,
        ignore: impl IntoIterator<Item = Pattern>,
    ) -> Self {
        fn lower<P: AsRef<str>>(patterns: impl IntoIterator<Item = P>) -> Vec<String> {
            patterns.into_iter().map(|pattern| pattern.as_ref().to_lowercase()).collect()
        }
        Self { only: lower(only), ignore: lower(ignore) }
    }

    fn is_open(&self) -> bool {
        self.only.is_empty() && self.ignore.is_empty()
    }

    /// Whether this name is hidden.
    pub fn hides(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        let matched = |patterns: &[String]| patterns.iter().any(|pattern| matches(pattern, &name));
        matched(&self.ignore) || !self.only.is_empty() && !matched(&self.only)
    }

    /// The flag that hides this name.
    fn flag(&self, name: &str) -> &'static str {
        let ignored = self.ignore.iter().any(|pattern| matches(pattern, &name.to_lowercase()));
        if ignored { "--ignore-" } else { "--only-" }
    }
}

impl OfferFilter {
    /// Shows what these patterns show and, if `read_only`, only tools that the server marks as
    /// read-only.
    pub fn new(
        tools: NamePatterns,
        prompts: NamePatterns,
        resources: NamePatterns,
        read_only: bool,
    ) -> Self {
        Self { tools, prompts, resources, read_only, ..Self::default() }
    }

    /// Also hides tools that differ from the pinned ones.
    #[must_use]
    pub fn blocking_unpinned(self, blocks_unpinned: bool) -> Self {
        Self { blocks_unpinned, ..self }
    }

    /// Records which tools differ from the pinned ones. Does nothing unless they are to be hidden.
    pub(in crate::bridge) fn set_unpinned(&mut self, tools: &BTreeSet<String>, all: bool) {
        if self.blocks_unpinned {
            self.are_all_unpinned = all;
            self.unpinned.clone_from(tools);
        }
    }

    /// Whether tools must be listed before one is called.
    pub fn judges_tools(&self) -> bool {
        self.read_only || self.blocks_unpinned
    }

    /// Whether nothing is hidden.
    pub fn is_open(&self) -> bool {
        !self.judges_tools()
            && self.tools.is_open()
            && self.prompts.is_open()
            && self.resources.is_open()
    }

    /// Checks whether this request may be sent. If anything is hidden, a request with a duplicate
    /// name may not: the server might read the other one.
    ///
    /// # Errors
    /// The request is refused; the error is the message for the host.
    pub(in crate::bridge) fn allows(&self, request: &Message) -> Result<(), String> {
        if self.is_open() {
            return Ok(());
        }
        let params = || request.params().and_then(Object::parse);
        match request.method() {
            methods::TOOLS_CALL => self.allows_named(TOOL, params()),
            methods::SKILLS_GET => self.allows_named(SKILL, params()),
            methods::PROMPTS_GET => self.allows_named(PROMPT, params()),
            methods::RESOURCES_READ
            | methods::SUBSCRIBE
            | methods::UNSUBSCRIBE
            | methods::RESOURCE_DIRECTORY_READ => self.allows_named(RESOURCE, params()),
            methods::LISTEN => self.allows_listening(params()),
            methods::COMPLETE => self.allows_completing(params()),
            _ => Ok(()),
        }
    }

    /// Checks the item that these members name.
    fn allows_named(&self, kind: Kind, params: Option<Object<'_>>) -> Result<(), String> {
        let patterns = self.patterns(kind);
        let judges = kind == TOOL && self.judges_tools();
        if patterns.is_open() && !judges {
            return Ok(());
        }
        let Kind { key, word, .. } = kind;
        let Some(params) = params else { return Err(format!("the {word} is not named")) };
        if params.has_duplicate(key) {
            return Err(format!("`params` has the member `{key}` twice: send it once"));
        }
        let name = params.get(key).and_then(text);
        let Some(name) = name else { return Err(format!("the {word} is not named")) };
        if patterns.hides(&name) {
            return Err(format!(
                "this {word} is hidden by `{}{}`",
                patterns.flag(&name),
                kind.flag
            ));
        }
        if !judges {
            return Ok(());
        }
        if self.are_all_unpinned || self.unpinned.contains(&name) {
            return Err(
                "this tool is hidden by `--pin block`: it is not the one that was pinned; \
                        `mcp-tether tools URL --diff` shows the difference, and `--accept` accepts \
                        it"
                .to_owned(),
            );
        }
        match self.known.get(&name) {
            Some(_) if !self.read_only => Ok(()),
            Some(true) => Ok(()),
            Some(false) => {
                Err("this tool is hidden by `--read-only`: its server does not call it \
                                read-only"
                    .to_owned())
            }
            None => Err("with `--read-only` or `--pin block`, list the tools before you call one"
                .to_owned()),
        }
    }

    /// Checks `subscriptions/listen`, which names resources in a list.
    fn allows_listening(&self, params: Option<Object<'_>>) -> Result<(), String> {
        let wanted = params.as_ref().and_then(|params| Object::parse(params.get("notifications")?));
        let uris = wanted.as_ref().and_then(|wanted| wanted.get("resourceSubscriptions"));
        let Some(uris) = uris else { return Ok(()) };
        let uris: Vec<&RawValue> = serde_json::from_str(uris).unwrap_or_default();
        let hidden = uris.iter().filter_map(|uri| text(uri.get()));
        match hidden.into_iter().find(|uri| self.resources.hides(uri)) {
            Some(uri) => {
                Err(format!("a resource is hidden by `{}resource`", self.resources.flag(&uri)))
            }
            None => Ok(()),
        }
    }

    /// Checks `completion/complete`, which refers to a prompt or a template.
    fn allows_completing(&self, params: Option<Object<'_>>) -> Result<(), String> {
        let reference = params.as_ref().and_then(|params| Object::parse(params.get("ref")?));
        let Some(reference) = reference else { return Ok(()) };
        match reference.text("type").as_deref() {
            Some("ref/prompt") => self.allows_named(PROMPT, Some(reference)),
            Some("ref/resource") => self.allows_named(RESOURCE, Some(reference)),
            _ => Ok(()),
        }
    }

    /// Returns the edits that cut hidden items out of a list's response; all other bytes stay
    /// (E-24: `nextCursor` too). Duplicate members are all cut. Also records which tools are
    /// read-only.
    pub(in crate::bridge) fn cuts(&mut self, method: &str, answer: &Message) -> Vec<Edit> {
        let kind = match method {
            methods::TOOLS_LIST => TOOL,
            methods::PROMPTS_LIST => PROMPT,
            methods::RESOURCES_LIST | methods::RESOURCE_DIRECTORY_READ => RESOURCE,
            methods::SKILLS_LIST => SKILL,
            methods::RESOURCE_TEMPLATES_LIST => TEMPLATE,
            _ => return Vec::new(),
        };
        let reads_hints = self.judges_tools() && kind == TOOL;
        if self.patterns(kind).is_open() && !reads_hints {
            return Vec::new();
        }
        let result = answer.outcome().and_then(Object::parse).zip(answer.outcome_range());
        let Some((result, range)) = result else { return Vec::new() };
        let lists = result.members().iter().filter(|member| member.name == kind.list);
        let lists: Vec<Vec<&RawValue>> =
            lists.filter_map(|list| serde_json::from_str(list.value).ok()).collect();
        if reads_hints {
            self.note_hints(lists.iter().flatten().copied());
        }
        let place = |item: &RawValue| {
            let place = result.range_of(item.get());
            range.start + place.start..range.start + place.end
        };
        let mut edits = Vec::new();
        for list in &lists {
            let places: Vec<(Range<usize>, bool)> =
                list.iter().map(|item| (place(item), self.hides_item(kind, item.get()))).collect();
            edits.extend(cut_ranges(&places).into_iter().map(|cut| (cut, Bytes::new())));
        }
        edits
    }

    fn hides_item(&self, kind: Kind, item: &str) -> bool {
        let Some(item) = Object::parse(item) else { return false };
        let names = item.members().iter().filter(|member| member.name == kind.key);
        let names: Vec<Option<String>> = names.map(|member| text(member.value)).collect();
        let patterns = self.patterns(kind);
        let hides = |name: &Option<String>| match name {
            Some(name) => {
                patterns.hides(name)
                    || kind == TOOL && self.read_only && self.known.get(name) != Some(&true)
                    || kind == TOOL && (self.are_all_unpinned || self.unpinned.contains(name))
            }
            None => !patterns.only.is_empty(),
        };
        names.iter().any(hides) || names.is_empty() && !patterns.only.is_empty()
    }

    /// Records whether each listed tool is read-only. Of two tools with one name, both must be.
    fn note_hints<'a>(&mut self, tools: impl Iterator<Item = &'a RawValue>) {
        let mut listed: HashMap<String, bool> = HashMap::new();
        for tool in tools {
            let Some(tool) = Object::parse(tool.get()) else { continue };
            let is_read_only = is_read_only(&tool);
            for name in tool.members().iter().filter(|member| member.name == TOOL.key) {
                let Some(name) = text(name.value) else { continue };
                *listed.entry(name).or_insert(true) &= is_read_only;
            }
        }
        let bytes = |names: &HashMap<String, bool>| names.keys().map(String::len).sum::<usize>();
        if self.known.len() + listed.len() > MAX_KNOWN
            || bytes(&self.known) + bytes(&listed) > MAX_KNOWN_BYTES
        {
            self.known.clear();
        }
        // Unknown tools cannot be called.
        if bytes(&listed) <= MAX_KNOWN_BYTES {
            self.known.extend(listed);
        }
    }

    fn patterns(&self, kind: Kind) -> &NamePatterns {
        match kind.list {
            "tools" => &self.tools,
            "prompts" => &self.prompts,
            _ => &self.resources,
        }
    }
}

/// Whether a tool is annotated with `readOnlyHint: true`, once and unambiguously.
fn is_read_only(tool: &Object<'_>) -> bool {
    if tool.has_duplicate("annotations") {
        return false;
    }
    let annotations = tool.get("annotations").and_then(Object::parse);
    annotations.is_some_and(|annotations| {
        !annotations.has_duplicate("readOnlyHint")
            && annotations.get("readOnlyHint") == Some("true")
    })
}

/// Unescapes a JSON string; a lone surrogate becomes a replacement character.
fn text(json: &str) -> Option<String> {
    struct Text;
    impl serde::de::Visitor<'_> for Text {
        type Value = String;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a string")
        }
        fn visit_bytes<E>(self, bytes: &[u8]) -> Result<String, E> {
            Ok(String::from_utf8_lossy(bytes).into_owned())
        }
    }
    serde_json::Deserializer::from_str(json).deserialize_bytes(Text).ok()
}

/// Whether `pattern` matches all of `name`. Linear in the name for each `*`, without recursion.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_tools(only: &[&str], ignore: &[&str]) -> OfferFilter {
        OfferFilter { tools: NamePatterns::new(only, ignore), ..OfferFilter::default() }
    }

    #[test]
    fn patterns_match_whole_names_in_any_case() {
        let cases = [
            ("delete*", "Delete_order", true),
            ("delete*", "undelete", false),
            ("*_order", "get_order", true),
            ("*_order", "get_orders", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*a", "a", false),
            ("*", "", true),
            ("get", "get", true),
            ("get", "gets", false),
        ];
        for (pattern, name, expected) in cases {
            let ignored = NamePatterns::new([], [pattern]);
            assert_eq!(ignored.hides(name), expected, "{pattern} {name}");
            assert_eq!(NamePatterns::new([pattern], []).hides(name), !expected, "{pattern} {name}");
        }
        assert!(OfferFilter::default().is_open());
        assert!(NamePatterns::new(["*"], ["a"]).hides("A"));
    }

    /// E-24, T-03
    #[test]
    fn hidden_tools_are_cut_out_and_nothing_else_changes() {
        let listed = |names: &[&str]| {
            let tools: Vec<_> =
                names.iter().map(|n| format!(r#"{{"name":"{n}","x":1.0}}"#)).collect();
            let joined = tools.join(" , ");
            format!(
                r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":[ {joined} ],"nextCursor":""}}}}"#
            )
        };
        let shown = |names: &[&str]| {
            let answer = Message::parse(listed(names)).unwrap();
            let cuts = of_tools(&[], &["x*"]).cuts("tools/list", &answer);
            let bytes = answer.edited(&cuts).unwrap().into_bytes();
            let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            assert_eq!(value["result"]["nextCursor"], "");
            let tools = value["result"]["tools"].as_array().unwrap().clone();
            tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let all = ["x1", "a", "x2", "x3", "b", "x4", "x5"];
        for mask in 0u32..128 {
            let names: Vec<_> = all
                .iter()
                .enumerate()
                .filter(|(i, _)| mask & (1 << i) != 0)
                .map(|(_, n)| *n)
                .collect();
            let expected: Vec<_> = names.iter().filter(|n| !n.starts_with('x')).copied().collect();
            assert_eq!(shown(&names), expected, "{names:?}");
        }
    }

    /// T-15: whichever of two members a host reads, it sees no hidden tool.
    #[test]
    fn duplicate_members_show_no_hidden_tool() {
        let results = [
            r#"{"tools":[{"name":"x1"},{"name":"a"}],"tools":[{"name":"b"},{"name":"x2"}]}"#,
            r#"{"tools":[{"name":"x1","name":"a"},{"name":"b","\u006eame":"x"}]}"#,
            r#"{"tools":[{"name":"x\ud800"}]}"#,
        ];
        for result in results {
            let text = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{result}}}"#);
            let answer = Message::parse(text).unwrap();
            let cuts = of_tools(&[], &["x*"]).cuts("tools/list", &answer);
            let bytes = answer.edited(&cuts).unwrap().into_bytes();
            assert!(!bytes.windows(2).any(|window| window == b"\"x"), "{bytes:?}");
            Message::parse(bytes).unwrap();
        }
    }

    /// T-15
    #[test]
    fn a_duplicate_name_calls_no_hidden_tool() {
        let filter = of_tools(&[], &["x*"]);
        let allows = |params: &str| {
            let text =
                format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
            filter.allows(&Message::parse(text).unwrap()).is_ok()
        };
        assert!(allows(r#"{"name":"a","arguments":{},"arguments":{}}"#));
        for params in [
            r#"{"name":"x"}"#,
            r#"{"name":"x","name":"x"}"#,
            r#"{"name":"x","name":"a"}"#,
            r#"{"name":"a","\u006eame":"x"}"#,
            r#"{"\u006eame":"x"}"#,
            r#"{"name":"x\ud800"}"#,
        ] {
            assert!(!allows(params), "{params}");
        }
    }

    fn request(method: &str, params: &str) -> Message {
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
        Message::parse(text).unwrap()
    }

    /// S-72
    #[test]
    fn prompts_and_resources_are_hidden_wherever_they_are_named() {
        let filter = OfferFilter {
            prompts: NamePatterns::new(["a*"], []),
            resources: NamePatterns::new(["file:///docs/*"], ["*secret*"]),
            ..OfferFilter::default()
        };
        for (method, params, is_allowed) in [
            ("tools/call", r#"{"name":"x"}"#, true),
            ("prompts/get", r#"{"name":"abc"}"#, true),
            ("prompts/get", r#"{"name":"b"}"#, false),
            ("prompts/get", r#"{}"#, false),
            ("prompts/get", r#"{"name":7}"#, false),
            ("resources/read", r#"{"uri":"file:///docs/x"}"#, true),
            ("resources/read", r#"{"uri":"file:///docs/secret"}"#, false),
            ("resources/subscribe", r#"{"uri":"file:///etc/passwd"}"#, false),
            ("resources/directory/read", r#"{"uri":"file:///"}"#, false),
            ("completion/complete", r#"{"ref":{"type":"ref/prompt","name":"b"}}"#, false),
            ("completion/complete", r#"{"ref":{"type":"ref/prompt","name":"a"}}"#, true),
            ("completion/complete", r#"{"ref":{"type":"ref/resource","uri":"x://y"}}"#, false),
            (
                "subscriptions/listen",
                r#"{"notifications":{"resourceSubscriptions":["file:///docs/a","x://y"]}}"#,
                false,
            ),
            ("subscriptions/listen", r#"{"notifications":{"toolsListChanged":true}}"#, true),
        ] {
            let allowed = filter.allows(&request(method, params));
            assert_eq!(allowed.is_ok(), is_allowed, "{method} {params}: {allowed:?}");
        }
    }

    /// S-72
    #[test]
    fn what_has_no_readable_name_is_not_among_the_only_ones() {
        let list = r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{},{"name":7},{"name":"a"},{"name":"a","name":"b"}]}}"#;
        let answer = Message::parse(list).unwrap();
        let cuts = of_tools(&["a"], &[]).cuts("tools/list", &answer);
        let shown = answer.edited(&cuts).unwrap().into_bytes();
        assert!(shown.ends_with(br#""result":{"tools":[{"name":"a"}]}}"#), "{shown:?}");
    }

    /// S-72
    #[test]
    fn a_tool_is_read_only_when_its_server_says_so_once_and_everywhere() {
        let mut filter = OfferFilter { read_only: true, ..OfferFilter::default() };
        let call = |filter: &OfferFilter, name: &str| {
            filter.allows(&request("tools/call", &format!(r#"{{"name":"{name}"}}"#)))
        };
        assert!(call(&filter, "get").unwrap_err().contains("list the tools"));
        let list = concat!(
            r#"{"jsonrpc":"2.0","id":1,"result":{"tools":["#,
            r#"{"name":"get","annotations":{"readOnlyHint":true}},"#,
            r#"{"name":"set","annotations":{"readOnlyHint":false}},{"name":"none"},"#,
            r#"{"name":"text","annotations":{"readOnlyHint":"true"}},"#,
            r#"{"name":"two","annotations":{"readOnlyHint":true,"readOnlyHint":false}},"#,
            r#"{"name":"both","annotations":{"readOnlyHint":true},"annotations":{}},"#,
            r#"{"name":"same","annotations":{"readOnlyHint":true}},{"name":"same"}]}}"#
        );
        let answer = Message::parse(list).unwrap();
        let cuts = filter.cuts("tools/list", &answer);
        let shown = answer.edited(&cuts).unwrap().into_bytes();
        let expected = br#"{"tools":[{"name":"get","annotations":{"readOnlyHint":true}}]}}"#;
        assert!(shown.ends_with(expected), "{shown:?}");
        assert!(call(&filter, "get").is_ok());
        for hidden in ["set", "none", "text", "two", "both", "same", "unlisted"] {
            assert!(call(&filter, hidden).is_err(), "{hidden}");
        }
        let later = r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"get"}]}}"#;
        filter.cuts("tools/list", &Message::parse(later).unwrap());
        assert!(call(&filter, "get").is_err(), "it is not read-only any more");
    }
}
