//! Translates errors of a modern remote for a legacy host (E-50).

use serde::Deserialize;
use serde_json::Value;

use crate::jsonrpc::{Change, Edit, Message, Object};
use crate::protocol::{codes, methods};

#[derive(Default, Deserialize)]
struct RemoteError {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
    #[serde(default)]
    data: Value,
}

#[derive(Default, Deserialize)]
struct RequestedResource {
    #[serde(default)]
    uri: String,
}

/// The code of an error answer.
pub(super) fn code_of(answer: &Message) -> i64 {
    answer.outcome_as::<RemoteError>().unwrap_or_default().code
}

/// Returns whether a refusal with this status, and with this error that names no request, may come
/// from a server of the legacy era. A modern one refuses with a JSON-RPC error with the request's
/// id (T-62); a legacy one misses a session or an `initialize`, and says so in its message.
pub(super) fn may_be_legacy(status: Option<u16>, answer: Option<&Message>) -> bool {
    let Some(answer) = answer else {
        return matches!(status, Some(400 | 404 | 405 | 406 | 415 | 422));
    };
    let error: RemoteError = answer.outcome_as().unwrap_or_default();
    let words = error.message.to_ascii_lowercase();
    let misses = words.contains("session") || words.contains("initializ");
    misses && matches!(error.code, -32019..=-32000 | codes::INVALID_REQUEST)
}

/// The error for the host: the answer and the edits to it.
pub(super) fn translate_error(answer: &Message, request: &Message) -> (Message, Vec<Edit>) {
    let error: RemoteError = answer.outcome_as().unwrap_or_default();
    let changes: Vec<(&str, String)> = match error.code {
        codes::INVALID_PARAMS if is_missing_resource(&error, request) => {
            vec![("code", codes::RESOURCE_NOT_FOUND.to_string())]
        }
        codes::MISSING_CLIENT_CAPABILITY => {
            vec![("message", Value::from(describe_missing(&error.data)).to_string())]
        }
        _ => Vec::new(),
    };
    (answer.clone(), replacements(answer, &changes))
}

/// Returns whether the error says that a resource does not exist, for which revisions up to
/// 2025-11-25 have a code.
fn is_missing_resource(error: &RemoteError, request: &Message) -> bool {
    request.method() == methods::RESOURCES_READ
        && request
            .params_as::<RequestedResource>()
            .is_some_and(|asked| error.data["uri"] == asked.uri.as_str())
}

/// The message for `-32021`; its code and data stay.
fn describe_missing(data: &Value) -> String {
    let named = data["requiredCapabilities"].as_object();
    let names: Vec<&str> = named.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    if names.is_empty() {
        return "the server needs a capability that this host does not have".to_owned();
    }
    format!("the server needs {}, which this host does not have", names.join(" and "))
}

fn replacements(answer: &Message, changes: &[(&str, String)]) -> Vec<Edit> {
    let (Some(text), Some(range)) = (answer.outcome(), answer.outcome_range()) else {
        return Vec::new();
    };
    let Some(error) = Object::parse(text) else { return Vec::new() };
    error.rewrite(
        range.start,
        |member| match changes.iter().find(|(name, _)| *name == member.name) {
            Some((_, value)) => Change::Replace(value.clone()),
            None => Change::Keep,
        },
        &[],
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn seen(error: Value, method: &str) -> Value {
        let answer = json!({ "jsonrpc": "2.0", "id": 1, "error": error }).to_string();
        let request =
            json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": { "uri": "u" } });
        let answer = Message::parse(answer).unwrap();
        let request = Message::parse(request.to_string()).unwrap();
        let (answer, edits) = translate_error(&answer, &request);
        let bytes = answer.edited(&edits).unwrap().into_bytes();
        serde_json::from_slice::<Value>(&bytes).unwrap()["error"].clone()
    }

    /// E-50: each code of a modern remote, as a legacy host gets it
    #[test]
    fn codes_become_those_of_the_legacy_era() {
        let missing = json!({ "code": -32602, "message": "m", "data": { "uri": "u" } });
        assert_eq!(seen(missing.clone(), "resources/read")["code"], -32002);
        assert_eq!(seen(missing, "prompts/get")["code"], -32602);
        let other = json!({ "code": -32602, "message": "m", "data": { "uri": "v" } });
        assert_eq!(seen(other, "resources/read")["code"], -32602);
        for code in [-32700, -32600, -32601, -32603, -32000, -32019, -32050, 7] {
            let error = json!({ "code": code, "message": "m", "data": [1] });
            assert_eq!(seen(error.clone(), "tools/call"), error);
        }
    }

    /// E-50: `-32021` keeps code and data and says in words what is missing
    #[test]
    fn a_missing_capability_is_said_in_words() {
        let data = json!({ "requiredCapabilities": { "elicitation": {} } });
        let error = json!({ "code": -32021, "message": "x", "data": data });
        let seen = seen(error, "tools/call");
        assert_eq!((&seen["code"], &seen["data"]), (&json!(-32021), &data));
        assert_eq!(seen["message"], "the server needs elicitation, which this host does not have");
    }
}
