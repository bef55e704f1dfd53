//! JSON-RPC and MCP error codes.

/// Text that is not JSON (JSON-RPC 2.0 §5.1).
pub const PARSE_ERROR: i64 = -32700;
/// JSON that is not a valid message (JSON-RPC 2.0 §5.1).
pub const INVALID_REQUEST: i64 = -32600;
/// The method is unknown (JSON-RPC 2.0 §5.1).
pub const METHOD_NOT_FOUND: i64 = -32601;
/// The parameters are invalid (JSON-RPC 2.0 §5.1).
pub const INVALID_PARAMS: i64 = -32602;
/// An internal error (JSON-RPC 2.0 §5.1); also the code of the bridge's own failures (E-59).
pub const INTERNAL_ERROR: i64 = -32603;
/// The resource does not exist (revisions up to 2025-11-25, `server/resources`).
pub const RESOURCE_NOT_FOUND: i64 = -32002;
/// Header and body disagree (2026-07-28, SEP-2243).
pub const HEADER_MISMATCH: i64 = -32020;
/// A required client capability was not declared (2026-07-28).
pub const MISSING_CLIENT_CAPABILITY: i64 = -32021;
/// The protocol version is not supported (2026-07-28).
pub const UNSUPPORTED_PROTOCOL_VERSION: i64 = -32022;
/// The user must visit a URL first (2025-11-25, `client/elicitation`).
pub const URL_ELICITATION_REQUIRED: i64 = -32042;
