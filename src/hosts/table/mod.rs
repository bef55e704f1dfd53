//! The table of hosts: for each, its names, where it keeps its configuration on each system, which
//! variables move it, the key and the shape of an entry, and how all of that is known. A new host
//! is a row in the file of its kind, a page in `docs/hosts` and a golden file in
//! `tests/it/hosts/files`.

mod agents;
mod apps;
mod editors;
mod usual;

use super::known_host::KnownHost;
use agents::AGENTS;
use apps::APPS;
use editors::EDITORS;

const COUNT: usize = AGENTS.len() + APPS.len() + EDITORS.len();

/// Every supported host, sorted by id.
pub static HOSTS: [KnownHost; COUNT] = {
    let mut hosts = [usual::USUAL; COUNT];
    let kinds: [&[KnownHost]; 3] = [&AGENTS, &APPS, &EDITORS];
    let (mut count, mut kind) = (0, 0);
    while kind < kinds.len() {
        let mut row = 0;
        while row < kinds[kind].len() {
            // Its place among those that are there already.
            let mut place = count;
            while place > 0 && is_before(kinds[kind][row].id, hosts[place - 1].id) {
                hosts[place] = hosts[place - 1];
                place -= 1;
            }
            hosts[place] = kinds[kind][row];
            count += 1;
            row += 1;
        }
        kind += 1;
    }
    hosts
};

/// `one < other`, which the compiler cannot evaluate for texts.
const fn is_before(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut position = 0;
    while position < one.len() && position < other.len() {
        if one[position] != other[position] {
            return one[position] < other[position];
        }
        position += 1;
    }
    one.len() < other.len()
}

/// The host whose entries most others read too.
pub(crate) static CLAUDE_DESKTOP: KnownHost = apps::CLAUDE_DESKTOP;

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

    use super::super::places::{HostFolders, OperatingSystem, Scope};
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
            assert!(!host.evidence.is_empty(), "{}", host.id);
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
claude-desktop     .config/Claude/claude_desktop_config.json  Library/Application \
Support/Claude/claude_desktop_config.json  AppData/Roaming/Claude/claude_desktop_config.json  -
cline              .cline/data/settings/cline_mcp_settings.json  =  =  -
codex              .codex/config.toml  =  =  .codex/config.toml
continue           .continue/mcpServers/mcp-tether.json  =  =  .continue/mcpServers/mcp-tether.json
copilot            .copilot/mcp-config.json  =  =  .mcp.json
copilot-jetbrains  .config/github-copilot/intellij/mcp.json  =  \
AppData/Local/github-copilot/intellij/mcp.json  -
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
vscode             .config/Code/User/mcp.json  Library/Application Support/Code/User/mcp.json  \
AppData/Roaming/Code/User/mcp.json  .vscode/mcp.json
vscode-insiders    .config/Code - Insiders/User/mcp.json  Library/Application Support/Code - \
Insiders/User/mcp.json  AppData/Roaming/Code - Insiders/User/mcp.json  .vscode/mcp.json
warp               .warp/.mcp.json  =  =  .warp/.mcp.json
windsurf           .config/devin/mcp_config.json  =  AppData/Roaming/devin/mcp_config.json  \
.devin/mcp_config.json
zed                .config/zed/settings.json  =  AppData/Roaming/Zed/settings.json  \
.zed/settings.json
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
            ("kiro", "KIRO_HOME", "/x", "/x/settings/mcp.json"),
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
