//! The table of hosts: for each, its names, where it keeps its configuration on each system, which
//! variables move it, the key and the shape of an entry, and how that is known. A new host is a row
//! here, a page in `docs/hosts` and a golden file in `tests/it/hosts/files`.

use super::entry_shape::{Expansion, Field, Format};
use super::known_host::{KnownHost, OlderFile, Others};
use super::links::Link;
use super::places::{
    Place, Places, Scope, config, file_in_variable, home, local, probed, settings, variable,
};

const MCP_SERVERS: &[&[&str]] = &[&["mcpServers"]];
const SERVERS: &[&[&str]] = &[&["servers"]];
const PLAIN: Format = Format::Json(&[]);
const STDIO: Format = Format::Json(&[("type", "stdio")]);
/// Ten minutes in milliseconds: what the bridge itself grants a call.
const CALL_LIMIT_MS: (&str, Field) = ("timeout", Field::Number(600_000));

/// What most hosts have in common.
const USUAL: KnownHost = KnownHost {
    id: "",
    title: "",
    format: PLAIN,
    fields: &[],
    sections: MCP_SERVERS,
    accepts_comments: false,
    expansion: Expansion::Known,
    afterwards: "restart it",
    user: Places::NOWHERE,
    project: &[],
    older: &[],
    others: Others::None,
    programs: &[],
    link: None,
    also: None,
    source: "",
};

