//! The store over a real Secret Service. Runs only inside `tests/keyring/run.sh`, which gives each
//! group a private bus and a private keyring; without it every test here is ignored, and refuses.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::store_driver::Driver;
use crate::support::process::Program;
use crate::support::waiting::until_seen_blocking;

const REASON: &str = "runs in tests/keyring/run.sh only";

/// Far more than a keyring needs, for machines under load. Only what must hang may take less.
const LONG: Duration = Duration::from_secs(30);

/// Returns the private home that `run.sh` made.
fn home() -> PathBuf {
    let home = std::env::var_os("MCP_TETHER_PRIVATE_KEYRING").map(PathBuf::from);
    let home = home.expect(REASON);
    assert_eq!(std::env::var_os("HOME").map(PathBuf::from).as_ref(), Some(&home), "{REASON}");
    home
}

/// Returns a process as many hosts start us: nothing in its environment points to the bus but the
/// folder in which it is.
fn sparse(act: &str) -> Driver {
    let home = home();
    Driver::new(&home, act).env("XDG_RUNTIME_DIR", home.join("run")).deadline(LONG)
}

fn act(act: &str) -> String {
    sparse(act).says()
}

/// Returns the independent witness: what another program finds under our attributes.
fn witness(arguments: &[&str], input: &str) -> String {
    let mut tool = Command::new("secret-tool")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    tool.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = tool.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap() + &String::from_utf8_lossy(&output.stderr)
}

fn items_of(name: &str) -> usize {
    let found = witness(&["search", "--all", "service", "mcp-tether", "username", name], "");
    found.lines().filter(|line| line.starts_with("secret = ")).count()
}

fn file_of(home: &Path) -> usize {
    std::fs::read_dir(home.join("state/credentials")).map_or(0, Iterator::count)
}

mod unlocked {
    use super::*;
    use crate::store_processes::kill_rounds;

    /// A-58
    #[test]
    #[ignore = "runs in tests/keyring/run.sh only"]
    fn another_process_and_another_program_find_what_was_stored_until_it_is_removed() {
        assert_eq!(act("save seen token-1"), "saved keyring");
        assert_eq!(act("load seen"), "value token-1");
        let text = witness(&["lookup", "service", "mcp-tether", "username", "seen"], "");
        assert!(text.contains("dG9rZW4tMQ=="), "the base64 of it: {text}");
        assert_eq!(act("delete seen"), "removed [Keyring] failed []");
        assert_eq!((items_of("seen"), act("load seen")), (0, "absent".to_owned()));
        assert_eq!(act("delete seen"), "removed [] failed []");
        assert_eq!(file_of(&home()), 0, "nothing went into a file");
    }

    #[test]
    #[ignore = "runs in tests/keyring/run.sh only"]
    fn long_values_come_back_whole() {
        let long = "z".repeat(64 * 1024);
        assert_eq!(act(&format!("save long {long}")), "saved keyring");
        assert_eq!(act("load long"), format!("value {long}"));
        assert_eq!(act("delete long"), "removed [Keyring] failed []");
    }

    /// S-09: not even the D-Bus library's own logs hold the value.
    #[test]
    #[ignore = "runs in tests/keyring/run.sh only"]
    fn no_log_at_the_highest_verbosity_holds_a_value() {
        let saved = sparse("save quiet canary").run().everything;
        let loaded = sparse("load quiet").run();
        assert_eq!(loaded.line, "value canary");
        let logs = saved + &loaded.everything.replace("@ value canary", "");
        assert!(logs.contains("zbus"), "the library's logs are in it");
        assert!(!logs.contains("canary") && !logs.contains("Y2FuYXJ5"), "{logs}");
        act("delete quiet");
    }

    #[test]
    #[ignore = "runs in tests/keyring/run.sh only"]
    fn twelve_processes_that_store_at_once_leave_one_item() {
        let start = |i| sparse(&format!("save crowd value-{i}")).start();
        let processes: Vec<_> = (0..12).map(start).collect();
        for mut process in processes {
            assert_eq!(process.next().as_deref(), Some("saved keyring"));
        }
        assert_eq!(items_of("crowd"), 1);
        let found = act("load crowd");
        assert!(found.starts_with("value value-"), "{found}");
        act("delete crowd");
    }

