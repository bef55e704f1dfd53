//! Keeps what the bridge must know about the remote's tools: which arguments are mirrored into
//! headers (T-56), and which calls may safely be sent twice (T-60). Learns from every list that
//! passes through, and lists the tools itself if a host calls one without listing. Removes invalid
//! tools from lists (T-53).

use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::pages::rebuild;
use super::schema::{DuplicateArgument, Mirror, mirrors};
use super::{Due, ModernRemote, RemoteContext, RemoteEffect, Role, envelope, own_request};
use crate::eras::host::named_version;
use crate::jsonrpc::{Change, Edit, Member, Message, MessageKind, Object, cut_ranges};
use crate::protocol::methods;
use crate::redact::plain;

/// The largest number of pages that are read to find the schemas (S-12).
const PAGES: u32 = 100;
/// How many bytes the names of the known tools may have (S-12).
const MAX_NAME_BYTES: usize = 8 * 1024 * 1024;
/// How long a call waits for the schemas.
const LIST_TIMEOUT: Duration = Duration::from_secs(5);

/// The remote's known tools, whose schemas decide on headers (T-53).
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    tools: HashMap<String, KnownTool>,
    /// How many bytes their names have.
    name_bytes: usize,
    /// Whether every page was seen.
    complete: bool,
    /// How many pages of our own list were requested; 0 if none is in progress.
    pages: u32,
    /// Requests to send once the tools are listed.
    pub(super) waiting: Vec<u64>,
}

#[derive(Debug)]
struct KnownTool {
    mirrors: Vec<Mirror>,
    harmless: bool,
}

#[derive(Default, Deserialize)]
struct ToolHints {
    #[serde(rename = "readOnlyHint", default)]
    read_only: bool,
    #[serde(rename = "idempotentHint", default)]
    idempotent: bool,
}

impl Catalogue {
    /// Forgets all tools, because they may have changed.
    pub(super) fn forget(&mut self) {
        self.tools.clear();
        self.name_bytes = 0;
        self.complete = false;
    }

    /// Returns whether this call can be sent without listing the tools first.
    pub(super) fn knows(&self, request: &Message) -> bool {
        let name = || Object::parse(request.params()?)?.text("name");
        self.complete || name().is_none_or(|name| self.tools.contains_key(&name))
    }

    /// The headers that mirror arguments of a call (T-54).
    ///
    /// # Errors
    /// A mirrored argument occurs twice.
    pub(super) fn mirrored(
        &self,
        request: &Message,
    ) -> Result<Vec<(String, String)>, DuplicateArgument> {
        if request.method() != methods::TOOLS_CALL || self.tools.is_empty() {
            return Ok(Vec::new());
        }
        let params = request.params().and_then(Object::parse);
        let arguments = params.as_ref().and_then(|params| params.get("arguments")).unwrap_or("{}");
        let mirrors = self.called(request).map_or(&[][..], |tool| &tool.mirrors);
        mirrors.iter().filter_map(|mirror| mirror.header(arguments).transpose()).collect()
    }

    /// The tool that this call names, if it is known.
    fn called(&self, request: &Message) -> Option<&KnownTool> {
        self.tools.get(&Object::parse(request.params()?)?.text("name")?)
    }

    /// Returns whether this tool may safely be called twice.
    pub(super) fn is_harmless(&self, request: &Message) -> bool {
        request.method() == methods::TOOLS_CALL
            && self.called(request).is_some_and(|tool| tool.harmless)
    }

    /// Learns a page of tools; returns it without the invalid ones.
    pub(super) fn learn_page(&mut self, answer: &Message, first: bool) -> Message {
        let page = answer.outcome().and_then(Object::parse).zip(answer.outcome_range());
        let Some((page, range)) = page else { return answer.clone() };
        let tools: Option<Vec<&RawValue>> =
            page.get("tools").and_then(|tools| serde_json::from_str(tools).ok());
        let Some(tools) = tools else { return answer.clone() };
        if first {
            self.forget();
        }
        let place = |tool: &str| {
            let place = page.range_of(tool);
            range.start + place.start..range.start + place.end
        };
        let places: Vec<(Range<usize>, bool)> =
            tools.iter().map(|tool| (place(tool.get()), !self.learn(tool.get()))).collect();
        self.complete = page.get("nextCursor").is_none_or(|cursor| cursor == "null");
        let cuts: Vec<Edit> =
            cut_ranges(&places).into_iter().map(|cut| (cut, Bytes::new())).collect();
        let change = |member: &Member<'_>| match member.name.as_str() {
            "tools" => Change::Within(cuts.clone()),
            _ => Change::Keep,
        };
        let edits = page.rewrite(range.start, change, &[]);
        rebuild(answer, &edits).unwrap_or_else(|| answer.clone())
    }

    /// Learns one tool; returns whether it is valid.
    fn learn(&mut self, tool: &str) -> bool {
        let Some(tool) = Object::parse(tool) else { return true };
        let Some(name) = tool.text("name") else { return true };
        match mirrors(tool.get("inputSchema").unwrap_or("{}")) {
            Ok(mirrors) => {
                let hints =
                    tool.get("annotations").and_then(|text| serde_json::from_str(text).ok());
                let ToolHints { read_only, idempotent } = hints.unwrap_or_default();
                self.name_bytes += name.len();
                if self.name_bytes > MAX_NAME_BYTES {
                    // It is called without headers; a server that requires them refuses the call.
                    return true;
                }
                self.tools.insert(name, KnownTool { mirrors, harmless: read_only || idempotent });
                true
            }
            Err(reason) => {
                let name = plain(&name);
                tracing::warn!("left out the tool `{name}`: {reason}");
                false
            }
        }
    }
}

