//! Credentials that commands print: `--token-command` and `--header-command`, through the program.

use std::path::{Path, PathBuf};

use mcp_tether_mock::{Auth, MockOptions, MockRemote};
use serde_json::{Value, json};

use crate::support::authorization_server::{AuthorizationServer, Config};
use crate::support::harness::initialize;
use crate::support::home::Home;
use crate::support::process::Running;

/// Returns a program that notes each run in `runs` beside it and then does what `script` says.
fn program(home: &Home, name: &str, script: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let path = home.path().join(name);
    let text = format!("#!/bin/sh\necho run >> '{}/runs'\n{script}\n", home.path().display());
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o700)).unwrap();
    path.display().to_string()
}

fn runs(home: &Home) -> usize {
    let text = std::fs::read_to_string(home.path().join("runs")).unwrap_or_default();
    text.lines().count()
}

fn open(mut bridge: Running) -> Running {
    bridge.send(initialize("2025-11-25"));
    let opened = bridge.next_json();
    assert!(opened["result"].is_object(), "{opened}");
    bridge.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    bridge
}

fn ask(bridge: &mut Running, id: u32) -> Value {
    bridge.send(json!({ "jsonrpc": "2.0", "id": id, "method": "tools/list" }).to_string());
    std::iter::repeat_with(|| bridge.next_json()).find(|line| line["id"] == id).unwrap()
}

fn mock_with_key() -> (MockRemote, String) {
    let options = MockOptions { auth: Auth::ApiKey, ..MockOptions::default() };
    let key = options.api_key.clone();
    (MockRemote::start(options).unwrap(), key)
}

/// A-91: one run for a burst of requests, one more after a refusal, and no sign-in.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_a_command_is_kept_and_fetched_once_more_after_a_refusal() {
    let server = AuthorizationServer::start(Config::default()).await;
    let (home, url) = (Home::new(), server.endpoint().to_string());
    let tokens = home.path().join("token");
    std::fs::write(&tokens, "canary-1").unwrap();
    server.accept("canary-1");
    let command = program(&home, "print token", &format!("cat '{}'", tokens.display()));
    let quoted = format!("'{command}' --for 'a server'");
    let flags = [url.as_str(), "--token-command", &quoted];
    let mut bridge = open(home.program(flags).spawn());
    for id in 20..40 {
        bridge.send(json!({ "jsonrpc": "2.0", "id": id, "method": "tools/list" }).to_string());
    }
    for _ in 20..40 {
        assert!(bridge.next_json()["result"].is_object());
    }
    assert_eq!(runs(&home), 1);
    server.end_access_tokens();
    std::fs::write(&tokens, "canary-2").unwrap();
    server.accept("canary-2");
    assert!(ask(&mut bridge, 2)["result"].is_object());
    assert_eq!(runs(&home), 2);
    server.end_access_tokens();
    let refused = ask(&mut bridge, 3);
    assert_eq!(refused["error"]["data"]["bridge"]["kind"], "auth_failed", "{refused}");
    assert!(refused["error"]["message"].as_str().unwrap().contains("`--token-command`"));
    assert_eq!(runs(&home), 3, "once after the refusal");
    assert!(server.asked().iter().all(|asked| asked.path == "/mcp"), "no discovery");
    assert!(!bridge.finish().shown().contains("canary"));
    let login = home.run(&[&["login"], &flags[..]].concat());
    assert_eq!(login.code, Some(2), "{}", login.shown());
}

