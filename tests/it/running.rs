//! `status --running`: bridges seen from outside, as separate processes in one home.

use mcp_tether_mock::{MockOptions, MockRemote};
use serde_json::Value;

use crate::support::harness::initialize;
use crate::support::home::Home;
use crate::support::process::Running;
use crate::support::waiting::until_seen_blocking;

fn bridge(home: &Home, mock: &MockRemote) -> Running {
    let url = format!("{}?key=sesame-canary", mock.url());
    let mut bridge = home.program([url.as_str(), "--header", "X-Key:header-canary"]).spawn();
    bridge.send(initialize("2025-11-25"));
    assert!(bridge.next_json()["result"].is_object());
    bridge.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    bridge.send(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#);
    assert_eq!(bridge.next_json()["id"], 1);
    bridge.send(r#"{"jsonrpc":"2.0","id":2,"method":"no/such"}"#);
    assert!(bridge.next_json()["error"].is_object());
    bridge
}

/// Waits until the list matches, and returns it.
fn listed(home: &Home, what: &str, is_right: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    until_seen_blocking(what, || {
        let rows = home.ok(&["status", "--running", "--json"]).stdout;
        let rows: Vec<Value> = serde_json::from_str(&rows).unwrap();
        is_right(&rows).then_some(rows)
    })
}

/// macOS gives 256 descriptors to programs that are started from the desktop.
#[cfg(target_os = "linux")]
#[test]
fn a_small_limit_of_open_files_is_raised() {
    let (home, mock) = (Home::new(), MockRemote::start(MockOptions::default()).unwrap());
    let url = mock.url().to_string();
    let mut bridge = home.program([url.as_str()]).with_descriptor_limit(256).spawn();
    bridge.send(initialize("2025-11-25"));
    assert!(bridge.next_json()["result"].is_object());
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", bridge.id())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let numbers: Vec<u64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    assert_eq!(numbers[0], numbers[1].min(8192), "{line}");
}

#[test]
fn bridges_that_run_are_listed_with_what_they_did_and_dead_ones_are_not() {
    let (home, mock) = (Home::new(), MockRemote::start(MockOptions::default()).unwrap());
    let (first, second) = (bridge(&home, &mock), bridge(&home, &mock));
    let did = |row: &Value| row["requests"] == 3 && row["errors"] == 1 && row["phase"] == "ready";
    let rows = listed(&home, "both", |rows| rows.len() == 2 && rows.iter().all(did));
    for row in &rows {
        assert_eq!(row["host_pid"], std::process::id());
        assert_eq!(row["server_era"], "legacy");
        assert_eq!(row["transport"], "Streamable HTTP");
        assert_eq!(row["last_error"], "server");
        assert_eq!(row["server"], format!("{}?key=…", mock.url()));
    }
    let pids: Vec<_> = rows.iter().map(|row| row["pid"].as_u64().unwrap()).collect();
    assert!(pids.contains(&first.id().into()) && pids.contains(&second.id().into()));
    let shown = home.ok(&["status", "--running"]).stdout;
    assert!(shown.contains("errors     1, last one: server"), "{shown}");

    #[cfg(unix)]
    first.signal("KILL");
    drop(first);
    listed(&home, "one was killed", |rows| rows.len() == 1);
    assert_eq!(second.finish().code, Some(0));
    listed(&home, "one has left", |rows| rows.is_empty());
    let left = std::fs::read_dir(home.path().join("state/running")).unwrap().count();
    assert_eq!(left, 0, "nothing stays behind");
}

/// S-09
#[test]
fn the_status_of_a_bridge_holds_no_secret() {
    let (home, mock) = (Home::new(), MockRemote::start(MockOptions::default()).unwrap());
    let _bridge = bridge(&home, &mock);
    listed(&home, "it is there", |rows| rows.len() == 1);
    let mut files = 0;
    for file in std::fs::read_dir(home.path().join("state/running")).unwrap().flatten() {
        #[cfg(unix)]
        {
            let mode =
                std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
            assert_eq!(mode & 0o077, 0, "S-10: {} is for its owner", file.path().display());
        }
        let text = std::fs::read_to_string(file.path()).unwrap_or_default();
        assert!(!text.contains("canary"), "{text}");
        files += 1;
    }
    assert_eq!(files, 2);
}

#[test]
fn a_place_that_cannot_be_written_costs_the_bridge_nothing_and_a_damaged_file_is_passed_over() {
    let (home, mock) = (Home::new(), MockRemote::start(MockOptions::default()).unwrap());
    std::fs::create_dir_all(home.path().join("state")).unwrap();
    std::fs::write(home.path().join("state/running"), "no folder").unwrap();
    let bridge = bridge(&home, &mock);
    let none = home.ok(&["status", "--running"]);
    assert!(none.stderr.contains("no bridge is running"), "{}", none.stderr);
    assert_eq!(bridge.finish().code, Some(0));

    std::fs::remove_file(home.path().join("state/running")).unwrap();
    std::fs::create_dir(home.path().join("state/running")).unwrap();
    std::fs::write(home.path().join("state/running/1.lock"), "").unwrap();
    std::fs::write(home.path().join("state/running/1.json"), "{").unwrap();
    listed(&home, "damage is no bridge", |rows| rows.is_empty());
}

#[test]
fn a_bridge_is_followed_from_outside_until_it_ends() {
    let (home, mock) = (Home::new(), MockRemote::start(MockOptions::default()).unwrap());
    let url = mock.url().to_string();
    let none = home.run(&["doctor", &url, "--watch"]);
    assert_eq!(none.code, Some(1));
    assert!(none.stderr.contains(&format!("no bridge to `{url}` is running")), "{}", none.stderr);
    let log = home.path().join("log");
    let words = [url.as_str(), "--log-file", log.to_str().unwrap(), "--log-level", "info"];
    let mut bridge = home.program(words).spawn();
    bridge.send(initialize("2025-11-25"));
    assert!(bridge.next_json()["result"].is_object());
    listed(&home, "it runs", |rows| rows.len() == 1);
    let mut watch = home.program(["doctor", url.as_str(), "--watch"]).spawn();
    let pid = bridge.id();
    assert_eq!(watch.next_line().unwrap(), format!("{pid}: {url}"));
    bridge.send(r#"{"jsonrpc":"2.0","id":1,"method":"no/such"}"#);
    assert!(bridge.next_json()["error"].is_object());
    let mut said = Vec::new();
    let both = |said: &[String]| {
        let has = |words: &str| said.iter().any(|line| line.contains(words));
        has("answered method=\"no/such\"") && has("2 requests, 1 error, last one: server")
    };
    while !both(&said) {
        said.push(watch.next_line().unwrap());
    }
    bridge.finish();
    while said.last() != Some(&format!("{pid}: ended")) {
        said.push(watch.next_line().unwrap());
    }
    assert_eq!(watch.finish().code, Some(0), "nothing is left to follow");
}
