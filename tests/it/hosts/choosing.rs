//! Which hosts and files an entry goes to, how it is shown instead, and `mcp-tether hosts`.

use serde_json::{Value, json};

use super::{Home, URL};
use crate::support::process::Program;

fn args(home: &Home, file: &str, name: &str) -> Value {
    let file: Value = serde_json::from_str(&home.read(file)).unwrap();
    file["mcpServers"][name]["args"].clone()
}

#[cfg(target_os = "linux")]
#[test]
fn without_a_host_the_ones_that_are_here_are_listed_and_asked_about() {
    let home = Home::new();
    std::fs::create_dir_all(home.path().join(".cursor")).unwrap();
    std::fs::create_dir_all(home.path().join(".gemini")).unwrap();
    std::fs::create_dir_all(home.path().join(".junie/mcp")).unwrap();
    let install = |typed: &str| {
        let program = home.program(["install", URL]).env("PATH", "/nowhere");
        program.run_at_a_terminal(typed)
    };
    let nothing = install("\n");
    assert!(nothing.stderr.contains("1  Cursor"), "{}", nothing.shown());
    assert!(nothing.stderr.contains("2  Gemini CLI"), "{}", nothing.shown());
    assert!(nothing.stderr.contains("nothing was changed") && home.all().is_empty());
    assert_eq!(install("9\n").code, Some(2));
    let chosen = install("1 junie\n");
    assert_eq!(chosen.code, Some(0), "{}", chosen.shown());
    let files: Vec<_> = home.all().into_iter().map(|(path, _)| path).collect();
    let expected = [".cursor/mcp.json", ".junie/mcp/mcp.json"].map(|name| home.path().join(name));
    assert_eq!(files, expected);
}

#[test]
fn all_means_every_host_that_is_here() {
    let home = Home::new();
    let none = home.program(["install", URL, "--all"]).env("PATH", "").run();
    assert_eq!(none.code, Some(1), "{}", none.shown());
    assert!(none.stderr.contains("no known host was found here"), "{}", none.stderr);
    home.write(".cursor/mcp.json", "{}");
    home.write(".qwen/settings.json", "{}");
    let all = home.program(["install", URL, "--all"]).env("PATH", "").run();
    assert_eq!(all.code, Some(0), "{}", all.shown());
    assert!(home.read(".cursor/mcp.json").contains(URL));
    assert!(home.read(".qwen/settings.json").contains(URL));
}

#[cfg(target_os = "linux")]
#[test]
fn a_host_that_is_here_twice_gets_the_entry_twice() {
    let home = Home::new();
    std::fs::create_dir_all(home.path().join("config/devin")).unwrap();
    std::fs::create_dir_all(home.path().join(".codeium/windsurf")).unwrap();
    std::fs::create_dir_all(home.path().join("config/zed")).unwrap();
    std::fs::create_dir_all(home.path().join(".var/app/dev.zed.Zed/config/zed")).unwrap();
    home.ok(&["install", URL, "--host", "devin", "--host", "zed"]);
    for name in [
        "config/devin/mcp_config.json",
        ".codeium/windsurf/mcp_config.json",
        "config/zed/settings.json",
        ".var/app/dev.zed.Zed/config/zed/settings.json",
    ] {
        assert!(home.read(name).contains(URL), "{name}");
    }
    home.ok(&["uninstall", URL]);
    assert!(home.all().is_empty(), "{:?}", home.all());
}

/// VS Code's newer agent reads another file than its older one.
#[cfg(target_os = "linux")]
#[test]
fn vs_code_gets_the_entry_in_both_of_its_files() {
    let home = Home::new();
    home.ok(&["install", URL, "--host", "vscode"]);
    assert!(home.read("config/Code/User/mcp.json").contains("\"servers\""));
    assert!(home.read(".copilot/mcp-config.json").contains("\"mcpServers\""));
    home.ok(&["uninstall", "example", "--host", "vscode"]);
    assert!(home.all().is_empty(), "{:?}", home.all());
}

