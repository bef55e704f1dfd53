//! The compiled bridge from start to end: how it leaves at every stage, and what it leaves behind
//! (T-02, T-08, T-10, docs/hosts/README.md#ending-the-child).

use std::time::{Duration, Instant};

use mcp_tether_mock::{MockOptions, MockRemote};
use serde_json::{Value, json};

use crate::support::harness::{PATIENCE, initialize, modern, parsed};
use crate::support::process::{Program, Running};

/// Generous against a loaded machine, far below what hosts wait before they kill.
const PROMPTLY: Duration = Duration::from_secs(2);

fn mock(faults: &[&str]) -> MockRemote {
    MockRemote::start(MockOptions { faults: parsed(faults), ..MockOptions::default() }).unwrap()
}

fn bridge(mock: &MockRemote) -> Running {
    Program::new([mock.url().as_str()]).spawn()
}

fn opened(mock: &MockRemote) -> Running {
    let mut bridge = bridge(mock);
    bridge.send(initialize("2025-11-25"));
    assert!(bridge.next_json()["result"].is_object());
    bridge.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    bridge.send(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#);
    assert_eq!(bridge.next_json()["id"], 1);
    bridge
}

fn seen(mock: &MockRemote, what: impl Fn(&mcp_tether_mock::RecordedRequest) -> bool) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let seen = runtime.block_on(mock.recorder().wait_until(|all| all.iter().any(&what), PATIENCE));
    assert!(seen, "the mock never saw it");
}

fn deletes(mock: &MockRemote) -> usize {
    mock.recorder().of_http_method("DELETE").len()
}

/// T-08
#[test]
fn the_end_of_stdin_ends_the_session_and_the_process() {
    let mock = mock(&[]);
    let bridge = opened(&mock);
    let started = Instant::now();
    let finished = bridge.finish();
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert!(started.elapsed() < PROMPTLY);
    assert_eq!(deletes(&mock), 1);
}

/// T-08, docs/from-mcp-remote.md#what-is-different: what was asked before the end of stdin is still
/// answered
#[test]
fn a_script_that_pipes_requests_gets_all_answers() {
    let mock = mock(&["delay=300:tool=echo"]);
    let mut bridge = bridge(&mock);
    bridge.send(initialize("2025-11-25"));
    bridge.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    bridge.send(
        r#"{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"echo","arguments":{}}}"#,
    );
    let finished = bridge.finish();
    assert_eq!(finished.code, Some(0));
    let last: Value = serde_json::from_str(finished.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last["id"], 5);
    assert!(last["result"].is_object());
}

/// T-08: a server that hangs is left after a short drain, and the host is told
#[test]
fn a_hanging_server_does_not_hold_the_process_after_the_end_of_stdin() {
    let mock = mock(&["silent:tool=slow"]);
    let mut bridge = opened(&mock);
    bridge.send(r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"slow","arguments":{"ms":1}}}"#);
    seen(&mock, |r| r.rpc_method() == "tools/call");
    let finished = bridge.finish();
    assert_eq!(finished.code, Some(0));
    let last: Value = serde_json::from_str(finished.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last["id"], 7);
    assert_eq!(last["error"]["data"]["bridge"]["kind"], "lost");
    assert_eq!(deletes(&mock), 1);
}

/// T-08, docs/hosts/README.md#ending-the-child
#[cfg(unix)]
#[test]
fn each_signal_ends_it_promptly_with_a_last_answer_and_without_a_leaked_session() {
    for signal in ["TERM", "INT", "HUP"] {
        let mock = mock(&["silent:tool=slow"]);
        let mut bridge = opened(&mock);
        bridge.send(r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"slow","arguments":{"ms":1}}}"#);
        seen(&mock, |r| r.rpc_method() == "tools/call");
        let started = Instant::now();
        bridge.signal(signal);
        assert_eq!(bridge.next_json()["id"], 7, "{signal}");
        assert_eq!(bridge.end(), Some(0), "{signal}");
        assert!(started.elapsed() < PROMPTLY, "{signal}");
        assert_eq!(deletes(&mock), 1, "{signal}");
    }
}

