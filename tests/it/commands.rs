//! The commands from the outside: the compiled program against the mock.

use std::time::{Duration, Instant};

use mcp_tether_mock::{Auth, MockOptions, MockRemote, RecordedRequest};
use serde_json::{Value, json};

use crate::support::process::{Finished, Program};
use crate::support::waiting::PATIENCE;

fn mock() -> MockRemote {
    MockRemote::start(MockOptions::default()).unwrap()
}

fn mock_with(faults: &[&str]) -> MockRemote {
    let faults = faults.iter().map(|fault| fault.parse().unwrap()).collect();
    MockRemote::start(MockOptions { faults, ..MockOptions::default() }).unwrap()
}

fn program(command: &str, mock: &MockRemote, words: &[&str]) -> Program {
    let url = mock.url().to_string();
    Program::new([command, &url].into_iter().chain(words.iter().copied()))
}

fn succeeds(program: Program) -> Finished {
    let finished = program.run();
    assert_eq!(finished.code, Some(0), "{}", finished.shown());
    finished
}

fn calls(mock: &MockRemote) -> usize {
    mock.recorder().of_method("tools/call").len()
}

/// Waits until the mock has got a call.
fn until_called(mock: &MockRemote) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let is_call = |request: &RecordedRequest| request.rpc_method() == "tools/call";
    let called = mock.recorder().wait_until(|all| all.iter().any(is_call), PATIENCE);
    assert!(runtime.block_on(called), "the mock got no call");
}

/// docs/from-mcp-remote.md#command-line: URL, port and flags in any order, both spellings of
/// values, commands before URLs.
#[test]
fn the_order_of_words_does_not_matter() {
    let url = "http://mcp.example.com/mcp";
    for words in [
        &[url, "3334", "--header", "X: 1"][..],
        &["3334", url, "--header=X: 1"],
        &["--header", "X: 1", "3334", url],
        &["--debug", url, "--header", "X: 1", "3334"],
        &["--debug", "tools", url],
        &["tools", "--debug", url],
        &["call", "--json", "{}", url, "tool", "--debug"],
        &["call", "--json", url, "tool", "key=value"],
        &["call", url, "--json={}", "tool"],
    ] {
        let finished = Program::new(words.iter().copied()).run();
        let reached = finished.stderr.contains("`http://mcp.example.com/mcp` is not encrypted");
        assert!(reached && finished.code == Some(2), "{words:?} {}", finished.shown());
    }
}

#[test]
fn tools_are_listed_page_after_page_in_columns() {
    let options = MockOptions { page_size: 2, ..MockOptions::default() };
    let mock = MockRemote::start(options).unwrap();
    let text = succeeds(program("tools", &mock, &[])).stdout;
    let line = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(line("echo ").contains("gives its arguments back, byte for byte"));
    let start = line("echo ").find("gives").unwrap();
    assert_eq!(line("slow ").find("takes"), Some(start));
    let pages = mock.recorder().of_method("tools/list").len();
    assert!(pages > 2 && text.lines().count() > 4, "{pages} {text}");

    let as_json = succeeds(program("tools", &mock, &["--json"])).stdout;
    let tools: Vec<Value> = serde_json::from_str(&as_json).unwrap();
    assert_eq!(tools.len(), text.lines().count());
    assert!(tools.iter().all(|tool| tool["inputSchema"].is_object()));
}

#[test]
fn a_call_converts_its_arguments_by_the_schema() {
    let mock = mock();
    let sum = succeeds(program("call", &mock, &["add", "a=2", "b=40"])).stdout;
    assert!(sum.contains("42"), "{sum}");
    let request = mock.recorder().of_method("tools/call")[0].json();
    assert_eq!(request["params"]["arguments"], json!({ "a": 2, "b": 40 }));

    let as_json = succeeds(program("call", &mock, &["echo", "--json", "{\"x\": 1.5}"])).stdout;
    let result: Value = serde_json::from_str(&as_json).unwrap();
    assert!(result["content"].is_array(), "{as_json}");
    let words = &["add", "--json", "a=2", "b=40"];
    let result: Value =
        serde_json::from_str(&succeeds(program("call", &mock, words)).stdout).unwrap();
    assert!(result["content"].is_array());
}

#[test]
fn wrong_arguments_and_unknown_tools_are_reported_before_anything_is_called() {
    let mock = mock();
    for (words, code, expected) in [
        (&["add", "a=2"][..], 2, "the tool `add` needs `b`"),
        (&["add", "a=2", "b=x"], 2, "`b=x` is not an integer"),
        (&["ad", "a=2"], 1, "did you mean `add`?"),
        (&["add", "a=2", "c=1"], 2, "the tool `add` has no argument `c`"),
    ] {
        let finished = program("call", &mock, words).run();
        assert_eq!(finished.code, Some(code), "{}", finished.shown());
        assert!(finished.stderr.contains(expected), "{}", finished.stderr);
    }
    assert_eq!(calls(&mock), 0);
}

