//! `install`, `uninstall` and `migrate` on the configuration files of hosts: what a file looks like
//! afterwards, what is refused, and that nothing is ever lost. `files` holds a file of each host as
//! people have them.

mod files;
mod migrating;
mod projects;
mod refusals;

use std::path::PathBuf;

use crate::support::home::Home;

const URL: &str = "https://mcp.example.com/mcp";

impl Home {
    /// Runs it, and it must have failed with this code; what it said.
    fn refused(&self, words: &[&str], code: i32) -> String {
        let finished = self.run(words);
        assert_eq!(finished.code, Some(code), "{words:?}: {}", finished.shown());
        assert!(finished.stderr.contains("hint: "), "{}", finished.stderr);
        finished.stderr
    }

    /// Puts a file there.
    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// Everything below it, with its content.
    pub fn all(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let (mut found, mut folders) = (Vec::new(), vec![self.path().to_path_buf()]);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => found.push((path.clone(), std::fs::read(&path).unwrap_or_default())),
                }
            }
        }
        found.sort();
        found
    }
}

/// The file of a host below the home folder, and a sample of it.
fn sample(host: &str) -> (&'static str, &'static str) {
    match host {
        "claude-code" => (".claude.json", include_str!("files/claude-code.json")),
        "claude-desktop" => {
            ("config/Claude/claude_desktop_config.json", include_str!("files/claude-desktop.json"))
        }
        "codex" => (".codex/config.toml", include_str!("files/codex.toml")),
        "copilot" => (".copilot/mcp-config.json", include_str!("files/copilot.json")),
        "cursor" => (".cursor/mcp.json", include_str!("files/cursor.json")),
        "gemini" => (".gemini/settings.json", include_str!("files/gemini.json")),
        "junie" => (".junie/mcp/mcp.json", include_str!("files/junie.json")),
        "opencode" => ("config/opencode/opencode.json", include_str!("files/opencode.json")),
        "qwen" => (".qwen/settings.json", include_str!("files/qwen.json")),
        "vscode" => ("config/Code/User/mcp.json", include_str!("files/vscode.json")),
        "vscode-insiders" => {
            ("config/Code - Insiders/User/mcp.json", include_str!("files/vscode.json"))
        }
        "windsurf" => (".codeium/windsurf/mcp_config.json", include_str!("files/windsurf.json")),
        "zed" => ("config/zed/settings.json", include_str!("files/zed.json")),
        other => panic!("put a file of `{other}` into tests/it/hosts/files"),
    }
}

/// A text with the path of the program replaced.
fn shown(text: &str) -> String {
    text.replace(env!("CARGO_BIN_EXE_mcp-tether"), "[PROGRAM]")
}
