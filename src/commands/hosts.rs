//! `mcp-tether hosts`: lists the entries of all hosts that start this program or another bridge,
//! and the hosts that were found here. Changes nothing, and shows only the server of an entry.

use serde_json::{Value, json};

use super::chosen_hosts::here;
use super::host_entries::{PROGRAM, folders, is_ours, note_without_home, server_of, url_of};
use crate::environment::{Environment, print_error, to_stderr, to_stdout};
use crate::error::{Error, ExitCode};
use crate::hosts::{HostEntry, HostFile, KnownHost, OtherBridge, Scope, found, other_bridge};
use crate::redact::{display_url, plain};

/// A row of the list.
struct Row {
    host: &'static str,
    scope: String,
    name: String,
    program: &'static str,
    server: String,
    file: String,
}

/// Lists the entries. The exit code is 1 if a file cannot be read.
pub(crate) fn run(as_json: bool, environment: &Environment) -> ExitCode {
    let folders = folders(environment);
    note_without_home(&folders);
    let (mut rows, mut code) = (Vec::new(), ExitCode::Ok);
    for (host, scope, path) in found(&folders) {
        match HostFile::open(host, scope, &path) {
            Ok(file) => rows.extend(rows_of(host, scope, &file)),
            Err(_) if host.is_older_file(&path) => {}
            Err(error) => {
                code = ExitCode::Failed;
                print_error(&Error::from(error));
            }
        }
    }
    let here: Vec<&str> = here(&folders, environment).iter().map(|host| host.id).collect();
    if as_json {
        let entries: Vec<Value> = rows.iter().map(Row::json).collect();
        let list = json!({ "entries": entries, "found": here });
        to_stdout(&format!("{list:#}\n"));
        return code;
    }
    to_stdout(&table(&rows));
    if rows.is_empty() {
        to_stderr("no entry starts this program or another bridge\n");
    }
    let line = if here.is_empty() {
        "no known host was found here\n".to_owned()
    } else {
        format!("hosts found here: {}\n", here.join(", "))
    };
    to_stderr(&line);
    code
}

fn rows_of(host: &'static KnownHost, scope: Scope, file: &HostFile) -> Vec<Row> {
    let row = |entry: &HostEntry| {
        let other = other_bridge(&entry.words, &entry.variables);
        let (program, url) = match &other {
            Some(OtherBridge::Started { program, arguments }) => {
                (*program, url_of(arguments).map(str::to_owned))
            }
            Some(OtherBridge::Kept { program, .. }) => (*program, None),
            None if is_ours(&entry.words) => (PROGRAM, server_of(&entry.words)),
            None => return None,
        };
        let is_local = file.document.is_local(&entry.place);
        let scope = if is_local { "local" } else { scope.name() };
        Some(Row {
            host: host.id,
            scope: scope.to_owned(),
            name: plain(&entry.place.name),
            program,
            server: url.map(|url| display_url(&url)).unwrap_or_default(),
            file: plain(&file.path().display().to_string()),
        })
    };
    file.document.entries().iter().filter_map(row).collect()
}

impl Row {
    fn json(&self) -> Value {
        json!({ "host": self.host, "scope": self.scope, "name": self.name,
            "program": self.program, "server": self.server, "file": self.file })
    }

    fn cells(&self) -> [&str; 5] {
        [self.host, &self.scope, &self.name, self.program, &self.server]
    }
}

fn table(rows: &[Row]) -> String {
    let width = |column: usize| {
        rows.iter().map(|row| row.cells()[column].chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..5).map(width).collect();
    let line = |row: &Row| {
        let cells = row.cells();
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("{}\n", padded.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of a file of this host.
    fn rows(id: &str, content: &str) -> Vec<Row> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("entries.json");
        std::fs::write(&path, content).unwrap();
        let host = KnownHost::from_id(id).unwrap();
        let file = HostFile::open(host, Scope::User, &path).map_err(Error::from).unwrap();
        rows_of(host, Scope::User, &file)
    }

    #[test]
    fn entries_of_bridges_are_listed_with_their_server_and_no_secret() {
        let content = r#"{"mcpServers":{
            "ours":{"command":"mcp-tether","args":["https://a.example/mcp?key=canary","--header","X: canary"]},
            "other":{"command":"npx","args":["mcp-remote","https://b.example/mcp"]},
            "kept":{"command":"ssh","args":["h","npx","mcp-remote","https://c.example"]},
            "proxy":{"command":"mcp-proxy","args":["https://d.example"]},
            "program":{"command":"node","args":["server.js"]},
            "remote":{"url":"https://e.example"}
        }}"#;
        let rows = rows("cursor", content);
        let shown: Vec<_> =
            rows.iter().map(|row| (row.name.as_str(), row.program, row.server.as_str())).collect();
        assert_eq!(shown[0].0, "ours");
        assert!(shown[0].2.starts_with("https://a.example/mcp") && !shown[0].2.contains("canary"));
        assert_eq!(
            shown[1..],
            [
                ("other", "mcp-remote", "https://b.example/mcp"),
                ("kept", "mcp-remote", ""),
                ("proxy", "mcp-proxy", "https://d.example/"),
            ]
        );
        assert!(rows.iter().all(|row| row.scope == "user" && row.host == "cursor"));
        assert!(!rows.iter().any(|row| row.json().to_string().contains("canary")));
    }

    #[test]
    fn an_entry_for_one_folder_is_local() {
        let content = r#"{"mcpServers":{"a":{"command":"mcp-tether","args":["https://a.example"]}},
            "projects":{"/p":{"mcpServers":{"b":{"command":"mcp-tether","args":["https://b.example"]}}}}}"#;
        let rows = rows("claude-code", content);
        let scopes: Vec<_> = rows.iter().map(|row| row.scope.as_str()).collect();
        assert_eq!(scopes, ["user", "local"]);
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        assert_eq!(table(&[]), "");
        let content = r#"{"mcpServers":{
            "é":{"command":"mcp-tether","args":["https://a.example"]},
            "longer":{"command":"ssh","args":["h","mcp-remote"]}}}"#;
        let rows = rows("cursor", content);
        assert_eq!(
            table(&rows),
            "cursor  user  é       mcp-tether  https://a.example/\n\
                                  cursor  user  longer  mcp-remote\n"
        );
    }
}
