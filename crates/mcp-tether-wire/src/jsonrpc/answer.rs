//! Answers that the bridge (or the mock) writes itself.

use serde_json::{Value, json};

use super::id::RequestId;

/// A JSON-RPC error answer to `id`. `data` is left out when it is null.
pub fn error_response(id: &RequestId, code: i64, message: &str, data: Value) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{}}}"#, error_object(code, message, data))
}

/// A JSON-RPC error answer to a message whose id could not be read: the member is left out, because
/// `null` is no legal MCP id (T-05, O-1).
pub fn error_response_without_id(code: i64, message: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","error":{}}}"#, error_object(code, message, Value::Null))
}

/// A JSON-RPC result answer to `id`.
pub fn result_response(id: &RequestId, result: &Value) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#)
}

fn error_object(code: i64, message: &str, data: Value) -> Value {
    match data {
        Value::Null => json!({ "code": code, "message": message }),
        data => json!({ "code": code, "message": message, "data": data }),
    }
}
