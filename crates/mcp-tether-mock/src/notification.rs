//! The text of JSON-RPC notifications.

use mcp_tether_wire::jsonrpc;
use serde_json::Value;

/// Returns the text of a notification. Null parameters are left out.
pub(crate) fn notification(method: &str, params: &Value) -> String {
    let params = (!params.is_null()).then(|| params.to_string());
    jsonrpc::notification(method, params.as_deref())
}
