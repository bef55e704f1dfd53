//! Translates a legacy server's answers for a modern host: adds the members that every result has
//! since 2026-07-28 (E-20 to E-23), removes legacy tasks, and replaces error codes that changed
//! (E-50). Large results are edited in place, never rebuilt.

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::refusal::fault_of_server;
use crate::error::{Failure, FailureKind};
use crate::jsonrpc::{
    Change, Edit, Frame, Member, Message, MessageKind, Object, RequestId, range_in,
};
use crate::protocol::{codes, meta, methods};

/// The answer to `id`, the host's request of this method, as a host of 2026-07-28 expects it.
/// `server_info` is JSON text.
pub fn translate_answer(
    id: &RequestId,
    method: &str,
    answer: &Message,
    server_info: Option<&str>,
) -> Frame {
    let edits = match answer.kind() {
        MessageKind::ErrorResponse => error_edits(method, answer),
        _ => completion_edits(method, answer, server_info),
    };
    let edits = edits.map(|edits| answer.with_edits(&id.to_json(), &edits).map_err(Failure::from));
    match edits.flatten() {
        Ok(line) => line,
        Err(failure) => Frame::from(failure.to_response(id)),
    }
}

/// The edits that add the missing members to a result.
///
/// # Errors
/// The result is not an object.
fn completion_edits(
    method: &str,
    answer: &Message,
    server_info: Option<&str>,
) -> Result<Vec<Edit>, Failure> {
    let (text, range) = answer.outcome().zip(answer.outcome_range()).unwrap_or(("", 0..0));
    let Some(result) = Object::parse(text) else {
        return Err(fault_of_server("the server answered with a result that is not an object"));
    };
    let wanted = required_members(method);
    let change = |member: &Member<'_>| {
        if let Some((_, value)) = wanted.iter().find(|(name, _)| *name == member.name) {
            return Change::Replace(value.clone());
        }
        let at = range.start + result.range_of(member.value).start;
        match member.name.as_str() {
            "_meta" => meta_change(member.value, at, server_info),
            "tools" if method == methods::TOOLS_LIST => tool_list_change(member.value, at),
            _ => Change::Keep,
        }
    };
    let mut added: Vec<(&str, String)> =
        wanted.iter().filter(|(name, _)| result.get(name).is_none()).cloned().collect();
    if let Some(info) = server_info.filter(|_| result.get("_meta").is_none()) {
        added.push(("_meta", server_info_meta(info)));
    }
    Ok(result.rewrite(range.start, change, &added))
}

/// The members that a complete result must have (E-20, E-22).
fn required_members(method: &str) -> Vec<(&'static str, String)> {
    let mut fields =
        vec![(meta::result_type::KEY, Value::from(meta::result_type::COMPLETE).to_string())];
    if methods::is_cacheable(method) {
        fields.push((meta::caching::TTL, "0".to_owned()));
        fields.push((meta::caching::SCOPE, "\"private\"".to_owned()));
    }
    fields
}

fn server_info_meta(server_info: &str) -> String {
    format!("{{{}:{server_info}}}", Value::from(meta::SERVER_INFO))
}

/// Adds the server's name to `_meta` (E-23) and removes the task that the bridge ran (E-74).
fn meta_change(text: &str, offset: usize, server_info: Option<&str>) -> Change {
    let Some(object) = Object::parse(text) else {
        return server_info.map_or(Change::Remove, |info| Change::Replace(server_info_meta(info)));
    };
    let change = |member: &Member<'_>| match member.name.as_str() {
        meta::RELATED_TASK => Change::Remove,
        _ => Change::Keep,
    };
    let missing = object.get(meta::SERVER_INFO).is_none();
    let added: Vec<_> = server_info
        .filter(|_| missing)
        .map(|info| (meta::SERVER_INFO, info.to_owned()))
        .into_iter()
        .collect();
    Change::Within(object.rewrite(offset, change, &added))
}

