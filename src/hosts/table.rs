//! The table of hosts: their names, where each keeps its configuration on each platform, and the
//! format of an entry. A new host is a row here, a page in `docs/hosts` and a golden file in
//! `tests/it/hosts`.

use std::path::{Path, PathBuf};

/// A program that starts MCP servers from a configuration file.
#[derive(Debug)]
pub struct KnownHost {
    /// The name for `--host`.
    pub id: &'static str,
    /// The name in messages.
    pub title: &'static str,
    /// The format of its file.
    pub format: Format,
    /// The sections that contain entries, as keys from the outermost; `*` stands for any key. New
    /// entries are added to the first section.
    pub sections: &'static [&'static [&'static str]],
    /// How to make the host read a change.
    pub(crate) afterwards: &'static str,
    user: FilePlace,
    project: Option<&'static str>,
    others: Others,
}

/// Other files that a host reads.
#[derive(Debug)]
enum Others {
    None,
    /// A file with this extension, instead of the usual one.
    Ending(&'static str),
    /// A file with the same name in each folder in `profiles` beside the user's file.
    Profiles,
}

/// The format of a host's entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `{ command, args, env }` in JSON, after members with these constant values.
    Json(&'static [(&'static str, &'static str)]),
    /// `{ type: "local", command: [command, …args], environment }` in JSON.
    JsonWords,
    /// `{ type: "local", command, args, env, tools: ["*"] }` in JSON.
    JsonWithTools,
    /// `command`, `args` and `env` in a TOML table.
    Toml,
}

/// Who an entry applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// This user, in every folder.
    User,
    /// Everyone who works in the current folder.
    Project,
}

/// Where a user's file is.
#[derive(Debug)]
enum FilePlace {
    /// Below the home folder, on every platform.
    Home(&'static str),
    /// In the folder that a variable names, or otherwise below the home folder: the variable, the
    /// path in that folder, and the path below the home folder.
    Variable(&'static str, &'static str, &'static str),
    /// In the folder of programs' settings: `~/.config`, `~/Library/Application Support` or
    /// `%APPDATA%`.
    Settings(&'static str),
    /// In `~/.config`, also on macOS; on Windows under another name in `%APPDATA%`.
    DotConfig(&'static str, &'static str),
}

/// The folders that contain the hosts' files.
#[derive(Clone, Debug, Default)]
pub struct HostFolders {
    /// The home folder.
    pub home: Option<PathBuf>,
    /// The folder in which programs of this platform keep their settings.
    pub settings: Option<PathBuf>,
    /// The current folder.
    pub project: Option<PathBuf>,
    /// The variables that move a host's folder, with their values.
    pub moved: Vec<(&'static str, PathBuf)>,
}

const MCP_SERVERS: &[&[&str]] = &[&["mcpServers"]];
const PLAIN: Format = Format::Json(&[]);
const STDIO: Format = Format::Json(&[("type", "stdio")]);

/// Every supported host, sorted by id.
pub static HOSTS: [KnownHost; 13] = [
    KnownHost {
        id: "claude-code",
        title: "Claude Code",
        format: STDIO,
        sections: &[&["mcpServers"], &["projects", "*", "mcpServers"]],
        afterwards: "start a new session; `claude mcp list` shows the connection",
        user: FilePlace::Home(".claude.json"),
        project: Some(".mcp.json"),
        others: Others::None,
    },
    KnownHost {
        id: "claude-desktop",
        title: "Claude Desktop",
        format: PLAIN,
        sections: MCP_SERVERS,
        afterwards: "quit it and start it again: closing the window is not enough",
        user: FilePlace::Settings("Claude/claude_desktop_config.json"),
        project: None,
        others: Others::None,
    },
    KnownHost {
        id: "codex",
        title: "Codex",
        format: Format::Toml,
        sections: &[&["mcp_servers"]],
        afterwards: "start a new session; `codex mcp list` shows the entry",
        user: FilePlace::Variable("CODEX_HOME", "config.toml", ".codex/config.toml"),
        project: Some(".codex/config.toml"),
        others: Others::None,
    },
    KnownHost {
        id: "copilot",
        title: "Copilot CLI",
        format: Format::JsonWithTools,
        sections: MCP_SERVERS,
        afterwards: "start a new session; `/mcp show` lists the servers",
        user: FilePlace::Variable("COPILOT_HOME", "mcp-config.json", ".copilot/mcp-config.json"),
        project: None,
        others: Others::None,
    },
    KnownHost {
        id: "cursor",
        title: "Cursor",
        format: PLAIN,
        sections: MCP_SERVERS,
        afterwards: "switch the server on in the settings, under MCP",
        user: FilePlace::Home(".cursor/mcp.json"),
        project: Some(".cursor/mcp.json"),
        others: Others::None,
    },
    KnownHost {
        id: "gemini",
        title: "Gemini CLI",
        format: PLAIN,
        sections: MCP_SERVERS,
        afterwards: "start a new session; `gemini mcp list` shows the connection",
        user: FilePlace::Home(".gemini/settings.json"),
        project: Some(".gemini/settings.json"),
        others: Others::None,
    },
    KnownHost {
        id: "junie",
        title: "JetBrains Junie",
        format: PLAIN,
        sections: MCP_SERVERS,
        afterwards: "restart the IDE",
        user: FilePlace::Home(".junie/mcp/mcp.json"),
        project: Some(".junie/mcp/mcp.json"),
        others: Others::None,
    },
    KnownHost {
        id: "opencode",
        title: "opencode",
        format: Format::JsonWords,
        sections: &[&["mcp"]],
        afterwards: "start a new session; `opencode mcp list` shows the connection",
        user: FilePlace::DotConfig("opencode/opencode.json", "opencode/opencode.json"),
        project: Some("opencode.json"),
        others: Others::Ending("jsonc"),
    },
    KnownHost {
        id: "qwen",
        title: "Qwen Code",
        format: PLAIN,
        sections: MCP_SERVERS,
        afterwards: "start a new session; `qwen mcp list` shows the connection",
        user: FilePlace::Home(".qwen/settings.json"),
        project: Some(".qwen/settings.json"),
        others: Others::None,
    },
    KnownHost {
        id: "vscode",
        title: "VS Code",
        format: STDIO,
        sections: &[&["servers"]],
        afterwards: "run the command `MCP: List Servers` and start it there",
        user: FilePlace::Settings("Code/User/mcp.json"),
        project: Some(".vscode/mcp.json"),
        others: Others::Profiles,
    },
    KnownHost {
        id: "vscode-insiders",
        title: "VS Code Insiders",
        format: STDIO,
        sections: &[&["servers"]],
        afterwards: "run the command `MCP: List Servers` and start it there",
        user: FilePlace::Settings("Code - Insiders/User/mcp.json"),
        project: Some(".vscode/mcp.json"),
        others: Others::Profiles,
    },
    KnownHost {
        id: "windsurf",
        title: "Windsurf",
        format: PLAIN,
        sections: MCP_SERVERS,
        afterwards: "press the refresh button of its MCP panel",
        user: FilePlace::Home(".codeium/windsurf/mcp_config.json"),
        project: None,
        others: Others::None,
    },
    KnownHost {
        id: "zed",
        title: "Zed",
        // No `source`: Zed removes it as deprecated since 2025-11.
        format: PLAIN,
        sections: &[&["context_servers"]],
        afterwards: "restart it",
        user: FilePlace::DotConfig("zed/settings.json", "Zed/settings.json"),
        project: Some(".zed/settings.json"),
        others: Others::None,
    },
];

impl KnownHost {
    /// The host with this id.
    pub fn from_id(id: &str) -> Option<&'static Self> {
        HOSTS.iter().find(|host| host.id == id)
    }

    /// Its configuration file. `None` if the host has no file in this scope, or a folder is unknown.
    pub fn file(&self, scope: Scope, folders: &HostFolders) -> Option<PathBuf> {
        let usual = match scope {
            Scope::Project => folders.project.as_ref()?.join(native(self.project?)),
            Scope::User => self.user.resolve(folders)?,
        };
        match self.others {
            Others::Ending(ending) if !usual.exists() => {
                let other = usual.with_extension(ending);
                Some(if other.exists() { other } else { usual })
            }
            _ => Some(usual),
        }
    }

    /// Every configuration file of this scope that exists, starting with [`KnownHost::file`].
    pub(crate) fn files(&self, scope: Scope, folders: &HostFolders) -> Vec<PathBuf> {
        let Some(usual) = self.file(scope, folders) else { return Vec::new() };
        let mut files = vec![usual.clone()];
        match (&self.others, scope, usual.parent().zip(usual.file_name())) {
            (Others::Profiles, Scope::User, Some((folder, name))) => {
                let profiles = std::fs::read_dir(folder.join("profiles"));
                let profiles = profiles.into_iter().flatten().filter_map(Result::ok);
                let mut profiles: Vec<_> = profiles.map(|one| one.path().join(name)).collect();
                profiles.sort();
                files.extend(profiles);
            }
            (Others::Ending(ending), ..) => files.push(usual.with_extension(ending)),
            _ => {}
        }
        files.dedup();
        files.retain(|file| file.symlink_metadata().is_ok());
        files
    }

    /// Returns whether it has a file in the folder of a project.
    pub(crate) fn has_project_file(&self) -> bool {
        self.project.is_some()
    }
}

impl FilePlace {
    fn resolve(&self, folders: &HostFolders) -> Option<PathBuf> {
        let below_home = |path: &str| Some(folders.home.as_ref()?.join(native(path)));
        match self {
            Self::Home(path) => below_home(path),
            Self::Variable(variable, inside, otherwise) => {
                match folders.moved.iter().find(|(name, _)| name == variable) {
                    Some((_, folder)) => Some(folder.join(inside)),
                    None => below_home(otherwise),
                }
            }
            Self::Settings(path) => Some(folders.settings.as_ref()?.join(native(path))),
            Self::DotConfig(_, path) if cfg!(windows) => {
                Some(folders.settings.as_ref()?.join(native(path)))
            }
            Self::DotConfig(path, _) if cfg!(target_os = "macos") => {
                below_home(&format!(".config/{path}"))
            }
            Self::DotConfig(path, _) => Some(folders.settings.as_ref()?.join(path)),
        }
    }
}

/// The variables that [`HostFolders::moved`] may contain.
pub(crate) const MOVING_VARIABLES: [&str; 2] = ["CODEX_HOME", "COPILOT_HOME"];

fn native(path: &str) -> PathBuf {
    path.split('/').collect::<PathBuf>()
}

impl Scope {
    /// The values of `--scope`, in the order of the help.
    pub(crate) const NAMES: [&str; 2] = ["user", "project"];

    /// The scope with this name, or `None`.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::User, Self::Project].into_iter().find(|scope| scope.name() == name)
    }

    /// Its value of `--scope`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Project => "project",
        }
    }

