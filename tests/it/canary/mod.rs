//! A secret in each part of each input, and every verb: none is ever shown, logged or written down
//! (S-09), nothing that is shown steers a terminal or hides (S-15), and no command that a message
//! offers contains what a server chose (S-31).

mod lure;

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use self::lure::{FOREIGN, Lure, TRICKS, World};
use crate::documented_commands::shell_words;
use crate::support::browser_program::BrowserProgram;
use crate::support::browsing_person::BrowsingPerson;
use crate::support::harness::initialize;
use crate::support::home::Home;

/// The secrets: a value for each part of an input. Those in URLs look like keys; the others are
/// only known to be secrets because of where they stand.
const SECRETS: [&str; 11] = [
    IN_PATH,
    IN_QUERY,
    IN_BARE,
    IN_USER,
    IN_HEADER,
    IN_VARIABLE,
    IN_ARGUMENT,
    IN_TOKEN_FILE,
    IN_ENTRY,
    IN_CLIENT,
    lure::OF_SERVER,
];
const IN_PATH: &str = "p4thKey0123456789abcdef";
const IN_QUERY: &str = "hunter2-query";
const IN_BARE: &str = "b4reKey0123456789abcdef";
const IN_USER: &str = "hunter2-user";
const IN_HEADER: &str = "hunter2-header";
const IN_VARIABLE: &str = "hunter2-variable";
const IN_ARGUMENT: &str = "hunter2-argument";
const IN_TOKEN_FILE: &str = "hunter2-token-file";
const IN_ENTRY: &str = "hunter2-entry";
const IN_CLIENT: &str = "hunter2-client";

/// A name that a project or a server may choose.
const NAME: &str = "x;$(touch owned)`id`'\"&|--yes";

/// Returns the command lines to try for a verb, as the manual names it: those of its row, or the
/// examples in its help. A verb needs a row if something else that it is given may be a secret.
fn command_lines(verb: &str, url: &str, home: &Home) -> Vec<Vec<String>> {
    let json_argument = format!("{{\"password\":\"{IN_ARGUMENT}\"}}");
    let broken = format!("{{\"password\":\"{IN_ARGUMENT}");
    let pair = format!("password={IN_ARGUMENT}");
    let secret_in_uri = format!("file:///x?key={IN_ARGUMENT}");
    let client = format!("{{\"client_id\":\"x\",\"client_secret\":\"{IN_CLIENT}\"}}");
    let lines: Vec<Vec<&str>> = match verb {
        "" => vec![vec![url, "--no-such-flag"], vec![url, url], vec!["p4thKey0123456789abcdef"]],
        "tools" => vec![vec!["tools", url], vec!["tools", url, "--json"], vec!["tools", url, NAME]],
        "call" => vec![
            vec!["call", url, "echo", &pair],
            vec!["call", url, "echo", "--json", &json_argument],
            vec!["call", url, "echo", "--json", &broken],
            vec!["call", url, "no-such-tool", &pair],
        ],
        "prompts" => vec![vec!["prompts", url], vec!["prompts", url, NAME, &pair]],
        "read" => vec![vec!["read", url, &secret_in_uri]],
        "login" => {
            vec![vec!["login", url], vec!["login", url, "--static-oauth-client-info", &client]]
        }
        "logout" => vec![vec!["logout", url], vec!["logout", url, "--account", "work"]],
        "forget" => vec![vec!["forget", url, "--yes"]],
        "doctor" => vec![
            vec!["doctor"],
            vec!["doctor", "--report"],
            vec!["doctor", url],
            vec!["doctor", url, "--json"],
            vec!["doctor", url, "--report"],
        ],
        "status" => vec![vec!["status"], vec!["status", "--json"], vec!["status", "--running"]],
        "import" => vec![vec!["import"], vec!["import", url], vec!["import", "--scope", "project"]],
        "install" => vec![
            vec!["install", url, "--host", "zed", "--dry-run"],
            vec!["install", url, "--host", "zed"],
        ],
        "uninstall" => {
            vec![vec!["uninstall", url], vec!["uninstall", NAME], vec!["uninstall", "no"]]
        }
        "hosts" => vec![vec!["hosts"], vec!["hosts", "--json"]],
        "migrate" => vec![
            vec!["migrate", "--dry-run"],
            vec!["migrate", "--scope", "project"],
            vec!["migrate", "--yes", "--no-import"],
        ],
        "pack" => vec![vec!["pack", url, "--output", "bundle.mcpb"]],
        "secret-set" => vec![vec!["secret", "set", "shop"]],
        "secret-list" => vec![vec!["secret", "list"]],
        "secret-remove" => vec![vec!["secret", "remove", "shop"]],
        "credentials-move" => vec![vec!["credentials", "move", "--to", "file"]],
        "config-show" => vec![vec!["config", "show", url], vec!["config", "show", url, "--json"]],
        "config-path" => vec![vec!["config", "path"]],
        "mock-replay" => vec![vec!["mock", "replay", "recording.jsonl"]],
        // These read nothing of anybody.
        "secret" | "credentials" | "config" | "completions" | "generate" | "demo" | "mock" => {
            vec![]
        }
        other => return examples(other, url, home),
    };
    lines.iter().map(|line| line.iter().map(|word| (*word).to_owned()).collect()).collect()
}

