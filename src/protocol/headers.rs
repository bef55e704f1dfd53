//! Names of the HTTP headers that MCP defines, in the lower case that HTTP/2 demands.

/// Session of Streamable HTTP up to 2025-11-25 (T-31).
pub const SESSION_ID: &str = "mcp-session-id";
/// Negotiated revision (T-30).
pub const PROTOCOL_VERSION: &str = "mcp-protocol-version";
/// Where a resumed stream goes on (T-36).
pub const LAST_EVENT_ID: &str = "last-event-id";
/// Media type of a single JSON-RPC message.
pub const JSON: &str = "application/json";
/// Media type of a Server-Sent Events stream.
pub const EVENT_STREAM: &str = "text/event-stream";

/// Whether only the bridge may set this header: what a user gives for it is refused (T-27).
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
