//! Pages of the MCP lists: opaque cursors over a position.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::rpc_error::{MethodResult, RpcError};
use crate::state::MockState;
use mcp_tether_wire::jsonrpc::Message;

/// Returns the page that `request` asks for.
pub(super) fn page(
    shared: &MockState,
    request: &Message,
    key: &str,
    all: Vec<Value>,
) -> MethodResult {
    #[derive(Default, Deserialize)]
    struct Params {
        cursor: Option<String>,
    }
    let params: Params = request.params_as().unwrap_or_default();
    let start = match &params.cursor {
        Some(cursor) => position(cursor, key, all.len())?,
        None => 0,
    };
    let size = shared.options.page_size.max(1);
    let end = all.len().min(start.saturating_add(size));
    let mut result = json!({ key: &all[start..end] });
    if end < all.len() {
        result["nextCursor"] = format!("{key}@{end}").into();
    }
    Ok(result.to_string())
}

fn position(cursor: &str, key: &str, length: usize) -> Result<usize, RpcError> {
    let position = cursor.strip_prefix(key).and_then(|rest| rest.strip_prefix('@')?.parse().ok());
    position
        .filter(|position| *position <= length)
        .ok_or_else(|| RpcError::invalid_params(format!("`{cursor}` is not a cursor of this list")))
}