#[test]
fn a_tool_that_fails_ends_with_1_and_shows_what_it_said() {
    let mock = mock();
    for words in [&["fail"][..], &["fail", "--json"]] {
        let finished = program("call", &mock, words).run();
        assert_eq!(finished.code, Some(1), "{}", finished.shown());
        assert!(!finished.stdout.is_empty());
        assert!(finished.stderr.contains("the tool `fail` reported an error"));
    }
}

#[test]
fn a_question_is_declined_unless_yes_was_said() {
    let mock = mock();
    let declined = succeeds(program("call", &mock, &["ask_user"]));
    assert!(declined.stdout.contains("decline"), "{}", declined.shown());
    assert!(declined.stderr.contains("hint: `--yes`"), "{}", declined.stderr);
}

/// Every session that was opened is ended (T-33).
#[test]
fn a_command_leaves_no_session_behind() {
    let mock = mock();
    succeeds(program("tools", &mock, &[]));
    program("call", &mock, &["nothing_like_it"]).run();
    assert_eq!(mock.recorder().of_method("initialize").len(), 2);
    assert_eq!(mock.recorder().of_http_method("DELETE").len(), 2);
}

#[test]
fn headers_of_flags_files_and_settings_reach_the_remote() {
    let mock = mock();
    let settings = format!(
        "[defaults]\nheader = ['X-One: d', 'X-Two: d', 'X-Three: d']\n\
         [server.\"{}\"]\nheader = {{ X-Two = 's-${{NAME}}' }}\nenv = {{ NAME = 'file' }}\n",
        mock.url()
    );
    let words = ["--header", "x-three:f-${OTHER}", "--header-file", "h.txt"];
    succeeds(
        program("tools", &mock, &words)
            .settings(&settings)
            .file("h.txt", "# ours\nX-Four: h\n")
            .env("OTHER", "env"),
    );
    for request in mock.recorder().requests() {
        let header = |name: &str| request.header(name).unwrap_or("-").to_owned();
        let sent = ["x-one", "x-two", "x-three", "x-four"].map(header);
        assert_eq!(sent, ["d", "s-file", "f-env", "h"], "{}", request.http_method);
    }
}

/// A-75, S-09
#[test]
fn a_refused_credential_says_what_to_do_and_no_log_shows_it() {
    let options = MockOptions { auth: Auth::ApiKey, ..MockOptions::default() };
    let mock = MockRemote::start(options).unwrap();
    let finished = program("tools", &mock, &[]).run();
    assert!(matches!(finished.code, Some(1 | 4)), "{}", finished.shown());
    assert!(finished.stderr.contains("hint: "), "{}", finished.stderr);

    let words = ["--header", "Authorization: Bearer canary", "--log-level", "trace"];
    let finished = program("tools", &mock, &words).run();
    assert_ne!(finished.code, Some(0));
    assert!(!finished.shown().contains("canary"), "{}", finished.stderr);
    let key = format!("X-API-Key:{}", MockOptions::default().api_key);
    succeeds(program("tools", &mock, &["--header", &key]));
}

#[test]
fn hidden_tools_are_neither_listed_nor_called() {
    let mock = mock();
    let listed = succeeds(program("tools", &mock, &["--ignore-tool", "A*"])).stdout;
    assert!(listed.contains("echo") && !listed.contains("\nadd "), "{listed}");
    let words = ["act", "--json", "{}", "--ignore-tool", "A*"];
    let finished = program("call", &mock, &words).run();
    assert_eq!(finished.code, Some(1), "{}", finished.shown());
    assert_eq!(calls(&mock), 0);
}

#[test]
fn how_much_is_written_is_a_setting_and_stdout_stays_clean() {
    let mock = mock();
    let warned = ["--enable-proxy"];
    let stderr = |words: &[&str]| {
        let finished = succeeds(program("tools", &mock, &[&warned[..], words].concat()));
        assert!(finished.stdout.lines().all(|line| !line.contains("warning:")));
        finished.stderr
    };
    assert!(stderr(&[]).starts_with("warning: `--enable-proxy` has no effect"));
    assert_eq!(stderr(&["--silent"]), "");
    assert_eq!(stderr(&["--log-level", "error"]), "");
    assert!(stderr(&["--debug"]).contains("debug: "));
}