/// A-91, S-70: nothing is sent without the token, and the host reads what the command said.
#[test]
fn a_command_that_fails_is_told_in_its_own_words_and_nothing_is_sent() {
    let (home, mock) = (Home::new(), MockRemote::start(MockOptions::default()).unwrap());
    let url = mock.url().to_string();
    for (script, part) in [
        (
            "echo canary; echo 'ERROR: not signed in' >&2; exit 4",
            "exit code 4: ERROR: not signed in",
        ),
        ("echo canary one two", "one token"),
        ("echo canary; echo canary", "one token"),
        ("exit 0", "printed nothing"),
        ("yes canary", "more than 65536 bytes"),
        ("kill -9 $$", "a signal"),
    ] {
        let command = program(&home, "broken", script);
        for flag in ["--token-command".to_owned(), "--header-command".to_owned()] {
            let is_token = flag == "--token-command";
            if !is_token && part == "one token" {
                continue;
            }
            let value = if is_token { command.clone() } else { format!("X-Key: {command}") };
            let refused = home.run(&["tools", &url, &flag, &value]);
            assert_ne!(refused.code, Some(0));
            assert!(refused.stderr.contains(part), "{script}: {}", refused.stderr);
            assert!(refused.stderr.contains("hint: "), "{}", refused.stderr);
            assert!(!refused.shown().contains("canary"), "{}", refused.shown());
        }
    }
    for (command, part) in [
        ("no-such-program-9 x", "in `PATH`"),
        ("./broken", "absolute path"),
        ("/no/such/program", "there is no program"),
    ] {
        let refused = home.run(&["tools", &url, "--token-command", command]);
        assert!(refused.stderr.contains(part), "{}", refused.stderr);
    }
    assert!(mock.recorder().requests().is_empty(), "nothing is sent");
}