/// Returns the examples in the help of a verb, with this URL in place of theirs.
fn examples(verb: &str, url: &str, home: &Home) -> Vec<Vec<String>> {
    let verb: Vec<&str> = verb.split('-').collect();
    let help = home.ok(&[&verb[..], &["--help"]].concat()).stdout;
    let lines = help.lines().filter_map(|line| line.trim().strip_prefix("mcp-tether "));
    let mut examples: Vec<Vec<String>> = lines.filter_map(shell_words).collect();
    examples.retain(|words| words.len() >= verb.len() && words[..verb.len()] == verb);
    assert!(!examples.is_empty(), "the help of `{}` has no example", verb.join(" "));
    for word in examples.iter_mut().flatten().filter(|word| word.starts_with("https://")) {
        word.replace_range(.., url);
    }
    examples
}

/// Commands that are given a URL and do not ask the server.
const OFFLINE: [&str; 7] = ["", "logout", "forget", "install", "uninstall", "pack", "config-show"];

/// Whether a command with these lines asks the server, so that every world counts.
fn asks_server(verb: &str, lines: &[Vec<String>], url: &str) -> bool {
    !OFFLINE.contains(&verb) && lines.iter().flatten().any(|word| word == url)
}

/// Returns every verb, from the manual that the program writes.
fn verbs(home: &Home) -> Vec<String> {
    let manual = home.path().join("manual");
    home.ok(&["generate", manual.to_str().unwrap()]);
    let pages = std::fs::read_dir(manual.join("man")).unwrap();
    let names = pages.map(|page| page.unwrap().file_name().into_string().unwrap());
    let verb = |name: String| {
        let name = name.strip_prefix("mcp-tether")?.strip_suffix(".1")?.to_owned();
        Some(name.trim_start_matches('-').to_owned())
    };
    let verbs: Vec<_> = names.filter_map(verb).collect();
    assert!(verbs.len() > 25 && verbs.contains(&String::new()), "{verbs:?}");
    verbs
}

/// Adds headers, files and variables to a command line.
fn with_flags(takes_flags: bool, words: &[String], home: &Home) -> Vec<String> {
    let mut words = words.to_vec();
    if takes_flags && !words.iter().any(|word| word.starts_with("--no-such")) {
        let fixed = ["--header", "X-Variable: ${CANARY}", "--header"];
        words.extend(fixed.map(str::to_owned));
        // `install` and `pack` refuse a secret in plain text, and say so.
        words.push(format!("X-Key: {IN_HEADER}"));
        let quick = ["--auth-timeout=2", "--headers-timeout=3", "--request-timeout=4"];
        words.extend(quick.map(str::to_owned));
        let log = home.path().join("log").display().to_string();
        words.extend([format!("--log-file={log}"), "--log-level=trace".to_owned()]);
    }
    words
}

