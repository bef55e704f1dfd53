//! `uninstall`: what was installed is taken out again, in every scope, without a trace.

use serde_json::json;

use super::{Home, URL, samples};

#[cfg(target_os = "linux")]
#[test]
fn uninstall_leaves_no_trace() {
    for (host, name, before) in samples() {
        let home = Home::new();
        home.write(&name, &before);
        home.ok(&["install", URL, "--host", host.id, "--name", "shop"]);
        let removed = home.ok(&["uninstall", "shop", "--host", host.id]);
        assert!(removed.stdout.starts_with("removed `shop` from "), "{}", removed.stdout);
        assert_eq!(home.read(&name), before, "{}", host.id);
        let again = home.refused(&["uninstall", "shop", "--host", host.id], 1);
        assert!(again.contains("has no entry `shop`"), "{again}");
    }
}

/// Also where there was no section, and on one line.
#[test]
fn a_file_without_a_section_gets_its_bytes_back() {
    for before in ["{}", "", "{\"a\":1}", "{\n\t\"a\": [ 1 ]\n}", "{ \"mcpServers\": {} }\r\n"] {
        let home = Home::new();
        home.write(".cursor/mcp.json", before);
        home.ok(&["install", URL, "--host", "cursor"]);
        home.ok(&["uninstall", URL]);
        assert_eq!(home.read(".cursor/mcp.json"), before);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_was_made_for_the_entry_is_removed_with_its_folder() {
    for (host, name, _) in samples() {
        let home = Home::new();
        home.ok(&["install", URL, "--host", host.id]);
        let removed = home.ok(&["uninstall", "example"]);
        assert!(removed.stdout.contains("it was removed"), "{}: {}", host.id, removed.stdout);
        assert!(!home.path().join(&name).exists(), "{}", host.id);
        assert!(home.all().is_empty(), "{}: {:?}", host.id, home.all());
    }
}

/// The changes that a dry run shows are those that the real run makes.
#[test]
fn a_dry_run_shows_that_the_file_will_be_removed_or_gets_its_former_content() {
    let home = Home::new();
    home.ok(&["install", URL, "--host", "cursor"]);
    let shown = home.ok(&["uninstall", "example", "--dry-run"]).stdout;
    assert!(shown.contains("so it will be removed"), "{shown}");
    let left = shown.lines().skip(2).filter(|line| line.starts_with([' ', '+']));
    assert_eq!(left.count(), 0, "{shown}");
    home.ok(&["uninstall", "example"]);
    assert!(!home.path().join(".cursor").exists());

    let before = "{\"a\":true}";
    home.write(".cursor/mcp.json", before);
    home.ok(&["install", URL, "--host", "cursor"]);
    let shown = home.ok(&["uninstall", "example", "--dry-run"]).stdout;
    assert!(shown.contains(&format!("+{before}\n")), "{shown}");
    assert!(!shown.contains("removed"), "{shown}");
    home.ok(&["uninstall", "example"]);
    assert_eq!(home.read(".cursor/mcp.json"), before);
}

/// A change of someone else in the meantime is kept.
#[test]
fn changes_made_after_the_installation_stay() {
    let home = Home::new();
    home.write(".cursor/mcp.json", "{\n  \"a\": 1\n}\n");
    home.ok(&["install", URL, "--host", "cursor"]);
    let changed = home.read(".cursor/mcp.json").replace("\"a\": 1", "\"a\": 2 /* new */");
    home.write(".cursor/mcp.json", changed);
    home.ok(&["uninstall", "example"]);
    let after = home.read(".cursor/mcp.json");
    assert!(after.contains("\"a\": 2 /* new */") && !after.contains(URL), "{after}");
}

#[test]
fn every_scope_is_looked_into_and_nothing_found_is_an_error() {
    let home = Home::new();
    let project = home.path().join("shop");
    std::fs::create_dir(&project).unwrap();
    let entry = json!({ "command": "mcp-tether", "args": [URL] });
    let other = home.path().join("other");
    let user = json!({ "mcpServers": { "s": entry }, "projects": {
        project.to_str().unwrap(): { "mcpServers": { "s": entry, "keep": { "command": "x" } } },
        other.to_str().unwrap(): { "mcpServers": { "s": entry, "t": entry } } } });
    home.write(".claude.json", user.to_string());
    home.write("shop/.mcp.json", json!({ "mcpServers": { "s": entry } }).to_string());
    let run = |words: &[&str]| home.program(words).in_folder(&project).run();
    let removed = run(&["uninstall", "s", "--host", "claude-code"]);
    assert_eq!(removed.code, Some(0), "{}", removed.shown());
    let after: serde_json::Value = serde_json::from_str(&home.read(".claude.json")).unwrap();
    assert!(after["mcpServers"].get("s").is_none(), "{after}");
    let here = &after["projects"][project.to_str().unwrap()]["mcpServers"];
    assert_eq!(here, &json!({ "keep": { "command": "x" } }));
    assert!(after["projects"][other.to_str().unwrap()]["mcpServers"].get("s").is_some());
    assert!(!home.path().join("shop/.mcp.json").exists());
    let elsewhere = run(&["uninstall", "t"]);
    assert_eq!(elsewhere.code, Some(1), "{}", elsewhere.shown());
    assert!(elsewhere.stderr.contains("run the command there"), "{}", elsewhere.stderr);
    let nothing = run(&["uninstall", "gone"]);
    assert_eq!(nothing.code, Some(1), "{}", nothing.shown());
    assert!(nothing.stderr.contains("`mcp-tether hosts`"), "{}", nothing.stderr);
}

#[test]
fn one_scope_is_left_alone_if_the_other_is_named() {
    let home = Home::new();
    let entry = json!({ "mcpServers": { "s": { "command": "mcp-tether", "args": [URL] } } });
    home.write(".cursor/mcp.json", entry.to_string());
    home.write("shop/.cursor/mcp.json", entry.to_string());
    let project = home.path().join("shop");
    let words = ["uninstall", "s", "--scope", "project"];
    let removed = home.program(words).in_folder(&project).run();
    assert_eq!(removed.code, Some(0), "{}", removed.shown());
    assert!(home.read(".cursor/mcp.json").contains(URL));
}
