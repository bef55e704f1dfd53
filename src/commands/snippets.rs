//! Configuration for hosts, ready to paste: the command with its absolute path, and a credential only
//! as the name of a variable (S-10, S-16).

use serde_json::json;

/// What a snippet starts.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What the host calls it.
    pub name: String,
    /// Absolute path of this program.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Variables that it needs, with a placeholder for each value.
    pub variables: Vec<(String, String)>,
}

impl Entry {
    /// Snippets for several hosts, one below the other.
    pub fn snippets(&self) -> String {
        let hosts = [
            ("VS Code", ".vscode/mcp.json", "servers", Some(("type", "stdio"))),
            ("Windsurf", "~/.codeium/windsurf/mcp_config.json", "mcpServers", None),
            ("Zed", "settings.json", "context_servers", Some(("source", "custom"))),
            ("Claude Desktop", "claude_desktop_config.json", "mcpServers", None),
        ];
        let snippet = |(host, file, section, kind)| {
            format!("\n{host} ({file}):\n{}", self.snippet(section, kind))
        };
        hosts.into_iter().map(snippet).collect()
    }

    /// In the order in which a person would write it.
    fn snippet(&self, section: &str, kind: Option<(&str, &str)>) -> String {
        let member = |(key, value): (&str, &str)| format!("      {}: {}", json!(key), json!(value));
        let mut members: Vec<String> = kind.map(member).into_iter().collect();
        members.push(member(("command", &self.program)));
        members.push(format!("      \"args\": {}", json!(self.arguments)));
        if !self.variables.is_empty() {
            let variable =
                |(name, value): &(String, String)| format!("{}: {}", json!(name), json!(value));
            let variables: Vec<String> = self.variables.iter().map(variable).collect();
            members.push(format!("      \"env\": {{ {} }}", variables.join(", ")));
        }
        format!(
            "{{\n  {}: {{\n    {}: {{\n{}\n    }}\n  }}\n}}\n",
            json!(section),
            json!(self.name),
            members.join(",\n")
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn each_host_gets_its_own_shape_with_the_whole_command() {
        let entry = Entry {
            name: "egrow".to_owned(),
            program: "C:\\Program Files\\mcp-tether.exe".to_owned(),
            arguments: vec!["http://127.0.0.1:1/mcp".to_owned()],
            variables: vec![("KEY".to_owned(), "…".to_owned())],
        };
        let text = entry.snippets();
        let snippets: Vec<Value> = text
            .split("\n\n")
            .map(|part| serde_json::from_str(&part[part.find(":\n{").unwrap() + 2..]).unwrap())
            .collect();
        let sections = ["servers", "mcpServers", "context_servers", "mcpServers"];
        assert_eq!(snippets.len(), sections.len());
        for (snippet, section) in snippets.iter().zip(sections) {
            let shown = &snippet[section]["egrow"];
            assert_eq!(shown["command"], entry.program);
            assert_eq!(shown["args"], json!(entry.arguments));
            assert_eq!(shown["env"], json!({ "KEY": "…" }));
        }
        assert_eq!(snippets[0]["servers"]["egrow"]["type"], "stdio");
        assert_eq!(snippets[2]["context_servers"]["egrow"]["source"], "custom");
    }
}
