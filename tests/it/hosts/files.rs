//! The configuration files after an installation.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{Home, URL, sample_of, samples, shown};
use crate::support::process::Program;

/// Comments, order, indentation and line ends of everything else stay (the snapshots are the
/// proof).
#[cfg(target_os = "linux")]
#[test]
fn an_entry_is_added_in_the_hosts_own_shape_and_nothing_else_changes() {
    for (host, name, before) in samples() {
        let home = Home::new();
        home.write(&name, &before);
        let installed = home.ok(&["install", URL, "--host", host.id, "--name", "shop"]);
        assert!(installed.stdout.contains(host.title), "{}", installed.stdout);
        let after = home.read(&name);
        assert_snapshot!(format!("installed_{}", host.id), shown(&after));
        assert_eq!(home.read(&format!("{name}.bak")), before, "{}: the backup", host.id);
        // Every line that was there still is, but for a comma or a brace that moved.
        let mut rest = after.lines().map(str::trim);
        for line in before.lines().map(|line| line.trim_end_matches([',', ' ', '}', ']']).trim()) {
            let kept = host.id == "cursor" || rest.any(|after| after.contains(line));
            assert!(kept, "{}: `{line}` is gone", host.id);
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_is_not_there_is_made_with_its_folder() {
    for (host, name, _) in samples() {
        let home = Home::new();
        let installed = home.ok(&["install", URL, "--host", host.id]);
        assert_snapshot!(format!("new_{}", host.id), shown(&home.read(&name)));
        let here = !name.contains('/');
        assert_eq!(installed.stdout.contains("did not exist: is"), !here, "{}", host.id);
        assert!(!installed.stdout.contains("backup"), "{}", installed.stdout);
    }
}

#[test]
fn the_same_again_changes_nothing_and_leaves_no_second_backup() {
    let home = Home::new();
    home.write(".cursor/mcp.json", sample_of("cursor").1);
    let words = ["install", URL, "--host", "cursor", "--name", "shop"];
    home.ok(&words);
    let before = home.all();
    let again = home.ok(&words);
    assert_eq!(again.stdout, "Cursor already has `shop`\n");
    assert!(home.all() == before);
}

#[test]
fn other_flags_replace_those_of_the_same_server_and_keep_what_is_beside_them() {
    let home = Home::new();
    let ours = json!({ "mcpServers": { "shop": {
        "command": "/old/mcp-tether", "args": [URL], "env": { "A": "b" }, "disabled": false } } });
    home.write(".cursor/mcp.json", ours.to_string());
    let words = ["install", URL, "--host", "cursor", "--name", "shop", "--login", "never"];
    let changed = home.ok(&words);
    assert!(changed.stdout.starts_with("changed `shop` in Cursor"), "{}", changed.stdout);
    let file: Value = serde_json::from_str(&home.read(".cursor/mcp.json")).unwrap();
    let shop = &file["mcpServers"]["shop"];
    assert_eq!(shop["command"], env!("CARGO_BIN_EXE_mcp-tether"));
    assert_eq!(shop["args"], json!([URL, "--login", "never"]));
    assert_eq!((&shop["env"]["A"], &shop["disabled"]), (&json!("b"), &json!(false)));
}

#[test]
fn line_ends_the_byte_order_mark_and_the_absence_of_a_last_line_end_are_kept() {
    for (host, name, text) in [
        (
            "cursor",
            ".cursor/mcp.json",
            "\u{feff}{\r\n  \"mcpServers\": {\r\n    \"a\": {}\r\n  }\r\n}",
        ),
        (
            "codex",
            ".codex/config.toml",
            "# x\r\nmodel = \"m\"\r\n\r\n[mcp_servers.a]\r\ncommand = \"a\"\r\n",
        ),
    ] {
        let home = Home::new();
        home.write(name, text);
        home.ok(&["install", URL, "--host", host, "--name", "shop"]);
        let after = home.read(name);
        assert!(after.contains("shop") && after.chars().next() == text.chars().next(), "{after:?}");
        assert!(!after.replace("\r\n", "").contains('\n'), "{after:?}");
        assert_eq!(after.ends_with("\r\n"), text.ends_with("\r\n"), "{after:?}");
    }
}

#[cfg(unix)]
#[test]
fn the_mode_of_a_file_stays_and_a_new_one_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    let mode = |name: &str| {
        std::fs::metadata(home.path().join(name)).unwrap().permissions().mode() & 0o777
    };
    let path = home.write(".cursor/mcp.json", "{}");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
    home.ok(&["install", URL, "--host", "cursor", "--host", "windsurf"]);
    assert_eq!((mode(".cursor/mcp.json"), mode(".cursor/mcp.json.bak")), (0o640, 0o640));
    assert_eq!(mode("config/devin/mcp_config.json"), 0o600);
}

#[cfg(unix)]
#[test]
fn a_symlink_stays_and_the_file_it_names_is_changed() {
    let home = Home::new();
    let real = home.write("dotfiles/cursor.json", "{}");
    let link = home.path().join(".cursor/mcp.json");
    std::fs::create_dir_all(link.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    home.ok(&["install", URL, "--host", "cursor"]);
    assert!(link.symlink_metadata().unwrap().file_type().is_symlink());
    assert!(home.read("dotfiles/cursor.json").contains(URL));
    assert_eq!(home.read("dotfiles/cursor.json.bak"), "{}");
}

#[test]
fn a_project_has_a_file_of_its_own() {
    let project = Program::new(["install", URL, "--host", "vscode", "--scope", "project"]).run();
    assert_eq!(project.code, Some(0), "{}", project.shown());
    assert!(!project.stdout.contains("did not exist"), "{}", project.stdout);
    let file: Value = serde_json::from_str(&project.file(".vscode/mcp.json")).unwrap();
    let expected = json!({ "type": "stdio", "command": "mcp-tether", "args": [URL] });
    assert_eq!(file["servers"]["example"], expected, "everyone has the program elsewhere");
    let home = Home::new();
    let none = home.refused(&["install", URL, "--host", "cline", "--scope", "project"], 2);
    assert!(none.contains("no configuration for a single project"), "{none}");
}

#[test]
fn a_dry_run_shows_the_change_without_secrets_and_writes_nothing() {
    let home = Home::new();
    let (name, text) = sample_of("claude-desktop");
    home.write(&name, text);
    let before = home.all();
    let words = ["uninstall", "linear", "--host", "claude-desktop", "--dry-run"];
    if cfg!(target_os = "linux") {
        let refused = home.refused(&words, 1);
        assert!(refused.contains("does not start mcp-tether"), "{refused}");
        let shown_change =
            home.ok(&["install", URL, "--host", "claude-desktop", "--dry-run"]).stdout;
        assert!(shown_change.contains("+    \"example\": {"), "{shown_change}");
        assert!(!shown_change.contains("canary"), "{shown_change}");
        let migrated = home.ok(&["migrate", "--dry-run"]).stdout;
        assert!(
            migrated.contains("-        \"-y\",") && !migrated.contains("canary"),
            "{migrated}"
        );
    }
    assert!(home.all() == before);
}

/// S-16: the exact command is shown.
#[test]
fn print_shows_the_entry_and_touches_no_file() {
    let home = Home::new();
    let printed = home.ok(&["install", URL, "--host", "zed", "--name", "shop", "--print"]);
    let entry: Value = serde_json::from_str(&printed.stdout).unwrap();
    let program = env!("CARGO_BIN_EXE_mcp-tether");
    let expected = json!({ "command": program, "args": [URL] });
    assert_eq!(entry["context_servers"]["shop"], expected);
    assert!(home.all().is_empty());
}

/// The entry holds all that is needed to connect, in any folder.
#[test]
fn the_entry_starts_a_bridge_that_connects() {
    let mut mock = Program::new(["mock", "lab"]).spawn();
    let url = mock.next_line().unwrap().strip_prefix("listening on ").unwrap().to_owned();
    let home = Home::new();
    let headers = home.write("headers.txt", "X-Tenant: acme\n");
    let installed =
        home.program(["install", &url, "--host", "cursor", "--header-file", "~/headers.txt"]).run();
    assert_eq!(installed.code, Some(0), "{}", installed.shown());
    let file: Value = serde_json::from_str(&home.read(".cursor/mcp.json")).unwrap();
    let entry = &file["mcpServers"]["local"];
    assert_eq!(entry["args"], json!([url, "--header-file", headers]));
    let words: Vec<&str> =
        entry["args"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    let tools = home.program(["tools", "--json"].into_iter().chain(words)).run();
    assert_eq!(tools.code, Some(0), "{}", tools.shown());
    assert!(tools.stdout.contains("echo"), "{}", tools.stdout);
}

/// S-32: twelve at a time, and what each one reports is there.
#[test]
fn edits_at_the_same_time_lose_nothing() {
    let home = Home::new();
    home.write(".cursor/mcp.json", "{\"mcpServers\":{}}");
    let install = |number: usize| {
        let (url, name) = (format!("https://s{number}.example/mcp"), format!("s{number}"));
        home.program(["install", &url, "--host", "cursor", "--name", &name]).spawn()
    };
    let running: Vec<_> = (0..12).map(install).collect();
    for installing in running {
        let finished = installing.finish();
        assert_eq!(finished.code, Some(0), "{}", finished.shown());
    }
    let text = home.read(".cursor/mcp.json");
    let entries: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(entries["mcpServers"].as_object().unwrap().len(), 12, "{text}");
}
