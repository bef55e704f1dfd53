//! `migrate`: from `mcp-remote` to this program.

use std::path::PathBuf;

use insta::assert_snapshot;
use serde_json::json;

use super::{Home, sample_of, samples, shown};
use crate::support::authorization_server::{AuthorizationServer, Config};

/// docs/from-mcp-remote.md: whatever starts `mcp-remote` starts us with the same URL and flags;
/// variables, comments and everything else stay.
#[cfg(target_os = "linux")]
#[test]
fn every_entry_that_runs_mcp_remote_is_rewritten_in_place() {
    let home = Home::new();
    for (_, name, text) in samples() {
        home.write(&name, text);
    }
    let migrated = home.ok(&["migrate", "--yes", "--no-import"]);
    assert!(!migrated.shown().contains("canary"), "{}", migrated.stdout);
    for (host, name, before) in samples() {
        let after = home.read(&name);
        assert!(!after.contains("\"mcp-remote"), "{after}");
        if after == before {
            assert!(!home.path().join(format!("{name}.bak")).exists());
        } else {
            assert_eq!(home.read(&format!("{name}.bak")), before);
            assert_snapshot!(format!("migrated_{}", host.id), shown(&after));
        }
    }
    let again = home.ok(&["migrate", "--yes"]);
    let expected =
        format!("no entry runs another bridge (checked {} configurations)\n", samples().len());
    assert_eq!(again.stdout, expected);
}

/// Before 2025-06 Zed had `command` as an object, and its variables in there.
#[test]
fn an_entry_in_the_older_shape_of_zed_is_flattened_and_keeps_its_variables() {
    let home = Home::new();
    let text = r#"{
  // mine
  "context_servers": {
    "shop": {
      "command": {
        "path": "npx",
        "args": ["-y", "mcp-remote", "https://a.example/mcp"],
        "env": { "A": "b" }
      },
      "settings": {}
    }
  }
}
"#;
    home.write("config/zed/settings.json", text);
    home.ok(&["migrate", "--yes", "--no-import"]);
    let after = home.read("config/zed/settings.json");
    assert!(after.contains("// mine"), "{after}");
    let bare = after.replace("  // mine\n", "");
    let after: serde_json::Value = serde_json::from_str(&bare).unwrap();
    let shop = &after["context_servers"]["shop"];
    assert_eq!(shop["command"], env!("CARGO_BIN_EXE_mcp-tether"));
    assert_eq!(shop["args"], json!(["https://a.example/mcp"]));
    assert_eq!((&shop["env"], &shop["settings"]), (&json!({ "A": "b" }), &json!({})));
}

#[test]
fn files_of_profiles_and_of_another_ending_are_found() {
    let home = Home::new();
    let vscode = json!({ "servers": { "a": { "command": "npx",
        "args": ["mcp-remote", "https://a.example/mcp"] } } });
    home.write("config/Code/User/profiles/-1a2b/mcp.json", vscode.to_string());
    let words = ["npx", "mcp-remote", "https://b.example/mcp"];
    let opencode = json!({ "mcp": { "b": { "type": "local", "command": words } } });
    home.write("config/opencode/opencode.jsonc", format!("// mine\n{opencode}"));
    home.ok(&["migrate", "--yes", "--no-import"]);
    for name in ["config/Code/User/profiles/-1a2b/mcp.json", "config/opencode/opencode.jsonc"] {
        let after = home.read(name);
        assert!(!after.contains("mcp-remote"), "{after}");
        assert!(after.contains(env!("CARGO_BIN_EXE_mcp-tether")), "{after}");
    }
    home.ok(&["install", "https://c.example/mcp", "--host", "opencode", "--name", "c"]);
    assert!(home.read("config/opencode/opencode.jsonc").contains("https://c.example/mcp"));
    assert!(!home.path().join("config/opencode/opencode.json").exists());
}

#[test]
fn without_consent_nothing_is_changed() {
    let home = Home::new();
    home.write(".cursor/mcp.json", sample_of("cursor").1);
    let before = home.all();
    let refused = home.refused(&["migrate"], 2);
    assert!(refused.contains("`mcp-tether migrate --yes`"), "{refused}");
    assert!(home.all() == before);
}