    /// Another program made a second item with our attributes and one of its own.
    #[test]
    #[ignore = "runs in tests/keyring/run.sh only"]
    fn two_items_of_one_name_are_read_replaced_and_removed() {
        act("save twice older");
        let older = witness(&["lookup", "service", "mcp-tether", "username", "twice"], "");
        act("delete twice");
        act("save twice newer");
        let second =
            ["store", "--label=x", "service", "mcp-tether", "username", "twice", "extra", "1"];
        witness(&second, &older);
        assert_eq!(items_of("twice"), 2);
        assert_eq!(act("load twice"), "value newer", "the one that was stored last");
        assert_eq!(act("save twice newest"), "saved keyring");
        assert_eq!((items_of("twice"), act("load twice")), (1, "value newest".to_owned()));
        witness(&second, &older);
        assert_eq!(act("delete twice"), "removed [Keyring] failed []");
        assert_eq!(items_of("twice"), 0);
    }

    /// Never a crash, never taken for absent.
    #[test]
    #[ignore = "runs in tests/keyring/run.sh only"]
    fn an_item_that_another_program_damaged_is_reported_with_the_way_out() {
        act("save broken one");
        let item = ["store", "--label=x", "service", "mcp-tether", "username", "broken"];
        witness(&["clear", "service", "mcp-tether", "username", "broken"], "");
        witness(&item, "canary");
        let said = sparse("load broken").run();
        assert!(
            said.line.starts_with("error Damaged: the keyring entry `broken`"),
            "{}",
            said.line
        );
        assert!(
            said.line.contains("`mcp-tether status` shows what it belongs to and how to remove it"),
            "{}",
            said.line
        );
        assert!(!said.everything.contains("canary"));
        assert_eq!(act("delete broken"), "removed [Keyring] failed []");
    }

    #[test]
    #[ignore = "runs in tests/keyring/run.sh only"]
    fn an_item_that_the_user_removed_by_hand_is_absent() {
        act("save gone one");
        witness(&["clear", "service", "mcp-tether", "username", "gone"], "");
        assert_eq!(act("load gone"), "absent");
        assert_eq!(act("delete gone"), "removed [] failed []");
    }

