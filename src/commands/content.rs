//! The content of results, prompts and resources as text for a terminal.

use serde_json::Value;

use super::readable;
use crate::redact::plain;

/// One content block, with a line break at its end.
pub(super) fn describe_content(content: &Value) -> String {
    let mut out = match content["text"].as_str() {
        Some(text) => readable::text(text),
        None => other_content(content),
    };
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

/// Text of a resource, or a description of what a terminal cannot show.
pub(super) fn other_content(content: &Value) -> String {
    let kind = plain(content["type"].as_str().unwrap_or("unknown content"));
    let resource = &content["resource"];
    if let Some(text) = resource["text"].as_str() {
        return readable::text(text);
    }
    let uri = content["uri"].as_str().or(resource["uri"].as_str());
    let media_type = content["mimeType"].as_str().or(resource["mimeType"].as_str());
    let encoded = content["data"].as_str().or(resource["blob"].as_str());
    let mut parts = vec![kind];
    parts.extend(uri.map(plain));
    parts.extend(media_type.map(plain));
    parts.extend(encoded.map(|text| format!("{} bytes", text.trim_end_matches('=').len() * 3 / 4)));
    format!("[{}]", parts.join(", "))
}