/// Every supported host, sorted by id.
pub static HOSTS: [KnownHost; 28] = [
    KnownHost {
        id: "amazon-q",
        title: "Amazon Q Developer CLI",
        fields: &[CALL_LIMIT_MS],
        afterwards: "start a new session; `/mcp` lists the servers",
        user: Places::everywhere(&[home(".aws/amazonq/mcp.json")]),
        project: &[".amazonq/mcp.json"],
        programs: &["q"],
        source: "docs.aws.amazon.com, Amazon Q Developer command line, MCP configuration",
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
        source: "ampcode.com/manual; add-mcp 2.4",
        ..USUAL
    },
    KnownHost {
        id: "antigravity",
        title: "Google Antigravity",
        fields: &[("disabled", Field::Switch(false))],
        afterwards: "refresh the list under `Manage MCP Servers`",
        user: Places::everywhere(&[
            home(".gemini/config/mcp_config.json"),
            probed(home(".gemini/antigravity/mcp_config.json")),
        ]),
        project: &[".agents/mcp_config.json"],
        programs: &["antigravity", "agy"],
        source: "source of installers (add-mcp 2.4, aidit, darktrace-mcp), not its own",
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
        source: "run: 2.1.332",
        ..USUAL
    },
    KnownHost {
        id: "claude-desktop",
        title: "Claude Desktop",
        afterwards: "quit it and start it again: closing the window is not enough",
        user: Places {
            linux: &[settings("Claude/claude_desktop_config.json")],
            macos: &[settings("Claude/claude_desktop_config.json")],
            windows: &[
                // From 2.4, by reports.
                probed(local("Claude-Data/claude_*/claude_desktop_config.json")),
                probed(local("Claude-Data/claude_desktop_config.json")),
                // What the Store, winget and the download install: a package of its own folders.
                probed(local(
                    "Packages/Claude_*/LocalCache/Roaming/Claude/claude_desktop_config.json",
                )),
                settings("Claude/claude_desktop_config.json"),
            ],
        },
        source: "modelcontextprotocol.io, connecting local servers; on Windows users' reports",
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
        source: "source: @cline/core 0.0.86",
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
        source: "run: 0.171.0",
        ..USUAL
    },
    KnownHost {
        id: "continue",
        title: "Continue",
        afterwards: "reload the window; tools are used in agent mode only",
        user: Places::everywhere(&[
            variable("CONTINUE_GLOBAL_DIR", "mcpServers/mcp-tether.json"),
            home(".continue/mcpServers/mcp-tether.json"),
        ]),
        project: &[".continue/mcpServers/mcp-tether.json"],
        others: Others::Siblings,
        programs: &["cn"],
        source: "source: `loadJsonMcpConfigs`",
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
        source: "run: 1.0.102",
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
        source: "source of installers, not its own",
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
        source: "source: CopilotForXcode",
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
        source: "source: `GlobalConfig`, `ExpandValue`",
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
        source: "docs.cursor.com, Model Context Protocol",
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
        source: "run: 0.215.0",
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
        source: "run: 0.61.0",
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
        source: "block.github.io/goose, configuration file; add-mcp 2.4",
        ..USUAL
    },
    KnownHost {
        id: "junie",
        title: "JetBrains Junie",
        afterwards: "restart the IDE",
        user: Places::everywhere(&[home(".junie/mcp/mcp.json")]),
        project: &[".junie/mcp/mcp.json"],
        programs: &["junie"],
        source: "jetbrains.com/help/junie, Model Context Protocol",
        ..USUAL
    },
    KnownHost {
        id: "kilo",
        title: "Kilo Code",
        format: Format::JsonWords,
        // In milliseconds.
        fields: &[("enabled", Field::Switch(true)), ("timeout", Field::Number(60_000))],
        sections: &[&["mcp"], &["mcp", "servers"]],
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
        source: "run: 7.7.9",
        ..USUAL
    },
    KnownHost {
        id: "kiro",
        title: "Kiro",
        fields: &[CALL_LIMIT_MS, ("disabled", Field::Switch(false))],
        afterwards: "it connects by itself; the panel `MCP Servers` shows the connection",
        user: Places::everywhere(&[home(".kiro/settings/mcp.json")]),
        project: &[".kiro/settings/mcp.json"],
        programs: &["kiro", "kiro-cli"],
        link: Some(Link::NameAndJson("kiro://kiro.mcp/add")),
        source: "kiro.dev/docs/mcp/configuration",
        ..USUAL
    },
    KnownHost {
        id: "lm-studio",
        title: "LM Studio",
        afterwards: "switch the server on in the tab `Program`",
        user: Places::everywhere(&[home(".lmstudio/mcp.json")]),
        programs: &["lms"],
        link: Some(Link::Base64("lmstudio://add_mcp")),
        source: "lmstudio.ai/docs/app/mcp",
        ..USUAL
    },
    KnownHost {
        id: "opencode",
        title: "opencode",
        format: Format::JsonWords,
        // In milliseconds; 5 s for the list of tools if it is absent.
        fields: &[("enabled", Field::Switch(true)), ("timeout", Field::Number(60_000))],
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
        source: "run: 1.18.33; opencode.ai/config.json",
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
        source: "run: 0.24.4",
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
        source: "learn.microsoft.com/visualstudio/ide/mcp-servers",
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
            ],
            macos: &[
                variable("VSCODE_PORTABLE", "user-data/User/mcp.json"),
                settings("Code/User/mcp.json"),
            ],
            windows: &[
                variable("VSCODE_PORTABLE", "user-data/User/mcp.json"),
                settings("Code/User/mcp.json"),
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
        source: "vscode-docs of 2026-11-25",
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
        source: "vscode-docs of 2026-11-25",
        ..USUAL
    },
    KnownHost {
        id: "warp",
        title: "Warp",
        afterwards: "start the server in the settings, under MCP servers",
        user: Places::everywhere(&[home(".warp/.mcp.json")]),
        project: &[".warp/.mcp.json"],
        programs: &["warp-terminal"],
        source: "source of 2026-08-22",
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
        ],
        programs: &["devin-desktop", "windsurf"],
        source: "documentation of Vaadin and Sevalla, source of installers; not its own",
        ..USUAL
    },
    KnownHost {
        id: "zed",
        title: "Zed",
        // No `source`: Zed removes it as deprecated since 2025-11.
        sections: &[&["context_servers"]],
        accepts_comments: true,
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
        source: "source: `paths.rs`",
        ..USUAL
    },
];

/// The file of Windsurf's own agent, which may still read it.
const CASCADE: Place = home(".codeium/windsurf/mcp_config.json");
/// Before VS Code had `mcp.json`; the second is a mistake that pages of servers spread.
const IN_SETTINGS: &[&[&str]] = &[&["mcp", "servers"], &["mcpServers"]];

