//! Bad input, and files that cannot be changed safely: a clear error, and every byte stays.

use mcp_tether::commands::chosen_hosts::HostChoice;
use mcp_tether::commands::install::{InstallOptions, run};
use mcp_tether::commands::registry::RegistryOptions;
use mcp_tether::environment::Environment;
use mcp_tether::error::Error;
use mcp_tether::hosts::{HostFile, KnownHost, NewEntry, Scope};
use mcp_tether::settings::Flags;

use super::{Home, URL};

#[test]
fn a_host_that_nobody_knows_is_answered_with_what_was_meant() {
    let home = Home::new();
    let typo = home.refused(&["install", URL, "--host", "vscod"], 2);
    assert!(typo.contains("`vscod`") && typo.contains("did you mean `--host vscode`?"), "{typo}");
    let unknown = home.refused(&["install", URL, "--host", "emacs"], 2);
    assert!(unknown.contains("known hosts: amazon-q, amp, antigravity, claude-code"), "{unknown}");
    home.write(".cursor/mcp.json", "{}");
    let none = home.refused(&["install", URL], 2);
    assert!(none.contains("no host was given") && none.contains("`--host cursor`"), "{none}");
    assert!(home.ok(&["install", URL, "--host", "Claude Code", "--print"]).code == Some(0));
}

#[test]
fn a_file_that_cannot_be_read_for_sure_is_left_alone_and_its_fault_is_located() {
    for (host, name, text, fault) in [
        (
            "cursor",
            ".cursor/mcp.json",
            "{\n  \"mcpServers\": {\n",
            "line 2, column 17: unterminated",
        ),
        (
            "cursor",
            ".cursor/mcp.json",
            "{\n  \"a\": 1\n  \"b\": 2\n}",
            "line 2, column 9: expected comma",
        ),
        ("cursor", ".cursor/mcp.json", "{ mcpServers: {} }", "line 1, column 3: "),
        ("cursor", ".cursor/mcp.json", "[]", "line 1, column 1: this is not an object"),
        (
            "cursor",
            ".cursor/mcp.json",
            "{\"mcpServers\": []}",
            "line 1, column 16: `mcpServers` is not",
        ),
        (
            "cursor",
            ".cursor/mcp.json",
            "{\"mcpServers\": {\n\"a\": {},\n\"a\": {}}}",
            "line 3, column 1: duplicate key `a`",
        ),
        (
            "cursor",
            ".cursor/mcp.json",
            "{\"mcpServers\": {},\n \"mcpServers\": {}}",
            "line 2, column 2: duplicate key `mcpServers`",
        ),
        ("codex", ".codex/config.toml", "a = 1\na = 2\n", "line 2, column 1: duplicate key"),
        (
            "codex",
            ".codex/config.toml",
            "\nmcp_servers = 1\n",
            "line 2, column 15: `mcp_servers` is",
        ),
    ] {
        let home = Home::new();
        home.write(name, text);
        let refused = home.refused(&["install", URL, "--host", host], 1);
        assert!(refused.contains(fault), "{text:?}: {refused}");
        assert!(refused.contains("this file was not changed"), "{refused}");
        assert_eq!(home.all().len(), 1);
        assert_eq!(home.read(name), text);
    }
}

#[test]
fn text_in_another_encoding_is_refused() {
    let home = Home::new();
    home.write(".cursor/mcp.json", b"\xff\xfe{\0}\0");
    let refused = home.refused(&["install", URL, "--host", "cursor"], 1);
    assert!(refused.contains("it is UTF-16"), "{refused}");
    home.write(".cursor/mcp.json", b"{\n  \"a\": \"\xe4\"\n}");
    let refused = home.refused(&["install", URL, "--host", "cursor"], 1);
    assert!(refused.contains("line 2: it is not UTF-8"), "{refused}");
}

#[test]
fn a_name_that_something_else_has_is_not_taken_away() {
    let home = Home::new();
    let theirs = "{\n\"mcpServers\": {\n\"shop\": { \"command\": \"npx\", \"args\": [\"x\"] } } }";
    home.write(".cursor/mcp.json", theirs);
    let words = ["install", URL, "--host", "cursor", "--name", "shop"];
    let refused = home.refused(&words, 1);
    assert!(refused.contains("another entry `shop`") && refused.contains("line 3"), "{refused}");
    let refused = home.refused(&["uninstall", "shop", "--host", "cursor"], 1);
    assert!(refused.contains("does not start mcp-tether"), "{refused}");
    let ours = "{\"mcpServers\": {\"shop\": {\"command\": \"mcp-tether\", \"args\": \
                [\"https://b.example/\"]}}}";
    home.write(".cursor/mcp.json", ours);
    let refused = home.refused(&words, 1);
    assert!(refused.contains("`mcp-tether uninstall shop --host cursor`"), "{refused}");
    assert_eq!(home.read(".cursor/mcp.json"), ours);
}

