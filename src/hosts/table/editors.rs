//! Editors, and what is built into them.

use super::super::entry_shape::Field;
use super::super::known_host::Evidence::{Code, Documentation, Reports, Run, Schema};
use super::super::known_host::{KnownHost, Others};
use super::super::links::Link;
use super::super::places::{
    Place, Places, always, config, file_in_variable, home, local, probed, settings, variable,
};
use super::usual::{
    CALL_LIMIT_MS, MCP_SERVERS, PLAIN, SERVERS, STDIO, USUAL, older, older_of_project,
};

/// Sorted by id.
pub(super) const EDITORS: [KnownHost; 13] = [
    KnownHost {
        id: "antigravity",
        title: "Google Antigravity",
        fields: &[("disabled", Field::Switch(false))],
        afterwards: "refresh the list under `Manage MCP Servers`",
        user: Places::everywhere(&[
            // Since 2.0, for the editor and the terminal; the older folder stays, with other things
            // in it.
            always(home(".gemini/config/mcp_config.json")),
            probed(home(".gemini/antigravity/mcp_config.json")),
        ]),
        project: &[".agents/mcp_config.json"],
        programs: &["antigravity", "agy"],
        evidence: &[Reports(
            "pages that cite antigravity.google/docs/mcp; a linter that ran agy 1.1.26",
        )],
        ..USUAL
    },
    KnownHost {
        id: "cline",
        title: "Cline",
        // In seconds; 3 s for the connection if it is absent.
        fields: &[("timeout", Field::Number(600)), ("disabled", Field::Switch(false))],
        afterwards: "open its MCP panel, which shows the connection",
        user: Places::everywhere(&[
            file_in_variable("CLINE_MCP_SETTINGS_PATH"),
            variable("CLINE_DATA_DIR", "settings/cline_mcp_settings.json"),
            variable("CLINE_DIR", "data/settings/cline_mcp_settings.json"),
            home(".cline/data/settings/cline_mcp_settings.json"),
        ]),
        older: &[older(
            settings(
                "Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json",
            ),
            PLAIN,
            MCP_SERVERS,
        )],
        programs: &["cline"],
        evidence: &[
            Run("3.0.65"),
            Code("cline/cline: `resolveMcpSettingsPath`, `createServerTypeSchema`"),
        ],
        ..USUAL
    },
    KnownHost {
        id: "continue",
        title: "Continue",
        accepts_comments: true,
        afterwards: "reload the window; tools are used in agent mode only",
        user: Places::everywhere(&[
            variable("CONTINUE_GLOBAL_DIR", "mcpServers/mcp-tether.json"),
            home(".continue/mcpServers/mcp-tether.json"),
        ]),
        project: &[".continue/mcpServers/mcp-tether.json"],
        others: Others::Siblings,
        evidence: &[Code("continuedev/continue: `loadJsonMcpConfigs`, `stdioMcpJsonSchema`")],
        ..USUAL
    },
    KnownHost {
        id: "copilot-jetbrains",
        title: "GitHub Copilot for JetBrains",
        format: STDIO,
        sections: SERVERS,
        afterwards: "restart the IDE",
        user: Places {
            linux: &[config("github-copilot/intellij/mcp.json")],
            macos: &[config("github-copilot/intellij/mcp.json")],
            windows: &[local("github-copilot/intellij/mcp.json")],
        },
        evidence: &[
            Documentation(
                "its maker's answer in copilot-intellij-feedback 2044: one file for all IDEs",
            ),
            Reports("copilot-intellij-feedback 701, microsoft/apm 2344: `~/.config`"),
        ],
        ..USUAL
    },
    KnownHost {
        id: "copilot-xcode",
        title: "GitHub Copilot for Xcode",
        format: STDIO,
        sections: SERVERS,
        afterwards: "restart Xcode",
        user: Places {
            linux: &[],
            macos: &[home(".config/github-copilot/xcode/mcp.json")],
            windows: &[],
        },
        evidence: &[Code("github/CopilotForXcode: `MCPConfigConstants.swift`")],
        ..USUAL
    },
    KnownHost {
        id: "cursor",
        title: "Cursor",
        afterwards: "switch the server on in the settings, under MCP",
        user: Places::everywhere(&[home(".cursor/mcp.json")]),
        project: &[".cursor/mcp.json"],
        programs: &["cursor"],
        link: Some(Link::Base64("cursor://anysphere.cursor-deeplink/mcp/install")),
        evidence: &[Documentation("docs.cursor.com, Model Context Protocol")],
        ..USUAL
    },
    KnownHost {
        id: "junie",
        title: "JetBrains Junie",
        afterwards: "restart the IDE",
        user: Places::everywhere(&[home(".junie/mcp/mcp.json")]),
        project: &[".junie/mcp/mcp.json"],
        programs: &["junie"],
        evidence: &[Documentation("junie.jetbrains.com/docs/junie-cli-mcp-configuration.html")],
        ..USUAL
    },
    KnownHost {
        id: "kiro",
        title: "Kiro",
        fields: &[CALL_LIMIT_MS, ("disabled", Field::Switch(false))],
        afterwards: "it connects by itself; the panel `MCP Servers` shows the connection",
        user: Places::everywhere(&[
            variable("KIRO_HOME", "settings/mcp.json"),
            home(".kiro/settings/mcp.json"),
        ]),
        project: &[".kiro/settings/mcp.json"],
        programs: &["kiro", "kiro-cli"],
        link: Some(Link::NameAndJson("https://kiro.dev/launch/mcp/add")),
        evidence: &[
            Documentation("kiro.dev/docs/mcp/configuration"),
            Reports("installers, for `KIRO_HOME` and `timeout`"),
        ],
        ..USUAL
    },
    KnownHost {
        id: "visual-studio",
        title: "Visual Studio",
        format: STDIO,
        sections: SERVERS,
        afterwards: "open the chat in agent mode and choose its tools",
        user: Places { linux: &[], macos: &[], windows: &[home(".mcp.json")] },
        project: &[".mcp.json", ".vs/mcp.json"],
        link: Some(Link::Json("https://vs-open.link/mcp-install")),
        evidence: &[Documentation("learn.microsoft.com/visualstudio/ide/mcp-servers")],
        ..USUAL
    },
    KnownHost {
        id: "vscode",
        title: "VS Code",
        format: STDIO,
        sections: SERVERS,
        accepts_comments: true,
        afterwards: "run the command `MCP: List Servers` and start it there",
        user: Places {
            linux: &[
                variable("VSCODE_PORTABLE", "user-data/User/mcp.json"),
                settings("Code/User/mcp.json"),
                probed(home(".var/app/com.visualstudio.code/config/Code/User/mcp.json")),
                probed(settings("VSCodium/User/mcp.json")),
                // Of this machine, when it is opened from another one.
                probed(home(".vscode-server/data/User/mcp.json")),
            ],
            macos: &[
                variable("VSCODE_PORTABLE", "user-data/User/mcp.json"),
                settings("Code/User/mcp.json"),
                probed(settings("VSCodium/User/mcp.json")),
            ],
            windows: &[
                variable("VSCODE_PORTABLE", "user-data/User/mcp.json"),
                settings("Code/User/mcp.json"),
                probed(settings("VSCodium/User/mcp.json")),
            ],
        },
        project: &[".vscode/mcp.json"],
        older: &[
            older(settings("Code/User/settings.json"), STDIO, IN_SETTINGS),
            older_of_project(home(".vscode/settings.json"), IN_SETTINGS),
        ],
        others: Others::Profiles,
        programs: &["code"],
        link: Some(Link::Json("vscode:mcp/install")),
        also: Some("copilot"),
        evidence: &[
            Documentation("code.visualstudio.com/docs/agents/reference/mcp-configuration"),
            Schema("microsoft/vscode: `mcpStdioServerSchema`"),
            Code("microsoft/vscode: `ServerEnvironmentService.mcpResource`"),
        ],
        ..USUAL
    },
    KnownHost {
        id: "vscode-insiders",
        title: "VS Code Insiders",
        format: STDIO,
        sections: SERVERS,
        accepts_comments: true,
        afterwards: "run the command `MCP: List Servers` and start it there",
        user: Places::everywhere(&[settings("Code - Insiders/User/mcp.json")]),
        project: &[".vscode/mcp.json"],
        older: &[older(settings("Code - Insiders/User/settings.json"), STDIO, IN_SETTINGS)],
        others: Others::Profiles,
        programs: &["code-insiders"],
        link: Some(Link::Json("vscode-insiders:mcp/install")),
        also: Some("copilot"),
        evidence: &[
            Documentation("code.visualstudio.com/docs/agents/reference/mcp-configuration"),
            Schema("microsoft/vscode: `mcpStdioServerSchema`"),
        ],
        ..USUAL
    },
    KnownHost {
        id: "windsurf",
        title: "Windsurf (Devin Desktop)",
        afterwards: "press the refresh button of its MCP panel",
        user: Places {
            linux: &[config("devin/mcp_config.json"), probed(CASCADE)],
            macos: &[config("devin/mcp_config.json"), probed(CASCADE)],
            windows: &[settings("devin/mcp_config.json"), probed(CASCADE)],
        },
        project: &[".devin/mcp_config.json"],
        older: &[
            older(home(".windsurf/mcp.json"), PLAIN, MCP_SERVERS),
            older_of_project(home(".devin/mcp_config.local.json"), MCP_SERVERS),
            // Where its agent for terminals kept them before 3000.3.
            older(config("devin/config.json"), PLAIN, MCP_SERVERS),
            older(settings("devin/config.json"), PLAIN, MCP_SERVERS),
            older_of_project(home(".devin/config.json"), MCP_SERVERS),
        ],
        programs: &["devin-desktop", "windsurf"],
        evidence: &[
            Documentation("docs.devin.ai/cli/extensibility/configuration: key, shape, older file"),
            Reports("installers and pages that cite docs.devin.ai: the newer file"),
        ],
        ..USUAL
    },
    KnownHost {
        id: "zed",
        title: "Zed",
        // No `source`: Zed removes it as deprecated since 2025-11.
        sections: &[&["context_servers"]],
        accepts_comments: true,
        afterwards: "no restart is needed; a green dot in the agent panel's settings means \
                     connected",
        user: Places {
            linux: &[
                variable("FLATPAK_XDG_CONFIG_HOME", "zed/settings.json"),
                settings("zed/settings.json"),
                probed(home(".var/app/dev.zed.Zed/config/zed/settings.json")),
            ],
            macos: &[home(".config/zed/settings.json")],
            windows: &[settings("Zed/settings.json")],
        },
        project: &[".zed/settings.json"],
        programs: &["zed", "zeditor"],
        evidence: &[Code("zed-industries/zed: `paths.rs`"), Documentation("zed.dev/docs/ai/mcp")],
        ..USUAL
    },
];

/// The file of Windsurf's own agent, which may still read it.
const CASCADE: Place = home(".codeium/windsurf/mcp_config.json");
/// Before VS Code had `mcp.json`; the second is a mistake that pages of servers spread.
const IN_SETTINGS: &[&[&str]] = &[&["mcp", "servers"], &["mcpServers"]];
