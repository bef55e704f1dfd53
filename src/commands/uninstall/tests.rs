//! Which entries are removed, and what is said of those that stay.

use super::*;
use crate::hosts::OperatingSystem;

const URL: &str = "https://mcp.example.com/mcp";

fn options(target: &str, hosts: &[&str]) -> UninstallOptions {
    UninstallOptions {
        target: target.to_owned(),
        hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
        scope: None,
        dry_run: false,
    }
}

fn folders(root: &Path) -> HostFolders {
    HostFolders {
        system: OperatingSystem::Linux,
        home: Some(root.to_path_buf()),
        project: Some(root.join("project")),
        ..HostFolders::default()
    }
}

/// A file of this host with this content.
fn place(root: &Path, host: &str, content: &str) -> Place {
    let path = root.join("entries.json");
    std::fs::write(&path, content).unwrap();
    Place { host: KnownHost::from_id(host).unwrap(), scope: Scope::User, path }
}

fn removed(root: &Path, place: &Place, target: &str) -> Result<Removal> {
    remove(place, &options(target, &[]), &folders(root)).map_err(Error::from)
}

fn left(place: &Place) -> Vec<String> {
    let file = HostFile::open(place.host, place.scope, &place.path).map_err(Error::from).unwrap();
    file.document.entries().iter().map(|entry| entry.place.name.clone()).collect()
}

#[test]
fn entries_of_this_program_are_removed_by_name_or_by_url() {
    let root = tempfile::tempdir().unwrap();
    let content = format!(
        r#"{{"mcpServers":{{"shop":{{"command":"mcp-tether","args":["{URL}"]}},
           "again":{{"command":"npx","args":["mcp-tether","{URL}"]}},
           "other":{{"command":"mcp-tether","args":["https://other.example.com"]}}}}}}"#
    );
    for (target, expected) in [
        ("shop", &["again", "other"][..]),
        (" shop ", &["again", "other"]),
        (URL, &["other"]),
        ("https://other.example.com", &["shop", "again"]),
    ] {
        let place = place(root.path(), "cursor", &content);
        let outcome = removed(root.path(), &place, target).unwrap();
        assert!(matches!(outcome, Removal::Removed(_)), "{target}");
        assert_eq!(left(&place), expected, "{target}");
    }
    for target in ["shop2", "https://mcp.example.com", ""] {
        let place = place(root.path(), "cursor", &content);
        assert!(matches!(removed(root.path(), &place, target).unwrap(), Removal::Absent));
        assert_eq!(left(&place).len(), 3, "{target}");
    }
}

#[test]
fn an_entry_of_another_program_is_left_and_named() {
    let root = tempfile::tempdir().unwrap();
    let content = r#"{"mcpServers":{"shop":{"command":"node","args":["server.js"]}}}"#;
    let place = place(root.path(), "cursor", content);
    let Err(error) = removed(root.path(), &place, "shop") else { panic!("it is not ours") };
    assert!(error.message().starts_with("`shop` does not start mcp-tether: "), "{error}");
    assert_eq!(std::fs::read_to_string(&place.path).unwrap(), content);
}

#[test]
fn an_entry_for_another_folder_stays() {
    let root = tempfile::tempdir().unwrap();
    let project = root.path().join("project");
    std::fs::create_dir(&project).unwrap();
    let at = |folder: &Path| {
        let folder = folder.display();
        format!(
            r#"{{"projects":{{"{folder}":{{"mcpServers":{{"shop":{{"command":"mcp-tether",
               "args":["{URL}"]}}}}}}}}}}"#
        )
    };
    let elsewhere = place(root.path(), "claude-code", &at(Path::new("/elsewhere")));
    let Removal::Elsewhere(named) = removed(root.path(), &elsewhere, "shop").unwrap() else {
        panic!("it is for another folder")
    };
    assert_eq!(named, ["/elsewhere"]);
    assert_eq!(left(&elsewhere), ["shop"]);
    let here = place(root.path(), "claude-code", &at(&project));
    assert!(matches!(removed(root.path(), &here, "shop").unwrap(), Removal::Removed(_)));
    assert!(left(&here).is_empty());
}

#[test]
fn a_dry_run_changes_nothing() {
    let root = tempfile::tempdir().unwrap();
    let content =
        format!(r#"{{"mcpServers":{{"a":{{"command":"mcp-tether","args":["{URL}"]}}}}}}"#);
    let place = place(root.path(), "cursor", &content);
    let options = UninstallOptions { dry_run: true, ..options("a", &[]) };
    let outcome = remove(&place, &options, &folders(root.path())).map_err(Error::from).unwrap();
    assert!(matches!(outcome, Removal::Removed(_)));
    assert_eq!(std::fs::read_to_string(&place.path).unwrap(), content);
}

#[test]
fn an_entry_that_is_nowhere_is_said_with_where_to_look() {
    let cursor = [KnownHost::from_id("cursor").unwrap()];
    let said = |hosts: &[&str], elsewhere: &[&str]| {
        let elsewhere: Vec<_> = elsewhere.iter().map(|folder| (*folder).to_owned()).collect();
        let error = error_for_absent(&options("shop", hosts), &cursor, &elsewhere);
        (error.message().to_owned(), error.hints()[0].clone())
    };
    let list = "list the entries: `mcp-tether hosts`".to_owned();
    assert_eq!(said(&[], &[]), ("no host has an entry `shop`".to_owned(), list.clone()));
    assert_eq!(said(&["cursor"], &[]), ("Cursor has no entry `shop`".to_owned(), list));
    let there = "it is an entry for `/elsewhere`: run the command there";
    assert_eq!(said(&[], &["/elsewhere", "/b"]).1, there);
}