/// Root may write anywhere, so it is the file's own mode that counts.
#[cfg(unix)]
#[test]
fn a_read_only_file_a_folder_and_a_broken_link_are_named() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    let path = home.write(".cursor/mcp.json", "{}");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o444)).unwrap();
    let refused = home.refused(&["install", URL, "--host", "cursor"], 1);
    assert!(refused.contains("is read-only"), "{refused}");
    assert_eq!(home.read(".cursor/mcp.json"), "{}");

    std::fs::create_dir_all(home.path().join(".codeium/windsurf/mcp_config.json")).unwrap();
    let finished = home.run(&["install", URL, "--host", "windsurf"]);
    assert_eq!(finished.code, Some(1));
    assert!(finished.stderr.contains("is not a file"), "{}", finished.stderr);

    std::fs::create_dir_all(home.path().join(".junie/mcp")).unwrap();
    std::os::unix::fs::symlink("nowhere", home.path().join(".junie/mcp/mcp.json")).unwrap();
    let refused = home.refused(&["install", URL, "--host", "junie"], 1);
    assert!(refused.contains("is a broken symlink"), "{refused}");
}

/// Each format, damaged and of another owner.
#[cfg(unix)]
#[test]
fn a_file_that_is_not_safe_to_change_stays_as_it_is() {
    let files = [
        ("cursor", ".cursor/mcp.json", "{\n}\n", "{\n"),
        ("codex", ".codex/config.toml", "a = 1\n", "a =\n"),
        ("goose", "config/goose/config.yaml", "a: 1\n", "a: [\n"),
    ];
    for (host, name, whole, damaged) in files {
        let home = Home::new();
        let path = home.write(name, damaged);
        let refused = home.refused(&["install", URL, "--host", host], 1);
        assert!(refused.contains("line ") && refused.contains("not changed"), "{refused}");
        home.write(name, whole);
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(&path, Some(12_345), None).unwrap();
            let refused = home.refused(&["install", URL, "--host", host], 1);
            assert!(refused.contains("belongs to user 12345"), "{refused}");
            std::os::unix::fs::chown(&path, Some(0), None).unwrap();
        }
        assert_eq!(home.read(name), whole);
        assert_eq!(home.all().len(), 1);
    }
}

/// S-32: each format, for each command that changes files. The runs wait side by side.
#[cfg(unix)]
#[test]
fn a_file_that_another_program_has_locked_stays_as_it_is() {
    let files = [
        (
            "cursor",
            ".cursor/mcp.json",
            r#"{"mcpServers": {"old": {"command": "npx", "args": ["mcp-remote", "https://a.b/"]}}}"#,
        ),
        (
            "codex",
            ".codex/config.toml",
            "[mcp_servers.old]\ncommand = \"npx\"\nargs = [\"mcp-remote\", \"https://a.b/\"]\n",
        ),
        (
            "goose",
            "config/goose/config.yaml",
            "extensions:\n  old: { cmd: npx, args: [mcp-remote, 'https://a.b/'] }\n",
        ),
    ];
    std::thread::scope(|scope| {
        for (host, name, text) in files {
            let ours = text.replace("mcp-remote", "mcp-tether");
            for words in [
                &["install", URL, "--name", "shop", "--host", host][..],
                &["migrate", "--yes", "--no-import"],
                &["uninstall", "old"],
            ] {
                let (words, ours) = (words.to_vec(), ours.clone());
                scope.spawn(move || {
                    let home = Home::new();
                    let is_ours = words[0] == "uninstall";
                    let text = if is_ours { ours.as_str() } else { text };
                    let path = home.write(name, text);
                    let held = std::fs::File::open(&path).unwrap();
                    held.lock().unwrap();
                    let refused = home.refused(&words, 1);
                    let is_named = refused.contains(name) && refused.contains("is locked");
                    assert!(is_named, "{words:?}: {refused}");
                    assert_eq!(home.read(name), text, "{words:?}");
                    let beside = path.parent().unwrap().read_dir().unwrap().count();
                    assert_eq!(beside, 1, "{words:?}: nothing is left beside it");
                });
            }
        }
    });
}

/// S-32: nothing is half done.
#[test]
fn every_file_is_checked_before_the_first_is_written() {
    let home = Home::new();
    home.write(".cursor/mcp.json", "{");
    let words = ["install", URL, "--host", "windsurf", "--host", "cursor"];
    let refused = home.refused(&words, 1);
    assert!(refused.contains(".cursor") && refused.contains("no file was changed"), "{refused}");
    assert_eq!(home.all().len(), 1, "no file of Windsurf was made");
    home.write(".junie/mcp/mcp.json", "[]");
    let refused = home.refused(&[&words[..], &["--host", "junie"]].concat(), 1);
    assert!(refused.contains(".cursor") && refused.contains(".junie"), "both are named: {refused}");
}

