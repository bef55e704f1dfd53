//! Hosts that do not wait: answers from the last good session
//! (docs/hosts/README.md#the-first-turn).

use std::path::Path;
use std::time::Duration;

use mcp_tether::bridge::{BridgeOptions, CacheOptions};
use mcp_tether::protocol::ProtocolVersion;
use mcp_tether_mock::{MockOptions, MockRemote};
use serde_json::json;

use crate::support::harness::{Harness, PATIENCE, initialize, kind, text};

/// Returns a bridge that remembers in this folder and answers at once from there.
fn remembering(folder: &Path, key: &str, within: Duration) -> impl FnOnce(&mut BridgeOptions) {
    let cache = CacheOptions {
        folder: folder.to_owned(),
        key: key.to_owned(),
        server: String::new(),
        answer_within: within,
    };
    move |options| options.cache = Some(cache)
}

/// One good session, so that there is something to remember.
async fn learned(folder: &Path, key: &str) {
    learned_from(MockOptions::default(), folder, key).await;
}

async fn learned_from(mock: MockOptions, folder: &Path, key: &str) {
    let mut harness = Harness::with(mock, remembering(folder, key, PATIENCE)).open().await;
    for list in ["tools/list", "prompts/list", "resources/list"] {
        assert!(harness.request(list, json!({})).await["result"].is_object());
    }
    harness.leave().await;
    // Keeping goes on off the loop.
    let whole = |text: &String| text.contains("prompts/list") && text.contains("resources/list");
    let started = std::time::Instant::now();
    while !std::fs::read_dir(folder)
        .is_ok_and(|files| files.flatten().filter_map(|f| kept(&f.path())).any(|t| whole(&t)))
    {
        assert!(started.elapsed() < PATIENCE, "the answers are never kept");
        tokio::task::yield_now().await;
    }
}

fn kept(file: &Path) -> Option<String> {
    std::fs::read_to_string(file).ok()
}