    #[test]
    #[ignore = "runs in tests/keyring/run.sh only"]
    fn records_move_to_files_and_back_and_leave_nothing_behind() {
        act("save moving one");
        let moved = act("move file");
        assert!(moved.contains(r#"moved: ["moving"]"#), "{moved}");
        assert_eq!((items_of("moving"), file_of(&home())), (0, 1));
        assert_eq!(act("load moving"), "value one");
        act("move keyring");
        assert_eq!((items_of("moving"), file_of(&home())), (1, 0));
        assert_eq!(act("load moving"), "value one");
        act("delete moving");
    }

    #[test]
    #[ignore = "runs in tests/keyring/run.sh only"]
    fn a_lost_index_is_made_again_from_the_keyring() {
        act("save indexed one");
        std::fs::remove_dir_all(home().join("state/index")).unwrap();
        assert_eq!(act("knows indexed"), "false");
        let rebuilt = act("rebuild");
        assert!(rebuilt.contains(r#"name: "indexed", place: Keyring"#), "{rebuilt}");
        assert_eq!(act("knows indexed"), "true");
        act("delete indexed");
    }

    /// A bridge idles for days: it keeps neither the connection nor the threads that serve it.
    #[test]
    #[ignore = "runs in tests/keyring/run.sh only"]
    fn a_moment_after_the_last_call_the_connection_is_closed() {
        act("save idle one");
        let mut process = sparse("load-and-stay idle").start();
        assert_eq!(process.next().as_deref(), Some("value one"));
        let tasks = PathBuf::from(format!("/proc/{}/task", process.child.id()));
        let threads = || -> Vec<String> {
            let names = std::fs::read_dir(&tasks).unwrap().flatten();
            names.filter_map(|t| std::fs::read_to_string(t.path().join("comm")).ok()).collect()
        };
        let busy = |threads: &[String]| {
            threads.iter().any(|name| name.starts_with("keyring") || name.starts_with("zbus"))
        };
        let closed = || (!busy(&threads())).then_some(());
        until_seen_blocking("the end of the connection and its threads", closed);
        act("delete idle");
    }

    /// A-54, T-10
    #[test]
    #[ignore = "runs in tests/keyring/run.sh only"]
    fn no_kill_during_saving_loses_or_damages_a_value() {
        kill_rounds(200, sparse);
        assert_eq!(items_of("a"), 1);
        act("delete a");
    }

    /// Leaves a sign-in for the group `locked`. Tests of a group run in the order of their names.
    #[test]
    #[ignore = "runs in tests/keyring/run.sh only"]
    fn zz_a_sign_in_is_left_for_the_next_session() {
        assert_eq!(act("save kept token-1"), "saved keyring");
    }
}

/// Returns the verdict and sentence of `doctor` about the store.
fn doctor(choice: &str) -> (String, String) {
    let finished = Program::new(["doctor", "--json", "--credential-store", choice])
        .env("HOME", home())
        .env("MCP_TETHER_STATE_DIR", home().join("state"))
        .env("DBUS_SESSION_BUS_ADDRESS", std::env::var("DBUS_SESSION_BUS_ADDRESS").unwrap())
        .run();
    let report: serde_json::Value = serde_json::from_str(&finished.stdout).unwrap();
    let checks = report["checks"].as_array().unwrap();
    let store = checks.iter().find(|check| check["check"] == "store").unwrap();
    let text = |member: &str| store[member].as_str().unwrap().to_owned();
    (text("verdict"), text("says"))
}

mod locked {
    use super::*;

    #[test]
    #[ignore = "runs in tests/keyring/run.sh only"]
    fn doctor_names_a_locked_keyring() {
        for (choice, expected) in [("auto", "warn"), ("keyring", "fail")] {
            let (verdict, says) = doctor(choice);
            assert_eq!(verdict, expected, "{says}");
            assert!(says.contains("locked"), "{says}");
        }
    }

    /// Never a silent new sign-in: what is locked is there.
    #[test]
    #[ignore = "runs in tests/keyring/run.sh only"]
    fn a_locked_keyring_is_reported_as_such_and_hides_nothing() {
        assert_eq!(act("knows kept"), "true");
        let said = act("load kept");
        assert!(said.starts_with("error Other: the keyring is locked: "), "{said}");
        assert!(said.contains("prompt dismissed"), "{said}");
        assert!(said.contains("hint: unlock it, or use `--credential-store file`"), "{said}");
    }

    #[test]
    #[ignore = "runs in tests/keyring/run.sh only"]
    fn a_new_sign_in_goes_into_a_file_unless_the_user_insists() {
        let insisting = sparse("save fresh one").choice("keyring").says();
        assert!(insisting.starts_with("error Other: the keyring is locked"), "{insisting}");
        let said = act("save fresh one");
        assert!(said.starts_with("saved file, notice: the keyring is locked"), "{said}");
        assert!(said.contains("sign-ins are stored in "), "{said}");
        assert_eq!(act("load fresh"), "value one");
    }

    /// A-54
    #[test]
    #[ignore = "runs in tests/keyring/run.sh only"]
    fn a_rotated_value_is_kept_in_a_file_while_the_keyring_is_locked() {
        assert!(act("save kept token-2").starts_with("saved file"));
        assert_eq!(act("load kept"), "value token-2");
        let removal = act("delete kept");
        assert!(removal.starts_with("removed [File] failed [keyring: the keyring is locked"));
        assert_eq!((act("knows kept"), act("load kept")), ("false".into(), "absent".into()));
    }
}

mod no_collection {
    use super::*;

    /// As under WSL, and in a session that never had a keyring.
    #[test]
    #[ignore = "runs in tests/keyring/run.sh only"]
    fn doctor_names_a_service_without_a_collection() {
        let (verdict, says) = doctor("keyring");
        assert_eq!(verdict, "fail", "{says}");
        assert!(says.contains("no default collection"), "{says}");
    }

    #[test]
    #[ignore = "runs in tests/keyring/run.sh only"]
    fn a_service_without_a_default_collection_counts_as_no_keyring() {
        let insisting = sparse("save a one").choice("keyring").says();
        assert!(
            insisting.starts_with("error NoKeyring: the keyring has no default collection"),
            "{insisting}"
        );
        let said = act("save a one");
        assert!(said.starts_with("saved file, notice: "), "{said}");
        assert_eq!(act("load a"), "value one");
    }
}

mod no_service {
    use super::*;

    #[test]
    #[ignore = "runs in tests/keyring/run.sh only"]
    fn a_bus_without_the_service_counts_as_no_keyring() {
        let insisting = sparse("save a one").choice("keyring").says();
        assert!(insisting.starts_with("error NoKeyring: no keyring answers: "), "{insisting}");
        assert!(insisting.contains("org.freedesktop.secrets"), "{insisting}");
        let said = act("save a one");
        assert!(said.starts_with("saved file, notice: "), "{said}");
        assert_eq!(act("load a"), "value one");
        assert_eq!(act("delete a"), "removed [File] failed []");
    }
}

mod well_known {
    use super::*;

    /// Sparse environments: neither an address nor a runtime folder is named.
    #[test]
    #[ignore = "runs in tests/keyring/run.sh only"]
    fn the_keyring_is_found_without_any_variable() {
        let bare = |act: &str| sparse(act).env_remove("XDG_RUNTIME_DIR").choice("keyring");
        assert_eq!(bare("save bare one").says(), "saved keyring");
        assert_eq!(bare("load bare").says(), "value one");
        assert_eq!(items_of("bare"), 1);
        assert_eq!(bare("delete bare").says(), "removed [Keyring] failed []");
    }
}