/// S-10: a credential never gets into a configuration in plain text.
#[test]
fn secrets_in_plain_text_are_refused_and_names_of_secrets_are_taken() {
    let home = Home::new();
    let secret = ["install", URL, "--host", "cursor", "--header", "Authorization: Bearer canary"];
    let refused = home.refused(&secret, 2);
    assert!(refused.contains("`mcp-tether secret set NAME`"), "{refused}");
    assert!(!refused.contains("canary"), "{refused}");
    for (flag, value) in [
        ("--static-oauth-client-info", "{\"client_id\":\"a\",\"client_secret\":\"canary\"}"),
        ("--proxy", "http://sara:canary@proxy.example.com"),
    ] {
        let refused = home.refused(&["install", URL, "--host", "cursor", flag, value], 2);
        assert!(refused.contains("in plain text") && !refused.contains("canary"), "{refused}");
    }
    let invalid = home.refused(&["install", URL, "--host", "cursor", "--header", "Host: x"], 2);
    assert!(invalid.contains("which only the bridge may set"), "{invalid}");
    assert!(home.all().is_empty());

    let header = "X-API-Key:  ${keyring:shop}";
    home.ok(&["install", URL, "--host", "cursor", "--header", header]);
    assert!(home.read(".cursor/mcp.json").contains("\"X-API-Key:${keyring:shop}\""));
    let noted = home.ok(&["install", URL, "--host", "zed", "--header", "X-API-Key: ${SHOP}"]);
    assert!(noted.stdout.contains("set `SHOP` in `env` of the entry"), "{}", noted.stdout);
}

#[test]
fn a_url_without_scheme_and_bad_names_are_refused_before_anything_is_looked_at() {
    let home = Home::new();
    let refused = home.refused(&["install", "mcp.example.com/mcp", "--host", "cursor"], 2);
    assert!(refused.contains("did you mean `https://mcp.example.com/mcp`?"), "{refused}");
    let refused = home.refused(&["install", "http://mcp.example.com/mcp", "--host", "cursor"], 2);
    assert!(refused.contains("--allow-http"), "{refused}");
    let refused = home.refused(&["install", URL, "--host", "cursor", "--name", "my shop"], 2);
    assert!(refused.contains("letters, digits, hyphens"), "{refused}");
    let soon = home.run(&["install", URL, "--host", "cursor", "--connect-timeout", "soon"]);
    assert_eq!(soon.code, Some(2), "{}", soon.shown());
    assert!(soon.stderr.contains("invalid value `soon`"), "{}", soon.stderr);
    assert!(home.all().is_empty());
}

/// Only root can be told apart from root under `sudo`.
#[cfg(unix)]
#[test]
fn under_sudo_nothing_is_written() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let home = Home::new();
    let program = home.program(["install", URL, "--host", "cursor"]).env("SUDO_USER", "sara");
    let refused = program.run();
    assert_eq!(refused.code, Some(2), "{}", refused.shown());
    assert!(refused.stderr.contains("without `sudo`"), "{}", refused.stderr);
    assert!(home.all().is_empty());
}

#[test]
fn without_a_home_the_entry_can_still_be_printed() {
    let mut options = InstallOptions {
        server: URL.to_owned(),
        hosts: HostChoice { names: vec!["cursor".to_owned()], all: false },
        name: None,
        scope: Scope::User,
        print: false,
        link: false,
        dry_run: false,
        registry: RegistryOptions::default(),
    };
    let nowhere = Environment::fixed([]);
    let refused = run(&options, &Flags::default(), &nowhere).unwrap_err().to_string();
    assert!(refused.contains("no home folder") && refused.contains("`--print`"), "{refused}");
    options.print = true;
    assert!(run(&options, &Flags::default(), &nowhere).is_ok());
}

#[test]
fn a_file_that_changed_meanwhile_is_not_overwritten() {
    let home = Home::new();
    let host = KnownHost::from_id("cursor").unwrap();
    let entry = NewEntry {
        name: "shop".to_owned(),
        command: "mcp-tether".to_owned(),
        arguments: vec![URL.to_owned()],
        variables: Vec::new(),
    };
    for (before, meanwhile) in [(Some("{}"), "{ \"a\": 1 }"), (None, "{ \"b\": 2 }")] {
        let name = format!(".cursor/{}.json", before.is_some());
        let path = home.path().join(&name);
        if let Some(before) = before {
            home.write(&name, before);
        }
        let mut file = HostFile::open(host, Scope::User, &path).unwrap();
        file.document.add(&entry);
        home.write(&name, meanwhile);
        let refused = Error::from(file.save(true).unwrap_err()).to_string();
        assert!(refused.contains("has changed in the meantime"), "{refused}");
        assert_eq!(home.read(&name), meanwhile);
    }
    assert_eq!(home.all().len(), 2, "no backup and no temporary file is left");
}

#[test]
fn every_change_has_its_own_backup() {
    let home = Home::new();
    home.write(".cursor/mcp.json", "{}");
    for name in ["one", "two", "three"] {
        home.ok(&["install", URL, "--host", "cursor", "--name", name]);
    }
    assert_eq!(home.read(".cursor/mcp.json.bak"), "{}");
    assert!(home.read(".cursor/mcp.json.bak1").contains("one"));
    assert!(home.read(".cursor/mcp.json.bak2").contains("two"));
}