#[test]
fn a_variable_of_the_host_says_where_its_file_is() {
    let home = Home::new();
    let elsewhere = home.path().join("elsewhere");
    for (host, variable, file) in [
        ("claude-code", "CLAUDE_CONFIG_DIR", "elsewhere/.claude.json"),
        ("gemini", "GEMINI_CLI_HOME", "elsewhere/.gemini/settings.json"),
        ("qwen", "QWEN_HOME", "elsewhere/settings.json"),
        ("opencode", "OPENCODE_CONFIG_DIR", "elsewhere/opencode.json"),
    ] {
        let words = ["install", URL, "--host", host];
        let installed = home.program(words).env(variable, &elsewhere).run();
        assert_eq!(installed.code, Some(0), "{}", installed.shown());
        assert!(home.read(file).contains(URL), "{host}");
    }
}

/// Visual Studio and Claude Code read different keys of one file.
#[test]
fn a_project_file_of_another_kind_is_left_alone() {
    let home = Home::new();
    let install = |host: &str| {
        let words = ["install", URL, "--host", host, "--scope", "project", "--name", "shop"];
        home.program(words).in_folder(&home.path().join("p")).run()
    };
    let theirs = "{ \"servers\": { \"a\": { \"command\": \"x\" } } }";
    home.write("p/.mcp.json", theirs);
    let refused = install("claude-code");
    assert_eq!(refused.code, Some(1), "{}", refused.shown());
    assert!(refused.stderr.contains("under `servers`"), "{}", refused.stderr);
    assert!(refused.stderr.contains("Claude Code reads `mcpServers`"), "{}", refused.stderr);
    assert_eq!(home.read("p/.mcp.json"), theirs);
    let other = install("copilot");
    assert_eq!(other.code, Some(0), "{}", other.shown());
    assert!(home.read("p/.github/mcp.json").contains(URL), "it has another file");
    assert_eq!(install("visual-studio").code, Some(0));
    assert!(home.read("p/.mcp.json").contains("\"shop\""), "its own kind");

    let theirs = "{ \"mcpServers\": { \"a\": { \"command\": \"x\" } } }";
    home.write("p/.mcp.json", theirs);
    assert_eq!(install("visual-studio").code, Some(0));
    assert_eq!(home.read("p/.mcp.json"), theirs);
    assert!(home.read("p/.vs/mcp.json").contains("\"servers\""));
}

#[test]
fn opencode_gets_the_entry_in_the_shape_that_its_file_has() {
    let home = Home::new();
    let text = "{\n  \"mcp\": {\n    \"timeout\": 9000,\n    \"servers\": {}\n  }\n}\n";
    home.write("config/opencode/opencode.jsonc", text);
    if cfg!(target_os = "linux") {
        home.ok(&["install", URL, "--host", "opencode", "--name", "shop"]);
        let file: Value =
            serde_json::from_str(&home.read("config/opencode/opencode.jsonc")).unwrap();
        let entry = &file["mcp"]["servers"]["shop"];
        assert_eq!(entry["command"][1], URL);
        // Its schema has other members there.
        assert_eq!(entry["timeout"], json!({ "startup": 60_000, "request": 600_000 }));
        assert_eq!((entry.get("enabled"), &file["mcp"]["timeout"]), (None, &json!(9000)));
        home.ok(&["uninstall", "shop"]);
        assert_eq!(home.read("config/opencode/opencode.jsonc"), text);
    }
}

/// Antigravity keeps its older folder and makes the new one itself when it needs it.
#[test]
fn a_folder_that_a_host_makes_only_when_needed_is_made_for_it() {
    let home = Home::new();
    std::fs::create_dir_all(home.path().join(".gemini/antigravity")).unwrap();
    let installed = home.ok(&["install", URL, "--host", "antigravity", "--name", "shop"]);
    assert!(!installed.stdout.contains("is Google Antigravity installed?"), "{}", installed.stdout);
    for file in [".gemini/config/mcp_config.json", ".gemini/antigravity/mcp_config.json"] {
        assert_eq!(args(&home, file, "shop"), json!([URL]), "{file}");
    }
    home.ok(&["uninstall", "shop"]);
    assert!(home.all().is_empty() && !home.path().join(".gemini/config").exists());
}