#[tokio::test]
async fn a_known_server_that_is_slow_is_answered_for() {
    let folder = tempfile::tempdir().unwrap();
    learned(folder.path(), "one").await;
    let slow = MockOptions {
        faults: crate::support::harness::parsed(&["delay=400:method=initialize"]),
        ..MockOptions::default()
    };
    let mut harness = Harness::with(slow, remembering(folder.path(), "one", Duration::ZERO));
    let result = harness.initialize("2025-11-25").await;
    assert!(result["capabilities"]["tools"].is_object());
    let listed = harness.request("tools/list", json!({})).await;
    assert!(listed["result"]["tools"].as_array().unwrap().len() > 10);
    let initialize = harness.mock.recorder().of_method("initialize");
    assert!(initialize.iter().all(|r| r.status.is_none()), "the server has not answered yet");
    // Calls are never answered from the cache: this one waits for the server.
    assert_eq!(text(&harness.call("echo", json!({ "a": 1 })).await), r#"{"a":1}"#);
    assert_eq!(harness.count("initialize"), 1, "the host's own, and no other");
    assert_eq!(harness.count("notifications/initialized"), 1);
    harness.seen(|all| all.iter().any(|r| r.rpc_method() == "tools/list")).await;
    harness.request("prompts/list", json!({})).await;
    assert!(harness.set_aside().iter().all(|m| m["method"] != "notifications/tools/list_changed"));
}

/// S-12: what is too long to be kept is forgotten, not written
#[tokio::test]
async fn a_list_that_is_too_long_takes_the_place_of_no_other() {
    let folder = tempfile::tempdir().unwrap();
    learned(folder.path(), "one").await;
    let grown = MockOptions {
        faults: crate::support::harness::parsed(&["oversize=17000000:method=tools/list"]),
        ..MockOptions::default()
    };
    let cache = remembering(folder.path(), "one", PATIENCE);
    let mut harness = Harness::with(grown, cache).open().await;
    assert!(harness.request("tools/list", json!({})).await["result"].is_object());
    harness.leave().await;
    let started = std::time::Instant::now();
    let kept = || {
        let files = std::fs::read_dir(folder.path()).unwrap().flatten();
        files.filter_map(|file| kept(&file.path())).collect::<String>()
    };
    while kept().contains("\"tools/list\"") {
        assert!(started.elapsed() < PATIENCE, "the old list is kept");
        tokio::task::yield_now().await;
    }
    assert!(kept().contains("\"prompts/list\""), "the others stay");
}

/// E-10 beside docs/hosts/README.md#the-first-turn: a modern remote is remembered in the words of
/// the host
#[tokio::test]
async fn a_known_modern_server_that_is_slow_is_answered_for_too() {
    let folder = tempfile::tempdir().unwrap();
    let modern = |faults: &[&str]| MockOptions {
        protocol: ProtocolVersion::V2026_07_28.into(),
        faults: crate::support::harness::parsed(faults),
        ..MockOptions::default()
    };
    learned_from(modern(&[]), folder.path(), "one").await;
    let slow = modern(&["delay=400:method=server/discover"]);
    let mut harness = Harness::with(slow, remembering(folder.path(), "one", Duration::ZERO));
    let result = harness.initialize("2025-11-25").await;
    assert!(result["capabilities"]["tools"].is_object() && result["ttlMs"].is_null());
    let listed = harness.request("tools/list", json!({})).await;
    let tools = listed["result"]["tools"].as_array().unwrap();
    assert!(tools.len() > 10 && tools.iter().all(|tool| tool["name"] != "header_empty"));
    assert_eq!(text(&harness.call("echo", json!({ "a": 1 })).await), r#"{"a":1}"#);
    assert_eq!(harness.count("server/discover"), 1);
}

#[tokio::test]
async fn changes_since_the_last_session_are_announced() {
    let folder = tempfile::tempdir().unwrap();
    learned(folder.path(), "one").await;
    let slow = MockOptions {
        faults: crate::support::harness::parsed(&["delay=200:method=initialize"]),
        page_size: 3,
        ..MockOptions::default()
    };
    let mut harness = Harness::with(slow, remembering(folder.path(), "one", Duration::ZERO));
    harness.initialize("2025-11-25").await;
    harness.request("tools/list", json!({})).await;
    harness.of_method("notifications/tools/list_changed").await;
    let listed = harness.request("tools/list", json!({})).await;
    assert_eq!(listed["result"]["tools"].as_array().unwrap().len(), 3, "now from the server");
}

#[tokio::test]
async fn a_server_that_is_away_is_answered_for_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    learned(folder.path(), "one").await;
    let mut harness =
        Harness::with(MockOptions::default(), remembering(folder.path(), "one", Duration::ZERO));
    harness.mock.stop();
    assert!(harness.initialize("2025-11-25").await["capabilities"].is_object());
    assert!(harness.request("tools/list", json!({})).await["result"]["tools"].is_array());
    assert_eq!(kind(&harness.call("echo", json!({})).await), "network");
    harness.mock.start_again().unwrap();
    let answer = harness.call("echo", json!({ "a": 1 })).await;
    assert_eq!(text(&answer), r#"{"a":1}"#, "{answer}");
}

#[tokio::test]
async fn other_servers_accounts_and_hosts_are_not_answered_for() {
    let folder = tempfile::tempdir().unwrap();
    learned(folder.path(), "one").await;
    let slow = || MockOptions {
        faults: crate::support::harness::parsed(&["delay=150:method=initialize"]),
        ..MockOptions::default()
    };
    for (key, revision) in [("another", "2025-11-25"), ("one", "2025-06-18")] {
        let mut harness = Harness::with(slow(), remembering(folder.path(), key, Duration::ZERO));
        harness.send(&initialize(revision)).await;
        harness.answer(json!("init")).await;
        let asked = harness.mock.recorder().of_method("initialize");
        assert!(asked[0].status.is_some(), "{key} {revision}: the server answered itself");
    }
}

#[tokio::test]
async fn a_server_that_answers_in_time_answers_itself() {
    let folder = tempfile::tempdir().unwrap();
    learned(folder.path(), "one").await;
    let mut harness =
        Harness::with(MockOptions::default(), remembering(folder.path(), "one", PATIENCE));
    harness.initialize("2025-11-25").await;
    assert!(harness.mock.recorder().of_method("initialize")[0].status.is_some());
}

/// A damaged cache counts as none.
#[tokio::test]
async fn a_damaged_file_is_left_alone_and_replaced() {
    let folder = tempfile::tempdir().unwrap();
    learned(folder.path(), "one").await;
    let file = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&file, "{ half").unwrap();
    let mock = MockRemote::start(MockOptions::default()).unwrap();
    drop(mock);
    let mut harness =
        Harness::with(MockOptions::default(), remembering(folder.path(), "one", Duration::ZERO));
    assert!(harness.initialize("2025-11-25").await["capabilities"].is_object());
    assert!(harness.mock.recorder().of_method("initialize")[0].status.is_some());
}
