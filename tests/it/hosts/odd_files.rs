//! Files in layouts that people and programs produce: an edit finds its place in them, and loses
//! nothing.

use super::{Home, URL};

const CURSOR: &str = ".cursor/mcp.json";
const GOOSE: &str = "config/goose/config.yaml";

/// Installs and uninstalls, and the file must have its bytes back; what it was in between.
fn there_and_back(host: &str, name: &str, before: &str) -> String {
    let home = Home::new();
    home.write(name, before);
    home.ok(&["install", URL, "--host", host, "--name", "shop"]);
    let between = home.read(name);
    let again = home.ok(&["install", URL, "--host", host, "--name", "shop"]);
    assert!(again.stdout.contains("already has"), "{before:?}: {}", again.stdout);
    home.ok(&["uninstall", "shop"]);
    assert_eq!(home.read(name), before);
    between
}

/// S-32
#[test]
fn a_document_that_ends_in_dots_keeps_its_end() {
    for before in ["---\na: 1\n...\n", "a: 1\r\n...\r\n", "%YAML 1.2\n---\na: 1\n...\n# after\n"] {
        let between = there_and_back("goose", GOOSE, before);
        let (inside, _) = between.split_once("...").unwrap();
        assert!(inside.contains("shop:"), "{between:?}");
    }
}

/// S-32: an entry on one line stays on it, with the comment behind it.
#[test]
fn an_entry_in_braces_is_migrated_in_its_braces() {
    let home = Home::new();
    let entry = "{ type: stdio, cmd: npx, args: [mcp-remote, 'https://a.example/'] }";
    let beside = "  other: { cmd: x } # of someone else\n";
    home.write(GOOSE, format!("extensions:\n  shop: {entry} # mine\n{beside}"));
    home.ok(&["migrate", "--yes", "--no-import"]);
    let after = home.read(GOOSE);
    let program = env!("CARGO_BIN_EXE_mcp-tether");
    let entry = format!("{{ type: stdio, cmd: {program}, args: [\"https://a.example/\"] }}");
    assert_eq!(after, format!("extensions:\n  shop: {entry} # mine\n{beside}"));
}

/// S-32: what an edit would leave is read before it is written, and must have every entry.
#[test]
fn a_layout_in_which_an_edit_would_lose_something_is_refused() {
    let home = Home::new();
    let text = "extensions:\n  shop:\n    ? cmd\n    : npx\n    ? args\n    : - mcp-remote\n\
                \x20     - https://a.example/\n";
    home.write(GOOSE, text);
    let refused = home.refused(&["migrate", "--yes", "--no-import"], 1);
    assert!(refused.contains("a layout that cannot be edited here"), "{refused}");
    assert_eq!(home.read(GOOSE), text);
    assert_eq!(home.all().len(), 1);
}

#[test]
fn a_section_of_null_is_filled() {
    let home = Home::new();
    home.write(CURSOR, "{ \"mcpServers\": null, \"x\": 1 }\n");
    home.ok(&["install", URL, "--host", "cursor", "--name", "shop"]);
    let file: serde_json::Value = serde_json::from_str(&home.read(CURSOR)).unwrap();
    assert_eq!(file["mcpServers"]["shop"]["args"][0], URL);
    assert_eq!(file["x"], 1);
}

#[test]
fn a_file_of_comments_gets_its_bytes_back() {
    there_and_back("vscode", "config/Code/User/mcp.json", "// mine\n");
    there_and_back("vscode", "config/Code/User/mcp.json", "/* mine */\n{}\n");
}

/// Parsers take the last one, so it is the one to change.
#[test]
fn of_members_with_one_name_none_of_another_bridge_is_left() {
    let home = Home::new();
    let entry = r#"{"command":"x","args":["mcp-remote","https://a.example/"],"command":"npx"}"#;
    home.write(CURSOR, format!("{{\"mcpServers\":{{\"shop\":{entry}}}}}"));
    home.ok(&["migrate", "--yes", "--no-import"]);
    let file: serde_json::Value = serde_json::from_str(&home.read(CURSOR)).unwrap();
    assert_ne!(file["mcpServers"]["shop"]["command"], "npx");
    assert_eq!(home.read(CURSOR).matches("\"command\"").count(), 1, "{}", home.read(CURSOR));
}

/// People forget the marks around a port.
#[test]
fn a_number_among_the_arguments_is_a_word() {
    let home = Home::new();
    let entry = r#"{"command":"npx","args":["mcp-remote","https://a.example/",3334]}"#;
    home.write(CURSOR, format!("{{\"mcpServers\":{{\"shop\":{entry}}}}}"));
    home.ok(&["migrate", "--yes", "--no-import"]);
    let file: serde_json::Value = serde_json::from_str(&home.read(CURSOR)).unwrap();
    let arguments = serde_json::json!(["https://a.example/", "3334"]);
    assert_eq!(file["mcpServers"]["shop"]["args"], arguments);
}

/// S-32: a disk that is full at that moment.
#[cfg(target_os = "linux")]
#[test]
fn half_a_backup_is_no_backup() {
    let home = Home::new();
    let long = format!("X-Long:{}", "a".repeat(8 * 1024));
    let entry =
        |command: &str| serde_json::json!({ "command": command, "args": [URL, "--header", long] });
    let file =
        serde_json::json!({ "mcpServers": { "a": { "command": "x" }, "b": entry("mcp-tether") } });
    let path = home.write(CURSOR, file.to_string());
    // Larger than what is written, and smaller than the backup; the signal would end the program.
    let script =
        format!("trap '' XFSZ; ulimit -f 4; exec {} uninstall b", env!("CARGO_BIN_EXE_mcp-tether"));
    let ended = std::process::Command::new("bash")
        .args(["-c", &script])
        .env_clear()
        .env("HOME", home.path())
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("XDG_CONFIG_HOME", home.path().join("config"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot write `") && said.contains("mcp.json.bak"), "{said}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), file.to_string());
    let beside = std::fs::read_dir(path.parent().unwrap()).unwrap().count();
    assert_eq!(beside, 1, "nothing is left beside it");
}
