//! Translates results of a modern remote for a legacy host (E-20 to E-25): removes members that
//! only 2026-07-28 has; all other bytes stay unchanged.

use super::pages::{is_first_page, rebuild};
use super::{ModernRemote, RemoteContext, content, protocol_failure};
use crate::jsonrpc::{Change, Edit, Message, Object};
use crate::protocol::meta::{caching, result_type};
use crate::protocol::{ProtocolVersion, meta, methods};
use crate::redact::plain;

/// The type of a result (E-20).
#[derive(Debug, PartialEq, Eq)]
enum ResultKind {
    Complete,
    InputRequired,
    Task,
    Unknown(String),
}

/// The type of a result. Without the member, it is complete (E-20).
fn kind_of(result: &Object<'_>) -> ResultKind {
    match result.get(result_type::KEY) {
        None => ResultKind::Complete,
        Some(text) => match serde_json::from_str::<String>(text).as_deref() {
            Ok(result_type::COMPLETE) => ResultKind::Complete,
            Ok(result_type::INPUT_REQUIRED) => ResultKind::InputRequired,
            Ok(result_type::TASK) => ResultKind::Task,
            _ => ResultKind::Unknown(plain(text)),
        },
    }
}

impl ModernRemote {
    /// Handles a result: the final one, or one that asks for input or creates a task.
    pub(super) fn handle_result(
        &mut self,
        number: u64,
        answer: &Message,
        cx: &mut RemoteContext<'_>,
    ) {
        let Some(call) = self.calls.get(&number) else { return };
        let method = call.request.method().to_owned();
        let Some(result) = answer.outcome().and_then(Object::parse) else {
            return self.fail(number, protocol_failure("server's result is not an object"), cx);
        };
        match kind_of(&result) {
            ResultKind::Complete => self.complete(number, answer, cx),
            ResultKind::InputRequired if methods::may_need_input(&method) => {
                self.input_required(number, &result, cx);
            }
            // E-35
            ResultKind::InputRequired => {
                let text = format!("the server asks for input on `{method}`, which is not allowed");
                self.fail(number, protocol_failure(text), cx);
            }
            ResultKind::Task if method == methods::TOOLS_CALL => {
                self.begin_task(number, &result, cx)
            }
            ResultKind::Task => {
                let text = format!("the server made a task of `{method}`, which is not allowed");
                self.fail(number, protocol_failure(text), cx);
            }
            // E-21: the bridge declared only what it implements.
            ResultKind::Unknown(kind) => {
                let text = format!("the server sent a result of the unknown type `{kind}`");
                self.fail(number, protocol_failure(text), cx);
            }
        }
    }

    /// Answers a request with its final result.
    pub(super) fn complete(&mut self, number: u64, answer: &Message, cx: &mut RemoteContext<'_>) {
        let Some(call) = self.calls.get(&number) else { return };
        let method = call.request.method().to_owned();
        if method == methods::TOOLS_LIST {
            let first = is_first_page(&call.request);
            let answer = self.catalogue.learn_page(answer, first);
            let edits = legacy_edits(&method, &answer, self.host_version());
            return match rebuild(&answer, &edits) {
                Some(answer) => self.finish(number, answer, Vec::new(), cx),
                None => self.finish(number, answer, edits, cx),
            };
        }
        let edits = legacy_edits(&method, answer, self.host_version());
        // The loop caches and compares lists, so it needs them as a whole.
        match method.ends_with("/list").then(|| rebuild(answer, &edits)).flatten() {
            Some(answer) => self.finish(number, answer, Vec::new(), cx),
            None => self.finish(number, answer.clone(), edits, cx),
        }
    }

    /// The host's revision.
    pub(super) fn host_version(&self) -> ProtocolVersion {
        let version = self.envelope.as_ref().and_then(|envelope| envelope.host_version);
        version.unwrap_or(ProtocolVersion::NEWEST_LEGACY)
    }
}

/// The edits that remove what a legacy host of this revision must not see.
fn legacy_edits(method: &str, answer: &Message, host: ProtocolVersion) -> Vec<Edit> {
    let (Some(text), Some(range)) = (answer.outcome(), answer.outcome_range()) else {
        return Vec::new();
    };
    let Some(result) = Object::parse(text) else { return Vec::new() };
    let own = result.get("_meta").and_then(|text| {
        let own = Object::parse(text)?;
        let left = own.members().iter().any(|member| member.name != meta::SERVER_INFO);
        let at = range.start + result.range_of(text).start;
        let edits = own.rewrite(at, |member| drop_server_info(&member.name), &[]);
        Some(if left { Change::Within(edits) } else { Change::Remove })
    });
    let shown = content::result_changes(method, &result, range.start, host);
    let cacheable = methods::is_cacheable(method);
    result.rewrite(
        range.start,
        |member| match member.name.as_str() {
            result_type::KEY => Change::Remove,
            caching::TTL | caching::SCOPE if cacheable => Change::Remove,
            "_meta" => own.clone().unwrap_or(Change::Keep),
            name => shown.change(name),
        },
        shown.added(),
    )
}

/// The change to a member of `_meta`: the server's name is unknown to legacy hosts (E-23).
fn drop_server_info(name: &str) -> Change {
    if name == meta::SERVER_INFO { Change::Remove } else { Change::Keep }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::Played;
    use super::*;

    fn shown(method: &str, result: &str) -> Value {
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{result}}}"#);
        let answer = Message::parse(text).unwrap();
        let edits = legacy_edits(method, &answer, ProtocolVersion::V2025_11_25);
        let bytes = answer.edited(&edits).unwrap().into_bytes();
        serde_json::from_slice::<Value>(&bytes).unwrap()["result"].clone()
    }

    /// E-20, E-22, E-23
    #[test]
    fn what_only_2026_07_28_has_is_taken_out() {
        let result = r#"{"resultType":"complete","ttlMs":1,"cacheScope":"public","prompts":[],
            "nextCursor":"","_meta":{"io.modelcontextprotocol/serverInfo":{},"vendor/x":1}}"#
            .replace('\n', "");
        let expected = json!({ "prompts": [], "nextCursor": "", "_meta": { "vendor/x": 1 } });
        assert_eq!(shown("prompts/list", &result), expected);
        let bare = r#"{"content":[],"_meta":{"io.modelcontextprotocol/serverInfo":{}},"ttlMs":5}"#;
        assert_eq!(shown("tools/call", bare), json!({ "content": [], "ttlMs": 5 }));
    }

    /// E-20, E-21, E-35
    #[test]
    fn each_result_type_has_its_way() {
        let outcome = |method: &str, result: Value| {
            let mut played = Played::open();
            let exchange = played.request(method, json!({ "name": "x", "uri": "u" }));
            played.answer(exchange, result);
            played.outcome()
        };
        let kind = |outcome: Value| outcome["bridge"].as_str().unwrap_or_default().to_owned();
        assert_eq!(outcome("prompts/get", json!({ "messages": [] })), json!({ "messages": [] }));
        assert_eq!(kind(outcome("prompts/get", json!({ "resultType": "x" }))), "protocol");
        assert_eq!(kind(outcome("prompts/get", json!({ "resultType": 7 }))), "protocol");
        for method in ["prompts/list", "resources/list", "tools/list", "completion/complete"] {
            let asks = json!({ "resultType": "input_required", "inputRequests": {} });
            let failure = outcome(method, asks).to_string();
            assert!(failure.contains("asks for input on"), "{method}: {failure}");
        }
        assert_eq!(kind(outcome("prompts/get", json!({ "resultType": "task" }))), "protocol");
    }
}