const fn older(
    place: Place,
    format: Format,
    sections: &'static [&'static [&'static str]],
) -> OlderFile {
    OlderFile { scope: Scope::User, place, format, sections }
}

const fn older_of_project(place: Place, sections: &'static [&'static [&'static str]]) -> OlderFile {
    OlderFile { scope: Scope::Project, place, format: PLAIN, sections }
}

impl KnownHost {
    /// The host with this id.
    pub fn from_id(id: &str) -> Option<&'static Self> {
        HOSTS.iter().find(|host| host.id == id)
    }
}

/// The variables that [`super::HostFolders::moved`] may contain.
pub(crate) fn moving_variables() -> impl Iterator<Item = &'static str> {
    HOSTS.iter().flat_map(KnownHost::variables)
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::super::places::{HostFolders, OperatingSystem};
    use super::*;

    fn folders(system: OperatingSystem, root: &Path) -> HostFolders {
        let settings = match system {
            OperatingSystem::Linux => ".config",
            OperatingSystem::MacOs => "Library/Application Support",
            OperatingSystem::Windows => "AppData/Roaming",
        };
        HostFolders {
            system,
            home: Some(root.into()),
            settings: Some(root.join(settings)),
            config: Some(root.join(".config")),
            local: Some(root.join("AppData/Local")),
            project: Some(root.join("shop")),
            moved: Vec::new(),
        }
    }

    #[test]
    fn ids_are_in_order_and_unique_and_each_row_says_how_it_is_known() {
        assert!(HOSTS.windows(2).all(|pair| pair[0].id < pair[1].id));
        for host in &HOSTS {
            assert!(std::ptr::eq(KnownHost::from_id(host.id).unwrap(), host));
            assert!(!host.sections.is_empty() && !host.sections[0].contains(&"*"), "{}", host.id);
            assert!(host.source.len() > 5, "{}", host.id);
            let also = host.also.is_none_or(|id| KnownHost::from_id(id).is_some());
            assert!(also, "{}", host.id);
        }
    }

    /// Each line: host, Linux, macOS, Windows, project; below home, or below `shop` for a project.
    const FILES: &str = "
amazon-q           .aws/amazonq/mcp.json  =  =  .amazonq/mcp.json
amp                .config/amp/settings.json  =  =  .amp/settings.json
antigravity        .gemini/config/mcp_config.json  =  =  .agents/mcp_config.json
claude-code        .claude.json  =  =  .mcp.json
claude-desktop     .config/Claude/claude_desktop_config.json  Library/Application Support/Claude/claude_desktop_config.json  AppData/Roaming/Claude/claude_desktop_config.json  -
cline              .cline/data/settings/cline_mcp_settings.json  =  =  -
codex              .codex/config.toml  =  =  .codex/config.toml
continue           .continue/mcpServers/mcp-tether.json  =  =  .continue/mcpServers/mcp-tether.json
copilot            .copilot/mcp-config.json  =  =  .mcp.json
copilot-jetbrains  .config/github-copilot/intellij/mcp.json  =  AppData/Local/github-copilot/intellij/mcp.json  -
copilot-xcode      -  .config/github-copilot/xcode/mcp.json  -  -
crush              .config/crush/crush.json  =  =  .crush.json
cursor             .cursor/mcp.json  =  =  .cursor/mcp.json
droid              .factory/mcp.json  =  =  .factory/mcp.json
gemini             .gemini/settings.json  =  =  .gemini/settings.json
goose              .config/goose/config.yaml  =  AppData/Roaming/Block/goose/config/config.yaml  -
junie              .junie/mcp/mcp.json  =  =  .junie/mcp/mcp.json
kilo               .config/kilo/kilo.json  =  =  kilo.json
kiro               .kiro/settings/mcp.json  =  =  .kiro/settings/mcp.json
lm-studio          .lmstudio/mcp.json  =  =  -
opencode           .config/opencode/opencode.json  =  =  opencode.json
qwen               .qwen/settings.json  =  =  .qwen/settings.json
visual-studio      -  -  .mcp.json  .mcp.json
vscode             .config/Code/User/mcp.json  Library/Application Support/Code/User/mcp.json  AppData/Roaming/Code/User/mcp.json  .vscode/mcp.json
vscode-insiders    .config/Code - Insiders/User/mcp.json  Library/Application Support/Code - Insiders/User/mcp.json  AppData/Roaming/Code - Insiders/User/mcp.json  .vscode/mcp.json
warp               .warp/.mcp.json  =  =  .warp/.mcp.json
windsurf           .config/devin/mcp_config.json  =  AppData/Roaming/devin/mcp_config.json  .devin/mcp_config.json
zed                .config/zed/settings.json  =  AppData/Roaming/Zed/settings.json  .zed/settings.json
";

    #[test]
    fn files_are_where_the_hosts_look_for_them_on_each_system() {
        let root = Path::new("/home/sara");
        let rows: Vec<Vec<&str>> = FILES
            .trim()
            .lines()
            .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
            .collect();
        assert_eq!(rows.len(), HOSTS.len());
        for (host, row) in HOSTS.iter().zip(&rows) {
            assert_eq!(row[0], host.id);
            let mut expected = row[1];
            for (system, cell) in
                [OperatingSystem::Linux, OperatingSystem::MacOs, OperatingSystem::Windows]
                    .into_iter()
                    .zip(&row[1..4])
            {
                expected = if *cell == "=" { expected } else { cell };
                let file = host.file(Scope::User, &folders(system, root));
                let wanted = (expected != "-").then(|| root.join(expected));
                assert_eq!(file, wanted, "{} on {system:?}", host.id);
            }
            let project = host.file(Scope::Project, &folders(OperatingSystem::Linux, root));
            let wanted = (row[4] != "-").then(|| root.join("shop").join(row[4]));
            assert_eq!(project, wanted, "{}", host.id);
        }
    }

    #[test]
    fn each_variable_of_a_host_moves_its_file() {
        for (id, name, value, expected) in [
            ("claude-code", "CLAUDE_CONFIG_DIR", "/x", "/x/.claude.json"),
            ("codex", "CODEX_HOME", "/x", "/x/config.toml"),
            ("copilot", "COPILOT_HOME", "/x", "/x/mcp-config.json"),
            ("gemini", "GEMINI_CLI_HOME", "/x", "/x/.gemini/settings.json"),
            ("qwen", "QWEN_HOME", "/x", "/x/settings.json"),
            ("opencode", "OPENCODE_CONFIG", "/x/own.json", "/x/own.json"),
            ("opencode", "OPENCODE_CONFIG_DIR", "/x", "/x/opencode.json"),
            ("cline", "CLINE_MCP_SETTINGS_PATH", "/x/c.json", "/x/c.json"),
            ("cline", "CLINE_DATA_DIR", "/x", "/x/settings/cline_mcp_settings.json"),
            ("cline", "CLINE_DIR", "/x", "/x/data/settings/cline_mcp_settings.json"),
            ("crush", "CRUSH_GLOBAL_CONFIG", "/x", "/x/crush.json"),
            ("amp", "AMP_SETTINGS_FILE", "/x/a.json", "/x/a.json"),
            ("continue", "CONTINUE_GLOBAL_DIR", "/x", "/x/mcpServers/mcp-tether.json"),
            ("goose", "GOOSE_PATH_ROOT", "/x", "/x/config/config.yaml"),
            ("vscode", "VSCODE_PORTABLE", "/x", "/x/user-data/User/mcp.json"),
            ("zed", "FLATPAK_XDG_CONFIG_HOME", "/x", "/x/zed/settings.json"),
        ] {
            assert!(moving_variables().any(|other| other == name), "{name}");
            let mut folders = folders(OperatingSystem::Linux, Path::new("/home/sara"));
            folders.moved.push((name, value.into()));
            let host = KnownHost::from_id(id).unwrap();
            assert_eq!(host.file(Scope::User, &folders), Some(PathBuf::from(expected)), "{id}");
        }
    }

    /// The package of the Store and the newer data folder come before the former folder.
    #[test]
    fn claude_desktop_on_windows_is_written_wherever_it_is() {
        let temporary = tempfile::tempdir().unwrap();
        let (root, host) = (temporary.path(), KnownHost::from_id("claude-desktop").unwrap());
        let folders = folders(OperatingSystem::Windows, root);
        let local = root.join("AppData/Local");
        let file = "claude_desktop_config.json";
        std::fs::create_dir_all(local.join("Packages/Claude_pzs8sxrjxfjjc")).unwrap();
        let package =
            local.join("Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude").join(file);
        let files = || host.files_for_new_entries(Scope::User, &folders);
        assert_eq!(files(), std::slice::from_ref(&package));
        std::fs::create_dir_all(local.join("Claude-Data")).unwrap();
        assert_eq!(files(), [local.join("Claude-Data").join(file), package.clone()]);
        std::fs::create_dir_all(root.join("AppData/Roaming/Claude")).unwrap();
        assert_eq!(files().len(), 3, "installed more than once");
        assert_eq!(files()[2], root.join("AppData/Roaming/Claude").join(file));
    }

    #[test]
    fn without_a_home_there_is_no_file_of_the_user() {
        let nowhere = HostFolders::default();
        for host in &HOSTS {
            assert_eq!(host.file(Scope::User, &nowhere), None, "{}", host.id);
        }
    }
}
