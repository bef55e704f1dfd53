//! Entries that start this program through something else, and entries of others that only
//! mention it.

use serde_json::{Value, json};

use super::{Home, URL};

const FILE: &str = ".cursor/mcp.json";

fn put(home: &Home, words: &[&str]) {
    let entry = json!({ "command": words[0], "args": words[1..] });
    home.write(FILE, json!({ "mcpServers": { "shop": entry } }).to_string());
}

fn listed(home: &Home) -> Vec<Value> {
    let listed = home.ok(&["hosts", "--json"]);
    let list: Value = serde_json::from_str(&listed.stdout).unwrap();
    list["entries"].as_array().unwrap().clone()
}

/// S-80
#[test]
fn an_entry_of_ours_is_known_through_whatever_starts_it() {
    let line = format!("npx -y mcp-tether {URL}");
    for words in [
        &["mcp-tether", URL][..],
        &["C:\\tools\\MCP-TETHER.EXE", URL],
        &["npx", "-y", "mcp-tether@1", URL],
        &["cmd", "/c", "npx", "-y", "mcp-tether", URL],
        &["cmd", "/c", &line],
        &["bash", "-lc", &line],
        &["powershell", "-Command", &line],
        &["uvx", "mcp-tether", URL],
        &["volta", "run", "--node", "22", "npx", "-y", "mcp-tether", URL],
        &["mise", "exec", "cargo:mcp-tether", "--", "mcp-tether", URL],
        &["docker", "run", "-i", "--rm", "-v", "/a:/b", "x/mcp-tether:1", URL],
        &["env", "A=b", "mcp-tether", URL],
        &["node", "/x/node_modules/mcp-tether/bin/mcp-tether.js", URL],
        &["mcp-tether", "--proxy", "http://127.0.0.1:1", URL],
    ] {
        let home = Home::new();
        put(&home, words);
        let entries = listed(&home);
        assert_eq!(entries.len(), 1, "{words:?}");
        assert_eq!(entries[0]["program"], "mcp-tether", "{words:?}");
        assert_eq!(entries[0]["server"], URL, "{words:?}");
        let removed = home.ok(&["uninstall", URL]);
        assert!(removed.stdout.contains("removed `shop`"), "{words:?}: {}", removed.stdout);
    }
}

/// S-80
#[test]
fn an_entry_of_another_program_that_mentions_ours_is_not_touched() {
    for words in [
        &["echo", "mcp-tether", URL][..],
        &["npx", "-y", "other-package", "mcp-tether", URL],
        &["/opt/mcp-tether/other", URL],
        &["bash", "-c", "cat mcp-tether.log"],
        &["node", "server.js", "mcp-tether"],
    ] {
        let home = Home::new();
        put(&home, words);
        let before = home.read(FILE);
        assert!(listed(&home).is_empty(), "{words:?}");
        let refused = home.refused(&["uninstall", "shop"], 1);
        assert!(refused.contains("does not start mcp-tether"), "{words:?}: {refused}");
        let taken = home.refused(&["install", URL, "--host", "cursor", "--name", "shop"], 1);
        assert!(taken.contains("another entry `shop`"), "{words:?}: {taken}");
        assert_eq!(home.read(FILE), before, "{words:?}");
    }
}

/// The host would have the tools of the server twice.
#[test]
fn an_installation_names_the_entry_of_another_bridge_for_the_same_server() {
    let home = Home::new();
    put(&home, &["npx", "-y", "mcp-remote", URL]);
    let added = home.ok(&["install", URL, "--host", "cursor"]);
    assert!(
        added.stdout.contains("`shop` starts `mcp-remote` for this URL too"),
        "{}",
        added.stdout
    );
    let other = home.ok(&["install", "https://b.example/", "--host", "cursor"]);
    assert!(!other.stdout.contains("mcp-remote"), "{}", other.stdout);
}

/// S-80: a download may keep the name that it has on the page of a release.
#[cfg(target_os = "linux")]
#[test]
fn an_entry_of_a_renamed_program_is_its_own() {
    let home = Home::new();
    let program = home.path().join("mcp-tether-x86_64-unknown-linux-musl");
    std::fs::hard_link(env!("CARGO_BIN_EXE_mcp-tether"), &program)
        .or_else(|_| std::fs::copy(env!("CARGO_BIN_EXE_mcp-tether"), &program).map(|_| ()))
        .unwrap();
    for words in [&["install", URL, "--host", "cursor"][..], &["uninstall", URL]] {
        let mut command = std::process::Command::new(&program);
        command.args(words).env_clear().env("HOME", home.path()).current_dir(home.path());
        let ended = command.output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(0), "{words:?}: {said}");
    }
}
