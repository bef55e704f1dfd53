//! The JSON-RPC errors that methods and products answer with. Writing them as messages is the
//! transports' work.

use serde_json::{Value, json};

use mcp_tether_wire::protocol::codes;
use mcp_tether_wire::protocol::meta::extensions;

/// A JSON-RPC error, without the id of its request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RpcError {
    pub(crate) code: i64,
    pub(crate) message: String,
    pub(crate) data: Value,
}

impl RpcError {
    pub(crate) fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: Value::Null }
    }

    pub(crate) fn invalid_params(message: impl Into<String>) -> Self {
        Self::new(codes::INVALID_PARAMS, message)
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(codes::INTERNAL_ERROR, message)
    }

    pub(crate) fn unknown_method(method: &str) -> Self {
        Self::new(codes::METHOD_NOT_FOUND, format!("method `{method}` is not known"))
    }

    /// Returns the error for a request that needs capabilities its host did not declare
    /// (2026-07-28).
    pub(crate) fn missing_capability(capabilities: Value) -> Self {
        Self {
            code: codes::MISSING_CLIENT_CAPABILITY,
            message: "a capability is needed that the request does not declare".to_owned(),
            data: json!({ "requiredCapabilities": capabilities }),
        }
    }

    /// Returns the error for a host that did not declare the tasks extension (2026-07-28).
    pub(crate) fn needs_tasks_extension() -> Self {
        Self::missing_capability(json!({ "extensions": { extensions::TASKS: {} } }))
    }
}

/// The JSON text of a result, or an error.
pub(crate) type MethodResult = Result<String, RpcError>;
