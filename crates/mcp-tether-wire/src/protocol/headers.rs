//! Names of the HTTP headers that MCP defines, in lower case, as HTTP/2 requires.

use super::methods;

/// The session id of Streamable HTTP up to 2025-11-25 (T-31).
pub const SESSION_ID: &str = "mcp-session-id";
/// The negotiated revision (T-30).
pub const PROTOCOL_VERSION: &str = "mcp-protocol-version";
/// The last event received, to resume a stream after it (T-36).
pub const LAST_EVENT_ID: &str = "last-event-id";
/// The method in the body (2026-07-28, T-51).
pub const METHOD: &str = "mcp-method";
/// The name in the body, see [`name_member`] (2026-07-28, T-52).
pub const NAME: &str = "mcp-name";
/// The prefix of headers that mirror an annotated argument (2026-07-28, T-54).
pub const PARAMETER_PREFIX: &str = "mcp-param-";
/// The annotation in a tool's input schema that mirrors an argument into a header (2026-07-28,
/// T-53).
pub const PARAMETER_ANNOTATION: &str = "x-mcp-header";
/// Prefix and suffix of a base64-encoded header value (T-54).
pub const ENCODED: (&str, &str) = ("=?base64?", "?=");
/// The proof beside a token that is bound to a key (RFC 9449 §4.1).
pub const DPOP: &str = "dpop";
/// Asks proxies in front of the remote not to buffer events.
pub const ACCEL_BUFFERING: &str = "x-accel-buffering";
/// Media type of a single JSON-RPC message.
pub const JSON: &str = "application/json";
/// Media type of a Server-Sent Events stream.
pub const EVENT_STREAM: &str = "text/event-stream";

/// The member of `params` that `Mcp-Name` repeats for this method (T-52; the last three: tasks
/// extension).
pub fn name_member(method: &str) -> Option<&'static str> {
    match method {
        methods::TOOLS_CALL | methods::PROMPTS_GET => Some("name"),
        methods::RESOURCES_READ => Some("uri"),
        methods::TASKS_GET | methods::TASKS_UPDATE | methods::TASKS_CANCEL => Some("taskId"),
        _ => None,
    }
}

/// Returns whether only the bridge may set this header, so that a user's value is refused (T-27).
pub fn is_reserved(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    const OURS: [&str; 8] = [
        "accept",
        "content-type",
        "content-length",
        "transfer-encoding",
        "connection",
        "host",
        "accept-encoding",
        LAST_EVENT_ID,
    ];
    name.starts_with("mcp-") || OURS.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T-27
    #[test]
    fn protocol_headers_are_ours_and_credentials_the_users() {
        for name in
            ["Accept", "content-TYPE", "Mcp-Session-Id", "MCP-Protocol-Version", "mcp-param-x"]
        {
            assert!(is_reserved(name), "{name}");
        }
        for name in ["Authorization", "X-API-Key", "Cookie", "User-Agent"] {
            assert!(!is_reserved(name), "{name}");
        }
    }
}