    /// The flag that selects it, with a space before it; empty if no flag is needed.
    pub(crate) fn flag(self) -> &'static str {
        match self {
            Self::User => "",
            Self::Project => " --scope project",
        }
    }
}

/// A path for messages.
pub(super) fn display_path(path: &Path) -> String {
    format!("`{}`", crate::redact::plain(&path.display().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders() -> HostFolders {
        HostFolders {
            home: Some("/home/sara".into()),
            settings: Some("/home/sara/.config".into()),
            project: Some("/home/me/shop".into()),
            moved: Vec::new(),
        }
    }

    #[test]
    fn ids_are_in_order_and_unique() {
        assert!(HOSTS.windows(2).all(|pair| pair[0].id < pair[1].id));
        for host in &HOSTS {
            assert!(std::ptr::eq(KnownHost::from_id(host.id).unwrap(), host));
            assert!(!host.sections.is_empty() && !host.sections[0].contains(&"*"), "{}", host.id);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn files_lie_where_the_hosts_look_for_them() {
        for (id, user, project) in [
            ("claude-code", ".claude.json", Some(".mcp.json")),
            ("claude-desktop", ".config/Claude/claude_desktop_config.json", None),
            ("codex", ".codex/config.toml", Some(".codex/config.toml")),
            ("cursor", ".cursor/mcp.json", Some(".cursor/mcp.json")),
            ("vscode", ".config/Code/User/mcp.json", Some(".vscode/mcp.json")),
            ("windsurf", ".codeium/windsurf/mcp_config.json", None),
            ("zed", ".config/zed/settings.json", Some(".zed/settings.json")),
        ] {
            let host = KnownHost::from_id(id).unwrap();
            let expected = Path::new("/home/sara").join(user);
            assert_eq!(host.file(Scope::User, &folders()), Some(expected), "{id}");
            let expected = project.map(|path| Path::new("/home/me/shop").join(path));
            assert_eq!(host.file(Scope::Project, &folders()), expected, "{id}");
        }
    }

    #[test]
    fn a_variable_of_the_host_moves_its_file() {
        let mut folders = folders();
        folders.moved.push(("CODEX_HOME", "/elsewhere".into()));
        let codex = KnownHost::from_id("codex").unwrap();
        assert_eq!(codex.file(Scope::User, &folders), Some("/elsewhere/config.toml".into()));
    }

    #[test]
    fn without_a_home_there_is_no_file_of_the_user() {
        let nowhere = HostFolders::default();
        for host in &HOSTS {
            assert_eq!(host.file(Scope::User, &nowhere), None, "{}", host.id);
        }
    }
}