/// A-91: the settings file has the words of a command one by one, also beside a sign-in.
#[test]
fn a_header_of_a_command_is_sent_with_every_request() {
    let (home, (mock, key)) = (Home::new(), mock_with_key());
    let url = mock.url().to_string();
    let command = program(&home, "key", "echo \"$1$2\"");
    let (first, rest) = key.split_at(3);
    let settings = format!(
        "[server.{url:?}]\nheader-command = {{ X-API-Key = [{command:?}, {first:?}, {rest:?}] }}\n"
    );
    let file = home.path().join("config/mcp-tether/config.toml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, settings).unwrap();
    let mut bridge = open(home.program([url.as_str()]).spawn());
    assert!(ask(&mut bridge, 2)["result"].is_object());
    assert!(!bridge.finish().shown().contains(&key));
    assert_eq!(runs(&home), 1);
    let shown = home.ok(&["config", "show", &url]).stdout;
    assert!(shown.contains("X-API-Key: ") && shown.contains(&command), "{shown}");
    let checked = home.run(&["doctor", &url]);
    assert!(
        checked.stdout.contains("`--header-command` for `x-api-key` prints"),
        "{}",
        checked.stdout
    );
    assert!(!checked.shown().contains(&key), "{}", checked.shown());
    for setting in
        ["token-command = []", "header-command = { X-A = [] }", "header-command = { X-A = 7 }"]
    {
        std::fs::write(&file, format!("[defaults]\n{setting}\n")).unwrap();
        let refused = home.run(&["tools", &url]);
        assert_eq!(refused.code, Some(2), "{}", refused.shown());
        assert!(refused.stderr.contains("line 2, column"), "{}", refused.stderr);
    }
}

/// A-91: a key that the server refuses is asked for once more.
#[test]
fn a_refused_header_of_a_command_is_fetched_once_more() {
    let (home, (mock, key)) = (Home::new(), mock_with_key());
    let url = mock.url().to_string();
    let script =
        format!("test $(wc -l < '{}/runs') -gt 1 && echo {key} || echo old", home.path().display());
    let command = format!("X-API-Key: {}", program(&home, "key", &script));
    home.ok(&["tools", &url, "--header-command", &command]);
    assert_eq!(runs(&home), 2);
    let wrong = format!("X-API-Key: {}", program(&home, "wrong", "echo wrong"));
    let before = runs(&home);
    let refused = home.run(&["tools", &url, "--header-command", &wrong]);
    assert_ne!(refused.code, Some(0));
    assert_eq!(runs(&home) - before, 2);
    let wrong = wrong.replace("X-API-Key", "Authorization");
    let refused = home.run(&["tools", &url, "--header-command", &wrong]);
    assert!(refused.stderr.contains("`--header-command` printed, twice"), "{}", refused.stderr);
    assert_eq!(runs(&home) - before, 4);
}

/// A-75: there is one credential.
#[test]
fn two_ways_to_give_one_credential_contradict_each_other() {
    let home = Home::new();
    let url = "https://mcp.example.com/mcp";
    let file = home.path().join("token");
    std::fs::write(&file, "t").unwrap();
    let (file, token) = (file.to_str().unwrap(), ["--token-command", "op read x"]);
    for others in [
        &["--token-file", file][..],
        &["--header", "Authorization: Bearer x"],
        &["--header-command", "authorization: op read x"],
    ] {
        let refused = home.run(&[&["tools", url], &token[..], others].concat());
        assert_eq!(refused.code, Some(2), "{}", refused.shown());
        assert!(refused.stderr.contains("contradict each other"), "{}", refused.stderr);
    }
    for (flag, value) in [
        ("--token-command", "'open"),
        ("--header-command", "X-Key"),
        ("--header-command", "X-Key:"),
        ("--header-command", "X-Key: \"open"),
        ("--header-command", "Mcp-Session-Id: x"),
        ("--header-command", "X Y: x"),
        ("--command-ttl", "soon"),
    ] {
        let refused = home.run(&["tools", url, flag, value]);
        assert_eq!(refused.code, Some(2), "{}", refused.shown());
        assert!(!refused.stderr.is_empty());
    }
}

/// S-71: what a project says is shown, and no command of it runs.
#[test]
fn a_command_of_a_project_never_runs() {
    let home = Home::new();
    let command = program(&home, "evil", "echo x");
    let entry = |flag: &str, value: String| {
        let args = json!(["mcp-remote", "https://127.0.0.1:9/mcp", flag, value]);
        json!({ "command": "npx", "args": args })
    };
    let servers = json!({ "mcpServers": {
        "a": entry("--token-command", command.clone()),
        "b": entry("--header-command", format!("X-Key: {command}")),
    } });
    let project = home.path().join("cloned");
    std::fs::create_dir_all(&project).unwrap();
    std::fs::write(project.join(".mcp.json"), servers.to_string()).unwrap();
    let verbs: [&[&str]; 5] = [
        &["import"],
        &["import", "--scope", "project"],
        &["migrate", "--yes"],
        &["migrate", "--scope", "project"],
        &["doctor"],
    ];
    for verb in verbs {
        let finished = home.program(verb.iter().copied()).in_folder(&project).run();
        assert_eq!(runs(&home), 0, "{verb:?}: {}", finished.shown());
    }
    // The host starts us in the project's folder, where a file may have the name of the program.
    let there: PathBuf = project.join("op");
    std::fs::copy(Path::new(&command), &there).unwrap();
    let path = format!(".:{}", std::env::var("PATH").unwrap_or_default());
    for named in ["op", "./op"] {
        let words = ["tools", "https://127.0.0.1:9/mcp", "--token-command", named];
        let finished = home.program(words).env("PATH", &path).in_folder(&project).run();
        assert_eq!(runs(&home), 0, "{named}: {}", finished.shown());
    }
}

/// Programs that print what each tool prints when it gets the words that the page shows.
const STAND_INS: [(&str, &str); 5] = [
    (
        "gcloud",
        "case \"$*\" in 'auth print-identity-token'|'auth print-access-token') echo \"$KEY\";; *) \
         exit 1;; esac",
    ),
    (
        "az",
        "test \"$*\" = 'account get-access-token --resource api://shop --query accessToken \
         --output tsv' && echo \"$KEY\"",
    ),
    ("op", "test \"$*\" = 'read op://work/shop/key' && echo \"$KEY\""),
    // Without a line ending when it does not write to a terminal.
    ("vault", "test \"$*\" = 'kv get -field=key secret/shop' && printf %s \"$KEY\""),
    ("oidc-token", "test \"$*\" = company && echo \"$KEY\""),
];

/// docs/credentials.md#recipes: each command of the page gives what its tool prints.
#[tokio::test(flavor = "multi_thread")]
async fn every_recipe_of_the_page_works() {
    let server = AuthorizationServer::start(Config::default()).await;
    server.accept("canary");
    let (mock, key) = mock_with_key();
    let home = Home::new();
    for (name, script) in STAND_INS {
        program(&home, name, script);
    }
    let path = format!("{}:{}", home.path().display(), std::env::var("PATH").unwrap());
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/credentials.md");
    let page = std::fs::read_to_string(page).unwrap();
    let recipes = page.split_once("## Recipes").unwrap().1.lines();
    let mut tried = 0;
    for line in recipes.filter(|line| line.contains("-command '")) {
        let words = shlex::split(line).unwrap();
        let is_token = words[2] == "--token-command";
        let (url, key) = if is_token {
            (server.endpoint().to_string(), "canary".to_owned())
        } else {
            (mock.url().to_string(), key.clone())
        };
        let words = ["tools", &url, &words[2], &words[3]];
        let finished = home.program(words).env("PATH", &path).env("KEY", key).run();
        assert_eq!(finished.code, Some(0), "{line}: {}", finished.shown());
        tried += 1;
    }
    assert_eq!(tried, 6);
}

/// docs/credentials.md#recipes: AWS signs each request, which a signer on this machine does; the
/// bridge needs no flag for it, and signs in to nothing.
#[test]
fn a_signer_on_this_machine_needs_no_flag() {
    let (mock, key) = mock_with_key();
    let port = signer(mock.url().port().unwrap(), key);
    let home = Home::new();
    let url = format!("http://127.0.0.1:{port}{}", mock.url().path());
    let listed = home.ok(&["tools", &url]);
    assert!(listed.stdout.contains("echo"), "{}", listed.stdout);
    let called = home.ok(&["call", &url, "add", "a=1", "b=2"]);
    assert!(called.stdout.contains('3'), "{}", called.stdout);
    let requests = mock.recorder().requests();
    assert!(requests.iter().all(|request| request.header("x-amz-date").is_some()));
    assert!(requests.iter().all(|request| request.status != Some(401)), "all were signed");
}

/// Stands in for `aws-sigv4-proxy`: passes each request on with headers of its own.
fn signer(behind: u16, key: String) -> u16 {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for front in listener.incoming() {
            let (mut front, key) = (front.unwrap(), key.clone());
            std::thread::spawn(move || {
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") {
                    if front.read_exact(&mut byte).is_err() {
                        return;
                    }
                    head.push(byte[0]);
                }
                let head = String::from_utf8(head).unwrap();
                let (request, headers) = head.split_once("\r\n").unwrap();
                let headers: String = headers
                    .split_inclusive("\r\n")
                    .filter(|line| !line.to_ascii_lowercase().starts_with("host:"))
                    .collect();
                let signed = format!(
                    "{request}\r\nHost: 127.0.0.1:{behind}\r\nX-Api-Key: {key}\r\n\
                     X-Amz-Date: 20261130T080000Z\r\nConnection: close\r\n{headers}"
                );
                let mut back = TcpStream::connect(("127.0.0.1", behind)).unwrap();
                back.write_all(signed.as_bytes()).unwrap();
                let (mut from, mut to) = (front.try_clone().unwrap(), back.try_clone().unwrap());
                std::thread::spawn(move || std::io::copy(&mut from, &mut to));
                let _ = std::io::copy(&mut back, &mut front);
                let _ = front.shutdown(std::net::Shutdown::Both);
            });
        }
    });
    port
}
