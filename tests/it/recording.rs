//! `--record FILE`: what is in the file and what is not, and that it can be played as a server.

use std::path::Path;

use http::{HeaderName, HeaderValue};
use mcp_tether::protocol::ProtocolVersion;
use mcp_tether::recording::{Recorder, head};
use mcp_tether_mock::{MockOptions, MockRemote, Recording, Served};
use serde_json::{Value, json};

use crate::support::fakes::Tape;
use crate::support::harness::{Harness, initialize, modern, parsed};
use crate::support::home::Home;
use crate::support::process::Running;

const ERAS: [Served; 2] =
    [Served::Only(ProtocolVersion::V2025_11_25), Served::Only(ProtocolVersion::V2026_07_28)];
const KEY: &str = "k3y-that-nobody-may-see";

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
        .collect()
}

/// O-30: in all four pairs of eras both sides are written, with times, and no header's value, not
/// even where the server repeats it.
#[tokio::test]
async fn both_sides_are_written_and_no_secret_of_a_header() {
    for (protocol, is_modern) in ERAS.into_iter().flat_map(|era| [(era, false), (era, true)]) {
        let tape = Tape::default();
        let recorder = Recorder::start(tape.clone()).unwrap();
        let options = MockOptions { protocol, ..MockOptions::default() };
        let mut harness = Harness::with(options, |options| {
            options.remote.recorder = Some(recorder.clone());
            let value = HeaderValue::from_static(KEY);
            options.remote.headers.push((HeaderName::from_static("x-key"), value));
            recorder.know(options.remote.headers.iter().cloned().collect());
        });
        if !is_modern {
            harness = harness.open().await;
        }
        let arguments = json!({ "said": KEY, "kept": "an argument" });
        let answer = if is_modern {
            harness.call_modern("echo", arguments).await
        } else {
            harness.call("echo", arguments).await
        };
        assert!(answer.to_string().contains(KEY), "the host gets all of it: {answer}");
        harness.leave().await;
        recorder.finish(std::time::Duration::from_secs(10));
        let text = tape.text();
        let said = lines(&text);
        let from = |party: &str| said.iter().filter(|line| line["from"] == party).count();
        let to = |party: &str| said.iter().filter(|line| line["to"] == party).count();
        assert!(from("host") > 0 && to("host") > 0 && from("server") > 0 && to("server") > 0);
        assert!(said.iter().all(|line| line["at"].as_f64().is_some()), "{text}");
        assert!(text.contains("an argument") && text.contains(r#""x-key":"[redacted]""#), "{text}");
        assert!(!text.contains(KEY), "{text}");
        for (n, line) in said.iter().enumerate().skip(1) {
            assert!(line["at"].as_f64() >= said[n - 1]["at"].as_f64(), "in order");
        }
    }
}

/// O-31: what a server said once it says again, in all four pairs of eras: lists, calls, errors,
/// progress, and questions to the host.
#[test]
fn a_recording_is_played_as_a_server() {
    for (protocol, is_modern) in ERAS.into_iter().flat_map(|era| [(era, false), (era, true)]) {
        let home = Home::new();
        let file = home.path().join("bug.jsonl");
        let shown = file.to_str().unwrap();
        let mock = MockRemote::start(MockOptions { protocol, ..MockOptions::default() }).unwrap();
        let first = {
            let bridge = home.program([mock.url().as_str(), "--record", shown]).spawn();
            conversation(bridge, is_modern)
        };
        drop(mock);
        let (replay, url) = replay(&home, &file);
        let again = conversation(home.program([url.as_str()]).spawn(), is_modern);
        let case = format!("{protocol:?} {is_modern}");
        assert_eq!(again, first, "{case}");
        replay.signal("INT");
        let finished = replay.finish();
        assert_eq!(finished.code, Some(0), "{case}: {}", finished.shown());
        assert!(finished.stdout.contains("0 not in the recording"), "{}", finished.stdout);
    }
}

fn replay(home: &Home, file: &Path) -> (Running, String) {
    let mut replay = home.program(["mock", "replay", file.to_str().unwrap()]).spawn();
    let first = replay.next_line().unwrap_or_else(|| panic!("{}", replay.stderr()));
    (replay, first.strip_prefix("listening on ").unwrap().to_owned())
}

/// Returns everything that the server says to a host that does the same each time.
fn conversation(mut bridge: Running, is_modern: bool) -> Vec<Value> {
    let mut heard = Vec::new();
    if !is_modern {
        bridge.send(initialize("2025-11-25"));
        heard.push(bridge.next_json());
        bridge.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    }
    let requests = [
        ("tools/list", json!({})),
        ("tools/call", json!({ "name": "add", "arguments": { "a": 1, "b": 2 } })),
        ("tools/call", json!({ "name": "add", "arguments": { "a": 3, "b": 4 } })),
        ("tools/call", json!({ "name": "no-such", "arguments": {} })),
        (
            "tools/call",
            json!({ "name": "slow", "arguments": { "ms": 50 }, "_meta": { "progressToken": 7 } }),
        ),
        ("tools/call", json!({ "name": "ask_user", "arguments": {} })),
        ("prompts/list", json!({})),
    ];
    for (id, (method, params)) in (1..).zip(requests) {
        let params = if is_modern { with_envelope(params) } else { params };
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        bridge.send(request.to_string());
        loop {
            let line = bridge.next_json();
            heard.push(line.clone());
            if line["id"] == id && line["method"].is_null() {
                break;
            }
            if line["method"] == "elicitation/create" {
                let result = json!({ "action": "accept", "content": { "name": "Ada" } });
                let answer = json!({ "jsonrpc": "2.0", "id": line["id"], "result": result });
                bridge.send(answer.to_string());
            }
        }
    }
    let finished = bridge.finish();
    assert_eq!(finished.code, Some(0), "{}", finished.shown());
    // Ids of the bridge's own requests may differ, and states are sealed anew.
    for line in &mut heard {
        if line["method"].is_string() && !line["id"].is_null() {
            line["id"] = json!("any");
        }
        if let Some(state) = line.pointer_mut("/result/requestState") {
            *state = json!("any");
        }
    }
    heard
}

fn with_envelope(mut params: Value) -> Value {
    let own = params["_meta"].take();
    let capabilities = json!({ "elicitation": {} });
    let mut params = modern(
        {
            params.as_object_mut().unwrap().remove("_meta");
            params
        },
        capabilities,
    );
    for (name, value) in own.as_object().into_iter().flatten() {
        params["_meta"][name] = value.clone();
    }
    params
}

/// O-31: other parameters are answered in order, and what was not recorded is said.
#[test]
fn requests_that_do_not_match_a_recording_are_reported() {
    let home = Home::new();
    let file = home.path().join("bug.jsonl");
    let mock = MockRemote::start(MockOptions::default()).unwrap();
    let url = mock.url().to_string();
    let shown = file.to_str().unwrap();
    home.ok(&["call", &url, "add", "a=1", "b=2", "--record", shown]);
    drop(mock);
    let (replay, url) = replay(&home, &file);
    let other = home.run(&["call", &url, "add", "a=5", "b=6"]);
    assert_eq!(other.code, Some(0), "{}", other.shown());
    assert!(other.stdout.contains('3'), "the recorded sum: {}", other.stdout);
    let missing = home.run(&["prompts", &url]);
    assert_ne!(missing.code, Some(0), "{}", missing.shown());
    replay.signal("INT");
    let finished = replay.finish();
    assert_eq!(finished.code, Some(1), "{}", finished.shown());
    for part in ["`tools/call` has other parameters", "`prompts/list` was not recorded"] {
        assert!(finished.stderr.contains(part), "{part}: {}", finished.stderr);
    }
    assert!(finished.stdout.contains("1 matched by order, 1 not in the recording"));
}

/// O-31: a request that was refused, delayed or lost is refused, and lost, again.
#[test]
fn failures_are_played_too() {
    for (fault, words) in [
        ("status=500:method=tools/call", "500"),
        ("disconnect=before-headers:method=tools/call", "lost"),
    ] {
        let home = Home::new();
        let file = home.path().join("bug.jsonl");
        let faults = parsed(&[fault]);
        let mock = MockRemote::start(MockOptions { faults, ..MockOptions::default() }).unwrap();
        let url = mock.url().to_string();
        let shown = file.to_str().unwrap();
        let call = |url: &str, more: &[&str]| {
            home.run(&[&["call", url, "add", "a=1", "b=2"], more].concat())
        };
        let first = call(&url, &["--record", shown]);
        assert_eq!(first.code, Some(1), "{}", first.shown());
        drop(mock);
        let (_replay, url) = replay(&home, &file);
        let again = call(&url, &[]);
        let plain = |text: &str, of: &str| text.replace(of, "URL");
        let first_port = plain(&first.stderr, &url);
        assert_eq!(again.code, Some(1), "{}", again.shown());
        assert!(
            words == "lost" || again.stderr.contains(words) && first_port.contains(words),
            "{fault}: {} / {}",
            first.stderr,
            again.stderr
        );
    }
}

/// O-30: a new file is private; one that holds something else, is a link, or is no file is refused
/// and stays as it is.
#[cfg(unix)]
#[test]
fn a_recording_never_touches_a_file_that_is_none() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let home = Home::new();
    let mock = MockRemote::start(MockOptions::default()).unwrap();
    let url = mock.url().to_string();
    let at = |name: &str| home.path().join(name);
    let run = |name: &str| home.run(&["tools", &url, "--record", at(name).to_str().unwrap()]);
    assert_eq!(run("new.jsonl").code, Some(0));
    let mode = std::fs::metadata(at("new.jsonl")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let once = std::fs::read_to_string(at("new.jsonl")).unwrap();
    assert!(once.lines().next().unwrap().contains("arguments and results are kept"), "{once}");
    assert_eq!(run("new.jsonl").code, Some(0), "one more conversation");
    let twice = std::fs::read_to_string(at("new.jsonl")).unwrap();
    assert!(twice.starts_with(&once) && twice.matches("mcp-tether-recording").count() == 2);
    std::fs::write(at("notes.txt"), "my notes\n").unwrap();
    std::fs::write(at("empty"), "").unwrap();
    symlink(at("notes.txt"), at("link")).unwrap();
    symlink(at("absent"), at("dangling")).unwrap();
    std::fs::create_dir(at("folder")).unwrap();
    let requests = mock.recorder().requests().len();
    for name in ["notes.txt", "link", "dangling", "folder", "no/such/folder"] {
        let refused = run(name);
        assert_eq!(refused.code, Some(2), "{name}: {}", refused.shown());
        assert!(refused.stderr.contains("cannot record"), "{name}: {}", refused.stderr);
        assert!(refused.stderr.contains("hint: "), "{name}: {}", refused.stderr);
    }
    assert_eq!(mock.recorder().requests().len(), requests, "nothing was sent");
    assert_eq!(std::fs::read_to_string(at("notes.txt")).unwrap(), "my notes\n");
    assert!(!at("absent").exists());
    assert_eq!(run("empty").code, Some(0), "what `mktemp` made");
}

/// O-30: hosts start an entry twice; only one of the two records.
#[test]
fn a_second_bridge_leaves_the_recording_alone() {
    let home = Home::new();
    let mock = MockRemote::start(MockOptions::default()).unwrap();
    let file = home.path().join("bug.jsonl");
    let words = [mock.url().to_string(), "--record".into(), file.to_str().unwrap().into()];
    let mut first = home.program(&words).spawn();
    first.send(initialize("2025-11-25"));
    first.next_json();
    let mut second = home.program(&words).spawn();
    second.send(initialize("2025-11-25"));
    assert!(second.next_json()["result"].is_object());
    assert!(second.finish().stderr.contains("nothing is recorded: another process"));
    assert_eq!(first.finish().code, Some(0));
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.matches("mcp-tether-recording").count(), 1);
    assert!(Recording::read(&text).is_ok());
}

/// O-30: whoever works on a project has not agreed to be recorded.
#[test]
fn no_project_switches_on_a_recording() {
    let home = Home::new();
    let project = home.path().join("project");
    std::fs::create_dir_all(&project).unwrap();
    let file = home.path().join("stolen.jsonl");
    let shown = file.to_str().unwrap();
    let url = "https://127.0.0.1:9/mcp";
    let install = ["install", url, "--host", "claude-code", "--scope", "project", "--yes"];
    let install = [&install[..], &["--record", shown]].concat();
    let refused = home.program(install).in_folder(&project).run();
    assert_eq!(refused.code, Some(2), "{}", refused.shown());
    assert!(refused.stderr.contains("`--record` is not allowed in a project file"));
    assert!(!project.join(".mcp.json").exists());
    let entry = json!({ "mcpServers": {
        "a": { "command": "npx", "args": ["mcp-remote", url, "--record", shown] },
        "b": {
            "command": "npx", "args": ["mcp-remote", url], "env": { "MCP_TETHER_RECORD": shown },
        },
    } });
    std::fs::write(project.join(".mcp.json"), entry.to_string()).unwrap();
    for verb in [&["import"][..], &["migrate", "--scope", "project", "--yes"], &["doctor"]] {
        let finished = home.program(verb.iter().copied()).in_folder(&project).run();
        assert!(!file.exists(), "{verb:?}: {}", finished.shown());
    }
    let kept = std::fs::read_to_string(project.join(".mcp.json")).unwrap();
    assert_eq!(kept, entry.to_string(), "the entry is left alone");
}

/// O-31: what is no recording is refused before a port is opened.
#[test]
fn a_file_that_cannot_be_played_is_refused() {
    let home = Home::new();
    let write = |name: &str, text: &str| {
        let path = home.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let first = head("https://mcp.example.com/mcp", "2026-11-30T08:00:00Z");
    let cases = [
        (home.path().join("absent").to_str().unwrap().to_owned(), "No such file"),
        (home.path().to_str().unwrap().to_owned(), "not a regular file"),
        (write("empty", ""), "not a recording"),
        (write("html", "<html>\n"), "not a recording"),
        (write("binary", "{\"mcp-tether-recording\":1}\n\u{0}\u{1}\nx\n"), "line 2"),
        (write("newer", "{\"mcp-tether-recording\":9}\n"), "newer version"),
        (write("only-head", &first), "no request"),
    ];
    for (path, words) in cases {
        let refused = home.run(&["mock", "replay", &path]);
        assert_eq!(refused.code, Some(2), "{path}: {}", refused.shown());
        assert!(refused.stderr.contains(words), "{path}: {}", refused.stderr);
        assert!(refused.stderr.contains("hint: "), "{}", refused.stderr);
    }
    for words in
        [&["mock", "replay"][..], &["mock", "egrow", "replay", "x"], &["mock", "replay", "a", "b"]]
    {
        assert_eq!(home.run(words).code, Some(2), "{words:?}");
    }
}

/// O-30: `doctor` and `config show` know of it.
#[test]
fn a_recording_is_seen_by_doctor_and_config() {
    let home = Home::new();
    let mock = MockRemote::start(MockOptions::default()).unwrap();
    let url = mock.url().to_string();
    let file = home.path().join("bug.jsonl");
    let shown = file.to_str().unwrap();
    let doctor = home.run(&["doctor", &url, "--record", shown]);
    assert!(doctor.stdout.contains("which is not there yet"), "{}", doctor.stdout);
    assert!(!file.exists(), "doctor records nothing");
    let config = home.ok(&["config", "show", &url, "--record", shown]);
    assert!(config.stdout.contains("record") && config.stdout.contains(shown), "{}", config.stdout);
    let report = home.run(&["doctor", &url, "--report"]);
    assert!(report.stdout.contains("--record"), "{}", report.stdout);
}
