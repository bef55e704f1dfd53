//! Configurations to paste into hosts: the command with its absolute path, and credentials only as
//! names of variables (S-10, S-16).

use crate::hosts::{KnownHost, NewEntry, snippet};

/// Widely used hosts, and their files.
const HOSTS: [(&str, &str); 6] = [
    ("vscode", ".vscode/mcp.json"),
    ("claude-code", "~/.claude.json"),
    ("claude-desktop", "claude_desktop_config.json"),
    ("cursor", "~/.cursor/mcp.json"),
    ("windsurf", "~/.codeium/windsurf/mcp_config.json"),
    ("zed", "settings.json"),
];

/// Snippets for several hosts, one below the other; hosts with equal snippets share one.
pub(super) fn snippets(entry: &NewEntry) -> String {
    let mut found: Vec<(String, String)> = Vec::new();
    for (id, file) in HOSTS {
        let Some(host) = KnownHost::from_id(id) else { continue };
        let (title, text) = (format!("{} (`{file}`)", host.title), snippet(host, entry));
        match found.iter_mut().find(|(_, other)| *other == text) {
            Some((titles, _)) => *titles += &format!(", {title}"),
            None => found.push((title, text)),
        }
    }
    found.iter().map(|(titles, text)| format!("\n{titles}:\n{text}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn each_host_gets_its_own_shape_with_the_whole_command() {
        let entry = NewEntry {
            name: "egrow".to_owned(),
            command: "C:\\Program Files\\mcp-tether.exe".to_owned(),
            arguments: vec!["http://127.0.0.1:1/mcp".to_owned()],
            variables: vec![("KEY".to_owned(), "…".to_owned())],
        };
        let text = snippets(&entry);
        let snippets: Vec<Value> = text
            .split("\n\n")
            .map(|part| serde_json::from_str(&part[part.find(":\n{").unwrap() + 2..]).unwrap())
            .collect();
        let sections = ["servers", "mcpServers", "mcpServers", "context_servers"];
        assert_eq!(snippets.len(), sections.len(), "{text}");
        assert!(
            text.contains("(`claude_desktop_config.json`), Cursor (`~/.cursor/mcp.json`)"),
            "{text}"
        );
        for (snippet, section) in snippets.iter().zip(sections) {
            let shown = &snippet[section]["egrow"];
            assert_eq!(shown["command"], entry.command);
            assert_eq!(shown["args"], json!(entry.arguments));
            assert_eq!(shown["env"], json!({ "KEY": "…" }));
        }
        assert_eq!(snippets[0]["servers"]["egrow"]["type"], "stdio");
        assert_eq!(snippets[1]["mcpServers"]["egrow"]["type"], "stdio");
    }
}