#[test]
fn a_second_entry_for_one_url_signs_in_with_an_account_of_its_own() {
    let home = Home::new();
    for name in ["pelcro-acme", "pelcro-other"] {
        let words = ["install", "https://mcp.pelcro.com/", "--host", "cursor", "--name", name];
        let installed = home.ok(&words);
        let is_second = name == "pelcro-other";
        assert_eq!(installed.stdout.contains("an account of its own"), is_second);
        assert!(home.ok(&words).stdout.contains("already"), "the same again");
    }
    let own = json!(["https://mcp.pelcro.com/", "--account", "pelcro-other"]);
    assert_eq!(args(&home, ".cursor/mcp.json", "pelcro-acme"), json!(["https://mcp.pelcro.com/"]));
    assert_eq!(args(&home, ".cursor/mcp.json", "pelcro-other"), own);
    let key = [
        "install",
        "https://mcp.pelcro.com/",
        "--host",
        "cursor",
        "--name",
        "by-key",
        "--header",
        "X-Key: ${keyring:k}",
    ];
    home.ok(&key);
    assert_eq!(args(&home, ".cursor/mcp.json", "by-key").as_array().unwrap().len(), 3);
}

#[test]
fn a_host_without_a_file_gets_an_entry_to_paste() {
    let home = Home::new();
    for words in [&["--print"][..], &["--print", "--host", "raycast"]] {
        let printed = home.ok(&[&["install", URL, "--name", "shop"], words].concat());
        let entry: Value = serde_json::from_str(&printed.stdout).unwrap();
        assert_eq!(entry["mcpServers"]["shop"]["args"], json!([URL]));
        assert_eq!(printed.stderr.contains("Raycast"), words.len() > 1, "{}", printed.stderr);
    }
    let refused = home.refused(&["install", URL, "--host", "raycast"], 2);
    assert!(refused.contains("--print"), "{refused}");
    assert!(home.all().is_empty());
}

#[test]
fn an_address_holds_the_entry_where_a_host_takes_one() {
    let home = Home::new();
    for (host, start) in [
        ("cursor", "cursor://anysphere.cursor-deeplink/mcp/install?name=example&config="),
        ("vscode", "vscode:mcp/install?%7B"),
        ("lm-studio", "lmstudio://add_mcp?name=example&config="),
    ] {
        let shown = home.ok(&["install", URL, "--host", host, "--link"]).stdout;
        assert!(shown.starts_with(start) && shown.lines().count() == 1, "{shown}");
    }
    let refused = home.refused(&["install", URL, "--host", "zed", "--link"], 2);
    assert!(refused.contains("Zed has no addresses"), "{refused}");
    assert!(home.all().is_empty());
}

/// Of several hosts, each entry and each address says whose it is.
#[test]
fn what_is_shown_for_several_hosts_names_each() {
    let home = Home::new();
    let shown = |words: &[&str]| {
        let words = [&["install", URL, "--name", "shop"], words].concat();
        home.program(words).env("PATH", "").run()
    };
    let printed = shown(&["--print", "--host", "zed", "--host", "codex"]);
    assert_eq!(printed.code, Some(0), "{}", printed.shown());
    assert_eq!(printed.stderr, "for Zed:\nfor Codex:\n");
    let (zed, codex) = printed.stdout.split_once("[mcp_servers.shop]").unwrap();
    let zed: Value = serde_json::from_str(zed).unwrap();
    assert_eq!(zed["context_servers"]["shop"]["args"], json!([URL]));
    assert!(codex.contains(&format!("args = [\"{URL}\"]")), "{codex}");
    let one = shown(&["--print", "--host", "zed"]);
    assert_eq!(one.stderr, "", "of one host, it is clear whose it is");
    assert!(home.all().is_empty());
}

