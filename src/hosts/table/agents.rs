//! Agents that run in a terminal.

use super::super::entry_shape::{Expansion, Field, Format};
use super::super::known_host::Evidence::{Code, Documentation, Run, Schema};
use super::super::known_host::KnownHost;
use super::super::places::{Places, config, file_in_variable, home, settings, variable};
use super::usual::{CALL_LIMIT_MS, MCP_SERVERS, PLAIN, STDIO, USUAL, older, older_of_project};

/// Sorted by id.
pub(super) const AGENTS: [KnownHost; 12] = [
    KnownHost {
        id: "amazon-q",
        title: "Amazon Q Developer CLI",
        fields: &[CALL_LIMIT_MS],
        afterwards: "start a new session; `/mcp` lists the servers",
        user: Places::everywhere(&[home(".aws/amazonq/mcp.json")]),
        project: &[".amazonq/mcp.json"],
        programs: &["q"],
        evidence: &[
            Code("aws/amazon-q-developer-cli: `CustomToolConfig`, `paths.rs`"),
            Schema("schemas/agent-v1.json"),
        ],
        ..USUAL
    },
    KnownHost {
        id: "amp",
        title: "Amp",
        sections: &[&["amp.mcpServers"]],
        accepts_comments: true,
        afterwards: "start a new session; `amp mcp doctor` shows the connection",
        user: Places::everywhere(&[
            file_in_variable("AMP_SETTINGS_FILE"),
            home(".config/amp/settings.json"),
            home(".config/amp/settings.jsonc"),
        ]),
        project: &[".amp/settings.json", ".amp/settings.jsonc"],
        programs: &["amp"],
        evidence: &[
            Schema("@sourcegraph/amp-sdk 0.1.0: `MCPServerSchema`"),
            Documentation("ampcode.com/docs/cli/settings, ampcode.com/docs/customize/mcp"),
        ],
        ..USUAL
    },
    KnownHost {
        id: "claude-code",
        title: "Claude Code",
        format: STDIO,
        sections: &[&["mcpServers"], &["projects", "*", "mcpServers"]],
        afterwards: "start a new session; `claude mcp list` shows the connection",
        user: Places::everywhere(&[
            variable("CLAUDE_CONFIG_DIR", ".claude.json"),
            home(".claude.json"),
        ]),
        project: &[".mcp.json"],
        programs: &["claude"],
        evidence: &[Run("2.1.332"), Documentation("code.claude.com/docs/en/mcp")],
        ..USUAL
    },
    KnownHost {
        id: "codex",
        title: "Codex",
        format: Format::Toml,
        // Without `required` the first turn waits a second for the tools.
        fields: &[
            ("startup_timeout_sec", Field::Number(60)),
            ("tool_timeout_sec", Field::Number(600)),
            ("required", Field::Switch(true)),
        ],
        sections: &[&["mcp_servers"]],
        accepts_comments: true,
        afterwards: "start a new session; `codex mcp list` shows the entry",
        user: Places::everywhere(&[
            variable("CODEX_HOME", "config.toml"),
            home(".codex/config.toml"),
        ]),
        project: &[".codex/config.toml"],
        programs: &["codex"],
        evidence: &[
            Run("0.171.0"),
            Schema("codex-rs/core/config.schema.json, `RawMcpServerConfig`"),
        ],
        ..USUAL
    },
    KnownHost {
        id: "copilot",
        title: "Copilot CLI",
        format: Format::Json(&[("type", "local")]),
        fields: &[("tools", Field::Words(&["*"]))],
        accepts_comments: true,
        afterwards: "start a new session; `/mcp show` lists the servers",
        user: Places::everywhere(&[
            variable("COPILOT_HOME", "mcp-config.json"),
            home(".copilot/mcp-config.json"),
        ]),
        project: &[".mcp.json", ".github/mcp.json"],
        programs: &["copilot"],
        evidence: &[Run("1.0.102")],
        ..USUAL
    },
    KnownHost {
        id: "crush",
        title: "Crush",
        format: STDIO,
        // In seconds.
        fields: &[("timeout", Field::Number(60))],
        sections: &[&["mcp"]],
        expansion: Expansion::Shell,
        afterwards: "start a new session",
        user: Places::everywhere(&[
            variable("CRUSH_GLOBAL_CONFIG", "crush.json"),
            config("crush/crush.json"),
        ]),
        project: &[".crush.json", "crush.json"],
        programs: &["crush"],
        evidence: &[
            Code("charmbracelet/crush: `GlobalConfig`, `lookupConfigs`, `ResolveValue`"),
            Schema("schema.json, `MCPConfig`"),
        ],
        ..USUAL
    },
    KnownHost {
        id: "droid",
        title: "Factory Droid",
        format: STDIO,
        fields: &[("disabled", Field::Switch(false))],
        afterwards: "start a new session; `droid mcp list` shows the connection",
        user: Places::everywhere(&[home(".factory/mcp.json")]),
        project: &[".factory/mcp.json"],
        programs: &["droid"],
        evidence: &[Run("0.215.0"), Documentation("docs.factory.ai/cli/configuration/mcp")],
        ..USUAL
    },
    KnownHost {
        id: "gemini",
        title: "Gemini CLI",
        fields: &[CALL_LIMIT_MS],
        accepts_comments: true,
        afterwards: "start a new session; `gemini mcp list` shows the connection",
        user: Places::everywhere(&[
            variable("GEMINI_CLI_HOME", ".gemini/settings.json"),
            home(".gemini/settings.json"),
        ]),
        project: &[".gemini/settings.json"],
        programs: &["gemini"],
        evidence: &[Run("0.61.0"), Schema("schemas/settings.schema.json, `MCPServerConfig`")],
        ..USUAL
    },
    KnownHost {
        id: "goose",
        title: "Goose",
        format: Format::Yaml,
        // In seconds.
        fields: &[("enabled", Field::Switch(true)), ("timeout", Field::Number(300))],
        sections: &[&["extensions"]],
        accepts_comments: true,
        afterwards: "start a new session",
        user: Places {
            linux: &[
                variable("GOOSE_PATH_ROOT", "config/config.yaml"),
                config("goose/config.yaml"),
            ],
            macos: &[
                variable("GOOSE_PATH_ROOT", "config/config.yaml"),
                config("goose/config.yaml"),
            ],
            windows: &[
                variable("GOOSE_PATH_ROOT", "config/config.yaml"),
                settings("Block/goose/config/config.yaml"),
            ],
        },
        programs: &["goose"],
        evidence: &[
            Code("block/goose: `ExtensionConfig::Stdio`"),
            Documentation("block.github.io/goose/docs/guides/config-files"),
        ],
        ..USUAL
    },
    KnownHost {
        id: "kilo",
        title: "Kilo Code",
        format: Format::JsonWords,
        // In milliseconds.
        fields: &[("enabled", Field::Switch(true)), ("timeout", Field::Number(60_000))],
        // No `mcp.servers`: it takes that for an entry, and refuses the file.
        sections: &[&["mcp"]],
        accepts_comments: true,
        afterwards: "start a new session; `kilo mcp list` shows the connection",
        user: Places::everywhere(&[config("kilo/kilo.json"), config("kilo/kilo.jsonc")]),
        project: &["kilo.json", "kilo.jsonc", ".kilo/kilo.json", ".kilo/kilo.jsonc"],
        older: &[
            older(home(".kilocode/cli/global/settings/mcp_settings.json"), PLAIN, MCP_SERVERS),
            older(
                settings("Code/User/globalStorage/kilocode.kilo-code/settings/mcp_settings.json"),
                PLAIN,
                MCP_SERVERS,
            ),
            older_of_project(home(".kilocode/mcp.json"), MCP_SERVERS),
        ],
        programs: &["kilo"],
        evidence: &[
            Run("7.7.9"),
            Schema("@kilocode/sdk 7.4.20: `McpLocalConfig`; packages/core/src/v1/config/mcp.ts"),
            Documentation("kilo.ai/docs, using MCP in Kilo Code"),
        ],
        ..USUAL
    },
    KnownHost {
        id: "opencode",
        title: "opencode",
        format: Format::JsonWords,
        // In milliseconds; 5 s for the list of tools if it is absent.
        fields: &[("enabled", Field::Switch(true)), ("timeout", Field::Number(60_000))],
        other_fields: &[(
            &["mcp", "servers"],
            &[("timeout", Field::Numbers(&[("startup", 60_000), ("request", 600_000)]))],
        )],
        sections: &[&["mcp"], &["mcp", "servers"]],
        accepts_comments: true,
        afterwards: "start a new session; `opencode mcp list` shows the connection",
        user: Places::everywhere(&[
            file_in_variable("OPENCODE_CONFIG"),
            variable("OPENCODE_CONFIG_DIR", "opencode.json"),
            variable("OPENCODE_CONFIG_DIR", "opencode.jsonc"),
            config("opencode/opencode.json"),
            config("opencode/opencode.jsonc"),
            config("opencode/config.json"),
        ]),
        project: &[
            "opencode.json",
            "opencode.jsonc",
            ".opencode/opencode.json",
            ".opencode/opencode.jsonc",
        ],
        programs: &["opencode"],
        evidence: &[Run("1.18.33"), Schema("opencode.ai/config.json")],
        ..USUAL
    },
    KnownHost {
        id: "qwen",
        title: "Qwen Code",
        fields: &[CALL_LIMIT_MS],
        accepts_comments: true,
        afterwards: "start a new session; `qwen mcp list` shows the connection",
        user: Places::everywhere(&[
            variable("QWEN_HOME", "settings.json"),
            home(".qwen/settings.json"),
        ]),
        project: &[".qwen/settings.json"],
        programs: &["qwen"],
        evidence: &[Run("0.24.4")],
        ..USUAL
    },
];