/// T-08: before the first message, before the first connection, and while the server says nothing
#[cfg(unix)]
#[test]
fn it_leaves_at_every_stage() {
    let silent = mock(&["silent"]);
    for stage in ["nothing sent", "initialize unanswered"] {
        for way in ["TERM", "stdin"] {
            let mut bridge = bridge(&silent);
            if stage == "nothing sent" {
                // Wait until it lives: it answers pings by itself.
                bridge.send(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#);
                assert_eq!(bridge.next_json()["result"], json!({}));
            } else {
                silent.recorder().clear();
                bridge.send(initialize("2025-11-25"));
                seen(&silent, |r| r.rpc_method() == "initialize");
            }
            if way == "TERM" {
                let started = Instant::now();
                bridge.signal("TERM");
                assert_eq!(bridge.end(), Some(0), "{stage}");
                assert!(started.elapsed() < PROMPTLY, "{stage}");
            } else {
                assert_eq!(bridge.finish().code, Some(0), "{stage}");
            }
        }
    }
}

/// T-08, docs/from-mcp-remote.md#what-is-different
#[test]
fn a_closed_stdout_ends_it() {
    let mock = mock(&[]);
    let mut bridge = opened(&mock);
    bridge.close_stdout();
    assert_eq!(bridge.end(), Some(0));
    assert_eq!(deletes(&mock), 1);
}

/// docs/from-mcp-remote.md#what-is-different
#[test]
fn a_closed_stderr_is_harmless() {
    let mock = mock(&[]);
    let mut bridge = Program::new([mock.url().as_str(), "--debug"]).spawn_without_stderr();
    bridge.send(initialize("2025-11-25"));
    assert!(bridge.next_json()["result"].is_object());
    bridge.send("nonsense");
    assert_eq!(bridge.next_json()["error"]["code"], -32700);
    assert_eq!(bridge.finish().code, Some(0));
}

/// A wrapper that is killed leaves nobody behind, although stdin stays open
#[cfg(target_os = "linux")]
#[test]
fn the_death_of_the_parent_ends_it() {
    let mock = mock(&[]);
    let mut wrapper = Program::new([mock.url().as_str()]).spawn_in_shell();
    wrapper.send(initialize("2025-11-25"));
    assert!(wrapper.next_json()["result"].is_object());
    wrapper.signal("KILL");
    // Only the bridge still holds stdout; its end is the end of the lines.
    assert_eq!(wrapper.next_line(), None);
    seen(&mock, |r| r.http_method == "DELETE");
}

/// T-02
#[test]
fn stdout_carries_nothing_but_messages_at_full_verbosity() {
    let mock = mock(&["noise", "html:tool=fail", "session=changing:tool=add"]);
    let mut bridge = Program::new([mock.url().as_str(), "--debug"]).spawn();
    bridge.send(initialize("2025-11-25"));
    bridge.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    for (id, tool) in ["echo", "fail", "add", "nothing"].iter().enumerate() {
        let params = json!({ "name": tool, "arguments": {} });
        let call = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params });
        bridge.send(call.to_string());
    }
    bridge.send("}{");
    let finished = bridge.finish();
    let lines: Vec<Value> =
        finished.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(lines.iter().all(|message| message["jsonrpc"] == "2.0"));
    assert_eq!(lines.len(), 6, "{}", finished.stdout);
    assert!(!finished.stderr.is_empty());
}

/// T-02: stdout by any of its names is no place for a log
#[cfg(unix)]
#[test]
fn a_log_file_that_is_stdout_is_refused() {
    let mock = mock(&[]);
    for name in ["/dev/stdout", "/dev/fd/1"] {
        let finished = Program::new([mock.url().as_str(), "--log-file", name]).run();
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""), "{name}");
        let expected = format!("cannot write to the log file `{name}`: it is stdout");
        assert!(finished.stderr.contains(&expected), "{}", finished.stderr);
    }
    let to_null = Program::new([mock.url().as_str(), "--log-file", "/dev/null"]);
    let (stdin, stdout) = (std::process::Stdio::null(), std::process::Stdio::null());
    let finished = to_null.spawn_between(stdin, stdout).finish();
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
}

/// T-10, docs/hosts/README.md#started-twice: started twice in a row and killed in between
#[test]
fn a_killed_bridge_leaves_nothing_that_the_next_one_stumbles_over() {
    let mock = mock(&[]);
    let mut first = bridge(&mock);
    let params = modern(json!({}), json!({}));
    let discover =
        json!({ "jsonrpc": "2.0", "id": 0, "method": "server/discover", "params": params });
    first.send(discover.to_string());
    assert_eq!(first.next_json()["result"]["resultType"], "complete");
    first.kill();
    let mut second = opened(&mock);
    second.kill();
    assert_eq!(opened(&mock).finish().code, Some(0));
}

/// S-09: a key in a header is nowhere in the output, however verbose
#[test]
fn a_header_value_is_never_shown() {
    let mock = mock(&["status=401:body=html:tool=echo"]);
    let header = "X-API-Key: canary-7f3a";
    let mut bridge = Program::new([mock.url().as_str(), "--debug", "--header", header]).spawn();
    bridge.send(initialize("2025-11-25"));
    bridge.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    bridge.send(
        r#"{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"echo","arguments":{}}}"#,
    );
    let finished = bridge.finish();
    assert_eq!(mock.recorder().requests()[0].header("x-api-key"), Some("canary-7f3a"));
    assert!(!finished.stdout.contains("canary-7f3a") && !finished.stderr.contains("canary-7f3a"));
}