/// Removes `execution`, which describes legacy tasks that the host does not have (E-73).
fn tool_list_change(text: &str, offset: usize) -> Change {
    if memchr::memmem::find(text.as_bytes(), b"\"execution\"").is_none() {
        return Change::Keep;
    }
    let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(text) else { return Change::Keep };
    let mut edits = Vec::new();
    for tool in list {
        let Some(object) = Object::parse(tool.get()) else { continue };
        let at = offset + range_in(text, tool.get()).start;
        let change = |member: &Member<'_>| match member.name.as_str() {
            "execution" => Change::Remove,
            _ => Change::Keep,
        };
        edits.extend(object.rewrite(at, change, &[]));
    }
    Change::Within(edits)
}

/// The edits of an error whose code changed (E-50).
///
/// # Errors
/// The failure to send instead, for an error that means nothing to the host.
fn error_edits(method: &str, answer: &Message) -> Result<Vec<Edit>, Failure> {
    let (text, range) = answer.outcome().zip(answer.outcome_range()).unwrap_or(("", 0..0));
    let error = Object::parse(text);
    let code = error.as_ref().and_then(|error| error.get("code"));
    let Some((error, code)) = error.as_ref().zip(code) else { return Ok(Vec::new()) };
    match code.parse::<i64>() {
        Ok(codes::RESOURCE_NOT_FOUND) => {
            let change = |member: &Member<'_>| match member.name.as_str() {
                "code" => Change::Replace(codes::INVALID_PARAMS.to_string()),
                _ => Change::Keep,
            };
            Ok(error.rewrite(range.start, change, &[]))
        }
        // There are no headers between the host and the bridge (E-51).
        Ok(codes::HEADER_MISMATCH) => Err(Failure::new(
            FailureKind::HeaderMismatch,
            "the server says that header and body disagree",
        )
        .hint("a proxy in between may change headers; ask who runs it")),
        // This method has no input rounds that could ask for it (E-39).
        Ok(codes::URL_ELICITATION_REQUIRED) => Err(fault_of_server(&format!(
            "the server wants the user to visit a page before `{method}`, which is not asked here"
        ))),
        _ => Ok(Vec::new()),
    }
}

/// An error result of a tool call, made by the bridge.
pub(super) fn tool_error(id: &RequestId, text: &str) -> Frame {
    let content = json!([{ "type": "text", "text": text }]);
    let result = json!({
        meta::result_type::KEY: meta::result_type::COMPLETE, "content": content, "isError": true,
    });
    Frame::from(crate::jsonrpc::result_response(id, &result))
}

#[cfg(test)]
mod tests {
    use super::*;

    const INFO: &str = r#"{"name":"old","version":"1"}"#;

    fn told(method: &str, answer: &str) -> String {
        let answer = Message::parse(answer.to_owned()).unwrap();
        let frame = translate_answer(&RequestId::from(7), method, &answer, Some(INFO));
        String::from_utf8(frame.into_bytes().to_vec()).unwrap()
    }