/// Entries of a host's configuration with a secret in each part.
fn entries(url: &str, program: &str) -> Value {
    let entry = |more: Value| {
        let mut words = vec![json!(program), json!(url)];
        words.extend(more.as_array().unwrap().iter().cloned());
        json!({ "command": "npx", "args": words, "env": { "API": IN_ENTRY } })
    };
    json!({
        "header": entry(json!(["--header", format!("X-Key: {IN_ENTRY}")])),
        "joined": entry(json!([format!("--header=X-Key:{IN_ENTRY}")])),
        "flag": entry(json!(["--api-key", IN_ENTRY])),
        "proxy": entry(json!(["--proxy", format!("http://u:{IN_ENTRY}@127.0.0.1:9")])),
        "command": entry(json!(["--token-command", format!("sh -c 'echo {IN_PATH}'")])),
        "header command": entry(json!(["--header-command", format!("X: echo {IN_PATH}")])),
        "unknown": entry(json!([format!("--{IN_PATH}")])),
        "surplus": entry(json!([IN_ENTRY])),
        NAME: entry(json!([])),
        TRICKS: entry(json!([TRICKS])),
        "encoded": { "command": program, "args": [format!("https://h.example/%20{IN_PATH}")] },
        "user": { "command": program, "args": [format!("https://u:{IN_ENTRY}@h.example/mcp")] },
        "shell": {
            "command": "sh", "args": ["-c", format!("{program} {url} --header X:{IN_ENTRY}")],
        },
    })
}

