//! Builds the answer to `server/discover`: from a legacy server's answer to `initialize` (E-12), or
//! a conservative one while nothing is known about the server (E-02, O-5).

use serde_json::{Value, json};

use super::capabilities;
use super::envelope::supported_versions;
use crate::protocol::meta;

/// The `DiscoverResult` for a legacy server's `InitializeResult`, as JSON text; `None` if `result`
/// is not one. `pushes` says whether the server can push, if that is known (E-29).
pub fn discover_result(initialize_result: &str, pushes: Option<bool>) -> Option<String> {
    let result: Value = serde_json::from_str(initialize_result).ok()?;
    let declared = result.get("capabilities").filter(|value| value.is_object())?;
    let mut discovered = basis(capabilities::for_host(declared, pushes), &result["serverInfo"]);
    if let Some(instructions) = result["instructions"].as_str() {
        discovered["instructions"] = instructions.into();
    }
    Some(discovered.to_string())
}

/// The `DiscoverResult`, as JSON text, for a server of which only the name is known: everything
/// that a server may offer, except pushed messages. It must not be cached.
pub fn conservative_discover(name: &str) -> String {
    let all = json!({ "tools": {}, "prompts": {}, "resources": {} });
    basis(all, &json!({ "name": name, "version": "unknown" })).to_string()
}

fn basis(capabilities: Value, server_info: &Value) -> Value {
    let mut result = json!({
        "resultType": meta::result_type::COMPLETE,
        "supportedVersions": supported_versions(),
        "capabilities": capabilities,
        "ttlMs": 0,
        "cacheScope": "private",
    });
    if server_info.is_object() {
        result["_meta"] = json!({ meta::SERVER_INFO: server_info });
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn discovered(result: Value) -> Value {
        let text = discover_result(&result.to_string(), None).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// E-12, E-22
    #[test]
    fn the_example_of_the_requirement_is_what_comes_out() {
        let result = discovered(json!({
            "protocolVersion": "2025-06-18",
            "capabilities": { "tools": { "listChanged": true }, "logging": {} },
            "serverInfo": { "name": "old", "version": "1" },
            "instructions": "…",
        }));
        let expected = json!({
            "resultType": "complete",
            "supportedVersions":
                ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"],
            "capabilities": { "tools": { "listChanged": true }, "logging": {} },
            "instructions": "…",
            "_meta": { "io.modelcontextprotocol/serverInfo": { "name": "old", "version": "1" } },
            "ttlMs": 0,
            "cacheScope": "private",
        });
        assert_eq!(result, expected);
    }

    /// E-12
    #[test]
    fn only_an_initialize_result_gives_a_discover_result() {
        for text in ["[]", "{}", r#"{"capabilities":7}"#, "null"] {
            assert_eq!(discover_result(text, None), None, "{text}");
        }
    }

    /// E-02, E-22, O-5
    #[test]
    fn nothing_is_promised_of_an_unknown_server_that_it_would_have_to_push() {
        let result: Value = serde_json::from_str(&conservative_discover("mcp.example")).unwrap();
        assert_eq!(result["capabilities"], json!({ "tools": {}, "prompts": {}, "resources": {} }));
        assert_eq!(result["ttlMs"], 0);
        assert_eq!(result["_meta"][meta::SERVER_INFO]["name"], "mcp.example");
    }
}
