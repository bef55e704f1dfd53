//! What an entry changes in a file, and what is said of other entries and of the place.

use super::*;
use crate::hosts::OperatingSystem;

const URL: &str = "https://mcp.example.com/mcp";

fn options(scope: Scope, dry_run: bool) -> InstallOptions {
    InstallOptions {
        server: URL.to_owned(),
        hosts: HostChoice::default(),
        name: None,
        scope,
        print: false,
        link: false,
        dry_run,
        registry: RegistryOptions::default(),
    }
}

fn entry(name: &str) -> NewEntry {
    NewEntry {
        name: name.to_owned(),
        command: "mcp-tether".to_owned(),
        arguments: vec![URL.to_owned()],
        variables: Vec::new(),
    }
}

fn folders(root: &Path) -> HostFolders {
    HostFolders {
        system: OperatingSystem::Linux,
        home: Some(root.join("home")),
        settings: Some(root.join("home/.config")),
        config: Some(root.join("home/.config")),
        local: Some(root.join("home/.local/share")),
        project: Some(root.join("project")),
        moved: Vec::new(),
    }
}

/// A file of Cursor with this content.
fn plan(root: &Path, content: &str) -> Plan {
    let path = root.join("home/.cursor/mcp.json");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, content).unwrap();
    Plan { host: KnownHost::from_id("cursor").unwrap(), path }
}

