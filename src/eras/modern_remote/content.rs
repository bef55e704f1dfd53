//! Replaces content in results that a host of an older revision does not know (E-80). Schemas are
//! not rewritten otherwise, and no `$ref` is followed (E-81).

use serde_json::Value;
use serde_json::value::RawValue;

use crate::jsonrpc::{Change, Edit, Object};
use crate::protocol::{ProtocolVersion, methods};

/// Changes to the members of a result.
#[derive(Debug, Default)]
pub(super) struct ResultChanges {
    changes: Vec<(&'static str, Change)>,
    added: Vec<(&'static str, String)>,
}

impl ResultChanges {
    /// The change to this member of the result.
    pub(super) fn change(&self, name: &str) -> Change {
        let found = self.changes.iter().find(|(changed, _)| *changed == name);
        found.map_or(Change::Keep, |(_, change)| change.clone())
    }

    /// Members that are added to the result.
    pub(super) fn added(&self) -> &[(&'static str, String)] {
        &self.added
    }
}

/// The changes to a result for a host of this revision. `offset` is where the result's text begins
/// in the message.
pub(super) fn result_changes(
    method: &str,
    result: &Object<'_>,
    offset: usize,
    host: ProtocolVersion,
) -> ResultChanges {
    match method {
        methods::TOOLS_LIST => tool_list_changes(result, offset),
        methods::TOOLS_CALL => tool_result_changes(result, offset, host),
        methods::PROMPTS_GET if host < ProtocolVersion::V2025_06_18 => {
            prompt_changes(result, offset, host)
        }
        _ => ResultChanges::default(),
    }
}

/// The changes to a list of tools: no legacy revision allows an output schema whose root is not an
/// object (E-80).
fn tool_list_changes(result: &Object<'_>, offset: usize) -> ResultChanges {
    let mut edits = Vec::new();
    let text = result.get("tools").unwrap_or("[]");
    let at = |part: &str| offset + result.range_of(part).start;
    for tool in elements(text) {
        let Some(object) = Object::parse(tool) else { continue };
        let schema = object.get("outputSchema").and_then(Object::parse);
        if schema.is_some_and(|schema| schema.text("type").as_deref() != Some("object")) {
            edits.extend(object.rewrite(
                at(tool),
                |member| match member.name.as_str() {
                    "outputSchema" => Change::Remove,
                    _ => Change::Keep,
                },
                &[],
            ));
        }
    }
    changes_within("tools", edits)
}

fn tool_result_changes(result: &Object<'_>, offset: usize, host: ProtocolVersion) -> ResultChanges {
    let content = result.get("content");
    let mut edits = older_blocks(result, content.unwrap_or("[]"), offset, host);
    let structured = result.get("structuredContent").filter(|text| !text.starts_with('{'));
    let Some(structured) = structured else { return changes_within("content", edits) };
    // E-80: structured content that is not an object is moved to a text block.
    let block = text_block(structured);
    let mut shown = ResultChanges::default();
    shown.changes.push(("structuredContent", Change::Remove));
    match content {
        Some(content) if holds_json(content, structured) => {}
        Some(content) if content.starts_with('[') => {
            let end = offset + result.range_of(content).end - 1;
            let comma = if elements(content).is_empty() { "" } else { "," };
            edits.push((end..end, format!("{comma}{block}").into()));
        }
        _ => shown.added.push(("content", format!("[{block}]"))),
    }
    if !edits.is_empty() {
        shown.changes.push(("content", Change::Within(edits)));
    }
    shown
}

fn prompt_changes(result: &Object<'_>, offset: usize, host: ProtocolVersion) -> ResultChanges {
    let mut edits = Vec::new();
    for text in elements(result.get("messages").unwrap_or("[]")) {
        let Some(message) = Object::parse(text) else { continue };
        let block = message.get("content").and_then(|block| older_text(block, host));
        let Some(block) = block else { continue };
        let change = |name: &str| match name {
            "content" => Change::Replace(block.clone()),
            _ => Change::Keep,
        };
        let at = offset + result.range_of(text).start;
        edits.extend(message.rewrite(at, |member| change(&member.name), &[]));
    }
    changes_within("messages", edits)
}

fn changes_within(name: &'static str, edits: Vec<Edit>) -> ResultChanges {
    let changes = if edits.is_empty() { vec![] } else { vec![(name, Change::Within(edits))] };
    ResultChanges { changes, added: Vec::new() }
}

/// The edits that turn content blocks which the host's revision does not know into text.
fn older_blocks(
    result: &Object<'_>,
    content: &str,
    offset: usize,
    host: ProtocolVersion,
) -> Vec<Edit> {
    if host >= ProtocolVersion::V2025_06_18 {
        return Vec::new();
    }
    let edit = |block: &str| -> Option<Edit> {
        let range = result.range_of(block);
        Some((offset + range.start..offset + range.end, older_text(block, host)?.into()))
    };
    elements(content).into_iter().filter_map(edit).collect()
}

/// The text block that replaces a block which the host's revision does not know.
fn older_text(block: &str, host: ProtocolVersion) -> Option<String> {
    let object = Object::parse(block)?;
    let text = match object.text("type")?.as_str() {
        "audio" if host < ProtocolVersion::V2025_03_26 => {
            let size = object.text("data")?.len() / 4 * 3;
            let kind = object.text("mimeType").unwrap_or_default();
            format!("[audio: {kind}, about {size} bytes]")
        }
        "resource_link" => {
            let member = |name| object.text(name).unwrap_or_default();
            format!("[resource: {} {}]", member("name"), member("uri"))
        }
        _ => return None,
    };
    Some(text_block(&text))
}

/// Returns whether a text block already holds this JSON.
fn holds_json(content: &str, structured: &str) -> bool {
    let Ok(wanted) = serde_json::from_str::<Value>(structured) else { return false };
    elements(content).into_iter().any(|block| {
        let text = Object::parse(block).and_then(|block| block.text("text"));
        text.and_then(|text| serde_json::from_str::<Value>(&text).ok()) == Some(wanted.clone())
    })
}

fn text_block(text: &str) -> String {
    format!(r#"{{"type":"text","text":{}}}"#, Value::from(text))
}

/// The JSON texts of the elements of an array; empty for anything else.
fn elements(text: &str) -> Vec<&str> {
    let parsed: Option<Vec<&RawValue>> = serde_json::from_str(text).ok();
    parsed.unwrap_or_default().into_iter().map(RawValue::get).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jsonrpc::apply;

    fn seen(method: &str, result: Value, host: ProtocolVersion) -> Value {
        let text = result.to_string();
        let object = Object::parse(&text).unwrap();
        let shown = result_changes(method, &object, 0, host);
        let edits = object.rewrite(0, |member| shown.change(&member.name), shown.added());
        serde_json::from_str(&apply(&text, &edits).unwrap()).unwrap()
    }

    /// E-80
    #[test]
    fn structured_content_that_is_no_object_becomes_text() {
        let newest = ProtocolVersion::V2025_11_25;
        for value in [json!([1, 2]), json!(null), json!(7), json!("s")] {
            let block = json!({ "type": "text", "text": value.to_string() });
            let expected = json!({ "content": [block] });
            let call = |content: Value| {
                let mut result = json!({ "structuredContent": value });
                if !content.is_null() {
                    result["content"] = content;
                }
                seen("tools/call", result, newest)
            };
            assert_eq!(call(json!([])), expected);
            assert_eq!(call(Value::Null), expected);
            assert_eq!(call(json!([block])), expected, "not twice");
            let more = call(json!([{ "type": "text", "text": "x y" }]));
            assert_eq!(more["content"][1], block);
        }
        let object = json!({ "content": [], "structuredContent": { "a": 1 } });
        assert_eq!(seen("tools/call", object.clone(), newest), object);
    }

    /// E-80, E-81
    #[test]
    fn only_an_output_schema_that_is_no_object_goes() {
        let tools = json!({ "tools": [
            {
                "name": "a",
                "outputSchema": { "type": "array" }, "inputSchema": { "$ref": "https://x/" },
            },
            { "name": "b", "outputSchema": { "type": "object", "oneOf": [] } },
        ] });
        let seen = seen("tools/list", tools.clone(), ProtocolVersion::V2025_11_25);
        assert!(seen["tools"][0]["outputSchema"].is_null());
        assert_eq!(seen["tools"][0]["inputSchema"], tools["tools"][0]["inputSchema"]);
        assert_eq!(seen["tools"][1], tools["tools"][1]);
    }

    /// E-80: audio and links
    #[test]
    fn blocks_that_the_host_does_not_know_become_text() {
        let audio = json!({ "type": "audio", "mimeType": "audio/wav", "data": "AAAAAAAA" });
        let link = json!({ "type": "resource_link", "name": "n", "uri": "file:///u" });
        let result = json!({ "content": [audio, link] });
        let kinds = |host| {
            let seen = seen("tools/call", result.clone(), host);
            [0, 1].map(|at| seen["content"][at]["type"].as_str().unwrap().to_owned())
        };
        assert_eq!(kinds(ProtocolVersion::V2024_11_05), ["text", "text"]);
        assert_eq!(kinds(ProtocolVersion::V2025_03_26), ["audio", "text"]);
        assert_eq!(kinds(ProtocolVersion::V2025_06_18), ["audio", "resource_link"]);
        let prompt = json!({ "messages": [{ "role": "user", "content": link }] });
        let seen = seen("prompts/get", prompt, ProtocolVersion::V2024_11_05);
        assert_eq!(seen["messages"][0]["content"]["text"], "[resource: n file:///u]");
    }
}
