//! The file store as other programs see it: modes, content, damage, and what is said about all
//! that.

use std::fs;
use std::path::{Path, PathBuf};

use crate::store_driver::Driver;

fn files(home: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(home.join("state/credentials")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn act(home: &Path, act: &str) -> String {
    Driver::new(home, act).choice("file").says()
}

/// S-10, A-58
#[cfg(unix)]
#[test]
fn another_process_reads_what_was_stored_and_other_users_cannot() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    assert_eq!(act(home.path(), "save a token-1"), "saved file");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let files = files(home.path());
    assert_eq!(files.len(), 1);
    assert_eq!(mode(&files[0]), 0o600);
    for folder in ["state", "state/credentials", "state/index", "state/locks"] {
        assert_eq!(mode(&home.path().join(folder)), 0o700, "{folder}");
    }
    assert_eq!(act(home.path(), "load a"), "value token-1");
    assert_eq!(act(home.path(), "knows a"), "true");
}

#[test]
fn after_a_removal_nothing_of_the_value_is_left_on_disk() {
    let home = tempfile::tempdir().unwrap();
    act(home.path(), "save a canary-token");
    assert_eq!(act(home.path(), "delete a"), "removed [File] failed []");
    assert_eq!(act(home.path(), "delete a"), "removed [] failed []");
    assert_eq!(act(home.path(), "load a"), "absent");
    assert!(files(home.path()).is_empty());
    let needle = b"Y2FuYXJ5LXRva2Vu"; // base64 of it
    for folder in ["credentials", "index", "locks"] {
        for file in fs::read_dir(home.path().join("state").join(folder)).unwrap() {
            let content = fs::read(file.unwrap().path()).unwrap();
            assert!(!content.windows(needle.len()).any(|window| window == needle), "{folder}");
        }
    }
}

/// never a crash, never taken for absent.
#[test]
fn a_damaged_file_is_reported_with_its_path_and_the_way_out() {
    let home = tempfile::tempdir().unwrap();
    act(home.path(), "save a canary");
    let file = files(home.path()).remove(0);
    fs::write(&file, "{\"version\":1,\"canary").unwrap();
    let said = Driver::new(home.path(), "load a").choice("file").run();
    let expected = format!(
        "error Damaged: the stored record `{}` is damaged: not in the expected form at line 1, \
         column 20, hint: `mcp-tether status` shows what it belongs to and how to remove it",
        file.display()
    );
    assert_eq!(said.line, expected);
    assert!(!said.everything.contains("canary"), "{}", said.everything);
    assert_eq!(act(home.path(), "delete a"), "removed [File] failed []");
}

/// S-09, S-10
#[test]
fn no_log_at_the_highest_verbosity_holds_a_value() {
    let home = tempfile::tempdir().unwrap();
    let said = Driver::new(home.path(), "save a canary").choice("file").run();
    assert!(!said.everything.contains("canary"), "{}", said.everything);
    assert!(!said.everything.contains("Y2FuYXJ5"), "{}", said.everything);
}

#[cfg(target_os = "linux")]
#[test]
fn a_state_folder_that_cannot_be_written_is_named_with_a_way_out() {
    let home = tempfile::tempdir().unwrap();
    // Nobody, not even root, makes folders there.
    let said = Driver::new(home.path(), "save a one")
        .choice("file")
        .env("MCP_TETHER_STATE_DIR", "/sys/mcp-tether")
        .says();
    assert!(said.starts_with("error Other: cannot create the folder `/sys/mcp-tether/"), "{said}");
    assert!(said.contains("hint: set `MCP_TETHER_STATE_DIR` to a folder"), "{said}");
}

#[cfg(target_os = "linux")]
#[test]
fn without_the_override_the_xdg_state_folder_is_used() {
    let home = tempfile::tempdir().unwrap();
    let plain =
        |act: &str| Driver::new(home.path(), act).choice("file").env_remove("MCP_TETHER_STATE_DIR");
    assert_eq!(plain("save a one").says(), "saved file");
    assert!(home.path().join(".local/state/mcp-tether/credentials").is_dir());
    let elsewhere = home.path().join("elsewhere");
    assert_eq!(plain("save a two").env("XDG_STATE_HOME", &elsewhere).says(), "saved file");
    assert!(elsewhere.join("mcp-tether/credentials").is_dir());
    assert_eq!(plain("load a").env("XDG_STATE_HOME", "relative").says(), "value one");
}
