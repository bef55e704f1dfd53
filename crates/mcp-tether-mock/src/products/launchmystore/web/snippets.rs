//! Configuration snippets that connect a host with a token.

use serde_json::json;

/// A host with a snippet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Host {
    Claude,
    ClaudeCode,
    Cursor,
    Codex,
}

impl Host {
    pub(super) const ALL: [Self; 4] = [Self::Claude, Self::ClaudeCode, Self::Cursor, Self::Codex];

    /// Its name in addresses.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::ClaudeCode => "claudeCode",
            Self::Cursor => "cursor",
            Self::Codex => "codex",
        }
    }

    /// Its name, and the file that the snippet belongs in.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Claude => "Claude Desktop: claude_desktop_config.json",
            Self::ClaudeCode => "Claude Code: .mcp.json",
            Self::Cursor => "Cursor: MCP settings",
            Self::Codex => "Codex: ~/.codex/config.toml",
        }
    }

    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Codex => "application/toml",
            _ => "application/json",
        }
    }

    /// Returns the snippet: Codex uses Streamable HTTP with the token in an environment variable,
    /// the others HTTP+SSE with the token in a header.
    pub(super) fn snippet(self, origin: &str, token: &str) -> String {
        if self == Self::Codex {
            return format!(
                "# before starting Codex: export LAUNCHMYSTORE_MCP_TOKEN=\"{token}\"\n\
                 [mcp_servers.launchmystore]\n\
                 url = \"{origin}/mcp\"\n\
                 bearer_token_env_var = \"LAUNCHMYSTORE_MCP_TOKEN\"\n"
            );
        }
        let entry = json!({ "mcpServers": { "launchmystore": {
            "type": "sse",
            "url": format!("{origin}/mcp/sse"),
            "headers": { "Authorization": format!("Bearer {token}") },
        } } });
        let text = serde_json::to_string_pretty(&entry).expect("a value can be written");
        format!("{text}\n")
    }
}
