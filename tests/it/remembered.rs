//! A cached answer is never used by a run that the server treats as another user.

use std::path::{Path, PathBuf};
use std::time::Instant;

use mcp_tether_mock::{MockOptions, MockRemote};
use serde_json::json;

use crate::support::harness::{PATIENCE, initialize, parsed};
use crate::support::home::Home;

/// Returns the tools that a run with these flags lists.
fn listed(home: &Home, mock: &MockRemote, flags: &[&str]) -> String {
    listed_by(home, mock, flags, "tools/list")
}

/// Returns the answer of a run with these flags to this method.
fn listed_by(home: &Home, mock: &MockRemote, flags: &[&str], method: &str) -> String {
    let url = mock.url().to_string();
    let mut bridge = home.program([&[url.as_str()], flags].concat()).spawn();
    bridge.send(initialize("2025-11-25"));
    assert!(bridge.next_json()["result"].is_object());
    bridge.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    bridge.send(json!({ "jsonrpc": "2.0", "id": 9, "method": method }).to_string());
    let answer = std::iter::repeat_with(|| bridge.next_json()).find(|line| line["id"] == 9);
    until(|| kept(home).iter().any(|(_, text)| text.contains(method)));
    assert_eq!(bridge.finish().code, Some(0));
    answer.unwrap().to_string()
}

/// Returns the files of remembered answers.
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

/// S-72, S-73: what is hidden is hidden in remembered answers too, even if a file was written by a
/// run that did not hide it, or by somebody else.
#[test]
fn filters_and_pins_apply_to_remembered_answers() {
    const TOOLS: (&str, &str) = ("tools/list", r#"{"name":"act","description":"H1DDEN"},"#);
    const PROMPTS: (&str, &str) = ("prompts/list", r#"{"name":"compare","title":"H1DDEN"},"#);
    const RESOURCES: (&str, &str) =
        ("resources/list", r#"{"uri":"lab://secret","name":"H1DDEN"},"#);
    std::thread::scope(|scope| {
        for (flag, (method, hidden), is_shown) in [
            ("--account=x", TOOLS, true),
            ("--ignore-tool=act", TOOLS, false),
            ("--only-tool=add", TOOLS, false),
            ("--read-only", TOOLS, false),
            ("--pin=block", TOOLS, false),
            ("--account=x", PROMPTS, true),
            ("--ignore-prompt=compare", PROMPTS, false),
            ("--only-prompt=hello", PROMPTS, false),
            ("--account=x", RESOURCES, true),
            ("--ignore-resource=lab://secret", RESOURCES, false),
            ("--only-resource=lab://greeting", RESOURCES, false),
        ] {
            scope.spawn(move || {
                let (home, mock) = (Home::new(), slow_mock());
                let flags = ["--answer-within=0.01", flag];
                listed_by(&home, &mock, &flags, method);
                let list = format!("\"{}\":[", method.trim_end_matches("/list"));
                for (path, text) in kept(&home) {
                    assert!(text.contains(&list), "{flag}: {text}");
                    let more = text.replace(&list, &format!("{list}{hidden}"));
                    // Not hidden by anything: it shows that the answer is from this file.
                    let marked = more.replacen("\"greeting\"", "\"M4RKED\"", 1);
                    let marked = marked.replacen("adds two whole numbers", "M4RKED", 1);
                    let marked = marked.replacen("asks for a greeting", "M4RKED", 1);
                    std::fs::write(path, marked).unwrap();
                }
                let answer = listed_by(&home, &mock, &flags, method);
                // A tool that differs from what was pinned is hidden, too.
                let is_early = answer.contains("M4RKED") || flag == "--pin=block";
                assert!(is_early, "{flag}: it is answered from memory: {answer}");
                assert_eq!(answer.contains("H1DDEN"), is_shown, "{flag}: {answer}");
                assert!(answer.contains("\"id\":9"), "{flag}");
            });
        }
    });
}
