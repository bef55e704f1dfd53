//! The text of JSON-RPC notifications.

use serde_json::{Value, json};

/// Returns the text of a notification. Null parameters are left out.
pub(crate) fn notification(method: &str, params: &Value) -> String {
    let mut message = json!({ "jsonrpc": "2.0", "method": method });
    if !params.is_null() {
        message["params"] = params.clone();
    }
    message.to_string()
}