#[cfg(unix)]
#[test]
fn the_log_file_is_private_and_has_the_same_lines_with_their_time() {
    use std::os::unix::fs::PermissionsExt;
    let mock = mock();
    let finished = succeeds(program("tools", &mock, &["--enable-proxy", "--log-file", "log.txt"]));
    let text = finished.file("log.txt");
    assert!(text.contains("Z warning: `--enable-proxy` has no effect"), "{text}");
    let metadata = std::fs::metadata(finished.home().join("log.txt")).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
}

/// One line for each request at `info`, with its duration, also where programs read it.
#[test]
fn lines_can_be_json_objects_and_each_request_has_one() {
    let mock = mock();
    let words = ["--log-level", "info", "--log-format", "json", "--log-file", "log.txt"];
    let finished =
        succeeds(program("call", &mock, &[&["act", "--enable-proxy"], &words[..]].concat()));
    let lines: Vec<Value> =
        finished.file("log.txt").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), finished.stderr.lines().count(), "{}", finished.stderr);
    let warned = |line: &&Value| line["level"] == "warning";
    let warning = lines.iter().find(warned).expect("a warning")["message"].as_str().unwrap();
    assert!(warning.starts_with("`--enable-proxy` has no effect"), "{warning}");
    let answered: Vec<_> = lines.iter().filter(|line| line["message"] == "answered").collect();
    let methods: Vec<_> = answered.iter().map(|line| line["method"].as_str().unwrap()).collect();
    assert_eq!(methods, ["initialize", "tools/list", "tools/call"]);
    for line in answered {
        assert!(line["milliseconds"].is_u64() && line["is_error"] == false, "{line}");
        assert!(line["time"].as_str().unwrap().ends_with('Z'), "{line}");
    }
}

/// docs/from-mcp-remote.md#what-is-different: a closed stderr is harmless.
#[test]
fn nobody_needs_to_read_stderr() {
    let mock = mock();
    let words = ["--log-level", "trace", "--enable-proxy"];
    let finished = program("tools", &mock, &words).spawn_without_stderr().finish();
    assert_eq!(finished.code, Some(0));
    assert!(finished.stdout.contains("echo"));
}

/// Progress is for people: no line of it where stderr is no terminal.
#[test]
fn progress_is_not_asked_for_when_nobody_watches() {
    let mock = mock();
    let finished = succeeds(program("call", &mock, &["echo", "text=x"]));
    assert_eq!(finished.stderr, "");
    let request = mock.recorder().of_method("tools/call")[0].json();
    assert_eq!(request["params"]["_meta"], Value::Null);
}

#[test]
fn a_remote_that_is_not_there_is_told_at_once() {
    let mut mock = mock();
    mock.stop();
    let started = Instant::now();
    let finished = program("tools", &mock, &[]).run();
    assert_eq!(finished.code, Some(1), "{}", finished.shown());
    assert!(finished.stderr.starts_with("error: "), "{}", finished.stderr);
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[cfg(unix)]
#[test]
fn an_interrupted_call_ends_with_130_and_its_session_too() {
    let mock = mock_with(&["silent:method=tools/call"]);
    let mut running = program("call", &mock, &["act"]).spawn();
    until_called(&mock);
    running.signal("INT");
    assert_eq!(running.end(), Some(130), "{}", running.stderr());
    assert_eq!(mock.recorder().of_http_method("DELETE").len(), 1);
}

/// The mock says where it listens in its first line; then come snippets that work.
#[test]
fn the_mock_runs_on_its_own_and_prints_what_a_host_needs() {
    let mut mock = Program::new(["mock", "egrow"]).spawn();
    let first = mock.next_line().unwrap();
    let url = first.strip_prefix("listening on ").unwrap().to_owned();
    assert!(url.starts_with("http://127.0.0.1:") && url.ends_with("/mcp"), "{url}");
    let mut snippet = String::new();
    while snippet.is_empty() || !snippet.ends_with("\n}") {
        let line = mock.next_line().unwrap();
        if !snippet.is_empty() || line == "{" {
            snippet += &format!("\n{line}");
        }
    }
    let snippet: Value = serde_json::from_str(&snippet).unwrap();
    let entry = &snippet["servers"]["egrow"];
    assert_eq!(entry["command"], env!("CARGO_BIN_EXE_mcp-tether"));
    let words = entry["args"].as_array().unwrap().iter().map(|word| word.as_str().unwrap());
    let key = entry["env"]["MOCK_API_KEY"].as_str().unwrap();
    assert!(!entry["args"].to_string().contains(key), "a key in the arguments (S-10)");
    let listed = Program::new(["tools"].into_iter().chain(words)).env("MOCK_API_KEY", key);
    assert!(succeeds(listed).stdout.contains("find_products"));
}