/// Of all hosts that are here, those without addresses are named; alone they are an error.
#[test]
fn the_addresses_of_all_hosts_are_those_of_the_hosts_that_have_some() {
    let home = Home::new();
    let shown = || home.program(["install", URL, "--link", "--all"]).env("PATH", "").run();
    home.write("config/zed/settings.json", "{}");
    let refused = shown();
    assert_eq!(refused.code, Some(2), "{}", refused.shown());
    assert!(refused.stderr.contains("Zed has no addresses for entries"), "{}", refused.stderr);
    assert!(refused.stderr.contains("hint: write its file: `--host zed`"), "{}", refused.stderr);
    home.write(".cursor/mcp.json", "{}");
    home.write(".lmstudio/mcp.json", "{}");
    let some = shown();
    assert_eq!(some.code, Some(0), "{}", some.shown());
    assert!(some.stderr.contains("note: Zed has no addresses for entries"), "{}", some.stderr);
    let starts: Vec<_> = some.stdout.lines().map(|line| line.split_once(':').unwrap().0).collect();
    assert_eq!(starts, ["cursor", "lmstudio"], "{}", some.shown());
    assert!(some.stderr.contains("for Cursor:\n"), "{}", some.stderr);
    assert!(home.all().iter().all(|(_, bytes)| bytes == b"{}"), "no file was changed");
}

/// Another program opens a bundle, and the command names it.
#[test]
fn who_packs_a_bundle_is_told_what_to_do_with_it() {
    let home = Home::new();
    let file = home.path().join("shop.mcpb");
    let file = file.to_str().unwrap();
    let packed = home.ok(&["pack", URL, "--name", "shop", "--output", file]);
    assert!(packed.stdout.contains("packed `shop` into"), "{}", packed.shown());
    let next = "open it with a host that installs bundles, such as Claude Desktop";
    assert!(packed.stdout.contains(next), "{}", packed.shown());
}

#[test]
fn every_entry_of_every_host_is_listed_without_its_secrets() {
    let home = Home::new();
    home.ok(&["install", "https://mcp.example.com/mcp?key=canary", "--host", "cursor"]);
    let old = json!({ "mcpServers": { "old": { "command": "npx",
        "args": ["mcp-remote", "https://a.example/mcp", "--header", "X: canary"] },
        "theirs": { "command": "other" } } });
    home.write(".qwen/settings.json", old.to_string());
    let project = home.path().join("p").to_str().unwrap().to_owned();
    let local = json!({ "projects": { project: { "mcpServers": {
        "l": { "command": "npx", "args": ["-y", "mcp-tether", URL] } } } } });
    home.write(".claude.json", local.to_string());
    let listed = home.ok(&["hosts"]);
    assert!(!listed.shown().contains("canary"), "{}", listed.shown());
    let lines: Vec<Vec<&str>> =
        listed.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["claude-code", "local", "l", "mcp-tether", URL]);
    assert_eq!(lines[1][..4], ["cursor", "user", "example", "mcp-tether"]);
    assert_eq!(lines[2], ["qwen", "user", "old", "mcp-remote", "https://a.example/mcp"]);
    assert_eq!(lines.len(), 3);
    let json: Value = serde_json::from_str(&home.ok(&["hosts", "--json"]).stdout).unwrap();
    assert_eq!(json["entries"].as_array().unwrap().len(), 3);
    assert!(json["found"].as_array().unwrap().contains(&json!("cursor")));
    home.write(".gemini/settings.json", "{");
    let broken = home.run(&["hosts"]);
    assert_eq!(broken.code, Some(1), "{}", broken.shown());
    assert!(broken.stdout.contains("cursor"), "the others are listed: {}", broken.shown());
}

#[test]
fn without_a_home_or_any_entry_the_list_is_empty() {
    let listed = Program::new(["hosts"]).env("HOME", "").env("PATH", "").run();
    assert_eq!(listed.code, Some(0), "{}", listed.shown());
    assert_eq!(listed.stdout, "");
}