/// Returns a home with configurations of the user and of a cloned project.
fn home_of_everything(url: &str) -> Home {
    let home = Home::new();
    let put = |name: &str, text: String| {
        let path = home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    for (file, program) in
        [("", "mcp-remote"), ("cloned/", "mcp-remote"), ("cloned/", "mcp-tether")]
    {
        let folder = if program == "mcp-remote" { ".cursor/mcp.json" } else { ".mcp.json" };
        let servers = json!({ "mcpServers": entries(url, program) });
        put(&format!("{file}{folder}"), servers.to_string());
    }
    put("cloned/recording.jsonl", format!("{{\"from\":\"{IN_ENTRY}\",\"x\":\"{TRICKS}\n"));
    put(
        "cloned/.vscode/mcp.json",
        format!("{{\"servers\": {{\"{IN_PATH}\": 1, \"{IN_PATH}\": 2}}}}"),
    );
    home
}

fn assert_calm(words: &[String], world: World, shown: &str) {
    let what = format!("{world:?}, {words:?}");
    for secret in SECRETS {
        assert!(!shown.contains(secret), "{what} shows `{secret}`: {shown}");
    }
    let steers = |c: char| mcp_tether::redact::is_deceptive(c) && !matches!(c, '\n' | '\t');
    assert!(!shown.contains(steers), "{what}: {shown:?}");
    assert!(!shown.contains("panicked"), "{what}: {shown}");
    for command in shown.split('`').filter(|span| span.starts_with("mcp-tether ")) {
        assert!(!command.contains(FOREIGN), "{what} offers a server's command: {command}");
    }
}

/// No file but the configurations that the test wrote, and no stored credential, has a secret.
fn assert_written_nowhere(home: &Home, what: &str) {
    let is_of_test = |path: &Path| {
        let name = path.strip_prefix(home.path()).unwrap();
        let first = name.components().next().unwrap().as_os_str().to_str().unwrap();
        matches!(first, ".cursor" | "cloned" | "config" | "bundle.mcpb")
            || name.starts_with("state/credentials")
    };
    for (path, bytes) in home.all() {
        let text = String::from_utf8_lossy(&bytes);
        let found = SECRETS.iter().find(|secret| text.contains(**secret));
        assert!(is_of_test(&path) || found.is_none(), "{what}: {found:?} in {}", path.display());
    }
}

/// S-09, S-15, S-31
#[tokio::test(flavor = "multi_thread")]
async fn no_verb_shows_a_secret_of_any_input() {
    let lure = Arc::new(Lure::start().await);
    let url = lure.url(IN_PATH, IN_QUERY, IN_BARE);
    let of_user = url.replacen("http://", &format!("http://u:{IN_USER}@"), 1);
    let all = verbs(&Home::new());
    let work = World::ALL.map(|world| {
        let (all, url, of_user) = (all.clone(), url.clone(), of_user.clone());
        let port = lure.address(world);
        tokio::task::spawn_blocking(move || {
            let url = url.replace("WORLD", &port);
            let browser = BrowserProgram::of(BrowsingPerson::approves());
            let home = home_of_everything(&url);
            for verb in &all {
                let mut lines = command_lines(verb, &url, &home);
                let is_asking = asks_server(verb, &lines, &url);
                if world != World::Honest && !is_asking {
                    continue;
                }
                if world == World::Honest && is_asking && *verb != "import" {
                    // A user name in a URL is refused, or leads to a sign-in of its own.
                    let of_user = of_user.replace("WORLD", &port);
                    lines.push(command_lines(verb, &of_user, &home).remove(0));
                }
                let takes_flags =
                    is_asking || matches!(verb.as_str(), "" | "install" | "pack" | "config-show");
                for words in lines {
                    let words = with_flags(takes_flags, &words, &home);
                    let program = home.program(&words).in_folder(&home.path().join("cloned"));
                    let program = program.env("CANARY", IN_VARIABLE).env("PATH", browser.path());
                    assert_calm(&words, world, &program.run().shown());
                }
            }
            assert_written_nowhere(&home, &format!("{world:?}"));
            assert!(!home.path().join("cloned/owned").exists(), "{world:?}: a command was run");
        })
    });
    for done in work {
        done.await.unwrap();
    }
}

/// S-09: the bridge itself, at its most talkative, in both formats of its log. What a server says
/// to its host in JSON-RPC is the server's own, and not looked at.
#[tokio::test(flavor = "multi_thread")]
async fn no_bridge_logs_a_secret_of_any_input() {
    let lure = Arc::new(Lure::start().await);
    let work = World::ALL.map(|world| {
        let url = lure.url(IN_PATH, IN_QUERY, IN_BARE).replace("WORLD", &lure.address(world));
        tokio::task::spawn_blocking(move || {
            for format in ["text", "json"] {
                let home = Home::new();
                let browser = BrowserProgram::of(BrowsingPerson::approves());
                let token = home.path().join("token");
                std::fs::write(&token, IN_TOKEN_FILE).unwrap();
                let with_file = format!("--token-file={}", token.display());
                let words = [url.clone(), "--log-level=trace".to_owned()];
                let mut words = with_flags(true, &words, &home);
                words.push(format!("--log-format={format}"));
                if format == "json" {
                    words.push(with_file);
                }
                let program = home.program(&words).env("CANARY", IN_VARIABLE);
                let mut bridge = program.env("PATH", browser.path()).spawn();
                bridge.send(initialize("2025-06-18"));
                let opened = bridge.next_json();
                let call = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call",
                    "params": { "name": "echo", "arguments": { "password": IN_ARGUMENT } } });
                bridge.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
                bridge.send(call.to_string());
                let called = std::iter::repeat_with(|| bridge.next_json()).find(|it| it["id"] == 2);
                let finished = bridge.finish();
                for failure in [&opened, called.as_ref().unwrap()] {
                    let said = failure["error"].to_string();
                    let own = failure["error"]["data"]["bridge"].is_object();
                    let told = SECRETS.iter().find(|secret| own && said.contains(**secret));
                    assert!(told.is_none(), "{world:?}: the host is told {told:?}: {said}");
                }
                assert_calm(&words, world, &finished.stderr);
                std::fs::remove_file(&token).unwrap();
                assert_written_nowhere(&home, &format!("{world:?}, {format}"));
            }
        })
    });
    for done in work {
        done.await.unwrap();
    }
}