#[test]
fn unknown_entries_stay_and_are_named() {
    let home = Home::new();
    let servers = json!({ "mcpServers": {
        "shell": { "command": "sh", "args": ["-c", "cd /srv && npx mcp-remote \
                                                    https://a.example/mcp"] },
        "typo": {
            "command": "npx", "args": ["mcp-remote", "https://a.example/mcp", "--heder", "x"],
        },
        "plain": { "command": "npx", "args": ["mcp-remote", "https://a.example/mcp", "--header",
            "Authorization: Bearer canary"] },
        "other": { "url": "https://a.example/mcp" },
    } });
    home.write(".cursor/mcp.json", servers.to_string());
    home.write(".codeium/windsurf/mcp_config.json", "{");
    let finished = home.run(&["migrate", "--yes", "--no-import"]);
    assert_eq!(finished.code, Some(1), "one file is broken: {}", finished.shown());
    assert!(finished.stderr.contains("windsurf"), "{}", finished.stderr);
    for said in [
        "`shell` (line 1) mentions `mcp-remote` and cannot",
        "`typo` (line 1) cannot be rewritten",
        "--heder",
    ] {
        assert!(finished.stdout.contains(said), "{said}: {}", finished.stdout);
    }
    assert!(finished.stdout.contains("`plain` (line 1) contains a secret"), "{}", finished.stdout);
    assert!(!finished.shown().contains("canary"), "{}", finished.shown());
    let after: serde_json::Value = serde_json::from_str(&home.read(".cursor/mcp.json")).unwrap();
    for kept in ["shell", "typo", "other"] {
        assert_eq!(after["mcpServers"][kept], servers["mcpServers"][kept]);
    }
    assert_eq!(after["mcpServers"]["plain"]["args"][2], "Authorization: Bearer canary");
}

/// docs/from-mcp-remote.md#sign-ins: the sign-in comes along, found by the entry's own URL, flags
/// and variables.
#[tokio::test(flavor = "multi_thread")]
async fn the_sign_in_of_an_entry_comes_along() {
    let server = AuthorizationServer::start(Config::default()).await;
    let url = server.endpoint().to_string();
    let home = Home::new();
    let elsewhere = home.path().join("old-sign-ins");
    let key = mcp_tether::store::import::Parameters::new(&url).key();
    for (name, value) in [
        (
            "tokens",
            json!({ "access_token": "canary-a", "token_type": "Bearer",
                "refresh_token": "canary-r", "expires_at": 4_102_444_800_000_u64 }),
        ),
        (
            "client_info",
            json!({ "client_id": "old",
                "redirect_uris": ["http://localhost:3335/oauth/callback"] }),
        ),
    ] {
        let file: PathBuf =
            ["old-sign-ins", "mcp-remote-v1", &format!("{key}_{name}.json")].iter().collect();
        home.write(file.to_str().unwrap(), value.to_string());
    }
    let servers = json!({ "mcpServers": { "shop": { "command": "npx", "args": ["mcp-remote", url],
        "env": { "MCP_REMOTE_CONFIG_DIR": elsewhere } },
        "gone": { "command": "npx", "args": ["mcp-remote", "https://127.0.0.1:9/mcp"] } } });
    home.write(".cursor/mcp.json", servers.to_string());
    let migrated = home.ok(&["migrate", "--yes"]);
    assert!(
        migrated.stdout.contains("imported the `mcp-remote` sign-in for"),
        "{}",
        migrated.stdout
    );
    assert!(migrated.stdout.contains("no sign-in was imported for `gone`"), "{}", migrated.stdout);
    assert!(!migrated.shown().contains("canary"), "{}", migrated.shown());
    let status = home.ok(&["status", "--json"]);
    assert!(status.stdout.contains(&url), "{}", status.stdout);
}

/// Each way to start a bridge that has a counterpart here.
#[test]
fn entries_behind_runners_containers_and_other_bridges_are_rewritten_or_say_why_not() {
    let home = Home::new();
    let url = "https://a.example/mcp";
    let entry = |command: &str, args: &[&str]| json!({ "command": command, "args": args });
    let servers = json!({ "mcpServers": {
        "bunx": entry("bunx", &["mcp-remote", url]),
        "pnpm": entry("pnpm", &["dlx", "mcp-remote", "https://b.example/mcp"]),
        "docker": entry("docker", &[
            "run", "-i", "--rm", "node:24", "npx", "-y", "mcp-remote", "https://c.example/mcp",
        ]),
        "cmd": entry("cmd", &["/c", "npx -y mcp-remote https://d.example/mcp"]),
        "proxy": entry("uvx", &[
            "mcp-proxy", "--headers", "X-Tenant", "acme", "https://e.example/sse",
        ]),
        "gateway": entry("npx", &[
            "-y", "supergateway", "--streamableHttp", "https://f.example/mcp",
        ]),
        "mounted": entry("docker", &["run", "-v", "/a:/a", "node", "npx", "mcp-remote", url]),
        "server": entry("mcp-proxy", &["--port", "80", "uvx", "x"]),
    } });
    home.write(".cursor/mcp.json", servers.to_string());
    let migrated = home.ok(&["migrate", "--yes", "--no-import"]);
    let after: serde_json::Value = serde_json::from_str(&home.read(".cursor/mcp.json")).unwrap();
    let args = |name: &str| after["mcpServers"][name]["args"].clone();
    for (name, url) in [
        ("bunx", url),
        ("pnpm", "https://b.example/mcp"),
        ("docker", "https://c.example/mcp"),
        ("cmd", "https://d.example/mcp"),
    ] {
        assert_eq!(after["mcpServers"][name]["command"], env!("CARGO_BIN_EXE_mcp-tether"));
        assert_eq!(args(name), json!([url]), "{name}");
    }
    let proxy = ["https://e.example/sse", "--header", "X-Tenant:acme", "--transport", "sse-first"];
    assert_eq!(args("proxy"), json!(proxy));
    assert_eq!(args("gateway"), json!(["https://f.example/mcp", "--transport", "http-first"]));
    for (name, reason) in [("mounted", "its container has `-v`"), ("server", "it has `--port`")] {
        assert_eq!(after["mcpServers"][name], servers["mcpServers"][name]);
        assert!(migrated.stdout.contains(reason), "{reason}: {}", migrated.stdout);
    }
}

