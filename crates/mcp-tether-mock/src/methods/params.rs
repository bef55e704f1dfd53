//! Reading the parameters of a request.

use serde::Deserialize;

use crate::rpc_error::RpcError;
use mcp_tether_wire::jsonrpc::Message;

/// Reads the parameters of `request`.
///
/// # Errors
/// `-32602` with `expected` as its message if they do not have the shape of `T`.
pub(super) fn read_params<'a, T: Deserialize<'a>>(
    request: &'a Message,
    expected: &str,
) -> Result<T, RpcError> {
    let params = request.params().and_then(|params| serde_json::from_str(params).ok());
    params.ok_or_else(|| RpcError::invalid_params(expected))
}

/// Returns the URI that a request names.
pub(super) fn uri(request: &Message) -> Result<String, RpcError> {
    #[derive(Deserialize)]
    struct Params {
        uri: String,
    }
    read_params::<Params>(request, "`uri` must be a string").map(|params| params.uri)
}
