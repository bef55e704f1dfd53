//! Configurations to paste into hosts: the command with its absolute path, and credentials only as
//! names of variables (S-10, S-16).

use crate::hosts::{KnownHost, NewEntry, snippet};

/// Hosts whose formats differ, and the one that most people have.
const HOST_IDS: [&str; 4] = ["vscode", "windsurf", "zed", "claude-desktop"];

/// Snippets for several hosts, one below the other.
pub(super) fn snippets(entry: &NewEntry) -> String {
    let hosts = HOST_IDS.into_iter().filter_map(KnownHost::from_id);
    hosts.map(|host| format!("\n{}:\n{}", host.title, snippet(host, entry))).collect()
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
        let sections = ["servers", "mcpServers", "context_servers", "mcpServers"];
        assert_eq!(snippets.len(), sections.len());
        for (snippet, section) in snippets.iter().zip(sections) {
            let shown = &snippet[section]["egrow"];
            assert_eq!(shown["command"], entry.command);
            assert_eq!(shown["args"], json!(entry.arguments));
            assert_eq!(shown["env"], json!({ "KEY": "…" }));
        }
        assert_eq!(snippets[0]["servers"]["egrow"]["type"], "stdio");
        assert!(snippets[2]["context_servers"]["egrow"]["command"].is_string());
    }
}