/// A server's page says to paste an entry into one of these.
#[test]
fn files_that_a_host_reads_no_more_are_looked_into() {
    let home = Home::new();
    let entry = json!({ "command": "npx", "args": ["mcp-remote", "https://a.example/mcp"] });
    home.write(
        "config/Code/User/settings.json",
        format!(
            "// mine\n{}",
            json!({
        "editor.fontSize": 12, "mcp": { "servers": { "a": entry } }, "mcpServers": { "b": entry } })
        ),
    );
    home.write(".windsurf/mcp.json", json!({ "mcpServers": { "c": entry } }).to_string());
    let old = json!({ "mcp": { "servers": { "d": { "type": "local",
        "command": ["npx", "mcp-remote", "https://d.example/mcp"] } }, "timeout": 9000 } });
    home.write("config/opencode/opencode.json", old.to_string());
    home.ok(&["migrate", "--yes", "--no-import"]);
    let settings = home.read("config/Code/User/settings.json");
    assert!(settings.starts_with("// mine\n"), "{settings}");
    for name in
        ["config/Code/User/settings.json", ".windsurf/mcp.json", "config/opencode/opencode.json"]
    {
        let after = home.read(name);
        assert!(!after.contains("\"mcp-remote\""), "{name}: {after}");
        assert!(after.contains(env!("CARGO_BIN_EXE_mcp-tether")), "{name}: {after}");
    }
    // This command leaves a broken file alone.
    home.write("config/Code/User/settings.json", "{");
    assert_eq!(home.run(&["migrate", "--yes", "--no-import"]).code, Some(0));
}

/// Several entries of one URL are several accounts of its user.
#[test]
fn a_further_entry_for_one_url_gets_an_account() {
    let home = Home::new();
    let entry = json!({ "command": "npx", "args": ["mcp-remote", "https://mcp.pelcro.com/"] });
    let servers = json!({ "mcpServers": { "pelcro-acme": entry, "pelcro-other": entry } });
    home.write(".cursor/mcp.json", servers.to_string());
    home.ok(&["migrate", "--yes", "--no-import"]);
    let after: serde_json::Value = serde_json::from_str(&home.read(".cursor/mcp.json")).unwrap();
    let args = |name: &str| after["mcpServers"][name]["args"].clone();
    assert_eq!(args("pelcro-acme"), json!(["https://mcp.pelcro.com/"]));
    let other = ["https://mcp.pelcro.com/", "--account", "pelcro-other"];
    assert_eq!(args("pelcro-other"), json!(other));
}

/// The text is read once, and not again for each entry: with that it took minutes.
#[test]
fn hundreds_of_entries_are_rewritten_at_once() {
    const COUNT: usize = 600;
    let lines = |entry: &dyn Fn(usize) -> String| (0..COUNT).map(entry).collect::<String>();
    let url = |number: usize| format!("https://h{number}.example/mcp");
    let json = |number: usize| {
        let entry = json!({ "command": "npx", "args": ["-y", "mcp-remote", url(number)] });
        let comma = if number + 1 < COUNT { "," } else { "" };
        format!("\"e{number}\": {entry:#}{comma}\n")
    };
    let toml = |number: usize| {
        let url = url(number);
        format!(
            "[mcp_servers.e{number}]\r\ncommand = \"npx\"\r\nargs = [\"mcp-remote\", \"{url}\"]\r\n"
        )
    };
    let yaml = |number: usize| {
        let url = url(number);
        format!("  e{number}:\n    cmd: npx\n    args:\n    - mcp-remote\n    - {url}\n")
    };
    std::thread::scope(|scope| {
        for (name, text) in [
            (".cursor/mcp.json", format!("{{\"mcpServers\": {{\n{}}}}}\n", lines(&json))),
            (".codex/config.toml", lines(&toml)),
            ("config/goose/config.yaml", format!("extensions:\n{}", lines(&yaml))),
        ] {
            scope.spawn(move || {
                let home = Home::new();
                home.write(name, text);
                home.ok(&["migrate", "--yes", "--no-import"]);
                let after = home.read(name);
                assert!(!after.contains("mcp-remote"), "{name}");
                assert_eq!(after.matches(".example/mcp").count(), COUNT, "{name}");
                assert_eq!(after.matches("mcp-tether").count(), COUNT, "{name}");
            });
        }
    });
}