impl ModernRemote {
    /// Lists the tools, then sends this request.
    pub(super) fn list_for(&mut self, number: u64, cx: &mut RemoteContext<'_>) {
        self.catalogue.waiting.push(number);
        if self.catalogue.pages == 0 {
            self.ask_for_tools(None, cx);
            self.later(LIST_TIMEOUT, Due::Catalogue, cx);
        }
    }

    fn ask_for_tools(&mut self, cursor: Option<&str>, cx: &mut RemoteContext<'_>) {
        let params = match cursor {
            Some(cursor) => format!(r#"{{"cursor":{cursor}}}"#),
            None => "{}".to_owned(),
        };
        let like = self.catalogue.waiting.first().and_then(|number| self.calls.get(number));
        let like = like.map(|call| call.request.clone());
        self.catalogue.pages += 1;
        self.ask_aside(methods::TOOLS_LIST, &params, like.as_ref(), Role::Catalogue, cx);
    }

    /// Handles a page of the list that the bridge itself requested.
    pub(super) fn handle_catalogue(&mut self, answer: &Message, cx: &mut RemoteContext<'_>) {
        if answer.kind() == MessageKind::ErrorResponse {
            return self.catalogue_failed(cx);
        }
        self.catalogue.learn_page(answer, self.catalogue.pages == 1);
        let next = answer.outcome().and_then(Object::parse);
        match next.and_then(|page| page.get("nextCursor")) {
            Some(cursor) if cursor != "null" && self.catalogue.pages < PAGES => {
                self.ask_for_tools(Some(cursor), cx);
            }
            _ => {
                self.catalogue.complete = true;
                self.release_waiting(cx);
            }
        }
    }

    /// Sends the waiting calls without schemas, which did not arrive in time. A remote that misses
    /// headers will say so. Further calls do not wait until the remote announces a change.
    pub(super) fn catalogue_failed(&mut self, cx: &mut RemoteContext<'_>) {
        self.catalogue.complete = true;
        tracing::debug!("could not list the tools to read their schemas");
        self.release_waiting(cx);
    }

    fn release_waiting(&mut self, cx: &mut RemoteContext<'_>) {
        self.catalogue.pages = 0;
        self.timers.retain(|(_, due)| *due != Due::Catalogue);
        for number in std::mem::take(&mut self.catalogue.waiting) {
            self.send(number, cx);
        }
    }

    /// Sends a request of our own, on behalf of the legacy host or with the `_meta` of the modern
    /// host's request `like`. Returns the number of the exchange.
    pub(super) fn ask_aside(
        &mut self,
        method: &str,
        params: &str,
        like: Option<&Message>,
        role: Role,
        cx: &mut RemoteContext<'_>,
    ) -> u64 {
        let number = cx.numbers.fresh();
        let relayed = like.filter(|message| named_version(message).is_some());
        let exchange = match (&self.envelope, relayed) {
            (Some(envelope), None) => {
                let request = own_request(method, params);
                envelope::legacy_exchange(envelope, &request, number, &[], Vec::new())
                    .unwrap_or_else(|_| envelope::plain_exchange(&self.version, &request, number))
            }
            (_, like) => {
                let request = envelope::own_request_like(method, params, like);
                let version = named_version(&request).unwrap_or_else(|| self.version.clone());
                let extensions = &self.options.extensions;
                envelope::relay_exchange(&version, &request, number, Vec::new(), extensions)
                    .unwrap_or_else(|_| envelope::plain_exchange(&version, &request, number))
            }
        };
        self.exchanges.insert(number, role);
        cx.emit(RemoteEffect::Exchange(exchange));
        number
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::Played;

    fn annotated(name: &str, header: &str) -> Value {
        let region = json!({ "type": "string", "x-mcp-header": header });
        json!({ "name": name, "inputSchema": { "properties": { "region": region } } })
    }

    fn call(played: &mut Played, name: &str) -> u64 {
        played.request("tools/call", json!({ "name": name, "arguments": { "region": "eu" } }))
    }

    fn region(played: &Played, exchange: u64) -> Option<&str> {
        played.header(exchange, "mcp-param-region")
    }

    /// T-53, E-24
    #[test]
    fn invalid_tools_are_left_out_of_every_page_and_the_cursor_stays() {
        let mut played = Played::open();
        let exchange = played.request("tools/list", json!({}));
        let tools =
            json!([annotated("bad", ""), annotated("good", "Region"), annotated("ugly", "a b")]);
        played.answer(exchange, json!({ "tools": tools, "nextCursor": "" }));
        let outcome = played.outcome();
        assert_eq!(outcome["nextCursor"], "");
        assert_eq!(outcome["tools"], json!([annotated("good", "Region")]));
    }

    /// T-56: a host may call without listing
    #[test]
    fn a_first_call_waits_for_the_schemas_and_is_mirrored() {
        let mut played = Played::open();
        let listing = call(&mut played, "a");
        assert_eq!(played.body(listing)["method"], "tools/list");
        played.answer(listing, json!({ "tools": [], "nextCursor": "2" }));
        let second = played.last_exchange();
        assert_eq!(played.body(second)["params"]["cursor"], "2");
        played.answer(second, json!({ "tools": [annotated("a", "Region")] }));
        let called = played.last_exchange();
        assert_eq!(played.body(called)["method"], "tools/call");
        assert_eq!(region(&played, called), Some("eu"));
        played.answer(called, json!({ "content": [] }));
        let again = call(&mut played, "a");
        assert_eq!(region(&played, again), Some("eu"), "listed once only");
    }

    /// S-12: pages without end are not read for ever, and the call goes out
    #[test]
    fn the_pages_read_for_schemas_are_bounded() {
        let mut played = Played::open();
        let mut exchange = call(&mut played, "a");
        let mut pages = 0;
        while played.body(exchange)["method"] == "tools/list" {
            pages += 1;
            assert!(pages <= 100, "no end of pages");
            played.answer(exchange, json!({ "tools": [], "nextCursor": pages.to_string() }));
            exchange = played.last_exchange();
        }
        assert_eq!((pages, &played.body(exchange)["method"]), (100, &json!("tools/call")));
        played.answer(exchange, json!({ "content": [] }));
        assert_eq!(played.outcome(), json!({ "content": [] }));
    }

    /// T-56
    #[test]
    fn schemas_are_forgotten_when_the_list_changes() {
        let mut played = Played::open();
        let listing = played.request("tools/list", json!({}));
        played.notify(listing, "notifications/tools/list_changed", json!({}));
        played.answer(listing, json!({ "tools": [annotated("a", "Region")] }));
        let called = call(&mut played, "a");
        played.notify(called, "notifications/tools/list_changed", json!({}));
        let next = call(&mut played, "a");
        assert_eq!(played.body(next)["method"], "tools/list");
    }

    /// T-55, E-51, E-05
    #[test]
    fn refused_headers_are_built_anew_once_and_then_it_is_a_failure_of_ours() {
        let mut played = Played::open();
        let listing = played.request("tools/list", json!({}));
        played.answer(listing, json!({ "tools": [{ "name": "a" }] }));
        played.outcome();
        let first = call(&mut played, "a");
        assert_eq!(region(&played, first), None);
        played.error(first, json!({ "code": -32020, "message": "m" }));
        let relisting = played.last_exchange();
        assert_eq!(played.body(relisting)["method"], "tools/list");
        played.answer(relisting, json!({ "tools": [annotated("a", "Region")] }));
        let second = played.last_exchange();
        assert_ne!(first, second);
        assert_eq!(region(&played, second), Some("eu"));
        played.error(second, json!({ "code": -32020, "message": "m" }));
        assert_eq!(played.outcome()["bridge"], "header_mismatch");
    }

    /// T-60
    #[test]
    fn a_lost_call_is_sent_again_only_if_the_tool_is_harmless() {
        for (hint, again) in
            [("readOnlyHint", true), ("idempotentHint", true), ("openWorldHint", false)]
        {
            let mut played = Played::open();
            let listing = played.request("tools/list", json!({}));
            let tool = json!({ "name": "a", "annotations": { hint: true } });
            played.answer(listing, json!({ "tools": [tool] }));
            played.outcome();
            let first = call(&mut played, "a");
            played.lose(first);
            if again {
                let second = played.last_exchange();
                assert_ne!(first, second);
                played.lose(second);
            }
            assert_eq!(played.outcome()["bridge"], "lost", "{hint}");
        }
    }
}
