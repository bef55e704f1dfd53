//! What one run remembers of a server is told to no other run that the server takes for somebody
//! else.

use std::path::{Path, PathBuf};
use std::time::Instant;

use mcp_tether_mock::{MockOptions, MockRemote};

use crate::support::harness::{PATIENCE, initialize, parsed};
use crate::support::home::Home;

const LIST: &str = r#"{"jsonrpc":"2.0","id":9,"method":"tools/list"}"#;

/// What a run with these flags tells its host of the server's tools.
fn listed(home: &Home, mock: &MockRemote, flags: &[&str]) -> String {
    let url = mock.url().to_string();
    let mut bridge = home.program([&[url.as_str()], flags].concat()).spawn();
    bridge.send(initialize("2025-11-25"));
    assert!(bridge.next_json()["result"].is_object());
    bridge.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    bridge.send(LIST);
    let answer = std::iter::repeat_with(|| bridge.next_json()).find(|line| line["id"] == 9);
    until(|| kept(home).iter().any(|(_, text)| text.contains("tools/list")));
    assert_eq!(bridge.finish().code, Some(0));
    answer.unwrap().to_string()
}

/// The files of remembered answers.
fn kept(home: &Home) -> Vec<(PathBuf, String)> {
    let is_kept = |path: &Path| path.parent().is_some_and(|folder| folder.ends_with("sessions"));
    let files = home.all().into_iter().filter(|(path, _)| is_kept(path));
    files.map(|(path, bytes)| (path, String::from_utf8_lossy(&bytes).into_owned())).collect()
}

fn until(mut happened: impl FnMut() -> bool) {
    let started = Instant::now();
    while !happened() {
        assert!(started.elapsed() < PATIENCE, "it never happens");
        std::thread::yield_now();
    }
}

fn slow_mock() -> MockRemote {
    let faults = parsed(&["delay=400:method=initialize"]);
    MockRemote::start(MockOptions { faults, ..MockOptions::default() }).unwrap()
}

/// Marks what was remembered, so that it can be told from what the server says.
fn mark(home: &Home) {
    for (path, text) in kept(home) {
        std::fs::write(path, text.replace("gives its arguments back", "MARKED")).unwrap();
    }
}

/// S-19: whatever may make another tenant of a run makes another memory.
#[test]
fn one_keys_answers_are_never_shown_to_another() {
    let (home, mock) = (Home::new(), slow_mock());
    let tokens = home.path().join("token");
    std::fs::write(&tokens, "alice").unwrap();
    let file = tokens.to_str().unwrap();
    const EARLY: &str = "--answer-within=0.01";
    let alice = [EARLY, "--header", "X-Api-Key: alice", "--header", "X-Tenant: a"];
    let by_file = [EARLY, "--token-file", file];
    for flags in [&alice[..], &by_file] {
        assert!(!listed(&home, &mock, flags).contains("MARKED"));
        until(|| kept(&home).iter().any(|(_, text)| text.contains("gives its arguments back")));
        mark(&home);
    }
    let reordered = [EARLY, "--header", "X-Tenant: a", "--header", "x-api-key: alice"];
    for same in [&alice[..], &reordered, &by_file] {
        assert!(listed(&home, &mock, same).contains("MARKED"), "{same:?}");
        mark(&home);
    }
    std::fs::write(&tokens, "bob").unwrap();
    for other in [
        &[EARLY, "--header", "X-Api-Key: bob", "--header", "X-Tenant: a"][..],
        &[EARLY, "--header", "X-Api-Key: alice", "--header", "X-Tenant: b"],
        &[EARLY, "--header", "X-Api-Key: alice"],
        &[EARLY, "--header", "X-Other: alice", "--header", "X-Tenant: a"],
        &[&alice[..], &["--account", "work"]].concat(),
        &[&alice[..], &["--scope", "a"]].concat(),
        &[&alice[..], &["--ignore-tool", "slow"]].concat(),
        &[EARLY],
        &by_file,
    ] {
        assert!(!listed(&home, &mock, other).contains("MARKED"), "{other:?}");
    }
    for (path, text) in kept(&home) {
        let all = format!("{} {text}", path.display());
        assert!(!all.contains("alice") && !all.contains("bob"), "{all}");
    }
}

/// S-19: without a key that is private and ours, nothing is remembered, and everything else works.
#[cfg(unix)]
#[test]
fn without_a_key_nothing_is_remembered() {
    use std::os::unix::fs::PermissionsExt;

    let (home, mock) = (Home::new(), slow_mock());
    let early = ["--answer-within=0.01"];
    listed(&home, &mock, &early);
    let key = home.path().join("state/memory/key");
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    mark(&home);
    assert!(listed(&home, &mock, &early).contains("MARKED"));
    mark(&home);
    let before = kept(&home).len();
    std::fs::remove_file(&key).unwrap();
    std::os::unix::fs::symlink("elsewhere", &key).unwrap();
    assert!(!listed(&home, &mock, &early).contains("MARKED"));
    assert_eq!(kept(&home).len(), before);
    assert!(!home.path().join("state/memory/elsewhere").exists());
}