    fn result(method: &str, result: &str) -> String {
        let line = told(method, &format!(r#"{{"jsonrpc":"2.0","id":1,"result":{result}}}"#));
        let text = line.strip_prefix(r#"{"jsonrpc":"2.0","id":7,"result":"#).expect(&line);
        text[..text.len() - 1].to_owned()
    }

    /// E-20, E-23
    #[test]
    fn every_result_says_that_it_is_complete_and_who_made_it() {
        let signed =
            r#""_meta":{"io.modelcontextprotocol/serverInfo":{"name":"old","version":"1"}}"#;
        assert_eq!(
            result("tools/call", r#"{"content":[{"n":1.10}]}"#),
            format!(r#"{{"resultType":"complete",{signed},"content":[{{"n":1.10}}]}}"#)
        );
        assert_eq!(result("x/y", "{}"), format!(r#"{{"resultType":"complete",{signed}}}"#));
        assert_eq!(
            result("x/y", r#"{"_meta":{"a":1},"resultType":"odd"}"#),
            r#"{"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"old","version":"1"},"a":1},"resultType":"complete"}"#
        );
        let task =
            r#"{"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"t"}},"content":[]}"#;
        assert_eq!(
            result("tools/call", task),
            r#"{"resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"old","version":"1"}},"content":[]}"#
        );
    }

    /// E-22
    #[test]
    fn lists_and_reads_may_not_be_kept() {
        for method in [
            "tools/list",
            "prompts/list",
            "resources/list",
            "resources/templates/list",
            "resources/read",
        ] {
            let value: Value =
                serde_json::from_str(&result(method, r#"{"ttlMs":-5,"nextCursor":""}"#)).unwrap();
            assert_eq!(value["ttlMs"], 0, "{method}");
            assert_eq!(value["cacheScope"], "private", "{method}");
            // E-24
            assert_eq!(value["nextCursor"], "", "{method}");
        }
        for method in ["tools/call", "prompts/get", "completion/complete"] {
            let value: Value = serde_json::from_str(&result(method, "{}")).unwrap();
            assert!(value["ttlMs"].is_null() && value["cacheScope"].is_null(), "{method}");
        }
    }

    /// E-25
    #[test]
    fn structured_content_of_any_kind_stays() {
        for content in ["[1,2.50]", "null", "7", "{\"a\":1E+2}"] {
            let text = result("tools/call", &format!(r#"{{"structuredContent":{content}}}"#));
            assert!(text.contains(&format!(r#""structuredContent":{content}"#)), "{text}");
        }
    }

    /// E-73: `tools[].execution` is stripped
    #[test]
    fn tools_lose_their_execution_and_nothing_else() {
        let list = r#"{"tools":[{"name":"a","execution":{"taskSupport":"required"},"x":1.0},{"name":"b"},{"execution":{}}]}"#;
        let text = result("tools/list", list);
        assert!(text.ends_with(r#""tools":[{"name":"a","x":1.0},{"name":"b"},{}]}"#), "{text}");
    }

    /// E-50
    #[test]
    fn codes_that_changed_are_changed_and_others_are_not() {
        let error = |code: i64| {
            format!(
                r#"{{"jsonrpc":"2.0","id":1,"error":{{"code":{code},"message":"m","data":{{"uri":"file:///x"}}}}}}"#
            )
        };
        let code = |method: &str, code: i64| {
            let value: Value = serde_json::from_str(&told(method, &error(code))).unwrap();
            (value["error"]["code"].as_i64().unwrap(), value["error"]["data"].clone())
        };
        let kept = json!({ "uri": "file:///x" });
        assert_eq!(code("resources/read", -32002), (-32602, kept.clone()));
        for same in [-32700, -32600, -32601, -32602, -32603, -32000, -32019, -32050, 7] {
            assert_eq!(code("tools/call", same), (same, kept.clone()));
        }
        let (mismatch, data) = code("tools/call", -32020);
        assert_eq!((mismatch, &data["bridge"]["kind"]), (-32603, &json!("header_mismatch")));
        let (url, data) = code("tools/list", -32042);
        assert_eq!((url, &data["bridge"]["kind"]), (-32603, &json!("protocol")));
    }

    /// E-50
    #[test]
    fn an_error_without_a_usable_id_gets_the_hosts() {
        let line = told(
            "tools/call",
            r#"{"jsonrpc":"2.0","error":{"code":-32000,"message":"Invalid Origin"}}"#,
        );
        assert_eq!(
            line,
            r#"{"id":7,"jsonrpc":"2.0","error":{"code":-32000,"message":"Invalid Origin"}}"#
        );
    }

    #[test]
    fn a_result_that_is_no_object_is_a_fault_of_the_server() {
        let value: Value =
            serde_json::from_str(&told("tools/call", r#"{"jsonrpc":"2.0","id":1,"result":[]}"#))
                .unwrap();
        assert_eq!(value["error"]["data"]["bridge"]["kind"], "protocol");
    }
}
