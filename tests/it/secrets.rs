//! Secrets reach a header, a form or the store, and nothing else (S-09): a whole life with a
//! server, as talkative as can be, after which every byte that was written anywhere is searched for
//! them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::sign_in_commands::page;
use crate::support::authorization_server::{AuthorizationServer, Config};
use crate::support::fakes::outbound;
use crate::support::harness::initialize;
use crate::support::home::Home;
use crate::support::ports::KeptPort;

const KEY: &str = "canary-key-5d1e";

/// Every file below a folder, but none of the store's.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("state/credentials") {
            files(&path, found);
        } else if path.is_file() {
            found.push(path);
        }
    }
}

async fn tokens(home: &Home, secrets: &mut BTreeSet<String>) {
    let before = secrets.len();
    for (_, text) in home.stored().await {
        let record: Value = serde_json::from_str(&text).unwrap();
        for member in ["access_token", "refresh_token"] {
            secrets.extend(record["tokens"][member].as_str().map(str::to_owned));
        }
    }
    assert!(secrets.len() > before, "there are new ones");
}

/// S-09: outputs, logs, files, arguments of programs, and requests of every kind
#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_found_where_it_does_not_belong() {
    let server = AuthorizationServer::start(Config::default()).await;
    let url = server.endpoint().to_string();
    let home = Home::new();
    let mut secrets = BTreeSet::from([KEY.to_owned()]);

    let mut login = home.program(["login", &url, "--no-browser", "--log-level", "trace"]).spawn();
    let answer = outbound().get(page(&login)).send().await.unwrap();
    login.send(answer.headers()["location"].to_str().unwrap());
    let mut shown = login.finish().shown();
    tokens(&home, &mut secrets).await;
    for grant in server.grants("authorization_code") {
        secrets.insert(grant.form["code"].clone());
        secrets.insert(grant.form["code_verifier"].clone());
    }

    let log = home.path().join("log");
    let words = ["--header", "X-Key: ${KEY}", "--log-level", "trace", "--log-format", "json"];
    let log_words = ["--log-file", log.to_str().unwrap()];
    let all = [&[url.as_str()][..], &words, &log_words].concat();
    let mut bridge = home.program(all).env("KEY", KEY).spawn();
    bridge.send(initialize("2025-06-18"));
    let mut written = bridge.next_json().to_string();
    bridge.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    for id in ["with-the-token", "with-a-new-one"] {
        bridge.send(json!({ "jsonrpc": "2.0", "id": id, "method": "tools/list" }).to_string());
        let answer = bridge.next_json();
        assert!(answer["result"].is_object(), "{answer}");
        written += &answer.to_string();
        server.end_access_tokens();
    }
    tokens(&home, &mut secrets).await;
    shown += &home.run(&["status", "--running"]).shown();
    let arguments = arguments_of_every_program();
    shown += &bridge.finish().shown();
    for words in [&["status", "--json"][..], &["doctor", &url, "--report"], &["doctor", "--json"]] {
        shown += &home.run(words).shown();
    }
    assert!(secrets.len() >= 6, "a key, two pairs of tokens, a code, a verifier: {secrets:?}");

    let mut found = Vec::new();
    files(home.path(), &mut found);
    assert!(std::fs::read_to_string(&log).unwrap().contains("answered"), "the log says something");
    for secret in &secrets {
        assert!(!written.contains(secret), "`{secret}` went to the host");
        assert!(!shown.contains(secret), "`{secret}` is shown: {shown}");
        assert!(!arguments.contains(secret), "`{secret}` is an argument of a program");
        for path in &found {
            let text = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
            assert!(!text.contains(secret), "`{secret}` is in `{}`", path.display());
        }
    }
    only_where_they_belong(&server, &secrets);
}

/// Tokens travel in one header or one form, and never in a path, a query, a body or another header.
fn only_where_they_belong(server: &AuthorizationServer, secrets: &BTreeSet<String>) {
    let mut carried = 0;
    for asked in server.asked() {
        for secret in secrets {
            let elsewhere = format!("{} {:?} {}", asked.path, asked.query, asked.body);
            assert!(!elsewhere.contains(secret), "`{secret}`: {elsewhere}");
            for (name, value) in &asked.headers {
                let carries = String::from_utf8_lossy(value.as_bytes()).contains(secret);
                carried += u32::from(carries);
                assert!(!carries || matches!(name.as_str(), "authorization" | "x-key"), "{name}");
            }
        }
    }
    assert!(carried > 0, "the search finds what is there");
}

#[cfg(target_os = "linux")]
fn arguments_of_every_program() -> String {
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let read = |entry: std::fs::DirEntry| std::fs::read(entry.path().join("cmdline")).ok();
    let all: Vec<u8> = processes.filter_map(read).flatten().collect();
    assert!(String::from_utf8_lossy(&all).contains("X-Key"), "the bridge is among them");
    String::from_utf8_lossy(&all).into_owned()
}

#[cfg(not(target_os = "linux"))]
fn arguments_of_every_program() -> String {
    String::new()
}

/// S-09: many servers take a key in the path or the query of their URL.
#[test]
fn no_command_shows_the_keys_in_a_url() {
    let (path, query) = ("k3yInThePath0123456789abcdef", "k3yInTheQuery0123456789");
    let port = KeptPort::find();
    let url = format!("http://127.0.0.1:{}/s/{path}/mcp?api_key={query}", port.number());
    let home = Home::new();
    std::fs::create_dir(home.path().join(".cursor")).unwrap();
    let entry = |command: &str| json!({ "command": command, "args": ["mcp-remote", url] });
    let entries = json!({ "mcpServers": { "a": entry("npx"), "b": entry("mcp-tether") } });
    std::fs::write(home.path().join(".cursor/mcp.json"), entries.to_string()).unwrap();
    for words in [
        &["doctor", "--report"][..],
        &["doctor", &url],
        &["doctor", &url, "--report"],
        &["tools", &url],
        &["call", &url, "tool"],
        &["login", &url, "--no-browser"],
        &["logout", &url],
        &["logout", &url, "--account", "work"],
        &["config", "show", &url],
        &["config", "show", &url, "--json"],
        &["install", &url, "--host", "zed", "--dry-run"],
        &["install", &url, "--host", "zed"],
        &["uninstall", &url, "--host", "zed"],
        &["import"],
        &["import", &url],
        &["migrate", "--dry-run"],
        &["migrate", "--yes"],
        &["status", "--json"],
        &["doctor", "--watch", &url],
    ] {
        let shown = home.run(words).shown();
        for key in [path, query] {
            assert!(!shown.contains(key), "{words:?}: {shown}");
        }
    }
}

/// S-43
#[cfg(target_os = "linux")]
#[test]
fn a_bridge_leaves_no_core_dump() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    // Most systems have the limit already; here the bridge has to set it.
    let Rlimit { maximum, .. } = getrlimit(Resource::Core);
    setrlimit(Resource::Core, Rlimit { current: maximum, maximum }).unwrap();
    let mock = mcp_tether_mock::MockRemote::start(mcp_tether_mock::MockOptions::default()).unwrap();
    let mut bridge = crate::support::process::Program::new([mock.url().as_str()]).spawn();
    bridge.send(crate::support::harness::initialize("2025-06-18"));
    bridge.next_json();
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", bridge.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
}