/// Runs `check` with the work of adding this entry.
fn with<T>(root: &Path, entry: &NewEntry, check: impl FnOnce(&Work<'_>) -> T) -> T {
    let (options, folders) = (options(Scope::User, false), folders(root));
    let account = Some(entry.name.clone());
    check(&Work { options: &options, entry, folders: &folders, account, is_wsl: false })
}

fn written(plan: &Plan) -> serde_json::Value {
    serde_json::from_str(&std::fs::read_to_string(&plan.path).unwrap()).unwrap()
}

fn open(plan: &Plan) -> HostFile {
    HostFile::open(plan.host, Scope::User, &plan.path).map_err(Error::from).unwrap()
}

#[test]
fn an_entry_is_added_changed_or_there_already() {
    let root = tempfile::tempdir().unwrap();
    let other =
        r#"{"command":"mcp-tether","args":["--debug","https://mcp.example.com/mcp"],"x":1}"#;
    for (content, what, arguments) in [
        ("", "added", vec![URL]),
        (r#"{"mcpServers":{}}"#, "added", vec![URL]),
        (&format!(r#"{{"mcpServers":{{"shop":{other}}}}}"#), "changed", vec![URL]),
        (
            &format!(r#"{{"mcpServers":{{"old":{other}}}}}"#),
            "added",
            vec![URL, "--account", "shop"],
        ),
    ] {
        let plan = plan(root.path(), content);
        let entry = entry("shop");
        let edit = with(root.path(), &entry, |work| work.edit(&plan, &mut open(&plan)).unwrap());
        match (&edit, what) {
            (Edit::Added(words), "added") | (Edit::Changed(words), "changed") => {
                assert_eq!(words[1..], arguments, "{content}");
            }
            _ => panic!("not {what}: {content}"),
        }
        let outcome = with(root.path(), &entry, |work| work.write(&plan, &[]));
        outcome.map_err(Error::from).unwrap();
        assert_eq!(written(&plan)["mcpServers"]["shop"]["args"], serde_json::json!(arguments));
        let again = with(root.path(), &entry, |work| work.edit(&plan, &mut open(&plan)).unwrap());
        assert!(matches!(again, Edit::Present), "{content}");
    }
}

#[test]
fn another_entry_of_this_name_is_never_replaced() {
    let root = tempfile::tempdir().unwrap();
    for (command, argument, remedy) in [
        ("node", "server.js", "or remove that entry by hand"),
        ("npx", "mcp-remote", "or remove that entry by hand"),
        ("mcp-tether", "https://other.example.com", {
            "or remove that entry: `mcp-tether uninstall shop --host cursor`"
        }),
    ] {
        let content = format!(
            r#"{{"mcpServers":{{"shop":{{"command":"{command}","args":["{argument}"]}}}}}}"#
        );
        let plan = plan(root.path(), &content);
        let entry = entry("shop");
        let edit = with(root.path(), &entry, |work| work.edit(&plan, &mut open(&plan)));
        let Err(error) = edit else { panic!("{content}") };
        assert!(error.message().starts_with("Cursor has another entry `shop`: "), "{error}");
        assert_eq!(error.hints()[1], remedy);
        let refused = with(root.path(), &entry, |work| {
            let mut plans = [Plan { host: plan.host, path: plan.path.clone() }];
            work.check(&mut plans)
        });
        assert!(refused.is_err());
        assert_eq!(std::fs::read_to_string(&plan.path).unwrap(), content);
    }
}

#[test]
fn a_dry_run_writes_nothing() {
    let root = tempfile::tempdir().unwrap();
    let plan = plan(root.path(), "{}");
    let (options, folders) = (options(Scope::User, true), folders(root.path()));
    let entry = entry("shop");
    let work =
        Work { options: &options, entry: &entry, folders: &folders, account: None, is_wsl: false };
    assert!(work.write(&plan, &[]).is_ok());
    assert_eq!(std::fs::read_to_string(&plan.path).unwrap(), "{}");
}

#[test]
fn a_bridge_for_the_same_url_is_noted() {
    let root = tempfile::tempdir().unwrap();
    for (args, note) in [
        (r#"["mcp-remote","https://mcp.example.com/mcp"]"#, Some("`old` starts `mcp-remote`")),
        (r#"["mcp-remote","--resource","https://r","https://mcp.example.com/mcp"]"#, {
            Some("`old` starts `mcp-remote`")
        }),
        (r#"["mcp-remote","https://other.example.com"]"#, None),
        (r#"["other","https://mcp.example.com/mcp"]"#, None),
    ] {
        let content = format!(r#"{{"mcpServers":{{"old":{{"command":"npx","args":{args}}}}}}}"#);
        let plan = plan(root.path(), &content);
        let found = other_for_its_server(&open(&plan), &entry("shop"));
        assert_eq!(found.is_some(), note.is_some(), "{args}: {found:?}");
        assert!(note.is_none_or(|note| found.unwrap().starts_with(note)), "{args}");
    }
}

#[test]
fn a_folder_within_a_work_tree_is_noted() {
    let root = tempfile::tempdir().unwrap();
    let below = root.path().join("project/below");
    std::fs::create_dir_all(&below).unwrap();
    let at = |project: &Path| HostFolders {
        project: Some(project.to_path_buf()),
        ..folders(root.path())
    };
    assert_eq!(note_on_work_tree(Scope::Project, &at(&below)), None, "there is none");
    std::fs::create_dir(root.path().join("project/.git")).unwrap();
    let note = note_on_work_tree(Scope::Project, &at(&below)).unwrap();
    assert!(note.contains("the root of this work tree"), "{note}");
    assert_eq!(note_on_work_tree(Scope::User, &at(&below)), None);
    assert_eq!(note_on_work_tree(Scope::Project, &at(&root.path().join("project"))), None);
    let home = HostFolders { home: Some(root.path().join("project")), ..at(&below) };
    assert_eq!(note_on_work_tree(Scope::Project, &home), None, "a home folder in git");
}

#[test]
fn a_shared_file_with_another_hosts_entries_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("project");
    std::fs::create_dir_all(&folder).unwrap();
    let key = |name: &str, content: &str| {
        let plan = Plan { host: KnownHost::from_id("cursor").unwrap(), path: folder.join(name) };
        std::fs::write(&plan.path, content).unwrap();
        key_of_another_kind(&open(&plan), &plan.path)
    };
    assert_eq!(key(".mcp.json", r#"{"servers":{}}"#), Some("servers"));
    assert_eq!(key(".mcp.json", r#"{"mcpServers":{}}"#), None);
    assert_eq!(key("mcp.json", r#"{"servers":{}}"#), None, "only one name is shared");
    let plan = Plan { host: KnownHost::from_id("cursor").unwrap(), path: folder.join(".mcp.json") };
    let error = error_for_another_kind(&plan, "servers");
    assert!(error.message().ends_with("under `servers`, but Cursor reads `mcpServers`"), "{error}");
    assert!(error.hints()[0].contains("`.vs/mcp.json`"), "{error}");
    assert!(error_for_another_kind(&plan, "x").hints()[0].contains("a file of its own"));
}
